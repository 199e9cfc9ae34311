import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from films import FramePainter, make_film
from PIL import Image
from small import ROOT, held_elsewhere, photograph

from colorlib.colorize import files, jobs
from colorlib.colorize.files import before_after, colorize_files
from colorlib.colorize.jobs import RESULTS, plan
from colorlib.errors import PictureError
from colorlib.images.picture import Picture
from colorlib.images.read import read_picture
from colorlib.images.write import write_picture
from colorlib.video import convert
from colorlib.video.reader import probe, read_frames


def painted(picture):
    """In place of a network: more red."""
    rgb = picture.rgb.copy()
    rgb[..., 0] = np.maximum(rgb[..., 0], 200)
    kind, info = picture.format, picture.info
    frames = [painted(frame) for frame in picture.frames]
    return Picture(rgb, picture.alpha, kind, info, frames)


def is_coloured(path):
    rgb = read_picture(path).rgb[-10:, -10:].astype(int)
    return bool((rgb[..., 0] - rgb[..., 1]).min() > 30)


def contents(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != RESULTS)
    return sorted(p.relative_to(folder).as_posix() for p in files)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(work, capsys):
    """Colours files: (how many failed, stdout, stderr, how often a network began)."""

    def run(*files, output="out", **options):
        starts = []

        def start():
            starts.append(1)
            return painted

        failed = colorize_files(files, Path(output), start, **options)
        return failed, *capsys.readouterr(), len(starts)

    return run


# What is planned.


def targets(jobs):
    return [job.target.as_posix() for job in jobs]


def test_folders_are_searched_and_mirrored(work):
    for name in ("b.png", "a.jpg", "sub/b.png", "sub/deeper/c.JPG"):
        photograph(work / "album" / name)
    jobs, problems, _ = plan(["album"], Path("out"))
    assert targets(jobs) == [
        *("out/a.jpg", "out/b.png", "out/sub/b.png", "out/sub/deeper/c.JPG")
    ]
    assert problems == []


def test_hidden_files_and_folders_are_left_out_unless_they_are_named(work):
    photograph(work / "album" / "a.jpg")
    photograph(work / "album" / ".thumbs" / "a.jpg")
    (work / "album" / "._a.jpg").write_bytes(b"what a Mac leaves behind")
    jobs, problems, others = plan(["album"], Path("out"))
    assert targets(jobs) == ["out/a.jpg"] and problems == [] and not others
    assert targets(plan(["album/.thumbs/a.jpg"], Path("out"))[0]) == ["out/a.jpg"]


@pytest.mark.parametrize("link", [False, True])
def test_the_folder_of_the_results_is_left_out(work, link):
    photograph(work / "album" / "a.jpg")
    photograph(work / "album" / "done" / "a.jpg")
    output = Path("album/done")
    if link:  # the same folder by another name
        (work / "elsewhere").symlink_to(work / "album" / "done")
        output = Path("elsewhere")
    jobs, problems, _ = plan(["album"], output)
    assert [job.source for job in jobs] == [Path("album/a.jpg")] and problems == []


def test_linked_folders_are_not_followed(work):
    photograph(work / "album" / "a.jpg")
    (work / "album" / "circle").symlink_to(work / "album")
    assert targets(plan(["album"], Path("out"))[0]) == ["out/a.jpg"]


def test_what_is_no_picture_by_its_content_is_counted(work):
    photograph(work / "album" / "a.jpg")
    for name in ("notes.txt", "more.TXT", "scan"):
        (work / "album" / name).write_text("text")
    jobs, problems, others = plan(["album"], Path("out"))
    assert len(jobs) == 1 and problems == [] and dict(others) == {".txt": 2, "": 1}


def test_a_folder_that_cannot_be_listed_is_a_problem(work, monkeypatch):
    photograph(work / "album" / "sub" / "a.jpg")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert any("sub: cannot be listed (Perm" in p for p in plan(["album"], work)[1])


@pytest.mark.parametrize(
    "content, words",
    [
        (b"Dear diary", "not a picture of a known kind (JPEG"),
        (b"PK\3\4" + bytes(99), "not a picture, but a zip archive or office"),
        (b"<!DOCTYPE html><html>", "not a picture, but a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "but a drawing (SVG)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "but a PostScript drawing"),
        (bytes(128) + b"DICM" + bytes(99), "but a medical picture (DICOM)"),
        (bytes(5000), "but zeros only"),
    ],
)
def test_what_is_no_picture_is_said_before_anything_starts(run, content, words):
    Path("a.xyz").write_bytes(content)
    failed, out, err, starts = run("a.xyz")
    assert (failed, starts) == (1, 0) and "  a.xyz: " in err and words in err


