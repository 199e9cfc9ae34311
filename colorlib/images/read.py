"""One picture file in: formats, frames, limits, refusals."""

import contextlib
import errno
import io
import os
import re
import stat
import threading
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from colorlib.errors import PictureError
from colorlib.images import optional
from colorlib.images.decode import decode
from colorlib.images.photoshop import has_transparency, open_psd
from colorlib.images.picture import ANIMATED, NO_AVIF, PAGED, Picture
from colorlib.images.repair import close_jpeg, missing_share, rare_jpeg, repair_png
from colorlib.images.signatures import HEAD, other_kind, picture_kind
from colorlib.images.tiff import misread_by_pillow, read_tiff
from colorlib.images.truncated import fill_missing_part, is_cut_off
from colorlib.images.write import format_for

MAX_PIXELS = 200_000_000  # of all frames together
MAX_FRAMES = 1000  # each costs a run of the network, however small it is
# How films begin that phones append to photos.
_MOTION = re.compile(rb"ftyp(?:isom|mp41|mp42|qt  |avc1|iso\d)")
_OPENING = threading.Lock()


def read_picture(
    source: str | Path | bytes | BinaryIO,
    every_frame: bool = False,
    max_pixels: int = MAX_PIXELS,
    max_frames: int = MAX_FRAMES,
    fill_missing: bool = False,
) -> Picture:
    """Reads a picture of any usual kind as upright 8-bit sRGB.

    What it is, is told by its content and not by its name. Grey, palette, CMYK, deep
    and transparent pictures are converted. An embedded ICC profile is applied; CMYK
    without one is read by the plain formula (255 - C) (255 - K) / 255, brighter than
    ink on paper.

    Args:
        source: a path, the bytes of a file, or a file object.
        every_frame: whether to read all frames of an animation and all pages of a
            TIFF, or the first only.
        max_pixels: most pixels, of all frames read; a file of a few kilobytes can
            ask for more memory than there is.
        max_frames: most frames or pages read.
        fill_missing: whether a JPEG, PNG, GIF, TIFF, BMP, PGM, PPM or animated WebP
            that was cut off is read all the same, as far as it is there, with grey for
            what is missing, and said so in `Picture.damage`; else it is refused.

    Returns:
        A `Picture`.

    Raises:
        PictureError: if the file is missing, a folder, not allowed to be read, empty,
            truncated, not a picture, of a kind whose reader is not installed, or has
            more than `max_pixels` or `max_frames`.

    Example:
        >>> from colorlib.images import read_picture
        >>> photo = read_picture("data/samples/old/nagasaki-boats.jpg")
        >>> photo.rgb.shape, str(photo.rgb.dtype), photo.format
        ((819, 1024, 3), 'uint8', 'JPEG')
    """
    name, ending = "the given bytes", ""
    try:
        with contextlib.ExitStack() as stack:
            if isinstance(source, (str, os.PathLike)):
                name, ending = str(source), Path(source).suffix
                source = stack.enter_context(_open_file(source))
            elif isinstance(source, bytes):
                source = io.BytesIO(source)
            kind = picture_kind(source, ending)
            limits = max_pixels, max_frames
            return _read(source, kind, every_frame, limits, fill_missing)
    except PictureError as refusal:
        raise PictureError(f"{name}: {refusal}") from None
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # each decoder raises its own kinds on damaged files
        why = next(iter(str(error).splitlines()), type(error).__name__)
        if isinstance(error, UnidentifiedImageError):
            why = "its header is damaged, or of a kind that Pillow does not know"
        raise PictureError(f"{name}: cannot be decoded ({why}).") from error


def holds_frames(path, ending):
    """Whether a file has several frames or pages that `ending` could not hold.

    A file that cannot be opened has none. `ending` is of a format that is written.
    """
    written = format_for(f"x{ending}")
    with contextlib.suppress(Exception), open(path, "rb") as file:
        kind = picture_kind(file, Path(path).suffix)
        if kind == written or kind in ANIMATED and written in ANIMATED:
            return False
        if kind == "PDF":
            return True
        if kind in (*ANIMATED, *PAGED):
            with _open_image(file, kind, MAX_PIXELS) as image:
                return getattr(image, "n_frames", 1) > 1
    return False


