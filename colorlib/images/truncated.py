"""Pictures cut off in the middle: with grey in the place of what is missing.

A JPEG needs an end only, see `repair.close_jpeg`: its decoders paint the grey.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

from colorlib.images.repair import PNG_SIGNATURE

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour types
_PALETTE = 3
_DEPTHS = (1, 2, 4, 8, 16)
_OFFSETS, _ROWS, _COUNTS, _PREDICTOR = 273, 278, 279, 317  # tags of a TIFF
_NUMBERS = {3: "H", 4: "I"}  # types of a TIFF's numbers
_GREYS = {"1": 1, "L": 128, "I;16": 0x8080, "I;16B": 0x8080, "RGB": (128,) * 3}
_GREYS |= {"RGBA": (128, 128, 128, 255), "CMYK": (0, 0, 0, 127)}
_STRIPS_OF = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits")


def fill_missing_part(kind, data, max_pixels):
    """A PNG, BMP or TIFF that was cut off, made whole with grey.

    Args:
        kind: as Pillow names it.
        data: bytes of the file.
        max_pixels: larger pictures are not filled.

    Returns:
        (bytes, share of the picture that is missing, in [0, 1]), or None: nothing is
        missing, or it cannot be filled.
    """
    fill = {"PNG": _fill_png, "BMP": _fill_bmp, "TIFF": _fill_tiff}.get(kind)
    try:
        return fill(data, max_pixels) if fill else None
    except (struct.error, IndexError, KeyError):  # cut off in what would have to tell
        return None


def lacks_directory(data):
    """Whether a TIFF was cut off before what describes its first page.

    Args:
        data: bytes of the file.
    """
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8 or data[2:4] not in (b"*\0", b"\0*"):
        return False
    (place,) = struct.unpack_from(f"{order}I", data, 4)
    if place + 2 > len(data):
        return True
    (count,) = struct.unpack_from(f"{order}H", data, place)
    return place + 2 + 12 * count > len(data)


def _fill_png(data, max_pixels):
    """Rows that are there, and grey ones; of an interlaced PNG nothing is filled."""
    begin, packed, palette, place = [], [], b"", len(PNG_SIGNATURE)
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        if kind == b"IEND":
            return None
        if kind == b"IDAT":
            packed.append(data[place + 8 : place + 8 + size])
        elif not packed:
            begin.append(data[place : place + 12 + size])
            palette = data[place + 8 : place + 8 + size] if kind == b"PLTE" else palette
        place += 12 + size
    width, height, depth, kind, interlaced = struct.unpack(">IIBB2xB", data[16:29])
    if not packed or interlaced or width * height > max_pixels or depth not in _DEPTHS:
        return None
    row_size = 1 + (width * depth * _CHANNELS[kind] + 7) // 8
    pixels, reader = b"", zlib.decompressobj()
    try:
        pixels = reader.decompress(b"".join(packed), row_size * height)
    except zlib.error:
        pass
    rows = len(pixels) // row_size
    if not rows:
        return None
    if depth < 8 or kind == _PALETTE:
        colours = np.frombuffer(palette[: len(palette) // 3 * 3], "u1").reshape(-1, 3)
        grey = _indices_of_grey(colours if kind == _PALETTE else None, depth)
    else:
        colours = _CHANNELS[kind] - (kind in (4, 6))
        grey = b"\x80" * colours + b"\xff" * (_CHANNELS[kind] - colours)
        grey = bytes(np.repeat(np.frombuffer(grey, "u1"), depth // 8))
    row = b"\0" + (grey * row_size)[: row_size - 1]  # of filter 0: none
    whole = zlib.compress(pixels[: rows * row_size] + row * (height - rows), 1)
    for kind, content in ((b"IDAT", whole), (b"IEND", b"")):
        check = struct.pack(">I", zlib.crc32(kind + content))
        begin.append(struct.pack(">I", len(content)) + kind + content + check)
    return PNG_SIGNATURE + b"".join(begin), 1 - rows / height


def _fill_bmp(data, max_pixels):
    """Pixels up to the first one that is missing, and grey ones."""
    (first,) = struct.unpack_from("<I", data, 10)
    header, width, height = struct.unpack_from("<Iii", data, 14)
    bits, compression = struct.unpack_from("<HI", data, 28)
    row_size, height = (width * bits + 31) // 32 * 4, abs(height)
    missing = first + row_size * height - len(data)
    packed = compression not in (0, 3)
    if header < 40 or packed or len(data) <= first or width * height > max_pixels:
        return None
    if missing <= 0:
        return None
    grey = {16: b"\x10\x42", 24: b"\x80", 32: b"\x80\x80\x80\xff"}.get(bits)
    if grey is None:
        palette = data[14 + header : first]
        colours = np.frombuffer(palette[: len(palette) // 4 * 4], "u1").reshape(-1, 4)
        grey = _indices_of_grey(colours[:, :3], bits)
    there = len(data) - (len(data) - first) % len(grey)  # whole pixels
    missing += len(data) - there
    filled = data[:there] + (grey * missing)[:missing]
    return filled, missing / (row_size * height)


def _indices_of_grey(colours, depth):
    """A byte of pixels of `depth` bits: of the colour nearest to a middle grey."""
    grey = 1 << (depth - 1)
    if colours is not None:
        grey = int(np.abs(colours.astype(int) - 128).sum(axis=1).argmin())
    for bits in (1, 2, 4):
        if bits >= depth:
            grey |= grey << bits
    return bytes([grey])


def _fill_tiff(data, max_pixels):
    """Strips of the first page that are whole, and grey ones."""
    try:
        image = Image.open(io.BytesIO(data), formats=["TIFF"])
    except Exception:  # what describes the picture stands behind it, and is gone
        return None
    tags, compression = image.tag_v2, image.info.get("compression")
    rows = min(tags.get(_ROWS, image.height), image.height)
    offsets, counts = (np.array(tags.get(tag, ())) for tag in (_OFFSETS, _COUNTS))
    gone = offsets + counts > len(data) if len(offsets) == len(counts) else ()
    if not np.any(gone) or np.all(gone) and compression != "raw":
        return None
    planes = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION, 1) != 1
    deep = image.mode == "RGB" and max(tags.get(TiffImagePlugin.BITSPERSAMPLE)) > 8
    known = image.mode in _GREYS and compression in _STRIPS_OF
    if planes or deep or not known:
        return None
    if image.width * image.height > max_pixels:
        return None
    grey = _grey_strip(image, rows, compression, tags.get(_PREDICTOR, 1))
    filled, order = bytearray(data), image.tag_v2._endian
    there = np.maximum(len(data) - offsets[gone], 0) if compression == "raw" else 0
    for number in np.flatnonzero(gone):
        # Without compression what is there of a strip is kept.
        kept = data[offsets[number] :] if compression == "raw" else b""
        place, strip = len(filled), kept + grey[len(kept) :]
        filled += strip
        for tag, value in ((_OFFSETS, place), (_COUNTS, len(strip))):
            where, kind = _number_of_tiff(data, order, tag, number)
            struct.pack_into(f"{order}{kind}", filled, where, value)
    lost = (counts[gone].sum() - np.sum(there)) / counts.sum()
    if compression != "raw":
        lost = gone.sum() / len(gone)
    return bytes(filled), float(lost)


def _grey_strip(image, rows, compression, predictor):
    """The bytes of a strip of grey, stored as those of an opened TIFF."""
    grey = _GREYS[image.mode]
    strip, buffer = Image.new(image.mode, (image.width, rows), grey), io.BytesIO()
    more = {"tiffinfo": {_PREDICTOR: predictor}} if predictor != 1 else {}
    compression = None if compression == "raw" else compression
    strip.save(buffer, "TIFF", compression=compression, strip_size=1 << 31, **more)
    tags = Image.open(buffer).tag_v2
    (place,), (size,) = tags[_OFFSETS], tags[_COUNTS]
    return buffer.getvalue()[place : place + size]


def _number_of_tiff(data, order, tag, number):
    """Where the number of a tag's list stands in a TIFF, and of which type it is."""
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    for place in range(directory + 2, directory + 2 + 12 * count, 12):
        found, kind, length = struct.unpack_from(f"{order}HHI", data, place)
        if found == tag:
            size = struct.calcsize(_NUMBERS[kind])
            start = place + 8
            if size * length > 4:
                (start,) = struct.unpack_from(f"{order}I", data, start)
            return start + size * number, _NUMBERS[kind]
    raise KeyError(tag)
