"""Whatever lies in a folder: pictures of every kind, under every name, in one run."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import strange
from films import FramePainter, make_film
from PIL import Image, features
from small import encode, photograph
from strange import photo

from colorlib.colorize.files import colorize_files
from colorlib.colorize.jobs import RESULTS, plan
from colorlib.images.picture import Picture
from colorlib.images.read import read_picture

RED = 25  # levels that a result is redder than green, at least


def painted(picture):
    """In place of a network: more red, the same green and blue."""
    rgb = picture.rgb.copy()
    rgb[..., 0] = np.minimum(rgb[..., 0].astype(int) + 60, 255)
    frames = [painted(frame) for frame in picture.frames]
    return Picture(rgb, picture.alpha, picture.format, picture.info, frames)


def painter():
    """The same for films."""
    return FramePainter(lambda rgb: painted(Picture(rgb)).rgb)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(work, capsys):
    """Colours files: (how many failed, stdout, stderr)."""

    def run(*files, output="out", start=lambda: painted, **options):
        options = {"start_film": painter, **options}
        failed = colorize_files(files, Path(output), start, **options)
        return failed, *capsys.readouterr()

    return run


def contents(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != RESULTS)
    return sorted(p.relative_to(folder).as_posix() for p in files)


def fill(folder, files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


JPEG_2000 = features.check("jpg_2000")
# What lies in the folder: bytes, name of the result, what is said.
SHOEBOX = {
    "scan0001": (strange.jpeg(), "scan0001.jpg", "it is a JPEG"),
    "Mr. Smith": (encode(photo(), "PNG"), "Mr. Smith.png", "it is a PNG"),
    "cat.jpg": (strange.animation("GIF"), "cat.gif", "it is a GIF; 3 frames"),
    "dog.jpg": (strange.animation("WEBP"), "dog.webp", "it is a WebP; 3 frames"),
    "fax.png": (strange.pages(), "fax.tif", "it is a TIFF; 2 pages"),
    "still.jpg": (encode(photo(), "WEBP"), "still.jpg", ""),
    "liar.png": (strange.jpeg(), "liar.png", ""),
    "3d.mpo": (
        encode(photo(), "MPO", save_all=True, append_images=[Image.new("L", (9, 9))]),
        *("3d.jpg", "it is a JPEG"),
    ),
    "moving.apng": (strange.animation("PNG"), "moving.png", "it is a PNG; 3 frames"),
    "x.pgm": (encode(photo(), "PPM"), "x.pgm.png", "PBM, PGM or PPM in, PNG out"),
    "x.tga": (encode(photo(), "TGA"), "x.tga.png", "TGA in, PNG out"),
    "icon.ico": (encode(photo(), "ICO"), "icon.png", "ICO in, PNG out"),
    "old.pcx": (encode(photo(), "PCX"), "old.png", "PCX in, PNG out"),
    "office.dcx": (strange.fax(), "office.tif", "DCX in, TIFF out; 2 pages"),
    "layers.psd": (strange.psd(), "layers.png", "Photoshop in, PNG out"),
    "IMG0001.PCD": (strange.photo_cd(), "IMG0001.jpg", "Photo CD in, JPEG out"),
    "sparc.ras": (strange.sun_raster(), "sparc.png", "Sun raster in, PNG out"),
    "indy.sgi": (encode(photo(), "SGI"), "indy.png", "SGI in, PNG out"),
    "cut.jpg": (strange.jpeg(0.8), "cut.jpg", "cut off before its end"),
    "endless.jpg": (strange.jpeg(1, 2), "endless.jpg", "cut off before its end"),
    "cut.png": (strange.cut(encode(photo()), 0.8), "cut.png", "cut off before its end"),
    "cut.bmp": (
        strange.cut(encode(photo(), "BMP"), 0.8),
        *("cut.bmp", "cut off before its end"),
    ),
    "cut.tif": (
        strange.cut(strange.tiff(photo(), rowsperstrip=4), 0.8),
        *("cut.tif", "cut off before its end"),
    ),
    "story.png": (strange.png_with_text(), "story.png", "a text of more than 1 MB"),
    "crc.png": (strange.png_with_wrong_checksums(), "crc.png", "wrong checksums"),
    "lab.tif": (
        strange.tiff((photo() / 255).astype("float32"), photometric=1),
        *("lab.tif", "floating-point values of 0 to 1 scaled"),
    ),
    "film.jpg": (None, "film.mp4", "4 frames"),
}
if JPEG_2000:
    wavelets = encode(photo(), "JPEG2000")
    SHOEBOX["x.jp2"] = (wavelets, "x.jp2.png", "JPEG 2000 in, PNG out")
EXTRAS = {  # package: name, bytes, name of the result, what is said
    "pillow_jxl": ("new.jxl", "new.jxl", ""),
    "rawpy": ("raw.dng", "raw.jpg", "a camera's raw file in, JPEG out"),
    "pypdfium2": ("letter.pdf", "letter.pdf", "pages as pictures of 150 dots"),
}
OTHERS = {
    "notes.txt": b"Dear diary",
    "table.docx": b"PK\3\4" + bytes(99),
    "song.mp3": b"ID3\4" + bytes(99),
    "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(99),
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


def shoebox(folder):
    """Fills a folder with all of it; returns names of results, and what is said."""
    wanted = {name: rest for name, (_, *rest) in SHOEBOX.items()}
    fill(folder, {name: data for name, (data, *_) in SHOEBOX.items() if data})
    make_film(folder / "film.mp4", 4).rename(folder / "film.jpg")
    more = {"rawpy": strange.dng(), "pypdfium2": strange.pdf()}
    for package, (name, *rest) in EXTRAS.items():
        try:
            __import__(package)
        except ImportError:
            continue
        data = more.get(package) or encode(photo(), "JXL", quality=95)
        fill(folder, {name: data})
        wanted[name] = rest
    fill(folder, OTHERS)
    return wanted


def test_a_folder_of_everything_is_coloured_by_one_command(work, run):
    wanted = shoebox(work / "box")
    failed, out, err = run("box")
    assert failed == 0
    assert contents(work / "out") == sorted(result for result, _ in wanted.values())
    lines = out.splitlines()
    assert lines[0] == (
        "5 left out, neither pictures nor films: 1 .db, 1 .svg, 1 .txt, 1 .mp3, "
        "1 .docx."
    )
    for name, (result, words) in wanted.items():
        line = next(ln for ln in lines if ln.startswith(f"{Path('box', name)} -> "))
        assert line.startswith(f"{Path('box', name)} -> {Path('out', result)}")
        assert words in line and (words or not line.endswith(")"))
        if not result.endswith(".mp4"):
            rgb = read_picture(work / "out" / result, every_frame=True).rgb.astype(int)
            assert (rgb[..., 0] - rgb[..., 1]).mean() > RED, name
    assert err.startswith("5 coloured as far as they are there:\n  box/cut.bmp: cut")
    assert err.count("\n") == 6
    failed, out, err = run("box")  # the second time nothing is left to do
    assert (failed, err) == (0, "") and " -> " not in out
    assert f"{len(wanted)} already in out" in out


def test_strict_refuses_what_was_cut_off(work, run):
    cut = [name for name in SHOEBOX if name.startswith("cut.")]
    assert len(cut) == 4
    fill(work / "box", {name: SHOEBOX[name][0] for name in cut})
    fill(work / "box", {"whole.jpg": strange.jpeg()})
    failed, out, err = run("box", strict=True)
    assert failed == 4 and contents(work / "out") == ["whole.jpg"]
    for name in cut:
        assert f"box/{name}: cut off before its end." in err


@pytest.mark.parametrize("package", EXTRAS)
def test_a_missing_package_costs_its_files_only_and_is_named(
    work, run, monkeypatch, package
):
    more = {"rawpy": strange.dng(), "pypdfium2": strange.pdf()}
    name = EXTRAS[package][0]
    fill(work / "box", {name: more.get(package) or b"\xff\x0a" + bytes(50)})
    photograph(work / "box" / "a.jpg")
    monkeypatch.setitem(sys.modules, package, None)
    failed, out, err = run("box")
    assert contents(work / "out") == ["a.jpg"]
    if package == "pypdfium2":  # it may be a letter: nobody can tell
        assert failed == 0 and "scans need pypdfium2: pip install pypdfium2" in out
        failed, out, err = run(f"box/{name}")
    assert failed == 1 and f"box/{name}: " in err and "(pip install " in err


# Names of results.


def targets(*files):
    jobs, problems, _ = plan(files, Path("out"))
    assert problems == []
    return {job.source.name: job.target.name for job in jobs}


def test_two_files_never_get_one_name_however_they_are_named(work):
    fill(work, {"a.nef": strange.dng(), "a.JPG": strange.jpeg()})
    fill(work, {"b.tga": encode(photo(), "TGA"), "b.pcx": encode(photo(), "PCX")})
    fill(work, {"c.tga": encode(photo(), "TGA"), "c.txt": b"about c", "c": b"text"})
    pytest.importorskip("rawpy")
    wanted = {"a.nef": "a.nef.jpg", "a.JPG": "a.JPG", "c.tga": "c.png"}
    wanted |= {"b.tga": "b.tga.png", "b.pcx": "b.pcx.png"}
    assert targets(*wanted) == wanted
    for name, result in wanted.items():  # the same, one at a time
        assert targets(name) == {name: result}


def test_a_folder_is_listed_once_however_many_files_get_another_ending(
    work, monkeypatch
):
    fill(work / "in", {f"{i}.pcx": encode(photo(), "PCX") for i in range(30)})
    listed, listdir = [], os.listdir

    def count(folder):
        listed.append(folder)
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", count)
    jobs = plan([work / "in"], work / "out")[0]
    assert {job.target.name for job in jobs} == {f"{i}.png" for i in range(30)}
    assert len(listed) <= 1
    # A result of an earlier run is no rival, but can be named.
    (work / "in" / RESULTS).write_text('"7.pcx"\n')
    (job,) = plan([work / "in" / "7.pcx"], work / "out")[0]
    assert job.target.name == "7.png"


@pytest.mark.parametrize(
    "name, result",
    [
        *(("scan.2021", "scan.2021.jpg"), ("Dr.House", "Dr.House.jpg")),
        *(("a.jp2", "a.jpg"), ("a.JPE", "a.jpg"), ("a. b", "a. b.jpg")),
        *(("a.tar.xyz", "a.tar.jpg"), ("a", "a.jpg"), ("ä.été", "ä.été.jpg")),
    ],
)
def test_only_what_is_an_ending_is_replaced(work, name, result):
    fill(work, {name: strange.jpeg()})
    assert targets(name) == {name: result}


@pytest.mark.parametrize("name", ["n" * 255, "n" * 250 + ".tga", "写" * 83])
def test_the_longest_names_are_coloured(work, run, name):
    fill(work / "box", {name: strange.jpeg()})
    photograph(work / "box" / "z.jpg")
    failed, out, err = run("box", compare=True)
    assert (failed, err) == (0, "")
    results = contents(work / "out")
    assert (
        len(results) == 4 and max(len(os.fsencode(Path(r).name)) for r in results) < 256
    )


@pytest.mark.parametrize("output", ["Result: 1", "./a:b", "out"])
def test_a_colon_is_a_letter_like_others(work, run, output):
    fill(work, {"12:30.jpg": strange.jpeg(), "C:x": strange.jpeg()})
    assert run("12:30.jpg", "./C:x", output=output)[0] == 0
    assert contents(work / output) == ["12:30.jpg", "C:x.jpg"]


# Names that no terminal can print.

NAMES = [
    *("caf\udce9.jpg", "new\nline.jpg", "\x1b[31mred.jpg", "tab\tand\rreturn.jpg"),
    *("\u2028.jpg", "\N{GRINNING FACE}.jpg", "写真.jpg", "-o.jpg", "\x7f.jpg"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_no_name_ends_the_run_or_moves_the_terminal(
    work, monkeypatch, capfdbinary, encoding
):
    from colorlib.cli.parser import main

    folder = work / "album"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(strange.jpeg())
        (folder / f"{name}-bad.jpg").write_bytes(b"garbage")
    for stream in (sys.stdout, sys.stderr):
        assert hasattr(stream, "reconfigure")
        stream.reconfigure(encoding=encoding, errors="strict")
    monkeypatch.setattr("colorlib.cli.commands._start_keras", lambda: None)

    def colorize(options):
        return colorize_files([folder], Path("out"), lambda: painted)

    monkeypatch.setattr("colorlib.cli.commands.colorize", colorize)
    assert main(["colorize", "album"]) == len(NAMES)
    out, err = capfdbinary.readouterr()
    assert out.count(b" -> ") == len(NAMES) == err.count(b"not a picture")
    assert len(out.splitlines()) == len(NAMES) + 1  # and how many they were
    assert len(err.splitlines()) == len(NAMES) + 1
    assert not set(out + err) & ({*range(32), 127} - {10})
    assert sorted(p.name for p in (work / "out").glob("*.jpg")) == sorted(NAMES)


# One bad file never ends the others.


@pytest.mark.parametrize(
    "error",
    [
        *(RuntimeError("of a decoder"), KeyError("x"), RecursionError("too deep")),
        *(OSError(36, "File name too long"), UnicodeError("a name"), MemoryError()),
        *(AssertionError(), ZeroDivisionError("one row")),
    ],
)
@pytest.mark.parametrize("film", [False, True])
def test_whatever_goes_wrong_with_one_the_others_are_coloured(work, run, error, film):
    photograph(work / "box" / "a.jpg", size=(50, 30))
    photograph(work / "box" / "z.jpg")
    if film:
        (work / "box" / "a.jpg").unlink()
        make_film(work / "box" / "a.mp4", 2)

    class Broken(FramePainter):
        def process(self, frames, ends):
            raise error

    def colour(picture):
        if picture.rgb.shape[1] == 50:
            raise error
        return painted(picture)

    failed, out, err = run("box", start=lambda: colour, start_film=Broken)
    assert failed == 1 and out.count(" -> ") == 1
    assert f"  box/a.{'mp4' if film else 'jpg'}: " in err
    words = str(error.args[-1]) if error.args else "memory|AssertionError"
    assert any(word in err for word in words.split("|"))


def test_a_network_that_cannot_be_had_ends_the_run_at_once(work, run):
    photograph(work / "a.jpg")
    photograph(work / "b.jpg")
    starts = []

    def start():
        starts.append(1)
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        run("a.jpg", "b.jpg", start=start)
    assert len(starts) == 1
    make_film(work / "c.mp4", 2)
    with pytest.raises(ValueError, match="no such model"):
        run("c.mp4", start_film=start)


# Results of earlier runs.


def test_results_of_a_first_run_are_not_coloured_by_a_second_one(work, run):
    photograph(work / "nest" / "a.jpg")
    photograph(work / "nest" / "sub" / "b.tga")
    make_film(work / "nest" / "c.mp4", 2)
    assert run("nest", output="nest/first", compare=True)[0] == 0
    failed, out, err = run("nest", output="nest/second")
    assert (failed, err) == (0, "") and out.count(" -> ") == 3
    assert "6 left out, results of an earlier run.\n" in out
    assert contents(work / "nest" / "second") == ["a.jpg", "c.mp4", "sub/b.png"]
    failed, _, err = run("nest/first", output="third")
    assert failed == 1 and "nothing but results of an earlier run" in err
    assert run("nest/first/a.jpg", output="third")[0] == 0  # named, it is meant
    photograph(work / "nest" / "first" / "new.jpg")
    assert run("nest/first", output="fourth")[0] == 0
    assert contents(work / "fourth") == ["new.jpg"]


def test_a_spoiled_list_of_results_is_no_list(work, run):
    photograph(work / "a.jpg")
    assert run("a.jpg")[0] == 0
    (work / "out" / RESULTS).write_bytes(b"\xff nonsense")
    assert run("out", output="again")[0] == 0


def test_results_beside_their_sources_keep_their_names_in_later_runs(work, run):
    fill(work / "box", {"a.tga": encode(photo(), "TGA")})
    make_film(work / "box" / "b.avi", 2, "mpeg4", None)
    for _ in range(2):
        assert run("box", output="box")[0] == 0
        assert contents(work / "box") == ["a.png", "a.tga", "b.avi", "b.mp4"]


def test_an_empty_file_in_the_place_of_a_result_is_not_done(work, run):
    photograph(work / "a.jpg")
    make_film(work / "b.mov", 2)
    for name in ("a.jpg", "b.mp4"):
        (work / "out").mkdir(exist_ok=True)
        (work / "out" / name).touch()
    failed, out, err = run("a.jpg", "b.mov")
    assert (failed, err) == (0, "") and out.count(" -> ") == 2
    assert all((work / "out" / name).stat().st_size for name in ("a.jpg", "b.mp4"))


def test_a_pipe_in_a_folder_is_not_waited_for(work, run):
    photograph(work / "box" / "a.jpg")
    os.mkfifo(work / "box" / "pipe")
    os.mkfifo(work / "box" / "pipe.jpg")
    failed, out, err = run("box")
    assert failed == 1 and "pipe.jpg: not an ordinary file" in err
    assert "1 left out, neither pictures nor films: 1 without ending" in out
