"""Pairs of pictures for image-to-image translation: an input and its target.

The sets of the pix2pix paper keep a pair as one picture, two squares side by side. Two
more kinds are made here from any pictures: edges and photo, ink and colour.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from skimage.color import rgb2gray
from skimage.feature import canny

from colorlib.data import sources
from colorlib.data.archives import list_files
from colorlib.data.ink import draw_ink
from colorlib.data.sets import (
    PARTS,
    Entry,
    decode,
    is_picture,
    joined_twins,
    load_pictures,
    without_shared_folder,
)
from colorlib.data.splits import TEST_SHARE, VALIDATION_SHARE, held_out, stable_order
from colorlib.errors import PictureError
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_rgb

_AUTHORS = "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/"
# Name: what the left and the right square are; the source, as in `catalog.DataSet`.
# Neighbouring tiles of `maps` overlap, so that a validation tile may show a place of
# the training; the test tiles are from another part of the city (the paper, section
# 6.2), with a strip between.
PAIR_SETS = {
    "maps": (
        "aerial photo",
        "map",
        ("url", _AUTHORS + "maps.tar.gz", None, 250_242_400),
    ),
    "facades": (
        "photo",
        "labels",
        ("url", _AUTHORS + "facades.tar.gz", None, 30_168_306),
    ),
}
_FOLDERS = ("train", "test", "val")  # whose names say what part is in them
EDGE_SIGMA = 1.5  # pixels; finer ones draw the grain of lawns and leaves


@dataclass
class Pairs:
    """Inputs and targets of one part of a set, all of one size.

    Attributes:
        inputs: uint8 array `(N, size, size, C)`, sRGB, or one channel for drawings.
        targets: uint8 array `(N, size, size, C)`, the same.
        names: N names, unique inside the set, in a fixed random-looking order.
        bad: why pictures were left out, a line each.
    """

    inputs: np.ndarray
    targets: np.ndarray
    names: list
    bad: list = field(default_factory=list)

    def __len__(self):
        """Number of pairs."""
        return len(self.names)

    def describe(self):
        """One line: how many pairs, and what was left out."""
        return f"{len(self)} pairs ({len(self.bad)} unreadable left out)"

    def reversed(self):
        """The same pairs with input and target exchanged."""
        return replace(self, inputs=self.targets, targets=self.inputs)


def load_pairs(
    name, part="train", size=256, reverse=False, photos="samples", limit=None
):
    """Loads one part of a set of pairs.

    Args:
        name: "maps" (aerial photo to map), "facades" (photo to labels), "edges" (edges
            to photo), "ink" (ink to colour), or the path of a folder, zip or tar of
            pictures that are two squares side by side, the input left. Folders `train`
            and `test` or `val` in it, with all folders in them, are the parts; without
            them names decide, as in `data.load_pictures`.
        part: "train", "validation" (10 % of the training part, by name) or "test".
        size: side of each square in pixels.
        reverse: whether to exchange input and target: map to aerial photo, labels to
            photo.
        photos: for "edges" and "ink" the data set (or path) of the pictures drawn.
        limit: at most this many pairs; for "train" and "validation" it counts both
            together.

    Returns:
        `Pairs`.

    Raises:
        ValueError: if `part`, `size` or `limit` is out of range.
        errors.DataError: if the set is unknown, damaged or cannot be had.

    Reference:
        Isola et al. 2017 (arXiv 1611.07004), section 6.2. The paper's edges come from a
        network (HED), ours from Canny's filter.
    """
    if part not in PARTS:
        raise ValueError(f"part must be {', '.join(PARTS)}, got {part!r}.")
    if not 8 <= int(size) <= 4096:
        raise ValueError(f"size must be 8 to 4096 pixels, got {size!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit!r}.")
    if name in DRAWINGS:
        found = load_pictures(photos, part, size, limit=limit)
        drawn = DRAWINGS[name](found.rgb)
        pairs = Pairs(drawn, found.rgb, found.names, found.bad)
    else:
        entries = stable_order(_entries(name, part))[:limit]
        if part != "test":
            names = [entry.split_by or entry.name for entry in entries]
            held = held_out(names, r"(.*)", VALIDATION_SHARE)
            wanted = part == "validation"
            entries = [e for e, h in zip(entries, held) if h == wanted]
        found = decode(name, entries, int(size), 0, _two_squares)
        left, right = found.rgb[:, :, :size], found.rgb[:, :, -size:]
        pairs = Pairs(left, right, found.names, found.bad)
    return pairs.reversed() if reverse else pairs


def draw_edges(rgb, sigma=EDGE_SIGMA):
    """Draws the edges of photographs as black lines on white.

    Args:
        rgb: uint8 array `(N, H, W, 3)`, sRGB.
        sigma: how far the picture is blurred first, in pixels.

    Returns:
        uint8 array `(N, H, W, 1)`, 0 on an edge and 255 elsewhere.

    Reference:
        Canny 1986, A computational approach to edge detection; scikit-image's
        implementation.
    """

    def draw(picture):
        lines = canny(rgb2gray(picture), sigma)
        return np.where(lines, 0, 255).astype("uint8")[..., None]

    if not len(rgb):
        return np.zeros((*rgb.shape[:3], 1), "uint8")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(draw, rgb)))


# Pairs that are made: how the input is drawn from the target.
DRAWINGS = {"edges": draw_edges, "ink": draw_ink}


def as_rgb(pictures):
    """Pictures of one channel as three equal ones; of three, unchanged."""
    repeats = 3 if pictures.shape[-1] == 1 else 1
    return np.repeat(pictures, repeats, axis=-1)


def scale(pictures):
    """Brings uint8 pictures to the networks' range: float32 in [-1, 1]."""
    return np.asarray(pictures, "float32") / 127.5 - 1.0


