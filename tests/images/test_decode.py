import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from small import encode

from colorlib.errors import PictureError
from colorlib.images.decode import decode
from colorlib.images.read import read_picture
from colorlib.images.write import write_picture


def ramp():
    """Every grey level once: `(16, 16)`."""
    return np.arange(256, dtype="uint8").reshape(16, 16)


def icc(space, tags, kind=b"prtr"):
    """A small ICC profile (version 2) with these tags, for `space`."""
    header = bytearray(128)
    header[8:12] = b"\x02\x40\0\0"
    header[12:24] = (
        kind + space + b"Lab " if kind == b"prtr" else kind + space + b"XYZ "
    )
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3i", 63190, 65536, 54061)  # D50, 16.16 fixed
    white = b"XYZ \0\0\0\0" + bytes(header[68:80])
    text = b"text\0\0\0\0none\0\0\0\0"
    words = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": words, b"cprt": text, b"wtpt": white, **tags}
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    profile = bytes(header) + table + data
    return struct.pack(">I", len(profile)) + profile[4:]


def cmyk_profile():
    """CMYK on paper in the crudest way: L* falls with every ink, ab stay 0."""
    grid = np.indices((2, 2, 2, 2)).reshape(4, 16).T  # C, M, Y, K
    L = 255 * np.clip(1 - 0.2 * grid[:, :3].sum(1) - 0.4 * grid[:, 3], 0, 1)
    lab = np.stack([L, np.full(16, 128), np.full(16, 128)], axis=1)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    table += struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel())
    table += bytes(range(256)) * 4 + lab.round().astype("uint8").tobytes()
    table += bytes(range(256)) * 3
    return icc(b"CMYK", {b"A2B0": table})


def grey_profile(gamma):
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    return icc(b"GRAY", {b"kTRC": curve}, kind=b"mntr")


# Profiles.


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_is_read_through_its_profile(kind):
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    plain = read_picture(encode(image, kind)).rgb[8, 8].astype(int)
    assert plain[0] < 20 and plain[1:].min() > 235  # the plain formula: cyan
    read = read_picture(encode(image, kind, icc_profile=cmyk_profile()))
    rgb = read.rgb[8, 8].astype(int)
    assert np.ptp(rgb) <= 3 and abs(rgb[0] - 198) <= 4  # L* 80, grey
    assert "icc_profile" in read.info


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "RGB", "P"])
def test_a_grey_profile_is_applied_to_grey_of_every_mode(mode):
    if mode == "I;16":
        image = Image.fromarray(ramp().astype("uint16") * 257)
    else:
        image = Image.fromarray(ramp()).convert(mode)
    read = read_picture(encode(image, "PNG", icc_profile=grey_profile(1.5))).rgb
    linear = (ramp() / 255.0) ** 1.5  # to sRGB: lighter by up to 35 levels
    wanted = 255 * np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    assert np.abs(read - wanted[..., None]).max() < 4


def test_a_grey_profile_on_colour_is_ignored():
    image = Image.new("RGB", (9, 9), (200, 100, 50))
    read = read_picture(encode(image, icc_profile=grey_profile(1.0)))
    assert tuple(read.rgb[0, 0]) == (200, 100, 50) and "icc_profile" not in read.info


# Depth.


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_said_to_become_8(kind):
    grey = np.linspace(0, 65535, 256).reshape(16, 16).astype("uint16")
    assert read_picture(encode(grey, kind)).notes == [
        "16 bits a channel in, 8 bits out"
    ]
    assert read_picture(encode(ramp(), kind)).notes == []


def test_16_bit_colour_tiff_is_read_and_said():
    deep = (np.arange(48).reshape(4, 4, 3) * 1365).astype("<u2")
    tags = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 3, 0), (259, 3, 1, 1)]
    tags += [(262, 3, 1, 2), (273, 4, 1, 0), (277, 3, 1, 3), (278, 3, 1, 4)]
    tags += [(279, 4, 1, deep.nbytes)]
    start = 8 + 2 + 12 * len(tags) + 4
    data = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, kind, count, value in tags:
        value = {258: start, 273: start + 6}.get(tag, value)
        data += struct.pack("<HHII", tag, kind, count, value)
    data += struct.pack("<I3H", 0, 16, 16, 16) + deep.tobytes()
    read = read_picture(data)
    assert np.abs(read.rgb - deep / 257.0).max() <= 1
    assert read.notes == ["16 bits a channel in, 8 bits out"]


def test_every_16_bit_level_goes_to_the_nearest_of_8():
    grey = np.arange(65536, dtype="uint16").reshape(256, 256)
    rgb, alpha, info, notes = decode(Image.open(io.BytesIO(encode(grey))))
    assert np.abs(rgb[..., 0] - grey / 257.0).max() <= 0.5 and alpha is None


