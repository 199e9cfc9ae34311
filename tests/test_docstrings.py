"""The examples in docstrings, run as they stand: copied, they work."""

import doctest
import importlib

import pytest
from small import ROOT

EXAMPLES = (
    ("lab", "rgb_to_lab"),
    ("lab", "lab_to_rgb"),
    ("ab_bins", "soft_encode"),
    ("images.read", "read_picture"),
    ("data.sets", "load_pictures"),
    ("data.ink", "draw_ink"),
    ("metrics.scores", "score"),
    ("models.unet", "build_unet"),
    ("gan", "Pix2Pix"),
    ("training.resume", "fit_resumable"),
    ("colorize.colorizer", "Colorizer"),
)


@pytest.mark.parametrize("module, name", EXAMPLES)
def test_examples_do_what_they_say(module, name, tmp_path, monkeypatch):
    # As in a checkout, and what an example writes is not left in it.
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    found = getattr(importlib.import_module(f"colorlib.{module}"), name)
    parser, said = doctest.DocTestParser(), []
    # No names but those that the example imports.
    example = parser.get_doctest(found.__doc__, {}, name, None, 0)
    assert example.examples
    result = doctest.DocTestRunner().run(example, out=said.append)
    assert not result.failed, "".join(said)


def test_every_example_is_run():
    for path in (ROOT / "colorlib").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT / "colorlib").with_suffix("").parts)
        listed = sum(name == module for name, _ in EXAMPLES)
        assert path.read_text(encoding="utf-8").count("    Example:\n") == listed, path
