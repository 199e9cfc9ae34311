"""Folders, zips and tars: the files in them, and whether an archive is whole."""

import gzip
import tarfile
import zipfile
import zlib
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


def list_files(path, wanted):
    """Lists the files in a folder, zip or tar.

    Args:
        path: the folder or archive.
        wanted: function of a name inside (with `/`): whether to list it.

    Returns:
        List of pairs `(name, read)`; `read()` gives the bytes. Those of a tar are in
        memory already, since a tar can only be read from end to end.

    Raises:
        DataError: if an archive is damaged, truncated or neither zip nor tar.
    """
    path = Path(path)
    try:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file())
            found = [(p.relative_to(path).as_posix(), p.read_bytes) for p in files]
        elif zipfile.is_zipfile(path):
            archive = zipfile.ZipFile(path)
            members = [i for i in archive.infolist() if not i.is_dir()]
            found = [(i.filename, partial(archive.read, i)) for i in members]
        elif tarfile.is_tarfile(path):
            found = _read_tar(path, wanted)
        else:
            raise DataError("neither a folder nor a complete zip or tar file.")
    except (DataError, *ARCHIVE_ERRORS) as error:
        raise DataError(
            f"{path}: truncated, damaged or of another kind ({error}) If it was "
            "downloaded, delete it and fetch it again."
        ) from error
    return [(name, read) for name, read in found if wanted(name)]


def _read_tar(path, wanted):
    found = []
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and wanted(member.name):
                contents = archive.extractfile(member).read()
                found.append((member.name, partial(bytes, contents)))
        check_tar_end(archive, path.name)
    return found


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
