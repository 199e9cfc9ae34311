"""The networks of the pix2pix paper: U-Net generator and PatchGAN discriminators.

By default they colour, L in and ab out; with other numbers of channels they translate
any picture into any other. Layers have fixed names, so that saved weights can be
checked against them.
"""

from functools import partial

import keras
from keras import layers


def build_unet(
    size=256,
    width=64,
    dropout=0.5,
    classes=None,
    dtype=None,
    name="pix2pix_unet",
    inputs=1,
    outputs=2,
    norm="batch",
    momentum=0.9,
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
        inputs: channels of the input, 1 for L. The layer is called "L" in any case.
        outputs: channels of the output, 2 for ab. Its layer stays "ab".
        norm: "batch" for BatchNorm, or "instance" to normalise each picture by itself,
            in training and later: what the paper's BatchNorm comes to, since it trains
            on batches of one picture and keeps to training mode.
        momentum: of BatchNorm's running means; the paper's code has 0.9. Nearer to 1
            they take in more batches, which small ones need.

    Returns:
        A `keras.Model`: float32 `(B, H, W, inputs)` -> `(B, H, W, outputs)` in (-1, 1),
        or `(B, H/2, W/2, classes)`, H and W multiples of `size`.

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
    _check_options(inputs, outputs, norm)
    normalize = partial(_normalize, dtype=dtype, norm=norm, momentum=momentum)
    widths = [width * min(2**level, 8) for level in range(depth)]
    L = keras.Input((None, None, inputs), name="L")
    x, skips = L, []
    for level in range(depth):
        inner = normalize if 0 < level < depth - 1 else None
        x = _down(x, widths[level], f"down_{level + 1}", dtype, 2, inner)
        skips.append(x)  # (B, H / 2**(level + 1), ..., widths[level])
    for level in reversed(range(depth - 1)):
        drop = dropout if depth - 2 - level < 3 else 0
        x = _up(x, widths[level], f"up_{level + 1}", dtype, drop, normalize)
        x = layers.Concatenate(name=f"join_{level + 1}", dtype=dtype)([x, skips[level]])
    if classes is not None:  # (B, H/2, W/2, classes)
        output = _paper_layer(layers.Conv2D, classes, 1, 1, "float32", "logits", True)
        return keras.Model(L, output(x), name=name)
    last = _paper_layer(layers.Conv2DTranspose, outputs, 4, 2, dtype, "ab_linear", True)
    # tanh in float32: in half precision its gradient is lost near +-1
    ab = layers.Activation("tanh", dtype="float32", name="ab")(last(x))
    return keras.Model(L, ab, name=name)


# Widths (in units of the first) and strides of the layers before the output layer,
# whose stride is 1, by the side of the square that one logit sees.
PATCHES = {
    1: ((1, 1), (2, 1)),
    16: ((1, 2), (2, 1)),
    70: ((1, 2), (2, 2), (4, 2), (8, 1)),
    286: ((1, 2), (2, 2), (4, 2), (8, 2), (8, 2), (8, 1)),
}


def build_patch_discriminator(
    patch=70,
    width=64,
    dtype=None,
    name="discriminator",
    inputs=1,
    outputs=2,
    norm="batch",
):
    """Builds the PatchGAN discriminator of the pix2pix paper.

    Each of its logits judges one square of the picture. Padding is explicit, as in the
    paper's code, so that 256 pixels give 30 x 30 logits with `patch=70`.

    Args:
        patch: side in pixels of the square that one logit sees: 1, 16, 70 or 286.
        width: channels of the first convolution, 64 in the paper.
        dtype: Keras dtype policy, such as "mixed_bfloat16"; the output is float32.
        name: name of the model.
        inputs: channels of the generator's input, 1 for L.
        outputs: channels of its output, 2 for ab.
        norm: "batch" or "instance", see `build_unet`.

    Returns:
        A `keras.Model` of two inputs `[L, ab]`, float32 `(B, H, W, inputs)` and
        `(B, H, W, outputs)`: logits `(B, h, w, 1)`, above 0 where it takes ab for real.

    Raises:
        ValueError: if an argument is none of these.

    Reference:
        Isola et al. 2017 (arXiv 1611.07004), sections 3.2.2 and 6.1.2. With 70, 64 it
        has 2,767,361 weights.
    """
    if patch not in PATCHES or width < 1:
        raise ValueError(
            f"patch must be one of {sorted(PATCHES)} and width at least 1, got "
            f"{patch} and {width}."
        )
    _check_options(inputs, outputs, norm)
    normalize = partial(_normalize, dtype=dtype, norm=norm)
    kernel = 1 if patch == 1 else 4
    L = keras.Input((None, None, inputs), name="L")
    ab = keras.Input((None, None, outputs), name="ab")
    x = layers.Concatenate(name="pair", dtype=dtype)([L, ab])  # (B, H, W, 1 + 2)
    for i, (factor, strides) in enumerate(PATCHES[patch]):
        inner = normalize if i > 0 else None
        x = _down(x, width * factor, f"conv_{i + 1}", dtype, strides, inner, kernel)
    x = _pad(x, kernel, "logits", dtype)
    output = _paper_layer(layers.Conv2D, 1, kernel, 1, "float32", "logits", True)
    return keras.Model([L, ab], output(x), name=name)


def _check_options(inputs, outputs, norm):
    if inputs < 1 or outputs < 1 or norm not in ("batch", "instance"):
        raise ValueError(
            "inputs and outputs must be at least 1 and norm batch or instance, got "
            f"{inputs}, {outputs} and {norm!r}."
        )


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


def _normalize(x, label, dtype, norm, momentum=0.9):
    # The paper's code: statistics move by a tenth a step, scales begin as N(1, 0.02).
    options = {
        "epsilon": 1e-5,
        "gamma_initializer": keras.initializers.RandomNormal(1.0, 0.02),
        "dtype": dtype,
        "name": f"{label}_norm",
    }
    if norm == "instance":
        return layers.GroupNormalization(-1, **options)(x)
    return layers.BatchNormalization(momentum=momentum, **options)(x)


def _down(x, width, label, dtype, strides, normalize, kernel=4):
    x = _pad(x, kernel, label, dtype)
    x = _paper_layer(layers.Conv2D, width, kernel, strides, dtype, label)(x)
    if normalize:
        x = normalize(x, label)
    return layers.LeakyReLU(0.2, name=f"{label}_relu", dtype=dtype)(x)


def _up(x, width, label, dtype, dropout, normalize):
    x = _paper_layer(layers.Conv2DTranspose, width, 4, 2, dtype, label)(x)
    x = normalize(x, label)
    if dropout:
        x = layers.Dropout(dropout, name=f"{label}_dropout", dtype=dtype)(x)
    return layers.ReLU(name=f"{label}_relu", dtype=dtype)(x)
