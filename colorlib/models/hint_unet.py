"""A U-Net that colours by itself and takes advice: L and colour hints in, ab out."""

import keras
import numpy as np
from keras import layers, ops

from colorlib.models.cnn import conv_relu
from colorlib.models.inverted_residuals import (
    encoder_layers,
    extract_features,
    folded_weights,
    set_encoder_weights,
)

LEAST_SHARE = 1e-6  # of a cell's pixels: instead of dividing by 0
# Given ab reaches the layers as ab / 16, as large as other features: Adam moves all
# weights alike, and those of a small input would take very long to matter.
HINT_SCALE = 8.0


@keras.saving.register_keras_serializable("colorlib")
class PooledHints(layers.Layer):
    """Shrinks a map of hints: what colour is given in each cell, if one is.

    `(B, H, W, 3)`, given ab / 128 and a mask of 0 and 1, both 0 where nothing is
    given, becomes `(B, H/factor, W/factor, 3)`: the mean ab / 16 of those given in the
    cell, and 1 where there is any. So a single point is as strong as a filled cell.

    Args:
        factor: side of a cell in pixels.
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, hints):
        """Shrinks the map; see the class."""
        mean = ops.average_pool(hints, self.factor)
        any_given = ops.max_pool(hints[..., 2:], self.factor)
        # The mean over all pixels of the cell, divided by the share of those given.
        ab = HINT_SCALE * mean[..., :2] / ops.maximum(mean[..., 2:], LEAST_SHARE)
        return ops.concatenate([ab, any_given], axis=-1)

    def compute_output_shape(self, shape):
        """Height and width divided by the factor, where they are known."""
        sides = [side and side // self.factor for side in shape[1:3]]
        return (shape[0], *sides, 3)

    def get_config(self):
        """The arguments of `__init__`."""
        return {**super().get_config(), "factor": self.factor}


def build_hint_unet(
    encoder="mobilenet_v2",
    encoder_weights=None,
    widths=(256, 128, 96, 64, 32),
    train_encoder=False,
    name="hint_unet",
):
    """Builds a U-Net on a pretrained encoder that may be told colours of some places.

    The grey picture goes in three times, as R, G and B. The hints go in twice: behind
    the first convolution of the encoder, so that deep layers can tell how far an
    object reaches that was given a colour, and at each size of the decoder, so that the
    place itself keeps it. With a map of zeros, it colours by itself.

    The deepest features are seen as a whole, too: their mean over the picture says
    what kind of picture it is. Colour is predicted at half resolution.

    Args:
        encoder: "mobilenet_v2", or EfficientNet's "lite0" or "lite1".
        encoder_weights: list of arrays, kernel and bias of each convolution, such as
            `inverted_residuals.folded_weights` gives; or None for random ones (when the
            whole network's weights are loaded afterwards).
        widths: channels of the decoder from 1/32 to 1/2 of the side.
        train_encoder: whether the encoder learns too, and with it the way of the hints
            through it.
        name: name of the model.

    Returns:
        A `keras.Model`: [L float32 `(B, H, W, 1)`, L / 50 - 1 in [-1, 1]; hints float32
        `(B, H, W, 3)`, ab / 128 and the mask, 0 where nothing is given] -> ab / 128
        `(B, H, W, 2)` in (-1, 1); H and W multiples of 32.

    Raises:
        ValueError: if `widths` are not five numbers of at least 1, or the encoder is
            not known.

    Reference:
        Zhang et al. 2017 (arXiv 1705.02999), section 3, for the hints; Ronneberger et
        al. 2015, U-Net (arXiv 1505.04597).
    """
    if len(widths) != 5 or min(widths) < 1:
        raise ValueError(f"widths must be five numbers of at least 1, got {widths}.")
    L = keras.Input((None, None, 1), name="L")
    hints = keras.Input((None, None, 3), name="hints")
    given = {i: PooledHints(2**i, name=f"hints_{i}")(hints) for i in range(1, 6)}

    def add_hints(x):
        # From zero: training begins with the encoder as it was trained.
        added = layers.Conv2D(
            x.shape[-1],
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="zeros",
            name="hints_in",
        )(given[1])
        return layers.Add(name="with_hints")([x, added])

    grey = layers.Concatenate(name="grey")([L, L, L])  # (B, H, W, 3)
    features = extract_features(grey, encoder, add_hints)

    x = layers.Concatenate(name="join_5")([features[-1], given[5]])
    x = conv_relu(x, widths[0], 1, "deepest")  # (B, H/32, W/32, 256)
    whole = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(features[-1])
    whole = conv_relu(whole, widths[0], 1, "whole_1")  # (B, 1, 1, 256)
    whole = layers.Conv2D(widths[0], 1, kernel_initializer="zeros", name="whole_2")(
        whole
    )
    x = layers.Add(name="with_whole")([x, whole])
    x = conv_relu(x, widths[0], 3, "spread")
    for level in (4, 3, 2, 1):
        width = widths[5 - level]
        skip = conv_relu(features[level - 1], max(32, width // 2), 1, f"skip_{level}")
        up = layers.UpSampling2D(interpolation="bilinear", name=f"up_{level}")(x)
        x = layers.Concatenate(name=f"join_{level}")([up, skip, given[level]])
        x = conv_relu(x, width, 3, f"decode_{level}")  # (B, H/2**level, ...)
    # Small first weights: training starts at grey instead of at a saturated tanh.
    small = keras.initializers.RandomNormal(stddev=1e-3)
    x = layers.Conv2D(2, 3, padding="same", kernel_initializer=small, name="ab")(x)
    # From here on in float32 whatever the policy: half precision has too few colours.
    x = layers.Activation("tanh", dtype="float32", name="ab_tanh")(x)
    up = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="up_0")
    network = keras.Model([L, hints], up(x), name=name)
    if encoder_weights is not None:
        set_encoder_weights(network, encoder_weights)
    for layer in [*encoder_layers(network), network.get_layer("hints_in")]:
        layer.trainable = train_encoder
    return network


def start_from_unet(network, unet):
    """Gives a network the weights of a trained one without hints; it colours the same.

    What is new begins so that it changes nothing: at zero, `spread` as the identity.

    Args:
        network: from `build_hint_unet` on "mobilenet_v2".
        unet: from `build_mobilenet_unet`, of the same widths.

    Raises:
        ValueError: if a layer does not fit.
    """
    set_encoder_weights(network, folded_weights(unet.get_layer("encoder")))
    for layer in unet.layers:
        if not layer.weights or layer.name == "encoder":
            continue
        kernel, bias = map(ops.convert_to_numpy, layer.weights)
        mine = network.get_layer(layer.name)
        missing = mine.kernel.shape[2] - kernel.shape[2]  # those of the hints come last
        if missing not in (0, 3):
            raise ValueError(
                f"{layer.name} of {unet.name} has {kernel.shape[2]} input channels, "
                f"that of {network.name} {mine.kernel.shape[2]}."
            )
        kernel = np.pad(kernel, ((0, 0), (0, 0), (0, missing), (0, 0)))
        mine.set_weights([kernel, bias])
    spread = network.get_layer("spread")
    kernel = np.zeros(spread.kernel.shape, "float32")
    kernel[1, 1] = np.eye(kernel.shape[2])
    spread.set_weights([kernel, np.zeros(kernel.shape[3], "float32")])


def takes_hints(network):
    """Whether a network, or a function in its place, can be told colours of places."""
    return len(getattr(network, "inputs", ())) == 2


def without_hints(network):
    """Makes a network that takes hints one that colours by itself.

    Args:
        network: from `build_hint_unet`; one that takes L alone is returned as it is.

    Returns:
        A `keras.Model`, `(B, H, W, 1)` -> `(B, H, W, 2)`, that shares its weights.
    """
    if not takes_hints(network):
        return network
    L = keras.Input((None, None, 1), name="L")
    hints = ops.repeat(ops.zeros_like(L), 3, axis=-1)
    return keras.Model(L, network([L, hints]), name=f"{network.name}_alone")
