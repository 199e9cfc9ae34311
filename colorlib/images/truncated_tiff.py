"""TIFF cut off in the middle: its whole pages, strips and tiles, and grey ones."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from colorlib.images.lzw import lzw_decode, lzw_encode

# Tags, and the types of numbers that they have.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_FILL_ORDER, _CHANNELS, _PLANAR, _PREDICTOR, _COLOURS = 266, 277, 284, 317, 320
_STRIPS, _ROWS, _STRIP_SIZES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_SIZES = 322, 323, 324, 325
_FORMAT, _SUBSAMPLING = 339, 530
_NUMBERS = {1: "B", 3: "H", 4: "I"}
_RAW, _LZW, _JPEG, _DEFLATE, _PACKBITS = 1, 5, 7, (8, 32946), 32773
_WHITE_IS_ZERO, _PALETTE, _INKS, _YCBCR, _LAB = 0, 3, 5, 6, 8
_COLOURS_OF = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}
_JPEG_KINDS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}


def fill_tiff(data, max_pixels):
    """Makes a TIFF that was cut off whole: with grey, without the pages that are gone.

    Args:
        data: bytes of the file.
        max_pixels: larger pages are not filled.

    Returns:
        (bytes, share of the pages that is missing, in [0, 1], whether later pages are
        missing), or None: nothing is missing, or it cannot be filled.

    Raises:
        struct.error, KeyError: if the first page's description is damaged.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return None
    filled, pages, missing, more = bytearray(data), 0, [], False
    pointer = 4  # where it stands at which place the next page is described
    while place := struct.unpack_from(f"{order}I", data, pointer)[0]:
        try:
            tags, behind = _read_tags(data, order, place)
            (following,) = struct.unpack_from(f"{order}I", data, behind)
            share = _fill_page(filled, data, order, tags, max_pixels)
        except (struct.error, KeyError):  # described behind the end
            if not pages:
                raise
            share = None
        if share is None and not pages:
            return None
        if share is None or share == 1 and pages or following and following <= place:
            struct.pack_into(f"{order}I", filled, pointer, 0)
            more = True
            break
        missing.append(share)
        pages, pointer = pages + 1, behind
    if not any(missing) and not more:
        return None
    return bytes(filled), sum(missing) / pages, more


def _read_tags(data, order, place):
    """(dict from tag to (place of its entry, values or None), place behind it)."""
    (count,), tags = struct.unpack_from(f"{order}H", data, place), {}
    behind = place + 2 + 12 * count
    for entry in range(place + 2, behind, 12):
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, entry)
        values = None
        if kind in _NUMBERS and length < len(data):
            numbers, start = f"{order}{length}{_NUMBERS[kind]}", entry + 8
            if struct.calcsize(numbers) > 4:
                (start,) = struct.unpack_from(f"{order}I", data, start)
            if start + struct.calcsize(numbers) <= len(data):
                values = struct.unpack_from(numbers, data, start)
        tags[tag] = entry, values
    return tags, behind


