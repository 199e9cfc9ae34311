"""How good is a translation? Errors against the true targets, beside two floors."""

import numpy as np
from keras import ops

from colorlib.data.pairs import scale, unscale
from colorlib.metrics.scores import psnr
from colorlib.metrics.tables import mean_and_interval

DIGITS = {"psnr": 2, "l1": 2, "lpips": 3}
TITLES = {"psnr": "PSNR", "l1": "L1 (of 255)", "lpips": "LPIPS"}


def predict(generator, inputs, batch_size=8):
    """Translates pictures.

    Dropout is off, unlike in the paper, whose networks stay in training mode: one
    picture gets the same translation each time, alone as in a batch.

    Args:
        generator: the network.
        inputs: uint8 array `(N, H, W, C)`.
        batch_size: pictures at a time.

    Returns:
        uint8 array `(N, H, W, C)`.
    """
    pieces = []
    for start in range(0, len(inputs), batch_size):
        batch = scale(inputs[start : start + batch_size])
        pieces.append(unscale(ops.convert_to_numpy(generator(batch, training=False))))
    return np.concatenate(pieces)


def score_translation(targets, predictions, distance=None):
    """Scores translations, picture by picture.

    Args:
        targets: uint8 array `(N, H, W, C)`, the true ones.
        predictions: the same shape.
        distance: `metrics.lpips.Lpips`, or None to leave that out.

    Returns:
        dict from "psnr" (dB), "l1" (mean absolute difference of 255) and, with a
        `distance`, "lpips" to N numbers.
    """
    difference = targets.astype("float64") - predictions
    scores = {
        "psnr": psnr(targets, predictions),
        "l1": np.abs(difference).mean(axis=(1, 2, 3)),
    }
    if distance is not None:
        pairs = zip(as_rgb(targets) / 255.0, as_rgb(predictions) / 255.0)
        values = [distance(a[None], b[None]) for a, b in pairs]
        scores["lpips"] = np.array([float(ops.convert_to_numpy(v)[0]) for v in values])
    return scores


def evaluate_translation(generator, test, mean_target, distance=None, name="network"):
    """Scores a generator and two floors on held-out pairs.

    Args:
        generator: the network.
        test: `data.pairs.Pairs`.
        mean_target: uint8 array `(H, W, C)`, the mean of the training targets: the
            best answer that looks at no input.
        distance: `metrics.lpips.Lpips`, or None.
        name: the network's row.

    Returns:
        dict from "mean target", "input" (which is shown unchanged) and `name` to the
        dict of `score_translation`.
    """
    unchanged = test.inputs
    if unchanged.shape != test.targets.shape:
        unchanged = as_rgb(unchanged)[..., : test.targets.shape[-1]]
    answers = {
        "mean target": np.broadcast_to(mean_target, test.targets.shape),
        "input": unchanged,
        name: predict(generator, test.inputs),
    }
    return {
        row: score_translation(test.targets, answer, distance)
        for row, answer in answers.items()
    }


def summarize_translation(rows):
    """The means of `evaluate_translation`'s rows, and the table to print.

    Returns:
        (dict of dicts of rounded means, Markdown table with 95 % intervals).
    """
    columns = [c for c in DIGITS if c in next(iter(rows.values()))]
    lines = [
        "| | " + " | ".join(TITLES[c] for c in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for row, scores in rows.items():
        cells = [mean_and_interval(scores[c], DIGITS[c]) for c in columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    means = {
        row: {c: round(float(scores[c].mean()), 6) for c in columns}
        for row, scores in rows.items()
    }
    return means, "\n".join(lines)


def mean_picture(pictures):
    """The mean of uint8 pictures `(N, H, W, C)`, pixel by pixel; uint8 `(H, W, C)`."""
    return np.rint(pictures.mean(axis=0, dtype="float64")).astype("uint8")


def as_rgb(pictures):
    """Pictures of one channel as three equal ones; of three, unchanged."""
    repeats = 3 if pictures.shape[-1] == 1 else 1
    return np.repeat(pictures, repeats, axis=-1)
