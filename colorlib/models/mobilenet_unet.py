"""The network for quality: a U-Net on an encoder that has seen ImageNet."""

import os
from pathlib import Path

import keras
from keras import layers

from colorlib.models.cnn import conv_relu

# Outputs of MobileNetV2 with 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's side.
MOBILENET_TAPS = (
    "block_1_expand_relu",
    "block_3_expand_relu",
    "block_6_expand_relu",
    "block_13_expand_relu",
    "out_relu",
)


def build_mobilenet_unet(
    encoder_weights: str | Path | None = None,
    widths: tuple = (256, 128, 96, 64, 32),
    train_encoder: bool = False,
    name: str = "mobilenet_unet",
) -> keras.Model:
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

    x = conv_relu(features[-1], widths[0], 1, "deepest")  # (B, H/32, W/32, 256)
    for level in (4, 3, 2, 1):
        width = widths[5 - level]
        skip = conv_relu(features[level - 1], max(32, width // 2), 1, f"skip_{level}")
        up = layers.UpSampling2D(interpolation="bilinear", name=f"up_{level}")(x)
        x = layers.Concatenate(name=f"join_{level}")([up, skip])
        x = conv_relu(x, width, 3, f"decode_{level}")  # (B, H/2**level, ...)
    # Small first weights: training starts at grey instead of at a saturated tanh.
    small = keras.initializers.RandomNormal(stddev=1e-3)
    x = layers.Conv2D(2, 3, padding="same", kernel_initializer=small, name="ab")(x)
    # From here on in float32 whatever the policy: half precision has too few colours.
    x = layers.Activation("tanh", dtype="float32", name="ab_tanh")(x)
    up = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="up_0")
    ab = up(x)  # (B, H, W, 2)
    return keras.Model(L, ab, name=name)


def find_encoder_weights() -> str:
    """Returns where MobileNetV2's ImageNet weights are.

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
