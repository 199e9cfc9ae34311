"""What TIFF has of its own: compressions, and kinds that Pillow does not know."""

import numpy as np
from PIL import Image, TiffImagePlugin

from colorlib.errors import PictureError
from colorlib.images.decode import to_8_bits

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5  # PhotometricInterpretation


_BITS, _PLANAR, _DATE, _XMP = 258, 284, 0x132, 700  # tags
_EXIF_FOLDER, _GPS_FOLDER, _DATE_TAKEN = 0x8769, 0x8825, 0x9003
# Compressions as Pillow names them; what is for two colours only becomes LZW.
_KEPT = {"tiff_lzw": "tiff_lzw", "packbits": "packbits", "jpeg": "jpeg"}
_KEPT |= dict.fromkeys(("group3", "group4", "tiff_ccitt"), "tiff_lzw")
_DEFLATE = "tiff_adobe_deflate"
# Pixels. Of wider ones Pillow makes strips of less than the 8 rows that JPEG works on,
# and libtiff then ends the whole process.
_WIDEST_JPEG = 21_000


def compression_options(before, see_through, quality, width):
    """What makes Pillow compress a TIFF as it was, or else without loss.

    Args:
        before: the compression of the file that was read, as Pillow names it.
        see_through: whether it has transparency, which JPEG does not hold.
        quality: of a JPEG in it, 1 to 100.
        width: of the picture in pixels; very wide ones cannot be JPEG.
    """
    if before == "raw":
        return {}
    after = _KEPT.get(before, _DEFLATE)
    if after != "jpeg":
        return {"compression": after}
    if see_through or width > _WIDEST_JPEG:
        return {"compression": _DEFLATE}
    return {"compression": after, "quality": quality}


def write_pages(file, images, options):
    """Writes pages, each with its own compression and metadata.

    Args:
        file: an open binary file, empty.
        images: the pages, as Pillow pictures.
        options: for each page a dict of what Pillow's TIFF writer takes, with `exif`
            and `xmp` as bytes.
    """
    # Of Pillow's `append_images` each page would take what it lacks from the first.
    with TiffImagePlugin.AppendingTiffWriter(file) as pages:
        for i, (image, of_page) in enumerate(zip(images, options)):
            exif, xmp = of_page.get("exif", b""), of_page.get("xmp", b"")
            rest = {k: v for k, v in of_page.items() if k not in ("exif", "xmp")}
            # libtiff fails at folders, and Pillow misplaces those of later pages.
            folders = i == 0 and "compression" not in rest
            image.save(pages, "TIFF", exif=_page_tags(exif, xmp, folders), **rest)
            pages.newFrame()


def _page_tags(exif, xmp, folders):
    """Metadata as the tags of a page; without folders, the date is kept of them."""
    tags = Image.Exif()
    tags.load(exif)
    if xmp:
        tags[_XMP] = xmp
    if not folders:
        date = tags.get_ifd(_EXIF_FOLDER).get(_DATE_TAKEN)
        if date:
            tags.setdefault(_DATE, date)
        for folder in (_EXIF_FOLDER, _GPS_FOLDER):
            tags.pop(folder, None)
    return tags


def misread_by_pillow(image):
    """Whether an opened TIFF is of a kind of which Pillow makes noise: deep planes."""
    tags = image.tag_v2
    return tags.get(_PLANAR) == 2 and max(tags.get(_BITS, (1,))) > 8


def read_tiff(file, every_page, check_size):
    """Reads the pages of a TIFF as 8-bit sRGB.

    Grey and colour of any number type are read; what a channel beyond them means is
    not known, such as the infrared of a film scanner, and it is left out.

    Args:
        file: an open binary file.
        every_page: whether all pages, or the first only.
        check_size: function of width and height, called for each page, that raises if
            there are too many pixels.

    Returns:
        List of pairs: uint8 array `(H, W, 3)`, and notes (list of str: what was lost or
        scaled, in words).

    Raises:
        PictureError: if it is of a kind that is not known either.
    """
    import tifffile  # scikit-image stands on it

    with tifffile.TiffFile(file) as tiff:
        found = list(tiff.pages) if every_page else [tiff.pages[0]]
        for page in found:
            check_size(page.imagewidth, page.imagelength)
        return [_to_rgb(page) for page in found]


def _to_rgb(page):
    values, kind = page.asarray(), page.photometric
    if page.planarconfig == 2 and values.ndim == 3:  # a plane for each channel
        values = np.moveaxis(values, 0, -1)
    values = values[..., None] if values.ndim == 2 else values
    used = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}.get(int(kind))
    complex_or_text = values.dtype.kind not in "uifb"
    if used is None or values.ndim != 3 or values.shape[-1] < used or complex_or_text:
        shape = " x ".join(map(str, values.shape))
        raise PictureError(
            f"a TIFF of a rare kind ({shape}, {values.dtype}, {kind.name}); save it as "
            "RGB or grey, of 8 or 16 bits."
        )
    extra = values.shape[-1] - used
    signed = values.dtype.kind == "i"
    grey = int(kind) == _WHITE_IS_ZERO
    bits = page.bitspersample
    scaled, note = to_8_bits(values[..., :used], bits, signed, inverted=grey)
    notes = [note] if note else []
    if extra:
        notes.append(f"{extra} more channels than colours left out")
    if used == 4:
        ink = 255 - scaled.astype("uint16")
        scaled = np.rint(ink[..., :3] * ink[..., 3:] / 255).astype("uint8")
    return np.repeat(scaled, 3, axis=-1) if used == 1 else scaled, notes
