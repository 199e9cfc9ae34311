"""Panels of the web comic Pepper&Carrot, cut from its pages without text.

The pages are by David Revoy, licence CC BY 4.0: free to use and change, with
attribution. None is part of this project. The list (`data/comics.txt`) has a line
`# episode commit` for each episode, and below it the pages that are taken and the
SHA-256 of their files.
"""

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorlib.data.download import download
from colorlib.data.repositories import as_jpeg, write_zip
from colorlib.errors import DataError
from colorlib.images.resize import resize_rgb
from colorlib.utils.files import write_atomically

PARTS = ("train", "test", "test_pages")
HOST = "https://raw.githubusercontent.com"
TEST_EPISODES = ("ep03", "ep07")  # whole episodes, for scenes fill many panels
SIDE = 160  # pixels, the short side of a panel that is stored
PAGE_WIDTH = 496  # pixels, of whole test pages
CELL = 330  # pixels, about the side of a detail
WHITE, EMPTY = 245, 0.98  # a row is gutter where this share of it is this light
SLIVER = 60  # pixels; what is narrower is no panel
LONGEST = 3  # times the short side; longer panels are cut into equal pieces
FLAT = 4.0  # a panel whose grey levels deviate less has nothing on it


def fetch_comics(path, folder):
    """Makes `train.zip`, `test.zip` and `test_pages.zip` of the pages of a list, once.

    A build that was stopped goes on with the pages that are missing.

    Args:
        path: of the list.
        folder: where to.

    Returns:
        The folder.

    Raises:
        DataError: if a page cannot be had.
    """
    if all((folder / f"{part}.zip").is_file() for part in PARTS):
        return folder
    pages = read_page_list(path)
    print(
        f"{len(pages)} pages of Pepper&Carrot by David Revoy (CC BY 4.0) are fetched, "
        "280 MB, and cut into panels.",
        flush=True,
    )
    found = {part: {} for part in PARTS}
    for name, (address, sha256) in tqdm(pages.items(), "comics", unit=" pages"):
        file = download(address, folder / "pages" / f"{name}.png", sha256)
        rgb = np.asarray(Image.open(file).convert("RGB"))
        test = name.startswith(TEST_EPISODES)
        found["test" if test else "train"] |= panels_of(name, rgb)
        if test:
            height = round(PAGE_WIDTH * rgb.shape[0] / rgb.shape[1])
            small = resize_rgb(rgb, height, PAGE_WIDTH)
            found["test_pages"][f"page__{name}.jpg"] = as_jpeg(small)
    for part, pictures in found.items():
        items = sorted(pictures.items())
        write_atomically(folder / f"{part}.zip", lambda file: write_zip(items, file))
    for file in (folder / "pages").glob("*.png*"):
        file.unlink()
    return folder


def read_page_list(path):
    """Reads the list; see the module.

    Args:
        path: of the list.

    Returns:
        Dict from a page's name, as "ep14_p03", to its address and its SHA-256.

    Raises:
        DataError: if it cannot be read.
    """
    pages = {}
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            first, second, *rest = line.split()
            if first == "#":
                episode, commit = second, rest[0]
                continue
            number = episode[2:] + ("" if first == "cover" else first.upper())
            pages[f"{episode}_{first}"] = (
                f"{HOST}/Deevad/peppercarrot_{episode}_translation/{commit}/"
                f"gfx_Pepper-and-Carrot_by-David-Revoy_E{number}.png",
                second,
            )
    except (OSError, ValueError, IndexError, NameError) as error:
        raise DataError(f"{path} is damaged or missing ({error}).") from error
    return pages


def panels_of(name, rgb):
    """Cuts a page into panels, and large panels into details, too.

    Args:
        name: of the page, as "ep14_p03".
        rgb: uint8 array `(H, W, 3)`, the page.

    Returns:
        Dict from file names to the bytes of a JPEG with a short side of 160 pixels.
    """
    found = {}
    for number, (top, bottom, left, right) in enumerate(cut_page(rgb)):
        panel = rgb[top:bottom, left:right]
        if panel.mean(axis=-1).std() < FLAT:
            continue
        for piece, part in enumerate(_pieces(panel)):
            found[f"panel__{name}_{number:02}_{piece:02}.jpg"] = _small(part)
        if min(panel.shape[:2]) >= 300:
            for cell, part in enumerate(_cells(panel)):
                if part.mean(axis=-1).std() >= FLAT:
                    found[f"detail__{name}_{number:02}_{cell:02}.jpg"] = _small(part)
    return found


def cut_page(rgb):
    """Finds the panels of a page between its white gutters, by recursive X-Y cuts.

    Args:
        rgb: uint8 array `(H, W, 3)`.

    Returns:
        List of `(top, bottom, left, right)`, in reading order.

    Reference:
        Nagy and Seth 1984, Hierarchical representation of optically scanned documents.
    """
    white = rgb.min(axis=-1) >= WHITE

    def cut(top, bottom, left, right, axis, whole=False):
        part = white[top:bottom, left:right]
        spans = _spans(part.mean(axis=1 - axis) >= EMPTY)
        alone = spans == [(0, part.shape[axis])]
        if alone and whole:  # neither rows nor columns part it
            return [(top, bottom, left, right)]
        boxes = []
        for start, stop in spans:
            if axis == 0:
                inner = (top + start, top + stop, left, right)
            else:
                inner = (top, bottom, left + start, left + stop)
            boxes += cut(*inner, 1 - axis, alone)
        return boxes

    return cut(0, white.shape[0], 0, white.shape[1], 0)


def _spans(gutter):
    """The stretches (start, stop) that are no gutter, without slivers."""
    inked = np.concatenate([[False], ~gutter, [False]])
    edges = np.flatnonzero(inked[1:] != inked[:-1]).reshape(-1, 2)
    return [(int(a), int(b)) for a, b in edges if b - a >= SLIVER]


def _pieces(panel):
    """A long panel in equal pieces, so that none is longer than three to one."""
    axis = int(panel.shape[1] > panel.shape[0])
    count = -(-panel.shape[axis] // (LONGEST * panel.shape[1 - axis]))
    return np.array_split(panel, count, axis=axis)


def _cells(panel):
    """A large panel as a grid of squares, or nearly so."""
    rows, columns = (max(1, round(side / CELL)) for side in panel.shape[:2])
    if rows * columns == 1:
        return []
    return [
        cell
        for row in np.array_split(panel, rows)
        for cell in np.array_split(row, columns, axis=1)
    ]


def _small(rgb):
    scale = min(1, SIDE / min(rgb.shape[:2]))
    height, width = (max(1, round(scale * side)) for side in rgb.shape[:2])
    return as_jpeg(resize_rgb(rgb, height, width))
