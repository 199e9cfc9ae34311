"""One picture file in, one picture file out: formats, rotation, alpha, 16 bits."""

import io
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from colorlib.files import write_atomically

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
# Below the 179 million pixels at which Pillow itself refuses.
MAX_PIXELS = 170_000_000
_GREY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
# The EXIF tags that still hold for the coloured picture: title, camera, software,
# date, artist, copyright and Windows' own texts. A TIFF's other tags say how its
# pixels were stored, and would spoil the new file.
_KEPT_TAGS = (0x10E, 0x10F, 0x110, 0x131, 0x132, 0x13B, 0x8298, *range(0x9C9B, 0x9CA0))
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825
_STALE_TAGS = (0xA001, 0xA002, 0xA003, 0xA005)  # colour space, size, interoperability


class PictureError(ValueError):
    """A file that cannot be read as a picture; the message says which and why."""


@dataclass
class Picture:
    """A decoded picture.

    Attributes:
        rgb: uint8 array `(H, W, 3)`, sRGB, upright (EXIF rotation applied).
        alpha: uint8 array `(H, W)`, or None for an opaque picture.
        format: the format of the file, as Pillow names it ("JPEG", "PNG", ...).
        info: what is written back with the picture: `exif` and `dpi` where present.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    info: dict = field(default_factory=dict)


def read_picture(source):
    """Reads a picture of any usual kind as upright 8-bit sRGB.

    Grey, palette, CMYK, 16-bit and transparent pictures are converted; an embedded
    ICC profile is applied.

    Args:
        source: a path, the bytes of a file, or a file object.

    Returns:
        A `Picture`.

    Raises:
        PictureError: if the file is missing, empty, truncated, not a picture, or has
            more than `MAX_PIXELS` pixels.
    """
    name = "the given bytes"
    if isinstance(source, (str, os.PathLike)):
        name = str(source)
        if not Path(source).is_file():
            raise PictureError(f"{name}: there is no such file.")
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    try:
        with warnings.catch_warnings():
            # Large pictures and damaged metadata; only Pillow's own warnings.
            warnings.filterwarnings("ignore", module="PIL")
            with Image.open(source) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise PictureError(
                        f"{name}: {image.width} x {image.height} pixels are more than "
                        f"{MAX_PIXELS // 1_000_000} megapixels; make it smaller first."
                    )
                image.load()
                return _decode(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(
            f"{name}: not a picture, or empty. Known endings: {', '.join(EXTENSIONS)}."
        ) from None
    except Image.DecompressionBombError:
        raise PictureError(
            f"{name}: far more than {MAX_PIXELS // 1_000_000} megapixels; "
            "make it smaller first."
        ) from None
    except Exception as error:  # each decoder raises its own kinds on damaged files
        raise PictureError(f"{name}: cannot be decoded ({error}).") from error


def write_picture(path, picture, quality=95):
    """Writes a picture so that no half file ever stands under its final name.

    Args:
        path: where to write; the ending decides the format.
        picture: a `Picture`. Alpha is kept where the format has it (PNG, WebP, TIFF,
            GIF) and laid over white where not (JPEG, BMP).
        quality: JPEG and WebP quality, 1 to 100. Colour is stored at full resolution.

    Returns:
        The path, as a `Path`.

    Raises:
        PictureError: if the ending is not one of a format that can be written, or
            the format cannot hold the picture.
        OSError: if the folder cannot be written or the disk is full.
    """
    path = Path(path)
    kind = Image.registered_extensions().get(path.suffix.lower())
    if path.suffix.lower() not in EXTENSIONS or kind is None:
        raise PictureError(
            f"{path}: cannot write '{path.suffix}'. Use one of {', '.join(EXTENSIONS)}."
        )
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        alpha = Image.fromarray(picture.alpha)
        if kind in ("PNG", "WEBP", "TIFF", "GIF"):
            image.putalpha(alpha)
        else:
            white = Image.new("RGB", image.size, "white")
            image = Image.composite(image, white, alpha)
    options = {}
    if kind in ("JPEG", "WEBP"):
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0
    try:
        data = _encoded(image, kind, {**options, **picture.info})
    except Exception:  # metadata that this format cannot hold; the picture matters more
        try:
            data = _encoded(image, kind, options)
        except Exception as error:
            raise PictureError(
                f"{path}: cannot be written as {kind} ({error})."
            ) from error
    write_atomically(path, data)
    return path


def resize_rgb(rgb, height, width):
    """Resizes a uint8 picture `(H, W, 3)` to `(height, width, 3)`, antialiased."""
    image = Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def resize_plane(plane, height, width):
    """Resizes a float picture `(H, W)` to float32 `(height, width)`, bicubic."""
    image = Image.fromarray(np.asarray(plane, "float32"))
    size = (int(width), int(height))
    return np.array(image.resize(size, Image.Resampling.BICUBIC), "float32")


def square_thumbnail(source, size):
    """Reads a picture and cuts its middle square, at `size` x `size` pixels.

    Args:
        source: as for `read_picture`.
        size: side of the result in pixels.

    Returns:
        uint8 array `(size, size, 3)`. A picture smaller than `size` is enlarged.

    Raises:
        PictureError: as `read_picture`.
    """
    rgb = read_picture(source).rgb
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize_rgb(rgb[top : top + side, left : left + side], size, size)


def _encoded(image, kind, options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _decode(image):
    kind = image.format or "PNG"
    profile = image.info.get("icc_profile")
    info = _kept_metadata(image)
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:
        pass  # EXIF that is damaged says nothing about which side is up
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or (
        "transparency" in image.info and image.mode in ("P", "L", "RGB", "1")
    ):
        with_alpha = image.convert("RGBA")
        alpha = np.array(with_alpha.getchannel("A"))
        if (alpha == 255).all():
            alpha = None
        if image.mode not in ("RGBA", "RGB", "L", "CMYK"):
            image = with_alpha
    return Picture(_to_rgb8(image, profile), alpha, kind, info)


def _kept_metadata(image):
    """The `exif` (without rotation, which goes into the pixels) and `dpi` to keep."""
    info = {}
    try:
        dpi = tuple(float(v) for v in image.info.get("dpi", ()))
        if len(dpi) == 2 and all(0 < v <= 65535 for v in dpi):
            info["dpi"] = dpi
        exif, kept = image.getexif(), Image.Exif()
        for tag in _KEPT_TAGS:
            if tag in exif:
                kept[tag] = exif[tag]
        for folder in (_EXIF_FOLDER, _GPS_FOLDER):
            values = dict(exif.get_ifd(folder))
            for tag in _STALE_TAGS:
                values.pop(tag, None)
            if values:
                kept[folder] = values
        if len(kept):
            info["exif"] = kept.tobytes()
    except Exception:
        pass  # damaged metadata is left behind; the picture may still be good
    return info


def _to_rgb8(image, profile):
    if image.mode in _GREY_16_BIT:
        return _grey_to_rgb8(image)
    if image.mode == "F":
        raise ValueError("32-bit float pictures are not supported; save 16 bits")
    if profile and image.mode in ("RGB", "RGBA", "P", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            base = image.convert("RGB") if image.mode in ("RGBA", "P") else image
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(base, source, srgb, outputMode="RGB")
            return np.array(converted)
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken or mismatched profile: read the numbers as sRGB
    return np.array(image.convert("RGB"))


def _grey_to_rgb8(image):
    # Pillow's own conversion clips 16 bits at 255; keep the upper 8 instead.
    values = np.asarray(image).astype("float64")
    largest = values.max(initial=0)
    if largest > 65535:
        raise ValueError("32-bit grey pictures are not supported; save 16 bits")
    if image.mode != "I" or largest > 255:  # "I" is also used for small integers
        values = values / 257.0
    grey = np.clip(np.round(values), 0, 255).astype("uint8")
    return np.repeat(grey[:, :, None], 3, axis=2)