def unscale(values):
    """Brings values in [-1, 1] back to uint8 pictures; the others are clipped."""
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype("uint8")


def _entries(name, part):
    """The wide pictures of a part (train and validation together)."""
    here = False
    if str(name) in PAIR_SETS:
        place = "test" if part == "test" else "train"
        found = sources.locate(str(name), place, PAIR_SETS[str(name)][2])
        paths, here = found.paths, found.already_split
    else:
        paths = [sources.existing_path(name, [*PAIR_SETS, *DRAWINGS])]
    entries = [
        Entry(file, "", read)
        for path in paths
        for file, read in list_files(path, is_picture)
    ]
    if not here:
        entries = _part_of(entries, part)
    if not entries:
        raise sources.DataError(f"{name}, {part}: no picture found.")
    return entries


def _part_of(entries, part):
    """The part of a set that came whole, by its folders or else by names."""
    # Named alike in a folder and in its archive, so that the split is the same.
    names = [entry.name for entry in entries]
    inside = without_shared_folder(names)
    # Where all of them lie in `train`, that is the folder that they share.
    places = [_place(name) for name in inside]
    if not any(given for given, _ in places):
        places = [_place(name) for name in names]
    folders = {}
    for (given, name), entry in zip(places, entries):
        folders.setdefault(given, []).append(Entry(f"{given}/{name}", "", entry.read))
    if "train" not in folders:
        entries = [Entry(name, "", e.read) for name, e in zip(inside, entries)]
        entries = joined_twins(entries)
        names = [entry.split_by or entry.name for entry in entries]
        held = held_out(names, r"(.*)", TEST_SHARE, "test")
        return [e for e, h in zip(entries, held) if h == (part == "test")]
    if part == "test":  # `maps` has `val` alone; the `val` of `facades` is not used
        return folders.get("test") or folders.get("val", [])
    return folders["train"]


def _place(name):
    """Which part's folder a file lies in, or "", and its name in there."""
    *folders, _ = name.lower().split("/")
    given = next((folder for folder in folders if folder in _FOLDERS), "")
    start = folders.index(given) + 1 if given else 0
    return given, "/".join(name.split("/")[start:])


def _two_squares(data, size):
    """Reads a picture of two squares side by side: uint8 `(size, 2 size, 3)`."""
    rgb = read_picture(data).rgb
    height, width = rgb.shape[:2]
    if abs(width - 2 * height) > 2:
        raise PictureError(f"{width} x {height} pixels are not two squares.")
    halves = rgb[:, : width // 2], rgb[:, width - width // 2 :]
    return np.hstack([resize_rgb(half, size, size) for half in halves])
