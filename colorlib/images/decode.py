"""From what a file holds to upright 8-bit sRGB: modes, profiles, rotation, metadata."""

import io
import re

import numpy as np
from PIL import Image, ImageCms, ImageOps

_GREY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
# The EXIF tags that still hold for the coloured picture: title, camera, software,
# date, artist, copyright and Windows' own texts. A TIFF's other tags say how its
# pixels were stored, and would spoil the new file.
_KEPT_TAGS = (0x10E, 0x10F, 0x110, 0x131, 0x132, 0x13B, 0x8298, *range(0x9C9B, 0x9CA0))
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825
_STALE_TAGS = (0xA001, 0xA002, 0xA003, 0xA005)  # colour space, size, interoperability
_XMP_ROTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")


def decode(image, in_place=False):
    """Converts an opened Pillow picture to upright 8-bit sRGB.

    Args:
        image: a Pillow image, just opened or set to one of its frames.
        in_place: whether `image` may be changed, which saves memory.

    Returns:
        rgb (uint8 `(H, W, 3)`), alpha (uint8 `(H, W)`, None if opaque), info (what
        is to be written back: `exif`, `xmp`, `icc_profile`, `dpi`, `duration`,
        `loop`, where present), notes (list of what was lost, in words).

    Raises:
        ValueError: for 32-bit pictures; else whatever Pillow raises on damaged data.
    """
    notes = []
    if _is_deep(image):
        notes.append("16 bits a channel in, 8 bits out")
    image.load()
    profile = image.info.get("icc_profile")
    info = _kept_metadata(image)
    try:
        turned = ImageOps.exif_transpose(image, in_place=in_place)
        image = image if turned is None else turned
    except Exception:
        pass  # EXIF that is damaged says nothing about which side is up
    if image.mode == "F":
        raise ValueError("32-bit float pictures are not supported; save 16 bits")
    alpha = None
    if image.mode in _WITH_ALPHA or (
        "transparency" in image.info and image.mode in ("P", "L", "RGB", "1")
    ):
        with_alpha = image.convert("RGBA")
        alpha = np.array(with_alpha.getchannel("A"))
        if (alpha == 255).all():
            alpha = None
        if image.mode not in ("RGBA", "RGB", "L", "CMYK"):
            image = with_alpha
    if image.mode in _GREY_16_BIT:
        image = _grey_to_8_bits(image)
    converted = _to_srgb(image, profile) if profile else None
    if converted is not None:
        # The pixels are sRGB from here on, and the new file says so.
        info["icc_profile"] = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")
        ).tobytes()
        image = converted
    if image.mode != "RGB":
        image = image.convert("RGB")
    return np.array(image), alpha, info, notes


def _is_deep(image):
    """Whether a channel has 16 bits; known only before the pixels are decoded."""
    if image.mode in _GREY_16_BIT:
        return True
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()) or ())


def _kept_metadata(image):
    """What of the metadata holds for the coloured picture; rotation is left out."""
    info = {}
    try:
        dpi = tuple(float(v) for v in image.info.get("dpi", ()))
        if len(dpi) == 2 and all(0 < v <= 65535 for v in dpi):
            info["dpi"] = dpi
        for key in ("duration", "loop"):
            if key in image.info:
                info[key] = int(image.info[key])
        xmp = image.info.get("xmp")
        if isinstance(xmp, bytes) and xmp:
            info["xmp"] = _XMP_ROTATION.sub(rb"\g<1>1", xmp)
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


def _to_srgb(image, profile):
    """The picture in sRGB, or None where its profile is broken or of another kind."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        srgb = ImageCms.createProfile("sRGB")
        if space == "CMYK" and image.mode == "CMYK":
            return ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
        if space == "GRAY":
            grey = image.convert("L")
            if image.mode not in ("L", "1", "LA", "La"):  # grey in a coloured mode?
                same = np.asarray(image.convert("RGB")) == np.asarray(grey)[..., None]
                if not same.all():
                    return None
            return ImageCms.profileToProfile(grey, source, srgb, outputMode="RGB")
        if space == "RGB" and image.mode in ("RGB", "RGBA", "P"):
            base = image.convert("RGB")  # a copy, also of RGB
            ImageCms.profileToProfile(base, source, srgb, inPlace=True)
            return base
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass
    return None


def _grey_to_8_bits(image):
    """16-bit grey as "L"; Pillow's own conversion clips at 255."""
    values = np.asarray(image)
    largest = int(values.max(initial=0))
    if largest > 65535:
        raise ValueError("32-bit grey pictures are not supported; save 16 bits")
    levels = np.arange(65536)
    if image.mode != "I" or largest > 255:  # "I" is also used for small integers
        levels = np.rint(levels / 257.0)
    table = np.clip(levels, 0, 255).astype("uint8")
    return Image.fromarray(table[np.clip(values, 0, 65535)])
