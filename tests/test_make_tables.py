"""The pages of figures are those that `.ci/make_tables.py` writes from the cards."""

import importlib.util

import pytest
from small import ROOT, write_model

from colorlib.models.cards import TRANSLATIONS_FOLDER, WEIGHTS_FOLDER, read_card
from colorlib.models.cnn import build_baseline_cnn


@pytest.fixture(scope="module")
def make_tables():
    path = ROOT / ".ci" / "make_tables.py"
    spec = importlib.util.spec_from_file_location("make_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    figures = {"psnr": 20.0, "ab_mse": 0.01, "colourfulness": 15.0}
    for name in ("one", "two"):
        rows = dict.fromkeys(("grey", "mean colour", "lightness table", name), figures)
        card = {"figures": rows, "true_colourfulness": 30.0}
        write_model(tmp_path / f"{name}.npz", build_baseline_cnn(filters=2), **card)
    return tmp_path


def test_the_page_tells_all_of_every_model(make_tables, folder):
    page = make_tables.cards_as_markdown(folder)
    assert "\n| one |" in page and "\n| two |" in page
    assert page.index("## one") < page.index("## two")
    card = read_card("one", folder)[1]
    for text in (card["table"], card["sha256"][:16], card["command"], "8,348 weights"):
        assert text in page
    assert "(ratio 1.50)" in page


@pytest.mark.parametrize("notes", ["no LPIPS here", ["no LPIPS here"]])
def test_notes_are_a_line_each(make_tables, folder, notes):
    card = {key: read_card("one", folder)[1][key] for key in ("figures", "title")}
    card["true_colourfulness"] = 30.0
    write_model(folder / "one.npz", build_baseline_cnn(filters=2), notes=notes, **card)
    page = make_tables.cards_as_markdown(folder)
    assert page.splitlines().count("- no LPIPS here") == 1
    assert not [line for line in page.splitlines() if len(line) == 3]


def test_the_page_tells_of_the_trainings_before(make_tables, folder):
    _, first = read_card("one", folder)
    middle = {**first, "name": "middle", "steps": 1234, "before": first}
    card = {key: first[key] for key in ("figures", "true_colourfulness")}
    card["figures"]["two"] = card["figures"]["one"]
    write_model(
        folder / "two.npz", build_baseline_cnn(filters=2), before=middle, **card
    )
    page = make_tables.cards_as_markdown(folder)
    part = page[page.index("## two") :]
    assert part.index("`middle`, which is not") < part.index("`one`, which is not")
    assert part.count("which is not shipped") == 2 and "(1,234 steps of" in part


def test_the_page_in_the_weights_folder_is_that_of_the_cards(make_tables):
    page = (WEIGHTS_FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == make_tables.cards_as_markdown()  # else: python .ci/make_tables.py


def test_the_page_of_the_translations_is_that_of_their_cards(make_tables):
    page = (TRANSLATIONS_FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == make_tables.translations_as_markdown()  # else: the same
    assert "| mean target |" in page and "python -m colorlib train" in page


def test_the_figures_of_the_readme_are_those_of_the_cards(make_tables):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == make_tables.with_figures(readme)  # else: the same
    with pytest.raises(ValueError, match="lost its marks"):
        make_tables.with_figures("no marks here")


def test_all_pages_are_rewritten_whole_and_in_utf8(
    make_tables, folder, tmp_path, monkeypatch, capsys
):
    (folder / "one.json").unlink()
    marks = [
        f"<!-- {mark}: python .ci/make_tables.py -->\nold\n<!-- end of {mark} -->"
        for mark in ("figures", "ladder")
    ]
    (tmp_path / "root").mkdir()
    readme = tmp_path / "root" / "README.md"
    readme.write_bytes("\n".join(["é before", *marks, "after é\n"]).encode())
    written = []
    write = make_tables.write_atomically
    monkeypatch.setattr(
        make_tables,
        "write_atomically",
        lambda path, data: (written.append(path), write(path, data)),
    )
    other = tmp_path / "translations"
    other.mkdir()
    make_tables.main(readme.parent, folder, other)
    assert written == [folder / "README.md", other / "README.md", readme]
    text = readme.read_bytes().decode()
    assert text.startswith("é before\n") and text.endswith("\nafter é\n")
    assert "| pix2pix U-Net, L2 |" in text
    assert "\nold\n" not in text and "\r" not in text
    page = (folder / "README.md").read_bytes().decode()
    assert "## two" in page and "\n| two |" in page
    assert str(readme) in capsys.readouterr().out
