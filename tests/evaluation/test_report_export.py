import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from small import write_model

from colorlib.cli.parser import FORMATS as OFFERED
from colorlib.cli.parser import main
from colorlib.evaluation.report import SECTIONS, find_gaps
from colorlib.evaluation.report_export import FORMATS, export_report
from colorlib.evaluation.report_template import (
    SOURCES,
    make_template,
    sources_of,
    start_report,
)
from colorlib.models.cards import available_models, read_card
from colorlib.models.cnn import build_baseline_cnn

TEXT = """# Grüße from the *sea*

## Results

| model | PSNR |
|---|---|
| ours | 25.5 |

![The worst](worst.png)

As found by [Zhang](https://arxiv.org/abs/1603.08511):
- blue, $a^2 + b^2$
"""


@pytest.fixture
def report(tmp_path):
    pytest.importorskip("pypandoc")
    pytest.importorskip("typst")
    Image.fromarray(np.full((6, 9, 3), (9, 99, 199), "uint8")).save(
        tmp_path / "worst.png"
    )
    path = tmp_path / "my report.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_command_offers_what_can_be_written():
    assert OFFERED == FORMATS


def test_a_page_holds_its_pictures_and_its_table(report):
    (page,) = export_report(report, ["html"])
    text = page.read_text(encoding="utf-8")
    assert "<title>Grüße from the sea</title>" in text
    assert re.search(r'<img[^>]*src="data:image/png;base64,', text)
    assert "<td" in text and 'href="https://arxiv.org/abs/1603.08511"' in text
    assert "<math" in text and re.search(r"<li>\s*(<p>)?blue", text)
    assert not re.search(r'(src|href)="(?!data:|https://arxiv)', text)  # stands alone


def test_word_gets_the_same(report):
    (document,) = export_report(report, ["docx"])
    with zipfile.ZipFile(document) as parts:
        text = parts.read("word/document.xml").decode()
        pictures = [n for n in parts.namelist() if n.startswith("word/media/")]
        assert len(pictures) == 1
        assert parts.read(pictures[0]) == (report.parent / "worst.png").read_bytes()
    assert "Grüße" in text and "25.5" in text and "<w:tbl>" in text


def test_a_pdf_gets_the_same(report):
    pdfium = pytest.importorskip("pypdfium2")
    (file,) = export_report(report, ["pdf"])
    document = pdfium.PdfDocument(file.read_bytes())
    text = document[0].get_textpage().get_text_range()
    assert "Grüße from the sea" in text and "25.5" in text
    page = np.asarray(document[0].render().to_pil().convert("RGB"))
    assert (np.abs(page.astype(int) - (9, 99, 199)) < 9).all(-1).any()
    left = {path.name for path in report.parent.iterdir()}
    assert left == {"my report.md", "my report.pdf", "worst.png"}


def test_nothing_edited_is_overwritten(report):
    edited = report.with_suffix(".docx")
    edited.write_bytes(b"hours of work")
    with pytest.raises(FileExistsError, match="my report.docx is there already"):
        export_report(report)
    assert edited.read_bytes() == b"hours of work"
    assert not report.with_suffix(".html").exists()
    export_report(report, ["docx"], overwrite=True)
    assert edited.read_bytes()[:2] == b"PK"


def test_a_lost_picture_and_a_wrong_format_are_named(report):
    (report.parent / "worst.png").unlink()
    with pytest.raises(ValueError, match="there is no picture worst.png"):
        export_report(report)
    for wrong in (["odt"], []):
        with pytest.raises(ValueError, match="some of html, docx, pdf, got"):
            export_report(report, wrong)


def test_what_is_not_installed_is_named(report, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    with pytest.raises(ImportError, match="pip install pypandoc_binary typst"):
        export_report(report)
    assert export_report(report, ["html"])[0].exists()


@pytest.mark.parametrize("name", available_models())
def test_the_template_knows_the_model_and_its_sources(name):
    card = read_card(name)[1]
    sections = make_template(card, "curves.png")
    assert list(sections) == list(SECTIONS)
    assert card["sha256"][:16] in sections["Data and methods"]
    assert card["table"] in sections["Results"]
    assert "](curves.png)" in sections["Results"]
    links = re.findall(r"\]\((https://[^)]+)\)", sections["References"])
    assert 8 <= len(links) == len({*links})
    assert ("unet" in sources_of(card)) == ("unet" in card["network"])


def test_every_source_has_a_year_and_a_link():
    for who, title, link in SOURCES.values():
        assert re.search(r" (20[0-2]\d|19\d\d)$", who) and title
        assert link.startswith("https://")


def test_the_curves_go_in_by_themselves(tmp_path):
    card = read_card(write_model(tmp_path / "mine.npz", build_baseline_cnn(2)))[1]
    card["history"] = {"epoch": [1, 2], "loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}
    path = tmp_path / "new" / "report.md"
    assert start_report(path, card)
    assert "](report_curves.png)" in path.read_text()
    assert Image.open(path.parent / "report_curves.png").size[0] > 300
    assert not any("picture" in g for g in find_gaps(path) if g.startswith("Results"))
    path.write_text("mine")
    assert not start_report(path, card) and path.read_text() == "mine"


def test_one_command_starts_reads_and_converts(tmp_path, capsys, report):
    path = tmp_path / "report.md"
    assert main(["report", str(path), "--model", "dog"]) == 0
    said = capsys.readouterr().out
    assert "is written" in said and "Introduction: 5 instructions" in said
    before = path.read_bytes()
    assert main(["report", str(path), "--to", "html", "docx"]) == 0
    assert f"{tmp_path / 'report.docx'}\n" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert main(["report", str(path), "--to", "html"]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main(["report", str(path), "--model", "dog"]) == 1
    assert main(["report", str(tmp_path / "report.txt")]) == 1
    assert "ending in .md" in capsys.readouterr().err
