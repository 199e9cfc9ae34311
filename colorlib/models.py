"""The networks of the course: L in, ab out, for any height and width.

Every network maps `(B, H, W, 1)`, L / 50 - 1 in [-1, 1], to `(B, H, W, 2)`, ab / 128.
Layers have fixed names, so that saved weights can be checked against them.
"""

import os
from pathlib import Path

import keras
from keras import layers

# Outputs of MobileNetV2 with 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's side.
MOBILENET_TAPS = (
    "block_1_expand_relu",
    "block_3_expand_relu",
    "block_6_expand_relu",
    "block_13_expand_relu",
    "out_relu",
)


def build_baseline_cnn(filters=32, dropout=0.3, name="baseline_cnn"):
    """Builds the convolutional network without pooling of week 3.

    Strides shrink the picture to an eighth, bilinear upsampling brings it back; all
    kernels are 3x3. It has no skips: fine detail of the colour is lost, which does
    not hurt much, since the eye sees colour coarsely.

    Args:
        filters: channels of the first convolution; the deepest have 8 times as many.
        dropout: share of the deepest features dropped in training, in [0, 1).
        name: name of the model.

    Returns:
        A `keras.Model`: float32 `(B, H, W, 1)` -> `(B, H, W, 2)` in (-1, 1), H and W
        multiples of 8.

    Raises:
        ValueError: if `filters` or `dropout` is out of range.
    """
    if filters < 1 or not 0 <= dropout < 1:
        raise ValueError(
            "filters must be at least 1 and dropout in [0, 1), got "
            f"{filters} and {dropout}."
        )

    def convolve(x, factor, strides, label):
        return _convolve(x, filters * factor, 3, label, strides)

    L = keras.Input((None, None, 1), name="L")
    x = convolve(L, 1, 2, "down_1")  # (B, H/2, W/2, 32)
    x = convolve(x, 2, 1, "conv_1")
    x = convolve(x, 4, 2, "down_2")  # (B, H/4, W/4, 128)
    x = convolve(x, 4, 1, "conv_2")
    x = convolve(x, 8, 2, "down_3")  # (B, H/8, W/8, 256)
    x = convolve(x, 8, 1, "conv_3")
    x = layers.Dropout(dropout, name="dropout")(x)
    x = convolve(x, 8, 1, "conv_4")
    x = convolve(x, 4, 1, "conv_5")
    x = layers.UpSampling2D(interpolation="bilinear", name="up_1")(x)
    x = convolve(x, 2, 1, "conv_6")  # (B, H/4, W/4, 64)
    x = layers.UpSampling2D(interpolation="bilinear", name="up_2")(x)
    x = convolve(x, 1, 1, "conv_7")  # (B, H/2, W/2, 32)
    x = layers.Conv2D(2, 3, padding="same", activation="tanh", name="ab")(x)
    ab = layers.UpSampling2D(interpolation="bilinear", name="up_3")(x)  # (B, H, W, 2)
    return keras.Model(L, ab, name=name)


