"""One picture file in, one picture file out: formats, frames, limits, refusals."""

import contextlib
import errno
import io
import os
import re
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from colorlib.errors import PictureError
from colorlib.images import optional
from colorlib.images.decode import decode
from colorlib.images.photoshop import open_psd
from colorlib.images.repair import close_jpeg, missing_share, rare_jpeg, repair_png
from colorlib.images.signatures import HEAD, other_kind, picture_kind
from colorlib.images.tiff import compression_options, misread_by_pillow, read_tiff
from colorlib.images.truncated import fill_missing_part, is_cut_off
from colorlib.utils.files import write_atomically

EXTENSIONS = (  # of what is written
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".avif", ".heic", ".heif", ".jxl"),  # where their writers are installed
)
MAX_PIXELS = 200_000_000  # of all frames together
MAX_FRAMES = 1000  # each costs a run of the network, however small it is
# What a kind is written as under an ending of its own; all others as PNG.
_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "RAW": ".jpg", "PCD": ".jpg"}
_ENDINGS |= {"TIFF": ".tif", "DCX": ".tif", "BMP": ".bmp", "GIF": ".gif"}
_ENDINGS |= {"WEBP": ".webp", "AVIF": ".avif", "HEIF": ".heic", "JXL": ".jxl"}
_ENDINGS |= {"PDF": ".pdf"}
_NAMES = {"JPEG2000": "JPEG 2000", "JXL": "JPEG XL", "PPM": "PBM, PGM or PPM"}
_NAMES |= {"RAW": "a camera's raw file", "PCD": "Photo CD", "PSD": "Photoshop"}
_NAMES |= {"WEBP": "WebP", "HEIF": "HEIC", "SUN": "Sun raster"}
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
# How films begin that phones append to photos.
_MOTION = re.compile(rb"ftyp(?:isom|mp41|mp42|qt  |avc1|iso\d)")
PAGED = ("TIFF", "DCX", "PDF")  # pages have sizes of their own
_WITH_ALPHA = ("GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "JXL")
_NOT_OF_EACH = ("duration", "loop", "compression")  # not written as they are
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
        damage: what part of the picture is missing, in words; "" for a whole one.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    info: dict = field(default_factory=dict)
    frames: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    damage: str = ""


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


def write_picture(path: str | Path, picture: Picture, quality: int = 95) -> Path:
    """Writes a picture so that no half file ever stands under its final name.

    Args:
        path: where to write; the ending decides the format.
        picture: a `Picture`. Alpha is kept where the format has it (PNG, WebP, TIFF,
            GIF, AVIF, HEIC, JPEG XL) and laid over white where not (JPEG, BMP, PDF).
            Frames are written with their times (GIF, PNG, WebP, AVIF) or as pages
            (TIFF, PDF).
        quality: of what loses by compression, 1 to 100. Colour is stored at full
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
    if len(pages) > 1 and kind not in (*_ANIMATED, "TIFF", "PDF"):
        raise PictureError(
            f"{path}: {kind} cannot hold {len(pages)} frames; name the file "
            f"after what it is ({picture.format})."
        )
    see_through = any(page.alpha is not None for page in pages)
    images = [_to_image(page, kind, see_through) for page in pages]
    options = {}
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF", "JXL", "PDF"):
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
    kept = {k: v for k, v in picture.info.items() if k not in _NOT_OF_EACH}
    if kind == "TIFF":
        before = picture.info.get("compression", "raw")
        kept |= compression_options(before, see_through, quality)
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
    known = {".heic": "HEIF", ".heif": "HEIF", ".jxl": "JXL"}.get(ending)
    try:
        optional.load_reader(known)
    except PictureError as missing:
        raise PictureError(f"{path}: {missing}") from None
    kind = Image.registered_extensions().get(ending)
    if ending == ".avif" and kind not in Image.SAVE:
        raise PictureError(f"{path}: {_NO_AVIF}")
    if ending not in (*EXTENSIONS, ".pdf") or kind not in Image.SAVE:
        raise PictureError(
            f"{path}: cannot write '{Path(path).suffix}'. Use one of "
            f"{', '.join(EXTENSIONS)}."
        )
    return kind


def ending_for(kind):
    """The ending under which a picture of this kind (`Picture.format`) is written."""
    return _ENDINGS.get(kind, ".png")


def name_of(kind):
    """What people call a kind of picture."""
    return _NAMES.get(kind, kind)


def holds_frames(path, ending):
    """Whether a file has several frames or pages that `ending` could not hold.

    A file that cannot be opened has none. `ending` is of a format that is written.
    """
    written = format_for(f"x{ending}")
    with contextlib.suppress(Exception), open(path, "rb") as file:
        kind = picture_kind(file, Path(path).suffix)
        if kind == written or kind in _ANIMATED and written in _ANIMATED:
            return False
        if kind == "PDF":
            return True
        if kind in (*_ANIMATED, *PAGED):
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
        raise PictureError(_NO_AVIF)
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
    several = every_frame and kind in (*_ANIMATED, *PAGED)
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
