"""The benchmark: a colorizer as people use it, on pictures of 256 pixels."""

import json

import numpy as np
from keras import ops
from tqdm import tqdm

from colorlib.colorize.colorizer import Colorizer
from colorlib.data.sets import check_some, load_pictures
from colorlib.evaluation.classifier import Classifier, find_labels
from colorlib.images.picture import Picture
from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from colorlib.metrics.baselines import BASELINES, LightnessTable, baseline_ab
from colorlib.metrics.intervals import bootstrap_interval
from colorlib.metrics.lpips import Lpips
from colorlib.metrics.scores import SHOWN_COLUMNS, colourfulness, score
from colorlib.metrics.tables import STYLES, format_table, mean_and_interval
from colorlib.models.cards import read_card
from colorlib.utils.files import write_atomically

SIDE = 256


def benchmark(colorize, rgb, mean, table, distance, classify, labels=None, name="it"):
    """Colours pictures with a colorizer and the baselines, and scores what is shown.

    Args:
        colorize: function of a uint8 picture `(H, W, 3)`, of whose colours it makes no
            use, that returns the coloured one.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures, at least 32 pixels.
        mean: `(2,)`, mean colour of the training pictures, CIE units.
        table: `metrics.LightnessTable` of the training pictures.
        distance: `metrics.lpips.Lpips`.
        classify: function of uint8 pictures `(K, H, W, 3)` that gives K classes.
        labels: int array `(N,)` of the true classes, -1 where not known; None takes
            what `classify` says of the true pictures.
        name: the colorizer's row.

    Returns:
        (rows, truth): dicts from a row's name, and of the true pictures, to a dict of
        a column's name and N numbers; `top1` has as many as there are labels.
    """
    columns = (*SHOWN_COLUMNS, "lpips")
    rows = {row: {column: [] for column in columns} for row in (*BASELINES, name)}
    classes = []
    for real in tqdm(rgb, name, delay=2, leave=False, disable=None):
        L = rgb8_to_lab(real)[..., :1]
        answers = [
            lab_to_rgb8(np.concatenate([L, ab], axis=-1))
            for ab in baseline_ab(L[..., 0], mean, table).values()
        ] + [colorize(real)]
        distances = ops.convert_to_numpy(
            distance(np.stack([real] * len(answers)) / 255.0, np.stack(answers) / 255.0)
        )
        found = score(np.stack([real] * len(answers)), np.stack(answers))
        found["lpips"] = distances
        for column, values in found.items():
            for scores, value in zip(rows.values(), values):
                scores[column].append(value)
        classes.append(classify(np.stack([real, *answers])))
    classes = np.array(classes)  # (N, 1 + rows)
    labels = classes[:, 0] if labels is None else np.asarray(labels)
    right = (classes == labels[:, None])[labels >= 0]
    for row, (scores, hits) in enumerate(zip(rows.values(), right.T[1:])):
        scores["top1"] = hits
    rows = {
        row: {column: np.array(v, "float64") for column, v in scores.items() if len(v)}
        for row, scores in rows.items()
    }
    truth = {"colourfulness": colourfulness(rgb), "top1": right[:, 0].astype(float)}
    return rows, {column: v for column, v in truth.items() if len(v)}


def differences(rows, name):
    """What a colorizer's scores have over each baseline's, picture by picture.

    Args:
        rows: from `benchmark`.
        name: the colorizer's row.

    Returns:
        dict from a baseline to a dict of a column and its N differences.
    """
    return {
        row: {column: rows[name][column] - values for column, values in scores.items()}
        for row, scores in rows.items()
        if row != name
    }


