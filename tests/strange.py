"""Pictures of every kind that people have, as the bytes of files."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin
from small import encode

SIZE = (48, 32)  # width and height of them all


def photo():
    """A grey scene with a dark corner: uint8 `(32, 48)`."""
    y, x = np.mgrid[:32, :48]
    grey = (60 + 3 * x + 2 * (y % 9)).astype("uint8")
    grey[:8, :8] = 20
    return grey


def chunk(kind, data):
    """A chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def png_with_text(size=3_000_000):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("workflow", "x" * size, zip=True)
    return encode(photo(), "PNG", pnginfo=texts)


def png_with_wrong_checksums():
    data = bytearray(encode(photo()))
    data[data.index(b"IHDR") + 17] ^= 1
    return bytes(data)


def animation(kind, frames=3):
    found = [Image.fromarray(np.roll(photo(), 3 * i, 1)) for i in range(frames)]
    more = {"append_images": found[1:], "duration": 100}
    return encode(found[0], kind, save_all=True, **more)


def tiff(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def pages(kind="TIFF", count=2):
    found = [Image.fromarray(photo()[: 32 - 8 * i]) for i in range(count)]
    return encode(found[0], kind, save_all=True, append_images=found[1:])


def jpeg(share=1.0, missing=0, **options):
    """A JPEG; a share of it, or all but so many bytes."""
    data = encode(photo(), "JPEG", quality=95, **options)
    return data[: round(len(data) * share) - missing]


def cut(data, share):
    """A share of a file, from its beginning."""
    return data[: round(len(data) * share)]


def directory_first(data, tiled=False):
    """The same TIFF with what describes it in front of its strips, as scanners do.

    Where `tiled`, its strips are called tiles; each must have the same height.
    """
    tags = Image.open(io.BytesIO(data)).tag_v2
    names = {273: 324, 279: 325, 278: 323} if tiled else {}
    if tiled:
        tags[322] = tags[256]
    strips = [data[p : p + n] for p, n in zip(tags[273], tags[279])]
    numbers, stored = {3: "H", 4: "I"}, {}
    for tag in sorted(tags):
        kind, values = tags.tagtype[tag], tags[tag]
        if kind in numbers:
            values = np.ravel(values).tolist()
            kind = 4 if tag == 273 else kind
            packed = struct.pack(f"<{len(values)}{numbers[kind]}", *values)
            stored[tag] = kind, len(values), packed
        elif kind == 7:
            stored[tag] = kind, len(values), values
    behind = 10 + 12 * len(stored) + 4
    long = sum(len(packed) for _, _, packed in stored.values() if len(packed) > 4)
    places = behind + long + np.cumsum([0, *map(len, strips[:-1])])
    stored[273] = (4, len(strips), places.astype("<u4").tobytes())
    entries, more = b"", b""
    stored = {names.get(tag, tag): value for tag, value in stored.items()}
    for tag, (kind, count, packed) in sorted(stored.items()):
        entries += struct.pack("<HHI", tag, kind, count)
        if len(packed) > 4:
            entries += struct.pack("<I", behind + len(more))
            more += packed
        else:
            entries += packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(stored)) + entries + bytes(4)
    return head + more + b"".join(strips)


def interlaced_png(values, kind, depth, *more):
    """An interlaced PNG of each row's filter 2 (but the first of a pass).

    Args:
        values: integer array `(H, W, channels)`.
        kind: its colour type.
        depth: bits of a channel.
        more: chunks between header and pixels.
    """
    height, width = values.shape[:2]
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    rows = b""
    for top, left, down, across in [*passes, (0, 1, 2, 2), (1, 0, 2, 1)]:
        part = values[top::down, left::across]
        if not part.size:
            continue
        bits = part.reshape(len(part), -1, 1) >> np.arange(depth)[::-1] & 1
        packed = np.packbits(bits.reshape(len(part), -1).astype("u1"), axis=1)
        steps = np.diff(packed, axis=0, prepend=packed[:1] * 0)
        filters = np.full((len(part), 1), 2, "u1")
        filters[0] = 0
        rows += np.hstack([filters, steps]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 1)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def psd():
    """A Photoshop file, flattened."""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 32, 48, 8, 3)
    return head + bytes(12) + bytes(2) + 3 * photo().tobytes()


