"""Where the files of a data set come from: mirror, cache, Keras, Kaggle, a URL.

`locate` looks at the bundled samples or the mirror first, then fetches. A set is never
replaced by another one: what cannot be had is a `DataError` that says what to do.
"""

import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorlib.data import kaggle
from colorlib.data.archives import ARCHIVE_ERRORS
from colorlib.data.catalog import CIFAR10_NAMES, CIFAR100_NAMES, EVAL_FILES
from colorlib.data.comics import fetch_comics
from colorlib.data.download import (
    cache_folder,
    download,
    explain_error,
    is_there,
    redact_url,
)
from colorlib.data.repositories import fetch_pictures
from colorlib.errors import DataError
from colorlib.utils.paths import DATA, needs_checkout

SAMPLES = DATA / "samples"
# Sets that are built once, from a list in `data` and what is fetched for it.
_BUILT = {"repositories": fetch_pictures, "comics": fetch_comics}


@dataclass
class Located:
    """A data set, or one part of it, on this machine.

    Attributes:
        paths: folders, zips and tars of pictures, or None.
        items: `(name, category, picture)` triples instead of paths; a picture is the
            bytes of a file or a uint8 array `(H, W, 3)`.
        already_split: whether this is the asked part alone, not the whole set.
    """

    paths: list | None = None
    items: list | None = None
    already_split: bool = False


def locate(name, part, source):
    """Finds one part of a set, fetching it if need be.

    Args:
        name: name of the set.
        part: "train" or "test".
        source: as in `catalog.DataSet`.

    Returns:
        `Located`.

    Raises:
        DataError: if it cannot be had; the message says where it was looked for.
    """
    if source[0] == "bundled":
        if not (SAMPLES / part).is_dir():
            raise DataError(
                f"{name}: {SAMPLES / part} comes with the project and is missing. "
                + (needs_checkout("It is") or "Clone the project again.")
            )
        return Located(paths=[SAMPLES / part], already_split=True)
    if source[0] == "files" and part != "test":
        raise DataError(f"{name} is for tests only: ask for its test part.")
    mirror = os.environ.get("COLORLIB_MIRROR")
    if mirror:
        try:
            found = _in_mirror(mirror, name, part)
        except DataError as error:
            raise DataError(
                f"{name}, {part}: the mirror is of no use. {error}. Correct "
                "COLORLIB_MIRROR, or unset it to use the set's own source."
            ) from error
        if found:
            return found
    try:
        if source[0] == "keras":
            return Located(items=_keras_items(source[1], part), already_split=True)
        if source[0] == "kaggle":
            wanted = [(slug, _kaggle_path(name, slug)) for slug in source[1:]]
            return Located(paths=[kaggle.fetch_zip(*pair) for pair in wanted])
        if source[0] == "url":
            _, address, *checks = source
            return Located(paths=[download(address, _url_path(name, address), *checks)])
        if source[0] == "files":
            _, address, files = source
            folder = cache_folder() / name
            for file, sha256 in files.items():
                download(f"{address}/{file}", folder / file, sha256)
            return Located(paths=[folder], already_split=True)
        if source[0] in _BUILT:
            folder = _BUILT[source[0]](DATA / source[1], cache_folder() / name)
            return Located(paths=[folder / f"{part}.zip"], already_split=True)
        raise DataError("no public address is known; only a mirror can have it")
    except DataError as error:
        seen = f"{_shown(mirror)} does not have it" if mirror else "not set"
        raise DataError(
            f"{name}, {part}: the data cannot be had.\n"
            f"  mirror (COLORLIB_MIRROR): {seen}\n"
            f"  cache (COLORLIB_CACHE): not in {cache_folder() / name}\n"
            f"  source: {error}\n"
            "What to do: check the network and try again; or set COLORLIB_MIRROR to a "
            f"folder or URL that has {name}/{part}.tar; or use the bundled set "
            "'samples', or the path of a folder, zip or tar of pictures of your own."
        ) from error


def existing_path(name, known):
    """The path of a set that is not one of the known names.

    Raises:
        DataError: if there is no such path.
    """
    path = Path(name).expanduser()
    if not str(name) or not path.exists():
        close = difflib.get_close_matches(str(name), known, 1)
        raise DataError(
            f"{str(name)!r} is neither a data set ({', '.join(known)}) nor an existing "
            "folder, zip or tar file."
            + (f" Did you mean {close[0]!r}?" if close else "")
        )
    return path


