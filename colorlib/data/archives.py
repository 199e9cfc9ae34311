"""Folders, zips and tars: the files in them, and whether an archive is whole."""

import gzip
import math
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from colorlib.errors import DataError

# What zipfile and tarfile raise for bad files (RuntimeError: an encrypted zip).
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
)
# Limits on what an archive holds: a few kilobytes can unpack to gigabytes.
MAX_FILE = 100_000_000  # bytes of one file
MAX_TOTAL = 100_000_000_000  # of all files
MAX_IN_MEMORY = 2_000_000_000  # of all files of a compressed tar


class TooLargeError(DataError):
    """An archive whose files are larger together than the limit."""


@dataclass(frozen=True)
class File:
    """A file in a folder or archive; called, it gives its bytes.

    Attributes:
        size: number of bytes.
        read: function without arguments: the bytes.
        limit: a larger one is not read, but a `DataError`.
    """

    size: int
    read: Callable
    limit: float = math.inf

    def __call__(self):
        """The bytes."""
        if self.size > self.limit:
            raise DataError(
                f"{self.size / 1e6:,.0f} MB unpacked are more than the limit of "
                f"{self.limit / 1e6:,.0f} MB for a file in an archive."
            )
        return self.read()


def list_files(path, wanted):
    """Lists the files in a folder, zip or tar.

    Args:
        path: the folder or archive.
        wanted: function of a name inside (with `/`): whether to list it.

    Returns:
        List of pairs `(name, File)`. The files of a compressed tar are in memory
        already, since it can only be read from end to end.

    Raises:
        DataError: if an archive is damaged, truncated or neither zip nor tar, or its
            files are larger together than the limit.
    """
    path = Path(path)
    try:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file())
            found = [
                (p.relative_to(path).as_posix(), File(p.stat().st_size, p.read_bytes))
                for p in files
            ]
        elif zipfile.is_zipfile(path):
            archive = zipfile.ZipFile(path)
            found = [
                (i.filename, File(i.file_size, partial(archive.read, i), MAX_FILE))
                for i in within_limit(archive.infolist(), path.name, MAX_TOTAL)
                if not i.is_dir()
            ]
        elif tarfile.is_tarfile(path):
            found = _list_tar(path, wanted)
        else:
            raise DataError("neither a folder nor a complete zip or tar file.")
    except TooLargeError:
        raise
    except (DataError, *ARCHIVE_ERRORS) as error:
        raise DataError(
            f"{path}: truncated, damaged or of another kind ({error}) If it was "
            "downloaded, delete it and fetch it again."
        ) from error
    return [(name, file) for name, file in found if wanted(name)]


def within_limit(members, name, limit):
    """Passes on the members of an archive until their sizes are more than a limit.

    Args:
        members: iterable of `ZipInfo` or `TarInfo`.
        name: of the archive, for the message.
        limit: bytes of all members.

    Raises:
        TooLargeError: if they are more.
    """
    total = 0
    for member in members:
        total += _size(member)
        if total > limit:
            raise TooLargeError(
                f"{name} unpacks to more than the limit of {limit / 1e9:,g} GB. If "
                "you trust it, unpack it yourself and give the folder."
            )
        yield member


def _size(member):
    return member.file_size if isinstance(member, zipfile.ZipInfo) else member.size


def _list_tar(path, wanted):
    try:
        archive = tarfile.open(path, "r:")
        compressed = False
    except tarfile.ReadError:
        archive = tarfile.open(path)
        compressed = True
    found, limit = [], MAX_IN_MEMORY if compressed else MAX_TOTAL
    with archive:
        for member in within_limit(archive, path.name, limit):
            if not member.isfile() or not wanted(member.name):
                continue
            if not compressed and not member.issparse():
                read = partial(_read_piece, path, member.offset_data, member.size)
            elif member.size <= MAX_FILE:
                read = partial(bytes, archive.extractfile(member).read())
            else:
                read = bytes  # it is not called
            found.append((member.name, File(member.size, read, MAX_FILE)))
        check_tar_end(archive, path.name)
    return found


def _read_piece(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


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
                list(within_limit(archive.infolist(), name, MAX_TOTAL))
                bad = archive.testzip()
            if bad:
                raise DataError(f"{name} is damaged at {bad}.")
        elif name.endswith((".tar", ".tgz", ".tar.gz")):
            with tarfile.open(path) as archive:
                for _ in within_limit(archive, name, MAX_TOTAL):
                    pass
                check_tar_end(archive, name)
    except ARCHIVE_ERRORS as error:
        raise DataError(
            f"{name} is truncated, damaged or not an archive ({error})."
        ) from None


def check_tar_end(archive, name):
    """Checks the end of a tar that was just read to its last member.

    `tarfile` takes a file that was cut between two members for a complete one, and
    leaves the checksum at the end of a compressed one unread.

    Args:
        archive: a `tarfile.TarFile`.
        name: for the message.

    Raises:
        DataError: if the closing zeros are not there.
    """
    if archive.fileobj.tell() <= archive.offset:
        raise DataError(f"{name} is truncated: the end of the tar is missing.")
    while archive.fileobj.read(1 << 20):
        pass