def deep_psd(values, kind, depth=16, version=1, packed=False, extra=0, layers=None):
    """A flattened Photoshop file.

    Args:
        values: uint8 array `(H, W, channels)`; at 16 bits each is repeated.
        kind: number of its mode.
        depth: bits a channel.
        version: 2 is a PSB.
        packed: whether its rows are PackBits.
        extra: channels that are masks.
        layers: how many it says to have (below 0: the fourth channel is transparency),
            or None for no such section. Of version 1.
    """
    height, width, channels = values.shape
    planes = np.concatenate([values, np.zeros((height, width, extra), "u1")], axis=2)
    planes = planes.transpose(2, 0, 1).astype(">u2" if depth == 16 else "u1")
    planes = planes * (257 if depth == 16 else 1)
    rows = [row.astype(planes.dtype).tobytes() for row in planes.reshape(-1, width)]
    size = (channels + extra, height, width, depth, kind)
    data = struct.pack(">4sH6xHIIHH", b"8BPS", version, *size)
    resource = struct.pack(">4sHHI", b"8BIM", 1005, 0, 3) + b"abc\0"
    data += bytes(4) + struct.pack(">I", len(resource)) + resource
    section = b"" if layers is None else struct.pack(">Ih", 2, layers)
    data += struct.pack(">Q" if version == 2 else ">I", len(section)) + section
    data += struct.pack(">H", packed)
    if packed:
        rows = [b"".join(bytes([0, byte]) for byte in row) for row in rows]
        counts = np.array([len(row) for row in rows])
        data += counts.astype(">u4" if version == 2 else ">u2").tobytes()
    return data + b"".join(rows)


def phone_png(values):
    """A PNG as Apple's programs hold it, of uint8 `(H, W, 3 or 4)`."""
    height, width, channels = values.shape
    order = [2, 1, 0, 3][:channels]
    rows = np.diff(values[..., order].reshape(height, -1), axis=0, prepend=0)
    rows = np.insert(rows.astype("u1"), 0, 2, axis=1).tobytes()
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(rows) + packer.flush()
    kind = {3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = [chunk(b"CgBI", b"P\0 \x06"), chunk(b"IHDR", header)]
    parts += [chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def sun_raster():
    head = struct.pack(">8I", 0x59A66A95, 48, 32, 8, 32 * 48, 1, 0, 0)
    return head + photo().tobytes()


def photo_cd():
    """A grey picture of a Photo CD, 768 x 512 as it is read."""
    rows = bytes([80] * 768 * 2 + [156] * 384 + [137] * 384)  # two of Y, one of C1, C2
    data = bytearray(96 * 2048) + bytearray(rows * 256)
    data[2048:2052] = b"PCD_"
    return bytes(data)


def fax(count=2):
    """Several PCX in one file."""
    one = encode(photo(), "PCX")
    places = [4 * (count + 2) + i * len(one) for i in range(count)]
    head = struct.pack(f"<{count + 2}I", 0x3ADE68B1, *places, 0)
    return head + one * count


def dng(orientation=1):
    """Raw data of a sensor, with what LibRaw wants to know of its camera."""
    to_camera = (3.24, -1.54, -0.50, -0.97, 1.88, 0.04, 0.06, -0.20, 1.06)
    ratios = [n for value in to_camera for n in (round(value * 100), 100)]
    tags = [(271, "s", 0, "Test"), (272, "s", 0, "Camera"), (274, "H", 1, orientation)]
    tags += [(33421, "H", 2, (2, 2)), (33422, "B", 4, (0, 1, 1, 2))]
    tags += [(50706, "B", 4, (1, 4, 0, 0)), (50707, "B", 4, (1, 1, 0, 0))]
    tags += [(50708, "s", 0, "Test Camera"), (50714, "H", 1, 0)]
    tags += [(50717, "H", 1, 65535), (50721, "2i", 9, ratios)]
    tags += [(50728, "2I", 3, (1,) * 6), (50778, "H", 1, 21)]
    sensor = np.tile(photo(), (4, 4)).astype("uint16") * 257
    more = {"extratags": [(*tag, True) for tag in tags], "metadata": None}
    return tiff(sensor, photometric=32803, **more)


def pdf(count=1, mode="L"):
    """A PDF of scans, 150 dots per inch."""
    found = [Image.fromarray(photo()).convert(mode) for _ in range(count)]
    more = {"save_all": True, "append_images": found[1:], "resolution": 150}
    return encode(found[0], "PDF", **more)


def text_pdf():
    """A PDF of a letter, as an office program writes it."""
    parts = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    font = b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R"
    parts.append(page + font + b">>")
    text = b"BT /F 12 Tf 20 50 Td (Dear Anna) Tj ET"
    parts.append(b"<</Length %d>>stream\n%s\nendstream" % (len(text), text))
    data, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    return data + b"xref\n0 5\n0000000000 65535 f \n" + table + end
