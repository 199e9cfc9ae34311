"""The figures of many model cards side by side, as Markdown tables."""

import json
from pathlib import Path

from colorlib.metrics.baselines import BASELINES
from colorlib.models.cards import WEIGHTS_FOLDER, available_models, read_card
from colorlib.utils.paths import DATA

# Cards alone, without weights: what each rung of the ladder measured.
LADDER_FOLDER = DATA / "ladder"
LADDER = {
    "ladder_l2": "pix2pix U-Net, L2",
    "ladder_l1": "the same, L1",
    "ladder_classes": "the same, classes of colour, rebalanced",
    "ladder_gan": "the same, L1 and a PatchGAN",
}


def figures_as_markdown(folder=WEIGHTS_FOLDER, models=None):
    """Writes the main figures of a folder's cards as one table.

    Args:
        folder: where the weights and cards lie.
        models: names of the models in the table, or None for all.

    Returns:
        A Markdown table, a row a model: its squared error of ab / 128 beside those of
        the baselines, its PSNR beside grey's, its colourfulness beside the truth's.
    """
    lines = [
        "| model | held-out pictures | MSE | grey | mean colour | lightness table "
        "| PSNR (grey) | colourfulness (truth) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in available_models(folder) if models is None else models:
        card = read_card(name, folder)[1]
        rows = card["figures"]
        own = rows[name]
        errors = " | ".join(f"{rows[row]['ab_mse']:.4f}" for row in BASELINES)
        lines.append(
            f"| {name} | {card['test']} | **{own['ab_mse']:.4f}** | {errors} | "
            f"{own['psnr']:.2f} ({rows['grey']['psnr']:.2f}) | "
            f"{own['colourfulness']:.1f} ({card['true_colourfulness']:.1f}) |"
        )
    return "\n".join(lines)


def benchmark_as_markdown(card):
    """Writes a card's benchmark (see `colorlib.evaluation.benchmark`) as one table.

    Args:
        card: with `benchmark`, a list of dicts of `data`, `pictures` and
            `headline_metrics`.

    Returns:
        A Markdown table, a row a metric: its target, and its value with its 95 %
        interval on each set of pictures.
    """
    sets = card["benchmark"]  # the first has every metric
    heads = [f"{part['data']} ({part['pictures']})" for part in sets]
    lines = [
        f"| {card['name']} | target | {' | '.join(heads)} |",
        "|---" * (len(sets) + 2) + "|",
    ]
    for title, first in sets[0]["headline_metrics"].items():
        cells = [title, first["target"]]
        for part in sets:
            found = part["headline_metrics"].get(title)
            low, high = found["interval"] if found else (0, 0)
            cells.append(
                f"{found['value']:.2f} [{low:.2f}, {high:.2f}]" if found else ""
            )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ladder_as_markdown(folder=LADDER_FOLDER):
    """Writes the figures of the loss ladder as one table, for the README.

    Args:
        folder: where the rungs' cards `<name>.json` lie; those missing are left out.

    Returns:
        A Markdown table: the baselines, then a row a rung. All were measured on the
        same pictures.

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
    baselines = {k: v for k, v in first["figures"].items() if k != first["name"]}
    rows = {LADDER[name]: card["figures"][name] for name, card in cards.items()}
    lines = [
        "| coloured by | PSNR | MSE (ab/128) | ab MAE | CIEDE2000 | colourfulness |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row} | {f['psnr']:.2f} | {f['ab_mse']:.4f} | {f['ab_mae']:.2f} | "
        f"{f['ciede2000']:.2f} | {f['colourfulness']:.1f} |"
        for row, f in {**baselines, **rows}.items()
    ]
    truth = first["true_colourfulness"]
    return "\n".join([*lines, f"| truth | | 0 | 0 | 0 | {truth:.1f} |"])
