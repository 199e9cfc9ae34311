"""Pairs of pictures for image-to-image translation: an input and its target.

The sets of the pix2pix paper keep a pair as one picture, two squares side by side. A
third kind, edges and photo, is made here from any photographs.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import keras
import numpy as np
from skimage.color import rgb2gray
from skimage.feature import canny

from colorlib.data import sources
from colorlib.data.archives import ARCHIVE_ERRORS, list_files
from colorlib.data.sets import PARTS, is_picture, load_pictures
from colorlib.data.splits import TEST_SHARE, VALIDATION_SHARE, held_out, stable_order
from colorlib.errors import PictureError
from colorlib.images.io import read_picture
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
EDGE_SIGMA = 1.5  # pixels; finer ones draw the grain of lawns and leaves


@dataclass
class Pairs:
    """Inputs and targets of one part of a set, all of one size.

    Attributes:
        inputs: uint8 array `(N, size, size, C)`, sRGB, or one channel for edges.
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

    def reversed(self):
        """The same pairs with input and target exchanged."""
        return replace(self, inputs=self.targets, targets=self.inputs)


def load_pairs(
    name, part="train", size=256, reverse=False, photos="samples", limit=None
):
    """Loads one part of a set of pairs.

    Args:
        name: "maps" (aerial photo to map), "facades" (photo to labels), "edges" (edges
            to photo), or the path of a folder, zip or tar of pictures that are two
            squares side by side, the input left. Folders `train` and `test` or `val`
            in it are the parts; without them names decide, as in `data.load_pictures`.
        part: "train", "validation" (10 % of the training part, by name) or "test".
        size: side of each square in pixels.
        reverse: whether to exchange input and target: map to aerial photo, labels to
            photo.
        photos: for "edges" the data set (or path) of the photographs.
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
    if name == "edges":
        found = load_pictures(photos, part, size, limit=limit)
        pairs = Pairs(draw_edges(found.rgb), found.rgb, found.names, found.bad)
    else:
        entries = stable_order(_entries(name, part))[:limit]
        if part != "test":
            held = held_out([e.name for e in entries], r"(.*)", VALIDATION_SHARE)
            wanted = part == "validation"
            entries = [e for e, h in zip(entries, held) if h == wanted]
        pairs = _decode(name, entries, int(size))
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


def scale(pictures):
    """Brings uint8 pictures to the networks' range: float32 in [-1, 1]."""
    return np.asarray(pictures, "float32") / 127.5 - 1.0


def unscale(values):
    """Brings values in [-1, 1] back to uint8 pictures; the others are clipped."""
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype("uint8")