def _open_file(path):
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            if os.stat(path).st_size == 0:
                raise PictureError("the file is empty.")
            return open(path, "rb")
    except PermissionError:
        raise PictureError("you are not allowed to read it.") from None
    except (FileNotFoundError, NotADirectoryError):
        gone = os.path.islink(path)
        reason = "a link to a file that is gone." if gone else "there is no such file."
        raise PictureError(reason) from None
    except OSError as error:
        reason = f"cannot be opened ({error.strerror})."
        if error.errno == errno.ELOOP:
            reason = "a link that leads to itself."
        raise PictureError(reason) from None
    raise PictureError("a folder." if stat.S_ISDIR(mode) else "not an ordinary file.")


def _read(file, kind, every_frame, limits, fill_missing):
    """Reads a picture of a known kind; where that fails, tries what mends its kind."""
    if kind in ("RAW", "PDF"):
        return _read_optional(file, kind, every_frame, limits)
    try:
        with _open_image(file, kind, limits[0]) as image:
            if kind == "TIFF" and misread_by_pillow(image):
                raise UnidentifiedImageError
            picture = _read_frames(image, every_frame, limits)
        file.seek(0)
        if kind == "JPEG" and _MOTION.search(file.read()):
            picture.notes.append("a short film in the photo left out")
        if kind == "PSD" and picture.alpha is not None:
            if not has_transparency(file.read()):  # Pillow takes any fourth channel
                picture.alpha = None
                picture.notes.append("a mask left out")
        return picture
    except (PictureError, MemoryError):
        raise
    except Exception as error:
        file.seek(0)
        found, data, notes, missing, more = file.read(), None, [], None, ""
        if kind == "PSD" and isinstance(error, UnidentifiedImageError):
            image, notes = open_psd(found, _counter(*limits))
            rgb, alpha, info, more = decode(image)
            return Picture(rgb, alpha, kind, info, notes=notes + more)
        if kind == "PNG":
            data, notes = repair_png(found)
        if kind == "JPEG" and (rare := rare_jpeg(found)):
            raise PictureError(f"{rare}; save it as an ordinary one.") from None
        if kind == "JPEG" and not found.rstrip(b"\0").endswith(b"\xff\xd9"):
            data, missing = close_jpeg(found), 0.0
        elif filled := fill_missing_part(kind, data or found, limits[0]):
            data, missing, more = filled
        elif kind == "TIFF" and isinstance(error, UnidentifiedImageError):
            if not is_cut_off(kind, found):
                return _read_tiff(file, every_frame, limits)
        if data is None and is_cut_off(kind, found):
            where = ", where a TIFF tells its size and colours" * (kind == "TIFF")
            raise PictureError(f"cut off before its end{where}.") from None
        if data is None:  # nothing to mend
            raise
        if missing is not None and not fill_missing:
            raise PictureError("cut off before its end.") from None
        picture = _read(io.BytesIO(data), kind, every_frame, limits, False)
    picture.notes += notes
    if missing is not None:
        if kind == "JPEG":
            missing = missing_share(picture.rgb)
            with _open_image(io.BytesIO(data), kind, limits[0]) as image:
                if "progressive" in image.info and not missing:
                    more = "its details may be missing"
        picture.damage = f"cut off before its end, {_missing(missing, more)}"
    return picture


def _missing(share, more):
    """What of a picture that was cut off is missing, in words."""
    if share > 0.995:
        raise PictureError("cut off before the picture begins.")
    grey = f"{max(share, 0.01):.0%} of it is missing and grey" if share else ""
    return ", ".join(filter(None, (grey, more))) or "nothing seems to be missing"


