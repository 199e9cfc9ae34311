"""One picture file in, one picture file out: formats, frames, limits, refusals."""

import contextlib
import io
import os
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from colorlib.errors import PictureError
from colorlib.images.decode import decode
from colorlib.utils.files import write_atomically

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".avif", ".heic", ".heif"),  # where their readers are installed
)
MAX_PIXELS = 200_000_000  # of all frames together
MAX_FRAMES = 1000  # each costs a run of the network, however small it is
# Nothing that starts another program or fetches a font, as EPS and WMF would.
_FORMATS = ("JPEG", "MPO", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "AVIF", "HEIF")
_FORMATS += ("JPEG2000", "PPM")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
_WITH_ALPHA = ("GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF")
_NO_HEIF = "a HEIC picture; it needs pillow-heif (pip install pillow-heif)."
_NO_AVIF = "an AVIF picture; it needs Pillow 11.3 or later."
_OPENING = threading.Lock()


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
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    info: dict = field(default_factory=dict)
    frames: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def read_picture(
    source: str | Path | bytes | BinaryIO,
    every_frame: bool = False,
    max_pixels: int = MAX_PIXELS,
    max_frames: int = MAX_FRAMES,
) -> Picture:
    """Reads a picture of any usual kind as upright 8-bit sRGB.

    Grey, palette, CMYK, 16-bit and transparent pictures are converted. An embedded
    ICC profile is applied; CMYK without one is read by the plain formula
    (255 - C) (255 - K) / 255, brighter than ink on paper.

    Args:
        source: a path, the bytes of a file, or a file object.
        every_frame: whether to read all frames of an animation and all pages of a
            TIFF, or the first only.
        max_pixels: most pixels, of all frames read; a file of a few kilobytes can
            ask for more memory than there is.
        max_frames: most frames or pages read.

    Returns:
        A `Picture`.

    Raises:
        PictureError: if the file is missing, a folder, not allowed to be read, empty,
            truncated, not a picture, of 32 bits, or has more than `max_pixels` or
            `max_frames`.

    Example:
        >>> from colorlib.images import read_picture
        >>> photo = read_picture("data/samples/old/nagasaki-boats.jpg")
        >>> photo.rgb.shape, str(photo.rgb.dtype), photo.format
        ((819, 1024, 3), 'uint8', 'JPEG')
    """
    name = "the given bytes"
    try:
        with contextlib.ExitStack() as stack:
            if isinstance(source, (str, os.PathLike)):
                name = str(source)
                source = stack.enter_context(_open_file(source))
            elif isinstance(source, bytes):
                source = io.BytesIO(source)
            image = stack.enter_context(_open_image(source))
            return _read_frames(image, every_frame, max_pixels, max_frames)
    except _Refused as refusal:
        raise PictureError(f"{name}: {refusal}") from None
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # each decoder raises its own kinds on damaged files
        raise PictureError(f"{name}: cannot be decoded ({error}).") from error


def write_picture(path: str | Path, picture: Picture, quality: int = 95) -> Path:
    """Writes a picture so that no half file ever stands under its final name.

    Args:
        path: where to write; the ending decides the format.
        picture: a `Picture`. Alpha is kept where the format has it (PNG, WebP, TIFF,
            GIF, AVIF, HEIC) and laid over white where not (JPEG, BMP). Frames are
            written with their times (GIF, PNG, WebP, AVIF) or as pages (TIFF).
        quality: JPEG, WebP, AVIF and HEIC quality, 1 to 100. Colour is stored at full
            resolution.

    Returns:
        The path, as a `Path`.

    Raises:
        PictureError: if the ending is not one of a format that can be written, or
            the format cannot hold the picture.
        OSError: if the folder cannot be written or the disk is full.
    """
    path = Path(path)
    kind = format_for(path)
    pages = [picture, *picture.frames]
    if len(pages) > 1 and kind not in (*_ANIMATED, "TIFF"):
        raise PictureError(
            f"{path}: {kind} cannot hold {len(pages)} frames; name the file "
            f"after what it is ({picture.format})."
        )
    see_through = any(page.alpha is not None for page in pages)
    images = [_to_image(page, kind, see_through) for page in pages]
    options = {}
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF"):
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0
    if kind == "AVIF":
        options["subsampling"] = "4:4:4"
    if kind == "HEIF":
        options["chroma"] = 444
    if len(pages) > 1:
        options |= {"save_all": True, "append_images": images[1:]}
        if kind in _ANIMATED:
            options["duration"] = [page.info.get("duration", 0) for page in pages]
            if "loop" in picture.info:
                options["loop"] = picture.info["loop"]
        if kind == "GIF" and see_through:
            options["disposal"] = 2  # else the frame before shines through
    kept = {k: v for k, v in picture.info.items() if k not in ("duration", "loop")}
    most = {k: v for k, v in kept.items() if k != "xmp"}
    for metadata in (kept, most, {}):  # the picture matters more than its metadata
        try:
            data = _encoded(images[0], kind, {**options, **metadata})
            break
        except Exception as error:
            if not metadata:
                raise PictureError(
                    f"{path}: cannot be written as {kind} ({error})."
                ) from error
    write_atomically(path, data)
    return path


