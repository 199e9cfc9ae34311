"""A U-Net on any of the encoders that have seen ImageNet, for quality."""

import keras
from keras import layers

from colorlib.models.cnn import conv_relu
from colorlib.models.inverted_residuals import (
    encoder_layers,
    extract_features,
    set_encoder_weights,
)


def build_encoder_unet(
    encoder="lite0",
    encoder_weights=None,
    widths=(256, 128, 96, 64, 32),
    context=False,
    train_encoder=False,
    name="encoder_unet",
):
    """Builds a U-Net on a pretrained encoder without normalization layers.

    As `build_mobilenet_unet`, of which it is the more general form: the grey picture
    goes in three times, as R, G and B, and colour is predicted at half resolution.

    Args:
        encoder: "mobilenet_v2", or EfficientNet's "lite0", "lite1" or "lite2".
        encoder_weights: list of arrays, kernel and bias of each convolution, such as
            `training.building.read_encoder_weights` gives; or None for random ones
            (when the whole network's weights are loaded afterwards).
        widths: channels of the decoder from 1/32 to 1/2 of the side.
        context: whether the deepest features are told the mean of the whole picture's:
            what is to be seen elsewhere says what a place may be.
        train_encoder: whether the encoder learns, too.
        name: name of the model.

    Returns:
        A `keras.Model`: float32 `(B, H, W, 1)`, L / 50 - 1 in [-1, 1] -> ab / 128
        `(B, H, W, 2)` in (-1, 1); H and W multiples of 32.

    Raises:
        ValueError: if `widths` are not five numbers of at least 1, or the encoder is
            not known.

    Reference:
        Tan and Le 2019, EfficientNet (arXiv 1905.11946); Ronneberger et al. 2015, U-Net
        (arXiv 1505.04597). The context is a small form of the global features of Iizuka
        et al. 2016, Let there be Color!, section 3.2.
    """
    L = keras.Input((None, None, 1), name="L")
    ab, _ = lay_unet(L, encoder, widths, context)
    network = keras.Model(L, upsample_ab(ab), name=name)
    if encoder_weights is not None:
        set_encoder_weights(network, encoder_weights)
    for layer in encoder_layers(network):
        layer.trainable = train_encoder
    return network


def lay_unet(L, encoder, widths, context=False):
    """Lays the layers of the U-Net over a tensor.

    Args:
        L: Keras tensor `(B, H, W, 1)`.
        encoder: this and the others as for `build_encoder_unet`.
        widths: channels of the decoder.
        context: whether the deepest features are told the mean of all.

    Returns:
        (ab / 128 as float32 `(B, H/2, W/2, 2)`, list of the decoder's features at
        1/16, 1/8, 1/4 and 1/2 of the side).
    """
    if len(widths) != 5 or min(widths) < 1:
        raise ValueError(f"widths must be five numbers of at least 1, got {widths}.")
    grey = layers.Concatenate(name="grey")([L, L, L])  # (B, H, W, 3)
    features = extract_features(grey, encoder)
    x = conv_relu(features[-1], widths[0], 1, "deepest")  # (B, H/32, W/32, 256)
    if context:
        whole = layers.GlobalAveragePooling2D(keepdims=True, name="whole")(features[-1])
        whole = conv_relu(whole, widths[0], 1, "context_1")  # (B, 1, 1, 256)
        # Zeros first: training starts as if it were not there.
        whole = layers.Conv2D(
            widths[0], 1, kernel_initializer="zeros", name="context_2"
        )(whole)
        x = layers.Add(name="in_context")([x, whole])
    decoded = []
    for level in (4, 3, 2, 1):
        width = widths[5 - level]
        skip = conv_relu(features[level - 1], max(32, width // 2), 1, f"skip_{level}")
        up = layers.UpSampling2D(interpolation="bilinear", name=f"up_{level}")(x)
        x = layers.Concatenate(name=f"join_{level}")([up, skip])
        x = conv_relu(x, width, 3, f"decode_{level}")  # (B, H/2**level, ...)
        decoded.append(x)
    # Small first weights: training starts at grey instead of at a saturated tanh.
    small = keras.initializers.RandomNormal(stddev=1e-3)
    x = layers.Conv2D(2, 3, padding="same", kernel_initializer=small, name="ab")(x)
    # From here on in float32 whatever the policy: half precision has too few colours.
    return layers.Activation("tanh", dtype="float32", name="ab_tanh")(x), decoded


def upsample_ab(ab):
    """Doubles height and width, in float32."""
    up = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="up_0")
    return up(ab)
