"""Pictures that need another package: HEIC, JPEG XL, raw files of cameras, PDF scans.

Each package is an extra in `pyproject.toml`, and imported when such a file comes.
"""

import io

import numpy as np
from PIL import Image

from colorlib.errors import PictureError

# What the file is, and what to install.
NEEDS = {
    "HEIF": ("a HEIC picture", "pillow-heif"),
    "JXL": ("a JPEG XL picture", "pillow-jxl-plugin"),
    "RAW": ("a raw file of a camera", "rawpy"),
    "PDF": ("a PDF file", "pypdfium2"),
}
PDF_DPI = (72, 600)  # at least and at most; between them that of the scan itself
_PDF_DEFAULT_DPI = 200  # of pages that are no scans
_SAME = 16  # levels that a scan and its resampled page differ at most, on average
_SCAN_SHARE = 0.8  # of the page that a scan covers
_JXL_RATIOS = {1: (1, 1), 2: (6, 5), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4)}
_JXL_RATIOS[7] = (2, 1)


def load_reader(kind):
    """Imports what reads a kind of picture, and tells Pillow about it.

    Args:
        kind: as `signatures.picture_kind` gives it.

    Returns:
        The package, or None for what Pillow reads by itself.

    Raises:
        PictureError: if it is not installed; the message says what to install.
    """
    try:
        if kind == "HEIF":
            import pillow_heif as package

            package.register_heif_opener()
        elif kind == "JXL":
            import pillow_jxl as package
        elif kind == "RAW":
            import rawpy as package
        elif kind == "PDF":
            import pypdfium2 as package
        else:
            return None
    except ImportError:
        what, name = NEEDS[kind]
        raise PictureError(f"{what}; it needs {name} (pip install {name}).") from None
    Image.init()
    return package


def read_raw(data, check_size):
    """Develops a raw file with the camera's white balance.

    Args:
        data: bytes of the file.
        check_size: function of width and height that raises if they are too large.

    Returns:
        uint8 array `(H, W, 3)`, sRGB, upright.
    """
    with load_reader("RAW").imread(io.BytesIO(data)) as raw:
        check_size(raw.sizes.width, raw.sizes.height)
        return raw.postprocess(use_camera_wb=True, output_bps=8)


def read_pdf(data, every_page, check_size):
    """Reads the pages of a PDF as pictures, as fine as what was scanned into it.

    Args:
        data: bytes of the file.
        every_page: whether all pages, or the first only.
        check_size: function of width and height, called for each page, that raises if
            there are too many pixels.

    Returns:
        pages (list of uint8 arrays `(H, W, 3)`), dpi (float, of all pages).
    """
    pdfium = load_reader("PDF")
    with _opened_pdf(pdfium, data) as document:
        count = len(document) if every_page else 1
        pages = [document[number] for number in range(count)]
        dpi = max(_page_dpi(pdfium, page) for page in pages)
        for page in pages:
            check_size(*(round(side * dpi / 72) for side in page.get_size()))
        pictures, scale = [], dpi / 72 * (1 - 1e-5)  # it rounds up
        for page in pages:
            bitmap = page.render(scale=scale, rev_byteorder=True)
            shown = bitmap.to_numpy()[..., :3].copy()
            pictures.append(_whole_scan(pdfium, page, shown))
            page.close()
    return pictures, dpi


def is_scan(path):
    """Whether the first page of a PDF is one picture, as a scanner makes it.

    Raises:
        PictureError: if nothing is installed that could tell.
    """
    pdfium = load_reader("PDF")
    try:
        with open(path, "rb") as file, _opened_pdf(pdfium, file.read()) as document:
            return any(_scans(pdfium, document[0]))
    except (OSError, PictureError, pdfium.PdfiumError):
        return False


def jxl_size(data):
    """Width and height of a JPEG XL picture, before anything is decoded.

    Args:
        data: bytes of the file.

    Returns:
        (width, height), or None where the header is not found.

    Reference:
        ISO/IEC 18181-1, SizeHeader.
    """
    start = 0
    if data[:2] != b"\xff\x0a":  # in a container
        places = [data.find(b"jxlc\xff\x0a") + 4, data.find(b"jxlp") + 8]
        start = next(
            (p for p in places if p > 8 and data[p : p + 2] == b"\xff\x0a"), -1
        )
    if start < 0:
        return None
    bits = int.from_bytes(data[start + 2 : start + 18], "little")

    def take(count):
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    def side(small):
        return 8 * (1 + take(5)) if small else 1 + take((9, 13, 18, 30)[take(2)])

    small = take(1)
    height, ratio = side(small), take(3)
    if ratio:
        across, down = _JXL_RATIOS[ratio]
        return height * across // down, height
    return side(small), height


def _opened_pdf(pdfium, data):
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise PictureError("locked with a password; save it without.") from None
        raise


def _scans(pdfium, page):
    """Resolutions (dots per inch) of the pictures that cover nearly a whole page."""
    width, height = page.get_size()
    for item in page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) >= _SCAN_SHARE * width * height:
            pixels = max(item.get_px_size())
            yield 72 * pixels / max(right - left, top - bottom)


def _whole_scan(pdfium, page, shown):
    """What was scanned, untouched, if the page shows nothing else; else what it shows.

    To show a page is to resample it, which costs sharpness.
    """
    items = list(page.get_objects(max_depth=1))
    scans = [item for item in items if item.type == pdfium.raw.FPDF_PAGEOBJ_IMAGE]
    if len(scans) != 1 or not all(
        item is scans[0] or _is_unseen(pdfium, item) for item in items
    ):
        return shown
    try:
        scan = np.asarray(scans[0].get_bitmap().to_pil().convert("RGB"))
    except pdfium.PdfiumError:
        return shown
    if scan.shape != shown.shape:  # turned, or cut
        return shown
    # Masks and turned scans look different, however coarsely.
    small = [
        np.asarray(Image.fromarray(rgb).reduce(8), "int16") for rgb in (scan, shown)
    ]
    return scan if np.abs(small[0] - small[1]).mean() < _SAME else shown


def _is_unseen(pdfium, item):
    """Whether it is the unseen text by which a scan can be searched."""
    return item.type == pdfium.raw.FPDF_PAGEOBJ_TEXT and (
        pdfium.raw.FPDFTextObj_GetTextRenderMode(item)
        == pdfium.raw.FPDF_TEXTRENDERMODE_INVISIBLE
    )


def _page_dpi(pdfium, page):
    dpi = max(_scans(pdfium, page), default=_PDF_DEFAULT_DPI)
    return min(max(dpi, PDF_DPI[0]), PDF_DPI[1])
