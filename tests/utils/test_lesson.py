"""The setup cell of the lessons, and what it calls."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import keras
import pytest
from small import ROOT

from colorlib.errors import SetupError
from colorlib.utils import backends, lesson, paths

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ADDRESS = runpy.run_path(ROOT / ".ci" / "setup_cell.py")["REPOSITORY"]
# What the cell finds or fetches, as small as can be.
STUB = "def start_lesson(fast, drive):\n    print('started')\n    return fast, 'runs'\n"


def setup_cell(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "".join(next(c["source"] for c in cells if c["cell_type"] == "code"))


@pytest.fixture(autouse=True)
def _a_clean_process(monkeypatch):
    monkeypatch.delenv("COLORLIB_FAST", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(ROOT)


# The cell, in a checkout.


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem[:3])
@pytest.mark.parametrize("folder", [".", "notebooks", "data/samples/old"])
def test_it_finds_the_course_from_any_folder(path, folder, monkeypatch, capsys):
    monkeypatch.chdir(ROOT / folder)
    names = {}
    exec(setup_cell(path), names)
    assert Path.cwd() == ROOT / "notebooks" and sys.path[0] == str(ROOT)
    assert names["FAST"] is False and names["RUNS"] == Path("../data/cache/runs")
    assert f"Keras {keras.__version__}" in capsys.readouterr().out


# The cell alone. Each run is a process of its own, with a stub of the course.


def course_in(folder):
    """The least that the cell takes for the course."""
    for name in ("colorlib/utils", "notebooks"):
        (folder / name).mkdir(parents=True)
    (folder / "colorlib/utils/lesson.py").write_text(STUB)
    (folder / "notebooks/README").write_text("")
    return folder


@pytest.fixture
def address(tmp_path):
    """The address of a repository of git, on this disk."""
    folder = course_in(tmp_path / "repository")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder.as_uri()


def run_alone(folder, cell):
    """Runs the cell in a new folder; returns what it printed, and how it ended."""
    folder.mkdir(exist_ok=True)
    cell += "\nprint(Path.cwd(), FAST, RUNS)"
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-c", cell],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
    )


def last_line(done):
    """What a notebook shows of the exception that ended the cell."""
    name, _, message = done.stderr.splitlines()[-1].partition(": ")
    assert name == "Stop"
    return message


def test_a_notebook_shows_the_cells_sentence_alone(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    cell = setup_cell(LESSONS[0])
    shown = "class Stop" + cell.split("class Stop")[1].split("places =")[0]
    InteractiveShell().run_cell(shown + 'raise Stop("Write this.")')
    assert capsys.readouterr().out.strip() == "Write this."


@pytest.mark.parametrize("folder", ["content", "kaggle", "my downloads"])
def test_a_lesson_alone_fetches_the_course_once(folder, address, tmp_path):
    alone = tmp_path / folder
    cell = setup_cell(LESSONS[0]).replace(ADDRESS, address)
    for _ in range(2):
        done = run_alone(alone, cell)
        assert done.returncode == 0, done.stderr
        home = alone / "colorization-course" / "notebooks"
        assert done.stdout == f"started\n{home} False runs\n"
        address = "file:///nowhere"  # the second time nothing is fetched
        cell = setup_cell(LESSONS[0]).replace(ADDRESS, address)


def test_an_unedited_address_is_a_sentence(tmp_path):
    """And nothing is asked of whoever has the name in the placeholder."""
    unedited = "https://github.com/OWNER/colorization-course"
    cell = setup_cell(LESSONS[0]).replace(ADDRESS, unedited)
    done = run_alone(tmp_path / "content", cell)
    assert done.returncode == 1 and done.stdout == ""
    assert last_line(done).startswith("In this cell, write the address")


@pytest.mark.parametrize("address", ["file:///nowhere/at-all", "file:///it's here"])
def test_an_address_that_gives_nothing_is_a_sentence(address, tmp_path):
    cell = setup_cell(LESSONS[0]).replace(ADDRESS, address)
    done = run_alone(tmp_path / "content", cell)
    assert done.returncode == 1
    assert last_line(done).startswith(f"Nothing came from {address}.")


def test_a_machine_without_git_gets_a_sentence(address, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    cell = setup_cell(LESSONS[0]).replace(ADDRESS, address)
    done = run_alone(tmp_path / "content", cell)
    assert done.returncode == 1
    assert last_line(done).startswith("Nothing came from")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, machine", [("00_start_here", "Colab"), ("00b_python", "Kaggle")]
)
def test_a_lesson_alone_runs_from_top_to_bottom(name, machine, tmp_path, monkeypatch):
    """In a kernel of its own, with the course of the last commit as what it fetches."""
    import nbformat
    from nbclient import NotebookClient

    if not (ROOT / ".git").exists():
        pytest.skip("no repository of git to fetch from")
    path = next(path for path in LESSONS if path.stem.startswith(name))
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = first.source.replace(ADDRESS, ROOT.as_uri())
    fast, there = "start_lesson(fast=False, drive=False)", "start_lesson(fast=True)"
    if machine == "Colab":  # with a Drive that can be opened
        fake = tmp_path / "fake" / "google" / "colab"
        fake.mkdir(parents=True)
        (fake / "__init__.py").write_text("")
        (fake / "drive.py").write_text("def mount(folder):\n    pass\n")
        (tmp_path / "fake" / "sitecustomize.py").write_text("import google.colab\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
        there = "start_lesson(fast=True, drive=True)"
    else:
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert fast in first.source
    first.source = first.source.replace(fast, there)
    home = tmp_path / "content"
    home.mkdir()
    NotebookClient(notebook, resources={"metadata": {"path": str(home)}}).execute()
    assert (home / "colorization-course" / "notebooks").is_dir()
    printed = "".join(o["text"] for o in first.outputs if o["output_type"] == "stream")
    assert "FAST is on" in printed
    assert {"Colab": "Runtime >", "Kaggle": "Settings >"}[machine] in printed


# What the cell calls.


@pytest.fixture
def colab(monkeypatch):
    """Colab, whose Drive the learner opens; its `mount` may be replaced."""
    drive = ModuleType("google.colab.drive")
    drive.asked = []
    drive.mount = drive.asked.append
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.drive", drive)
    return drive


def test_it_says_what_counts_and_how_to_change_it(capsys):
    fast, runs = lesson.start_lesson()
    assert fast is False and runs.resolve() == paths.RUNS
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4
    assert out[0].startswith(f"Keras {keras.__version__} ") and "%pip" in out[0]
    assert out[1].startswith("Device: ") and "GPU" in out[1]
    assert out[2].startswith("FAST is off") and "(fast=True)" in out[2]
    assert out[3].startswith("Trainings: in the course") and "(drive=True)" in out[3]
    assert str(ROOT) not in "".join(out)


def test_notes_of_libraries_stay_away_and_errors_do_not(monkeypatch, capfd):
    def look():
        os.write(2, b"no GPU was found, cuInit failed")
        return "2 CPU cores"

    monkeypatch.setattr(backends, "device", look)
    lesson.start_lesson()
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(backends, "device", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lesson.start_lesson()
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_small_numbers_leave_no_trainings_behind(capsys):
    fast, runs = lesson.start_lesson(fast=True)
    assert fast is True and runs.is_dir() and ROOT not in runs.resolve().parents
    out = capsys.readouterr().out
    assert "FAST is on" in out and "(fast=False)" in out and "not kept" in out
    assert lesson.start_lesson()[0] is False  # the same kernel, the cell edited


@pytest.mark.parametrize("text, fast", [("1", True), ("", False), ("0", False)])
def test_the_environment_can_ask_for_small_numbers(text, fast, monkeypatch, capsys):
    monkeypatch.setenv("COLORLIB_FAST", text)
    assert lesson.start_lesson(fast=False)[0] is fast
    assert ("unset COLORLIB_FAST" in capsys.readouterr().out) is fast


def test_trainings_are_kept_on_drive(colab, capsys):
    fast, runs = lesson.start_lesson(drive=True)
    assert colab.asked == ["/content/drive"]
    assert runs == Path("/content/drive/MyDrive/colorization-course/runs")
    assert "Trainings: on Google Drive" in capsys.readouterr().out


def test_a_drive_that_stays_closed_is_a_sentence(colab):
    def refuse(folder):
        raise ValueError("mount failed")

    colab.mount = refuse
    with pytest.raises(SetupError, match="not opened .mount failed.*drive=False"):
        lesson.start_lesson(drive=True)


def test_drive_elsewhere_is_a_sentence():
    with pytest.raises(SetupError, match="only be used in Colab.*drive=False"):
        lesson.start_lesson(drive=True)


def test_a_gpu_is_found_where_the_learner_is(colab, monkeypatch, capsys):
    lesson.start_lesson()
    assert "Runtime > Change runtime type" in capsys.readouterr().out
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    lesson.start_lesson()
    assert "Settings > Accelerator" in capsys.readouterr().out


@pytest.mark.parametrize("version", ["2.15.0", "3.7.0"])
def test_an_old_keras_is_a_sentence(version, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(__version__=version))
    with pytest.raises(SetupError, match=f"3.8 or newer, here is {version}.*%pip"):
        lesson.start_lesson()


def test_a_missing_keras_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(SetupError, match="Keras is not there.*%pip install"):
        lesson.start_lesson()


def test_a_notebook_shows_the_sentence_alone():
    lines = SetupError("Write this.")._render_traceback_()
    assert lines == ["SetupError: Write this."]
