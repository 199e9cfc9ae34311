"""LZW, as TIFF and GIF have it: read as far as it goes, written without compression."""

import numpy as np

_LITERALS = 200  # codes after which the table is cleared: their width stays the first


def lzw_decode(data, size, bits=8, of_gif=False):
    """Decodes what is there, up to the end, the first mistake or so many values.

    Args:
        data: bytes.
        size: most values that are wanted.
        bits: of a value, 2 to 8.
        of_gif: whether as in GIF: the lowest bit of a byte first, and codes become a
            bit longer later than in TIFF.

    Returns:
        bytes, a value each.

    Reference:
        TIFF 6.0, section 13. GIF89a, appendix F.
    """
    clear, end = 1 << bits, (1 << bits) + 1
    first = [bytes([value]) for value in range(clear)] + [b"", b""]
    table, width, before, out, length = list(first), bits + 1, b"", [], 0
    buffer = held = 0
    for byte in data:
        buffer = buffer | byte << held if of_gif else buffer << 8 | byte
        held += 8
        while held >= width:
            held -= width
            if of_gif:
                code, buffer = buffer & (1 << width) - 1, buffer >> width
            else:
                code, buffer = buffer >> held, buffer & (1 << held) - 1
            if code == clear:
                table, width, before = list(first), bits + 1, b""
                continue
            entry = table[code] if code < len(table) else before + before[:1]
            if code == end or code > len(table) or not entry or length >= size:
                return b"".join(out)[:size]
            if before and len(table) < 4096:
                table.append(before + entry[:1])
            if len(table) + (not of_gif) >= 1 << width and width < 12:
                width += 1
            out.append(entry)
            length += len(entry)
            before = entry
    return b"".join(out)[:size]


def lzw_encode(values, bits=8, of_gif=False):
    """Encodes values so that `lzw_decode` gives them; an eighth larger than they are.

    Args:
        values: bytes, a value each, below 2 to the power of `bits`.
        bits: of a value, 2 to 8.
        of_gif: whether as in GIF, see `lzw_decode`.

    Returns:
        bytes.
    """
    clear, room = 1 << bits, min(_LITERALS, (1 << bits) - 3)
    found = np.frombuffer(values, "u1").astype("u2")
    codes = np.insert(found, range(0, len(found), room), clear)
    codes = np.append(codes, clear + 1)
    places = np.arange(bits + 1)
    shifts = places if of_gif else places[::-1]
    order = "little" if of_gif else "big"
    return np.packbits(codes[:, None] >> shifts & 1, bitorder=order).tobytes()