@pytest.mark.parametrize("output", ["album", ".", "link"])
def test_no_original_is_ever_a_target(work, run, output):
    photo = photograph(work / "album" / "a.png")
    (work / "link").symlink_to(work / "album")
    before = photo.read_bytes()
    for file in ("album/a.png", photo):
        place = "album" if output == "." else output
        failed, _, err, _ = run(file, output=place, overwrite=True)
        assert failed == 1 and "would replace the original" in err
    assert photo.read_bytes() == before


def test_a_link_to_an_original_is_no_target_either(work, run):
    photo = photograph(work / "a.png")
    before = photo.read_bytes()
    (work / "out").mkdir()
    (work / "out" / "a.png").symlink_to(photo)
    (work / "out" / "b.png").hardlink_to(photo)
    photograph(work / "b.png")
    assert run("a.png", "b.png", overwrite=True)[0] == 2
    assert photo.read_bytes() == before


def test_upper_and_lower_case_are_one_name_where_the_disk_says_so(work, monkeypatch):
    photograph(work / "1" / "a.jpg")
    photograph(work / "2" / "A.JPG")
    assert len(plan(["1", "2"], Path("out"))[0]) == 2  # this disk tells them apart
    monkeypatch.setattr("colorlib.colorize.jobs._ignores_case", lambda folder: True)
    jobs, problems, _ = plan(["1", "2"], Path("out"))
    assert targets(jobs) == ["out/a.jpg"]
    assert "A.JPG: has the same name as 1" in problems[0]


def test_whether_the_disk_ignores_case_is_found_out(work, monkeypatch):
    assert not jobs._ignores_case(work / "not" / "there")
    real = os.stat

    def stat(path, **options):
        return real(str(path).lower(), **options)

    (work / "lower").mkdir()
    monkeypatch.setattr(os, "stat", stat)
    assert jobs._ignores_case(work / "lower" / "new")


def test_two_pictures_of_one_name_are_not_made_one(work, run):
    photograph(work / "1" / "a.png", level=90)
    photograph(work / "2" / "a.png", level=200)
    failed, out, err, _ = run("1/a.png", "2/a.png", "1/a.png", "1")
    assert failed == 1 and out.count(" -> ") == 1
    assert "2/a.png: has the same name as 1/a.png" in err
    assert read_picture("out/a.png").rgb[-1, -1, 1] == 90


def test_a_folder_in_the_place_of_a_result_is_said(work, run):
    photograph(work / "a.png")
    (work / "out" / "a.png").mkdir(parents=True)
    failed, _, err, _ = run("a.png")
    assert failed == 1 and "out/a.png is a folder" in err


# What is done.


def test_what_is_done_is_skipped_and_the_network_not_started(work, run):
    for name in ("a.jpg", "b.png", "c.gif"):
        photograph(work / "album" / name)
    assert run("album")[0] == 0
    times = {p: p.stat().st_mtime_ns for p in (work / "out").iterdir()}
    failed, out, err, starts = run("album")
    assert (failed, err, starts) == (0, "", 0) and out.startswith("3 already in out")
    assert {p: p.stat().st_mtime_ns for p in (work / "out").iterdir()} == times
    photograph(work / "album" / "d.png")
    assert run("album")[1].count(" -> ") == 1
    assert run("album", overwrite=True)[1].count(" -> ") == 4


def test_all_that_failed_is_listed_at_the_end_with_its_reason(work, run):
    photograph(work / "album" / "a.png")
    photograph(work / "album" / "z.png")
    (work / "album" / "bad.jpg").write_bytes(b"garbage")
    (work / "album" / "empty.jpg").touch()
    failed, out, err, _ = run("album", "none.jpg")
    assert failed == 3 and out.count(" -> ") == 2
    lines = err.splitlines()
    assert lines[0] == "3 of 5 not coloured:" and len(lines) == 4
    assert lines[1] == "  none.jpg: there is no such file."
    assert lines[2].startswith("  album/bad.jpg: not a picture")
    assert lines[3] == "  album/empty.jpg: the file is empty."


