"""Pictures cut off in the middle: what is there, with grey in the place of the rest.

A JPEG needs an end only, see `repair.close_jpeg`: its decoders paint the grey.
"""

import io
import re
import struct
import zlib

import numpy as np
from PIL import Image

from colorlib.images.lzw import lzw_decode, lzw_encode
from colorlib.images.repair import PNG_SIGNATURE, png_chunk
from colorlib.images.truncated_tiff import fill_tiff, indices_of_grey

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour types
_PALETTE = 3
_DEPTHS = (1, 2, 4, 8, 16)
# The passes of an interlaced PNG: first row and column, the steps between them, and
# height and width of what a pixel stands for until later passes fill it.
_PASSES = ((0, 0, 8, 8, 8, 8), (0, 4, 8, 8, 8, 4), (4, 0, 8, 4, 4, 4))
_PASSES += ((0, 2, 4, 4, 4, 2), (2, 0, 4, 2, 2, 2), (0, 1, 2, 2, 2, 1))
_PASSES += ((1, 0, 2, 1, 1, 1),)
_GIF_PASSES = (slice(0, None, 8), slice(4, None, 8), slice(2, None, 4))
_GIF_PASSES += (slice(1, None, 2),)
_PORTABLE = re.compile(rb"P([56])" + 3 * rb"(?:\s|#[^\n\r]*)+(\d+)" + rb"\s")
_BOXES = (b"ftyp", b"jP  ", b"JXL ")
_COARSE = "the rest of its details may be missing"


def fill_missing_part(kind, data, max_pixels):
    """A picture that was cut off, made whole.

    Args:
        kind: as Pillow names it: PNG, GIF, WEBP, TIFF, BMP or PPM.
        data: bytes of the file.
        max_pixels: larger pictures are not filled.

    Returns:
        (bytes, share of the picture that is missing and grey, in [0, 1], what else is
        missing, in words, or ""), or None: nothing is missing, or it cannot be filled.
    """
    fill = {"PNG": _fill_png, "BMP": _fill_bmp, "TIFF": _fill_tiff, "GIF": _fill_gif}
    fill |= {"PPM": _fill_portable, "WEBP": _fill_webp}
    try:
        return fill[kind](data, max_pixels) if kind in fill else None
    except (struct.error, IndexError, KeyError):  # cut off in what would have to tell
        return None


def is_cut_off(kind, data):
    """Whether a file says that it has more bytes than are there.

    Args:
        kind: as Pillow names it.
        data: bytes of the file.
    """
    if kind == "TIFF":
        return _lacks_directory(data)
    if kind == "WEBP":
        return len(data) >= 8 and struct.unpack_from("<I", data, 4)[0] + 8 > len(data)
    if kind not in ("AVIF", "HEIF", "JPEG2000", "JXL") or data[4:8] not in _BOXES:
        return False
    place = 0
    while 0 < len(data) - place:
        if place + 8 > len(data):
            return True
        (size,) = struct.unpack_from(">I", data, place)
        if size == 1 and place + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, place + 8)
        if size == 0:  # up to the end
            return kind == "JPEG2000" and data[-2:] != b"\xff\xd9"
        place += max(size, 8)
    return place > len(data)


