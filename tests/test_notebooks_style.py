import ast
import json
import re
import runpy
from statistics import median

import pytest
from small import ROOT

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
REPOSITORY = re.search(
    r'(?m)^Repository = "https://github\.com/([^"]+)"$',
    (ROOT / "pyproject.toml").read_text(),
)[1]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
SOLUTION = '# @title Solution {"display-mode": "form"}\n'
# Lesson 02b shows the tape, 05 and 07 write training steps with it, and 06 asks it for
# the gradient of pixels; else it is all Keras.
TAPE = ("02b", "05", "06", "07")
# Where a path could only come from the machine that ran the lesson.
MACHINE = re.compile(r"(?<![\w.])/(work|tmp|root|home|Users|mnt|opt|var)/")

lesson = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def number_of(path):
    """ "03", or "02b" for a lesson between two others."""
    return path.stem.split("_")[0]


def read(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def cells(path, kind):
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == kind]


def prose(path):
    return "\n\n".join(cell["source"] for cell in cells(path, "markdown"))


def tags(cell):
    return cell["metadata"].get("tags", [])


def printed(cell):
    streams = [o for o in cell["outputs"] if o["output_type"] == "stream"]
    return "".join("".join(o["text"]) for o in streams)


def headings(path):
    """(level, text) of each heading, code blocks left out."""
    text = re.sub(r"(?ms)^```.*?^```", "", prose(path))
    return [(len(m[1]), m[2]) for m in re.finditer(r"(?m)^(#+) (.*)$", text)]


def colab(path):
    address = f"https://colab.research.google.com/github/{REPOSITORY}"
    return f"{address}/blob/main/notebooks/{path.name}"


def link(path):
    return f"[![Open in Colab]({BADGE})]({colab(path)})"


def test_the_lessons_of_the_first_weeks_are_there():
    numbers = [number_of(path) for path in NOTEBOOKS]
    assert numbers[:7] == ["00", "00b", "01", "02", "02b", "03", "03b"]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\d\db?_[a-z0-9_]+\.ipynb", p.name) for p in NOTEBOOKS)


def test_the_readme_maps_every_lesson():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        number = number_of(path)
        assert f"| {number} | [" in readme and f"](notebooks/{path.name})" in readme
        assert f"[![Open in Colab][colab]][{number}]" in readme
        assert f"\n[{number}]: {colab(path)}\n" in f"{readme}\n"
    assert f"\n[colab]: {BADGE}\n" in readme
    named = set(re.findall(r"notebooks/(\w+\.ipynb)", readme))
    assert named == {path.name for path in NOTEBOOKS}
    assert not re.search(r"@[A-Z]+@", readme), "a placeholder is left"


@lesson
def test_title_and_badge(path):
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith(f"# Lesson {number_of(path)}: ")
    assert [text for level, text in headings(path) if level == 1] == [
        first["source"].splitlines()[0][2:]
    ]
    assert link(path) in first["source"]
    assert prose(path).count("colab-badge") == 1


@lesson
def test_it_says_what_you_will_do_need_and_how_long_it_takes(path):
    before_setup = prose(path).split("## Setup")[0]
    for words in ("You will", "You need", "Time"):
        assert f"**{words}" in before_setup
    goals = re.search(r"(?ms)\*\*You will.*?(?=\*\*You need)", before_setup)[0]
    assert 3 <= len(re.findall(r"(?m)^(?:[-*]|\d+\.) ", goals)) <= 5


@lesson
def test_the_setup_cell_is_the_same_in_every_lesson(path):
    written = runpy.run_path(ROOT / ".ci" / "setup_cell.py")
    sources = [cell["source"] for cell in read(path)["cells"]]
    setup = cells(path, "code")[0]["source"]
    assert setup == written["CELL"], "python .ci/setup_cell.py writes it"
    assert sources[sources.index(setup) - 1] == written["HEADING"]
    assert f'REPOSITORY = "https://github.com/{REPOSITORY}"' in setup


@lesson
def test_the_setup_cell_decides_what_counts_and_where_trainings_go(path):
    for cell in cells(path, "code")[1:]:
        for node in ast.walk(ast.parse(cell["source"])):
            names = getattr(node, "targets", [])
            names = [name.id for name in names if isinstance(name, ast.Name)]
            assert "FAST" not in names, cell["source"]
        assert "data/cache/runs" not in cell["source"], "RUNS is that folder"


@lesson
def test_no_training_of_minutes_is_silent(path):
    """A recipe's training prints a line an epoch."""
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(cell["source"])):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "train":
                given = {k.arg: k.value for k in node.keywords}
                verbose = given.get("verbose", node.args[2] if node.args[2:] else None)
                assert verbose is None or ast.literal_eval(verbose) == 2, cell["source"]


