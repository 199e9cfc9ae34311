import pytest
from small import write_model

from colorlib.evaluation.report import (
    FEWEST_WORDS,
    SECTIONS,
    facts_as_markdown,
    find_gaps,
    write_report,
)
from colorlib.models.cards import available_models, read_card
from colorlib.models.cnn import build_baseline_cnn

WORDS = "word " + ". ".join(
    " ".join(f"{a}{b}" for b in "abcdefghijklmnop") for a in "cde"
)
LINKS = "".join(f"- [paper {i}](https://example.org/{i})\n" for i in range(3))


@pytest.fixture
def whole(tmp_path):
    """The sections of a report that lacks nothing, with its picture in place."""
    (tmp_path / "worst.jpg").write_bytes(b"a picture")
    sections = dict.fromkeys(SECTIONS, WORDS)
    sections["References"] = LINKS
    sections["Introduction"] += " [a paper](https://arxiv.org/abs/1611.07004)"
    sections["Results"] += "\n\n| a | table |\n|---|---|\n\n![best](worst.jpg)"
    sections["Discussion"] += "\n\n![worst](worst.jpg)"
    return sections


def gaps(tmp_path, sections):
    path = tmp_path / "report.md"
    write_report(path, "A title", sections, overwrite=True)
    return find_gaps(path)


def test_the_facts_are_those_of_the_card(tmp_path):
    card = read_card(write_model(tmp_path / "mine.npz", build_baseline_cnn(2)))[1]
    lines = facts_as_markdown(card).splitlines()
    assert lines[:2] == ["| | |", "|---|---|"]
    facts = dict(line.strip("| ").split(" | ", 1) for line in lines[2:])
    assert facts["network"] == f"baseline_cnn, {card['parameters']:,} weights"
    assert facts["again"] == f"`{card['command']}`"
    assert card["sha256"][:16] in facts["file"] and "began with" not in facts
    card["start_from"] = "general"
    assert "| began with | the weights `general` |" in facts_as_markdown(card)
    card["recipe"] = {"encoder_from": "flagship"}
    assert "| began with | the encoder of `flagship` |" in facts_as_markdown(card)


@pytest.mark.parametrize("name", available_models())
def test_every_shipped_model_has_its_facts(name):
    card = read_card(name)[1]
    text = facts_as_markdown(card)
    assert card["data"] in text and card["test"] in text
    assert text.count("\n|") == text.count("\n")


def test_a_report_is_written_in_order(tmp_path, whole):
    path = tmp_path / "report.md"
    assert write_report(path, "A title", whole)
    text = path.read_text()
    assert text.startswith("# A title\n\n## Introduction\n\nword")
    places = [text.index(f"\n## {name}\n") for name in SECTIONS]
    assert places == sorted(places)


def test_a_report_that_is_there_stays(tmp_path, whole):
    path = tmp_path / "report.md"
    path.write_text("hours of work")
    assert not write_report(path, "A title", whole)
    assert path.read_text() == "hours of work"
    assert write_report(path, "A title", whole, overwrite=True)
    assert "hours" not in path.read_text()


def test_other_sections_are_refused(tmp_path, whole):
    for wrong in ({}, dict(reversed(whole.items())), {**whole, "Thanks": WORDS}):
        with pytest.raises(ValueError, match="sections Introduction, Data"):
            write_report(tmp_path / "report.md", "A title", wrong)
    assert not (tmp_path / "report.md").exists()


def test_a_whole_report_has_no_gap(tmp_path, whole):
    assert gaps(tmp_path, whole) == []


def test_instructions_are_found_and_are_no_words(tmp_path, whole):
    whole["Next steps"] = f"> Say what comes next: {WORDS}\n> And why.\nA start."
    assert gaps(tmp_path, whole) == [
        "Next steps: 2 instructions (lines with >) are left",
        f"Next steps: 2 words, at least {FEWEST_WORDS} are needed",
    ]


