"""The networks by name, as recipes and cards call them.

Every network maps `(B, H, W, 1)`, L / 50 - 1 in [-1, 1], to `(B, H, W, 2)`, ab / 128;
that of `hint_unet` takes colours of some places, too.
Layers have fixed names, so that saved weights can be checked against them.
"""

import keras

from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.encoder_unet import build_encoder_unet
from colorlib.models.hint_unet import build_hint_unet
from colorlib.models.mobilenet_unet import build_mobilenet_unet
from colorlib.models.unet import build_unet

BUILDERS = {
    "baseline_cnn": build_baseline_cnn,
    "encoder_unet": build_encoder_unet,
    "hint_unet": build_hint_unet,
    "mobilenet_unet": build_mobilenet_unet,
    "unet": build_unet,
}


def size_multiple(network: str, **options) -> int:
    """Returns the multiple that a network needs height and width to be.

    Args:
        network: a name in `BUILDERS`.
        **options: of its builder.

    Returns:
        The multiple, in pixels; 1 for a network of your own.
    """
    sides = {"baseline_cnn": 8, "unet": options.get("size", 256)}
    sides |= dict.fromkeys(("encoder_unet", "hint_unet", "mobilenet_unet"), 32)
    return sides.get(network, 1)


def build(network: str, **options) -> keras.Model:
    """Builds a network by its name.

    Args:
        network: a name in `BUILDERS`.
        **options: of its builder.

    Returns:
        A `keras.Model` from `(B, H, W, 1)`, L / 50 - 1, to `(B, H, W, 2)`, ab / 128, or
        to logits of colour classes, see `build_unet`.

    Raises:
        ValueError: if there is none of that name.
    """
    if network not in BUILDERS:
        raise ValueError(f"network must be one of {sorted(BUILDERS)}, got {network!r}.")
    # A user's own keras.json may say channels_first, which the weights do not fit.
    keras.config.set_image_data_format("channels_last")
    return BUILDERS[network](**options)
