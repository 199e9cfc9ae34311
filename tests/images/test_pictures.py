import io
import os
import random
import stat
import sys
import tempfile
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, ImageCms, ImageDraw, features
from small import encode

from colorlib.errors import PictureError
from colorlib.images import read
from colorlib.images.picture import Picture
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_plane, resize_rgb, square_thumbnail
from colorlib.images.write import EXTENSIONS, write_picture

# Older Pillow writes YCbCr TIFF files that it cannot read itself ("truncated").
YCBCR = pytest.param(
    "YCbCr",
    marks=pytest.mark.skipif(
        int(PIL.__version__.split(".")[0]) < 13, reason="Pillow's own file is broken"
    ),
)
SIZES = [(1, 1), (1, 500), (500, 1), (37, 53)]  # height, width


def scene(height=40, width=56):
    """A picture without symmetry: smooth colours and one dark corner."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 4 + 10, y * 5 + 20, 250 - x * 2 - y], axis=-1)
    rgb[: height // 4, : width // 4] = 10
    return np.clip(rgb, 0, 255).astype("uint8")


def profile(name="sRGB"):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def error(a, b):
    return np.abs(np.asarray(a, float) - np.asarray(b, float)).max()


# Reading: formats and modes.


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_are_read_exactly(kind):
    read = read_picture(encode(scene(), kind))
    np.testing.assert_array_equal(read.rgb, scene())
    assert read.format == kind and read.alpha is None and read.rgb.dtype == np.uint8


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_lossy_formats_are_read_closely(kind):
    read = read_picture(encode(scene(), kind))
    assert np.abs(read.rgb.astype(int) - scene()).mean() < 5
    assert read.format == kind and read.alpha is None


@pytest.mark.parametrize("height, width", SIZES)
def test_odd_sizes(height, width):
    assert read_picture(encode(scene(height, width))).rgb.shape == (height, width, 3)


def test_path_bytes_and_file_object_give_the_same(tmp_path):
    path = tmp_path / "bild.png"
    path.write_bytes(encode(scene()))
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(read_picture(source).rgb, scene())


def test_grey_becomes_three_equal_channels():
    grey = np.asarray(Image.fromarray(scene()).convert("L"))
    for data in (encode(grey), encode(grey, "TIFF"), encode(grey, "BMP")):
        read = read_picture(data)
        np.testing.assert_array_equal(read.rgb, np.stack([grey] * 3, axis=-1))


def test_one_bit_is_black_and_white():
    bits = Image.fromarray(scene()).convert("1")
    for data in (encode(bits), encode(bits, "TIFF"), encode(bits, "BMP")):
        read = read_picture(data).rgb
        assert set(np.unique(read)) == {0, 255}
        np.testing.assert_array_equal(read[..., 0] == 255, np.asarray(bits))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_upper_bits(kind):
    levels = np.linspace(0, 65535, 64 * 32).reshape(32, 64)
    grey = np.rint(levels).astype("uint16")
    read = read_picture(encode(grey, kind)).rgb
    assert error(read[..., 0], levels / 257) <= 0.5 + 1e-2
    assert (read[..., 0] == read[..., 2]).all()


def test_a_dark_16_bit_picture_stays_dark():
    grey = np.full((8, 8), 250, "uint16")  # of 65535
    assert read_picture(encode(grey)).rgb.max() <= 1


def test_16_bit_colour():
    deep = (scene().astype("uint16") * 257).astype(">u2")
    height, width = deep.shape[:2]

    def chunk(kind, data):
        size, check = len(data), zlib.crc32(kind + data)
        return size.to_bytes(4, "big") + kind + data + check.to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x10\x02\0\0\0"
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    read = read_picture(png)
    np.testing.assert_array_equal(read.rgb, scene())
    assert read.notes == ["16 bits a channel in, 8 bits out"]


def test_cmyk():
    image = Image.fromarray(scene()).convert("CMYK")
    assert error(read_picture(encode(image, "TIFF")).rgb, scene()) <= 1
    difference = np.abs(
        read_picture(encode(image, "JPEG", quality=95)).rgb - scene() * 1.0
    )
    assert difference.mean() < 3  # Adobe's inverted CMYK would be 100 and more off


@pytest.mark.parametrize("mode", [YCBCR, "LAB"])
def test_other_colour_spaces(mode):
    image = Image.fromarray(scene())
    if mode == "LAB":
        to_lab = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
        image = ImageCms.profileToProfile(image, *to_lab, outputMode="LAB")
    read = read_picture(encode(image.convert(mode), "TIFF")).rgb
    assert np.abs(read.astype(int) - scene()).mean() < 3


def test_only_the_first_frame_of_an_animation_is_read_unless_asked_for():
    frames = [Image.new("RGB", (9, 5), colour) for colour in ("red", "blue", "lime")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_picture(data).rgb[0, 0], [255, 0, 0])


# Animations and pages.


def film(holes=False):
    """Three frames of one size, one second apart and more, each its own colour."""
    frames = []
    for i, colour in enumerate([(200, 30, 30), (30, 180, 60), (20, 40, 220)]):
        frame = Image.new("RGBA", (40, 20), (*colour, 255))
        ImageDraw.Draw(frame).rectangle((10 * i, 0, 10 * i + 9, 19), (128, 128, 128))
        if holes:
            frame.paste((0, 0, 0, 0), (10 * i, 10, 10 * i + 10, 20))
        frames.append(frame if holes else frame.convert("RGB"))
    return frames


ANIMATED = [
    pytest.param(kind, marks=[] if known else pytest.mark.skip(f"no {kind}"))
    for kind, known in [
        *(("GIF", True), ("PNG", True), ("WEBP", True)),
        ("AVIF", features.check("avif")),
    ]
]


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("kind", ANIMATED)
def test_an_animation_keeps_frames_times_loop_and_holes(tmp_path, kind, holes):
    frames = film(holes)
    more = {"append_images": frames[1:], "duration": [100, 250, 400]}
    if kind != "AVIF":  # which has no word for it
        more["loop"] = 3
    data = encode(frames[0], kind, save_all=True, disposal=2, **more)
    read = read_picture(data, every_frame=True)
    path = write_picture(tmp_path / f"x.{kind.lower()}", read)
    with Image.open(path) as image:
        assert image.n_frames == 3 and image.info.get("loop", 3) == 3
    again = read_picture(path, every_frame=True)
    for picture in (read, again):
        found = [picture, *picture.frames]
        assert [frame.info["duration"] for frame in found] == [100, 250, 400]
        for frame, true in zip(found, frames):
            true = np.asarray(true).astype(int)
            if holes:
                np.testing.assert_allclose(frame.alpha, true[..., 3], atol=1)
                true = true * (true[..., 3:] > 0)
            else:
                assert frame.alpha is None
            seen = frame.rgb * (frame.alpha[..., None] > 0 if holes else 1)
            assert np.abs(seen - true[..., :3]).mean() < 6


def test_a_film_without_loop_stays_without(tmp_path):
    frames = film()
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    path = write_picture(tmp_path / "x.gif", read_picture(data, True))
    with Image.open(path) as image:
        assert "loop" not in image.info  # plays once


def test_the_still_picture_of_an_animated_png_is_not_a_frame():
    frames = [Image.new("RGB", (40, 20)), *film()]
    data = encode(
        frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True
    )
    read = read_picture(data, every_frame=True)
    assert len(read.frames) == 2 and tuple(read.rgb[0, -1]) == (200, 30, 30)


def test_every_page_of_a_tiff_is_kept_at_its_own_size(tmp_path):
    pages = [
        Image.fromarray(scene(20 + 5 * i, 30)).convert(m) for i, m in enumerate("1L")
    ]
    pages.append(Image.fromarray(scene(9, 11)))
    data = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    read = read_picture(data, every_frame=True)
    again = read_picture(write_picture(tmp_path / "x.tif", read), every_frame=True)
    for picture in (read, again):
        assert len(picture.frames) == 2
        for page, true in zip([picture, *picture.frames], pages):
            np.testing.assert_array_equal(page.rgb, np.asarray(true.convert("RGB")))
    assert read_picture(data).frames == []


def test_frames_are_not_lost_in_a_file_that_cannot_hold_them(tmp_path):
    frames = [Picture(scene()), Picture(scene())]
    several = Picture(scene(), format="GIF", frames=frames)
    with pytest.raises(PictureError, match=r"JPEG cannot hold 3 frames.*\(GIF\)"):
        write_picture(tmp_path / "x.jpg", several)


def test_the_second_picture_in_a_jpeg_of_a_camera_is_no_frame():
    data = encode(scene(), "MPO", save_all=True, append_images=[Image.new("L", (9, 9))])
    read = read_picture(data, every_frame=True)
    assert read.frames == [] and read.rgb.shape == scene().shape


def test_a_broken_later_frame_is_an_error():
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 40)).astype("uint8")
    frames = [Image.fromarray(frame) for frame in noise]
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(PictureError):
        read_picture(data[: len(data) * 3 // 4], every_frame=True)


# What needs an optional reader.


def test_heic_is_read_and_written(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    data = encode(np.dstack([scene(), transparency()]), "HEIF", quality=95)
    read = read_picture(data)
    assert read.format == "HEIF" and np.abs(read.rgb.astype(int) - scene()).mean() < 6
    again = read_picture(write_picture(tmp_path / "x.heic", read))
    assert np.abs(again.rgb.astype(int) - scene()).mean() < 8
    assert np.abs(again.alpha.astype(int) - transparency()).mean() < 4


def test_without_its_reader_a_heic_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "IMG_1.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    with pytest.raises(PictureError, match="IMG_1.heic: .*pip install pillow-heif"):
        read_picture(path)
    with pytest.raises(PictureError, match="x.heic: .*pip install pillow-heif"):
        write_picture(tmp_path / "x.heic", Picture(scene()))


def test_an_old_pillow_says_that_it_cannot_avif(tmp_path, monkeypatch):
    for table in ("OPEN", "SAVE"):
        left = {k: v for k, v in getattr(Image, table).items() if k != "AVIF"}
        monkeypatch.setattr(Image, table, left)
    data = b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf" + bytes(500)
    with pytest.raises(PictureError, match="Pillow 11.3 or later"):
        read_picture(data)
    with pytest.raises(PictureError, match="x.avif: .*Pillow 11.3 or later"):
        write_picture(tmp_path / "x.avif", Picture(scene()))


# Transparency.


def transparency():
    alpha = np.full((40, 56), 255, "uint8")
    alpha[5:20, 7:30] = 0
    alpha[20:30, 7:30] = 99
    return alpha


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_rgba_gives_alpha(kind):
    rgba = np.dstack([scene(), transparency()])
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    read = read_picture(encode(rgba, kind, **options))
    np.testing.assert_array_equal(read.alpha, transparency())
    np.testing.assert_array_equal(read.rgb, scene())


def test_fully_opaque_rgba_has_no_alpha():
    rgba = np.dstack([scene(), np.full((40, 56), 255, "uint8")])
    read = read_picture(encode(rgba))
    assert read.alpha is None
    np.testing.assert_array_equal(read.rgb, scene())


def test_grey_with_alpha():
    grey = np.asarray(Image.fromarray(scene()).convert("L"))
    read = read_picture(encode(np.dstack([grey, transparency()])))
    np.testing.assert_array_equal(read.alpha, transparency())
    np.testing.assert_array_equal(read.rgb, np.stack([grey] * 3, axis=-1))


def test_palette_is_looked_up_and_its_transparent_entry_found():
    image = Image.new("P", (56, 40), 0)
    image.putpalette([200, 30, 40, 20, 160, 60, 10, 20, 250])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 20, 39), fill=1)
    draw.rectangle((40, 0, 55, 39), fill=2)
    plain = read_picture(encode(image))
    assert plain.alpha is None
    colours = [[20, 160, 60], [200, 30, 40], [10, 20, 250]]
    np.testing.assert_array_equal(plain.rgb[0, [0, 30, 50]], colours)
    holes = read_picture(encode(image, transparency=1))
    assert (holes.alpha[:, :21] == 0).all() and (holes.alpha[:, 21:] == 255).all()
    half = read_picture(encode(image, transparency=bytes([255, 255, 77])))
    assert (half.alpha[:, 40:] == 77).all() and (half.alpha[:, :40] == 255).all()
    np.testing.assert_array_equal(half.rgb, plain.rgb)
    gif = read_picture(encode(image, "GIF", transparency=2))
    assert (gif.alpha[:, 40:] == 0).all() and (gif.alpha[:, :40] == 255).all()


@pytest.mark.parametrize("mode, key", [("L", 10), ("RGB", (10, 10, 10)), ("1", 0)])
def test_transparent_colour_key(mode, key):
    image = Image.fromarray(scene()).convert(mode)
    read = read_picture(encode(image, transparency=key))
    assert read.alpha[0, 0] == 0 and read.alpha[-1, -1] == 255
    np.testing.assert_array_equal(read.rgb, np.asarray(image.convert("RGB")))


# Rotation, colour profiles, metadata.


def exif(orientation=None):
    tags = Image.Exif()
    tags[0x010E] = "Grandmother, 1931"
    tags[0x8298] = "the family"
    tags[0x8769] = {0x9003: "1999:12:31 23:59:59", 0xA001: 65535, 0xA002: 56}
    if orientation:
        tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied_and_removed(tmp_path, kind, orientation):
    upright = scene()
    turned = {  # how a camera stores the upright scene under each orientation
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    data = encode(np.ascontiguousarray(turned), kind, exif=exif(orientation))
    read = read_picture(data)
    assert read.rgb.shape == upright.shape
    assert np.abs(read.rgb.astype(int) - upright).mean() < 6
    path = write_picture(tmp_path / f"x.{kind.lower()}", read)
    with Image.open(path) as image:
        assert image.getexif().get(0x0112, 1) == 1
        assert image.getexif()[0x010E] == "Grandmother, 1931"
    again = read_picture(path)  # not turned twice
    assert np.abs(again.rgb.astype(int) - upright).mean() < 8


def test_texts_of_the_metadata_are_kept_and_stale_ones_left_out(tmp_path):
    for kind in ("jpg", "png", "webp", "tif"):
        name = {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper())
        read = read_picture(encode(scene(), name, exif=exif(6)))
        with Image.open(write_picture(tmp_path / f"x.{kind}", read)) as image:
            tags = image.getexif()
            assert tags[0x8298] == "the family"
            inner = tags.get_ifd(0x8769)
            assert inner[0x9003] == "1999:12:31 23:59:59"
            assert 0xA001 not in inner and 0xA002 not in inner


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "bmp"])
def test_resolution_is_kept(tmp_path, kind):
    name = {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper())
    read = read_picture(encode(scene(), name, dpi=(300, 300)))
    with Image.open(write_picture(tmp_path / f"x.{kind}", read)) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("dpi", [(0, 0), (-3.0, 3.0), (1e9, 1e9), (float("nan"),) * 2])
@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "bmp"])
def test_impossible_metadata_does_not_cost_the_picture(tmp_path, kind, dpi):
    picture = Picture(scene(), info={"dpi": dpi, "exif": b"Exif\0\0" + b"x" * 70_000})
    read = read_picture(write_picture(tmp_path / f"x.{kind}", picture))
    assert read.rgb.shape == scene().shape


def test_damaged_metadata_does_not_cost_the_picture():
    for junk in (b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0" * 50):
        read = read_picture(encode(scene(), "JPEG", exif=junk))
        assert read.rgb.shape == scene().shape


def test_a_colour_profile_is_applied():
    # A profile whose red and blue are exchanged: unmistakable where it is used.
    swapped = bytearray(profile())
    count = int.from_bytes(swapped[128:132], "big")
    for i in range(count):
        start = 132 + 12 * i
        name = bytes(swapped[start : start + 4])
        swap = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
        swapped[start : start + 4] = swap.get(name, name)
    image = Image.fromarray(scene())
    exchanged = scene()[..., ::-1]
    for data in (
        encode(image, icc_profile=bytes(swapped)),
        encode(image.convert("RGBA"), icc_profile=bytes(swapped)),
        encode(image, "TIFF", icc_profile=bytes(swapped)),
    ):
        assert error(read_picture(data).rgb, exchanged) <= 6
    palette = image.quantize(64)
    read = read_picture(encode(palette, icc_profile=bytes(swapped))).rgb
    assert error(read, np.asarray(palette.convert("RGB"))[..., ::-1]) <= 6
    assert error(read_picture(encode(image, icc_profile=profile())).rgb, scene()) <= 1


@pytest.mark.parametrize("kind", ["tif", "png", "jpg", "webp"])
def test_a_picture_with_a_profile_comes_out_as_tagged_srgb(tmp_path, kind):
    read = read_picture(encode(scene(), "TIFF", icc_profile=profile()))
    path = write_picture(tmp_path / f"x.{kind}", read)
    with Image.open(path) as image:
        written = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in written.profile.profile_description
    again = read_picture(path).rgb.astype(int)  # not applied twice
    assert np.abs(again - scene()).mean() < (1 if kind in ("tif", "png") else 5)
    plain = write_picture(tmp_path / f"y.{kind}", read_picture(encode(scene())))
    with Image.open(plain) as image:
        assert "icc_profile" not in image.info


@pytest.mark.parametrize("junk", [b"garbage" * 30, b"\0" * 200, profile()[:300]])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_broken_profile_is_ignored(mode, junk):
    image = Image.fromarray(scene()).convert(mode)
    read = read_picture(encode(image, icc_profile=junk)).rgb
    np.testing.assert_array_equal(read, np.asarray(image.convert("RGB")))


def test_a_colour_profile_on_a_grey_picture_is_ignored():
    grey = Image.fromarray(scene()).convert("L")
    read = read_picture(encode(grey, icc_profile=profile())).rgb
    np.testing.assert_array_equal(read[..., 1], np.asarray(grey))


# Files that are not pictures.


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_an_error(tmp_path, kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype("uint8")
    data = encode(noise, kind)
    path = tmp_path / f"half.{kind.lower()}"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PictureError, match="half"):
        read_picture(path)


@pytest.mark.parametrize("data", [b"\0", b"just a text", bytes(5000)])
def test_garbage_is_an_error_that_names_the_file(tmp_path, data):
    path = tmp_path / "odd.jpg"
    path.write_bytes(data)
    with pytest.raises(PictureError, match="odd.jpg: not a picture.*(kind|zeros)"):
        read_picture(path)


def test_an_empty_file_is_called_empty(tmp_path):
    path = tmp_path / "odd.jpg"
    path.touch()
    for source in (path, b"", io.BytesIO()):
        with pytest.raises(PictureError, match="(odd.jpg|bytes): the file is empty"):
            read_picture(source)


def test_a_file_that_starts_other_programs_is_not_a_picture(tmp_path):
    data = encode(scene(), "EPS")  # Pillow would hand it to Ghostscript
    with pytest.raises(PictureError, match="not a picture"):
        read_picture(data)


def test_no_file_a_folder_a_dead_link_and_a_pipe_are_said(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, reason in [
        ("none.jpg", "there is no such file"),
        ("folder.jpg", "a folder"),
        ("link.jpg", "a link to a file that is gone"),
        ("pipe.jpg", "not an ordinary file"),  # opening it would wait for ever
    ]:
        with pytest.raises(PictureError, match=f"{name}: {reason}"):
            read_picture(tmp_path / name)


def test_a_file_of_somebody_else_is_said():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to others
        os.chmod(folder, 0o755)
        path = Path(folder) / "secret.jpg"
        path.write_bytes(encode(scene(), "JPEG"))
        path.chmod(0)
        root = os.geteuid() == 0
        try:
            if root:  # who may read everything
                os.seteuid(65534)
            with pytest.raises(PictureError, match="secret.jpg: you are not allowed"):
                read_picture(path)
        finally:
            if root:
                os.seteuid(0)


def test_damaged_files_raise_nothing_but_picture_errors():
    chance = random.Random(0)
    files = [encode(scene(), k) for k in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")]
    files.append(encode(scene(), "JPEG", exif=exif(6), icc_profile=profile()))
    files.append(encode(scene(), "TIFF", exif=exif(6), icc_profile=profile()))
    outcomes = {"read": 0, "refused": 0}
    for data in files * 60:
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 3, 10])):
            place = chance.randrange(min(len(damaged), chance.choice([200, 10**6])))
            damaged[place] = chance.randrange(256)
        try:
            read_picture(bytes(damaged))
            outcomes["read"] += 1
        except PictureError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 50


def bomb(width, height):
    """A PNG of a few hundred bytes that says it is this large."""
    header = (
        width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    )  # grey
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(5000)))]:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        data += len(content).to_bytes(4, "big") + kind + content + check
    return data


@pytest.mark.parametrize("width, height", [(20_000, 10_001), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_decoded(width, height):
    size = f"{width} x {height} pixels, {width * height / 1e6:,.0f} megapixels"
    with pytest.raises(PictureError, match=f"{size}.*the limit of 200.*smaller, or"):
        read_picture(bomb(width, height))


def test_the_limit_can_be_moved():
    read_picture(encode(scene()), max_pixels=56 * 40)
    with pytest.raises(PictureError, match="56 x 40 pixels.*more than the limit"):
        read_picture(encode(scene()), max_pixels=56 * 40 - 1)
    # Above Pillow's own limit, this gets as far as the pixels, which are not there.
    with pytest.raises(PictureError, match="cannot be decoded"):
        read_picture(bomb(18_000, 10_000), max_pixels=180_000_000)
    assert 50e6 < Image.MAX_IMAGE_PIXELS < 100e6  # that of the process is as before


def test_all_frames_count_for_the_limit(monkeypatch):
    frames = [Image.new("L", (50, 40), level) for level in range(0, 100, 10)]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert len(read_picture(data, True, max_pixels=20_000).frames) == 9
    with pytest.raises(PictureError, match="50 x 40 pixels a frame"):
        read_picture(data, True, max_pixels=19_999)
    assert read_picture(data, max_pixels=2000).frames == []  # the first alone is small
    pages = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert len(read_picture(pages, True, max_pixels=20_000).frames) == 9
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(pages, True, max_pixels=19_999)
    monkeypatch.setattr(read, "decode", None)  # refused before any is decoded
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(data, True, max_pixels=19_999)


# Writing.


@pytest.mark.parametrize("ending", EXTENSIONS)
@pytest.mark.parametrize("height, width", SIZES)
def test_every_ending_can_be_written_and_read(tmp_path, ending, height, width):
    if ending in (".heic", ".heif"):
        pytest.importorskip("pillow_heif")
    if ending == ".jxl":
        pytest.importorskip("pillow_jxl")
    if ending == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow cannot write AVIF")
    path = tmp_path / f"x{ending}"
    assert write_picture(path, Picture(scene(height, width))) == path
    with Image.open(path) as image:
        kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".tif": "TIFF"}
        kinds[".heic"] = "HEIF"
        assert image.format == kinds.get(ending, ending[1:].upper())
    read = read_picture(path).rgb
    assert read.shape == (height, width, 3)
    assert np.abs(read.astype(int) - scene(height, width)).mean() < 8


def test_upper_case_endings_work(tmp_path):
    with Image.open(write_picture(tmp_path / "X.JPG", Picture(scene()))) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize("ending", ["", ".txt", ".psd", ".jp2"])
def test_unknown_endings_are_refused(tmp_path, ending):
    with pytest.raises(PictureError, match="cannot write"):
        write_picture(tmp_path / f"x{ending}", Picture(scene()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_alpha_is_written_where_the_format_has_it(tmp_path, ending):
    picture = Picture(scene(), transparency())
    read = read_picture(write_picture(tmp_path / f"x{ending}", picture))
    np.testing.assert_array_equal(read.alpha, transparency())


@pytest.mark.parametrize("ending", [".jpg", ".bmp"])
def test_alpha_is_laid_over_white_elsewhere(tmp_path, ending):
    picture = Picture(np.zeros((40, 56, 3), "uint8"), transparency())
    read = read_picture(write_picture(tmp_path / f"x{ending}", picture)).rgb
    assert read[10, 15].min() > 245 and read[-1, -1].max() < 10
    assert abs(int(read[25, 15, 0]) - (255 - 99)) < 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", YCBCR, "I;16"])
def test_a_tiff_of_any_kind_survives_being_written_as_tiff(tmp_path, mode):
    # The tags of the old file must not describe the pixels of the new one.
    grey = np.asarray(Image.fromarray(scene()).convert("L"))
    if mode == "I;16":
        image = Image.fromarray(grey.astype("uint16") * 257)
    else:
        image = Image.fromarray(scene()).convert(mode)
    read = read_picture(encode(image, "TIFF", dpi=(72, 72)))
    again = read_picture(write_picture(tmp_path / "x.tif", read))
    np.testing.assert_array_equal(again.rgb, read.rgb)


def test_jpeg_keeps_colour_at_full_resolution(tmp_path):
    stripes = np.zeros((32, 32, 3), "uint8")
    stripes[:, ::2], stripes[:, 1::2] = (255, 0, 0), (0, 0, 255)
    read = read_picture(write_picture(tmp_path / "x.jpg", Picture(stripes))).rgb
    assert read[:, ::2, 0].mean() > 240 and read[:, 1::2, 0].mean() < 15


def test_writing_makes_folders_and_obeys_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        path = write_picture(tmp_path / "a" / "b" / "x.png", Picture(scene()))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_no_half_file_ever_stands_under_the_final_name(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    write_picture(path, Picture(scene()))
    old = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_picture(path, Picture(np.zeros((9, 9, 3), "uint8")))
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        write_picture(tmp_path / "file" / "x.png", Picture(scene()))


def test_a_picture_too_large_for_its_format_is_named(tmp_path):
    wide = Picture(np.zeros((1, 20_000, 3), "uint8"))  # WebP ends at 16,383
    with pytest.raises(PictureError, match="x.webp: cannot be written as WEBP"):
        write_picture(tmp_path / "x.webp", wide)
    assert list(tmp_path.iterdir()) == []


# Resizing.


def test_resizing_takes_height_before_width():
    assert resize_rgb(scene(), 12, 34).shape == (12, 34, 3)
    plane = resize_plane(scene()[..., 0], 12, 34)
    assert plane.shape == (12, 34) and plane.dtype == np.float32


def test_resizing_keeps_a_constant_and_floats_beyond_255():
    assert (resize_rgb(np.full((7, 9, 3), 77, "uint8"), 40, 3) == 77).all()
    plane = resize_plane(np.full((7, 9), -107.3), 40, 31)
    np.testing.assert_allclose(plane, -107.3, atol=1e-4)


def test_enlarging_is_smooth_and_not_blocky():
    ramp = np.tile(np.linspace(-50, 50, 8), (8, 1))
    steps = np.diff(resize_plane(ramp, 64, 64)[32])
    assert steps.max() < 4 and (steps > -0.05).all()


def test_shrinking_is_antialiased():
    checker = np.indices((64, 64)).sum(axis=0) % 2 * 255
    small = resize_rgb(np.repeat(checker[..., None], 3, axis=2).astype("uint8"), 8, 8)
    assert np.abs(small.astype(int) - 127).max() < 12


@pytest.mark.parametrize("height, width", SIZES)
def test_thumbnails_are_square(height, width):
    small = square_thumbnail(encode(scene(height, width)), 32)
    assert small.shape == (32, 32, 3) and small.dtype == np.uint8


def test_thumbnails_show_the_middle():
    wide = np.zeros((20, 60, 3), "uint8")
    wide[:, 20:40] = 200
    assert (square_thumbnail(encode(wide), 16) == 200).all()
    assert (square_thumbnail(encode(wide.transpose(1, 0, 2).copy()), 16) == 200).all()


def animation(count, kind="GIF", size=(8, 8)):
    frames = [Image.new("L", size, i * 37 % 256) for i in range(count)]
    return encode(frames[0], kind, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_number_of_frames_is_limited(kind):
    data = animation(7, kind)
    assert len(read_picture(data, True, max_frames=7).frames) == 6
    with pytest.raises(PictureError, match=r"7 frames .*limit of 6\. .*--max-frames"):
        read_picture(data, True, max_frames=6)
    assert read_picture(data, max_frames=6).frames == []  # the first alone is one


def test_an_endless_animation_is_refused_by_itself():
    with pytest.raises(PictureError, match="1,001 frames .*limit of 1,000"):
        read_picture(animation(1001), True)


def test_reading_in_threads_leaves_the_filters_of_warnings_alone():
    warnings.filterwarnings("error", "of the process")
    before = list(warnings.filters)
    data = [encode(scene(), kind) for kind in ("PNG", "JPEG", "GIF")]
    for _ in range(15):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(read_picture, data * 8))
    assert list(warnings.filters) == before
