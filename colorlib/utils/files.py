"""Files written whole, hashed, and used by one at a time."""

import contextlib
import hashlib
import os
import shutil
import stat
import sys
import threading
import time
from pathlib import Path

from colorlib.errors import BusyError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

UNFINISHED = ".colorlib-"  # how names of files begin that are being written
_POLL = 0.1  # seconds between two looks at a lock that another holds
_HELD = threading.local()  # `paths`: the locks that a thread holds


def write_atomically(path, data):
    """Writes bytes so that `path` holds the old or the new content, never a part.

    Args:
        path: where to; its folder is made if need be. A file that is replaced passes
            on its mode; of a link, its target is written.
        data: bytes, or a function that writes into the open binary file.

    Raises:
        OSError: if the folder is not writable or the disk is full; `path` is then
            unchanged. It names a file.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{time.time_ns()}")
    try:
        with open(temporary, "wb") as file:
            data(file) if callable(data) else file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # a new file; a disk without modes
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names none
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder, age=3600):
    """Deletes what a killed `write_atomically` left.

    Args:
        folder: where.
        age: seconds since it was last written; what is younger may still be. Give 0
            where nobody else writes.
    """
    for path in Path(folder).glob(f"{UNFINISHED}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()


def check_writable(folder, room=0):
    """Makes a folder and writes a file into it, to fail now and not after an hour.

    Args:
        folder: the folder.
        room: bytes that must be free on its disk.

    Raises:
        OSError: if the folder cannot be made or written, or its disk has less room;
            the message names it.
    """
    probe = Path(folder) / f"{UNFINISHED}probe-{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(1 << 20))
    except OSError as error:
        raise OSError(
            f"{folder} cannot be written: {error}. Choose another."
        ) from error
    finally:
        if probe.parent.is_dir():
            probe.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if free < room:
        raise OSError(
            f"{folder} needs {room / 1e6:,.0f} MB of free disk for checkpoints, there "
            f"are {free / 1e6:,.0f}. Make room, or choose another."
        )


def sha256_of(path):
    """The SHA-256 of a file in hexadecimal, read piece by piece."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def file_lock(path, busy=None):
    """Keeps other threads and processes out while the block of its `with` runs.

    It is the operating system's own lock on a small file: whatever ends the process
    that holds it frees it, too. The thread that holds it may take it once more. On a
    disk that knows no locks (some of the network) the block runs without.

    Args:
        path: the lock's file, beside what it guards; made, and deleted in the end.
        busy: what is said if another holds it; without it, the other is waited for.

    Raises:
        BusyError: if another holds it and `busy` is given.
        OSError: if the file cannot be made.
    """
    path = Path(path)
    held, key = vars(_HELD).setdefault("paths", set()), os.path.realpath(path)
    if key in held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    began = said = time.monotonic()
    while (file := _take_lock(path)) is None:
        if busy:
            raise BusyError(busy)
        if said == began and time.monotonic() - began > 2:
            print(f"waiting for another run: {path}", file=sys.stderr)
            said = time.monotonic()
        time.sleep(_POLL)
    held.add(key)
    try:
        yield
    finally:
        held.remove(key)
        if fcntl:  # deleted while it is still ours; Windows cannot delete an open file
            path.unlink(missing_ok=True)
        file.close()
        if not fcntl:
            with contextlib.suppress(OSError):  # the next one has it open
                path.unlink()


def _take_lock(path):
    """The locked open file, or None if another holds it."""
    file = open(path, "ab")
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    except OSError:
        return file  # this disk has no locks
    with contextlib.suppress(FileNotFoundError):  # deleted by the one before
        if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
    file.close()
    return None
