"""What a file is, is told by its content; what is damaged is read as far as it goes."""

import io
import re
import struct
import sys
import zlib

import numpy as np
import pytest
import strange
from films import make_film
from PIL import Image, ImageCms, features
from small import encode
from strange import photo

from colorlib.errors import PictureError
from colorlib.images import optional
from colorlib.images.picture import Picture, ending_for
from colorlib.images.read import read_picture
from colorlib.images.signatures import kind_of_file, picture_kind
from colorlib.images.write import format_for, write_picture

KINDS = {  # Pillow's name: bytes
    "JPEG": strange.jpeg(),
    "PNG": encode(photo()),
    "GIF": strange.animation("GIF"),
    "TIFF": strange.pages(),
    "BMP": encode(photo(), "BMP"),
    "WEBP": encode(photo(), "WEBP"),
    "JPEG2000": encode(photo(), "JPEG2000"),
    "PPM": encode(photo(), "PPM"),
    "TGA": encode(photo(), "TGA") + bytes(8) + b"TRUEVISION-XFILE.\0",
    "ICO": encode(photo(), "ICO", sizes=[(32, 32)]),
    "PCX": encode(photo(), "PCX"),
    "DCX": strange.fax(),
    "SGI": encode(photo(), "SGI"),
    "QOI": encode(np.dstack([photo()] * 3), "QOI"),
    "ICNS": encode(np.dstack([photo()] * 3), "ICNS"),
    "PSD": strange.psd(),
    "SUN": strange.sun_raster(),
    "PCD": strange.photo_cd(),
}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SMALL = ("ICO", "ICNS", "PCD")  # of sizes of their own
if not features.check("jpg_2000"):
    del KINDS["JPEG2000"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["scan0001", "x.jpg", "x.txt", "x.mp4"])
def test_a_picture_is_read_whatever_it_is_called(tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(KINDS[kind])
    assert kind_of_file(path) == kind
    read = read_picture(path)
    assert read.format == kind
    if kind not in SMALL:
        assert np.abs(read.rgb.astype(int) - photo()[..., None]).mean() < 3


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_is_written_as_can_be_written_and_holds_the_frames(tmp_path, kind):
    read = read_picture(KINDS[kind], every_frame=True)
    path = write_picture(tmp_path / f"x{ending_for(kind)}", read)
    again = read_picture(path, every_frame=True)
    assert (
        len(again.frames)
        == len(read.frames)
        == {"GIF": 2}.get(kind, kind in ("TIFF", "DCX"))
    )
    assert again.rgb.shape == read.rgb.shape


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["P1", "P2", "P3", "P4", "P5", "P6", "Pf"])
def test_every_netpbm_kind_is_known(kind, order):
    assert picture_kind(io.BytesIO(f"{kind}\n# hi\n4 4\n".encode())) in ("PPM", None)
    assert picture_kind(io.BytesIO(f"{kind}\n4 4\n-1.0\n".encode())) == "PPM"


def test_floats_of_a_pfm_are_read():
    values = (photo()[::-1] / 255).astype("<f4")
    read = read_picture(b"Pf\n48 32\n-1.0\n" + values.tobytes())
    assert np.abs(read.rgb[..., 0].astype(int) - photo()).max() <= 1


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\n", b"Dear diary, " * 50, b"P1 is my first point", bytes(5000)),
        *(b"BM is a plan" * 9, b"\n\5\1 text", b"%PD", b"II*", b"GIF88a" + bytes(50)),
        *(b"\0\0\1\0" + bytes(50), b"\0\0\x01\xba" + bytes(50), b"RIFF1234WAVE" * 5),
        *(b"\0\0\0\x18ftypisom" + b"avif" * 3, b"ID3\4" + bytes(50), b"PK\3\4" * 9),
        *(bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 24, 0]) * 3,),
    ],
)
def test_what_is_no_picture_is_not_taken_for_one(tmp_path, data):
    (tmp_path / "x.jpg").write_bytes(data)
    assert kind_of_file(tmp_path / "x.jpg") is None
    with pytest.raises(PictureError, match="not a picture|empty"):
        read_picture(tmp_path / "x.jpg")


def test_an_old_tga_needs_its_ending():
    data = encode(photo(), "TGA")[: 18 + photo().size]  # without the signature
    assert picture_kind(io.BytesIO(data)) is None
    assert picture_kind(io.BytesIO(data), ".TGA") == "TGA"


def test_noise_is_no_picture_and_nothing_is_raised():
    rng = np.random.default_rng(0)
    for start in (b"", b"II*\0", b"MM\0*", b"\0\0\0\x18ftypheic", b"\0\0\1\0\1"):
        for size in (0, 1, 5, 30, 5000):
            picture_kind(io.BytesIO(start + rng.bytes(size)), ".tga")


