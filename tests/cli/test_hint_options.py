"""`colorize --hint` and `--hints`: what they do, and what they refuse."""

import json

import numpy as np
import pytest
from small import photograph

from colorlib.cli.parser import main
from colorlib.colorize.colorizer import DEFAULT_MODEL, Colorizer
from colorlib.images.read import read_picture

RED = (176, 48, 48)
FILE = {"a.png": [{"x": 12, "y": 20, "color": "#b03030"}]}


@pytest.fixture
def run(hint_model, capsys, tmp_path, monkeypatch):
    """Runs `colorize` in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def colorize(*arguments, model=hint_model):
        code = main(["colorize", *map(str, arguments), "--model", str(model)])
        return code, *capsys.readouterr()

    return colorize


def test_hints_reach_the_network(run, hint_model, tmp_path):
    photo = photograph(tmp_path / "a.png")
    assert run(photo, "--hint", "12,20=#b03030", "--hint", "30,5=4040c0")[0] == 0
    told = [(12, 20, RED), (30, 5, (64, 64, 192))]
    colorizer = Colorizer(hint_model)
    wanted = colorizer.colorize(read_picture(photo), hints=told).rgb
    alone = colorizer.colorize(read_picture(photo)).rgb
    found = read_picture(tmp_path / "colorized" / "a.png").rgb
    np.testing.assert_array_equal(found, wanted)
    assert (found != alone).any()
    # Another hint: coloured anew, without --overwrite.
    (tmp_path / "hints.json").write_text(json.dumps(FILE))
    code, out, err = run(photo, "--hints", "hints.json")
    assert (code, err) == (0, "") and "->" in out
    found = read_picture(tmp_path / "colorized" / "a.png").rgb
    wanted = colorizer.colorize(read_picture(photo), hints=told[:1]).rgb
    np.testing.assert_array_equal(found, wanted)


def test_hints_are_in_the_picture_as_it_is_seen(run, tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # a camera held upright: 30 wide and 40 high
    photo = photograph(tmp_path / "a.jpg", exif=exif)
    assert run(photo, "--hint", "29,39=#b03030")[0] == 0
    code, _, err = run(photo, "--hint", "39,29=#b03030", "--overwrite")
    assert code == 1 and "(39, 29) lies outside the picture of 30 x 40 pixels" in err


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["a.png", "b.png", "--hint", "1,1=#b03030"], "--hint is for one file; for"),
        (["album", "--hint", "1,1=#b03030"], "--hint is for one file; for several"),
        (["a.png", "--hint", "1,1=#b03030", "--hints", "h.json"], "goes without"),
        (["a.png", "--hints", "h.json"], "h.json: no JSON"),
        (["a.png", "--hints", "none.json"], "none.json"),
        (["b.png", "--hints", "good.json"], "hints for a.png, which is not among"),
        (["a.png", "--hint", "40,1=#b03030"], "a.png: the hint at (40, 1) lies outs"),
    ],
)
def test_what_does_not_fit_is_said(run, tmp_path, arguments, said):
    for name in ("a.png", "b.png", "album/a.png"):
        photograph(tmp_path / name)
    (tmp_path / "h.json").write_text('{"a.png": [')
    (tmp_path / "good.json").write_text(json.dumps(FILE))
    code, _, err = run(*arguments)
    assert code == 1 and said in err and "Traceback" not in err
    assert not (tmp_path / "colorized" / "a.png").exists()


@pytest.mark.parametrize("text", ["1,1", "1,1=red", "x,1=#b03030"])
def test_another_text_is_refused(run, tmp_path, capsys, text):
    photograph(tmp_path / "a.png")
    with pytest.raises(SystemExit) as stop:
        run("a.png", "--hint", text)
    assert stop.value.code == 2
    assert "--hint: a hint reads X,Y=#RRGGBB, for instance" in capsys.readouterr().err


def test_a_model_that_takes_no_hints_says_so(run, constant_model, tmp_path):
    photograph(tmp_path / "a.png")
    code, _, err = run("a.png", "--hint", "1,1=#b03030", model=constant_model)
    assert code == 1 and "the model constant takes no hints; those that do:" in err
    assert not (tmp_path / "colorized" / "a.png").exists()


def test_without_a_model_that_of_hints_colours_and_alike_where_there_are_none(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    photo = photograph(tmp_path / "a.png", size=(96, 64))
    told, plain = tmp_path / "told", tmp_path / "plain"
    arguments = ["colorize", str(photo), "--output"]
    assert main([*arguments, str(told), "--hint", "48,32=#c02020"]) == 0
    assert main([*arguments, str(plain)]) == 0
    told, plain = (read_picture(f / "a.png").rgb.astype(int) for f in (told, plain))
    redder = (told - plain)[30:35, 46:51].mean(axis=(0, 1))
    assert redder[0] > 10 and redder[1] < 0
    alone = Colorizer(DEFAULT_MODEL).colorize(read_picture(photo)).rgb
    assert np.abs(alone.astype(int) - plain).max() <= 1
