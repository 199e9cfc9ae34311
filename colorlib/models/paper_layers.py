"""The blocks that both networks of the pix2pix paper are made of."""

import keras
from keras import layers


def check_options(inputs, outputs, norm):
    """Raises `ValueError` if a number of channels or the kind of norm is wrong."""
    if inputs < 1 or outputs < 1 or norm not in ("batch", "instance"):
        raise ValueError(
            "inputs and outputs must be at least 1 and norm batch or instance, got "
            f"{inputs}, {outputs} and {norm!r}."
        )


def paper_layer(kind, width, kernel, strides, dtype, name, use_bias=False):
    """A convolution of `kind` with the paper's weights, N(0, 0.02), no bias."""
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


def pad(x, kernel, label, dtype):
    """A border of one pixel, as the paper's code has; none for a 1x1 kernel."""
    if kernel == 1:
        return x
    return layers.ZeroPadding2D(1, name=f"{label}_pad", dtype=dtype)(x)


def norm_layer(x, label, dtype, norm, momentum=0.9):
    """Batch normalisation, or with `norm` "instance" of each picture for itself."""
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


def down(x, width, label, dtype, strides, normalize, kernel=4):
    """The paper's C: convolution, `normalize` if not None, LeakyReLU of slope 0.2."""
    x = pad(x, kernel, label, dtype)
    x = paper_layer(layers.Conv2D, width, kernel, strides, dtype, label)(x)
    if normalize:
        x = normalize(x, label)
    return layers.LeakyReLU(0.2, name=f"{label}_relu", dtype=dtype)(x)


def up(x, width, label, dtype, dropout, normalize):
    """The paper's CD: transposed convolution, `normalize`, dropout if any, ReLU."""
    x = paper_layer(layers.Conv2DTranspose, width, 4, 2, dtype, label)(x)
    x = normalize(x, label)
    if dropout:
        x = layers.Dropout(dropout, name=f"{label}_dropout", dtype=dtype)(x)
    return layers.ReLU(name=f"{label}_relu", dtype=dtype)(x)
