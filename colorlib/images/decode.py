"""From what a file holds to upright 8-bit sRGB: modes, profiles, rotation, metadata."""

import io
import re

import numpy as np
from PIL import Image, ImageCms, ImageOps

_GREY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
# The EXIF tags that still hold for the coloured picture: names, camera, software,
# date, artist, rating, copyright and Windows' own texts. A TIFF's other tags say how
# its pixels were stored, and would spoil the new file.
_KEPT_TAGS = (0x10D, 0x10E, 0x10F, 0x110, 0x131, 0x132, 0x13B, 0x13C, 0x4746, 0x4749)
_KEPT_TAGS += (0x8298, *range(0x9C9B, 0x9CA0))
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825
_STALE_TAGS = (0xA001, 0xA002, 0xA003, 0xA005)  # colour space, size, interoperability
# TIFF tags: bits a sample, 0 for white as 0, 2 for signed integers.
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, _EXTRA = 258, 262, 339, 338
_SRGB_GAMMA, _STRIP = 1 / 2.2, 256
_XMP_ROTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")


def decode(image, in_place=False):
    """Converts an opened Pillow picture to upright 8-bit sRGB.

    Args:
        image: a Pillow image, just opened or set to one of its frames.
        in_place: whether `image` may be changed, which saves memory.

    Returns:
        rgb (uint8 `(H, W, 3)`), alpha (uint8 `(H, W)`, None if opaque), info (what
        is to be written back: `exif`, `xmp`, `icc_profile`, `dpi`, `duration`,
        `loop`, `compression`, where present), notes (list of what was lost or changed,
        in words).

    Raises:
        Exception: whatever Pillow raises on damaged data.
    """
    notes, deep = [], _is_deep(image)
    if deep and image.mode not in _GREY_16_BIT:
        notes.append("16 bits a channel in, 8 bits out")
    if image.mode == "1":
        notes.append("black and white without greys, which stay without colours")
    image.load()
    profile = image.info.get("icc_profile")
    info, tags = _kept_metadata(image), _grey_tags(image)
    gamma = None if profile else _other_gamma(image)
    nameless = _EXTRA not in getattr(image, "tag_v2", {_EXTRA: ()})
    try:
        turned = ImageOps.exif_transpose(image, in_place=in_place)
        image = image if turned is None else turned
    except Exception:
        pass  # EXIF that is damaged says nothing about which side is up
    if deep and image.mode == "RGBA" and nameless:  # a film scanner's infrared
        image = image.convert("RGB")
        notes.append("a fourth channel without a meaning left out")
    alpha, key = None, image.info.get("transparency")
    if image.mode in _GREY_16_BIT or image.mode == "F":
        values = np.asarray(image)
        if isinstance(key, int):
            alpha = np.where(values == key, 0, 255).astype("uint8")
        grey, note = to_8_bits(values, *tags, gamma=gamma)
        image, gamma = Image.fromarray(grey), None
        notes += [note] if note else []
    elif image.mode == "L" and tags[1]:  # Pillow takes signed bytes for unsigned ones
        image = Image.fromarray(np.asarray(image) ^ 128)
    elif deep and isinstance(key, tuple):  # Pillow has kept the upper 8 of 16 bits
        image.info["transparency"] = tuple(value >> 8 for value in key)
    if image.mode in _WITH_ALPHA or (
        "transparency" in image.info and image.mode in ("P", "L", "RGB", "1")
    ):
        with_alpha = image.convert("RGBA")
        alpha = np.array(with_alpha.getchannel("A"))
        if image.mode not in ("RGBA", "RGB", "L", "CMYK"):
            image = with_alpha
    if alpha is not None and (alpha == 255).all():
        alpha = None
    converted = _to_srgb(image, profile) if profile else None
    if converted is not None:
        # The pixels are sRGB from here on, and the new file says so.
        info["icc_profile"] = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")
        ).tobytes()
        image = converted
    if image.mode != "RGB":
        image = image.convert("RGB")
    rgb = np.array(image)
    if gamma:
        light = (np.arange(256) / 255) ** (1 / gamma)
        rgb = np.rint(255 * _srgb_of(light)).astype("uint8")[rgb]
        notes.append(f"its gamma of {gamma:g} applied")
    return rgb, alpha, info, notes


def to_8_bits(values, bits=16, signed=False, inverted=False, gamma=None):
    """Scales deep values to 8 bits.

    Integers of up to 16 bits are scaled by what their type can hold, so that a dark
    picture stays dark; floats in [0, 1] likewise. Of other values, in 32 bits, nobody
    says what is black and white: they are scaled from their own range.

    Args:
        values: array of integers or floats, of any shape.
        bits: of an integer, as stored.
        signed: whether integers may be negative.
        inverted: whether 0 is white.
        gamma: exponent from light to value, of unsigned integers; None: as sRGB.

    Returns:
        uint8 array of the same shape, note (str, or None where nothing was scaled).
    """
    values = np.asarray(values)
    if bits == 32 and not signed and values.dtype == np.int32:
        values = values.view("uint32")  # Pillow has no unsigned ones
    low, high, note = _range_of(values, bits, signed)
    if gamma and low == 0 and high <= 65535:
        note = f"{note}; its gamma of {gamma:g} applied"
    out = np.empty(values.shape, "uint8")
    for top in range(0, len(values), _STRIP):
        strip = values[top : top + _STRIP].astype("float64")
        strip = np.nan_to_num(strip, nan=low, posinf=high, neginf=low)
        share = np.clip((strip - low) / (high - low), 0.0, 1.0)
        if gamma:
            share = _srgb_of(share ** (1 / gamma))
        strip = np.rint(255 * share)
        out[top : top + _STRIP] = 255 - strip if inverted else strip
    return out, note


def _range_of(values, bits, signed):
    """Values of black and of white, and what to say about it."""
    depth = "16 bits a channel in, 8 bits out"
    if values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        low, high = (finite.min(), finite.max()) if finite.size else (0, 1)
        if low >= 0 and high <= 1:
            low, high = 0, 1
    else:
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        if bits <= 16 and not signed:
            if values.dtype == np.int32 and high <= 255:  # small ones in a large type
                return 0, 255, None
            return 0, 2**bits - 1, depth if bits == 16 else f"{bits} bits in, 8 out"
        if bits <= 16:
            if low >= 0:
                return 0, 32767, depth
            if high - low > 16383:
                return -32768, 32767, f"signed {depth}"
        elif low >= 0:
            low = 0
            high = next((n for n in (255, 65535) if high <= n), high)
            high = 2**32 - 1 if high >= 2**31 else high
    high = high if high > low else low + 1
    if values.dtype.kind == "f":
        return (
            low,
            high,
            f"floating-point values of {low:g} to {high:g} scaled to 8 bits",
        )
    return low, high, f"{bits}-bit values of {low:,} to {high:,} scaled to 8 bits"


def _grey_tags(image):
    """Bits, sign and direction of a grey picture's values, as for `to_8_bits`."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (16,))[0]
    signed = tags.get(_SAMPLE_FORMAT, (1,))[0] == 2
    return bits, signed, tags.get(_PHOTOMETRIC) == 0


def _other_gamma(image):
    """The gamma that a PNG names and that is not that of sRGB, or None."""
    gamma = image.info.get("gamma")
    if gamma is None or "srgb" in image.info or not 0.1 <= gamma <= 5:
        return None
    return None if abs(gamma - _SRGB_GAMMA) < 0.02 else gamma


def _srgb_of(light):
    curved = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curved)


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
        if "compression" in image.info and image.format == "TIFF":
            info["compression"] = image.info["compression"]
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