def format_for(path: str | Path) -> str:
    """The format that a path's ending stands for, as Pillow names it.

    Raises:
        PictureError: if such a file cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending in (".heic", ".heif") and not _can_heif():
        raise PictureError(f"{path}: {_NO_HEIF}")
    kind = Image.registered_extensions().get(ending)
    if ending == ".avif" and kind not in Image.SAVE:
        raise PictureError(f"{path}: {_NO_AVIF}")
    if ending not in EXTENSIONS or kind not in Image.SAVE:
        raise PictureError(
            f"{path}: cannot write '{Path(path).suffix}'. Use one of "
            f"{', '.join(EXTENSIONS)}."
        )
    return kind


class _Refused(Exception):
    """Why a file is not read; the caller puts its name before."""


def _open_file(path):
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            if os.stat(path).st_size == 0:
                raise _Refused("the file is empty.")
            return open(path, "rb")
    except PermissionError:
        raise _Refused("you are not allowed to read it.") from None
    except (FileNotFoundError, NotADirectoryError):
        gone = os.path.islink(path)
        reason = "a link to a file that is gone." if gone else "there is no such file."
        raise _Refused(reason) from None
    raise _Refused("a folder." if stat.S_ISDIR(mode) else "not an ordinary file.")


def _open_image(file):
    Image.init()
    for attempt in range(2):
        formats = [name for name in _FORMATS if name in Image.OPEN]
        # Pillow's own limit is below ours and belongs to the process; opening reads
        # the header only, and `_read_frames` checks the size before any pixel.
        with _OPENING:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                return Image.open(file, formats=formats)
            except UnidentifiedImageError:
                pass
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        file.seek(0)
        head = file.read(32)
        file.seek(0)
        brands = head[8:] if head[4:8] == b"ftyp" else b""
        if attempt == 0 and b"avif" not in brands:
            if any(brand in brands for brand in (b"heic", b"heix", b"mif1", b"hevc")):
                if _can_heif():
                    continue
                raise _Refused(_NO_HEIF)
        if b"avif" in brands and "AVIF" not in Image.OPEN:
            raise _Refused(_NO_AVIF)
        if not head:
            raise _Refused("the file is empty.")
        raise _Refused(f"not a picture. Known endings: {', '.join(EXTENSIONS)}.")


def _can_heif():
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    Image.init()
    return True


def _read_frames(image, every_frame, max_pixels, max_frames):
    kind = image.format or "PNG"
    several = every_frame and kind in (*_ANIMATED, "TIFF")
    count = getattr(image, "n_frames", 1) if several else 1
    # The still picture of an animated PNG is not one of its frames.
    first = 1 if image.info.get("default_image") and count > 1 else 0
    if count - first > max_frames:
        raise _Refused(
            f"{count - first:,} frames are more than the limit of {max_frames:,}. "
            "Take fewer, or raise the limit (--max-frames) if you have the time."
        )
    if kind != "TIFF":  # a TIFF's pages have sizes of their own
        _check_pixels(image, image.width * image.height * (count - first), max_pixels)
    pictures, pixels = [], 0
    for number in range(first, count):
        if number:
            image.seek(number)
        pixels += image.width * image.height
        _check_pixels(image, pixels, max_pixels)
        rgb, alpha, info, notes = decode(image, in_place=count == 1)
        pictures.append(Picture(rgb, alpha, kind, info, notes=notes))
    pictures[0].frames = pictures[1:]
    return pictures[0]


def _check_pixels(image, pixels, max_pixels):
    if pixels > max_pixels:
        raise _Refused(
            f"{image.width} x {image.height} pixels"
            + (" a frame" if getattr(image, "n_frames", 1) > 1 else "")
            + f", {pixels / 1e6:,.0f} megapixels in all, are more than the limit of "
            f"{max_pixels / 1e6:,.0f}. Make it smaller, or raise the limit "
            "(--max-megapixels) if you trust the file and have the memory."
        )


def _to_image(picture, kind, see_through):
    image = Image.fromarray(picture.rgb)
    if picture.alpha is None:
        if see_through and kind in _ANIMATED:  # all frames of one kind
            image.putalpha(255)
        return image
    alpha = Image.fromarray(picture.alpha)
    if kind in _WITH_ALPHA:
        image.putalpha(alpha)
        return image
    return Image.composite(image, Image.new("RGB", image.size, "white"), alpha)


def _encoded(image, kind, options):
    if kind == "PNG" and "xmp" in options:
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode("utf-8"))
        options["pnginfo"] = texts
    if kind == "TIFF" and "xmp" in options:
        options["tiffinfo"] = {700: options.pop("xmp")}
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getbuffer()