@lesson
def test_cells_are_small(path):
    lengths = [len(cell["source"].splitlines()) for cell in cells(path, "code")]
    assert max(lengths) <= 25
    assert median(lengths) <= 10


@lesson
def test_it_ran_from_top_to_bottom_without_an_error(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    for cell in code:
        for output in cell["outputs"]:
            assert output["output_type"] != "error", cell["source"]
            assert output.get("name") != "stderr", cell["source"]


@lesson
def test_checkpoints_end_in_passed(path):
    checked = [c for c in cells(path, "code") if "nbval-check-output" in tags(c)]
    assert checked
    for cell in checked:
        assert printed(cell).rstrip().endswith("passed"), cell["source"]
        assert {o["output_type"] for o in cell["outputs"]} == {"stream"}
        # Never a loss, a time or a random number: none with three digits that count.
        assert not re.search(r"\d\.0*[1-9]\d\d", printed(cell)), printed(cell)


@lesson
def test_exercises_have_a_stub_and_a_folded_solution(path):
    code = cells(path, "code")
    found = [i for i, cell in enumerate(code) if cell["source"].startswith(SOLUTION)]
    exercises = [t for _, t in headings(path) if re.match(r"Exercise \d", t)]
    assert len(found) == len(exercises)
    if number_of(path) == "00b":
        assert len(exercises) == 8  # one for each thing that it explains
    elif number_of(path) == "05":
        assert len(exercises) == 4  # the last is an experiment, with a conclusion
    elif number_of(path) != "00":
        assert 2 <= len(exercises) <= 3
    for i in found:
        solution, stub = code[i], code[i - 1]
        assert "hide-input" in tags(solution)
        assert solution["metadata"].get("jupyter") == {"source_hidden": True}
        assert "passed" in printed(solution).splitlines()
        assert "not attempted yet" in printed(stub)
        assert "hide-input" not in tags(stub)
    hidden = [i for i, cell in enumerate(code) if "hide-input" in tags(cell)]
    assert hidden == found


@lesson
def test_links_to_lessons_lead_somewhere(path):
    for name in re.findall(r"\]\((\w+\.ipynb)\)", prose(path)):
        assert (FOLDER / name).exists(), name


@lesson
def test_it_ends_with_recap_references_and_next(path):
    ending = prose(path).split("## Recap")
    assert len(ending) == 2, "one section ## Recap"
    for words in ("References", "Next"):
        assert re.search(rf"(?m)^(#+ |\*\*){words}", ending[1]), words
    assert len(re.findall(r"\?(?=\s|$|\*|<)", ending[1])) >= 3  # questions


@lesson
def test_of_sliders_the_picture_is_stored_and_not_the_widget(path):
    """A widget lives as long as its kernel: stored, it is an error message."""
    for cell in cells(path, "code"):
        if "show_sliders(" in cell["source"]:
            kinds = {kind for o in cell["outputs"] for kind in o["data"]}
            assert kinds == {"image/png", "text/plain"}, cell["source"]


@lesson
def test_figures_are_stored_and_the_file_is_not_large(path):
    outputs = [o for cell in cells(path, "code") for o in cell["outputs"]]
    assert [o for o in outputs if "image/png" in o.get("data", {})]
    assert path.stat().st_size < 1.5e6


@lesson
def test_nothing_of_the_machine_is_in_it(path):
    notebook = read(path)
    for cell in notebook["cells"]:
        texts = [cell["source"]]
        for output in cell.get("outputs", []):
            texts.append("".join(output.get("text", "")))
            texts.append("".join(output.get("data", {}).get("text/plain", "")))
        for text in texts:
            assert not MACHINE.search(text), MACHINE.search(text)[0] + "\n" + text
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}


@lesson
def test_installation_lines_are_safe(path):
    for text in [c["source"] for c in read(path)["cells"]]:
        for line in re.findall(r"pip install[^\n`]*", text):
            bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
            assert ">" not in bare, f"the shell reads a redirect: {line}"
            assert "==" not in line, f"a pin breaks overnight: {line}"


@lesson
def test_nothing_is_left_to_be_written(path):
    for text in [c["source"] for c in read(path)["cells"]]:
        assert not re.search(r"to be written\)|TODO|FIXME|XXX", text), text


@lesson
def test_only_plotting_draws_and_names_show_where_they_live(path):
    source = "\n".join(cell["source"] for cell in cells(path, "code"))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
            assert "*" not in [name.name for name in node.names]
            assert node.module != "colorlib"
        else:
            continue
        for name in names:
            package = name.split(".")[0]
            assert package != "matplotlib", name
            assert package != "tensorflow" or number_of(path) in TAPE, name
