"""Writes the setup cell, and the lines above it, into every lesson.

Run from the repository: `python .ci/setup_cell.py`. It is the first code cell, and the
only one that must work without the course: it finds the course, or fetches it. All
else is in `colorlib/utils/lesson.py`.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = re.search(
    r'(?m)^Repository = "(.+)"$', (ROOT / "pyproject.toml").read_text()
)[1]
HEADING = """\
## Setup

Run this cell first. It finds the course, in this folder or in one above it; where there
is none (in Colab, on Kaggle, for a lesson downloaded alone) it fetches it."""
CELL = f"""\
import os
import sys
from pathlib import Path

REPOSITORY = "{REPOSITORY}"
FETCHED = Path.cwd() / "colorization-course"


class Stop(Exception):  # a notebook shows its sentence alone
    def _render_traceback_(self):
        return list(self.args)


places = [Path.cwd(), *Path.cwd().parents, FETCHED]
found = [place for place in places if (place / "colorlib/utils/lesson.py").exists()]
if not found and "/OWNER/" in REPOSITORY:
    raise Stop("In this cell, write the address of the course after REPOSITORY.")
if not found and os.system(f'git clone --depth 1 "{{REPOSITORY}}" "{{FETCHED}}"') != 0:
    raise Stop(f"Nothing came from {{REPOSITORY}}. Is it right? Is Internet on?")
course = found[0] if found else FETCHED
os.chdir(course / "notebooks")
sys.path.insert(0, str(course))
from colorlib.utils.lesson import start_lesson

FAST, RUNS = start_lesson(fast=False, drive=False)"""


def main():
    """Writes both cells where they differ; what a changed cell printed is dropped."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        place = next(i for i, c in enumerate(cells) if c["cell_type"] == "code")
        for cell, text in ((cells[place - 1], HEADING), (cells[place], CELL)):
            if "".join(cell["source"]) != text:
                cell["source"] = text.splitlines(keepends=True)
                if cell["cell_type"] == "code":
                    cell["outputs"] = []
        written = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        path.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