# What needs a package.


@pytest.mark.parametrize(
    "package, name, data",
    [
        ("pillow_jxl", "pillow-jxl-plugin", b"\xff\x0a" + bytes(50)),
        ("pillow_jxl", "pillow-jxl-plugin", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(9)),
        ("rawpy", "rawpy", strange.dng()),
        ("rawpy", "rawpy", b"FUJIFILMCCD-RAW 0201" + bytes(99)),
        ("rawpy", "rawpy", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99)),
        ("pypdfium2", "pypdfium2", strange.pdf()),
        ("pillow_heif", "pillow-heif", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" * 9),
    ],
)
def test_a_missing_package_is_named(monkeypatch, package, name, data):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PictureError, match=rf"it needs {name} \(pip install {name}\)"):
        read_picture(data)


def test_raw_data_of_a_camera_is_developed_upright_and_never_its_thumbnail():
    pytest.importorskip("rawpy")
    read = read_picture(strange.dng())
    assert read.format == "RAW" and read.rgb.shape == (128, 192, 3) and read.notes
    assert np.ptp(read.rgb[..., 1]) > 50  # there is something to be seen
    assert read_picture(strange.dng(6)).rgb.shape == (192, 128, 3)
    with pytest.raises(PictureError, match="192 x 128.*more than the limit"):
        read_picture(strange.dng(), max_pixels=192 * 128 - 1)
    assert ending_for("RAW") == ".jpg"


def test_a_tiff_of_a_camera_is_raw_only_if_its_first_picture_is_a_thumbnail():
    tags = [(271, "s", 0, "Camera", True)]
    plain = strange.tiff(photo(), photometric=1, extratags=tags, metadata=None)
    assert picture_kind(io.BytesIO(plain), ".tif") == "TIFF"
    assert picture_kind(io.BytesIO(plain), ".nef") == "RAW"
    # tifffile does not write the tag of further pictures: another one is made it.
    tags += [(700, "I", 1, 8, True)]
    small = {"subfiletype": 1, "extratags": tags, "metadata": None}
    data = strange.tiff(photo(), **small)
    assert picture_kind(io.BytesIO(data)) == "TIFF"
    data = data.replace(struct.pack("<HH", 700, 4), struct.pack("<HH", 330, 4))
    assert picture_kind(io.BytesIO(data)) == "RAW"


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_pdf_of_scans_is_read_and_written_page_by_page(tmp_path, mode):
    pytest.importorskip("pypdfium2")
    read = read_picture(strange.pdf(3, mode), every_frame=True)
    true = np.asarray(Image.fromarray(photo()).convert(mode).convert("RGB"), int)
    assert len(read.frames) == 2 and read.format == "PDF"
    assert np.abs(read.rgb - true).mean() < 4  # the scan itself, not resampled
    again = read_picture(write_picture(tmp_path / "x.pdf", read), every_frame=True)
    assert len(again.frames) == 2 and np.abs(again.rgb - true).mean() < 5
    assert again.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(strange.pdf(3), True, max_pixels=3 * 32 * 48 - 1)
    assert read_picture(strange.pdf(3)).frames == []


def test_a_letter_is_no_scan_but_is_read_if_it_is_asked_for(tmp_path):
    pytest.importorskip("pypdfium2")
    path = tmp_path / "x.pdf"
    path.write_bytes(strange.text_pdf())
    assert not optional.is_scan(path)
    rgb = read_picture(path).rgb
    assert rgb.min() < 100 and rgb.max() == 255
    path.write_bytes(strange.pdf())
    assert optional.is_scan(path)
    path.write_bytes(b"%PDF-1.4 and no more")
    assert not optional.is_scan(path)
    with pytest.raises(PictureError, match="x.pdf: cannot be decoded"):
        read_picture(path)


def test_jpeg_xl_is_read_and_written(tmp_path):
    pytest.importorskip("pillow_jxl")
    data = encode(photo(), "JXL", quality=95)
    read = read_picture(data)
    assert read.format == "JXL"
    assert np.abs(read.rgb.astype(int) - photo()[..., None]).mean() < 3
    path = write_picture(tmp_path / "x.jxl", read)
    assert np.abs(read_picture(path).rgb.astype(int) - read.rgb).mean() < 3
    with pytest.raises(PictureError, match="48 x 32 pixels.*more than the limit"):
        read_picture(data, max_pixels=48 * 32 - 1)


