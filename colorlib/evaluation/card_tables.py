"""The figures of model cards as Markdown tables."""

import json
from pathlib import Path

from colorlib.models.cards import WEIGHTS_FOLDER, available_models, read_card
from colorlib.utils.paths import DATA

# Cards alone, without weights: what each rung of the ladder measured.
LADDER_FOLDER = DATA / "ladder"


LADDER = {
    "ladder_l2": "pix2pix U-Net, L2",
    "ladder_l1": "the same, L1",
    "ladder_classes": "the same, classes of colour, rebalanced",
    "ladder_gan": "the same, L1 and a PatchGAN",
    "quality_l1": "MobileNet U-Net, L1",
    "quality_gan": "the same, L1 and a PatchGAN",
}


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
        "This page is made from the cards (`*.json`) by `python -m colorlib cards`; "
        "do not edit it. Intervals are 95 % bootstrap intervals of the mean over "
        "pictures; MSE is of ab / 128. Rows without a network are the floors.",
        "",
        "The pictures came from a mirror folder (`COLORLIB_MIRROR`), not from the "
        "addresses that the loaders use: `landscapes` is the Intel scene set at 150 "
        "px, `photos` a mix of ImageNet samples, Imagenette, Corel-1000, the NIPS 2017 "
        "development set, cats, food, clothes, weather and COCO, `flowers` the "
        "flowers-recognition set, `dogs` Imagewoof, all at 160 px, and `cifar10` its "
        "pictures as JPEG files of quality 75. The same command on Kaggle's landscapes "
        "gives a sibling, not the same weights. The encoder of `general` began with "
        "the ImageNet weights of MobileNetV2 (Apache-2.0). `comics` are panels of "
        "Pepper&Carrot by David Revoy (CC BY 4.0), split by episode.",
    ]
    for name in available_models(folder):
        card = read_card(name, folder)[1]
        text += [
            "",
            f"## {name}",
            "",
            f"{card['title']}. {card['parameters']:,} weights, "
            f"{card['bytes'] / 1e6:.1f} MB (float16), SHA-256 `{card['sha256'][:16]}`.",
            "",
            f"- Data: {card['data']}.",
            f"- Training: from {_beginning(card)}, seed {card['seed']}, "
            f"{card['epochs']} epochs "
            f"({card['steps']:,} steps of {card['batch_size']}), best epoch "
            f"{card['best_epoch']}, {card['minutes']:.0f} minutes on "
            f"{card['hardware']}.",
            f"- At the best epoch: validation loss {card['validation_loss']:.5f}, "
            f"training loss {card['training_loss']:.5f} (ratio "
            f"{card['validation_loss'] / card['training_loss']:.2f}).",
            *(f"- {note}" for note in card.get("notes", ())),
            f"- Again: `{card['command']}`",
            "",
            f"Held-out pictures: {card['test']}.",
            "",
            card["table"],
        ]
    return "\n".join(text) + "\n"


def _beginning(card):
    if card.get("start_from"):
        return f"the weights `{card['start_from']}`"
    if card["network"] == "mobilenet_unet":
        return "an encoder trained on ImageNet"
    return "random weights"


def figures_as_markdown(folder=WEIGHTS_FOLDER):
    """Writes the main figures of a folder's cards as one table, for the README.

    Args:
        folder: where the weights and cards lie.

    Returns:
        A Markdown table, a row a model: its squared error of ab / 128 beside those of
        the floors, its PSNR beside grey's, its colourfulness beside the truth's.
    """
    lines = [
        "| model | held-out pictures | MSE | grey | mean colour | lightness table "
        "| PSNR (grey) | colourfulness (truth) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in available_models(folder):
        card = read_card(name, folder)[1]
        rows = card["figures"]
        own, floors = rows[name], ("grey", "mean colour", "lightness table")
        errors = " | ".join(f"{rows[floor]['ab_mse']:.4f}" for floor in floors)
        lines.append(
            f"| {name} | {card['test']} | **{own['ab_mse']:.4f}** | {errors} | "
            f"{own['psnr']:.2f} ({rows['grey']['psnr']:.2f}) | "
            f"{own['colourfulness']:.1f} ({card['true_colourfulness']:.1f}) |"
        )
    return "\n".join(lines)


def benchmark_as_markdown(card):
    """Writes a card's benchmark (see `colorlib.evaluation.benchmark`) as one table.

    Args:
        card: with `benchmark`, a list of dicts of `data`, `pictures` and `marks`.

    Returns:
        A Markdown table, a row a mark: its aim, and its value with its 95 % interval on
        each set of pictures.
    """
    sets = card["benchmark"]  # the first has every mark
    heads = [f"{part['data']} ({part['pictures']})" for part in sets]
    lines = [
        f"| {card['name']} | aim | {' | '.join(heads)} |",
        "|---" * (len(sets) + 2) + "|",
    ]
    for mark, first in sets[0]["marks"].items():
        words = zip(("at least", "at most"), first["aim"])
        aims = [f"{word} {value:g}" for word, value in words if value is not None]
        cells = []
        for part in sets:
            found = part["marks"].get(mark)
            low, high = found["interval"] if found else (0, 0)
            cells.append(
                f"{found['value']:.2f} [{low:.2f}, {high:.2f}]" if found else ""
            )
        lines.append(f"| {mark} | {', '.join(aims)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ladder_as_markdown(folder=LADDER_FOLDER):
    """Writes the figures of the loss ladder as one table, for the README.

    Args:
        folder: where the rungs' cards `<name>.json` lie; those missing are left out.

    Returns:
        A Markdown table: the floors, then a row a rung. All were measured on the same
        pictures.

    Raises:
        FileNotFoundError: if there is no card.
    """
    cards = {
        name: json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
        for name in LADDER
        if (Path(folder) / f"{name}.json").is_file()
    }
    if not cards:
        raise FileNotFoundError(f"{folder} holds no card of {', '.join(LADDER)}.")
    first = next(iter(cards.values()))
    floors = {k: v for k, v in first["figures"].items() if k != first["name"]}
    rows = {LADDER[name]: card["figures"][name] for name, card in cards.items()}
    lines = [
        "| coloured by | PSNR | MSE (ab/128) | ab MAE | CIEDE2000 | colourfulness |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row} | {f['psnr']:.2f} | {f['ab_mse']:.4f} | {f['ab_mae']:.2f} | "
        f"{f['ciede2000']:.2f} | {f['colourfulness']:.1f} |"
        for row, f in {**floors, **rows}.items()
    ]
    truth = first["true_colourfulness"]
    return "\n".join([*lines, f"| truth | | 0 | 0 | 0 | {truth:.1f} |"])


def with_figures(readme, folder=WEIGHTS_FOLDER, ladder=LADDER_FOLDER):
    """Puts today's figures between the README's marks.

    The marks are `figures`, `benchmark` and `ladder`.

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
        "figures": figures_as_markdown(folder),
        "ladder": ladder_as_markdown(ladder),
        "benchmark": "\n\n".join(
            benchmark_as_markdown(card)
            for card in (
                read_card(name, folder)[1] for name in available_models(folder)
            )
            if "benchmark" in card
        ),
    }
    for mark, table in tables.items():
        before, begin, rest = readme.partition(
            f"<!-- {mark}: python -m colorlib cards -->"
        )
        _, end, after = rest.partition(f"<!-- end of {mark} -->")
        if not begin or not end:
            raise ValueError(f"README.md has lost its marks '<!-- {mark}' ... -->.")
        readme = f"{before}{begin}\n{table}\n{end}{after}"
    return readme
