"""A shoebox and an old hard disk: every kind of file in one folder, one command."""

import re
from pathlib import Path

import numpy as np
import pytest
import strange
from films import (
    add_channels,
    disguise,
    make_film,
    make_hdr,
    make_interlaced,
    turn,
)
from PIL import Image, features
from small import CONSTANT_AB, encode, photograph
from strange import photo

from colorlib.cli import commands
from colorlib.cli.parser import main
from colorlib.images.read import read_picture
from colorlib.lab import rgb8_to_lab
from colorlib.video.hdr import PQ
from colorlib.video.reader import probe, read_frames

# Films: ending of the container that is written, codec, sound.
CAMCORDER = {
    "mts": ("mts", "libx264", "ac3"),
    "m2ts": ("m2ts", "libx264", "ac3"),
    "ts": ("ts", "mpeg2video", "mp2"),
    "vob": ("vob", "mpeg2video", "ac3"),
    "flv": ("flv", "flv1", "libmp3lame"),
    "f4v": ("f4v", "libx264", "aac"),
    "asf": ("asf", "wmv2", None),
    "dv": ("dv", "dvvideo", None),
    "mxf": ("mxf", "mpeg2video", None),
    "qt": ("mov", "mjpeg", None),
    "3g2": ("3g2", "mpeg4", "aac"),
    "divx": ("avi", "mpeg4", "libmp3lame"),
    "ogm": ("ogv", "libvpx", "flac"),
    "m2v": ("m2v", "mpeg2video", None),
}


class Constant:
    """In place of a network: one colour, at once."""

    inputs = ("L",)

    def predict_on_batch(self, seen):
        colour = np.array(CONSTANT_AB, "float32") / 128
        return np.broadcast_to(colour, (*seen.shape[:-1], 2))

    __call__ = predict_on_batch


