import json
import os
import subprocess
import sys

import numpy as np
import pytest
from films import make_film, make_interlaced, sound_of
from PIL import Image
from small import CONSTANT_AB, ROOT, photograph

from colorlib.app.service import MAX_MEGAPIXELS
from colorlib.cli.parser import _parser, main
from colorlib.colorize import colorizer
from colorlib.colorize.jobs import RESULTS
from colorlib.data.catalog import DATA_SETS
from colorlib.images.read import MAX_FRAMES, MAX_PIXELS, read_picture
from colorlib.lab import rgb8_to_lab
from colorlib.training.recipes import RECIPES
from colorlib.video import smoothing
from colorlib.video.reader import probe, read_frames

COMMANDS = ["colorize", "app", "train", "evaluate", "data"]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(constant_model, capsys, work):
    """Runs `colorize` with the constant network: (exit code, stdout, stderr)."""

    def colorize(*arguments):
        arguments = [str(a) for a in arguments]
        code = main(["colorize", *arguments, "--model", str(constant_model)])
        return code, *capsys.readouterr()

    return colorize


def is_coloured(path):
    ab = rgb8_to_lab(read_picture(path).rgb[12:, 12:])[..., 1:]
    return bool(np.abs(ab - CONSTANT_AB).max() < 4)


def frames_of(path):
    return [rgb for _, _, rgb in read_frames(probe(path), [])]


def contents(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != RESULTS)
    return sorted(p.relative_to(folder).as_posix() for p in files)


# Results: names, formats, places.


def test_a_photograph_is_coloured_under_its_own_name(run, work):
    photo = photograph(work / "scans" / "grandmother.jpg")
    before = photo.read_bytes()
    code, out, err = run(photo)
    assert (code, err) == (0, "")
    assert out == f"{photo} -> {os.path.join('colorized', 'grandmother.jpg')}\n"
    assert is_coloured(work / "colorized" / "grandmother.jpg")
    assert photo.read_bytes() == before


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "png", "PNG", "webp", "tif", "bmp"])
def test_each_format_stays_what_it_is(run, work, ending):
    photo = photograph(work / f"photo.{ending}")
    assert run(photo, "--output", "out")[0] == 0
    assert contents(work / "out") == [f"photo.{ending}"]
    with Image.open(photo) as before, Image.open(work / "out" / photo.name) as after:
        assert after.format == before.format and after.size == before.size
    assert is_coloured(work / "out" / photo.name)


def test_rotation_and_transparency_arrive(run, work):
    tags = Image.Exif()
    tags[0x0112] = 6
    photograph(work / "turned.jpg", exif=tags.tobytes())
    holes = Image.new("LA", (40, 30), (130, 255))
    holes.paste((130, 0), (20, 20, 40, 30))
    holes.save(work / "holes.png")
    assert run("turned.jpg", "holes.png")[0] == 0
    turned = read_picture(work / "colorized" / "turned.jpg")
    assert turned.rgb.shape == (40, 30, 3)
    assert turned.rgb[2, -3].max() < 60  # the dark corner went to the upper right
    alpha = read_picture(work / "colorized" / "holes.png").alpha
    assert (alpha == np.asarray(holes)[..., 1]).all()


def test_a_folder_is_coloured_with_its_subfolders(run, work):
    for name in ("a.jpg", "sub/b.png", "sub/deeper/c.JPG"):
        photograph(work / "album" / name)
    (work / "album" / "notes.txt").write_text("not a picture")
    (work / "album" / "._a.jpg").write_bytes(b"what a Mac leaves behind")
    (work / "album" / "folder.jpg").mkdir()
    code, out, err = run("album", "--output", "out")
    assert (code, err) == (0, "") and out.count(" -> ") == 3
    assert contents(work / "out") == ["a.jpg", "sub/b.png", "sub/deeper/c.JPG"]