def grey_tiff(values, photometric=1, bits=None, sample_format=None):
    """A grey TIFF as a scanner writes it: an array, or packed bytes of 16 x 16."""
    data = values if isinstance(values, bytes) else values.tobytes()
    bits = bits or 8 * values.itemsize
    tags = [(256, 3, 16), (257, 3, 16), (258, 3, bits), (259, 3, 1)]
    tags += [(262, 3, photometric), (273, 4, 0), (277, 3, 1), (278, 3, 16)]
    tags += [(279, 4, len(data))]
    tags += [(339, 3, sample_format)] if sample_format else []
    start = 8 + 2 + 12 * len(tags) + 4
    table = b"".join(
        struct.pack("<HHII", tag, kind, 1, start if tag == 273 else value)
        for tag, kind, value in tags
    )
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + table + bytes(4) + data


def packed_12_bits(values):
    pairs = values.reshape(-1, 2).astype("uint32")
    three = pairs[:, 0] << 12 | pairs[:, 1]
    return three.astype(">u4").view("uint8").reshape(-1, 4)[:, 1:].tobytes()


DEEP = {  # what stores `ramp()`: bytes, and whether its scale is that of its type
    "16 bits": grey_tiff(ramp().astype("<u2") * 257),
    "16 bits, 0 is white": grey_tiff(65535 - ramp().astype("<u2") * 257, 0),
    "16 bits, signed": grey_tiff(
        (ramp().astype("int32") * 257 - 32768).astype("<i2"), sample_format=2
    ),
    "8 bits, signed": grey_tiff((ramp().astype("<i2") - 128).astype("i1"), 1, 8, 2),
    "12 bits": grey_tiff(packed_12_bits(ramp().astype("uint16") * 16), bits=12),
    "32 bits": grey_tiff(ramp().astype("<u4") * 16843009),
    "32 bits, 0 is white": grey_tiff(2**32 - 1 - ramp().astype("<u4") * 16843009, 0),
    "32 bits, small numbers": grey_tiff(ramp().astype("<u4")),
    "32 bits, their own range": grey_tiff(ramp().astype("<u4") * 1000),
    "32 bits, signed": grey_tiff(ramp().astype("<i4") * 1000 - 90_000, sample_format=2),
    "floats of 0 to 1": grey_tiff((ramp() / 255).astype("<f4"), sample_format=3),
    "floats, their own range": grey_tiff(
        (ramp() * 3.0 - 50).astype("<f4"), sample_format=3
    ),
    "floats, 0 is white": grey_tiff((1 - ramp() / 255).astype("<f4"), 0, 32, 3),
    "double floats": grey_tiff(ramp() / 255, sample_format=3),
}


@pytest.mark.parametrize("kind", DEEP)
def test_the_tones_of_every_grey_tiff_are_kept_and_what_was_scaled_is_said(kind):
    read = read_picture(DEEP[kind])
    assert np.abs(read.rgb - ramp()[..., None].astype(int)).max() <= 1
    words = {"16": "16 bits a channel", "12": "12 bits in", "8 ": ""}.get(kind[:2])
    said = "scaled to 8 bits" if words is None else words
    assert said in " ".join(read.notes) or kind == "32 bits, small numbers"


def test_values_that_are_no_numbers_are_black_and_a_constant_picture_is_read():
    values = (ramp() / 100).astype("<f4")
    values[0, :2] = np.nan, -np.inf
    values[1, 0] = np.inf
    rgb = read_picture(grey_tiff(values, sample_format=3)).rgb
    assert rgb[0, :2].max() == 0 and rgb[1, 0].min() == 255 and rgb[15, 15, 0] == 255
    for same in (np.full((16, 16), 7, "<f4"), np.full((16, 16), np.nan, "<f4")):
        assert np.ptp(read_picture(grey_tiff(same, sample_format=3)).rgb) == 0


