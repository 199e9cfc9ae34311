"""Photoshop files that Pillow does not read: of 16 bits a channel, and large ones."""

import struct

import numpy as np
from PIL import Image

from colorlib.errors import PictureError
from colorlib.images.decode import to_8_bits
from colorlib.images.truncated_tiff import unpack_bits

_MODES = {1: ("L", 1), 3: ("RGB", 3), 4: ("CMYK", 4)}  # name, channels
_RAW, _PACKED = 0, 1  # compressions
_PROFILE = 1039  # number of an image resource


def open_psd(data, check_size):
    """Opens the flattened picture of a PSD or PSB.

    Args:
        data: bytes of the file.
        check_size: function of width and height that raises if there are too many
            pixels.

    Returns:
        (Pillow image of 8 bits a channel with its profile in `info`, notes: list of str
        of what was lost or changed, in words).

    Raises:
        PictureError: if it is cut off or of a kind that is not known either.

    Reference:
        Adobe Photoshop File Formats Specification, 2019.
    """
    try:
        return _open(data, check_size)
    except PictureError:
        raise
    except (struct.error, ValueError):
        raise PictureError("cut off before its end.") from None


def has_transparency(data):
    """Whether the fourth channel of a PSD in RGB is transparency, and not a mask.

    Args:
        data: bytes of a file of 8 bits a channel that Pillow could read.

    Returns:
        bool: whether the number of its layers is negative, by which Photoshop says so.
    """
    begin, end = _sections(data)[2]
    # Without layers it is a flat picture.
    return end - begin >= 6 and struct.unpack_from(">h", data, begin + 4)[0] < 0


def _sections(data, large=False):
    """Where palette, resources and layers lie: three pairs of begin and end."""
    place, sections = 26, []
    for size in (">I", ">I", ">Q" if large else ">I"):
        (length,) = struct.unpack_from(size, data, place)
        place += struct.calcsize(size)
        sections.append((place, place + length))
        place += length
    return sections


def _open(data, check_size):
    version, channels, height, width, depth, kind = struct.unpack(
        ">4xH6xHIIHH", data[:26]
    )
    check_size(width, height)
    large = version == 2  # a PSB: some numbers have twice the bytes
    _, resources, (_, place) = _sections(data, large)
    (compression,) = struct.unpack_from(">H", data, place)
    mode, used = _MODES.get(kind, (None, 0))
    if mode is None or depth not in (8, 16) or compression not in (_RAW, _PACKED):
        raise PictureError(
            f"a Photoshop file of a rare kind (mode {kind}, {depth} bits); save it as "
            "RGB or grey, of 8 or 16 bits."
        )
    row, place = width * depth // 8, place + 2
    if compression == _PACKED:
        counts = np.frombuffer(
            data, ">u4" if large else ">u2", channels * height, place
        )
        place += counts.nbytes
        ends = place + np.cumsum(counts, dtype="int64")
        rows = (
            unpack_bits(data[end - count : end], row).ljust(row, b"\0")
            for end, count in zip(ends[: used * height], counts)
        )
        pixels = b"".join(rows)
    else:
        pixels = data[place : place + used * height * row]
    planes = np.frombuffer(pixels, ">u2" if depth == 16 else "u1")
    planes, notes = planes.reshape(used, height, width), []
    if depth == 16:
        planes, note = to_8_bits(planes)
        notes.append(note)
    if channels > used:
        notes.append("masks and transparency left out")
    if mode == "CMYK":  # 0 is full ink
        planes = 255 - planes
    values = np.ascontiguousarray(planes.transpose(1, 2, 0))
    image = Image.frombytes(mode, (width, height), values.tobytes())
    profile = _resource(data[slice(*resources)], _PROFILE)
    if profile:
        image.info["icc_profile"] = profile
    return image, notes


def _resource(resources, wanted):
    """The bytes of an image resource, or None."""
    place = 0
    while resources[place : place + 4] == b"8BIM":
        number, name = struct.unpack_from(">HB", resources, place + 4)
        place += 6 + (name + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", resources, place)
        if number == wanted:
            return resources[place + 4 : place + 4 + size]
        place += 4 + size + size % 2
    return None
