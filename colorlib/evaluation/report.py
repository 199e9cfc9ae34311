"""The report of week 7: a card's facts as a table, and what a report still lacks."""

import re
from pathlib import Path
from urllib.parse import unquote

from colorlib.models.cards import beginning_of
from colorlib.utils.files import write_atomically

# Each section, and what it must have beside words: a pattern, and its name.
LINK = (r"\[[^\]]*\w[^\]]*\]\(https?://\w", "a link")
PICTURE = (r"!\[[^\]]*\]\([^)\s]", "a picture")
SECTIONS = {
    "Introduction": (LINK,),
    "Data and methods": (),
    "Results": ((r"(?m)^\|", "a table"), PICTURE),
    "Discussion": (PICTURE,),
    "Next steps": (),
    "References": (LINK,),
}
# In a section but the references; tables, pictures and instructions are no words.
FEWEST_WORDS = 40
FEWEST_DIFFERENT = 20  # of them: a sentence pasted again and again says nothing
FEWEST_SENTENCES = 3  # different ones
FEWEST_REFERENCES = 3  # different addresses
_PLACEHOLDERS = r"\b(?:TODO|TBD|FIXME|XXX+|(?i:lorem ipsum))\b"
_PICTURES = r"!\[[^\]]*\]\([^)]*\)"


def facts_as_markdown(card):
    """Writes what a card knows of its model as a Markdown table of two columns.

    Args:
        card: from `models.read_card`.

    Returns:
        The table; its figures are those of the card, so that nobody types them.
    """
    facts = {
        "model": card["title"],
        "network": f"{card['network']}, {card['parameters']:,} weights",
        "data": card["data"],
        "held-out pictures": card["test"],
        "training": f"{card['epochs']} epochs, {card['steps']:,} steps of "
        f"{card['batch_size']}, seed {card['seed']}; the best epoch was "
        f"{card['best_epoch']}",
        "time": f"{card['minutes']:.0f} minutes on {card['hardware']}",
        "file": f"{card['bytes'] / 1e6:.1f} MB, SHA-256 `{card['sha256'][:16]}`",
        "again": f"`{card['command']}`",
    }
    if beginning_of(card):
        facts["began with"] = beginning_of(card)
    lines = [f"| {name} | {fact} |" for name, fact in facts.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def write_report(path, title, sections, overwrite=False):
    """Writes a report as a Markdown file, unless there is one.

    Args:
        path: of the file.
        title: the first line.
        sections: dict from each title in `SECTIONS` to its text.
        overwrite: whether a report that is there may be replaced.

    Returns:
        Whether it was written; False where a report was kept.

    Raises:
        ValueError: if the sections are not those of `SECTIONS`, in that order.
    """
    if list(sections) != list(SECTIONS):
        raise ValueError(
            f"a report has the sections {', '.join(SECTIONS)}, in this order; got "
            f"{', '.join(sections) or 'none'}."
        )
    if Path(path).exists() and not overwrite:
        return False
    parts = [f"# {title}"]
    parts += [f"## {name}\n\n{text.strip()}" for name, text in sections.items()]
    write_atomically(path, ("\n\n".join(parts) + "\n").encode())
    return True


def find_gaps(path):
    """Tells what a report still lacks, to be read before it is handed in.

    Args:
        path: of a report, as `write_report` makes it and a person fills it.

    Returns:
        A list of lines such as "Discussion: a picture is missing", empty where nothing
        was found. That a report has no gaps does not make it a good one.
    """
    report = Path(path).read_text(encoding="utf-8")
    found = dict(re.findall(r"(?ms)^## +(.+?) *$\n(.*?)(?=^## |\Z)", report))
    gaps = []
    for name, needed in SECTIONS.items():
        if name not in found:
            gaps.append(f"{name}: the section is missing")
            continue
        lines = found[name].splitlines()
        left = sum(line.startswith(">") for line in lines)
        if left:
            gaps.append(f"{name}: {left} instructions (lines with >) are left")
        own = [line for line in lines if not line.startswith((">", "|", "!["))]
        if placeholder := re.search(_PLACEHOLDERS, " ".join(own)):
            gaps.append(f"{name}: '{placeholder[0]}' is still to be replaced")
        gaps += [f"{name}: {gap}" for gap in _too_few(name, own)]
        own = "\n".join(line for line in lines if not line.startswith(">"))
        without_pictures = re.sub(_PICTURES, "", own)
        for pattern, what in needed:
            if not re.search(pattern, without_pictures if what == "a link" else own):
                gaps.append(f"{name}: {what} is missing")
        for picture in missing_pictures(own, Path(path).parent):
            gaps.append(f"{name}: there is no picture {picture}")
    return gaps


def missing_pictures(text, folder):
    """The pictures that a Markdown text names and that are not in its folder."""
    found = re.findall(r"!\[[^\]]*\]\(\s*(?:<([^>]+)>|([^)\s]+))", text)
    names = [in_brackets or bare for in_brackets, bare in found]
    files = [name for name in names if "://" not in name and name[:5] != "data:"]
    return [
        name
        for name in files
        if not any((Path(folder) / n).is_file() for n in (name, unquote(name)))
    ]


def _too_few(name, lines):
    """What a section's own lines have too few of."""
    if name == "References":
        links = {*re.findall(r"\]\((https?://[^)\s]+)\)", " ".join(lines))}
        counts = [(len(links), FEWEST_REFERENCES, "different links")]
    else:
        text = re.sub(r"\]\([^)]*\)", "]", " ".join(lines))  # addresses are no words
        words = re.findall(r"[^\W\d_]+", text)
        sentences = {part.strip() for part in re.split(r"[.!?:]+(?:\s+|$)", text)}
        counts = [
            (len(words), FEWEST_WORDS, "words"),
            (len({w.casefold() for w in words}), FEWEST_DIFFERENT, "different words"),
            (len(sentences - {""}), FEWEST_SENTENCES, "different sentences"),
        ]
    for count, fewest, what in counts:
        if count < fewest:  # the first says enough
            return [f"{count} {what}, at least {fewest} are needed"]
    return []
