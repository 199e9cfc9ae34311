"""Downloads that are checked, atomic and resumable."""

import contextlib
import json
import os
import re
import time
from pathlib import Path

from tqdm import tqdm

from colorlib.data.archives import check_archive
from colorlib.errors import DataError, PictureError
from colorlib.images.read import read_picture
from colorlib.images.write import EXTENSIONS
from colorlib.utils.files import file_lock, sha256_of
from colorlib.utils.paths import CACHE

RETRIES = 3  # failures in a row that brought nothing new
BACKOFF = 0.5  # seconds before the first retry; doubled each time
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
_CAUSES = {
    "refused": "the connection is refused",
    "resol|getaddrinfo|not known": "the address cannot be looked up (no network?)",
    "timed out": "no answer in time",
    "nreachable": "the network cannot be reached",
    "CERTIFICATE": "the certificate is not valid",
    "broken|reset|aborted|IncompleteRead": "the connection broke off",
}


class AbsentError(DataError):
    """The server answers that there is no such file."""


def cache_folder():
    """Where fetched files are kept: `COLORLIB_CACHE`, or `utils.paths.CACHE`."""
    folder = os.environ.get("COLORLIB_CACHE")
    return Path(folder).expanduser() if folder else CACHE


def download(url, path, sha256=None, size=None):
    """Downloads a file; what was interrupted goes on where it stopped.

    The bytes go to `<path>.part` and get their final name only when their number, and
    the hash (or, without one, the archive or picture itself), have been checked. Where
    another thread or process fetches the same file, it is waited for.

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
    path = Path(path)
    try:
        if not _is_whole(path, size):
            with file_lock(path.with_name(path.name + ".lock")):
                if not _is_whole(path, size):  # nobody else has fetched it meanwhile
                    _fetch(url, path, sha256, size)
    except DataError:
        raise
    except OSError as error:
        raise storage_error(redact_url(url), path, error) from error
    return path


def storage_error(what, path, error):
    """The `DataError` that says that something cannot be stored under a path."""
    return DataError(
        f"{what} cannot be stored in {path.parent}: {error.strerror}. "
        "Free the disk or the rights there, or set COLORLIB_CACHE elsewhere."
    )


def is_there(url):
    """Asks a server whether it has a file, which is not fetched.

    Raises:
        DataError: if it does not say.
    """
    import requests

    def ask():
        with requests.head(url, allow_redirects=True, timeout=TIMEOUT) as response:
            status = response.status_code
            if status not in (405, 501):
                return _check_answer(response, url)
        first = {"Range": "bytes=0-0"}  # not every server knows HEAD
        with requests.get(url, headers=first, stream=True, timeout=TIMEOUT) as response:
            return _check_answer(response, url)

    try:
        _retried(ask, url)
    except AbsentError:
        return False
    return True


def redact_url(url):
    """An address for messages: without user, password, query and fragment.

    A password may hold what it should not (`@`, `/`, `?`), so that nobody can tell
    where it ends: all that may belong to it is left out.
    """
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    place, *others = re.split(r"[?#]", rest, maxsplit=1)
    if "@" in "".join(others):
        return f"{scheme}{mark}***"
    *secret, place = place.rsplit("@", 1)
    return f"{scheme}{mark}{'***@' if secret else ''}{place}"


def explain_error(error):
    """The cause of a network error in a few words, without addresses' secrets."""
    text = str(error)
    for pattern, words in _CAUSES.items():
        if re.search(pattern, text):
            return words
    if "@" in text:
        return type(error).__name__
    return re.sub(r"[?#]\S+", "", text).strip(". ") or type(error).__name__


def _is_whole(path, size):
    return path.is_file() and size in (None, path.stat().st_size)


def _fetch(url, path, sha256, size):
    part = path.with_name(path.name + ".part")
    _retried(lambda: _transfer(url, part, sha256, size), url, part)
    try:
        _check_content(part, path.name, sha256)
    except DataError as error:
        _discard(part)
        raise DataError(f"{redact_url(url)}: {error} It was deleted.") from None
    os.replace(part, path)
    _discard(part)


def _retried(ask, url, part=None):
    """Calls `ask` until it raises no `requests` error, or gives up."""
    import requests

    failures = most = 0
    while True:
        try:
            return ask()
        except requests.RequestException as error:
            have = part.stat().st_size if part and part.exists() else 0
            failures, most = (1, have) if have > most else (failures + 1, most)
            if failures > RETRIES:
                raise DataError(
                    f"{redact_url(url)} cannot be fetched: {explain_error(error)}."
                    + (f" The next try goes on after {have} bytes." if have else "")
                ) from None
            time.sleep(BACKOFF * 2 ** (failures - 1))


