"""Where the files of a data set come from: mirror, cache, Keras, Kaggle, a URL.

`locate` looks at the bundled samples or the mirror first, then fetches. What is not
complete and checked never stands under its final name, and nothing is ever replaced
by another data set: what cannot be had is a `DataError` that says what to do.
"""

import contextlib
import difflib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tarfile
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "samples"
# Address, SHA-256 and bytes; None where no two public sources agree on a checksum.
FLOWERS = (
    "https://storage.googleapis.com/download.tensorflow.org/example_images/"
    "flower_photos.tgz",
    "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    228_813_984,
)
DOGS = ("https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz", None, None)
CIFAR10_NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()
CIFAR100_NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach
couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster
house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road
rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel
streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
trout tulip turtle wardrobe whale willow_tree wolf woman worm
""".split()
KAGGLE_VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
RETRIES = 4  # connection drops in a row that bring nothing new
BACKOFF = 0.5  # seconds before the first retry; doubled each time
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces


class DataError(OSError):
    """A data set that cannot be had, or is damaged; the message says what to do."""


class _Absent(DataError):
    """The server answers that there is no such file."""


@dataclass
class Found:
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
        source: as in `data.DataSet`.

    Returns:
        `Found`.

    Raises:
        DataError: if it cannot be had; the message says where it was looked for.
    """
    if source[0] == "bundled":
        if not (SAMPLES / part).is_dir():
            raise DataError(
                f"{name}: {SAMPLES / part} comes with the project and is missing. "
                "Clone the project again."
            )
        return Found(paths=[SAMPLES / part], already_split=True)
    mirror = os.environ.get("COLORLIB_MIRROR")
    if mirror and (found := _in_mirror(mirror, name, part)):
        return found
    try:
        if source[0] == "keras":
            return Found(items=_keras_items(source[1], part), already_split=True)
        if source[0] == "kaggle":
            return Found(paths=[_kaggle_zip(name, slug) for slug in source[1:]])
        if source[0] == "url":
            _, address, *checks = source
            return Found(paths=[download(address, _url_path(name, address), *checks)])
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


def cache_folder():
    """Where fetched files are kept: `COLORLIB_CACHE`, or `data/cache`."""
    folder = os.environ.get("COLORLIB_CACHE")
    return Path(folder).expanduser() if folder else ROOT / "data" / "cache"


def present(name, source):
    """Tells, without any network, where a set is on this machine.

    Returns:
        "bundled", "mirror", "cache", or "" where it would have to be fetched.
    """
    if source[0] == "bundled":
        return "bundled" if SAMPLES.is_dir() else ""
    mirror = os.environ.get("COLORLIB_MIRROR")
    if mirror:
        root = _mirror_root(mirror)
        files = _mirror_names(name, "train") + _mirror_names(name)
        if any((root / file).is_file() for file in files):
            return "mirror"
        if not _is_url(mirror) and (root / name).is_dir():
            return "mirror"
    if source[0] == "keras":
        home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
        kind = source[1].replace("cifar", "cifar-") + "-*"
        needed = list((home / "datasets").glob(kind))[:1] or [home / "missing"]
    elif source[0] == "kaggle":
        needed = [_kaggle_path(name, slug) for slug in source[1:]]
    elif source[0] == "url":
        needed = [_url_path(name, source[1])]
    else:
        return ""
    return "cache" if all(path.exists() for path in needed) else ""


def download(url, path, sha256=None, size=None):
    """Downloads a file; what was interrupted goes on where it stopped.

    The bytes go to `<path>.part` and get their final name only when their number, and
    the hash (or, without one, the archive itself), have been checked.

    Args:
        url: an http or https address.
        path: where to put the file. A complete file that is there already is kept.
        sha256: the expected hash in hexadecimal, or None.
        size: the expected number of bytes, or None.

    Returns:
        The path, as a `Path`.

    Raises:
        DataError: if the file cannot be had whole; the message says why.
    """
    import requests
    import urllib3

    path = Path(path)
    if path.is_file() and size in (None, path.stat().st_size):
        return path
    part = path.with_name(path.name + ".part")
    drops = most = 0
    try:
        while True:
            try:
                _transfer(url, part, sha256, size)
                break
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                have = part.stat().st_size if part.exists() else 0
                drops, most = (1, have) if have > most else (drops + 1, most)
                if drops > RETRIES:
                    raise DataError(
                        f"{_shown(url)} cannot be fetched: {_reason(error)}. What came "
                        "is kept; the next try goes on from there."
                    ) from None
                time.sleep(BACKOFF * 2 ** (drops - 1))
        try:
            _check_content(part, path.name, sha256)
        except DataError as error:
            _discard(part)
            raise DataError(f"{_shown(url)}: {error} It was deleted.") from None
        os.replace(part, path)
        _discard(part)
    except DataError:
        raise
    except OSError as error:
        raise DataError(
            f"{_shown(url)} cannot be stored in {path.parent}: {error.strerror}. Free "
            "the disk or the rights there, or set COLORLIB_CACHE to another folder."
        ) from error
    return path