class PairBatches(keras.utils.PyDataset):
    """Batches `(input, target)` of pairs, in an order fixed by seed and epoch.

    Input and target are cut and mirrored together, or they would no longer be a pair.

    Args:
        pairs: `data.pairs.Pairs` of side S.
        batch_size: pairs in a batch. In training the last, smaller batch of an epoch is
            left out.
        training: whether to shuffle, cut at random and mirror.
        crop: side of the squares in pixels, or None for the whole picture. The middle
            is cut where `training` is False.
        seed: of the random numbers.
        steps: batches in an epoch of training, or None for all pairs.

    Raises:
        ValueError: if the pairs do not fill one batch or `steps` batches, or the crop
            is larger than they are.
    """

    def __init__(
        self, pairs, batch_size=4, training=True, crop=None, seed=0, steps=None
    ):
        """See the class."""
        super().__init__()
        side = pairs.inputs.shape[1]
        full = len(pairs) // batch_size if training else -(-len(pairs) // batch_size)
        if full < 1 or (training and steps is not None and not 1 <= steps <= full):
            raise ValueError(
                f"{len(pairs)} pairs do not fill {steps or 1} batches of {batch_size}."
            )
        if crop is not None and crop > side:
            raise ValueError(f"a crop of {crop} does not fit into {side} pixels.")
        self.pairs, self.batch_size, self.training = pairs, batch_size, training
        self.crop, self.seed = crop or side, seed
        self.steps = steps if training and steps else full
        self.start_at(0)

    def __len__(self):
        """Number of batches left of the epoch that comes next."""
        return self.steps - self.first

    def __getitem__(self, index):
        """Batch `index`: two float32 arrays `(B, crop, crop, C)` in [-1, 1]."""
        index += self.first
        chosen = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return tuple(
            scale(np.stack([self._cut(all_of, *row) for row in self.rows[chosen]]))
            for all_of in (self.pairs.inputs, self.pairs.targets)
        )

    def _cut(self, pictures, i, top, left, mirror):
        piece = pictures[i, top : top + self.crop, left : left + self.crop]
        return piece[:, ::-1] if mirror else piece

    def on_epoch_end(self):
        """Draws the next epoch's order, squares and mirroring; Keras calls it."""
        self.start_at(self.epoch + 1)

    def start_at(self, epoch, first=0):
        """Makes `epoch` the one that comes next, from its batch `first` on."""
        self.epoch, self.first = epoch, first
        count, room = len(self.pairs), self.pairs.inputs.shape[1] - self.crop
        columns = [np.arange(count), *[np.full(count, room // 2)] * 2, np.zeros(count)]
        if self.training:
            random = np.random.default_rng([self.seed, epoch])
            corners = random.integers(0, room + 1, (2, count))
            columns = [random.permutation(count), *corners, random.random(count) < 0.5]
        self.rows = np.stack(columns, axis=1).astype(int)  # number, top, left, mirror


@dataclass(frozen=True)
class _Entry:
    name: str
    read: object  # without arguments: the bytes of a file


def _entries(name, part):
    """The wide pictures of a part (train and validation together)."""
    here = False
    if str(name) in PAIR_SETS:
        place = "test" if part == "test" else "train"
        found = sources.locate(str(name), place, PAIR_SETS[str(name)][2])
        paths, here = found.paths, found.already_split
    else:
        paths = [sources.existing_path(name, [*PAIR_SETS, "edges"])]
    entries = [
        _Entry(file, read)
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
    folders = {}
    for entry in entries:
        *_, folder, file = ["", *entry.name.split("/")]
        # Named alike in a folder and in its archive, so that the split is the same.
        folders.setdefault(folder, []).append(_Entry(f"{folder}/{file}", entry.read))
    if "train" not in folders:
        held = held_out([e.name for e in entries], r"(.*)", TEST_SHARE, "test")
        return [e for e, h in zip(entries, held) if h == (part == "test")]
    if part == "test":  # `maps` has `val` alone; the `val` of `facades` is not used
        return folders.get("test") or folders.get("val", [])
    return folders["train"]


def _decode(name, entries, size):
    def decode(entry):
        try:
            rgb = read_picture(entry.read()).rgb
        except (PictureError, OSError, *ARCHIVE_ERRORS) as error:
            return f"{entry.name}: {error}"
        height, width = rgb.shape[:2]
        if abs(width - 2 * height) > 2:
            return f"{entry.name}: {width} x {height} pixels are not two squares."
        halves = rgb[:, : width // 2], rgb[:, width - width // 2 :]
        return tuple(resize_rgb(half, size, size) for half in halves)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        decoded = list(pool.map(decode, entries))
    bad = [line for line in decoded if isinstance(line, str)]
    kept = [(e, d) for e, d in zip(entries, decoded) if not isinstance(d, str)]
    if entries and not kept:
        raise sources.DataError(
            f"{name}: none of {len(entries)} pictures is a pair: {bad[0]}"
        )
    empty = np.zeros((0, size, size, 3), "uint8")
    left, right = (
        np.stack([d[side] for _, d in kept]) if kept else empty for side in (0, 1)
    )
    return Pairs(left, right, [e.name for e, _ in kept], bad)
