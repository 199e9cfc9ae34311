"""A report as a web page, a Word document or a PDF."""

import tempfile
import warnings
from pathlib import Path

from colorlib.evaluation.report import missing_pictures
from colorlib.utils.files import check_writable, write_atomically

FORMATS = ("html", "docx", "pdf")
# What every figure and table of a page needs; pandoc's own style is for other widths.
_STYLE = """<style>
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5;
  font-family: system-ui, sans-serif; color: #222; background: #fff; }
img { max-width: 100%; } figure { margin: 1rem 0; } figcaption { color: #555; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }
</style>"""


def export_report(path, formats=FORMATS, overwrite=False):
    """Converts a report to other formats, its pictures included, beside it.

    Pandoc reads the Markdown and writes HTML and Word; Typst sets the PDF.

    Args:
        path: of the Markdown file, its first line `# ` and the title.
        formats: some of `FORMATS`.
        overwrite: whether files that are there may be replaced.

    Returns:
        List of the paths written, in the order of `formats`.

    Raises:
        ValueError: if a format is not known, or a picture of the report is not there.
        FileNotFoundError: if there is no such report.
        FileExistsError: if a file is there already, before anything is written.
        ImportError: if pypandoc or typst is not installed.
        OSError: if the folder cannot be written.
    """
    path = Path(path)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ValueError(
            f"formats must be some of {', '.join(FORMATS)}, got {list(formats)}."
        )
    text = path.read_text(encoding="utf-8")
    if missing := missing_pictures(text, path.parent):
        raise ValueError(f"{path}: there is no picture {', '.join(missing)}.")
    targets = [path.with_suffix(f".{name}") for name in formats]
    there = [str(target) for target in targets if target.exists()]
    if there and not overwrite:
        raise FileExistsError(
            f"{', '.join(there)} is there already and may have been edited. Move it "
            "away, or say --overwrite (in Python overwrite=True)."
        )
    check_writable(path.parent)
    pandoc, typst = _converters("pdf" in formats)
    for name, target in zip(formats, targets):
        write_atomically(target, _convert(path, text, name, pandoc, typst))
    return targets


def _converters(pdf):
    needed = ["pypandoc_binary", *(["typst"] if pdf else [])]
    try:
        import pypandoc

        typst = None
        if pdf:
            import typst
        pypandoc.get_pandoc_version()
    except (ImportError, OSError) as error:
        raise ImportError(
            f"to convert a report: pip install {' '.join(needed)} ({error})"
        ) from error
    return pypandoc, typst


def _convert(path, text, name, pandoc, typst):
    # The first heading is the title; the sections move up by one.
    options = ["--standalone", "--shift-heading-level-by=-1", "--wrap=preserve"]
    options.append(f"--resource-path={path.parent.resolve()}")
    # Lists and quotes may follow a line of text at once, as everywhere but in pandoc.
    source = "markdown+lists_without_preceding_blankline-blank_before_blockquote"
    with tempfile.TemporaryDirectory() as folder:
        if name == "html":
            style = Path(folder) / "style.html"
            style.write_text(_STYLE)
            options += ["--embed-resources", "--mathml", f"--include-in-header={style}"]
        if name == "pdf":
            made = pandoc.convert_text(text, "typst", source, extra_args=options)
            # Typst reads files below its root alone, by their paths from there.
            draft = path.with_name(f".{path.stem}.typ")
            try:
                draft.write_text(made, encoding="utf-8")
                return typst.compile(draft, root=path.parent)
            finally:
                draft.unlink(missing_ok=True)
        target = Path(folder) / f"report.{name}"
        with warnings.catch_warnings(record=True):
            pandoc.convert_text(
                text, name, source, outputfile=str(target), extra_args=options
            )
        return target.read_bytes()
