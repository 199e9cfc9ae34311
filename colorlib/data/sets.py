"""Data sets of colour pictures: find, read, split and batch them.

Every set answers to one call, `load_pictures(name, part, size)`. Where the files
come from (a mirror, the bundled samples, Kaggle, a URL, a folder of yours) is the
business of `colorlib.data.sources`.
"""

import contextlib
import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorlib.data import sources
from colorlib.data.archives import ARCHIVE_ERRORS, list_files
from colorlib.data.catalog import BREEDS, DATA_SETS, KNOWN_DUPLICATES, LIKE_TEST
from colorlib.data.splits import TEST_SHARE, VALIDATION_SHARE, held_out, stable_order
from colorlib.errors import PictureError
from colorlib.images.resize import resize_rgb, square_thumbnail
from colorlib.images.write import EXTENSIONS
from colorlib.lab import rgb8_to_lab, scale_ab, scale_L

PARTS = ("train", "validation", "test")
# Below this mean Lab chroma a picture is grey to the eye and teaches not to colour.
MIN_CHROMA = 4.0


@dataclass
class Pictures:
    """Pictures of one part of a data set, all of one size.

    Attributes:
        rgb: uint8 array `(N, size, size, 3)`, sRGB.
        names: N names, unique inside the set, in a fixed random-looking order.
        categories: N category names ("" where the set has none).
        counts: how many were `read`, and left out as `grey` or `bad`.
        bad: the reasons of the bad ones, a line each.
        joined: how many pictures came from each of the sets joined, in their order.
    """

    rgb: np.ndarray
    names: list
    categories: list
    counts: Counter = field(default_factory=Counter)
    bad: list = field(default_factory=list)
    joined: tuple = ()

    def __len__(self):
        """Number of pictures."""
        return len(self.names)

    def L(self) -> np.ndarray:
        """Network input: float32 `(N, size, size, 1)`, L / 50 - 1 in [-1, 1]."""
        return scale_L(rgb8_to_lab(self.rgb)[..., :1])

    def ab(self) -> np.ndarray:
        """Network target: float32 `(N, size, size, 2)`, ab / 128 in [-0.85, 0.77]."""
        return scale_ab(rgb8_to_lab(self.rgb)[..., 1:])

    def describe(self) -> str:
        """One line: how many pictures, and what was left out."""
        kinds = Counter(self.categories)
        line = f"{len(self)} pictures"
        if self.rgb.size:
            line += f" of {self.rgb.shape[1]} x {self.rgb.shape[2]} pixels"
        if set(kinds) != {""}:
            line += f" in {len(kinds)} categories"
        grey, bad = self.counts["grey"], self.counts["bad"]
        return f"{line} ({grey} grey and {bad} unreadable left out)"


def load_pictures(
    name: str | Path,
    part: str = "train",
    size: int = 64,
    categories: list | None = None,
    limit: int | None = None,
    min_chroma: float = MIN_CHROMA,
) -> Pictures:
    """Loads one part of a data set.

    The split depends on the names alone: it is the same on every machine, and the
    three parts share no picture (nor two pieces of one photograph); a picture that
    your own data have under several names goes into one part. Validation is
    10 % of the training part. A set that comes with a test part keeps it, but for the
    pictures `KNOWN_DUPLICATES`, and trains without those of `LIKE_TEST`.

    Args:
        name: a key of `DATA_SETS`, or the path of a folder, zip or tar of pictures
            (sub-folders, or the part of a file name before `__`, are categories).
        part: "train", "validation" or "test"; "all" is the three together.
        size: side in pixels; the middle square of each picture is resized to it.
        categories: names to keep, or None for all.
        limit: at most this many pictures; for "train" and "validation" it counts
            both together, so that `limit=3000` is 2,700 and 300.
        min_chroma: pictures of smaller mean Lab chroma are left out and counted; 0
            keeps all.

    Returns:
        `Pictures`.

    Raises:
        ValueError: if `part`, `size`, `limit` or a category is out of range.
        errors.DataError: if the set is unknown, damaged or cannot be had; the message
            says where it was looked for and what to do.

    Example:
        >>> from colorlib.data import load_pictures
        >>> pictures = load_pictures("samples", "test", size=32, limit=3)
        >>> pictures.rgb.shape, str(pictures.rgb.dtype), pictures.L().shape
        ((3, 32, 32, 3), 'uint8', (3, 32, 32, 1))
    """
    if part not in (*PARTS, "all"):
        raise ValueError(f"part must be {', '.join(PARTS)} or all, got {part!r}.")
    if not 8 <= int(size) <= 4096:
        raise ValueError(f"size must be 8 to 4096 pixels, got {size!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit!r}.")
    entries, group = _entries(name, part)
    if part != "all":
        left_out = KNOWN_DUPLICATES if part == "test" else LIKE_TEST
        entries = [e for e in entries if not e.name.endswith(left_out)]
    if categories is not None:
        known = sorted({entry.category for entry in entries})
        unknown = sorted(set(categories) - set(known))
        if unknown:
            raise ValueError(
                f"{name} has no category {', '.join(unknown)}; "
                f"it has {', '.join(known)}."
            )
        entries = [entry for entry in entries if entry.category in set(categories)]
    entries = stable_order(entries)[:limit]
    if part in ("train", "validation"):
        names = [entry.split_by or entry.name for entry in entries]
        validation = held_out(names, group, VALIDATION_SHARE)
        wanted = part == "validation"
        entries = [e for e, held in zip(entries, validation) if held == wanted]
    return decode(name, entries, int(size), min_chroma)


