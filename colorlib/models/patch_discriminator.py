"""The discriminators of the pix2pix paper: PatchGAN."""

from functools import partial

import keras
from keras import layers

from colorlib.models.paper_layers import (
    check_options,
    down,
    norm_layer,
    pad,
    paper_layer,
)

# Widths (in units of the first) and strides of the layers before the output layer,
# whose stride is 1, by the side of the square that one logit sees.
PATCHES = {
    1: ((1, 1), (2, 1)),
    16: ((1, 2), (2, 1)),
    70: ((1, 2), (2, 2), (4, 2), (8, 1)),
    286: ((1, 2), (2, 2), (4, 2), (8, 2), (8, 2), (8, 1)),
}


def build_patch_discriminator(
    patch: int = 70,
    width: int = 64,
    dtype: str | None = None,
    name: str = "discriminator",
    inputs: int = 1,
    outputs: int = 2,
    norm: str = "batch",
) -> keras.Model:
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
    check_options(inputs, outputs, norm)
    normalize = partial(norm_layer, dtype=dtype, norm=norm)
    kernel = 1 if patch == 1 else 4
    L = keras.Input((None, None, inputs), name="L")
    ab = keras.Input((None, None, outputs), name="ab")
    x = layers.Concatenate(name="pair", dtype=dtype)([L, ab])  # (B, H, W, 1 + 2)
    for i, (factor, strides) in enumerate(PATCHES[patch]):
        inner = normalize if i > 0 else None
        x = down(x, width * factor, f"conv_{i + 1}", dtype, strides, inner, kernel)
    x = pad(x, kernel, "logits", dtype)
    output = paper_layer(layers.Conv2D, 1, kernel, 1, "float32", "logits", True)
    return keras.Model([L, ab], output(x), name=name)
