"""Trained networks as files for other programs: ONNX (browsers), LiteRT (phones)."""

import hashlib
import json
from pathlib import Path

import keras

from colorlib.colorize.colorizer import load_network
from colorlib.export.onnx_graph import OnnxGraph
from colorlib.models.cards import read_card
from colorlib.utils.files import write_atomically

OPSET = 17
_ENCODER = "; its encoder began with MobileNetV2's ImageNet weights (Apache-2.0)"


def load_colorizer(model):
    """Reads a trained network and what a program must know to use it.

    Args:
        model: a name from `models.available_models()`, or the path of a weights file
            with its card beside it.

    Returns:
        (`keras.Model`, `(B, H, W, 1)`, L / 50 - 1, to `(B, H, W, 2)`, ab / 128; dict
        of strings, see `describe`).

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if it does not colour but translates pictures.
        errors.WeightsError: if the weights are damaged.
    """
    path, card = read_card(model)
    if card.get("kind") == "translation":
        raise ValueError(
            f"{card['name']} translates pictures; only colorizers are exported."
        )
    return load_network(path, card), describe(card)


def describe(card):
    """What travels with an exported network, all strings.

    Args:
        card: of the model, see `models.read_card`.

    Returns:
        dict: `name`, `title`, `size` (the network sees as many pixels as a square of
        this side has), `multiple` (of height and width), `gain` (factor of its ab),
        `input`, `output`, `weights_sha256`, `figures_sha256` (of the card's table of
        figures), `licence`.
    """
    encoder = _ENCODER if card["network"] == "mobilenet_unet" else ""
    return {
        "name": card["name"],
        "title": card["title"],
        "size": str(card["inference_size"]),
        "multiple": str(card["multiple"]),
        "gain": str(card.get("gain", 1.0)),
        "input": "(B, H, W, 1): L* / 50 - 1",
        "output": "(B, H, W, 2): a* and b* / 128, before the gain",
        "weights_sha256": card["sha256"],
        "figures_sha256": hashlib.sha256(card["table"].encode()).hexdigest(),
        "licence": f"MIT{encoder}",
    }


def export_onnx(network, path, metadata=None):
    """Writes a network as an ONNX file, for any height and width.

    Weights that 16 bits hold exactly, as all stored ones do, are stored in 16 bits and
    made 32 bits when the file is loaded, so that nothing is lost.

    Args:
        network: a `keras.Model` of the kinds of layers in `colorlib.models`, one input
            `(B, H, W, C)` and one output.
        path: where to; its folder is made if need be.
        metadata: dict of strings that the file carries, or None.

    Raises:
        ImportError: if the `onnx` package is not installed.
        ValueError: if a layer is of another kind.
        OSError: if the file cannot be written.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "the export to ONNX needs the onnx package: "
            "pip install -r requirements.txt onnx"
        ) from None
    float32 = onnx.TensorProto.FLOAT
    graph = OnnxGraph(network)
    inputs = ["batch", "height", "width", network.input_shape[-1]]
    outputs = ["batch", "height", "width", network.output_shape[-1]]
    whole = onnx.helper.make_graph(
        graph.nodes,
        network.name,
        [onnx.helper.make_tensor_value_info("L", float32, inputs)],
        [onnx.helper.make_tensor_value_info("ab", float32, outputs)],
        graph.stored,
    )
    model = onnx.helper.make_model(
        whole,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="colorlib",
    )
    onnx.helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model, full_check=True)
    write_atomically(path, model.SerializeToString())


def export_litert(network, path, height, width, metadata=None):
    """Writes a network as a LiteRT (TensorFlow Lite) file, for one height and width.

    The size is fixed because the accelerators of phones want it so. Weights are stored
    in 32 bits: the converter multiplies those of BatchNorm into the others, and
    rounding these products to 16 bits moves a picture by up to 3 of 255 levels.

    Args:
        network: a `keras.Model`, `(B, H, W, C)` -> `(B, H, W, C')`.
        path: where to, ending in `.tflite`.
        height: of the input in pixels.
        width: of the input in pixels.
        metadata: dict of strings that go into a `.json` file beside it, or None.

    Raises:
        ValueError: if Keras runs on another backend than TensorFlow.
        OSError: if a file cannot be written.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "the export to LiteRT needs Keras on TensorFlow, it runs on "
            f"{keras.backend.backend()}. Unset KERAS_BACKEND."
        )
    import tensorflow as tf

    # Keras' own `export(format="litert")` does the same in four times the time.
    shape = tf.TensorSpec((1, height, width, network.input_shape[-1]), name="L")
    run = tf.function(lambda L: network(L, training=False))
    holder = tf.Module()  # of the network alone, TensorFlow 2.18 loses variables
    holder.weights = [variable.value for variable in network.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [run.get_concrete_function(shape)], holder
    )
    write_atomically(path, converter.convert())
    about = {**(metadata or {}), "height": str(height), "width": str(width)}
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    write_atomically(Path(path).with_suffix(".json"), text.encode())
