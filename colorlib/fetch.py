"""Where the files of a data set come from: mirror, cache, Kaggle, URL."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FLOWERS = ("", "")
DOGS = ("", "")


class DataError(OSError):
    """A data set that cannot be had, or is damaged; the message says what to do."""


@dataclass
class Found:
    paths: list = None
    items: list = None
    already_split: bool = False


def locate(name, part, source):
    """Finds a set, fetching it if need be."""
    root = Path(__file__).resolve().parent.parent
    if source[0] == "bundled":
        return Found(paths=[root / "data" / "samples" / part], already_split=True)
    mirror = os.environ.get("COLORLIB_MIRROR")
    if mirror:
        for ending in ("tar", "zip", "npz"):
            path = Path(mirror) / name / f"{part}.{ending}"
            if path.exists():
                if ending == "npz":
                    return Found(items=_read_npz(path, part), already_split=True)
                return Found(paths=[path], already_split=True)
    raise DataError(f"{name}: not found.")


def existing_path(name, known):
    path = Path(name).expanduser()
    if not path.exists():
        raise DataError(
            f"{name!r} is neither a data set ({', '.join(known)}) nor an existing "
            "folder, zip or tar file."
        )
    return path


def _read_npz(path, part):
    with np.load(path) as archive:
        header, scans = archive["header"].tobytes(), archive["scans"]
        offsets, labels = archive["offsets"], archive["labels"]
        class_names = [str(n) for n in archive["class_names"]]
    items = []
    for i, (start, stop) in enumerate(zip(offsets[:-1], offsets[1:])):
        category = class_names[labels[i]]
        data = header + scans[start:stop].tobytes() + b"\xff\xd9"
        items.append((f"{category}__{part}_{i:05d}", category, data))
    return items
