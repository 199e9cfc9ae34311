"""Where the project lies, and files that are written whole or not at all."""

import os
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_atomically(path, data):
    """Writes bytes so that `path` holds the old or the new content, never a part.

    Args:
        path: where to; its folder is made if need be.
        data: bytes.

    Raises:
        OSError: if the folder is not writable or the disk is full; `path` is then
            unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".colorlib-{os.getpid()}-{time.time_ns()}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(folder):
    """Makes a folder and writes a file into it, to fail now and not after an hour.

    Raises:
        OSError: if the folder cannot be made or written; the message names it.
    """
    probe = Path(folder) / f".probe.{os.getpid()}"
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