@pytest.fixture
def colorize(constant_model, tmp_path, capsys, monkeypatch):
    """Runs `colorize` in an empty folder: (exit code, lines of stdout and stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "_load_quickly", lambda path, card: Constant())

    def run(*arguments):
        code = main(["colorize", *arguments, "--model", str(constant_model)])
        return code, *(text.splitlines() for text in capsys.readouterr())

    return run


TEXTS = (("title", "Munich 1994"),)


def fill_films(box):
    """Writes films of all kinds; returns what is said of each."""
    for ending, (container, codec, sound) in CAMCORDER.items():
        full, size = codec == "mjpeg", (576, 720) if codec == "dvvideo" else (32, 48)
        path = make_film(
            *(box / f"tape-{ending}.{container}", 3, codec, sound),
            **{"pix_fmt": "yuvj420p" if full else "yuv420p", "full": full},
            rate=25 if "mpeg2" in codec or codec == "dvvideo" else 10,
            size=size,
        )
        path.rename(path.with_suffix(f".{ending}"))
    said = {f"tape-{ending}.{ending}": "3 frames" for ending in CAMCORDER}
    said["tape-ogm.ogm"] = "3 frames"
    plain = make_film(box / "plain.mp4", sound=None, metadata=TEXTS)
    disguise(box / "titled.mkv", plain, "srt", chapters=True)
    disguise(box / "cover.mp4", plain, cover=True)
    add_channels(box / "quad.mkv", plain, "quad")
    turn(make_film(box / "phone.mov", 3), 0, 1, -1, 0)
    make_interlaced(box / "pal.mpg", "mpeg2video", 4)
    make_hdr(box / "hdr.mkv", PQ, [0, 0.25, 0.5, 0.75])
    make_film(box / "odd.avi", 3, "ffv1", None, "bgr0", (31, 47))
    return said | {
        "plain.mp4": "12 frames",
        "titled.mkv": "12 frames",
        "cover.mp4": "12 frames",
        "quad.mkv": "sound: pcm_s16le in, FLAC out",
        "phone.mov": "3 frames",
        "pal.mpg": "interlaced in, whole frames out (--keep-interlaced leaves them)",
        "hdr.mkv": "high dynamic range in, ordinary range (BT.709, 8 bits) out",
        "odd.avi": "an odd side made even",
    }


def fill_pictures(box):
    """Writes pictures of all kinds; returns (name of the result, what is said)."""
    deep = photo().astype("uint32") * 16000000
    halves = [Image.fromarray(photo()), Image.fromarray(photo()[::-1])]
    wide = np.tile(photo(), (3, 2))
    lines = encode(wide, "TIFF", compression="tiff_lzw", strip_size=960)
    files = {
        "scan": (strange.jpeg(), "scan.jpg", "it is a JPEG"),
        "stereo.mpo": (
            encode(halves[0], "MPO", save_all=True, append_images=halves[1:]),
            *("stereo.jpg", "the first of 2 pictures in the file"),
        ),
        "grey.pgm": (encode(photo(), "PPM"), "grey.png", "PBM, PGM or PPM in, PNG out"),
        "colour.ppm": (
            encode(np.dstack([photo()] * 3), "PPM"),
            *("colour.png", "PBM, PGM or PPM in, PNG out"),
        ),
        "game.tga": (encode(photo(), "TGA"), "game.png", "TGA in, PNG out"),
        "icon.ico": (encode(photo(), "ICO"), "icon.png", "ICO in, PNG out"),
        "moving.apng": (strange.animation("PNG"), "moving.png", "it is a PNG"),
        "cut.jpg": (strange.jpeg(0.8), "cut.jpg", "cut off before its end"),
        "noend.jpg": (strange.jpeg(1, 2), "noend.jpg", "nothing seems to be missing"),
        "text.png": (strange.png_with_text(), "text.png", "a text of more than 1 MB"),
        "deep.tif": (strange.tiff(deep), "deep.tif", "scaled"),
        "float.tif": (
            strange.tiff((photo() / 9).astype("f4"), photometric=1),
            *("float.tif", "floating-point values of"),
        ),
        "gif.jpg": (strange.animation("GIF"), "gif.gif", "it is a GIF; 3 frames"),
        "webp.jpg": (strange.animation("WEBP"), "webp.webp", "it is a WebP; 3 frames"),
        "strips.tif": (
            strange.cut(strange.directory_first(lines), 0.6),
            *("strips.tif", "cut off before its end"),
        ),
        "tiles.tif": (
            strange.cut(strange.tiff(wide, tile=(16, 16)), 0.6),
            *("tiles.tif", "cut off before its end"),
        ),
        "cut.gif": (
            strange.cut(strange.animation("GIF"), 0.6),
            *("cut.gif", "cut off before its end, the first"),
        ),
        "apple.png": (
            strange.phone_png(np.dstack([photo()] * 3)),
            *("apple.png", "a PNG as Apple's phones hold it"),
        ),
        "deep.psd": (
            strange.deep_psd(photo()[..., None], 1),
            *("deep.png", "Photoshop in, PNG out; 16 bits a channel in, 8 bits out"),
        ),
    }
    if features.check("jpg_2000"):
        data = encode(photo(), "JPEG2000")
        files["library.jp2"] = data, "library.png", "JPEG 2000 in, PNG out"
    for package, name, result, words in (
        ("pillow_jxl", "new.jxl", "new.jxl", ""),
        ("rawpy", "raw.dng", "raw.jpg", "a camera's raw file in, JPEG out"),
        ("pypdfium2", "letter.pdf", "letter.pdf", "150 dots per inch"),
    ):
        try:
            __import__(package)
        except ImportError:
            continue
        data = {"raw.dng": strange.dng, "letter.pdf": strange.pdf}.get(name)
        data = data() if data else encode(photo(), "JXL", quality=95)
        files[name] = data, result, words
    for name, (data, _, _) in files.items():
        (box / name).write_bytes(data)
    return {name: rest for name, (_, *rest) in files.items()}


def test_the_report_of_a_shoebox_names_every_file_and_what_became_of_it(colorize):
    box = Path("box")
    box.mkdir()
    wanted = fill_pictures(box)
    pictures = len(wanted)
    for name, words in fill_films(box).items():
        wanted[name] = str(Path(name).with_suffix(".mp4")), words
    films = len(wanted) - pictures
    (box / "lost.tif").write_bytes(encode(photo(), "TIFF")[:40])
    (box / "letter.docx").write_bytes(b"PK\3\4" + bytes(99))
    code, out, err = colorize("box", "--output", "o")
    cut = ["cut.gif", "cut.jpg", "noend.jpg", "strips.tif", "tiles.tif"]
    assert code == 1 and err[len(cut) + 1 :] == [
        f"1 of {len(wanted) + 1} not coloured:",
        "  box/lost.tif: cut off before its end, where a TIFF tells its size and "
        "colours.",
    ]
    assert err[0] == f"{len(cut)} coloured as far as they are there:"
    assert [line.split(":")[0].strip() for line in err[1 : len(cut) + 1]] == [
        f"box/{name}" for name in cut
    ]
    assert out[0] == "1 left out, neither pictures nor films: 1 .docx."
    assert out[-1] == f"{pictures} pictures and {films} films coloured, in o."
    assert out[1:-1] == sorted(out[1:-1])
    reported = dict(line.split(" -> ") for line in out[1:-1])
    assert len(reported) == len(wanted)
    for name, (result, words) in wanted.items():
        said = reported[f"box/{name}"]
        assert re.fullmatch(rf"{re.escape(f'o/{result}')}( \(.+\))?", said), said
        assert words in said
        assert len(said) < 130, said  # two lines of a terminal
        if result.endswith(".mp4"):
            rgb = next(read_frames(probe(Path("o") / result), []))[2]
        else:
            rgb = read_picture(Path("o") / result).rgb
        assert np.abs(rgb8_to_lab(rgb)[..., 1:]).max() > 4, name
    phone = next(read_frames(probe("o/phone.mp4"), []))[2]
    assert phone.shape == (48, 32, 3)  # upright


def test_the_end_of_a_report_tells_what_was_done(colorize):
    photograph(Path("box/a.jpg"))  # one needs no count
    assert colorize("box", "--output", "o") == (0, ["box/a.jpg -> o/a.jpg"], [])
    photograph(Path("box/b.jpg"))
    photograph(Path("box/c.jpg"))
    make_film(Path("box/d.mkv"), 1, sound=None)
    code, out, err = colorize("box", "--output", "o")
    assert (code, err) == (0, [])
    assert out[0].startswith("1 already in o, skipped")
    assert out[3:] == [
        "box/d.mkv -> o/d.mp4 (1 frame)",
        "2 pictures and 1 film coloured, in o.",
    ]