def _open_image(file, kind, max_pixels):
    Image.init()
    if kind is None:
        file.seek(0)
        head = file.read(HEAD)
        if not head:
            raise PictureError("the file is empty.")
        other = other_kind(head)
        if other:
            raise PictureError(f"not a picture, but {other}.")
        raise PictureError(
            "not a picture of a known kind (JPEG, PNG, TIFF, GIF, WebP, BMP, HEIC, "
            "AVIF, JPEG 2000, ...)."
        )
    optional.load_reader(kind)
    if kind == "AVIF" and kind not in Image.OPEN:
        raise PictureError(NO_AVIF)
    if kind == "JXL":  # its reader decodes all of it at once
        size = optional.jxl_size(file.read())
        file.seek(0)
        _counter(max_pixels)(*size or (0, 0))
    # Pillow's own limit is below ours and belongs to the process; opening reads
    # the header only, and `_read_frames` checks the size before any pixel.
    with _OPENING:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            # Only this reader: some of Pillow's start other programs.
            return Image.open(file, formats=[kind])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _read_frames(image, every_frame, limits):
    kind = image.format or "PNG"
    several = every_frame and kind in (*ANIMATED, *PAGED)
    count = getattr(image, "n_frames", 1) if several else 1
    # The still picture of an animated PNG is not one of its frames.
    first = 1 if image.info.get("default_image") and count > 1 else 0
    check = _counter(*limits, "a frame" if count > 1 else "")
    if kind not in PAGED:
        check(image.width, image.height, count - first)
    pictures = []
    for number in range(first, count):
        if number:
            image.seek(number)
        if kind in PAGED:
            check(image.width, image.height)
        rgb, alpha, info, notes = decode(image, in_place=count == 1)
        if kind == "MPO":  # the other eye of a stereo camera, or a preview
            notes.append(f"the first of {image.n_frames} pictures in the file")
        pictures.append(Picture(rgb, alpha, kind, info, notes=notes))
    pictures[0].frames = pictures[1:]
    return pictures[0]


def _read_optional(file, kind, every_frame, limits):
    """Reads what Pillow has no part in."""
    check = _counter(*limits)
    if kind == "RAW":
        rgb = optional.read_raw(file.read(), check)
        notes = ["developed as the camera says; its date and other data left out"]
        return Picture(rgb, format=kind, notes=notes)
    pages, dpi = optional.read_pdf(file.read(), every_frame, check)
    info = {"dpi": (dpi, dpi)}
    notes = [f"pages as pictures of {dpi:.0f} dots per inch, their texts left out"]
    pictures = [Picture(rgb, format=kind, info=info, notes=notes) for rgb in pages]
    pictures[0].frames = pictures[1:]
    return pictures[0]


def _read_tiff(file, every_frame, limits):
    """Reads a TIFF that Pillow does not know: colour as floats, odd channels."""
    file.seek(0)
    pages = read_tiff(file, every_frame, _counter(*limits))
    pictures = [Picture(rgb, format="TIFF", notes=notes) for rgb, notes in pages]
    pictures[0].frames = pictures[1:]
    return pictures[0]


def _counter(max_pixels, max_frames=MAX_FRAMES, each=""):
    """A function that takes width, height and count, and refuses too many in all."""
    pixels = frames = 0

    def check(width, height, count=1):
        nonlocal pixels, frames
        pixels, frames = pixels + width * height * count, frames + count
        if frames > max_frames:
            raise PictureError(
                f"{frames:,} frames are more than the limit of {max_frames:,}. Take "
                "fewer, or raise the limit (--max-frames) if you have the time."
            )
        if pixels > max_pixels:
            raise PictureError(
                f"{width} x {height} pixels{each and ' '}{each}, {pixels / 1e6:,.0f} "
                f"megapixels in all, are more than the limit of {max_pixels / 1e6:,.0f}"
                ". Make it smaller, or raise the limit (--max-megapixels) if you trust "
                "the file and have the memory."
            )

    return check
