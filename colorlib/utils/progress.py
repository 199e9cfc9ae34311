"""What a learner has solved, in a file: each lesson is a kernel of its own.

The file is `progress.json` beside the folder for trainings, on Google Drive where the
trainings go there; `COLORLIB_PROGRESS` in the environment names another one.
"""

import json
import os
from pathlib import Path

from colorlib.utils.paths import RUNS

_FOLDER = RUNS.parent
_kept = {"folder": _FOLDER, "here": set()}


def keep_progress_in(folder: str | Path | None = None) -> None:
    """Says where the file is.

    Args:
        folder: its folder; None for the course's own.
    """
    _kept["folder"] = Path(folder or _FOLDER)


def solved() -> set[str]:
    """The names of all that was solved, such as "01.3" (lesson and exercise)."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
        return {str(name) for name in found["solved"]} | _kept["here"]
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or a damaged file
        return set(_kept["here"])


def remember(*names: str) -> None:
    """Adds names to those that were solved.

    Where the file cannot be written they are known as long as this process runs.

    Args:
        *names: such as "01.3".
    """
    _kept["here"].update(names)
    file = _file()
    text = json.dumps({"solved": sorted(solved())}, indent=1) + "\n"
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError:
        pass


def forget() -> None:
    """Begins again: deletes the file."""
    _kept["here"].clear()
    _file().unlink(missing_ok=True)


def _file():
    named = os.environ.get("COLORLIB_PROGRESS")
    return Path(named) if named else _kept["folder"] / "progress.json"
