"""Files that are written whole or not at all."""

import os
import shutil
import time
from pathlib import Path

UNFINISHED = ".colorlib-"  # how names of files begin that are being written


def write_atomically(path, data):
    """Writes bytes so that `path` holds the old or the new content, never a part.

    Args:
        path: where to; its folder is made if need be.
        data: bytes, or a function that writes into the open binary file.

    Raises:
        OSError: if the folder is not writable or the disk is full; `path` is then
            unchanged. It names a file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{time.time_ns()}")
    try:
        with open(temporary, "wb") as file:
            data(file) if callable(data) else file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names none
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder):
    """Deletes what a killed `write_atomically` left, where nobody else writes now."""
    for path in Path(folder).glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


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
