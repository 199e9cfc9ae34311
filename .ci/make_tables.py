"""Writes README.md's tables and the pages of weights anew, from the cards.

Run from the repository: `python .ci/make_tables.py`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.evaluation.card_tables import (  # noqa: E402
    LADDER_FOLDER,
    benchmark_as_markdown,
    figures_as_markdown,
    ladder_as_markdown,
)
from colorlib.models.cards import (  # noqa: E402
    ON_IMAGENET,
    TRANSLATIONS_FOLDER,
    WEIGHTS_FOLDER,
    available_models,
    beginning_of,
    read_card,
)
from colorlib.utils.files import write_atomically  # noqa: E402

MODELS = ("flagship", "landscape", "dog")  # the rows of the README
_BENCHMARK = (
    "As photographs are coloured (`evaluate --benchmark`): by `colorize`, at 256 x 256 "
    "pixels, on test photographs of the sets it learned from, and on Kodak's 24 "
    "pictures, which come from elsewhere. *top-1* is the share of pictures whose class "
    "a classifier still knows."
)


def main(root=ROOT, folder=WEIGHTS_FOLDER, translations=TRANSLATIONS_FOLDER):
    """Rewrites the three pages.

    Args:
        root: where README.md lies.
        folder: where the weights and cards lie, and their README.md.
        translations: the same of the networks that translate.
    """
    readme = root / "README.md"
    text = with_figures(readme.read_text(encoding="utf-8"), folder)
    pages = {
        folder / "README.md": cards_as_markdown(folder),
        translations / "README.md": translations_as_markdown(translations),
        readme: text,
    }
    for page, content in pages.items():
        write_atomically(page, content.encode())
    print(f"rewritten from the cards: {', '.join(map(str, pages))}")


def cards_as_markdown(folder=WEIGHTS_FOLDER):
    """Writes the cards of a folder as one Markdown page.

    Args:
        folder: where the weights and cards lie.

    Returns:
        The text of `data/weights/README.md`.
    """
    text = [
        "# The weights that come with the course",
        "",
        "This page is made from the cards (`*.json`) by `python .ci/make_tables.py`; "
        "do not edit it. Intervals are 95 % bootstrap intervals of the mean over "
        "pictures; MSE is of ab / 128. Rows without a network are the floors.",
        "",
        "The pictures came from a mirror folder (`COLORLIB_MIRROR`), not from the "
        "addresses that the loaders use: `landscapes` is the Intel scene set at 150 "
        "px, `photos` a mix of ImageNet samples, Imagenette, Corel-1000, the NIPS 2017 "
        "development set, cats, food, clothes, weather and COCO, `flowers` the "
        "flowers-recognition set, `dogs` Imagewoof, all at 160 px, `more` photographs "
        "of people in streets and in sport, clothes, rooms, vehicles, objects and food "
        "at 128 px, and `cifar10` its pictures as JPEG files of quality 75. `extra` is "
        "what the loader makes of 17 public repositories: faces (3,657), sport (6,000),"
        " objects, shelves of food, rooms and clothes. Of `more` and `extra` everything"
        " was left out that is near a picture of a test part. The same command on "
        "Kaggle's landscapes gives a sibling, not the same weights. The encoder of "
        "`flagship` began with the ImageNet weights of MobileNetV2 (Apache-2.0). "
        "`comics` are panels of Pepper&Carrot by David Revoy (CC BY 4.0), split by "
        "episode.",
    ]
    text += ["", "## All models", "", figures_as_markdown(folder)]
    for name in available_models(folder):
        card = read_card(name, folder)[1]
        text += _section(
            card,
            f"- At the best epoch: validation loss {card['validation_loss']:.5f}, "
            f"training loss {card['training_loss']:.5f} (ratio "
            f"{card['validation_loss'] / card['training_loss']:.2f}).",
            *_before(card),
        )
        if "benchmark" in card:
            text += ["", _BENCHMARK, "", benchmark_as_markdown(card)]
    return "\n".join(text) + "\n"


def translations_as_markdown(folder=TRANSLATIONS_FOLDER):
    """Writes the cards of the networks that translate as one Markdown page.

    Args:
        folder: where their weights and cards lie.

    Returns:
        The text of `data/translations/README.md`.
    """
    text = [
        "# The weights of lessons 09 and 10",
        "",
        "This page is made from the cards (`*.json`) by `python .ci/make_tables.py`; "
        "do not edit it. Intervals are 95 % bootstrap intervals of the mean over "
        "pictures; L1 is the mean absolute difference of 255. Rows without a network "
        "are the floors: the mean of the training targets, and the input itself.",
    ]
    for name in available_models(folder):
        text += _section(read_card(name, folder)[1])
    return "\n".join(text) + "\n"


def _section(card, *lines):
    """The lines about one card; `lines` come between its facts and its notes."""
    notes = card.get("notes") or []  # a string where the training itself wrote it
    return [
        "",
        f"## {card['name']}",
        "",
        f"{card['title']}. {card['parameters']:,} weights, "
        f"{card['bytes'] / 1e6:.1f} MB (float16), SHA-256 `{card['sha256'][:16]}`.",
        "",
        f"- Data: {card['data']}.",
        f"- Training: from {_beginning(card)}, seed {card['seed']}, "
        f"{card['epochs']} epochs ({card['steps']:,} steps of {card['batch_size']}), "
        f"best epoch {card['best_epoch']}, {card['minutes']:.0f} minutes on "
        f"{card['hardware']}.",
        *lines,
        *(f"- {note}" for note in ([notes] if isinstance(notes, str) else notes)),
        f"- Again: `{card['command']}`",
        "",
        f"Held-out pictures: {card['test']}.",
        "",
        card["table"],
    ]


def _beginning(card):
    if beginning_of(card):
        return beginning_of(card)
    if card["network"] in ON_IMAGENET:
        return "an encoder trained on ImageNet"
    return "random weights"


def _before(card):
    """A line for each training that came before, the last one first."""
    while card := card.get("before"):
        yield (
            f"- Before it `{card['name']}`, which is not shipped: {card['title']}. "
            f"Data: {card['data']}. From {_beginning(card)}, seed {card['seed']}, "
            f"{card['epochs']} epochs ({card['steps']:,} steps of "
            f"{card['batch_size']}), {card['minutes']:.0f} minutes on "
            f"{card['hardware']}; validation loss {card['validation_loss']:.5f}. "
            f"Again: `{card['command']}`"
        )


def with_figures(readme, folder=WEIGHTS_FOLDER, ladder=LADDER_FOLDER):
    """Puts today's figures between the README's marks.

    The marks are `figures` and `ladder`.

    Args:
        readme: the text of the README.
        folder: where the weights and cards lie.
        ladder: where the cards of the ladder lie.

    Returns:
        The new text.

    Raises:
        ValueError: if a mark is missing.
    """
    tables = {
        "figures": figures_as_markdown(
            folder, [name for name in MODELS if name in available_models(folder)]
        ),
        "ladder": ladder_as_markdown(ladder),
    }
    for mark, table in tables.items():
        before, begin, rest = readme.partition(
            f"<!-- {mark}: python .ci/make_tables.py -->"
        )
        _, end, after = rest.partition(f"<!-- end of {mark} -->")
        if not begin or not end:
            raise ValueError(f"README.md has lost its marks '<!-- {mark}' ... -->.")
        readme = f"{before}{begin}\n{table}\n{end}{after}"
    return readme


if __name__ == "__main__":
    main()
