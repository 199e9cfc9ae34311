"""Trained networks as files for other programs: ONNX (browsers), LiteRT (phones).

Keras' own ONNX export (`model.export(format="onnx")`, through tf2onnx) cannot follow
`UpSampling2D` when height and width are open, in Keras 3.15; the networks of this
course have few kinds of layers, so they are written with the `onnx` package itself.
"""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np

from colorlib.ab_bins import as_colorizer
from colorlib.cards import read_card
from colorlib.files import write_atomically
from colorlib.models import build
from colorlib.training import load_weights

OPSET = 17
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}
_ENCODER = "; its encoder began with MobileNetV2's ImageNet weights (Apache-2.0)"


def load_colorizer(model):
    """Reads a trained network and what a program must know to use it.

    Args:
        model: a name from `cards.available_models()`, or the path of a weights file
            with its card beside it.

    Returns:
        (`keras.Model`, `(B, H, W, 1)`, L / 50 - 1, to `(B, H, W, 2)`, ab / 128; dict
        of strings, see `describe`).

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if it does not colour but translates pictures.
        training.WeightsError: if the weights are damaged.
    """
    path, card = read_card(model)
    if card.get("kind") == "translation":
        raise ValueError(
            f"{card['name']} translates pictures; only colorizers are exported."
        )
    network = build(card["network"], **card["options"])
    load_weights(network, path)
    return as_colorizer(network), describe(card)