def format_differences(rows, name):
    """Writes `differences` as a Markdown table: mean, and 95 % interval."""
    found = differences(rows, name)
    columns = [c for c in next(iter(found.values())) if c != "colourfulness"]
    lines = ["| | " + " | ".join(STYLES[c][0] for c in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for row, values in found.items():
        cells = [mean_and_interval(values[c], STYLES[c][1], "+") for c in columns]
        lines.append(f"| {name} - {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


# What a colorizer should reach: lowest and highest value, None where there is none.
TARGETS = {
    "LPIPS / grey's": (None, 0.65),
    "PSNR - grey's, dB": (1.5, None),
    "PSNR - lightness table's, dB": (1.0, None),
    "colourfulness / truth's": (0.75, 1.25),
    "top-1 - grey's": (0.6, None),  # times the next one
    "truth's top-1 - grey's": (None, None),  # what its colours tell the classifier
}


def headline_metrics(rows, truth, name):
    """The numbers that `TARGETS` is about, with 95 % intervals.

    Args:
        rows: from `benchmark`.
        truth: from `benchmark`.
        name: the colorizer's row.

    Returns:
        dict from a key of `TARGETS` to a dict: `value`; `interval`, (low, high), of a
        difference that of the differences picture by picture; `target`, in words;
        `reached`, None where there is no target. The two of top-1 are left out where no
        picture has a label.
    """
    ours, grey, table = rows[name], rows["grey"], rows["lightness table"]
    found = [
        _ratio(ours["lpips"], grey["lpips"]),
        _difference(ours["psnr"], grey["psnr"]),
        _difference(ours["psnr"], table["psnr"]),
        _ratio(ours["colourfulness"], truth["colourfulness"]),
    ]
    if "top1" in truth:
        found.append(_difference(ours["top1"], grey["top1"]))
        found.append(_difference(truth["top1"], grey["top1"]))
    metrics = {}
    for (title, (least, most)), (value, interval) in zip(TARGETS.items(), found):
        bounds = zip(("at least", "at most"), (least, most))
        words = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
        if title == "top-1 - grey's":
            words, least = [f"{words[0]} of the truth's"], least * found[-1][0]
        metrics[title] = {
            "value": value,
            "interval": interval,
            "target": ", ".join(words),
            "reached": is_reached(value, least, most) if words else None,
        }
    return metrics


def _ratio(above, below):
    values = np.stack([above, below], axis=1)
    value = float(np.divide(*values.mean(axis=0)))
    return value, bootstrap_interval(values, of=np.divide)


def _difference(ours, theirs):
    values = ours - theirs
    return float(values.mean()), bootstrap_interval(values)


def is_reached(value, least=None, most=None):
    """Whether a value is at least the one and at most the other."""
    return (least is None or value >= least) and (most is None or value <= most)


def format_headline_metrics(metrics):
    """Writes `headline_metrics` as a Markdown table."""
    lines = ["| | measured | target | reached |", "|---|---|---|---|"]
    words = {True: "yes", False: "no", None: ""}
    for title, metric in metrics.items():
        low, high = metric["interval"]
        measured = f"{metric['value']:.2f} [{low:.2f}, {high:.2f}]"
        cells = (title, measured, metric["target"], words[metric["reached"]])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def run_benchmark(model, data="photos", part="test", size=SIDE, limit=None, path=None):
    """Runs the benchmark of one model on one data set, for the command line.

    Args:
        model: as for `colorize.Colorizer`.
        data: a data set, or a folder, zip or tar of pictures.
        part: of the data set.
        size: side in pixels; the short side of each picture is brought to it and the
            middle square cut.
        limit: at most so many pictures, or None.
        path: a JSON file to write all figures to, or None.

    Returns:
        Markdown text.

    Raises:
        errors.DataError: if the data cannot be had, or their part is empty.
    """
    card = read_card(model)[1]
    colorizer, name = Colorizer(model), card["name"]
    pictures = load_pictures(data, part, size, limit=limit)
    check_some(pictures, data, part)
    labels = find_labels(pictures.names, pictures.categories)
    labelled = int((labels >= 0).sum())
    table = LightnessTable(np.asarray(card["lightness_table"], "float32"))
    rows, truth = benchmark(
        lambda rgb: colorizer.colorize(Picture(rgb)).rgb,
        pictures.rgb,
        card["mean_ab"],
        table,
        Lpips("alex"),
        Classifier().classes,
        labels if labelled else None,
        name,
    )
    metrics = headline_metrics(rows, truth, name)
    known = (
        f"Top-1 is of the {labelled} pictures whose ImageNet class is known."
        if labelled
        else "No ImageNet class is known: top-1 is how often the classifier says what "
        "it says of the true picture."
    )
    if path is not None:
        report = {
            "model": name,
            "sha256": card["sha256"],
            "data": str(data),
            "part": part,
            "size": size,
            "pictures": len(pictures),
            "labelled": labelled,
            "figures": {row: _numbers(scores) for row, scores in rows.items()},
            "truth": _numbers(truth),
            "differences": {
                row: _numbers(values) for row, values in differences(rows, name).items()
            },
            "headline_metrics": metrics,
        }
        text = json.dumps(_finite(report), indent=1) + "\n"
        write_atomically(path, text.encode())
    return "\n\n".join(
        [
            f"{name} on {data}, {part}: {pictures.describe()}. {known}",
            format_table(rows, pictures.rgb, top1=truth["top1"].mean()),
            format_differences(rows, name),
            format_headline_metrics(metrics),
        ]
    )


def _numbers(scores):
    return {
        column: {
            "mean": float(values.mean()),
            "interval": bootstrap_interval(values),
        }
        for column, values in scores.items()
    }


def _finite(report):
    """The same with None for numbers that JSON cannot hold."""
    if isinstance(report, dict):
        return {key: _finite(value) for key, value in report.items()}
    if isinstance(report, (list, tuple)):
        return [_finite(value) for value in report]
    unknown = isinstance(report, float) and not np.isfinite(report)
    return None if unknown else report
