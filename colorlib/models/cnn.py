"""The convolutional network of week 3: L in, ab out, for any height and width."""

import keras
from keras import layers


def build_baseline_cnn(
    filters: int = 32, dropout: float = 0.3, name: str = "baseline_cnn"
) -> keras.Model:
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
        return conv_relu(x, filters * factor, 3, label, strides)

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


def conv_relu(x, width, kernel, label, strides=1):
    """A convolution and a ReLU, to `(B, H / strides, W / strides, width)`."""
    options = dict(padding="same", activation="relu", kernel_initializer="he_normal")
    return layers.Conv2D(width, kernel, strides, name=label, **options)(x)