def present(name, source):
    """Returns where a set is on this machine; asks no server.

    Args:
        name: name of the set.
        source: as in `catalog.DataSet`.

    Returns:
        "bundled", "mirror", "cache", or "" where it would have to be fetched.
    """
    if source[0] == "bundled":
        return "bundled" if (SAMPLES / "test").is_dir() else ""
    mirror = os.environ.get("COLORLIB_MIRROR")
    if mirror:
        root = _mirror_root(mirror)
        parts = ("train", "test", None)
        files = [file for part in parts for file in _mirror_names(name, part)]
        if any((root / file).is_file() for file in files):
            return "mirror"
        if not _is_url(mirror) and (root / name).is_dir():
            return "mirror"
    if source[0] == "keras":
        home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
        kind = source[1].replace("cifar", "cifar-")
        extracted = (home / "datasets").glob(f"{kind}-*-target/*/test*")
        return "cache" if any(extracted) else ""
    elif source[0] == "kaggle":
        needed = [_kaggle_path(name, slug) for slug in source[1:]]
    elif source[0] == "url":
        needed = [_url_path(name, source[1])]
    elif source[0] in _BUILT:
        needed = [cache_folder() / name / f"{part}.zip" for part in ("train", "test")]
    elif source[0] == "files":
        needed = [cache_folder() / name / file for file in source[2]]
    else:
        return ""
    return "cache" if all(path.exists() for path in needed) else ""


def _is_url(mirror):
    return re.match(r"https?://", mirror) is not None


def _mirror_root(mirror):
    if _is_url(mirror):
        key = hashlib.sha256(mirror.rstrip("/").encode()).hexdigest()[:8]
        return cache_folder() / f"mirror-{key}"
    return Path(mirror).expanduser()


def _mirror_names(name, part=None):
    if part is None:
        return [name + ending for ending in (".tar", ".tgz", ".zip")]
    files = [f"{name}/{part}{ending}" for ending in (".tar", ".zip", ".npz")]
    return (
        files + [EVAL_FILES[name]] if part == "test" and name in EVAL_FILES else files
    )


def _shown(mirror):
    return redact_url(mirror) if _is_url(mirror) else mirror


def _in_mirror(mirror, name, part):
    """What the mirror has of a set, as `Located`, or None.

    All of it is looked at before anything is downloaded.
    """
    root, is_url = _mirror_root(mirror), _is_url(mirror)
    if not is_url and not root.is_dir():
        raise DataError(
            f"{redact_url(mirror)!r} is neither a folder nor an http(s) address"
        )

    def address(file):
        return f"{mirror.rstrip('/')}/{file}"

    def first(names):
        for file in sorted(names, key=lambda file: not (root / file).is_file()):
            if (root / file).is_file() or (is_url and is_there(address(file))):
                return file
        return None

    file = first(_mirror_names(name, part))
    whole = None if file else first(_mirror_names(name))
    other = "train" if part == "test" else "test"
    if not file and first(_mirror_names(name, other)):
        raise DataError(
            f"{_shown(mirror)} has the {other} part but no {part} part "
            f"({', '.join(_mirror_names(name, part))})"
        )
    if not file and not whole:
        folder = root / name
        return None if is_url or not folder.is_dir() else Located(paths=[folder])
    path = root / (file or whole)
    if not path.is_file():
        download(address(file or whole), path)
    if path.suffix == ".npz":
        return Located(items=_read_npz(path, part), already_split=True)
    return Located(paths=[path], already_split=bool(file))


def _read_npz(path, part):
    """Reads JPEGs that share one header, as the mirror keeps CIFAR-10."""
    try:
        with np.load(path) as archive:
            header, scans = archive["header"].tobytes(), archive["scans"]
            offsets, labels = archive["offsets"], archive["labels"]
            class_names = [str(n) for n in archive["class_names"]]
    except (*ARCHIVE_ERRORS, KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged or no set of pictures ({error}).") from None
    items = []
    for i, (start, stop) in enumerate(zip(offsets[:-1], offsets[1:])):
        category = class_names[labels[i]]
        data = header + scans[start:stop].tobytes() + b"\xff\xd9"
        items.append((f"{category}__{part}_{i:05d}", category, data))
    return items


def _keras_items(kind, part):
    import keras

    try:
        train, test = getattr(keras.datasets, kind).load_data()
    except Exception as error:  # Keras raises plain Exception for network trouble
        raise DataError(
            f"keras.datasets.{kind} failed ({explain_error(error)}). If its files are "
            f"damaged, delete {kind.replace('cifar', 'cifar-')}-* in ~/.keras/datasets"
        ) from error
    rgb, labels = train if part == "train" else test
    class_names = CIFAR10_NAMES if kind == "cifar10" else CIFAR100_NAMES
    if rgb.shape[1] == 3:  # (N, 3, 32, 32) where Keras is set to channels first
        rgb = rgb.transpose(0, 2, 3, 1)
    categories = [class_names[label] for label in labels.ravel()]
    return [
        (f"{category}__{part}_{i:05d}", category, picture)
        for i, (category, picture) in enumerate(zip(categories, rgb))
    ]


def _url_path(name, address):
    return cache_folder() / name / address.rsplit("/", 1)[-1]


def _kaggle_path(name, slug):
    return cache_folder() / name / (slug.replace("/", "__") + ".zip")
