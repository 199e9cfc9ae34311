"""A U-Net that colours by itself and takes advice: L and colour hints in, ab out."""

import keras
from keras import layers, ops

from colorlib.models.cnn import conv_relu
from colorlib.models.encoder_unet import lay_unet, upsample_ab
from colorlib.models.inverted_residuals import (
    encoder_arrays,
    encoder_layers,
    set_encoder_weights,
)

LEAST_SHARE = 1e-6  # of a cell's pixels: instead of dividing by 0
CELL = 4  # pixels a side: hints in one cell count as one
MOST_CELLS = 256  # with hints in them that are heeded


@keras.saving.register_keras_serializable("colorlib")
class PooledHints(layers.Layer):
    """Shrinks a map of hints by 2: what colour is given in each cell, if one is.

    `(B, H, W, 3)`, given ab / 128 and a mask of 0 and 1, both 0 where nothing is
    given, becomes `(B, H/2, W/2, 3)`: the mean ab / 128 of those given in the cell, and
    1 where there is any. So a single point is as strong as a filled cell.
    """

    def call(self, hints):
        """Shrinks the map; see the class."""
        mean = ops.average_pool(hints, 2)
        any_given = ops.max_pool(hints[..., 2:], 2)
        # The mean over all pixels of the cell, divided by the share of those given.
        ab = mean[..., :2] / ops.maximum(mean[..., 2:], LEAST_SHARE)
        return ops.concatenate([ab, any_given], axis=-1)

    def compute_output_shape(self, shape):
        """Height and width halved, where they are known."""
        return (shape[0], *[side and side // 2 for side in shape[1:3]], 3)


@keras.saving.register_keras_serializable("colorlib")
class Places(layers.Layer):
    """Where each pixel is: `(B, H, W, C)` becomes `(B, H, W, 2)`, row and column.

    Both are divided by the larger side, so that a distance is a share of the picture.
    """

    def call(self, x):
        """Counts rows and columns; see the class."""
        ones = ops.ones_like(x[..., :1])
        places = ops.concatenate([ops.cumsum(ones, 1), ops.cumsum(ones, 2)], axis=-1)
        return places / ops.max(places, axis=(1, 2, 3), keepdims=True)

    def compute_output_shape(self, shape):
        """The same height and width, two channels."""
        return (*shape[:3], 2)


@keras.saving.register_keras_serializable("colorlib")
class SpreadHints(layers.Layer):
    """Carries the colours given at some places to what is near and alike.

    At each place that was given a colour the network is wrong by a difference of ab. A
    pixel is corrected by the mean of these differences, weighted by
    `exp(-squared distance)` of its features and the place's; and one more difference
    of 0, of a weight that is learned, which wins where no place is near.

    Inputs are ab / 128 `(B, H, W, 2)`, features `(B, H, W, D)` and hints of that size,
    `(B, H, W, 3)` from `PooledHints`; H and W even. Cells of 2 x 2 pixels with hints
    count as one place. Of more than `most` cells those with the most hints count.

    Args:
        most: cells with hints that are heeded.

    Reference:
        An and Pellacini 2008, AppProp (edits that spread by likeness); the weighted
        mean is Nadaraya's and Watson's of 1964.
    """

    def __init__(self, most=MOST_CELLS, **kwargs):
        super().__init__(**kwargs)
        self.most = most

    def build(self, ab_shape, features_shape, hints_shape):
        """Makes the one weight: the logarithm of that of the difference of 0."""
        del ab_shape, hints_shape
        self.depth = features_shape[-1]
        start = keras.initializers.Constant(-3.0)
        self.rest = self.add_weight(shape=(1,), initializer=start, name="rest")

    def call(self, ab, features, hints):
        """Corrects ab; see the class."""
        mask = hints[..., 2:]
        share = ops.average_pool(mask, 2)  # (B, H/2, W/2, 1)
        given = ops.concatenate([features, hints[..., :2] - ab], axis=-1) * mask
        given = ops.average_pool(given, 2) / ops.maximum(share, LEAST_SHARE)
        depth = self.depth
        # Empty cells are added, so that there are enough to choose from.
        given = self._flat(given, depth + 2)  # (B, cells, D + 2)
        share = self._flat(share, 1)[..., 0]  # (B, cells)
        share, chosen = ops.top_k(share, self.most)  # (B, most)
        given = ops.take_along_axis(given, chosen[..., None], axis=1)
        keys, wrong = given[..., :depth], given[..., depth:]  # (B, most, D), (.., 2)
        shape = ops.shape(ab)
        queries = ops.reshape(features, (shape[0], -1, depth))  # (B, H W, D)
        product = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        square = ops.sum(ops.square(queries), axis=-1, keepdims=True)
        squares = ops.sum(ops.square(keys), axis=-1)[:, None]
        distance = ops.maximum(square + squares - 2 * product, 0.0)  # (B, H W, most)
        there = ops.cast(share > 0, distance.dtype)[:, None]
        weight = ops.exp(-distance) * there
        total = ops.sum(weight, axis=-1, keepdims=True) + ops.exp(self.rest)
        change = ops.matmul(weight, wrong) / total
        return ops.clip(ab + ops.reshape(change, shape), -1.0, 1.0)

    def _flat(self, cells, depth):
        flat = ops.reshape(cells, (ops.shape(cells)[0], -1, depth))
        return ops.pad(flat, [(0, 0), (0, self.most), (0, 0)])

    def compute_output_shape(self, ab_shape, features_shape, hints_shape):
        """That of ab."""
        del features_shape, hints_shape
        return ab_shape

    def get_config(self):
        """The arguments of `__init__`."""
        return {**super().get_config(), "most": self.most}


def build_hint_unet(
    encoder="mobilenet_v2",
    encoder_weights=None,
    widths=(256, 128, 96, 64, 32),
    context=False,
    train_encoder=False,
    train_decoder=False,
    name="hint_unet",
):
    """Builds a U-Net on a pretrained encoder that may be told colours of some places.

    The U-Net colours by itself: the grey picture goes in three times, as R, G and B,
    and ab comes out at half the size. Hints correct what it found (`SpreadHints`), by
    features that learn what belongs together. With a map of zeros nothing changes, so
    automatic colouring loses nothing.

    Args:
        encoder: "mobilenet_v2", or EfficientNet's "lite0", "lite1" or "lite2".
        encoder_weights: list of arrays, kernel and bias of each convolution, such as
            `inverted_residuals.folded_weights` gives; or None for random ones (when the
            whole network's weights are loaded afterwards).
        widths: channels of the decoder from 1/32 to 1/2 of the side.
        context: as for `build_encoder_unet`.
        train_encoder: whether the encoder learns.
        train_decoder: whether the decoder learns. What spreads the hints always does.
        name: name of the model.

    Returns:
        A `keras.Model`: [L float32 `(B, H, W, 1)`, L / 50 - 1 in [-1, 1]; hints float32
        `(B, H, W, 3)`, ab / 128 and the mask, 0 where nothing is given] -> ab / 128
        `(B, H, W, 2)` in [-1, 1]; H and W multiples of 32.

    Raises:
        ValueError: if `widths` are not five numbers of at least 1, or the encoder is
            not known.

    Reference:
        Zhang et al. 2017 (arXiv 1705.02999), for the task and how hints are drawn in
        training; Ronneberger et al. 2015, U-Net (arXiv 1505.04597).
    """
    L = keras.Input((None, None, 1), name="L")
    hints = keras.Input((None, None, 3), name="hints")
    ab, decoded = lay_unet(L, encoder, widths, context)
    told = SpreadHints(name="spread_hints", dtype="float32")(
        ab, _likeness(L, decoded[1:], ab), PooledHints(name="hints_half")(hints)
    )
    network = keras.Model([L, hints], upsample_ab(told), name=name)
    if encoder_weights is not None:
        set_encoder_weights(network, encoder_weights)
    encoding = encoder_layers(network)
    for layer in network.layers:
        if layer.name.startswith(SPREADING):
            continue
        layer.trainable = train_encoder if layer in encoding else train_decoder
    return network


SPREADING = ("alike_", "reach", "spread_hints")  # the layers that hints add


def _likeness(L, decoded, ab):
    """Features at half the size that are near each other where colours go together."""
    parts = [layers.AveragePooling2D(2, name="L_half")(L), ab, decoded[-1]]
    for x, factor in ((decoded[-2], 2), (decoded[-3], 4)):
        up = layers.UpSampling2D(
            factor, interpolation="bilinear", name=f"wide_{factor}"
        )
        parts.append(up(x))
    x = layers.Concatenate(name="alike_parts")(parts)
    x = conv_relu(x, 64, 1, "alike_1")
    # Small first weights: hints spread by nearness first, and learn what is alike.
    small = keras.initializers.RandomNormal(stddev=0.1)
    x = layers.Conv2D(32, 1, kernel_initializer=small, name="alike_2")(x)
    near = keras.initializers.Constant(3.0)
    # A pixel at a quarter of the picture's side from a hint follows it by half.
    places = layers.DepthwiseConv2D(
        1, depthwise_initializer=near, use_bias=False, name="reach"
    )(Places(name="places")(ab))
    return layers.Concatenate(name="alike", dtype="float32")([x, places])


def start_from_unet(network, other):
    """Gives a network the weights of the same U-Net, trained with hints or without.

    Without hints both then colour alike.

    Args:
        network: from `build_hint_unet` or `build_encoder_unet`.
        other: from one of these, of the same encoder and widths; or, where the encoder
            is "mobilenet_v2", from `build_mobilenet_unet`.

    Raises:
        ValueError: if a layer does not fit.
    """
    for layer in other.layers:
        if layer.name == "encoder":  # that of `build_mobilenet_unet`
            set_encoder_weights(network, encoder_arrays(other))
        elif layer.weights and not layer.name.startswith(SPREADING):
            network.get_layer(layer.name).set_weights(layer.get_weights())


def takes_hints(network):
    """Whether a network, or a function in its place, can be told colours of places."""
    return len(getattr(network, "inputs", ())) == 2


def without_hints(network):
    """The part of a network that takes hints that colours by itself.

    Args:
        network: from `build_hint_unet`; one that takes L alone is returned as it is.

    Returns:
        A `keras.Model`, `(B, H, W, 1)` -> `(B, H, W, 2)`, that shares its weights.
    """
    if not takes_hints(network):
        return network
    ab = network.get_layer("up_0")(network.get_layer("ab_tanh").output)
    return keras.Model(network.inputs[0], ab, name=f"{network.name}_alone")
