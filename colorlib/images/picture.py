"""A decoded picture, and the kinds of file that pictures come in."""

from dataclasses import dataclass, field

import numpy as np

ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
PAGED = ("TIFF", "DCX", "PDF")  # pages have sizes of their own
NO_AVIF = "an AVIF picture; it needs Pillow 11.3 or later."
# What a kind is written as under an ending of its own; all others as PNG.
_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "RAW": ".jpg", "PCD": ".jpg"}
_ENDINGS |= {"TIFF": ".tif", "DCX": ".tif", "BMP": ".bmp", "GIF": ".gif"}
_ENDINGS |= {"WEBP": ".webp", "AVIF": ".avif", "HEIF": ".heic", "JXL": ".jxl"}
_ENDINGS |= {"PDF": ".pdf"}
_NAMES = {"JPEG2000": "JPEG 2000", "JXL": "JPEG XL", "PPM": "PBM, PGM or PPM"}
_NAMES |= {"RAW": "a camera's raw file", "PCD": "Photo CD", "PSD": "Photoshop"}
_NAMES |= {"WEBP": "WebP", "HEIF": "HEIC", "SUN": "Sun raster"}


@dataclass
class Picture:
    """A decoded picture.

    Attributes:
        rgb: uint8 array `(H, W, 3)`, sRGB, upright (EXIF rotation applied).
        alpha: uint8 array `(H, W)`, or None for an opaque picture.
        format: the format of the file, as Pillow names it ("JPEG", "PNG", ...).
        info: what is written back with the picture: `exif`, `xmp`, `icc_profile`,
            `dpi`, and of a frame `duration` (ms) and `loop`, where present.
        frames: the `Picture`s after this one: of an animation, or a TIFF's pages.
        notes: what reading lost, in words, such as 8 of 16 bits.
        damage: what part of the picture is missing, in words; "" for a whole one.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    info: dict = field(default_factory=dict)
    frames: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    damage: str = ""


def ending_for(kind):
    """The ending under which a picture of this kind (`Picture.format`) is written."""
    return _ENDINGS.get(kind, ".png")


def name_of(kind):
    """What people call a kind of picture."""
    return _NAMES.get(kind, kind)