def _lacks_directory(data):
    """Whether a TIFF was cut off before what describes its first page."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8 or data[2:4] not in (b"*\0", b"\0*"):
        return False
    (place,) = struct.unpack_from(f"{order}I", data, 4)
    if place + 2 > len(data):
        return True
    (count,) = struct.unpack_from(f"{order}H", data, place)
    return place + 2 + 12 * count > len(data)


def _fill_png(data, max_pixels):
    """Whole frames of an animation; else rows that are there, and grey ones."""
    begin, packed, palette, frames, place = [], [], b"", [], len(PNG_SIGNATURE)
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + size]
        if kind == b"IEND":
            return None
        if kind == b"fcTL":
            frames.append(place)
        elif kind == b"IDAT":
            packed.append(content)
        elif not packed and kind != b"acTL":
            begin.append((kind, content))
            palette = content if kind == b"PLTE" else palette
        place += 12 + size
    if len(frames) > 1:  # each of them but the last is whole
        return _end_animation(data, frames)
    width, height, depth, kind, interlaced = struct.unpack(">IIBB2xB", data[16:29])
    if not packed or width * height > max_pixels or depth not in _DEPTHS:
        return None
    channels, packed = _CHANNELS[kind], b"".join(packed)
    if depth < 8 or kind == _PALETTE:
        colours = np.frombuffer(palette[: len(palette) // 3 * 3], "u1").reshape(-1, 3)
        grey = indices_of_grey(colours if kind == _PALETTE else None, depth)
    else:
        colours = channels - (kind in (4, 6))
        grey = b"\x80" * colours + b"\xff" * (channels - colours)
        grey = bytes(np.repeat(np.frombuffer(grey, "u1"), depth // 8))
    if interlaced:
        pixels, rows = _from_passes(packed, width, height, depth, channels, grey)
        begin[0] = (b"IHDR", data[16:28] + b"\0")
    else:
        row_size = 1 + (width * depth * channels + 7) // 8
        row = b"\0" + (grey * row_size)[: row_size - 1]  # of filter 0: none
        pixels = _inflate(packed, row_size * height)
        rows = len(pixels) // row_size
        pixels = pixels[: rows * row_size] + row * (height - rows)
    if not rows:
        return None
    begin += [(b"IDAT", zlib.compress(pixels, 1)), (b"IEND", b"")]
    filled = PNG_SIGNATURE + b"".join(png_chunk(*part) for part in begin)
    return filled, 1 - rows / height, _COARSE if interlaced else ""


def _end_animation(data, frames):
    """An animated PNG that ends before the last one of the frames at these places."""
    whole, count = data[: frames[-1]], len(frames) - 1
    place = whole.index(b"acTL") - 4
    loops = whole[place + 12 : place + 16]
    control = png_chunk(b"acTL", struct.pack(">I", count) + loops)
    whole = whole[:place] + control + whole[place + len(control) :]
    return whole + png_chunk(b"IEND", b""), 0.0, _frames_there(count)


def _frames_there(count):
    return f"the first {f'{count} frames are' if count > 1 else 'frame is'} there"


def _inflate(packed, size):
    try:
        return zlib.decompressobj().decompress(packed, size)
    except zlib.error:
        return b""


def _from_passes(packed, width, height, depth, channels, grey):
    """What is there of an interlaced PNG; each pixel fills the missing ones beside it.

    Args:
        packed: bytes of the compressed passes, as far as they are there.
        width: in pixels.
        height: the same.
        depth: bits of a channel.
        channels: of a pixel.
        grey: bytes of a grey pixel, or of 8 bits of such pixels.

    Returns:
        (bytes of the rows, as they are before compression; how many are not grey).
    """
    shape = (height, width, max(1, depth * channels // 8))
    value = [grey[0] >> max(0, 8 - depth)] if depth < 8 else list(grey)
    pixels = np.broadcast_to(np.array(value, "u1"), shape).copy()
    data = _inflate(packed, 2 * pixels.nbytes + 8 * height)
    for top, left, down, across, high, wide in _PASSES:
        rows, columns = -(-(height - top) // down), -(-(width - left) // across)
        row_size = 1 + (columns * depth * channels + 7) // 8
        if min(rows, columns) < 1:
            continue
        there = min(rows, len(data) // row_size)
        if (top, left) == (0, 0):
            done = height if there == rows else there * down
        if there < 1:
            break
        values = _unfiltered(data[: there * row_size], columns, there, depth, channels)
        data = data[rows * row_size :]
        for i in range(high):
            for j in range(wide):
                target = pixels[top + i :: down, left + j :: across][:there]
                target[...] = values[: target.shape[0], : target.shape[1]]
    if depth < 8:
        bits = pixels >> np.arange(depth, dtype="u1")[::-1] & 1
        pixels = np.packbits(bits.reshape(height, -1), axis=1)
    rows = pixels.reshape(height, -1)
    return np.insert(rows, 0, 0, axis=1).tobytes(), done


def _unfiltered(data, width, height, depth, channels):
    """Pixels of the rows of a pass: uint8 `(height, width, bytes of a pixel)`."""
    kind = {1: 0 if depth == 16 else _PALETTE, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBxxx", width, height, depth, kind)
    parts = [(b"IHDR", header), (b"PLTE", bytes(3 << min(depth, 8)))]
    parts = parts if kind == _PALETTE else parts[:1]
    parts += [(b"IDAT", zlib.compress(data, 1)), (b"IEND", b"")]
    whole = PNG_SIGNATURE + b"".join(png_chunk(*part) for part in parts)
    values = np.asarray(Image.open(io.BytesIO(whole), formats=["PNG"]))
    if values.dtype != np.uint8:
        values = values.astype(">u2").view("u1")
    elif depth == 16:  # of several channels Pillow gives the upper 8 bits
        values = values.repeat(2, axis=-1)
    return values.reshape(height, width, -1)


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
        grey = indices_of_grey(colours[:, :3], bits)
    there = len(data) - (len(data) - first) % len(grey)  # whole pixels
    missing += len(data) - there
    filled = data[:there] + (grey * missing)[:missing]
    return filled, missing / (row_size * height), ""


def _fill_portable(data, max_pixels):
    """A PGM or PPM: values up to the first one that is missing, and grey ones."""
    found = _PORTABLE.match(data)
    if not found:
        return None
    width, height, most = map(int, found.groups()[1:])
    grey = (most // 2).to_bytes(1 if most < 256 else 2, "big")
    pixel = grey * (3 if found[1] == b"6" else 1)
    size = width * height * len(pixel)
    there = (len(data) - found.end()) // len(pixel) * len(pixel)
    if width * height > max_pixels or not 0 < there < size:
        return None
    filled = data[: found.end() + there] + pixel * ((size - there) // len(pixel))
    return filled, 1 - there / size, ""


def _fill_tiff(data, max_pixels):
    filled = fill_tiff(data, max_pixels)
    if filled is None:
        return None
    return *filled[:2], "later pages are missing" if filled[2] else ""


def _fill_webp(data, max_pixels):
    """The whole frames of an animated WebP."""
    if data[12:16] != b"VP8X":
        return None
    place, count = 12, 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, place)
        following = place + 8 + size + size % 2
        if following > len(data):
            break
        count, place = count + (kind == b"ANMF"), following
    if not count or struct.unpack_from("<I", data, 4)[0] + 8 <= len(data):
        return None
    head = b"RIFF" + struct.pack("<I", place - 8)
    return head + data[8:place], 0.0, _frames_there(count)


def _fill_gif(data, max_pixels):
    """The whole frames; where the first is not, its rows that are there, and grey."""
    place = 13 + _gif_palette(data[10])
    whole, count = place, 0
    while place < len(data):
        if data[place : place + 1] == b";":
            return None
        if data[place : place + 1] == b"!":
            place = _behind_blocks(data, place + 2)
        elif data[place : place + 1] == b",":
            begin = place + 10 + _gif_palette(data[place + 9])
            end = _behind_blocks(data, begin + 1)
            if end > len(data) and not count:
                return _fill_gif_frame(data, place, begin, max_pixels)
            if end > len(data):
                break
            whole, place, count = end, end, count + 1
        else:
            return None
    return (data[:whole] + b";", 0.0, _frames_there(count)) if count else None


def _gif_palette(flags):
    return 6 << (flags & 7) if flags & 128 else 0


def _behind_blocks(data, place):
    """Where the blocks that begin at a place end; behind the end, if they are cut."""
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1


def _fill_gif_frame(data, place, begin, max_pixels):
    """A GIF of one frame that is described at a place, its pixels from another on."""
    width, height, flags = struct.unpack_from("<HHB", data, place + 5)
    bits, packed, block = data[begin], [], begin + 1
    if not 2 <= bits <= 8 or width * height > max_pixels:
        return None
    while block < len(data):
        packed.append(data[block + 1 : block + 1 + data[block]])
        block += 1 + data[block]
    pixels = lzw_decode(b"".join(packed), width * height, bits, True)
    rows = np.frombuffer(pixels[: len(pixels) // width * width], "u1")
    rows, there = rows.reshape(-1, width), len(pixels) // width
    palette = data[place + 10 : begin] or data[13 : 13 + _gif_palette(data[10])]
    colours = np.frombuffer(palette, "u1").reshape(-1, 3)[: 1 << bits]
    frame = np.full((height, width), indices_of_grey(colours, 8)[0], "u1")
    if flags & 64:  # interlaced: a row stands for those below it that are missing
        order = np.concatenate([np.arange(height)[rows] for rows in _GIF_PASSES])
        shown = np.full(height, -1)
        shown[order[:there]] = np.arange(there)
        shown = _last_before(shown)
        done = height if there >= -(-height // 8) else 8 * there
    else:
        shown, done = np.arange(there), there
    if not there:
        return None
    frame[:done] = rows[shown[:done]]
    packed = lzw_encode(frame.tobytes(), bits, True)
    blocks = (packed[n : n + 255] for n in range(0, len(packed), 255))
    filled = data[: place + 9] + bytes([flags & ~64]) + data[place + 10 : begin + 1]
    filled += b"".join(bytes([len(block)]) + block for block in blocks) + b"\0;"
    return filled, 1 - done / height, _COARSE if flags & 64 else ""


def _last_before(numbers):
    """Each number that is -1 replaced by the last one before it that is not."""
    places = np.maximum.accumulate(np.where(numbers < 0, 0, np.arange(len(numbers))))
    return numbers[places]