def build_mobilenet_unet(
    encoder_weights=None,
    widths=(256, 128, 96, 64, 32),
    train_encoder=False,
    name="mobilenet_unet",
):
    """Builds a U-Net whose encoder is MobileNetV2, pretrained on ImageNet.

    The grey picture goes in three times, as R, G and B. Five outputs of the encoder
    feed a small decoder without normalisation layers, so that one picture gets the
    same colours alone as in a batch. Colour is predicted at half resolution.

    Args:
        encoder_weights: None for random weights (when the whole network's weights
            are loaded afterwards), "imagenet" to download them, or a path.
        widths: channels of the decoder from 1/32 to 1/2 of the side.
        train_encoder: whether the encoder learns too. Its BatchNorm layers stay
            frozen either way.
        name: name of the model.

    Returns:
        A `keras.Model`: float32 `(B, H, W, 1)` -> `(B, H, W, 2)` in (-1, 1), H and W
        multiples of 32.

    Raises:
        ValueError: if `widths` are not five numbers of at least 1.

    Reference:
        Sandler et al. 2018, MobileNetV2 (arXiv 1801.04381); Ronneberger et al. 2015,
        U-Net (arXiv 1505.04597).
    """
    if len(widths) != 5 or min(widths) < 1:
        raise ValueError(f"widths must be five numbers of at least 1, got {widths}.")
    L = keras.Input((None, None, 1), name="L")
    grey = layers.Concatenate(name="grey")([L, L, L])  # (B, H, W, 3)
    encoder = keras.applications.MobileNetV2(
        input_shape=(None, None, 3), include_top=False, weights=encoder_weights
    )
    taps = [encoder.get_layer(tap).output for tap in MOBILENET_TAPS]
    encoder = keras.Model(encoder.input, taps, name="encoder")
    encoder.trainable = train_encoder
    for layer in encoder.layers:
        # `training=False` in the call would not do: `fit` of the whole overrides it.
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    features = encoder(grey)

    x = _convolve(features[-1], widths[0], 1, "deepest")  # (B, H/32, W/32, 256)
    for level in (4, 3, 2, 1):
        width = widths[5 - level]
        skip = _convolve(features[level - 1], max(32, width // 2), 1, f"skip_{level}")
        up = layers.UpSampling2D(interpolation="bilinear", name=f"up_{level}")(x)
        x = layers.Concatenate(name=f"join_{level}")([up, skip])
        x = _convolve(x, width, 3, f"decode_{level}")  # (B, H/2**level, ...)
    # Small first weights: training starts at grey instead of at a saturated tanh.
    small = keras.initializers.RandomNormal(stddev=1e-3)
    x = layers.Conv2D(
        2, 3, padding="same", activation="tanh", kernel_initializer=small, name="ab"
    )(x)
    ab = layers.UpSampling2D(interpolation="bilinear", name="up_0")(x)  # (B, H, W, 2)
    return keras.Model(L, ab, name=name)


def _convolve(x, width, kernel, label, strides=1):
    options = dict(padding="same", activation="relu", kernel_initializer="he_normal")
    return layers.Conv2D(width, kernel, strides, name=label, **options)(x)


def build_unet(
    size=256, width=64, dropout=0.5, classes=None, dtype=None, name="pix2pix_unet"
):
    """Builds the U-Net generator of the pix2pix paper, at any width and size.

    Strided 4x4 convolutions halve the picture until one pixel is left; transposed
    ones bring it back, each joined with the layer of its size on the way down. As in
    the paper, there is no BatchNorm on the first layer; nor on the innermost one, where
    in training a batch of one picture would be normalised to zeros.

    Args:
        size: side in pixels that shrinks to 1, a power of two of at least 16. 256 is
            the paper's; larger pictures fit too, their innermost layer being larger.
        width: channels of the first convolution, 64 in the paper; the deepest have 8
            times as many.
        dropout: share dropped in the first three layers of the decoder, in [0, 1).
        classes: None for ab; or a number of colour classes, whose logits are predicted
            for squares of 2 x 2 pixels.
        dtype: Keras dtype policy, such as "mixed_bfloat16"; the output is float32.
        name: name of the model.

    Returns:
        A `keras.Model`: float32 `(B, H, W, 1)` -> `(B, H, W, 2)` in (-1, 1), or
        `(B, H/2, W/2, classes)`, H and W multiples of `size`.

    Raises:
        ValueError: if an argument is out of range.

    Reference:
        Isola et al. 2017 (arXiv 1611.07004), section 6.1.1 and its errata; weights
        begin as N(0, 0.02), section 6.2. With 256, 64 it has 54,419,714 weights.
    """
    depth = int(size).bit_length() - 1
    if size != 2**depth or size < 16 or width < 1 or not 0 <= dropout < 1:
        raise ValueError(
            "size must be a power of two of at least 16, width at least 1 and dropout "
            f"in [0, 1), got {size}, {width} and {dropout}."
        )
    widths = [width * min(2**level, 8) for level in range(depth)]
    L = keras.Input((None, None, 1), name="L")
    x, skips = L, []
    for level in range(depth):
        normalize = 0 < level < depth - 1
        x = _down(x, widths[level], f"down_{level + 1}", dtype, 2, normalize)
        skips.append(x)  # (B, H / 2**(level + 1), ..., widths[level])
    for level in reversed(range(depth - 1)):
        drop = dropout if depth - 2 - level < 3 else 0
        x = _up(x, widths[level], f"up_{level + 1}", dtype, drop)
        x = layers.Concatenate(name=f"join_{level + 1}", dtype=dtype)([x, skips[level]])
    if classes is not None:  # (B, H/2, W/2, classes)
        output = _paper_layer(layers.Conv2D, classes, 1, 1, "float32", "logits", True)
        return keras.Model(L, output(x), name=name)
    last = _paper_layer(layers.Conv2DTranspose, 2, 4, 2, dtype, "ab_linear", True)
    # tanh in float32: in half precision its gradient is lost near +-1
    ab = layers.Activation("tanh", dtype="float32", name="ab")(last(x))  # (B, H, W, 2)
    return keras.Model(L, ab, name=name)


# Widths (in units of the first) and strides of the layers before the output layer,
# whose stride is 1, by the side of the square that one logit sees.
PATCHES = {
    1: ((1, 1), (2, 1)),
    16: ((1, 2), (2, 1)),
    70: ((1, 2), (2, 2), (4, 2), (8, 1)),
    286: ((1, 2), (2, 2), (4, 2), (8, 2), (8, 2), (8, 1)),
}


def build_patch_discriminator(patch=70, width=64, dtype=None, name="discriminator"):
    """Builds the PatchGAN discriminator of the pix2pix paper.

    Each of its logits judges one square of the picture. Padding is explicit, as in the
    paper's code, so that 256 pixels give 30 x 30 logits with `patch=70`.

    Args:
        patch: side in pixels of the square that one logit sees: 1, 16, 70 or 286.
        width: channels of the first convolution, 64 in the paper.
        dtype: Keras dtype policy, such as "mixed_bfloat16"; the output is float32.
        name: name of the model.

    Returns:
        A `keras.Model` of two inputs `[L, ab]`, float32 `(B, H, W, 1)` and
        `(B, H, W, 2)`: logits `(B, h, w, 1)`, above 0 where it takes ab for real.

    Raises:
        ValueError: if `patch` or `width` is none of these.

    Reference:
        Isola et al. 2017 (arXiv 1611.07004), sections 3.2.2 and 6.1.2. With 70, 64 it
        has 2,767,361 weights.
    """
    if patch not in PATCHES or width < 1:
        raise ValueError(
            f"patch must be one of {sorted(PATCHES)} and width at least 1, got "
            f"{patch} and {width}."
        )
    kernel = 1 if patch == 1 else 4
    L = keras.Input((None, None, 1), name="L")
    ab = keras.Input((None, None, 2), name="ab")
    x = layers.Concatenate(name="pair", dtype=dtype)([L, ab])  # (B, H, W, 3)
    for i, (factor, strides) in enumerate(PATCHES[patch]):
        x = _down(x, width * factor, f"conv_{i + 1}", dtype, strides, i > 0, kernel)
    x = _pad(x, kernel, "logits", dtype)
    output = _paper_layer(layers.Conv2D, 1, kernel, 1, "float32", "logits", True)
    return keras.Model([L, ab], output(x), name=name)


def _paper_layer(kind, width, kernel, strides, dtype, name, use_bias=False):
    return kind(
        width,
        kernel,
        strides,
        padding="same" if kind is layers.Conv2DTranspose else "valid",
        use_bias=use_bias,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        dtype=dtype,
        name=name,
    )


def _pad(x, kernel, label, dtype):
    if kernel == 1:
        return x
    return layers.ZeroPadding2D(1, name=f"{label}_pad", dtype=dtype)(x)


def _normalize(x, label, dtype):
    # The paper's code: statistics move by a tenth a step, scales begin as N(1, 0.02).
    return layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-5,
        gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02),
        dtype=dtype,
        name=f"{label}_norm",
    )(x)