def test_results_inside_the_folder_are_not_coloured_again(run, work):
    photograph(work / "album" / "a.jpg")
    assert run("album", "--output", "album/colorized")[0] == 0
    photograph(work / "album" / "b.jpg")
    code, out, _ = run("album", "--output", "album/colorized")
    assert code == 0 and out.count(" -> ") == 1
    assert contents(work / "album" / "colorized") == ["a.jpg", "b.jpg"]


def test_results_may_go_above_the_folder(run, work):
    photograph(work / "album" / "a.jpg")
    assert run("album", "--output", ".")[0] == 0
    assert is_coloured(work / "a.jpg")


def test_strength_and_size_are_passed_on(run, work):
    photo = photograph(work / "photo.png")
    assert run(photo, "--strength", "0", "--size", "64")[0] == 0
    result = read_picture(work / "colorized" / "photo.png").rgb
    np.testing.assert_array_equal(result, read_picture(photo).rgb)


def test_pairs_are_written_on_demand(run, work):
    photograph(work / "photo.png")
    assert run("photo.png", "--compare")[0] == 0
    assert contents(work / "colorized") == ["compare/photo.png", "photo.png"]
    pair = read_picture(work / "colorized" / "compare" / "photo.png").rgb
    assert np.ptp(pair[20, 20]) == 0 and np.ptp(pair[20, 80]) > 20  # before, after


def test_contrast_and_red_marks_are_restored_on_demand(run, work):
    image = Image.new("RGB", (40, 30), (120, 110, 90))
    image.paste((160, 150, 130), (20, 0, 40, 30))
    image.save(work / "faded.png")
    image.paste((255, 0, 0), (5, 5, 8, 25))
    image.save(work / "marked.png")

    def lightness(*options):
        run("faded.png", "marked.png", "--overwrite", *options)
        pictures = [read_picture(f"colorized/{n}.png") for n in ("faded", "marked")]
        return [rgb8_to_lab(picture.rgb)[..., 0] for picture in pictures]

    faded, marked = lightness()
    assert np.ptp(faded) < 20 and np.abs(faded - marked).max() > 5
    faded, marked = lightness("--fill-red")
    assert np.ptp(faded) < 20 and np.abs(faded - marked).max() < 2
    faded, marked = lightness("--fill-red", "--contrast")
    assert np.ptp(faded) > 30 and np.abs(faded - marked).max() < 3


def test_an_animation_is_coloured_frame_by_frame(run, work):
    frames = [Image.new("L", (40, 30), level) for level in (90, 130, 170)]
    more = {"append_images": frames[1:], "duration": [70, 200, 500], "loop": 0}
    frames[0].save(work / "film.gif", save_all=True, **more)
    code, out, err = run("film.gif")
    assert (code, err) == (0, "") and out.endswith("film.gif (3 frames)\n")
    film = read_picture(work / "colorized" / "film.gif", every_frame=True)
    found = [film, *film.frames]
    assert [frame.info["duration"] for frame in found] == [70, 200, 500]
    for frame in found:
        ab = rgb8_to_lab(frame.rgb)[..., 1:].mean((0, 1))
        assert np.abs(ab - CONSTANT_AB).max() < 2
    assert film.info["loop"] == 0


def test_a_film_is_coloured_with_its_sound(run, work):
    source = make_film(work / "a.avi", 6, "mpeg4", "mp2")
    code, out, err = run("a.avi", "--compare", "--output", "out")
    assert (code, err) == (0, "") and out == "a.avi -> out/a.mp4 (6 frames)\n"
    assert contents(work / "out") == ["a.mp4", "compare/a.mp4"]
    for before, after in zip(frames_of(source), frames_of(work / "out" / "a.mp4")):
        ab = rgb8_to_lab(after)[12:, 12:, 1:]
        assert np.abs(ab.mean((0, 1)) - CONSTANT_AB).max() < 3
        L = [rgb8_to_lab(rgb)[..., 0] for rgb in (before, after)]
        assert np.abs(L[0] - L[1]).mean() < 1
    assert sound_of(work / "out" / "a.mp4") == sound_of(source)
    grey = run("a.avi", "--output", "grey", "--strength", "0")[0]
    assert grey == 0 and np.ptp(frames_of(work / "grey" / "a.mp4")[0], -1).max() < 9
    code, _, err = run("a.avi", "--output", "other", "--contrast")
    assert code == 1 and "--contrast and --fill-red are for pictures" in err