def test_stopped_it_still_lists_what_failed(work, run, capsys):
    (work / "a.jpg").write_bytes(b"garbage")
    photograph(work / "b.png")

    def stop(picture):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        colorize_files(["a.jpg", "b.png"], Path("out"), lambda: stop)
    assert "1 of 2 not coloured:\n  a.jpg: not a picture" in capsys.readouterr().err


def test_a_complaint_without_a_name_gets_one(work, capsys):
    photograph(work / "a.png")

    def refuse(picture):
        raise PictureError("too red.")

    assert colorize_files(["a.png"], Path("out"), lambda: refuse) == 1
    assert "  a.png: too red." in capsys.readouterr().err


def test_too_little_memory_costs_one_picture(work, capsys):
    photograph(work / "a.png")
    photograph(work / "b.png", size=(20, 20))

    def hungry(picture):
        if picture.rgb.shape[1] == 40:
            raise MemoryError
        return painted(picture)

    assert colorize_files(["a.png", "b.png"], Path("out"), lambda: hungry) == 1
    assert "a.png: not enough memory" in capsys.readouterr().err
    assert contents(work / "out") == ["b.png"]


def test_results_that_cannot_be_written_stop_everything(work):
    photograph(work / "a.png")
    photograph(work / "b.png")
    (work / "out").write_text("a file")
    coloured = []

    def colour(picture):
        coloured.append(picture)
        return picture

    with pytest.raises(OSError, match="out cannot be written"):
        colorize_files(["a.png", "b.png"], Path("out"), lambda: colour)
    assert coloured == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_stops_everything(work, monkeypatch, code):
    photograph(work / "a.png")
    photograph(work / "b.png")
    asked = []

    def full(path, picture):
        asked.append(path)
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(files, "write_picture", full)
    with pytest.raises(OSError, match=os.strerror(code)):
        colorize_files(["a.png", "b.png"], Path("out"), lambda: painted)
    assert asked == [Path("out/a.png")]


@pytest.mark.parametrize(
    "code", [errno.ENAMETOOLONG, errno.EACCES, errno.EIO, errno.EINVAL, errno.EFBIG]
)
def test_another_error_of_the_disk_costs_one_file(work, monkeypatch, capsys, code):
    photograph(work / "a.png")
    photograph(work / "b.png")

    def fails_once(path, picture):
        if path.name == "a.png":
            raise OSError(code, os.strerror(code), str(path))
        return write_picture(path, picture)

    monkeypatch.setattr(files, "write_picture", fails_once)
    assert colorize_files(["a.png", "b.png"], Path("out"), lambda: painted) == 1
    said = capsys.readouterr().err
    assert "  a.png: " in said and os.strerror(code) in said
    assert contents(work / "out") == ["b.png"]


def test_the_limit_on_frames_is_passed_on(work, run):
    frames = [Image.new("L", (9, 9), level) for level in (50, 90, 130)]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:])
    failed, _, err, _ = run("film.gif", max_frames=2)
    assert failed == 1 and "film.gif: 3 frames" in err and "--max-frames" in err
    assert run("film.gif", max_frames=3)[0] == 0


def test_the_limit_on_pixels_is_passed_on(work, run):
    photograph(work / "a.png")
    failed, _, err, _ = run("a.png", max_pixels=1199)
    assert failed == 1 and "40 x 30 pixels" in err and "--max-megapixels" in err
    assert run("a.png", max_pixels=1200)[0] == 0


def test_what_got_lost_is_said(work, run):
    Image.fromarray(np.full((9, 9), 30_000, "uint16")).save("deep.png")
    frames = [Image.new("L", (9, 9), level) for level in (50, 90, 130)]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:])
    out = run("deep.png", "film.gif")[1].splitlines()
    assert out[0].endswith("deep.png (16 bits a channel in, 8 bits out)")
    assert out[1].endswith("film.gif (3 frames)")


def test_unfinished_files_of_a_killed_run_are_removed_when_they_are_old(work, run):
    photograph(work / "a.png")
    old, new = work / "out" / ".colorlib-1-1", work / "out" / ".colorlib-2-2"
    old.parent.mkdir()
    for path in (old, new):
        path.write_bytes(b"half a pict")
    os.utime(old, (time.time() - 7200,) * 2)
    os.utime(new, (time.time() - 600,) * 2)
    run("a.png")
    assert contents(work / "out") == [".colorlib-2-2", "a.png"]


# Before and after.