def _down(x, width, label, dtype, strides, normalize, kernel=4):
    x = _pad(x, kernel, label, dtype)
    x = _paper_layer(layers.Conv2D, width, kernel, strides, dtype, label)(x)
    if normalize:
        x = _normalize(x, label, dtype)
    return layers.LeakyReLU(0.2, name=f"{label}_relu", dtype=dtype)(x)


def _up(x, width, label, dtype, dropout):
    x = _paper_layer(layers.Conv2DTranspose, width, 4, 2, dtype, label)(x)
    x = _normalize(x, label, dtype)
    if dropout:
        x = layers.Dropout(dropout, name=f"{label}_dropout", dtype=dtype)(x)
    return layers.ReLU(name=f"{label}_relu", dtype=dtype)(x)


def find_encoder_weights():
    """Tells where MobileNetV2's ImageNet weights are.

    Returns:
        The path of `mobilenet_v2_notop.weights.h5` in the folder that the environment
        variable `COLORLIB_BACKBONES` names, else "imagenet" (Keras downloads them).

    Raises:
        FileNotFoundError: if the variable is set and the file is not there.
    """
    folder = os.environ.get("COLORLIB_BACKBONES")
    if not folder:
        return "imagenet"
    path = Path(folder).expanduser() / "mobilenet_v2_notop.weights.h5"
    if not path.is_file():
        raise FileNotFoundError(
            f"COLORLIB_BACKBONES names {folder}, but {path} is not there."
        )
    return str(path)


BUILDERS = {
    "baseline_cnn": build_baseline_cnn,
    "mobilenet_unet": build_mobilenet_unet,
    "unet": build_unet,
}


def multiple(network, **options):
    """Tells of what height and width must be multiples.

    Args:
        network: a name in `BUILDERS`.
        **options: of its builder.
    """
    sides = {"baseline_cnn": 8, "mobilenet_unet": 32}
    return sides.get(network) or options.get("size", 256)


def build(network, **options):
    """Builds a network by its name in `BUILDERS`.

    Raises:
        ValueError: if there is none of that name.
    """
    if network not in BUILDERS:
        raise ValueError(f"network must be one of {sorted(BUILDERS)}, got {network!r}.")
    return BUILDERS[network](**options)
