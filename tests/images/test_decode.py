import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from small import encode

from colorlib.errors import PictureError
from colorlib.images.decode import decode
from colorlib.images.io import read_picture, write_picture


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


@pytest.mark.parametrize("kind", ["float32", "int32"])
def test_32_bits_are_refused_with_what_to_do(kind):
    data = encode(np.full((4, 4), 70_000, kind), "TIFF")
    with pytest.raises(PictureError, match="32-bit.*save 16 bits"):
        read_picture(data)


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