def test_compare_writes_pairs_beside_the_results(work, run):
    photograph(work / "album" / "sub" / "a.png")
    failed, out, err, _ = run("album", compare=True)
    assert (failed, err) == (0, "")
    assert contents(work / "out") == ["compare/sub/a.png", "sub/a.png"]
    pair = read_picture("out/compare/sub/a.png").rgb
    assert pair.shape == (30, 88, 3)
    np.testing.assert_array_equal(pair[:, :40], read_picture("album/sub/a.png").rgb)
    np.testing.assert_array_equal(pair[:, 48:], read_picture("out/sub/a.png").rgb)


def test_a_missing_pair_is_made_of_the_result_without_a_network(work, run):
    photograph(work / "a.png")
    run("a.png")
    failed, out, err, starts = run("a.png", compare=True)
    assert (failed, err, starts) == (0, "", 0)
    assert "a.png -> out/compare/a.png" in out
    assert "1 already in out" in run("a.png", compare=True)[1]


def test_a_pair_never_takes_the_place_of_a_result(work, run):
    photograph(work / "album" / "a.png", level=90)
    photograph(work / "album" / "compare" / "a.png", level=200)
    failed, _, err, _ = run("album", compare=True)
    assert (
        failed == 1 and "album/compare/a.png: has the same name as album/a.png" in err
    )
    assert read_picture("out/a.png").rgb[-1, -1, 1] == 90


def test_pairs_are_shrunk_and_laid_over_white(monkeypatch):
    monkeypatch.setattr(files, "PAIR_SIDE", 100)
    rgb = np.zeros((300, 150, 3), "uint8")
    alpha = np.zeros((300, 150), "uint8")
    pair = before_after(Picture(rgb, alpha), Picture(rgb)).rgb
    assert pair.shape == (100, 50 + 8 + 50, 3)
    assert pair[:, :58].min() == 255 and pair[:, 58:].max() == 0


# A shoebox, and a power cut.


def shoebox(folder):
    """200 files of every kind; returns the names of the ten that cannot be read."""
    chance = np.random.default_rng(0)
    modes = ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16"]
    kinds = {"RGB": ["jpg", "png", "webp", "tif", "bmp"], "L": ["jpg", "png", "gif"]}
    kinds |= {"1": ["png", "tif"], "P": ["png", "gif"], "CMYK": ["jpg", "tif"]}
    for i in range(190):
        mode = modes[i % 8]
        kind = kinds.get(mode, ["png"])[i // 8 % len(kinds.get(mode, ["png"]))]
        height, width = (int(n) for n in chance.integers(1, 40, 2))
        image = Image.fromarray(chance.integers(0, 256, (height, width, 3), "uint8"))
        if mode == "I;16":
            image = Image.fromarray(chance.integers(0, 65536, (9, 9)).astype("uint16"))
        path = folder / f"{i % 7}" / f"{i}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        (image if image.mode == mode else image.convert(mode)).save(path)
    whole = photograph(folder / "whole.jpg", size=(400, 300)).read_bytes()
    (folder / "whole.jpg").unlink()
    broken = {
        "empty.jpg": b"",
        "head.png": photograph(folder / "x.png").read_bytes()[:40],
        "head.jpg": whole[:100],
        "text.jpg": b"Dear diary",
        "zeros.png": bytes(4000),
        "page.webp": b"<!doctype html>",
        "film.gif": b"GIF89a",
        "head.tif": b"II*\0",
        "head.bmp": b"BM" + bytes(9),
    }
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    (folder / "x.png").unlink()
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    return [*broken, "gone.jpg"]


def test_a_folder_of_200_with_ten_broken_ones(work, run):
    broken = shoebox(work / "box")
    assert len(contents(work / "box")) + 1 == 200  # the dead link is no file
    failed, out, err, _ = run("box")
    assert failed == 10 and out.count(" -> ") == 190
    assert err.startswith("10 of 200 not coloured:\n")
    for name in broken:
        assert f"  box/{name}: " in err
    assert set(contents(work / "out")) == set(contents(work / "box")) - set(broken)
    before = {p: p.stat().st_mtime_ns for p in (work / "out").rglob("*")}
    failed, out, err, _ = run("box")
    assert failed == 10 and out.count(" -> ") == 0 and "190 already in out" in out
    assert {p: p.stat().st_mtime_ns for p in (work / "out").rglob("*")} == before


def test_killed_at_any_moment_no_half_result_is_left(work):
    rng = np.random.default_rng(0)
    for i in range(40):
        noise = rng.integers(0, 256, (150, 200, 3), "uint8")
        path = work / "box" / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise).save(path, compress_level=1)
    code = (
        "from pathlib import Path; from colorlib.colorize.files import colorize_files\n"
        "colorize_files(['box'], Path('out'), lambda: lambda picture: picture)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    counts = []
    for pause in (0.0, 0.03, 0.06, 0.1, 60):
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code],
            cwd=work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if pause < 60:
            process.stdout.readline()  # it is in the middle of it
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        done = sorted((work / "out").glob("[0-9]*"))
        for path in done:  # each is whole
            original = read_picture(work / "box" / path.name).rgb
            np.testing.assert_array_equal(read_picture(path).rgb, original)
        counts.append(len(done))
    assert counts == sorted(counts) and counts[-1] == 40
    assert 0 < counts[0] < 40  # it was killed in the middle at least once


