"""Hints for files: whose they are, and results that were made with others."""

from pathlib import Path

import pytest
from small import photograph

from colorlib.colorize.files import colorize_files
from colorlib.colorize.hints import Hint, check_hints
from colorlib.colorize.jobs import plan
from colorlib.errors import HintError
from colorlib.images.picture import Picture
from colorlib.images.read import read_picture

RED, BLUE = Hint(1, 2, (176, 48, 48)), Hint(1, 2, (40, 40, 200))


def painted(picture, hints=()):
    """In place of a network: the colour of the last hint, else green."""
    check_hints(hints, *picture.rgb.shape[:2])
    rgb = picture.rgb.copy()
    rgb[:] = hints[-1].rgb if hints else (40, 160, 40)
    return Picture(rgb, format=picture.format)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Colours files in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*files, hints=None, output="out", **options):
        start = options.pop("start", lambda: painted)
        failed = colorize_files(files, Path(output), start, hints=hints, **options)
        return failed, *capsys.readouterr()

    return run


def color_of(path):
    return tuple(read_picture(path).rgb[5, 5].tolist())


def test_each_picture_gets_its_own_hints(run):
    for name in ("album/a.png", "album/trip/a.png", "album/b.png"):
        photograph(Path(name))
    hints = {"a.png": [RED], "trip/a.png": [BLUE, RED, BLUE]}
    assert run("album", hints=hints)[0] == 0
    assert color_of("out/a.png") == RED.rgb
    assert color_of("out/trip/a.png") == BLUE.rgb
    assert color_of("out/b.png") == (40, 160, 40)


def test_a_name_is_that_of_the_source_however_it_is_spelled(run):
    photograph(Path("Zoe\u0308.ppm"))
    assert run("Zoe\u0308.ppm", hints={"Zo\u00eb.ppm": [RED]})[0] == 0
    assert color_of("out/Zoe\u0308.png") == RED.rgb


def test_hints_for_no_file_are_named_before_anything_is_done(run):
    photograph(Path("album/trip/a.png"))
    for name in ("a.png", "album/trip/a.png", "trip/b.png"):
        with pytest.raises(HintError, match=f"hints for {name}, which is not among"):
            run("album", hints={"trip/a.png": [RED], name: []})
    with pytest.raises(HintError, match="hints for x and 1 more, which"):
        run("album", hints={"x": [], "y": []})
    assert not Path("out").exists()


def test_hints_for_what_cannot_be_coloured_hide_nothing(run):
    failed, _, err = run("gone.png", hints={"gone.png": [RED]})
    assert failed == 1 and "gone.png: there is no such file." in err


def test_a_hint_that_does_not_fit_does_not_stop_the_others(run):
    for name in ("a.png", "b.png"):
        photograph(Path(name))
    failed, _, err = run("a.png", "b.png", hints={"a.png": [Hint(40, 0, RED.rgb)]})
    assert failed == 1 and color_of("out/b.png") == (40, 160, 40)
    assert "  a.png: the hint at (40, 0) lies outside the picture of 40 x 30" in err


def test_results_are_made_anew_when_their_hints_change(run):
    for name in ("a.png", "b.png"):
        photograph(Path(name))
    seen = []

    def colour(picture, hints=()):
        seen.append(list(hints))
        return painted(picture, hints)

    def colored(hints, **options):
        seen.clear()
        assert (
            run("a.png", "b.png", hints=hints, start=lambda: colour, **options)[0] == 0
        )
        return [each for each in seen if each], len(seen)

    assert colored(None) == ([], 2)
    assert colored({}) == ([], 0)
    assert colored({"a.png": [RED]}) == ([[RED]], 1)
    assert colored({"a.png": [RED], "b.png": []}) == ([], 0)
    assert colored({"a.png": [RED], "b.png": [BLUE]}) == ([[BLUE]], 1)
    assert colored({"a.png": [RED, BLUE], "b.png": [BLUE]}) == ([[RED, BLUE]], 1)
    assert color_of("out/a.png") == BLUE.rgb
    # Without a word of hints, results stay; said to have none, they are made anew.
    assert colored(None) == ([], 0) and color_of("out/a.png") == BLUE.rgb
    assert colored({"b.png": [BLUE]}) == ([], 1)
    assert color_of("out/a.png") == (40, 160, 40)
    assert colored(None, overwrite=True) == ([], 2)
    assert colored({"b.png": [BLUE]}) == ([[BLUE]], 1)


def test_a_pair_is_made_anew_too(run):
    photograph(Path("a.png"))
    for hint in (RED, BLUE):
        run("a.png", hints={"a.png": [hint]}, compare=True)
        pair = read_picture("out/compare/a.png").rgb
        assert tuple(pair[5, -5].tolist()) == hint.rgb


def test_a_file_that_no_run_made_stays(run):
    photograph(Path("a.png"))
    before = photograph(Path("out/a.png"), level=77).read_bytes()
    _, out, _ = run("a.png", hints={"a.png": [RED]})
    assert "1 already in out, skipped" in out
    assert Path("out/a.png").read_bytes() == before


def test_hinted_results_are_no_photographs_of_a_later_run(run):
    photograph(Path("album/a.png"))
    run("album/a.png", hints={"a.png": [RED]}, output="album/out")
    jobs, problems, others = plan(["album"], Path("elsewhere"))
    assert [job.source.as_posix() for job in jobs] == ["album/a.png"]
    assert problems == [] and others.total() == 1
