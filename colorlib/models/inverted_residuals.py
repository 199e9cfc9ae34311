"""Stacks of inverted residual blocks: the encoders MobileNetV2 and EfficientNet-Lite.

The batch normalization of the trained networks is folded into the convolutions: with
fixed statistics it is a factor and an offset for each channel, no more.
"""

import numpy as np
from keras import layers, ops

# Each stage: blocks, kernel, stride of the first block, expansion, channels.
VARIANTS = {
    "mobilenet_v2": (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (3, 3, 2, 6, 32),
        (4, 3, 2, 6, 64),
        (3, 3, 1, 6, 96),
        (3, 3, 2, 6, 160),
        (1, 3, 1, 6, 320),
    ),
    "lite0": (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ),
    "lite1": (
        (1, 3, 1, 1, 16),
        (3, 3, 2, 6, 24),
        (3, 5, 2, 6, 40),
        (4, 3, 2, 6, 80),
        (4, 5, 1, 6, 112),
        (5, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ),
    "lite2": (
        (1, 3, 1, 1, 16),
        (3, 3, 2, 6, 24),
        (3, 5, 2, 6, 48),
        (4, 3, 2, 6, 88),
        (4, 5, 1, 6, 120),
        (5, 5, 2, 6, 208),
        (1, 3, 1, 6, 352),
    ),
}
BN_EPSILON = 1e-3  # of all of them


def extract_features(x, variant="lite0", after_stem=None):
    """Lays the convolutions of the network over a tensor.

    Args:
        x: Keras tensor `(B, H, W, 3)` in [-1, 1]: (sRGB - 127) / 128 for
            EfficientNet-Lite, sRGB / 127.5 - 1 for MobileNetV2.
        variant: a key of `VARIANTS`.
        after_stem: function of the tensor `(B, H/2, W/2, 32)` after the first
            convolution, whose result goes on instead, or None.

    Returns:
        List of the widest tensors with 1/2, 1/4, 1/8, 1/16 and 1/32 of the side, 96 to
        1280 channels.

    Raises:
        ValueError: if the variant is not known.

    Reference:
        Sandler et al. 2018, MobileNetV2 (arXiv 1801.04381), section 3; Tan and Le 2019,
        EfficientNet (arXiv 1905.11946).
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {sorted(VARIANTS)}, got {variant!r}.")
    x = layers.Conv2D(32, 3, 2, padding="same", name="stem")(x)
    x = _relu6(x, "stem")  # (B, H/2, W/2, 32)
    if after_stem is not None:
        x = after_stem(x)
    taps, number = [], 0
    for blocks, kernel, stride, expansion, width in VARIANTS[variant]:
        for strides in (stride, *[1] * (blocks - 1)):
            number += 1
            label = f"block_{number}"
            wide = x
            if expansion > 1:
                wide = layers.Conv2D(x.shape[-1] * expansion, 1, name=f"{label}_expand")
                wide = _relu6(wide(x), f"{label}_expand")
            if strides == 2:
                taps.append(wide)  # the last of its size
            depthwise = layers.DepthwiseConv2D(
                kernel, strides, padding="same", name=f"{label}_depthwise"
            )
            inside = _relu6(depthwise(wide), f"{label}_depthwise")
            inside = layers.Conv2D(width, 1, name=f"{label}_project")(inside)
            same = strides == 1 and x.shape[-1] == width
            x = layers.Add(name=f"{label}_add")([x, inside]) if same else inside
    x = layers.Conv2D(1280, 1, name="top")(x)  # (B, H/32, W/32, 1280)
    return [*taps, _relu6(x, "top")]


def _relu6(x, label):
    return layers.ReLU(6.0, name=f"{label}_relu")(x)


def folded_weights(encoder):
    """Folds the batch normalization of a network into the convolution before each.

    Args:
        encoder: a `keras.Model`, such as `keras.applications.MobileNetV2`, in which
            each convolution is followed by its normalization.

    Returns:
        List of NumPy arrays, kernel and bias of each convolution: the weights of
        `extract_features`.
    """
    convolutions, normalizations = (
        [layer for layer in encoder.layers if isinstance(layer, kinds)]
        for kinds in (
            (layers.Conv2D, layers.DepthwiseConv2D),
            layers.BatchNormalization,
        )
    )
    weights = []
    for convolution, normalization in zip(convolutions, normalizations, strict=True):
        kernel = ops.convert_to_numpy(convolution.kernel)
        gamma, beta, mean, variance = map(ops.convert_to_numpy, normalization.weights)
        factor = gamma / np.sqrt(variance + normalization.epsilon)
        depthwise = isinstance(convolution, layers.DepthwiseConv2D)
        kernel = kernel * (factor[:, None] if depthwise else factor)
        weights += [kernel, beta - mean * factor]
    return weights


def encoder_layers(network):
    """The layers of a network that `extract_features` made and that have weights."""
    return [
        layer
        for layer in network.layers
        if layer.weights and layer.name.startswith(("stem", "block_", "top"))
    ]


def encoder_arrays(network):
    """The weights of the encoder inside a network.

    Args:
        network: a `keras.Model` with the layers of `extract_features` in it, or from
            `build_mobilenet_unet`, whose encoder is a model in the model.

    Returns:
        List of NumPy arrays, kernel and bias of each convolution.
    """
    for layer in network.layers:
        if layer.name == "encoder":
            return folded_weights(layer)
    return [array for layer in encoder_layers(network) for array in layer.get_weights()]


def set_encoder_weights(network, arrays):
    """Gives the encoder inside a network its weights, layer by layer.

    Args:
        network: a `keras.Model` with the layers of `extract_features` in it.
        arrays: list of arrays, kernel and bias of each convolution.
    """
    pairs = zip(encoder_layers(network), arrays[::2], arrays[1::2], strict=True)
    for layer, kernel, bias in pairs:
        layer.set_weights([kernel, bias])