@pytest.mark.parametrize(
    "name, old, new, gap",
    [
        ("Introduction", "https:", "", "a link is missing"),
        ("Results", "|", "", "a table is missing"),
        ("Results", "![best]", "> ![best]", "a picture is missing"),
        ("Discussion", "![", "[", "a picture is missing"),
        ("Discussion", "worst.jpg", "gone.jpg", "there is no picture gone.jpg"),
        ("Data and methods", WORDS, "a word", "2 words, at least 40 are needed"),
        ("References", "/2", "/1", "2 different links, at least 3 are needed"),
    ],
)
def test_each_gap_is_named(tmp_path, whole, name, old, new, gap):
    whole[name] = whole[name].replace(old, new)
    assert f"{name}: {gap}" in gaps(tmp_path, whole)
    assert {line.split(":")[0] for line in gaps(tmp_path, whole)} == {name}


@pytest.mark.parametrize("name", ["<my plot (1).png>", "my%20plot%20(1).png"])
def test_a_picture_may_have_blanks_in_its_name(tmp_path, whole, name):
    (tmp_path / "my plot (1).png").write_bytes(b"")
    whole["Discussion"] = whole["Discussion"].replace("worst.jpg", name)
    if name[0] != "<":  # a bracket ends what is not in <>
        (tmp_path / "my plot").write_bytes(b"")
        whole["Discussion"] = whole["Discussion"].replace("%20(1).png", "")
    assert gaps(tmp_path, whole) == []


def test_a_table_or_a_picture_is_no_word(tmp_path, whole):
    whole["Discussion"] = f"![{WORDS}](worst.jpg)\n| {WORDS} |"
    assert gaps(tmp_path, whole) == ["Discussion: 0 words, at least 40 are needed"]


REMOTE = "https://example.org/far.jpg"


@pytest.mark.parametrize(
    "text",
    [
        f"![a picture]({REMOTE})",
        f"see ![a picture]({REMOTE}) here",
        f"![]({REMOTE})",
        f"[![a badge]({REMOTE})](https://example.org)",
        f"[]({REMOTE})",
        f"[ ]({REMOTE})",
        "[a paper](https://)",
        "[a paper](paper.pdf)",
        "https://example.org",
        f"> [a paper]({REMOTE})",
    ],
)
def test_only_a_link_with_a_text_is_a_link(tmp_path, whole, text):
    whole["Introduction"] = f"{WORDS}\n\n{text}\n"
    assert "Introduction: a link is missing" in gaps(tmp_path, whole)
    whole["Introduction"] += f"\n\nOr [Wow! A (fine) paper]({REMOTE})"
    assert "Introduction: a link is missing" not in gaps(tmp_path, whole)


@pytest.mark.parametrize(
    "filler, gap",
    [
        ("word " * 60, "1 different words, at least 20 are needed"),
        ("Here we show our results. " * 20, "5 different words, at least 20"),
        (WORDS.replace(".", ""), "1 different sentences, at least 3 are needed"),
        (f"{WORDS.replace('.', '')}. " * 3, "1 different sentences, at least 3"),
        ("... " * 60, "0 words, at least 40 are needed"),
        ("1 2 3 _ - " * 60, "0 words, at least 40 are needed"),
        (f"[a](https://{'/'.join('abcdefgh' * 6)})", "1 words, at least 40 are needed"),
        (f"{WORDS} TODO", "'TODO' is still to be replaced"),
        (f"TBD: {WORDS}", "'TBD' is still to be replaced"),
        (f"{WORDS} XXXX", "'XXXX' is still to be replaced"),
        (f"Lorem Ipsum dolor {WORDS}", "'Lorem Ipsum' is still to be replaced"),
    ],
)
def test_filler_text_is_no_text(tmp_path, whole, filler, gap):
    whole["Next steps"] = filler
    found = gaps(tmp_path, whole)
    assert len(found) == 1 and found[0].startswith(f"Next steps: {gap}")


def test_a_lost_section_is_named(tmp_path, whole):
    path = tmp_path / "report.md"
    write_report(path, "A title", whole)
    path.write_text(path.read_text().replace("## Results", "### Results"))
    assert find_gaps(path)[0] == "Results: the section is missing"


def test_a_picture_of_the_web_is_not_looked_for(tmp_path, whole):
    whole["Discussion"] += "\n\n![far](https://example.org/far.jpg)"
    assert gaps(tmp_path, whole) == []
