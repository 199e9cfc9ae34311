"""Pictures of public repositories: fetched, chosen by a list of hashes, made square.

None of them is part of this project. The list (`data/extra.txt.gz`) has a line
`# tag owner/name commit` for each repository, and below it the first 16 hexadecimal
digits of the SHA-256 of each file that is taken.
"""

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from colorlib.data.archives import ARCHIVE_ERRORS
from colorlib.data.download import download
from colorlib.errors import DataError
from colorlib.utils.files import write_atomically

HOST = "https://codeload.github.com"
SIDE = 160  # pixels
DIGITS = 16  # of a hash, which name a picture
ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
MOST_MISSING = 0.01  # share of a repository's pictures


def read_list(path):
    """Reads the list; see the module.

    Args:
        path: of the list, a gzip file.

    Returns:
        List of (tag, "owner/name", commit, set of hashes).

    Raises:
        DataError: if it cannot be read.
    """
    wanted = []
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            for line in file.read().split("\n"):
                if line.startswith("# "):
                    wanted.append((*line[2:].split(), set()))
                elif line:
                    wanted[-1][3].add(line)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(f"{path} is damaged or missing ({error}).") from error
    return wanted


def fetch_pictures(path, folder):
    """Makes `train.zip` and `test.zip` of the pictures of a list, once.

    What is fetched is deleted as soon as its pictures are taken; a build that was
    stopped goes on with the next repository.

    Args:
        path: of the list.
        folder: where to.

    Returns:
        The folder.

    Raises:
        DataError: if a repository cannot be had, or has other pictures than it had.
    """
    if all((folder / f"{part}.zip").is_file() for part in ("train", "test")):
        return folder
    wanted = read_list(path)
    print(
        f"{sum(len(hashes) for *_, hashes in wanted):,} pictures are taken from "
        f"{len(wanted)} repositories, 3 GB or so, one after the other.",
        flush=True,
    )
    taken = [_pictures_of(*repository, folder) for repository in wanted]
    for part in ("train", "test"):
        write_atomically(folder / f"{part}.zip", lambda file: _join(taken, part, file))
    for archive in taken:
        archive.unlink()
    return folder


def part_of(sha256):
    """The part of a picture, by its file's hash: a fiftieth is for tests."""
    digest = hashlib.sha256(f"extra{sha256}".encode()).hexdigest()
    return "train" if int(digest[:8], 16) % 50 else "test"


def square(data):
    """Cuts the middle square out of a picture.

    Args:
        data: bytes of its file.

    Returns:
        uint8 array `(160, 160, 3)`; what is transparent is white.

    Raises:
        OSError: if it cannot be read.
    """
    picture = Image.open(io.BytesIO(data))
    picture.draft("RGB", (2 * SIDE, 2 * SIDE))
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("P", "RGBA", "LA", "PA"):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("RGB")
    width, height = picture.size
    side = min(width, height)
    x, y = (width - side) / 2, (height - side) / 2
    box = (x, y, x + side, y + side)
    resample = Image.Resampling.LANCZOS
    return np.asarray(picture.resize((SIDE, SIDE), resample, box, reducing_gap=3))


def _pictures_of(tag, repository, commit, hashes, folder):
    """The pictures of one repository as a zip, its path."""
    taken = folder / f"{tag}.zip"
    if taken.is_file():
        return taken
    address = f"{HOST}/{repository}/tar.gz/{commit}"
    archive = download(address, folder / f"{tag}.tar.gz")
    found = {}
    try:
        with tarfile.open(archive, "r|gz") as members:
            for member in tqdm(members, tag, unit=" files", leave=False, delay=2):
                if member.isfile() and member.name.lower().endswith(ENDINGS):
                    data = members.extractfile(member).read()
                    digest = hashlib.sha256(data).hexdigest()
                    if digest[:DIGITS] in hashes:
                        name = f"{part_of(digest)}/{tag}/{digest[:DIGITS]}.jpg"
                        found[name] = as_jpeg(square(data))
    except ARCHIVE_ERRORS as error:
        archive.unlink(missing_ok=True)
        raise DataError(f"{address} came damaged ({error}). Try again.") from error
    missing = len(hashes) - len(found)
    if missing > MOST_MISSING * len(hashes):
        raise DataError(
            f"{repository} at {commit[:12]} has {len(found):,} of the {len(hashes):,} "
            "pictures that were taken from it."
        )
    write_atomically(taken, lambda file: write_zip(sorted(found.items()), file))
    archive.unlink()
    return taken


def as_jpeg(rgb):
    """The bytes of a uint8 picture `(H, W, 3)` as a JPEG file."""
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=90, subsampling=0)
    return data.getvalue()


def write_zip(items, file):
    """Writes pairs of a name and bytes to an open file, a zip without dates."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in items:
            archive.writestr(zipfile.ZipInfo(name), data)


def _join(archives, part, file):
    items = []
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            items += [
                (name.removeprefix(f"{part}/"), archive.read(name))
                for name in archive.namelist()
                if name.startswith(f"{part}/")
            ]
    write_zip(items, file)
