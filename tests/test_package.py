"""The wheel, built and used as somebody does who has no checkout."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from small import ROOT, photograph

from colorlib.app.service import _EXAMPLE
from colorlib.cli.parser import main
from colorlib.colorize.colorizer import DEFAULT_MODEL
from colorlib.evaluation.classifier import WORDNET
from colorlib.utils import paths

DEFAULTS = (DEFAULT_MODEL,)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built elsewhere, so that no build folder is left here, and without network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("colorlib", "data", "pyproject.toml", "README.md", "LICENSE"):
        (source / name).symlink_to(ROOT / name)
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", *offline, "--wheel-dir", folder, source, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder that the wheel was installed into, with nothing else in it."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "--no-index", "--no-deps", "--target", target, wheel)
    return target


@pytest.fixture
def elsewhere(tmp_path, installed):
    """Options for `run`: a folder and a home of its own, the package on the path."""
    ours = ("COLORLIB", "XDG")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    kept |= {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(installed)}
    (tmp_path / "home").mkdir()
    return {"cwd": tmp_path, "env": kept | {"PYTHONDONTWRITEBYTECODE": "1"}}


def test_the_wheel_has_every_module_and_what_the_commands_read(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        metadata = next(n for n in inside if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(metadata).decode()
        for path in (ROOT / "colorlib").rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in name:
                assert archive.read(name) == path.read_bytes()
        models = [f"{name}{end}" for name in DEFAULTS for end in (".npz", ".json")]
        for path in (paths.DATA / "weights" / name for name in models):
            bundled = archive.read(f"colorlib/bundled/weights/{path.name}")
            assert bundled == path.read_bytes()
    for path in (WORDNET, _EXAMPLE):
        assert f"colorlib/bundled/{path.relative_to(paths.DATA).as_posix()}" in inside
    # A model without its card, or a card without its model, is of no use.
    weights = [n for n in inside if n.startswith("colorlib/bundled/weights/")]
    stems = {n.rpartition(".")[0] for n in weights}
    assert set(weights) == {s + ending for s in stems for ending in (".json", ".npz")}
    assert not [n for n in inside if n.startswith(("data/", "tests/", "notebooks/"))]
    assert sum(info.file_size for info in archive.infolist()) < 20e6
    # What the tool needs is named as for the lessons; a reader of photographs needs
    # neither pytest nor Jupyter.
    needed = re.findall(r"(?m)^Requires-Dist: ([^;\n]+)$", metadata)
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert needed and set(needed) <= set(lines)
    assert not {"jupyter", "pytest", "nbval"} & set(re.findall(r"[\w-]+", str(needed)))


def test_the_installed_tool_colours_a_photograph_from_any_folder(installed, elsewhere):
    photograph(elsewhere["cwd"] / "photo.jpg")
    before = {p: p.stat().st_mtime_ns for p in installed.rglob("*")}
    script = installed / "bin" / "colorlib"
    run(sys.executable, script, "colorize", "photo.jpg", **elsewhere)
    assert (elsewhere["cwd"] / "colorized" / "photo.jpg").is_file()
    assert {p: p.stat().st_mtime_ns for p in installed.rglob("*")} == before


def test_an_installed_package_knows_its_files_and_says_what_it_has_not(
    installed, elsewhere
):
    code = """if True:
        import json
        from colorlib.data import load_pictures
        from colorlib.data.download import cache_folder
        from colorlib.data.sources import present
        from colorlib.errors import DataError
        from colorlib.models import RUNS_FOLDER, available_models, read_card
        from colorlib.utils import paths

        said = []
        for call, name in ((read_card, "dog"), (load_pictures, "samples")):
            try:
                call(name)
            except (OSError, DataError) as error:
                said.append(str(error))
        print(json.dumps({
            "models": available_models(),
            "cache": str(cache_folder()),
            "runs": str(RUNS_FOLDER),
            "samples": present("samples", ("bundled",)),
            "said": said,
            "about": [paths.version(), paths.repository_url(), paths.license_text()],
        }))"""
    told = json.loads(run(sys.executable, "-c", code, **elsewhere))
    assert told["samples"] == ""
    assert {*DEFAULTS} <= {*told["models"]}
    home = str(elsewhere["cwd"] / "home")
    assert told["cache"].startswith(home) and told["runs"].startswith(home)
    about = [paths.version(), paths.repository_url(), paths.license_text()]
    assert told["about"] == about
    assert len(told["said"]) == 2
    for message in told["said"]:
        assert f"git clone {paths.repository_url()}" in message
    own = elsewhere["env"] | {"COLORLIB_CACHE": "my_cache"}
    code = "from colorlib.data.download import cache_folder; print(cache_folder())"
    told = run(sys.executable, "-c", code, cwd=elsewhere["cwd"], env=own)
    assert told == "my_cache\n"


def test_a_checkout_uses_its_own_files(capsys):
    assert paths.CHECKOUT == ROOT and paths.DATA == ROOT / "data"
    assert paths.CACHE == ROOT / "data" / "cache" and paths.RUNS == paths.CACHE / "runs"
    assert paths.needs_checkout("It is") == ""
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"colorlib {paths.version()}\n"


@pytest.mark.parametrize(
    "started, name",
    [
        ("/x/colorlib/__main__.py", "python -m colorlib"),
        ("/x/bin/colorlib", "colorlib"),
    ],
)
def test_help_names_the_command_as_it_was_started(monkeypatch, capsys, started, name):
    monkeypatch.setattr(sys, "argv", [started])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: {name} [-h]")