@pytest.mark.parametrize(
    "size", [(1, 1), (8, 8), (9, 13), (300, 200), (480, 270), (13, 1300)]
)
@pytest.mark.parametrize("container", [False, True])
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(size, container):
    pytest.importorskip("pillow_jxl")
    data = encode(Image.new("L", size), "JXL", use_container=container)
    assert optional.jxl_size(data) == size
    assert optional.jxl_size(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40)) is None


# Damage.


@pytest.mark.parametrize(
    "missing, words", [(2, "nothing seems"), (38, "grey|nothing"), (900, "grey")]
)
def test_a_jpeg_that_was_cut_off_is_read_as_far_as_it_is_there(missing, words):
    whole = encode(np.tile(photo(), (8, 8)), "JPEG", quality=95)
    true = read_picture(whole).rgb
    cut = whole[: len(whole) - missing]
    with pytest.raises(PictureError, match="cut off before its end"):
        read_picture(cut)
    read = read_picture(cut, fill_missing=True)
    assert read.rgb.shape == true.shape
    np.testing.assert_array_equal(read.rgb[:192], true[:192])
    assert read.damage.startswith("cut off before its end")
    assert re.search(words, read.damage)
    assert read_picture(whole, fill_missing=True).damage == ""


def test_the_missing_part_of_a_jpeg_is_grey_and_measured():
    half = encode(np.tile(photo(), (8, 8)), "JPEG", quality=95)
    read = read_picture(half[: len(half) // 2], fill_missing=True)
    share = int(read.damage.split("%")[0].split()[-1])
    assert 35 <= share <= 65
    assert (read.rgb[-40:] == 128).all() and (read.rgb[:80] != 128).any()
    tags = Image.Exif()
    tags[0x0112] = 6  # stored lying: the missing part is at a side
    turned = encode(np.tile(photo(), (8, 8)), "JPEG", quality=95, exif=tags.tobytes())
    read = read_picture(turned[: len(turned) // 2], fill_missing=True)
    assert 35 <= int(read.damage.split("%")[0].split()[-1]) <= 65
    soft = encode(np.tile(photo(), (8, 8)), "JPEG", quality=95, progressive=True)
    read = read_picture(soft[: len(soft) * 3 // 4], fill_missing=True)
    assert "its details may be missing" in read.damage
    for size in (20, 300, half.index(b"\xff\xda") + 10):
        with pytest.raises(PictureError, match="Truncated|before the picture|header"):
            read_picture(half[:size], fill_missing=True)


def test_a_damaged_jpeg_with_its_end_is_not_called_cut_off():
    data = strange.jpeg()
    for junk in (b"", bytes(300), b"\0junk" * 30):
        assert read_picture(data + junk, fill_missing=True).damage == ""


# (96, 96), with grain: every row takes as many bytes as the others.
GREY = np.tile(photo(), (3, 2)) + np.random.default_rng(0).integers(
    0, 32, (96, 96), "u1"
)
COLOUR = np.stack([GREY, np.roll(GREY, 5, 0), GREY[::-1]], axis=-1)
SEE_THROUGH = np.dstack([COLOUR, np.where(GREY > 90, 255, 90).astype("u1")])
DEEP = GREY.astype("uint16") * 257
MODES = {
    "L": Image.fromarray(GREY),
    "RGB": Image.fromarray(COLOUR),
    "RGBA": Image.fromarray(SEE_THROUGH),
    "LA": Image.fromarray(np.dstack([GREY, SEE_THROUGH[..., 3]])),
    "16": Image.fromarray(DEEP),
}
CUT = {  # file, and whether what is missing lies above
    **{f"png {mode}": (encode(MODES[mode]), False) for mode in MODES},
    **{f"bmp {m}": (encode(MODES[m], "BMP"), True) for m in ("L", "RGB", "RGBA")},
    "tiff L": (encode(MODES["L"], "TIFF"), False),
    "tiff RGB": (encode(MODES["RGB"], "TIFF", strip_size=2000), False),
    "tiff RGBA": (encode(MODES["RGBA"], "TIFF", strip_size=2000), False),
    "tiff CMYK": (encode(MODES["RGB"].convert("CMYK"), "TIFF"), False),
    "tiff 16": (strange.tiff(DEEP, rowsperstrip=8), False),
    "tiff deflate": (strange.tiff(COLOUR, compression="zlib", rowsperstrip=8), False),
    "tiff predictor": (
        strange.tiff(COLOUR, compression="zlib", predictor=True, rowsperstrip=8),
        False,
    ),
    "tiff big-endian": (
        strange.tiff(GREY, compression="zlib", rowsperstrip=8, byteorder=">"),
        False,
    ),
    "tiff one strip": (strange.tiff(COLOUR, compression="zlib"), False),
    "tiff 48 bits": (strange.tiff(COLOUR.astype("u2") * 257, rowsperstrip=9), False),
    "tiff inverted": (strange.tiff(GREY, photometric=0, rowsperstrip=8), False),
    "tiff tiles": (strange.tiff(GREY, tile=(16, 112)), False),
    "tiff tiles deflate": (
        strange.tiff(COLOUR, tile=(16, 96), compression="zlib", predictor=True),
        False,
    ),
    "ppm L": (encode(MODES["L"], "PPM"), False),
    "ppm RGB": (encode(MODES["RGB"], "PPM"), False),
    "ppm 16": (b"P5 96 # so wide\n96 65535\n" + DEEP.astype(">u2").tobytes(), False),
    "gif": (encode(MODES["L"], "GIF", interlace=0), False),
}
for compression in ("tiff_lzw", "packbits", "tiff_adobe_deflate"):
    for mode, size in (("L", 2000), ("RGB", 1 << 20), ("RGBA", 2000)):  # of a strip
        more = {"compression": compression, "strip_size": size}
        data = strange.directory_first(encode(MODES[mode], "TIFF", **more))
        CUT[f"tiff {compression} {mode} {size}"] = data, False


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("share", [0.45, 0.8, 0.97])
def test_what_is_there_of_a_picture_is_read_and_the_rest_is_grey(kind, share):
    whole, above = CUT[kind]
    true, data = read_picture(whole), strange.cut(whole, share)
    with pytest.raises(PictureError, match="cut off before its end"):
        read_picture(data)
    read = read_picture(data, fill_missing=True)
    assert read.rgb.shape == true.rgb.shape and read.format == true.format
    rgb, wanted = (p.rgb[::-1] if above else p.rgb for p in (read, true))
    same = (rgb == wanted).all(axis=-1).all(axis=1)
    there = len(same) if same.all() else int(same.argmin())  # rows
    assert abs(there / len(same) - share) < 0.12
    assert (abs(rgb[there + 1 :].astype(int) - 128) <= 1).all()
    stated = int(read.damage.split("%")[0].split()[-1])
    assert abs(stated / 100 - (1 - there / len(same))) < 0.03
    if true.alpha is not None:  # what is missing is not invisible
        assert (read.alpha[there + 1 :] == 255).all()


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("rows, tiled", [(16, False), (192, False), (32, True)])
@pytest.mark.parametrize("share", [0.45, 0.8])
def test_what_is_there_of_a_jpeg_in_a_tiff_is_read(mode, rows, tiled, share):
    image = MODES[mode].resize((192, 192))
    size = rows * 192 * len(image.getbands())
    data = encode(image, "TIFF", compression="jpeg", quality=95, strip_size=size)
    assert len(Image.open(io.BytesIO(data)).tag_v2[273]) == 192 / rows
    data = strange.directory_first(data, tiled)
    true = read_picture(data).rgb
    with pytest.raises(PictureError, match="cut off before its end"):
        read_picture(strange.cut(data, share))
    read = read_picture(strange.cut(data, share), fill_missing=True)
    there = int((read.rgb == true).all(axis=(1, 2)).argmin())
    assert abs(there / 192 - share) < 0.15
    assert (abs(read.rgb[there + 16 :].astype(int) - 128) <= 1).all()
    stated = int(read.damage.split("%")[0].split()[-1])
    assert abs(stated / 100 - (1 - there / 192)) < 0.1


def test_of_tiles_each_that_is_there_is_read():
    data = strange.tiff(COLOUR, tile=(32, 32))
    read = read_picture(strange.cut(data, 0.6), fill_missing=True)
    tiles = read.rgb.reshape(3, 32, 3, 32, 3).swapaxes(1, 2).reshape(9, 32, 32, 3)
    true = COLOUR.reshape(3, 32, 3, 32, 3).swapaxes(1, 2).reshape(9, 32, 32, 3)
    assert [bool((a == b).all()) for a, b in zip(tiles, true)] == 5 * [True] + 4 * [
        False
    ]
    assert (tiles[5][:8] == true[5][:8]).all() and (tiles[6:] == 128).all()
    assert "41% of it is missing" in read.damage


@pytest.mark.parametrize("scale", [1, 257])
def test_of_planes_the_first_ones_are_read(scale):
    planes = COLOUR.transpose(2, 0, 1).astype("u1" if scale == 1 else "u2") * scale
    options = {"planarconfig": 2, "photometric": 2, "rowsperstrip": 8}
    whole = strange.tiff(planes, **options)
    read = read_picture(strange.cut(whole, 0.5), fill_missing=True)
    true = read_picture(whole).rgb
    assert (read.rgb[..., 0] == true[..., 0]).all()
    assert (read.rgb[:40, :, 1] == true[:40, :, 1]).all()
    assert (read.rgb[56:, :, 1] == 128).all() and (read.rgb[..., 2] == 128).all()
    assert "51% of it is missing" in read.damage


INTERLACED = {  # values, colour type, bits a channel, further chunks
    "L": (GREY[..., None], 0, 8),
    "RGB": (COLOUR, 2, 8),
    "RGBA": (SEE_THROUGH, 6, 8),
    "LA": (SEE_THROUGH[..., 2:], 4, 8),
    "L 16": (DEEP[..., None], 0, 16),
    "RGB 16": (COLOUR.astype("u2") * 257, 2, 16),
    "L 4": (GREY[..., None] >> 4, 0, 4),
    "P": (GREY[..., None], 3, 8, strange.chunk(b"PLTE", bytes(range(256)) * 3)),
    "1": (GREY[:50, :, None] >> 7, 0, 1),
    "thin": (GREY[:60, :3, None], 0, 8),
}


@pytest.mark.parametrize("kind", INTERLACED)
def test_an_interlaced_png_is_read_coarse_as_far_as_it_is_there(kind):
    whole = strange.interlaced_png(*INTERLACED[kind])
    true = read_picture(whole)
    errors = []
    first = whole.index(b"IDAT") + 4
    for share in (0.25, 0.6, 0.9):
        data = whole[: first + round((len(whole) - first) * share)]
        with pytest.raises(PictureError, match="cut off before its end"):
            read_picture(data)
        read = read_picture(data, fill_missing=True)
        assert read.damage.endswith("the rest of its details may be missing")
        assert read.rgb.shape == true.rgb.shape and read.notes == true.notes
        errors.append(np.abs(read.rgb.astype(int) - true.rgb).mean())
        np.testing.assert_array_equal(read.rgb[:1, ::8], true.rgb[:1, ::8])
    assert errors[0] > errors[1] > errors[2]
    grey = np.abs(128 - true.rgb.astype(int)).mean()
    assert errors[1] < 0.7 * grey


def test_of_the_first_pass_of_an_interlaced_png_the_rest_is_grey():
    whole = strange.interlaced_png(*INTERLACED["L"])
    begin = whole.index(b"IDAT") + 4
    for size in range(20, 200, 10):
        data = whole[: begin + size]
        try:
            read = read_picture(data, fill_missing=True)
        except PictureError:
            continue
        if "%" in read.damage:
            break
    stated = int(read.damage.split("%")[0].split()[-1])
    done = 96 - round(stated / 100 * 96)
    assert (read.rgb[done:] == 128).all() and (read.rgb[0, :8] == GREY[0, 0]).all()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.99])
def test_an_interlaced_gif_is_read_coarse_as_far_as_it_is_there(share):
    whole = encode(MODES["L"], "GIF", interlace=1)
    true = read_picture(whole).rgb
    first = whole.index(b",\0\0\0\0") + 10
    data = whole[: first + round((len(whole) - first) * share)]
    read = read_picture(data, fill_missing=True)
    assert read.damage.endswith("the rest of its details may be missing")
    assert (read.rgb[0] == true[0]).all()
    equal = (read.rgb == true).all(axis=(1, 2)).mean()
    assert abs(equal - share) < 0.06
    if share == 0.05:
        assert "% of it is missing and grey, " in read.damage
        assert (abs(read.rgb[-1].astype(int) - 128) < 4).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_whole_frames_and_pages_of_what_was_cut_off_are_read(kind, share):
    found = [Image.fromarray(np.roll(GREY, 7 * i, 1)) for i in range(6)]
    more = {"duration": 100} if kind != "TIFF" else {}
    more |= {"lossless": True} if kind == "WEBP" else {}
    whole = encode(found[0], kind, save_all=True, append_images=found[1:], **more)
    data = strange.cut(whole, share)
    with pytest.raises(PictureError, match="cut off before its end"):
        read_picture(data, True)
    read, true = read_picture(data, True, fill_missing=True), read_picture(whole, True)
    frames = [read, *read.frames]
    assert abs(len(frames) - 6 * share) <= 1
    pairs = list(zip(frames, [true, *true.frames]))
    if kind == "TIFF":  # of the last page a part may be there
        assert read.damage.endswith("later pages are missing") or len(frames) == 6
        last = frames[-1].rgb
        assert (pairs.pop()[1].rgb[:8] == last[:8]).all()
    else:
        words = f"{len(frames)} frames are" if len(frames) > 1 else "frame is"
        assert read.damage == f"cut off before its end, the first {words} there"
    for part, wanted in pairs:
        np.testing.assert_array_equal(part.rgb, wanted.rgb)
        assert part.info.get("duration") == wanted.info.get("duration")


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "JPEG2000"])
def test_of_what_cannot_be_read_in_part_it_is_said_that_it_is_cut_off(kind):
    if not features.check({"JPEG2000": "jpg_2000"}.get(kind, kind.lower())):
        pytest.skip(f"this Pillow has no {kind}")
    whole = encode(MODES["RGB"], kind)
    for share in (0.5, 0.9):
        with pytest.raises(PictureError, match="cut off before its end.$"):
            read_picture(strange.cut(whole, share), fill_missing=True)
    read_picture(whole, fill_missing=True)


def test_indexed_and_lightless_pictures_get_the_colour_nearest_to_grey():
    palette = MODES["RGB"].quantize(30)
    palette.putpalette([*palette.getpalette()[:87], 125, 130, 128])
    for kind in ("PNG", "BMP"):
        whole = encode(palette, kind)
        read = read_picture(strange.cut(whole, 0.6), fill_missing=True)
        missing = read.rgb[0] if kind == "BMP" else read.rgb[-1]
        assert (missing == (125, 130, 128)).all()
        assert "cut off before its end, " in read.damage
    whole = encode(MODES["L"].convert("1"))
    read = read_picture(strange.cut(whole, 0.6), fill_missing=True)
    assert len(np.unique(read.rgb[-1])) == 1 and len(np.unique(read.rgb[:40])) == 2


def test_of_a_turned_picture_the_missing_part_is_at_the_side():
    tags = [(274, "H", 1, 6, True)]  # stored lying
    whole = strange.tiff(GREY[:, :64], rowsperstrip=8, extratags=tags, metadata=None)
    read = read_picture(strange.cut(whole, 0.6), fill_missing=True)
    assert read.rgb.shape == (64, 96, 3) and "%" in read.damage
    assert (read.rgb[:, :20] == 128).all() and len(np.unique(read.rgb[:, -40:])) > 9


def test_of_what_nothing_is_there_it_is_said():
    behind = encode(MODES["RGB"], "TIFF", compression="tiff_lzw")
    with pytest.raises(PictureError, match="cut off before its end, where a TIFF"):
        read_picture(strange.cut(behind, 0.8), fill_missing=True)
    for kind in ("png RGB", "bmp RGB", "tiff deflate"):
        whole = CUT[kind][0]
        for size in range(8, 60, 3):
            with pytest.raises(PictureError):
                read_picture(whole[:size], fill_missing=True)
    wide = bytearray(CUT["png RGB"][0])
    wide[16:24] = struct.pack(">II", 2**30, 2**30)  # asks for all memory there is
    wide[29:33] = struct.pack(">I", zlib.crc32(bytes(wide[12:29])))
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(strange.cut(bytes(wide), 0.8), fill_missing=True)


@pytest.mark.parametrize("size", [1_100_000, 3_000_000])
def test_a_large_text_costs_neither_the_picture_nor_the_other_texts(size):
    read = read_picture(strange.png_with_text(size))
    np.testing.assert_array_equal(read.rgb[..., 0], photo())
    assert read.notes == ["a text of more than 1 MB dropped"]


def test_a_large_profile_and_wrong_checksums_cost_a_png_nothing_more():
    profile = encode(photo(), icc_profile=b"x" * 2_000_000)
    read = read_picture(profile)
    assert read.notes == ["a colour profile of more than 1 MB dropped"]
    np.testing.assert_array_equal(read.rgb[..., 0], photo())
    read = read_picture(strange.png_with_wrong_checksums())
    assert read.notes == ["wrong checksums in the file"]
    np.testing.assert_array_equal(read.rgb[..., 0], photo())


def test_a_link_to_itself_is_said(tmp_path):
    (tmp_path / "x.jpg").symlink_to("x.jpg")
    with pytest.raises(PictureError, match="x.jpg: a link that leads to itself"):
        read_picture(tmp_path / "x.jpg")


# Rare kinds.


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_deep_and_large_photoshop_files_are_read(version, depth, packed, kind):
    channels = {1: 1, 3: 3, 4: 4}[kind]
    values = np.concatenate([COLOUR, 255 + 0 * COLOUR[..., :1]], 2)[..., :channels]
    read = read_picture(strange.deep_psd(values, kind, depth, version, packed))
    assert read.format == "PSD"
    true = COLOUR if channels > 1 else COLOUR[..., :1].repeat(3, 2)
    np.testing.assert_allclose(read.rgb.astype(int), true, atol=1)
    assert read.notes == ["16 bits a channel in, 8 bits out"] * (depth == 16)


@pytest.mark.parametrize("layers, clear", [(None, False), (1, False), (-1, True)])
def test_a_mask_in_a_photoshop_file_is_no_transparency(layers, clear):
    read = read_picture(strange.deep_psd(COLOUR, 3, depth=8, extra=1, layers=layers))
    assert (read.alpha is not None) == clear
    assert read.notes == ([] if clear else ["a mask left out"])
    np.testing.assert_allclose(read.rgb.astype(int), COLOUR, atol=1)


def test_of_a_photoshop_file_the_profile_is_applied_and_the_rest_said():
    data = strange.deep_psd(COLOUR, 3, extra=2)
    said = read_picture(data).notes
    assert said[1:] == ["masks and transparency left out"]
    with pytest.raises(PictureError, match="cut off before its end"):
        read_picture(data[: len(data) // 4])
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(data, max_pixels=96 * 96 - 1)
    with pytest.raises(PictureError, match="of a rare kind .mode 9, 16 bits.*save it"):
        read_picture(strange.deep_psd(COLOUR, 9))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    resource = struct.pack(">4sHHI", b"8BIM", 1039, 0, len(profile)) + profile
    short = struct.pack(">I", 16) + struct.pack(">4sHHI", b"8BIM", 1005, 0, 3)
    assert short in data
    data = data.replace(
        short, struct.pack(">I", 16 + len(resource)) + resource + short[4:]
    )
    assert read_picture(data).info["icc_profile"]


@pytest.mark.parametrize("values", [COLOUR, SEE_THROUGH])
def test_a_png_of_an_apple_phone_is_read(values):
    read = read_picture(strange.phone_png(values))
    np.testing.assert_array_equal(read.rgb, values[..., :3])
    assert read.notes == ["a PNG as Apple's phones hold it"]
    if values.shape[2] == 4:
        np.testing.assert_array_equal(read.alpha, values[..., 3])


def test_the_film_in_a_photo_of_a_phone_is_left_out_and_it_is_said(tmp_path):
    film = make_film(tmp_path / "x.mp4", 2).read_bytes()
    assert read_picture(strange.jpeg() + film).notes == [
        "a short film in the photo left out"
    ]
    assert read_picture(strange.jpeg() + bytes(99)).notes == []


def test_of_stereo_photos_it_is_said_that_one_picture_is_left_out():
    pair = [Image.fromarray(photo()), Image.fromarray(photo()[::-1])]
    data = encode(pair[0], "MPO", save_all=True, append_images=pair[1:])
    assert read_picture(data).notes == ["the first of 2 pictures in the file"]


@pytest.mark.parametrize(
    "marker, bits, words",
    [(0xC1, 12, "a JPEG of 12 bits a channel"), (0xC3, 8, "a JPEG without loss")],
)
def test_of_rare_kinds_of_jpeg_it_is_said_what_they_are(marker, bits, words):
    data = bytearray(strange.jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 1], data[place + 4] = marker, bits
    with pytest.raises(PictureError, match=f"{words}.*save it as an ordinary one"):
        read_picture(bytes(data))


# Compression and metadata.


@pytest.mark.parametrize(
    "before, after",
    [
        *((None, "raw"), ("tiff_lzw", "tiff_lzw"), ("packbits", "packbits")),
        *(("tiff_adobe_deflate", "tiff_adobe_deflate"), ("group4", "tiff_lzw")),
        ("jpeg", "jpeg"),
    ],
)
def test_a_tiff_keeps_its_compression(tmp_path, before, after):
    mode = "1" if before == "group4" else "RGB"
    image = Image.fromarray(photo()).convert(mode)
    data = encode(image, "TIFF", compression=before)
    read = read_picture(data)
    path = write_picture(tmp_path / "x.tif", read)
    with Image.open(path) as image:
        assert image.info["compression"] == after
    assert np.abs(read_picture(path).rgb.astype(int) - read.rgb).mean() < 3
    holes = Picture(read.rgb, np.full((32, 48), 9, "uint8"), "TIFF", read.info)
    path = write_picture(tmp_path / "y.tif", holes)  # JPEG cannot hold them
    assert (read_picture(path).alpha == 9).all()
    for ending in (".png", ".jpg"):
        write_picture(tmp_path / f"x{ending}", read)


@pytest.mark.parametrize("xmp", [b"", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"])
@pytest.mark.parametrize("before", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_tiff_keeps_its_metadata_and_its_compression(tmp_path, before, xmp):
    rgb, tags = np.dstack([photo()] * 3), Image.Exif()
    tags[0x10E], tags[0x13B] = "Grandmother, 1931", "the family"
    tags[0x8769], tags[0x8825] = {0x9003: "1931:05:01 12:00:00"}, {1: "N"}
    info = {"exif": tags.tobytes(), "xmp": xmp, "compression": before}
    info |= {"dpi": (600.0, 600.0), "icc_profile": SRGB}
    path = write_picture(tmp_path / "x.tif", Picture(rgb, format="TIFF", info=info))
    with Image.open(path) as image:
        kept, found = image.getexif(), image.info
        assert found["compression"] == before and found["icc_profile"] == SRGB
        assert found["dpi"] == (600, 600) and found.get("xmp", b"") == xmp
        assert (kept[0x10E], kept[0x13B]) == ("Grandmother, 1931", "the family")
        if before == "raw":
            assert kept.get_ifd(0x8769)[0x9003] == "1931:05:01 12:00:00"
            assert kept.get_ifd(0x8825)[1] == "N"
        else:  # which has no place for the folders
            assert kept[0x132] == "1931:05:01 12:00:00"


@pytest.mark.parametrize("before", ["raw", "tiff_lzw"])
def test_broken_exif_costs_neither_profile_resolution_nor_compression(tmp_path, before):
    rgb = np.dstack([photo()] * 3)
    info = {"exif": b"Exif\0\0" + b"x" * 99, "dpi": (300.0, 300.0)}
    info |= {"icc_profile": SRGB, "compression": before}
    path = write_picture(tmp_path / "x.tif", Picture(rgb, format="TIFF", info=info))
    with Image.open(path) as image:
        assert image.info["dpi"] == (300, 300) and image.info["icc_profile"] == SRGB
        assert image.info["compression"] == before


@pytest.mark.parametrize(
    "width, kept", [(20_000, "jpeg"), (22_000, "tiff_adobe_deflate")]
)
def test_a_very_wide_tiff_of_jpeg_is_written(tmp_path, width, kept):
    """A panorama: libtiff would end the process."""
    rgb = np.full((17, width, 3), 90, "uint8")
    picture = Picture(rgb, format="TIFF", info={"compression": "jpeg"})
    path = write_picture(tmp_path / "wide.tif", picture)
    with Image.open(path) as image:
        assert image.info["compression"] == kept
        assert np.abs(np.asarray(image).astype(int) - 90).max() <= 2


@pytest.mark.parametrize(
    "compressions",
    [("raw",) * 3, ("tiff_lzw",) * 3, ("jpeg", "tiff_lzw", "raw"), ("raw", "jpeg")],
)
def test_each_page_of_a_tiff_keeps_its_own_metadata(tmp_path, compressions):
    pages, rgb = [], np.dstack([photo()] * 3)
    for i, before in enumerate(compressions):
        tags = Image.Exif()
        tags[0x10E], tags[0x8769] = f"page {i}", {0x9003: f"193{i}:05:01 12:00:00"}
        info = {"exif": tags.tobytes(), "dpi": (100.0 + i,) * 2, "compression": before}
        pages.append(Picture(rgb[i:], format="TIFF", info=info))
    pages.append(Picture(rgb, format="TIFF"))  # has none
    pages[0].frames = pages[1:]
    path = write_picture(tmp_path / "x.tif", pages[0])
    with Image.open(path) as image:
        assert image.n_frames == len(pages)
        assert image.getexif().get_ifd(0x8769) or image.getexif()[0x132]
        for i, before in enumerate(compressions):
            image.seek(i)
            assert image.tag_v2[0x10E] == f"page {i}"
            assert image.info["dpi"] == (100 + i, 100 + i)
            assert image.info["compression"] == before
            if i:
                assert image.tag_v2[0x132] == f"193{i}:05:01 12:00:00"
        image.seek(len(compressions))
        assert 0x10E not in image.tag_v2 and image.info["compression"] == "raw"
        assert 282 not in image.tag_v2  # the resolution
    again = read_picture(path, every_frame=True)
    for read, page in zip([again, *again.frames], pages, strict=True):
        assert np.abs(read.rgb.astype(int) - page.rgb).mean() < 3


def test_name_and_rating_are_kept(tmp_path):
    tags = Image.Exif()
    tags[0x10D], tags[0x4746] = "Album 3", 5
    read = read_picture(encode(photo(), "JPEG", exif=tags.tobytes()))
    with Image.open(write_picture(tmp_path / "x.jpg", read)) as image:
        assert image.getexif()[0x10D] == "Album 3" and image.getexif()[0x4746] == 5


def test_what_is_not_written_is_said_with_what_is():
    for name in ("x.jp2", "x.tga", "x"):
        with pytest.raises(PictureError, match="cannot write.*Use one of .jpg"):
            format_for(name)