def tiff_of(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def test_tiffs_that_pillow_does_not_know_or_spoils_are_read():
    rgb = np.dstack([ramp(), ramp()[::-1], ramp().T])
    planes = np.moveaxis(rgb, -1, 0).astype("uint16") * 257
    for data in (
        tiff_of((rgb / 255).astype("float32"), photometric="rgb"),
        tiff_of((rgb / 255).astype("float16"), photometric="rgb"),
        tiff_of(rgb.astype("uint32") * 16843009, photometric="rgb"),
        tiff_of(planes, photometric="rgb", planarconfig="separate"),
    ):
        read = read_picture(data)
        np.testing.assert_array_equal(read.rgb, rgb)
        assert read.format == "TIFF" and read.notes
    data = tiff_of(
        np.dstack([ramp().astype("uint16") * 257] * 2),
        **{"photometric": 1, "planarconfig": "contig", "extrasamples": [2]},
    )
    assert "1 more channels than colours left out" in read_picture(data).notes
    pages = [tiff_of(rgb / 255.0, photometric="rgb")]
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(pages[0], max_pixels=255)
    with pytest.raises(PictureError, match="a TIFF of a rare kind.*RGB or grey"):
        read_picture(tiff_of(rgb / 255.0, photometric="cielab"))


def test_the_infrared_of_a_film_scanner_is_no_transparency():
    deep = np.dstack([ramp().astype("uint16") * 257] * 4)
    data = tiff_of(deep, photometric="rgb", metadata=None)
    assert read_picture(data).alpha is not None  # it says so
    nameless = data.replace(struct.pack("<HH", 338, 3), struct.pack("<HH", 337, 3))
    read = read_picture(nameless)
    np.testing.assert_array_equal(read.rgb[..., 0], ramp())
    assert read.alpha is None and "a fourth channel" in " ".join(read.notes)


def test_a_fifth_channel_beside_four_inks_is_left_out():
    inks = np.dstack([255 - ramp()] * 3 + [ramp() * 0, ramp()])
    data = tiff_of(inks, photometric="separated", extrasamples=["assocalpha"])
    read = read_picture(data)
    assert np.abs(read.rgb - ramp()[..., None].astype(int)).max() <= 1


# The gamma and the transparent colour of a PNG.


def chunk(kind, data):
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def with_chunk(data, kind, content):
    """A PNG with one more chunk, where such chunks stand."""
    place = data.index(b"IDAT") - 4
    return data[:place] + chunk(kind, content) + data[place:]


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
@pytest.mark.parametrize("gamma", [1.0, 0.6])
def test_the_gamma_of_a_png_is_applied(mode, gamma):
    image = Image.fromarray(ramp())
    if mode == "I;16":
        image = Image.fromarray(ramp().astype("uint16") * 257)
    elif mode == "P":
        image = image.convert("RGB").quantize(256)
    elif mode == "RGB":
        image = image.convert("RGB")
    stored = np.asarray(image.convert("RGB") if mode != "I;16" else ramp()) / 255
    data = with_chunk(encode(image), b"gAMA", struct.pack(">I", round(gamma * 1e5)))
    read = read_picture(data)
    light = (stored if stored.ndim == 3 else stored[..., None]) ** (1 / gamma)
    wanted = 255 * np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
    )
    assert np.abs(read.rgb - wanted).max() < 1
    assert f"its gamma of {gamma:g} applied" in " ".join(read.notes)


def test_a_gamma_is_left_alone_where_the_file_says_more_or_nothing_new():
    usual = with_chunk(encode(ramp()), b"gAMA", struct.pack(">I", 45455))
    broken = with_chunk(encode(ramp()), b"gAMA", struct.pack(">I", 0))
    plain = with_chunk(encode(ramp()), b"gAMA", struct.pack(">I", 100000))
    srgb = with_chunk(plain, b"sRGB", b"\0")
    for data in (usual, broken, srgb):
        np.testing.assert_array_equal(read_picture(data).rgb[..., 0], ramp())


@pytest.mark.parametrize("colours", [1, 3])
def test_the_transparent_colour_of_a_16_bit_png_is_kept(colours):
    deep = np.repeat(ramp()[..., None].astype("uint16") * 257, colours, -1)
    header = struct.pack(">IIBBBBB", 16, 16, 16, 0 if colours == 1 else 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    data += chunk(b"tRNS", deep[3, 5].astype(">u2").tobytes())
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    read = read_picture(data)
    assert read.alpha[3, 5] == 0 and (read.alpha == 255).sum() == 255
    np.testing.assert_array_equal(read.rgb[..., 0], ramp())


def test_black_and_white_without_greys_is_said():
    read = read_picture(encode(Image.fromarray(ramp()).convert("1")))
    assert "without greys" in read.notes[0]


# Rotation.


@pytest.mark.parametrize("in_place", [True, False])
def test_rotation_is_applied_either_way(in_place):
    tags = Image.Exif()
    tags[0x0112] = 6
    data = encode(np.hstack([ramp(), ramp() * 0]), exif=tags.tobytes())
    rgb = decode(Image.open(io.BytesIO(data)), in_place)[0]
    assert rgb.shape == (32, 16, 3)
    np.testing.assert_array_equal(rgb[:16, :, 0], np.rot90(ramp(), -1))


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"'
    b' dc:title="Grandmother"/><tiff:Orientation>8</tiff:Orientation></x:xmpmeta>'
)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_xmp_is_kept_and_its_rotation_reset(tmp_path, kind):
    read = read_picture(encode(ramp(), "JPEG", xmp=XMP))
    with Image.open(write_picture(tmp_path / f"x.{kind}", read)) as image:
        xmp = image.info["xmp"]
    assert b'dc:title="Grandmother"' in xmp
    assert b'tiff:Orientation="1"' in xmp and b"<tiff:Orientation>1<" in xmp


def test_xmp_too_large_for_a_jpeg_costs_neither_picture_nor_exif(tmp_path):
    read = read_picture(encode(ramp()))
    tags = Image.Exif()
    tags[0x8298] = "the family"
    read.info |= {"xmp": b"x" * 70_000, "exif": tags.tobytes()}
    with Image.open(write_picture(tmp_path / "x.jpg", read)) as image:
        assert "xmp" not in image.info and image.getexif()[0x8298] == "the family"


def test_a_broken_profile_is_not_claimed_to_be_srgb():
    read = read_picture(encode(ramp(), icc_profile=b"garbage" * 30))
    assert "icc_profile" not in read.info
    good = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    read = read_picture(
        encode(Image.fromarray(ramp()).convert("RGB"), icc_profile=good)
    )
    assert "icc_profile" in read.info