def test_films_and_animations_are_smoothed_unless_told_not_to(run, work, monkeypatch):
    seen = []

    class Diary(smoothing.TemporalSmoother):
        def __call__(self, L, ab):
            seen.append(self)  # kept: the next one must not get its identity
            return super().__call__(L, ab)

    monkeypatch.setattr(smoothing, "TemporalSmoother", Diary)
    make_film(work / "a.mp4", 3)
    make_film(work / "b.mp4", 4)
    frames = [Image.new("L", (40, 30), level) for level in (90, 130, 170)]
    frames[0].save(work / "c.gif", save_all=True, append_images=frames[1:])
    files = ["a.mp4", "b.mp4", "c.gif"]
    assert run(*files)[0] == 0
    assert len(seen) == 3 + 4 + 3 and sorted(map(seen.count, set(seen))) == [3, 3, 4]
    assert run(*files, "--overwrite", "--no-smooth")[0] == 0 and len(seen) == 10


def test_interlaced_films_lose_their_combs_unless_told_not_to(run, work):
    make_interlaced(work / "tape.mp4", frames=2)
    code, out, _ = run("tape.mp4")
    assert code == 0 and "interlaced in, whole frames out" in out
    code, out, _ = run("tape.mp4", "--overwrite", "--keep-interlaced")
    assert code == 0 and "interlaced, its combed lines stay" in out
    for kept in ((), ("--keep-interlaced",)):  # before and after are treated alike
        assert run("tape.mp4", "--overwrite", "--compare", *kept)[0] == 0
        pair = work / "colorized" / "compare" / "tape.mp4"
        rgb = next(read_frames(probe(pair), []))[2].mean(axis=2)  # (64, 96 + 8 + 96)
        combed = np.abs(rgb[1:-1] - (rgb[:-2] + rgb[2:]) / 2)
        for half in (combed[:, :96], combed[:, -96:]):
            assert (half.mean() > 6) == bool(kept)


def test_the_limit_on_megapixels_can_be_moved(run, work):
    photograph(work / "photo.png")
    code, _, err = run("photo.png", "--max-megapixels", "0.001")
    assert code == 1 and "40 x 30 pixels" in err and "--max-megapixels" in err
    assert run("photo.png", "--max-megapixels", "0.0012")[0] == 0


# Nothing is lost: originals, earlier results, names.