def check_archive(path, name=None):
    """Reads a zip, npz or tar from end to end.

    Args:
        path: the file.
        name: its final name, if that is not the path's; other endings are not read.

    Raises:
        DataError: if it is damaged, truncated or no such archive.
    """
    name = name or Path(path).name
    try:
        if name.endswith((".zip", ".npz")):
            with zipfile.ZipFile(path) as archive:
                bad = archive.testzip()
            if bad:
                raise DataError(f"{name} is damaged at {bad}.")
        elif name.endswith((".tar", ".tgz", ".tar.gz")):
            with tarfile.open(path) as archive:
                for _ in archive:
                    pass
                check_tar_end(archive, name)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(
            f"{name} is truncated, damaged or not an archive ({error})."
        ) from None


def check_tar_end(archive, name):
    """Checks that a tar, just read to its last member, has its closing zeros.

    `tarfile` takes a file that was cut between two members for a complete one.
    """
    if archive.fileobj.tell() <= archive.offset:
        raise DataError(f"{name} is truncated: the end of the tar is missing.")


def _transfer(url, part, sha256, size):
    """Fetches what is missing of `part`; raises a requests error to be tried again."""
    import requests

    note = part.with_name(part.name + ".json")
    have, known = 0, _read_note(note)
    if known.get("url") == url and known.get("validator") and part.is_file():
        have = part.stat().st_size
        if have == known.get("total"):
            return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known["validator"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        _check_status(response, part, url)
        etag = response.headers.get("ETag", "W/")
        validator = response.headers.get("Last-Modified")
        validator = validator if etag.startswith("W/") else etag
        total = response.headers.get("Content-Length")
        if response.status_code == 206:
            said = re.match(
                r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", "")
            )
            if not said or int(said[1]) != have or validator != known["validator"]:
                _discard(part)
                raise requests.ConnectionError("it sent another piece than asked for")
            total = said[2]
        else:
            have = 0
        total = int(total) if total else size
        if size not in (None, total):
            raise DataError(
                f"{_shown(url)} has {total} bytes, expected {size}: the file there is "
                "not the one that this course knows."
            )
        chunked = response.headers.get("Transfer-Encoding") == "chunked"
        if total is None and sha256 is None and not chunked:
            raise DataError(f"{_shown(url)} does not say how many bytes it has.")
        part.parent.mkdir(parents=True, exist_ok=True)
        if not have:
            _discard(part)
            note.write_text(
                json.dumps({"url": url, "validator": validator, "total": total})
            )
        with (
            open(part, "ab" if have else "wb") as file,
            tqdm(
                total=total,
                initial=have,
                desc=part.stem,
                unit="B",
                unit_scale=True,
                delay=2,
                leave=False,
            ) as bar,
        ):
            # Raw: a server may call a .tgz "gzip encoded", it has to stay packed.
            for piece in response.raw.stream(1 << 18, decode_content=False):
                file.write(piece)
                bar.update(len(piece))
            file.flush()
            os.fsync(file.fileno())
    got = part.stat().st_size
    if total is not None and got != total:
        if got > total:
            _discard(part)
        raise requests.ConnectionError(f"{got} of {total} bytes came")


def _check_status(response, part, url):
    import requests

    status = response.status_code
    if status in (200, 206):
        return
    if status in (404, 410):
        raise _Absent(f"{_shown(url)} is not there (HTTP {status})")
    if status in (401, 403):
        raise DataError(f"{_shown(url)} is refused (HTTP {status}), check the address")
    if status == 416:
        _discard(part)
    if status in (408, 416, 429) or status >= 500:
        raise requests.ConnectionError(f"HTTP {status}")
    raise DataError(f"{_shown(url)} answers HTTP {status}")


def _check_content(part, name, sha256):
    if not sha256:
        return check_archive(part, name)
    digest = hashlib.sha256()
    with open(part, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    if digest.hexdigest() != sha256.lower():
        raise DataError(f"SHA-256 expected {sha256}, got {digest.hexdigest()}.")


def _discard(part):
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)


def _read_note(note):
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(note.read_text())
        return found if isinstance(found, dict) else {}
    return {}


def _shown(url):
    """A URL without user, password and query, for messages."""
    return re.sub(r"//[^/@]*@", "//", url).split("?")[0]


def _reason(error):
    """The innermost cause of a network error, in a few words."""
    text = str(error)
    for known in ("Connection refused", "Name or service not known", "timed out"):
        if known in text:
            return f"{known.lower()} (no network, or the server is down)"
    return re.sub(r"\?\S+", "", text).strip(". ") or type(error).__name__


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
    return [f"{name}/{part}{ending}" for ending in (".tar", ".zip", ".npz")]


def _in_mirror(mirror, name, part):
    """What the mirror has of a set, as `Found`, or None."""
    root, is_url = _mirror_root(mirror), _is_url(mirror)
    if not is_url and not root.is_dir():
        raise DataError(
            f"{name}: COLORLIB_MIRROR is {mirror!r}, which is neither a folder nor an "
            "http(s) address. Correct it or unset it."
        )

    def first(names):
        for file in sorted(names, key=lambda file: not (root / file).is_file()):
            if (root / file).is_file():
                return root / file
            with contextlib.suppress(_Absent):
                if is_url:
                    return download(f"{mirror.rstrip('/')}/{file}", root / file)
        return None

    if path := first(_mirror_names(name, part)):
        if path.suffix == ".npz":
            return Found(items=_read_npz(path, part), already_split=True)
        return Found(paths=[path], already_split=True)
    other = "train" if part == "test" else "test"
    if first(_mirror_names(name, other)):
        raise DataError(
            f"{name}: the mirror {_shown(mirror)} has the {other} part but not the "
            f"{part} part ({', '.join(_mirror_names(name, part))})."
        )
    if path := first(_mirror_names(name)):
        return Found(paths=[path])
    if not is_url and (root / name).is_dir():
        return Found(paths=[root / name])
    return None


def _read_npz(path, part):
    """Reads JPEGs that share one header, as the mirror keeps CIFAR-10."""
    try:
        with np.load(path) as archive:
            header, scans = archive["header"].tobytes(), archive["scans"]
            offsets, labels = archive["offsets"], archive["labels"]
            class_names = [str(n) for n in archive["class_names"]]
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, zlib.error) as error:
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
            f"keras.datasets.{kind} failed ({_reason(error)}). If its files are "
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


