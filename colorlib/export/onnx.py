"""Trained networks as files for other programs: ONNX (browsers), LiteRT (phones)."""

import hashlib

from colorlib.colorize.colorizer import load_network
from colorlib.export.onnx_graph import OnnxGraph
from colorlib.models.cards import ON_IMAGENET, read_card
from colorlib.models.hint_unet import without_hints
from colorlib.utils.files import write_atomically

OPSET = 17
_ENCODERS = {"mobilenet_v2": "MobileNetV2"}
_ENCODERS |= dict.fromkeys(("lite0", "lite1", "lite2"), "EfficientNet-Lite")


def load_colorizer(model, hints=False):
    """Reads a trained network and what a program must know to use it.

    Args:
        model: a name from `models.available_models()`, or the path of a weights file
            with its card beside it.
        hints: whether a network that takes hints keeps its second input for them.

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
    network = load_network(path, card)
    return network if hints else without_hints(network), describe(card, hints)


def describe(card, hints=False):
    """What travels with an exported network, all strings.

    Args:
        card: of the model, see `models.read_card`.
        hints: as for `load_colorizer`.

    Returns:
        dict: `name`, `title`, `size` (the network sees as many pixels as a square of
        this side has), `multiple` (of height and width), `gain` (factor of its ab),
        `input`, `output`, `weights_sha256`, `figures_sha256` (of the card's table of
        figures), `licence`; and `hints`, where it takes any.
    """
    licence, encoder = "MIT", None
    if card["network"] in ON_IMAGENET:
        kind = card["options"].get("encoder", "mobilenet_v2")
        encoder = _ENCODERS[kind]
        licence += f"; its encoder began with {encoder}'s ImageNet weights (Apache-2.0)"
    about = {
        "name": card["name"],
        "title": card["title"],
        "size": str(card["inference_size"]),
        "multiple": str(card["multiple"]),
        "gain": str(card.get("gain", 1.0)),
        "input": "(B, H, W, 1): L* / 50 - 1",
        "output": "(B, H, W, 2): a* and b* / 128, before the gain",
        "weights_sha256": card["sha256"],
        "figures_sha256": hashlib.sha256(card["table"].encode()).hexdigest(),
        "licence": licence,
    }
    if hints and card["network"] == "hint_unet":
        about["hints"] = "(B, H, W, 3): given a* and b* / 128 / gain, mask; else 0"
    return about


def export_onnx(network, path, metadata=None):
    """Writes a network as an ONNX file, for any height and width.

    Weights that 16 bits hold exactly, as all stored ones do, are stored in 16 bits and
    made 32 bits when the file is loaded, so that nothing is lost.

    Args:
        network: a `keras.Model` of the kinds of layers in `colorlib.models`, one input
            `(B, H, W, C)`, called "L", or a second one called "hints", and one output.
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
    inputs = [
        onnx.helper.make_tensor_value_info(
            name, float32, ["batch", "height", "width", given.shape[-1]]
        )
        for name, given in zip(("L", "hints"), network.inputs)
    ]
    outputs = ["batch", "height", "width", network.output_shape[-1]]
    whole = onnx.helper.make_graph(
        graph.nodes,
        network.name,
        inputs,
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