def test_the_limit_on_frames_can_be_moved(run, work):
    frames = [Image.new("L", (9, 9), level) for level in (50, 90, 130)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    code, _, err = run("a.gif", "--max-frames", 2)
    assert code == 1 and "3 frames are more than the limit of 2" in err
    assert run("a.gif", "--max-frames", 3)[0] == 0


def test_damaged_metadata_is_not_warned_of(work):
    """Pillow's warnings: once for the process, however many threads read."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0" + b"\1" * 6
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), "uint8")
    (work / "set").mkdir()
    Image.fromarray(rgb).save("set/a.jpg", exif=exif)
    command = [sys.executable, "-m", "colorlib", "data", "set", "--part", "all"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stderr == ""


def test_done_photographs_are_skipped_and_overwritten_on_demand(run, work):
    photo = photograph(work / "photo.png")
    run(photo)
    done = work / "colorized" / "photo.png"
    done.write_bytes(b"mine")
    code, out, _ = run(photo)
    assert code == 0 and "1 already in colorized, skipped (--overwrite" in out
    assert done.read_bytes() == b"mine"
    assert run(photo, "--overwrite")[0] == 0
    assert is_coloured(done)


@pytest.mark.parametrize("output", [".", "", "sub/.."])
def test_an_original_is_never_overwritten(run, work, output):
    photo = photograph(work / "photo.png")
    (work / "sub").mkdir()
    before = photo.read_bytes()
    for extra in ([], ["--overwrite"]):
        for source in ("photo.png", photo, "."):
            code, _, err = run(source, "--output", output, *extra)
            assert code == 1 and "choose another --output" in err
            assert photo.read_bytes() == before
    assert contents(work) == ["photo.png"]


def test_an_original_is_not_overwritten_by_the_result_of_another(run, work):
    first = photograph(work / "a" / "photo.png")
    second = photograph(work / "b" / "photo.png", level=90)
    before = second.read_bytes()
    code, _, err = run(first, second, "--output", "b", "--overwrite")
    assert code == 1 and "would replace the original" in err
    assert second.read_bytes() == before


def test_an_original_is_not_overwritten_through_a_link(run, work):
    photo = photograph(work / "photo.png")
    before = photo.read_bytes()
    (work / "out").symlink_to(work)
    assert run(photo, "--output", "out", "--overwrite")[0] == 1
    assert photo.read_bytes() == before


def test_two_photographs_of_one_name_do_not_end_in_one_file(run, work):
    photograph(work / "a" / "photo.png", level=90)
    photograph(work / "b" / "photo.png", level=200)
    code, out, err = run("a/photo.png", "b/photo.png")
    assert code == 1 and out.count(" -> ") == 1
    assert "b/photo.png: has the same name as a/photo.png" in err
    L = rgb8_to_lab(read_picture(work / "colorized" / "photo.png").rgb)[..., 0]
    assert L[-1, -1] < 45  # the first one


def test_the_same_photograph_twice_is_coloured_once(run, work):
    photo = photograph(work / "photo.png")
    code, out, err = run(photo, "photo.png", photo)
    assert (code, err) == (0, "") and out.count(" -> ") == 1


# What goes wrong is said, and the others are done all the same.


def test_a_bad_file_in_the_middle_does_not_stop_the_others(run, work):
    photograph(work / "a.jpg")
    (work / "b.jpg").write_bytes(b"garbage")
    (work / "c.jpg").write_bytes(photograph(work / "c.jpg").read_bytes()[:300])
    (work / "d.jpg").write_bytes(b"")
    photograph(work / "e.jpg")
    code, out, err = run("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    assert code == 1 and out.count(" -> ") == 2
    assert err.startswith("3 of 5 not coloured:\n")
    for name in ("b.jpg", "c.jpg", "d.jpg"):
        assert f"\n  {name}: " in err
    assert contents(work / "colorized") == ["a.jpg", "e.jpg"]


def test_too_little_memory_for_one_does_not_stop_the_others(run, work, monkeypatch):
    for name in ("a.png", "b.png"):
        photograph(work / name, size=(50, 30) if name == "a.png" else (40, 30))
    real = colorizer.Colorizer.colorize

    def hungry(self, picture, strength, smoother, hints):
        if picture.rgb.shape[1] == 50:
            raise MemoryError
        return real(self, picture, strength, smoother, hints)

    monkeypatch.setattr(colorizer.Colorizer, "colorize", hungry)
    code, out, err = run("a.png", "b.png")
    assert code == 1 and out.count(" -> ") == 1
    assert "a.png: not enough memory" in err
    assert contents(work / "colorized") == ["b.png"]


def test_missing_files_and_empty_folders_are_named(run, work):
    (work / "empty").mkdir()
    (work / "empty" / "notes.txt").write_text("text")
    photograph(work / "a.jpg")
    code, out, err = run("nobody.jpg", "empty", "a.jpg")
    assert code == 1 and out.count(" -> ") == 1
    assert "nobody.jpg: there is no such file" in err
    assert "empty: a folder without pictures and films." in err
    assert err.startswith("2 of 3 not coloured:\n")


def test_only_missing_files_is_an_error_without_starting_a_network(run, monkeypatch):
    def never(*_):
        raise AssertionError("the network was loaded for nothing")

    monkeypatch.setattr(colorizer, "Colorizer", never)
    code, out, err = run("nobody.jpg")
    assert code == 1 and out == "" and "there is no such file" in err


def test_a_scan_without_an_ending_is_coloured_and_said(run, work):
    photo = photograph(work / "photo.png")
    photo.rename(work / "photo")
    code, out, err = run("photo")
    result = os.path.join("colorized", "photo.png")
    assert (code, err) == (0, "") and out == f"photo -> {result} (it is a PNG)\n"
    assert is_coloured(work / "colorized" / "photo.png")


def test_an_output_that_is_no_folder_is_named(run, work):
    photograph(work / "a.jpg")
    (work / "file").write_text("a file")
    for output in ("file", "file/below"):
        code, out, err = run("a.jpg", "--output", output)
        assert code == 1 and out == "" and "file" in err and "Traceback" not in err
    assert (work / "file").read_text() == "a file"


NUMBERS = {  # of every command: what is refused, and the range that is said
    ("colorize", "a.jpg", "--strength"): (["9", "-1", "nan", "much"], "0 to 3"),
    ("colorize", "a.jpg", "--size"): (["0", "31", "20000", "2.5"], "32 to 2,048"),
    ("colorize", "a.jpg", "--max-megapixels"): (
        ["inf", "nan", "0", "-5", "1e99"],
        "0.001 to 100,000",
    ),
    ("colorize", "a.jpg", "--max-frames"): (["0", "x"], "1 to 1,000,000,000"),
    ("app", "--port"): (["0", "-1", "65536", "http"], "1 to 65,535"),
    ("app", "--max-megapixels"): (["inf", "nan", "0"], "0.001 to 100,000"),
    ("export", "--size", "64"): (["0", "-8", "5000"], "8 to 4,096"),
    ("evaluate", "--size"): (["7", "0", "5000"], "32 to 4,096"),
    ("train", "--epochs"): (["0", "-3", "many"], "1 to 100,000"),
    ("evaluate", "--limit"): (["0", "-1", "few"], "1 to 1,000,000,000"),
    ("data", "samples", "--size"): (["7", "0", "5000"], "8 to 4,096"),
}


@pytest.mark.parametrize("command", NUMBERS, ids=" ".join)
def test_impossible_numbers_are_said_with_what_is_possible(work, capsys, command):
    for number in NUMBERS[command][0]:
        with pytest.raises(SystemExit) as leaving:
            main([*command, number])
        assert leaving.value.code == 2
        err = capsys.readouterr().err
        assert f"from {NUMBERS[command][1]}, got '{number}'" in err
    assert list(work.iterdir()) == []


def test_every_option_that_takes_a_number_has_a_range():
    for name, command in _parser()._subparsers._group_actions[0].choices.items():
        for action in command._actions:
            assert action.type not in (int, float), (name, action.option_strings)


def test_a_missing_or_damaged_model_is_said(work, constant_model, capsys):
    photograph(work / "a.jpg")
    assert main(["colorize", "a.jpg", "--model", "nobody"]) == 1
    assert "There is no model 'nobody'" in capsys.readouterr().err
    damaged = work / "damaged.npz"
    damaged.write_bytes(constant_model.read_bytes()[:-100])
    card = constant_model.with_suffix(".json").read_bytes()
    (work / "damaged.json").write_bytes(card)
    assert main(["colorize", "a.jpg", "--model", "damaged.npz"]) == 1
    assert "damaged.npz is damaged or was changed" in capsys.readouterr().err
    assert not (work / "colorized").exists()


def test_interrupted_it_says_so(run, work, monkeypatch):
    photograph(work / "a.jpg")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(colorizer.Colorizer, "colorize", interrupt)
    code, _, err = run("a.jpg")
    assert code == 130 and "what was finished is kept" in err


# The other commands.


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([command, "--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: python -m colorlib {command}")
    options = {
        "colorize": ["FILE", "--output", "--model", "--strength", "--overwrite"]
        + ["--compare", "--contrast", "--fill-red", "--no-smooth"]
        + ["--max-megapixels", "--keep-interlaced", "--hint ", "--hints"],
        "app": ["--host", "--port", "--share", "--model", "--max-megapixels"],
        "train": ["recipe", "--output", "--tensorboard"],
        "evaluate": ["model", "--data", "--part", "--limit", "--benchmark", "--json"],
        "data": ["set", "--part", "--size"],
    }
    for option in options[command]:
        assert option in text
    for line in text.splitlines():  # nothing is left unexplained
        if line.startswith("  --") and len(line.split("  ")) < 3:
            assert text.splitlines()[text.splitlines().index(line) + 1].startswith(
                "   "
            )


def test_the_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command} " in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["colorize"],
        ["colorize", "a.jpg", "--strength", "much"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert leaving.value.code == 2
    assert "usage: python -m colorlib" in capsys.readouterr().err


def test_help_waits_for_no_other_package():
    code = "import sys, colorlib.cli.parser\n"
    code += "slow = {'numpy', 'PIL', 'tqdm', 'requests', 'keras'} & set(sys.modules)\n"
    code += "print(sorted(slow))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_the_limits_in_the_help_are_those_of_the_library():
    for command, pixels in (("colorize a", MAX_PIXELS), ("app", MAX_MEGAPIXELS * 1e6)):
        options = _parser().parse_args(command.split())
        assert options.max_megapixels * 1e6 == pixels
    assert _parser().parse_args(["colorize", "a"]).max_frames == MAX_FRAMES


def test_train_lists_the_recipes_and_refuses_others(capsys, tmp_path):
    assert main(["train"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [*RECIPES] and "aerial_to_map" in listed and "ladder_gan" in listed
    assert main(["train", "cat", "--output", str(tmp_path)]) == 1
    assert "recipe must be one of" in capsys.readouterr().err


def test_data_lists_the_sets_and_counts_one(capsys):
    assert main(["data"]) == 0
    out = capsys.readouterr().out
    for name in DATA_SETS:
        assert name in out
    assert main(["data", "samples", "--part", "test", "--size", "32"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("samples, test: ") and "pictures of 32 x 32 pixels" in out


def test_data_says_what_it_left_out(capsys, work):
    rng = np.random.default_rng(0)
    for i in range(12):
        colour = rng.integers(0, 256, 3)
        photograph(work / "own" / f"{i}.png")
        Image.new("RGB", (20, 20), tuple(int(c) for c in colour)).save(
            work / "own" / f"{i}.png"
        )
    photograph(work / "own" / "grey.png")
    (work / "own" / "broken.png").write_bytes(b"garbage")
    assert main(["data", "own", "--part", "all", "--size", "16"]) == 0
    out, err = capsys.readouterr()
    assert "1 grey and 1 unreadable left out" in out
    assert "unreadable: broken.png" in err


def test_data_refuses_what_it_does_not_know(capsys, work):
    (work / "empty").mkdir()
    for name, message in [("moon", "moon"), ("empty", "no picture found")]:
        assert main(["data", name]) == 1
        assert message in capsys.readouterr().err
    assert main(["data", "samples", "--part", "half"]) == 1
    assert "part must be" in capsys.readouterr().err


def test_evaluate_scores_a_model_on_a_folder(capsys, work, constant_model):
    for i in range(3):
        name = f"{i}.jpg"
        source = sorted((ROOT / "data" / "samples" / "test").glob("*.jpg"))[i]
        (work / "own").mkdir(exist_ok=True)
        (work / "own" / name).write_bytes(source.read_bytes())
    arguments = ["evaluate", str(constant_model), "--data", "own", "--part", "all"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for row in ("grey", "mean colour", "lightness table", "constant", "truth"):
        assert f"| {row} |" in out
    assert main(arguments[:2]) == 1
    assert "say --data" in capsys.readouterr().err


@pytest.mark.parametrize("how", [[], ["--benchmark"]])
def test_evaluate_says_that_a_part_is_empty(capsys, work, constant_model, how):
    source = next((ROOT / "data" / "samples" / "test").glob("*.jpg"))
    (work / "one").mkdir()
    (work / "one" / "photo.jpg").write_bytes(source.read_bytes())
    arguments = ["evaluate", str(constant_model), "--data", "one", *how]
    assert main(arguments) == 1
    assert "one: no picture in its part 'test'" in capsys.readouterr().err


# Paths as people write them where no shell helps.


def test_a_tilde_is_the_home_folder(run, work, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(work / "home"))
    photograph(work / "home" / "a.jpg")
    assert run("~/a.jpg", "--output=~/results")[0] == 0
    assert (
        contents(work / "home" / "results") == ["a.jpg"] and not (work / "~").exists()
    )
    (work / "~").mkdir()  # unless there is one of that name
    photograph(work / "~" / "b.jpg")
    assert run("~/b.jpg")[0] == 0 and contents(work / "colorized") == ["b.jpg"]


def test_patterns_are_expanded_where_the_shell_does_not(run, work):
    for name in ("b.jpg", "a.jpg", "c.png", "what[1].jpg", ".hidden.jpg"):
        photograph(work / name)
    assert run("?.jpg")[1].splitlines()[0].startswith("a.jpg -> ")
    assert contents(work / "colorized") == ["a.jpg", "b.jpg"]
    assert run("*.jpg", "what[1].jpg", "--output", "more")[0] == 0
    assert contents(work / "more") == ["a.jpg", "b.jpg", "what[1].jpg"]
    code, _, err = run("*.gif")
    assert code == 1 and "*.gif: there is no such file." in err


def test_data_takes_names_that_are_no_text(work, capsys):
    rng = np.random.default_rng(0)
    folder = work / "own"
    folder.mkdir()
    for i in range(12):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        Image.new("RGB", (20, 20), colour).save(folder / "x.png")
        (folder / "x.png").rename(folder / f"caf\udce9{i}.png")
    assert main(["data", "own", "--part", "all", "--size", "16"]) == 0
    assert capsys.readouterr().out.startswith("own, all: ")


# Settings of the machine.


def start(work, model, *command, **environment):
    """Runs a command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "colorlib", *command, "--model", model],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