def _transfer(url, part, sha256, size):
    """Fetches what `part` lacks; a `requests` error means: try again."""
    import requests

    note = part.with_name(part.name + ".json")  # which file the bytes belong to
    known, have, address = _read_note(note), 0, redact_url(url)
    if known.get("url") == address and known.get("validator") and part.is_file():
        have = part.stat().st_size
        if have == known.get("total"):
            return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known["validator"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == 416:  # nothing follows what is here
            _discard(part)
        _check_answer(response, url)
        etag = response.headers.get("ETag", "W/")  # a weak one cannot be used
        modified = response.headers.get("Last-Modified")
        validator = modified if etag.startswith("W/") else etag
        if response.status_code == 206:
            content_range = response.headers.get("Content-Range", "")
            said = re.match(r"bytes (\d+)-\d+/(\d+)$", content_range)
            if not said or int(said[1]) != have or validator != known["validator"]:
                _discard(part)
                raise requests.ConnectionError("it sent another piece than asked for")
            total = int(said[2])
        else:
            have = 0
            total = int(response.headers.get("Content-Length", -1))
            total = size if total < 0 else total
        if size not in (None, total):
            raise DataError(
                f"{redact_url(url)} has {total} bytes instead of {size}: it is not "
                "the file that this course knows"
            )
        chunked = response.headers.get("Transfer-Encoding") == "chunked"
        if total is None and sha256 is None and not chunked:
            raise DataError(f"{redact_url(url)} does not say how many bytes it has")
        part.parent.mkdir(parents=True, exist_ok=True)
        if not have:
            _discard(part)
            record = {"url": address, "validator": validator, "total": total}
            note.write_text(json.dumps(record))
        if not _write(response, part, have, total):
            _discard(part)
            raise DataError(
                f"{address} sends more than the {total} bytes that it should have; it "
                "was cut off there, and what had come is deleted"
            )
    got = part.stat().st_size
    if total is not None and got != total:
        raise requests.ConnectionError(f"{got} of {total} bytes came")


def _write(response, part, have, total):
    """Writes what comes; stops and gives False where more than `total` bytes do."""
    import requests

    bar = tqdm(
        total=total,
        initial=have,
        desc=part.stem,
        unit="B",
        unit_scale=True,
        delay=2,
        leave=False,
    )
    with open(part, "ab" if have else "wb") as file, bar:
        try:
            # Not `iter_content`: it unpacks a .tgz that a server calls "gzip encoded",
            # and loses the last bytes before a drop.
            for piece in response.raw.stream(1 << 18, decode_content=False):
                have += len(piece)
                if total is not None and have > total:
                    return False
                file.write(piece)
                bar.update(len(piece))
        except OSError:
            raise
        except Exception as error:  # of urllib3, on which requests stands
            raise requests.ConnectionError(str(error)) from error
        finally:
            file.flush()
            os.fsync(file.fileno())
    return True


def _check_answer(response, url):
    import requests

    status = response.status_code
    if status in (200, 206):
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise DataError(
                f"{redact_url(url)} answers with a web page instead of the file: "
                "perhaps the login page of your network. Open any page in a browser, "
                "sign in there and try again"
            )
        return
    if status in (404, 410):
        raise AbsentError(f"{redact_url(url)} is not there (HTTP {status})")
    if status in (401, 403):
        raise DataError(
            f"{redact_url(url)} is refused (HTTP {status}), check the address"
        )
    if status in (408, 416, 429) or status >= 500:
        raise requests.ConnectionError(f"the server answers HTTP {status}")
    raise DataError(f"{redact_url(url)} answers HTTP {status}")


def _check_content(part, name, sha256):
    if sha256:
        found = sha256_of(part)
        if found != sha256.lower():
            raise DataError(f"SHA-256 expected {sha256}, got {found}.")
    elif name.lower().endswith(EXTENSIONS):
        try:
            read_picture(part)
        except PictureError as error:
            reason = str(error).removeprefix(f"{part}: ")
            raise DataError(f"{name} is damaged or no picture: {reason}") from None
    else:
        check_archive(part, name)


def _discard(part):
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)


def _read_note(note):
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(note.read_text())
        return found if isinstance(found, dict) else {}
    return {}
