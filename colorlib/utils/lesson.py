"""How a lesson runs: with which Keras, on what, how thoroughly, what is kept where."""

import importlib
import os
import sys
import tempfile
from pathlib import Path

from colorlib.errors import SetupError
from colorlib.utils.console import without_notes
from colorlib.utils.paths import RUNS
from colorlib.utils.progress import keep_progress_in

KERAS = (3, 8)  # the oldest version that the course runs with
DRIVE = Path("/content/drive")  # where Colab shows Google Drive
_INSTALL = "In a cell, run %pip install -r ../requirements.txt; restart the kernel."


def start_lesson(fast: bool = False, drive: bool = False) -> tuple[bool, Path]:
    """Begins a lesson: says how it will run, and how to change that.

    Args:
        fast: whether to take the lesson's small numbers, with which it runs through in
            a minute or two. `COLORLIB_FAST=1` in the environment does the same.
        drive: whether trainings, and what was solved, are kept on the learner's Google
            Drive (Colab only).

    Returns:
        (FAST, RUNS): whether the small numbers count, and the folder for trainings. In
        `fast` it is a temporary one: what small numbers trained must not be taken for
        the lesson's networks.

    Raises:
        SetupError: if Keras is missing or too old, or Drive cannot be reached.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # no notes of TensorFlow
    with without_notes():
        version = _check_keras()
        from colorlib.utils.backends import device

        machine = device()
    switched = os.environ.get("COLORLIB_FAST", "0") not in ("", "0")
    if drive:
        folder = _mount_drive() / "colorization-course"
        runs, kept = folder / "runs", "on Google Drive"
        keep_progress_in(folder)
    else:
        keep_progress_in()
        runs, kept = Path(os.path.relpath(RUNS)), "in the course's folder"
    if fast or switched:
        runs, kept = Path(tempfile.mkdtemp()), "not kept, FAST"
    turn = "unset COLORLIB_FAST" if switched else f"start_lesson(fast={not fast})"
    lines = (
        (f"Keras {version}", "newest: %pip install --upgrade keras, then restart"),
        (f"Device: {machine}", f"a GPU: {_how_to_get_a_gpu()}"),
        (f"FAST is {'on' if fast or switched else 'off'}", f"to change it: {turn}"),
        (f"Trainings: {kept}", "on Google Drive, in Colab: start_lesson(drive=True)"),
    )
    for now, change in lines:
        print(f"{now:34} ({change})")
    return bool(fast or switched), runs


def _check_keras():
    """The version of Keras, if the course runs with it."""
    try:
        keras = importlib.import_module("keras")
    except ImportError as error:
        raise SetupError(f"Keras is not there ({error}). {_INSTALL}") from error
    version = keras.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < KERAS:
        needed = ".".join(map(str, KERAS))
        message = f"The course needs Keras {needed} or newer, here is {version}."
        raise SetupError(f"{message} {_INSTALL}")
    return version


def _how_to_get_a_gpu():
    if "google.colab" in sys.modules:
        return "Runtime > Change runtime type"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "Settings > Accelerator"
    return "Colab and Kaggle lend one"


def _mount_drive():
    """The folder of the learner's Google Drive; Colab asks whether it may."""
    if "google.colab" not in sys.modules:
        raise SetupError(
            "Google Drive can only be used in Colab. Write start_lesson(drive=False): "
            "here trainings are kept in the course's folder, in data/cache/runs."
        )
    try:
        importlib.import_module("google.colab.drive").mount(str(DRIVE))
    except Exception as error:  # Colab has several for "no"
        raise SetupError(
            f"Google Drive was not opened ({error}). Run the cell again and allow it, "
            "or write start_lesson(drive=False)."
        ) from error
    return DRIVE / "MyDrive"