def read_files(name: str | Path, part: str = "test") -> dict:
    """Reads the files of one part of a data set as they are, grey ones too.

    Args:
        name: as for `load_pictures`.
        part: "train" (validation with it), "test" or "all".

    Returns:
        Dict from name to the bytes of the file, in the set's fixed order.

    Raises:
        ValueError: if the set is one of arrays, not of files.
        errors.DataError: if the set is unknown, damaged or cannot be had.
    """
    files = {e.name: e.read() for e in stable_order(_entries(name, part)[0])}
    if any(isinstance(data, np.ndarray) for data in files.values()):
        raise ValueError(f"{name} has no files; load_pictures gives its pictures.")
    return files


def describe_sets() -> str:
    """One line a data set: its name, whether it is here, its title and source."""
    lines = []
    for name, spec in DATA_SETS.items():
        where = sources.present(name, spec.source)
        kind, *details = spec.source
        absent = "needs a mirror" if kind == "mirror" else "to be fetched"
        state = f"here ({where})" if where else absent
        details = ", ".join(d for d in details if "/" in str(d))
        lines.append(f"{name:12}{state:16}{spec.title}; {kind} {details}".rstrip())
    return "\n".join(lines)


def check_some(pictures, name: str | Path, part: str):
    """Makes sure that there is a picture.

    Args:
        pictures: `Pictures`, or `data.pairs.Pairs`.
        name: of their set, for the message.
        part: of the set.

    Raises:
        errors.DataError: if there is none.
    """
    if not len(pictures):
        raise sources.DataError(
            f"{name}: no picture in its part {part!r}. Add pictures, or take another "
            "part (train, validation, test, or all)."
        )


def concatenate(parts: list) -> Pictures:
    """Joins several `Pictures` of one size into one.

    Raises:
        ValueError: if there are none, or their sizes differ.
    """
    parts = list(parts)
    shapes = {p.rgb.shape[1:] for p in parts}
    if len(shapes) != 1:
        raise ValueError(f"pictures of one size are needed, got {sorted(shapes)}.")
    return Pictures(
        np.concatenate([p.rgb for p in parts]),
        [n for p in parts for n in p.names],
        [c for p in parts for c in p.categories],
        sum((p.counts for p in parts), Counter()),
        [line for p in parts for line in p.bad],
        tuple(len(p) for p in parts),
    )


@dataclass(frozen=True)
class Entry:
    """A picture of a set that is not read yet.

    Attributes:
        name: unique inside the set.
        category: "" where the set has none.
        read: function without arguments: the bytes of a file, or an RGB array.
        split_by: the name that decides its part, if that is not its own.
    """

    name: str
    category: str
    read: Callable
    split_by: str = ""


def _entries(name, part):
    """The pictures of a part (train and validation together), and their grouping."""
    if part == "all" and str(name) in DATA_SETS:
        pieces = [_entries(name, piece) for piece in ("train", "test")]
        return [e for entries, _ in pieces for e in entries], pieces[0][1]
    if str(name) not in DATA_SETS:
        path = sources.existing_path(name, DATA_SETS)
        entries = joined_twins(_split_by_place(_file_entries(path)))
        group, split_here = r"(.*)", True
    else:
        spec = DATA_SETS[str(name)]
        place = "test" if part == "test" else "train"
        found = sources.locate(str(name), place, spec.source)
        group, split_here = spec.group, not found.already_split
        if found.items is not None:
            entries = [Entry(n, c, partial(_given, x)) for n, c, x in found.items]
        else:
            entries = []
            for path in found.paths:
                prefix = f"{path.stem}/" if path.is_file() else ""
                entries += _file_entries(path, prefix)
    if not entries:
        raise sources.DataError(
            f"{name}: no picture found (looked for {', '.join(EXTENSIONS)})."
        )
    if split_here and part != "all":
        names = [entry.split_by or entry.name for entry in entries]
        held = held_out(names, group, TEST_SHARE, "test")
        entries = [e for e, h in zip(entries, held) if h == (part == "test")]
    return entries, group