@pytest.mark.parametrize("moment", ["os.fsync", "os.replace", "Image.Image.save"])
def test_killed_at_the_worst_moments(work, moment):
    photograph(work / "a.png")
    photograph(work / "out" / "a.png", level=7)  # a result of an earlier run
    code = (
        "import os, signal; from pathlib import Path; from PIL import Image\n"
        "from colorlib.colorize.files import colorize_files\n"
        f"real = {moment}\n"
        "def last(*a, **k):\n"
        f"    real(*a, **k) if {moment != 'os.replace'} else None\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{moment} = last\n"
        "colorize_files(['a.png'], Path('out'), lambda: lambda p: p, overwrite=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=work, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert read_picture("out/a.png").rgb[-1, -1, 0] == 7


# Films.


@pytest.fixture
def run_films(run):
    """As `run`, for pictures and films."""

    def painter():
        return FramePainter(lambda rgb: painted(Picture(rgb)).rgb)

    return lambda *files, **options: run(*files, start_film=painter, **options)


def is_red(path):
    rgb = next(read_frames(probe(path), []))[2].astype(int)
    return bool((rgb[..., 0] - rgb[..., 1])[10:].mean() > 30)


def test_films_and_pictures_of_a_folder_are_coloured_together(work, run_films):
    photograph(work / "album" / "a.jpg")
    make_film(work / "album" / "b.avi", 4, "mpeg4", "mp2")
    make_film(work / "album" / "sub" / "c.MP4", 4)
    failed, out, err, starts = run_films("album")
    assert (failed, err, starts) == (0, "", 1)
    assert contents(work / "out") == ["a.jpg", "b.mp4", "sub/c.mp4"]
    assert "album/b.avi -> out/b.mp4 (4 frames)" in out
    assert is_red(Path("out/b.mp4")) and is_red(Path("out/sub/c.mp4"))
    times = {p: p.stat().st_mtime_ns for p in (work / "out").rglob("*")}
    failed, out, err, starts = run_films("album")
    assert (failed, err, starts) == (0, "", 0) and out.startswith("3 already in out")
    assert {p: p.stat().st_mtime_ns for p in (work / "out").rglob("*")} == times


def test_a_film_needs_no_network_for_pictures(work, run_films):
    make_film(work / "a.mp4", 4)
    assert run_films("a.mp4")[3] == 0


def test_two_films_of_one_name_are_not_made_one(work, run_films):
    make_film(work / "album" / "a.avi", 2, "mpeg4", None)
    make_film(work / "album" / "a.mkv", 3)
    assert run_films("album")[0] == 0
    assert contents(work / "out") == ["a.avi.mp4", "a.mkv.mp4"]


def test_a_bad_film_does_not_stop_the_others(work, run_films):
    (work / "album").mkdir()
    (work / "album" / "a.mp4").write_bytes(b"garbage")
    (work / "album" / "b.mov").touch()
    make_film(work / "album" / "c.mp4", 3)
    make_film(work / "album" / "d.mp4", codec=None)
    photograph(work / "album" / "e.jpg")
    failed, out, err, _ = run_films("album")
    assert failed == 3 and out.count(" -> ") == 2
    lines = err.splitlines()
    assert lines[0] == "3 of 5 not coloured:"
    assert lines[1].startswith("  album/a.mp4: not a film")
    assert lines[2] == "  album/b.mov: the file is empty."
    assert lines[3].startswith("  album/d.mp4: no film, it holds audio only")
    assert contents(work / "out") == ["c.mp4", "e.jpg"]


def test_a_film_never_takes_the_place_of_an_original(work, run_films):
    film = make_film(work / "a.mp4", 3)
    other = make_film(work / "b.avi", 3, "mpeg4", None)
    original = make_film(work / "b.mp4", 2)
    before = film.read_bytes(), original.read_bytes()
    failed, _, err, _ = run_films("a.mp4", output=".", overwrite=True)
    assert failed == 1 and "would replace the original" in err
    assert run_films("b.avi", output=".", overwrite=True)[0] == 0
    assert is_red(work / "b.avi.mp4")  # not b.mp4
    assert (film.read_bytes(), original.read_bytes()) == before
    original.unlink()
    assert run_films("b.avi", output=".")[0] == 0 and other.exists()
    failed, _, err, _ = run_films("b.avi", output=".", overwrite=True)
    assert failed == 1 and "b.mp4 may be an original; choose another" in err


def test_pairs_of_films_are_made_later_without_a_network(work, run_films):
    make_film(work / "a.mov", 5)
    assert run_films("a.mov")[0] == 0
    failed, out, err, _ = run_films("a.mov", compare=True)
    assert (failed, err) == (0, "")
    assert "a.mov -> out/compare/a.mp4 (5 frames)" in out
    pairs = [rgb for _, _, rgb in read_frames(probe(Path("out/compare/a.mp4")), [])]
    assert len(pairs) == 5 and pairs[0].shape == (32, 48 + 8 + 48, 3)
    assert np.ptp(pairs[0][12, 40].astype(int)) < 8 < np.ptp(pairs[0][12, 90])


def test_pieces_of_a_killed_run_are_no_films_and_removed_in_the_end(work, run_films):
    make_film(work / "album" / "a.mov", 4)
    pieces = convert._pieces_folder(work / "album" / "a.mp4")
    make_film(pieces / "000000.mp4", 2)
    jobs, problems, others = plan(["album"], work / "album")
    assert targets(jobs) == [f"{work}/album/a.mp4"] and not problems and not others
    run_films("album", output="album")
    assert contents(work / "album") == ["a.mov", "a.mp4"]
    make_film(pieces / "000000.mp4", 2)  # killed when the film was whole
    run_films("album/a.mov", output="album")
    assert contents(work / "album") == ["a.mov", "a.mp4"]


def test_names_of_films_may_be_as_long_as_the_disk_allows(work, run_films):
    for name in ("n" * 251, "字" * 83 + "ab", "short"):
        make_film(work / "album" / f"{name}.mp4", 3)
    photograph(work / "album" / "z.png")
    failed, out, err, _ = run_films("album", compare=True)
    assert (failed, err) == (0, "") and out.count(" -> ") == 4
    assert len(contents(work / "out")) == 8


def test_a_film_that_another_run_colours_is_left_to_it(work, run_films):
    """The source is not blamed, the other's pieces stay, and the rest is done."""
    make_film(work / "album" / "a.mov", 4)
    photograph(work / "album" / "b.png")
    target = work / "out" / "a.mp4"
    pieces = convert._pieces_folder(target)
    pieces.mkdir(parents=True)
    (pieces / "000000.mp4").write_bytes(b"being written")
    with held_elsewhere(convert._lock(target)):
        failed, out, err, _ = run_films("album")
        assert failed == 1 and out.count(" -> ") == 1
        assert "a.mp4 is being coloured by another run" in err
        target.write_bytes(b"of an earlier run")  # which the other replaces
        assert run_films("album")[0] == 0
        assert (pieces / "000000.mp4").exists()
    target.unlink()
    assert run_films("album")[0] == 0
    assert contents(work / "out") == ["a.mp4", "b.png"]


def test_films_cannot_be_restored_and_it_is_said(work, run):
    make_film(work / "a.mp4", 3)
    photograph(work / "b.jpg")
    failed, out, err, _ = run("a.mp4", "b.jpg")  # no processor of films is given
    assert failed == 1 and "a.mp4: --contrast and --fill-red are for pictures" in err
    assert contents(work / "out") == ["b.jpg"]


def test_without_pyav_pictures_are_coloured_all_the_same(work, run_films, monkeypatch):
    monkeypatch.setattr(files, "_film_module", lambda: None)
    make_film(work / "a.mp4", 3)
    photograph(work / "b.jpg")
    failed, _, err, _ = run_films("a.mp4", "b.jpg")
    assert failed == 1 and "a.mp4: films need PyAV (pip install av)" in err
    assert contents(work / "out") == ["b.jpg"]