def _fill_page(filled, data, order, tags, max_pixels):
    """Fills a page; gives the share that is missing, or None where that cannot be."""

    def read(tag, *default):
        values = tags[tag][1] if tag in tags else default
        if not values:
            raise KeyError(tag)
        return values

    (width,), (height,) = read(_WIDTH), read(_HEIGHT)
    (compression,), (channels,) = read(_COMPRESSION, _RAW), read(_CHANNELS, 1)
    depths, (planar,) = read(_BITS, 1), read(_PLANAR, 1)
    tiled = _TILES in tags
    if tiled:
        (across,), (rows,) = read(_TILE_WIDTH), read(_TILE_HEIGHT)
    else:
        across, rows = width, min(read(_ROWS, height)[0], height)
    names = (_TILES, _TILE_SIZES) if tiled else (_STRIPS, _STRIP_SIZES)
    places, sizes = (np.array(read(name), "int64") for name in names)
    gone = np.flatnonzero(places + sizes > len(data))
    if not len(gone):
        return 0.0
    (photometric,), (predictor,) = read(_PHOTOMETRIC), read(_PREDICTOR, 1)
    if (
        (len(places) != len(sizes) or min(width, height, across, rows) < 1)
        or (width * height > max_pixels or len(set(depths)) > 1)
        or (photometric not in _COLOURS_OF or channels < _COLOURS_OF[photometric])
        or (read(_FILL_ORDER, 1)[0] != 1 or read(_FORMAT, 1)[0] not in (1, 4))
        or predictor not in (1, 2)
    ):
        return None
    colours = read(_COLOURS) if photometric == _PALETTE else None
    grey = _grey_pixel(photometric, depths[0], channels, colours)
    if compression == _JPEG:
        samples = read(_SUBSAMPLING, 2, 2) if photometric == _YCBCR else (1, 1)
        codec = _jpeg_codec(across, 1 if planar == 2 else channels, depths[0], samples)
    else:
        known = photometric != _YCBCR and depths[0] in (1, 2, 4, 8, 16)
        codec = _CODECS.get(compression) if known else None
    if codec is None or grey is None:
        return None
    lost = 0
    for number in gone:
        high = rows
        if not tiled:
            high = min(rows, height - number % -(-height // rows) * rows)
        plane = number * channels // len(places)
        pixel = grey[plane] if planar == 2 else b"".join(grey)
        row = (pixel * across)[: -(-across * len(pixel) * min(depths[0], 8) // 8)]
        if predictor == 2:  # each pixel less the one before
            row = pixel + bytes(len(row) - len(pixel))
        kept = bytes(data[places[number] :][: sizes[number]])
        strip, there = codec(kept, row, high, len(kept) / max(1, sizes[number]))
        lost += high - there
        places[number], sizes[number] = len(filled), len(strip)
        filled += strip + bytes(len(strip) % 2)
    for name, values in zip(names, (places, sizes)):
        where = int(values[0]) if len(values) == 1 else len(filled)
        entry = struct.pack(f"{order}HHII", name, 4, len(values), where)
        filled[tags[name][0] : tags[name][0] + 12] = entry
        if len(values) > 1:
            filled += struct.pack(f"{order}{len(values)}I", *map(int, values))
    per_row = across / width / (channels if planar == 2 else 1)
    area = len(places) * rows * per_row if tiled else height
    return float(min(1.0, lost * per_row / area))


def _grey_pixel(photometric, depth, channels, colours):
    """The bytes of each channel of grey; of less than 8 bits, a byte of such pixels."""
    if colours is not None:
        table = np.reshape(colours, (3, -1)).T >> 8
        values = [indices_of_grey(table, depth)]
    elif depth < 8:
        values = indices_of_grey(None, depth)
        values = [bytes([values[0] ^ 255]) if photometric == _WHITE_IS_ZERO else values]
    else:
        values = {_WHITE_IS_ZERO: b"\x7f", _INKS: b"\0\0\0\x7f", _LAB: b"\x80\0\0"}
        values = values.get(photometric, b"\x80" * _COLOURS_OF[photometric])
        values = [bytes([value]) * (depth // 8) for value in values]
    more = channels - len(values)
    if depth < 8 and more:
        return None
    return values + [b"\xff" * (depth // 8)] * more


def indices_of_grey(colours, depth):
    """A byte of pixels of `depth` bits: of the colour nearest to a middle grey.

    Args:
        colours: integer array `(N, 3)` of the palette, levels of 0 to 255, or None:
            the pixels are levels of grey.
        depth: 1, 2, 4 or 8.
    """
    grey = 1 << (depth - 1)
    if colours is not None:
        grey = int(np.abs(colours.astype(int) - 128).sum(axis=1).argmin())
    for bits in (1, 2, 4):
        if bits >= depth:
            grey |= grey << bits
    return bytes([grey])


# Codecs: from what is there of a strip, the bytes of a grey row, the number of rows and
# the share of its bytes that are there, to (whole strip, how many rows are there).


def _with_rows(decode, encode):
    """A codec of a function that decodes up to so many bytes, and one that encodes."""

    def codec(kept, row, rows, share):
        pixels = decode(kept, len(row) * rows)
        there = len(pixels) // len(row)
        return encode(pixels[: there * len(row)] + row * (rows - there)), there

    return codec


def _inflate(data, size):
    try:
        return zlib.decompressobj().decompress(data, size)
    except zlib.error:
        return b""


def unpack_bits(data, size):
    """Decodes PackBits, up to the end of the data or so many bytes."""
    out, length, place = [], 0, 0
    while place + 1 < len(data) and length < size:
        count = data[place]
        if count < 128:
            run = data[place + 1 : place + 2 + count]
            place += 2 + count
        else:
            run = data[place + 1 : place + 2] * (257 - count) if count > 128 else b""
            place += 2 if count > 128 else 1
        out.append(run)
        length += len(run)
    return b"".join(out)[:size]


def _pack_bits(data):
    runs = (data[place : place + 128] for place in range(0, len(data), 128))
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


_CODECS = {
    _RAW: _with_rows(lambda data, size: data[:size], bytes),
    _LZW: _with_rows(lzw_decode, lzw_encode),
    _PACKBITS: _with_rows(unpack_bits, _pack_bits),
}
_CODECS |= dict.fromkeys(_DEFLATE, _with_rows(_inflate, zlib.compress))


def _jpeg_codec(across, channels, depth, samples):
    """The same of JPEG, whose decoder paints grey what is missing; or None."""
    mode = {1: "L", 3: "YCbCr"}.get(channels)
    if mode is None or depth != 8 or tuple(samples) not in _JPEG_KINDS:
        return None

    def codec(kept, row, rows, share):
        if 0 < kept.find(b"\xff\xda") < len(kept) - 20:  # the scan has begun
            return kept + b"\xff\xd9", int(share * rows)
        image, buffer = Image.new(mode, (across, rows), (128,) * channels), io.BytesIO()
        image.save(buffer, "JPEG", subsampling=_JPEG_KINDS[tuple(samples)])
        return buffer.getvalue(), 0

    return codec