def _file_entries(path, prefix=None):
    """The pictures of a folder, zip or tar.

    Args:
        path: the folder or file.
        prefix: goes before the names; None drops an archive's own top folder instead,
            so that a folder and its zip have the same names, thus the same split.
    """
    found = list_files(path, is_picture)
    if prefix is None:
        prefix = ""
        top = f"{Path(path).name.split('.')[0]}/"
        found = [(name.removeprefix("./"), read) for name, read in found]
        if Path(path).is_file() and all(name.startswith(top) for name, _ in found):
            found = [(name.removeprefix(top), read) for name, read in found]
    return [Entry(prefix + name, _category(name), read) for name, read in found]


def _split_by_place(entries):
    """Lets the places in a set decide the parts, however its copy is called.

    The folder that an archive was packed with is left out; so is the difference between
    the two ways in which Unicode spells an umlaut.
    """
    inside = without_shared_folder([entry.name for entry in entries])
    return [
        replace(entry, split_by=unicodedata.normalize("NFC", name))
        for entry, name in zip(entries, inside)
    ]


def without_shared_folder(names):
    """The names of files without the folders, if any, that all of them lie in."""
    folders = [name.split("/")[:-1] for name in names]
    shared = len(os.path.commonprefix(folders))
    return ["/".join(name.split("/")[shared:]) for name in names]


def joined_twins(entries):
    """Sends the same picture under several names into one part, by the first name.

    Args:
        entries: list of `Entry` that read files.

    Returns:
        List of them, sorted by name, those of equal files with one `split_by`.
    """
    sizes = Counter(entry.read.size for entry in entries)
    first, joined = {}, []
    for entry in sorted(entries, key=lambda e: e.split_by or e.name):
        if sizes[entry.read.size] > 1:  # only these can be equal: read them
            with contextlib.suppress(OSError, *ARCHIVE_ERRORS):
                digest = hashlib.sha256(entry.read()).digest()
                split_by = first.setdefault(digest, entry.split_by or entry.name)
                entry = replace(entry, split_by=split_by)
        joined.append(entry)
    return joined


def _given(value):
    return value


def is_picture(name: str) -> bool:
    """Whether a file's name in a folder or archive is that of a picture.

    Hidden ones, those in hidden folders (copies of a notebook or a viewer) and what a
    Mac puts into archives are no data.
    """
    parts = name.lower().split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return parts[-1].endswith(EXTENSIONS) and not hidden and "__macosx" not in parts


def _category(name):
    folder, _, file = name.rpartition("/")
    if "__" in file:
        return file.split("__", 1)[0]
    folder = folder.rsplit("/", 1)[-1]
    return BREEDS.get(folder, folder)


def decode(name, entries, size, min_chroma, read=square_thumbnail):
    """Reads and decodes pictures, by several threads.

    Args:
        name: of the set, for messages.
        entries: list of `Entry`.
        size: side in pixels.
        min_chroma: see `load_pictures`.
        read: function of a file's bytes and `size`; returns uint8 `(size, W, 3)`.

    Returns:
        `Pictures`.

    Raises:
        errors.DataError: if there are pictures and none is fit.
    """

    def picture_of(entry):
        try:
            data = entry.read()
            if isinstance(data, np.ndarray):
                return data if len(data) == size else resize_rgb(data, size, size)
            return read(data, size)
        except (PictureError, OSError, *ARCHIVE_ERRORS) as error:
            return f"{entry.name}: {error}"

    chunks = []
    counts, bad, kept = Counter(read=len(entries)), [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(picture_of, entries)
        progress = tqdm(found, name, len(entries), False, delay=2, mininterval=1)
        for entry, picture in zip(entries, progress):
            if isinstance(picture, str):
                bad.append(picture)
            elif min_chroma > 0 and _chroma(picture) < min_chroma:
                counts["grey"] += 1
            else:
                chunks.append(picture)
                kept.append(entry)
    counts["bad"] = len(bad)
    if entries and not kept:
        reason = bad[0] if bad else f"all are grey (mean chroma below {min_chroma:g})"
        raise sources.DataError(
            f"{name}: none of {len(entries)} pictures is fit: {reason}."
        )
    rgb = np.stack(chunks) if chunks else np.zeros((0, size, size, 3), "uint8")
    names = [e.name for e in kept]
    return Pictures(rgb, names, [e.category for e in kept], counts, bad)


def _chroma(rgb):
    step = max(1, len(rgb) // 64)
    ab = rgb8_to_lab(rgb[::step, ::step])[..., 1:]
    return float(np.sqrt((ab**2).sum(axis=-1)).mean())