def _kaggle_zip(name, slug):
    """Fetches one Kaggle data set as a zip and returns its path."""
    path = _kaggle_path(name, slug)
    if path.is_file():
        return path
    folder = path.with_suffix(".part")
    api = _kaggle_api()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(io.StringIO()):
            api.dataset_download_files(slug, path=str(folder), quiet=False)
        fetched = next(folder.glob("*.zip"), None)
        if fetched is None:
            raise DataError(f"Kaggle sent no zip for {slug}")
        check_archive(fetched)
        os.replace(fetched, path)
        shutil.rmtree(folder)
    except DataError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(f"{slug} from Kaggle: {error} It was deleted.") from None
    except (Exception, SystemExit) as error:
        raise DataError(_kaggle_problem(slug, error)) from None
    return path


def _kaggle_api():
    """A signed-in client of the `kaggle` package, 1.6 or 2."""
    _read_colab_secrets()
    try:
        # `import kaggle` signs in at once and may print, raise or exit.
        with contextlib.redirect_stdout(io.StringIO()):
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
        return api
    except ImportError:
        raise DataError("the package is missing: pip install kaggle") from None
    except (Exception, SystemExit) as error:
        given = [name for name in KAGGLE_VARIABLES if os.environ.get(name)]
        trouble = f"the one in {' and '.join(given)} is not accepted"
        if type(error).__name__ in ("ConnectionError", "ConnectTimeout", "SSLError"):
            raise DataError(_kaggle_problem("the sign-in", error)) from None
        raise DataError(
            f"Kaggle wants a token: {trouble if given else 'none was found'}. Make one "
            "on kaggle.com > Settings > API, and put it into the variable "
            "KAGGLE_API_TOKEN, into KAGGLE_USERNAME and KAGGLE_KEY, into the file "
            "~/.kaggle/kaggle.json or ~/.kaggle/access_token, or into Colab's secrets "
            "under those names"
        ) from None


def _read_colab_secrets():
    """Puts Colab's secrets into the environment, if no token is there."""
    if "google.colab" not in sys.modules:
        return
    if any(os.environ.get(name) for name in KAGGLE_VARIABLES):
        return
    with contextlib.suppress(ImportError):
        from google.colab import userdata

        for name in KAGGLE_VARIABLES:
            with contextlib.suppress(Exception):  # not there, or not granted
                os.environ[name] = userdata.get(name)


def _kaggle_problem(slug, error):
    """Says what went wrong with Kaggle; never a token, never a signed address."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    status = status or getattr(error, "status", None)
    if status in (401, 403):
        return (
            f"Kaggle refuses {slug} (HTTP {status}): the token is wrong or expired, or "
            f"the rules on kaggle.com/datasets/{slug} have to be accepted first"
        )
    if status == 404:
        return f"{slug} is gone (HTTP 404); its page was kaggle.com/datasets/{slug}"
    text = f"HTTP {status}" if status else _reason(error)
    for name in KAGGLE_VARIABLES:
        text = text.replace(os.environ.get(name) or "\0", "***")
    return f"Kaggle, {slug}: {type(error).__name__}, {text}"
