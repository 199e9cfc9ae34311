"""The generator of the pix2pix paper: a U-Net.

By default it colours, L in and ab out; with other numbers of channels it translates
any picture into any other. Layers have fixed names, so that saved weights can be
checked against them.
"""

from functools import partial

import keras
from keras import layers

from colorlib.models.paper_layers import (
    check_options,
    down,
    norm_layer,
    paper_layer,
    up,
)


def build_unet(
    size: int = 256,
    width: int = 64,
    dropout: float = 0.5,
    classes: int | None = None,
    dtype: str | None = None,
    name: str = "pix2pix_unet",
    inputs: int = 1,
    outputs: int = 2,
    norm: str = "batch",
    momentum: float = 0.9,
) -> keras.Model:
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

    Example:
        >>> import numpy as np
        >>> from colorlib.models import build_unet
        >>> build_unet().count_params()
        54419714
        >>> L = np.zeros((1, 64, 96, 1), "float32")
        >>> tuple(build_unet(size=32, width=8)(L).shape)
        (1, 64, 96, 2)
    """
    depth = int(size).bit_length() - 1
    if size != 2**depth or size < 16 or width < 1 or not 0 <= dropout < 1:
        raise ValueError(
            "size must be a power of two of at least 16, width at least 1 and dropout "
            f"in [0, 1), got {size}, {width} and {dropout}."
        )
    check_options(inputs, outputs, norm)
    normalize = partial(norm_layer, dtype=dtype, norm=norm, momentum=momentum)
    widths = [width * min(2**level, 8) for level in range(depth)]
    L = keras.Input((None, None, inputs), name="L")
    x, skips = L, []
    for level in range(depth):
        inner = normalize if 0 < level < depth - 1 else None
        x = down(x, widths[level], f"down_{level + 1}", dtype, 2, inner)
        skips.append(x)  # (B, H / 2**(level + 1), ..., widths[level])
    for level in reversed(range(depth - 1)):
        drop = dropout if depth - 2 - level < 3 else 0
        x = up(x, widths[level], f"up_{level + 1}", dtype, drop, normalize)
        x = layers.Concatenate(name=f"join_{level + 1}", dtype=dtype)([x, skips[level]])
    if classes is not None:  # (B, H/2, W/2, classes)
        output = paper_layer(layers.Conv2D, classes, 1, 1, "float32", "logits", True)
        return keras.Model(L, output(x), name=name)
    last = paper_layer(layers.Conv2DTranspose, outputs, 4, 2, dtype, "ab_linear", True)
    # tanh in float32: in half precision its gradient is lost near +-1
    ab = layers.Activation("tanh", dtype="float32", name="ab")(last(x))
    return keras.Model(L, ab, name=name)
