"""Files that a strict reader refuses though the picture is there: read all the same."""

import struct
import zlib

import numpy as np

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MOST_TEXT = 1 << 20  # bytes; Pillow's own limit of a text or profile


def repair_png(data):
    """A PNG without oversized texts, with right checksums, and not as in a phone.

    Programs for Apple's phones hold PNGs of a kind of their own: the pixels as BGRA,
    compressed without what zlib puts around them, behind a chunk `CgBI`.

    Args:
        data: bytes of the file.

    Returns:
        data (bytes; None if nothing had to be changed), notes (list of str: what was
        wrong, in words).
    """
    if data[12:16] == b"CgBI":
        return _repair_of_phone(data), ["a PNG as Apple's phones hold it"]
    parts, notes, place, wrong = [PNG_SIGNATURE], [], 8, False
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + size]
        check = data[place + 8 + size : place + 12 + size]
        place += 12 + size
        if kind in (*_TEXTS, b"iCCP") and _is_large(kind, content):
            what = "a colour profile" if kind == b"iCCP" else "a text"
            notes.append(f"{what} of more than 1 MB dropped")
            continue
        right = struct.pack(">I", zlib.crc32(kind + content))
        wrong = wrong or (check != right and len(content) == size)
        parts.append(struct.pack(">I4s", size, kind) + content + right)
        if kind == b"IEND":
            break
    if wrong:
        notes.append("wrong checksums in the file")
    return (b"".join(parts) if notes else None), notes


def _repair_of_phone(data):
    parts, packed, place = [], [], 8
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + size]
        place += 12 + size
        if kind == b"IDAT":
            packed.append(content)
        elif kind not in (b"CgBI", b"IEND"):
            parts.append((kind, content))
    width, _, _, kind = struct.unpack(">IIBB", parts[0][1][:10])
    rows = zlib.decompressobj(-zlib.MAX_WBITS).decompress(b"".join(packed))
    channels = {2: 3, 6: 4}.get(kind)
    if channels:  # the filters work on each channel by itself
        rows = np.frombuffer(rows, "u1").reshape(-1, 1 + width * channels).copy()
        pixels = rows[:, 1:].reshape(len(rows), width, channels)
        pixels[..., :3] = pixels[..., 2::-1].copy()
        rows = rows.tobytes()
    parts += [(b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return PNG_SIGNATURE + b"".join(png_chunk(*part) for part in parts)


def png_chunk(kind, content):
    """A chunk of a PNG, as bytes."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def rare_jpeg(data):
    """What makes a JPEG one that hardly a program reads, in words, or "".

    Args:
        data: bytes of the file.
    """
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, size, bits = struct.unpack_from(">BHB", data, place + 1)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker in (0xC3, 0xC7, 0xCB, 0xCF):
                return "a JPEG without loss, as medical devices write it"
            return f"a JPEG of {bits} bits a channel" if bits != 8 else ""
        place += 2 + size
    return ""


def _is_large(kind, content):
    """Whether a chunk's compressed text has more bytes than Pillow takes."""
    if kind == b"tEXt":
        return False
    rest = content.partition(b"\0")[2]
    if kind == b"iTXt":
        if rest[:1] != b"\1":  # not compressed
            return False
        rest = rest[2:].split(b"\0", 2)[-1]
    else:
        rest = rest[1:]
    try:
        return len(zlib.decompressobj().decompress(rest, _MOST_TEXT + 1)) > _MOST_TEXT
    except zlib.error:
        return False


def close_jpeg(data):
    """A JPEG that was cut off, with an end: a decoder paints grey what is missing."""
    return data + b"\xff\xd9"


def missing_share(rgb):
    """What part of a picture a decoder has filled with grey, from one side on.

    Args:
        rgb: uint8 `(H, W, 3)`; its end may be at any side, since it may be turned.
    """
    grey, most = (rgb == 128).all(axis=-1), 0
    for side in (grey, grey[::-1], grey.T, grey.T[::-1]):
        begun = ~(side[:, 0] | side[:, -1])  # rows with picture at both ends
        rows = int(begun.argmax()) if begun.any() else len(side)
        most = max(most, int(side[:rows].sum()))
    return most / grey.size