def test_the_users_keras_settings_do_not_change_the_networks(work, constant_model):
    (work / ".keras").mkdir()
    settings = {"image_data_format": "channels_first", "backend": "tensorflow"}
    (work / ".keras" / "keras.json").write_text(json.dumps(settings))
    photograph(work / "a.png")
    more = {"HOME": str(work), "KERAS_HOME": str(work / ".keras")}
    done = start(work, constant_model, "colorize", "a.png", **more)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_coloured(work / "colorized" / "a.png")


def test_a_backend_that_is_not_installed_is_said_with_what_names_it(
    monkeypatch, capsys, work
):
    photograph(work / "a.jpg")
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setenv("COLORLIB_CACHE", str(work / "cache"))  # nothing exported
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert main(["colorize", "a.jpg"]) == 1
    err = capsys.readouterr().err
    assert "Keras cannot start" in err and "named by ~/.keras/keras.json" in err
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert main(["colorize", "a.jpg"]) == 1
    assert "named by the variable KERAS_BACKEND" in capsys.readouterr().err


def test_who_reads_the_output_may_go_away():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "colorlib", "data"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


# As people start it.


def test_as_a_process_it_is_quiet_and_says_where_the_result_is(work, constant_model):
    photo = photograph(work / "grandmother.jpg")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    command = [sys.executable, "-m", "colorlib", "colorize", photo, "none.jpg"]
    done = subprocess.run(
        [*command, "--model", constant_model],
        cwd=work,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    result = os.path.join("colorized", "grandmother.jpg")
    assert done.stdout == f"{photo} -> {result}\n"
    assert done.stderr.splitlines() == [
        "1 of 2 not coloured:",
        "  none.jpg: there is no such file.",
    ]
    assert is_coloured(work / result)
