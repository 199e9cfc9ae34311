"""A network's layers as the nodes of an ONNX graph.

Keras' own ONNX export (`model.export(format="onnx")`, through tf2onnx) cannot follow
`UpSampling2D` when height and width are open, in Keras 3.15; the networks of this
course have few kinds of layers, so they are written with the `onnx` package itself.
"""

import keras
import numpy as np

from colorlib.export import onnx_hints

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


class OnnxGraph:
    """The ONNX nodes and stored arrays of a network; inside, channels come first.

    Args:
        network: a `keras.Model`, inputs `(B, H, W, C)` and one output.

    Attributes:
        nodes: list of ONNX nodes, from the inputs "L" and, of a network that takes
            hints, "hints" to the output "ab".
        stored: list of ONNX tensors, the weights.

    Raises:
        ValueError: if a layer or an activation is of a kind that it does not know.
    """

    def __init__(self, network):
        self.nodes, self.stored, self._names, self._kept = [], [], {}, []
        first = [
            self.add("Transpose", [name], f"{name}/first", perm=[0, 3, 1, 2])
            for name in ("L", "hints")[: len(network.inputs)]
        ]
        (last,) = self._follow(network, first)
        self.add("Transpose", [last], "channels_last", perm=[0, 2, 3, 1])
        self.nodes[-1].output[0] = "ab"

    def _follow(self, network, names):
        """Writes a network's layers in their order; returns its outputs' names."""
        given = [keras.Input(tensor.shape[1:]) for tensor in network.inputs]
        self._names |= {id(tensor): name for tensor, name in zip(given, names)}
        self._kept.append(given)
        copy = keras.models.clone_model(  # Keras' only public walk through the layers
            network,
            input_tensors=given if len(given) > 1 else given[0],
            clone_function=lambda layer: layer,
            call_function=self._write,
        )
        return [self._names[id(tensor)] for tensor in copy.outputs]

    def _write(self, layer, *inputs, **_):
        names = [self._names[id(tensor)] for tensor in keras.tree.flatten(inputs)]
        outputs = layer(*inputs)
        kind = type(layer).__name__
        if isinstance(layer, keras.Model):
            results = self._follow(layer, names)
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

    def add(self, operator, inputs, name, **attributes):
        """Adds a node; returns the name of its output."""
        return self.add_several(operator, inputs, name, 1, **attributes)[0]

    def add_several(self, operator, inputs, name, count, **attributes):
        """Adds a node of `count` outputs; returns their names."""
        from onnx import helper

        # With an ending: a layer, too, may be called "L" or "ab".
        outputs = [f"{name}/output{i or ''}" for i in range(count)]
        self.nodes.append(
            helper.make_node(operator, inputs, outputs, name, **attributes)
        )
        return outputs

    def store(self, values, name):
        """Stores an array, in 16 bits where that loses nothing; returns its name."""
        from onnx import TensorProto, numpy_helper

        values = np.asarray(keras.ops.convert_to_numpy(values), "float32")
        with np.errstate(over="ignore"):
            half = values.astype("float16")
        if not (half == values).all():
            self.stored.append(numpy_helper.from_array(values, name))
            return name
        self.stored.append(numpy_helper.from_array(half, f"{name}/16"))
        return self.add("Cast", [f"{name}/16"], name, to=TensorProto.FLOAT)

    def _convolution(self, layer, inputs):
        kernel = keras.ops.convert_to_numpy(layer.kernel)  # (h, w, in, out)
        operator, groups = "Conv", 1
        if type(layer).__name__ == "Conv2DTranspose":  # (h, w, out, in)
            operator = "ConvTranspose"
        elif type(layer).__name__ == "DepthwiseConv2D":  # (h, w, in, factor)
            groups = kernel.shape[2]
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        kernel = kernel.transpose(3, 2, 0, 1)
        inputs = [*inputs, self.store(kernel, f"{layer.name}/kernel")]
        if layer.use_bias:
            inputs.append(self.store(layer.bias, f"{layer.name}/bias"))
        # TensorFlow's "same", where the side is a multiple of the stride.
        totals = [max(0, k - s) for k, s in zip(layer.kernel_size, layer.strides)]
        totals = totals if layer.padding == "same" else [0, 0]
        before = [total // 2 for total in totals]
        after = [total - first for total, first in zip(totals, before)]
        activation = layer.activation.__name__
        linear = activation == "linear"
        name = self.add(
            operator,
            inputs,
            layer.name if linear else f"{layer.name}/linear",
            group=groups,
            strides=layer.strides,
            pads=before + after,
        )
        return name if linear else self._activation(layer, [name])

    def _activation(self, layer, inputs):
        kind = layer.activation.__name__
        if kind not in _ACTIVATIONS:
            raise ValueError(
                f"layer {layer.name!r} has the activation {kind}; the export to ONNX "
                f"knows {', '.join(_ACTIVATIONS)} only."
            )
        return self.add(_ACTIVATIONS[kind], inputs, layer.name)

    def _relu(self, layer, inputs):
        if layer.max_value is None:
            return self.add("Relu", inputs, layer.name)
        ends = [
            self.store(value, f"{layer.name}/{label}")
            for label, value in (("low", 0.0), ("high", layer.max_value))
        ]
        return self.add("Clip", [*inputs, *ends], layer.name)

    def _leaky_relu(self, layer, inputs):
        slope = float(layer.negative_slope)
        return self.add("LeakyRelu", inputs, layer.name, alpha=slope)

    def _batch_norm(self, layer, inputs):
        labels = ("gamma", "beta", "moving_mean", "moving_variance")
        arrays = [
            self.store(getattr(layer, label), f"{layer.name}/{label}")
            for label in labels
        ]
        return self.add(
            "BatchNormalization",
            [*inputs, *arrays],
            layer.name,
            epsilon=float(layer.epsilon),
        )

    def _zero_padding(self, layer, inputs):
        (top, bottom), (left, right) = layer.padding
        pads = [0, 0, top, left, 0, 0, bottom, right]
        pads = self.store_integers(pads, f"{layer.name}/pads")
        return self.add("Pad", [*inputs, pads], layer.name)

    def _average_pooling(self, layer, inputs):
        cell = {"kernel_shape": layer.pool_size, "strides": layer.strides}
        return self.add("AveragePool", inputs, layer.name, **cell)

    def store_integers(self, values, name):
        """Stores 64-bit integers; returns their name."""
        from onnx import numpy_helper

        self.stored.append(numpy_helper.from_array(np.array(values, "int64"), name))
        return name

    def _upsampling(self, layer, inputs):
        from onnx import numpy_helper

        scales = np.array([1, 1, *layer.size], "float32")
        self.stored.append(numpy_helper.from_array(scales, f"{layer.name}/scales"))
        return self.add(
            "Resize",
            [*inputs, "", f"{layer.name}/scales"],
            layer.name,
            mode={"bilinear": "linear", "nearest": "nearest"}[layer.interpolation],
            coordinate_transformation_mode="half_pixel",
        )

    def _annealed_mean(self, layer, inputs):
        """See `ab_bins.AnnealedMean`."""
        from colorlib.ab_bins import AB_SCALE, bin_centres

        last = self.add("Transpose", inputs, f"{layer.name}/last", perm=[0, 2, 3, 1])
        heat = self.store(1 / layer.temperature, f"{layer.name}/heat")
        hot = self.add("Mul", [last, heat], f"{layer.name}/hot")
        shares = self.add("Softmax", [hot], f"{layer.name}/shares", axis=-1)
        centres = self.store(bin_centres() / AB_SCALE, f"{layer.name}/centres")
        mean = self.add("MatMul", [shares, centres], f"{layer.name}/mean")
        return self.add("Transpose", [mean], layer.name, perm=[0, 3, 1, 2])


_WRITERS = {
    "Activation": OnnxGraph._activation,
    "AveragePooling2D": OnnxGraph._average_pooling,
    "Add": lambda self, layer, inputs: self.add("Add", inputs, layer.name),
    "AnnealedMean": OnnxGraph._annealed_mean,
    "BatchNormalization": OnnxGraph._batch_norm,
    "Concatenate": lambda self, layer, inputs: self.add(
        "Concat", inputs, layer.name, axis=1
    ),
    "Conv2D": OnnxGraph._convolution,
    "Conv2DTranspose": OnnxGraph._convolution,
    "DepthwiseConv2D": OnnxGraph._convolution,
    "Dropout": lambda self, layer, inputs: inputs[0],  # off outside training
    "GlobalAveragePooling2D": lambda self, layer, inputs: self.add(
        "GlobalAveragePool", inputs, layer.name
    ),
    "LeakyReLU": OnnxGraph._leaky_relu,
    "Places": onnx_hints.places,
    "PooledHints": onnx_hints.pooled_hints,
    "ReLU": OnnxGraph._relu,
    "SpreadHints": onnx_hints.spread_hints,
    "UpSampling2D": OnnxGraph._upsampling,
    "ZeroPadding2D": OnnxGraph._zero_padding,
}