def describe(card):
    """What travels with an exported network, all strings.

    Args:
        card: of the model, see `cards.read_card`.

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
    graph = _Graph(network)
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


class _Graph:
    """The ONNX nodes and stored arrays of a network; inside, channels come first."""

    def __init__(self, network):
        self.nodes, self.stored, self._names, self._kept = [], [], {}, []
        first = self._add("Transpose", ["L"], "channels_first", perm=[0, 3, 1, 2])
        (last,) = self._follow(network, first)
        self._add("Transpose", [last], "channels_last", perm=[0, 2, 3, 1])
        self.nodes[-1].output[0] = "ab"

    def _follow(self, network, name):
        """Writes a network's layers in their order; returns its outputs' names."""
        given = keras.Input(network.input_shape[1:])
        self._names[id(given)] = name
        copy = keras.models.clone_model(  # Keras' only public walk through the layers
            network,
            input_tensors=given,
            clone_function=lambda layer: layer,
            call_function=self._write,
        )
        return [self._names[id(tensor)] for tensor in copy.outputs]

    def _write(self, layer, inputs, **_):
        names = [self._names[id(tensor)] for tensor in keras.tree.flatten(inputs)]
        outputs = layer(inputs)
        kind = type(layer).__name__
        if isinstance(layer, keras.Model):
            results = self._follow(layer, *names)
        elif kind in _WRITERS:
            results = [_WRITERS[kind](self, layer, names)]
        else:
            raise ValueError(
                f"layer {layer.name!r} is a {kind}; the export to ONNX knows "
                f"{', '.join(sorted(_WRITERS))} only."
            )
        for tensor, name in zip(keras.tree.flatten(outputs), results):
            self._names[id(tensor)] = name
        self._kept.append(outputs)  # else their ids could go to others
        return outputs

    def _add(self, operator, inputs, name, **attributes):
        from onnx import helper

        output = f"{name}/output"  # a layer, too, may be called "L" or "ab"
        self.nodes.append(
            helper.make_node(operator, inputs, [output], name, **attributes)
        )
        return output

    def _store(self, values, name):
        """Stores an array in 16 bits where that loses nothing."""
        from onnx import TensorProto, numpy_helper

        values = np.asarray(keras.ops.convert_to_numpy(values), "float32")
        with np.errstate(over="ignore"):
            half = values.astype("float16")
        if not (half == values).all():
            self.stored.append(numpy_helper.from_array(values, name))
            return name
        self.stored.append(numpy_helper.from_array(half, f"{name}/16"))
        return self._add("Cast", [f"{name}/16"], name, to=TensorProto.FLOAT)

    def convolution(self, layer, inputs):
        kernel = keras.ops.convert_to_numpy(layer.kernel)  # (h, w, in, out)
        operator, groups = "Conv", 1
        if type(layer).__name__ == "Conv2DTranspose":  # (h, w, out, in)
            operator = "ConvTranspose"
        elif type(layer).__name__ == "DepthwiseConv2D":  # (h, w, in, factor)
            groups = kernel.shape[2]
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        kernel = kernel.transpose(3, 2, 0, 1)
        inputs = [*inputs, self._store(kernel, f"{layer.name}/kernel")]
        if layer.use_bias:
            inputs.append(self._store(layer.bias, f"{layer.name}/bias"))
        # TensorFlow's "same", where the side is a multiple of the stride.
        totals = [max(0, k - s) for k, s in zip(layer.kernel_size, layer.strides)]
        totals = totals if layer.padding == "same" else [0, 0]
        before = [total // 2 for total in totals]
        after = [total - first for total, first in zip(totals, before)]
        activation = layer.activation.__name__
        linear = activation == "linear"
        name = self._add(
            operator,
            inputs,
            layer.name if linear else f"{layer.name}/linear",
            group=groups,
            strides=layer.strides,
            pads=before + after,
        )
        return name if linear else self.activation(layer, [name])

    def activation(self, layer, inputs):
        kind = layer.activation.__name__
        if kind not in _ACTIVATIONS:
            raise ValueError(
                f"layer {layer.name!r} has the activation {kind}; the export to ONNX "
                f"knows {', '.join(_ACTIVATIONS)} only."
            )
        return self._add(_ACTIVATIONS[kind], inputs, layer.name)

    def relu(self, layer, inputs):
        if layer.max_value is None:
            return self._add("Relu", inputs, layer.name)
        ends = [
            self._store(value, f"{layer.name}/{label}")
            for label, value in (("low", 0.0), ("high", layer.max_value))
        ]
        return self._add("Clip", [*inputs, *ends], layer.name)

    def leaky_relu(self, layer, inputs):
        slope = float(layer.negative_slope)
        return self._add("LeakyRelu", inputs, layer.name, alpha=slope)

    def batch_norm(self, layer, inputs):
        labels = ("gamma", "beta", "moving_mean", "moving_variance")
        arrays = [
            self._store(getattr(layer, label), f"{layer.name}/{label}")
            for label in labels
        ]
        return self._add(
            "BatchNormalization",
            [*inputs, *arrays],
            layer.name,
            epsilon=float(layer.epsilon),
        )

    def zero_padding(self, layer, inputs):
        from onnx import numpy_helper

        (top, bottom), (left, right) = layer.padding
        pads = np.array([0, 0, top, left, 0, 0, bottom, right])
        self.stored.append(numpy_helper.from_array(pads, f"{layer.name}/pads"))
        return self._add("Pad", [*inputs, f"{layer.name}/pads"], layer.name)

    def upsampling(self, layer, inputs):
        from onnx import numpy_helper

        scales = np.array([1, 1, *layer.size], "float32")
        self.stored.append(numpy_helper.from_array(scales, f"{layer.name}/scales"))
        return self._add(
            "Resize",
            [*inputs, "", f"{layer.name}/scales"],
            layer.name,
            mode={"bilinear": "linear", "nearest": "nearest"}[layer.interpolation],
            coordinate_transformation_mode="half_pixel",
        )

    def annealed_mean(self, layer, inputs):
        """See `ab_bins.AnnealedMean`."""
        from colorlib.ab_bins import AB_SCALE, bin_centres

        last = self._add("Transpose", inputs, f"{layer.name}/last", perm=[0, 2, 3, 1])
        heat = self._store(1 / layer.temperature, f"{layer.name}/heat")
        hot = self._add("Mul", [last, heat], f"{layer.name}/hot")
        shares = self._add("Softmax", [hot], f"{layer.name}/shares", axis=-1)
        centres = self._store(bin_centres() / AB_SCALE, f"{layer.name}/centres")
        mean = self._add("MatMul", [shares, centres], f"{layer.name}/mean")
        return self._add("Transpose", [mean], layer.name, perm=[0, 3, 1, 2])


_WRITERS = {
    "Activation": _Graph.activation,
    "Add": lambda self, layer, inputs: self._add("Add", inputs, layer.name),
    "AnnealedMean": _Graph.annealed_mean,
    "BatchNormalization": _Graph.batch_norm,
    "Concatenate": lambda self, layer, inputs: self._add(
        "Concat", inputs, layer.name, axis=1
    ),
    "Conv2D": _Graph.convolution,
    "Conv2DTranspose": _Graph.convolution,
    "DepthwiseConv2D": _Graph.convolution,
    "Dropout": lambda self, layer, inputs: inputs[0],  # off outside training
    "LeakyReLU": _Graph.leaky_relu,
    "ReLU": _Graph.relu,
    "UpSampling2D": _Graph.upsampling,
    "ZeroPadding2D": _Graph.zero_padding,
}
