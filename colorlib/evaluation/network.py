"""Evaluation of a trained network on held-out pictures, beside the floors."""

import keras
import numpy as np
from keras import ops

from colorlib.data.pairs import as_rgb, scale, unscale
from colorlib.lab import lab_to_rgb, rgb8_to_lab, scale_L, unscale_ab
from colorlib.metrics.baselines import LightnessTable, score_baselines
from colorlib.metrics.scores import psnr, score
from colorlib.metrics.tables import format_table
from colorlib.models.hint_unet import without_hints


def predict_ab(
    network: keras.Model, rgb: np.ndarray, batch_size: int = 32
) -> np.ndarray:
    """Predicts the colours of many pictures of one size.

    Args:
        network: a network of `colorlib.models`; it gets no hints.
        rgb: uint8 array `(N, H, W, 3)`; only its L* is used.
        batch_size: pictures at a time.

    Returns:
        float32 array `(N, H, W, 2)`, CIE units.
    """
    network, pieces = without_hints(network), []
    for start in range(0, len(rgb), batch_size):
        L = scale_L(rgb8_to_lab(rgb[start : start + batch_size])[..., :1])
        ab = network(L, training=False)
        pieces.append(unscale_ab(ops.convert_to_numpy(ab)))
    return np.concatenate(pieces)


def colorize_batch(network: keras.Model, rgb: np.ndarray) -> np.ndarray:
    """Colours many pictures of one size, keeping their lightness.

    Args:
        network: a network of `colorlib.models`.
        rgb: uint8 array `(N, H, W, 3)`; only its L* is used.

    Returns:
        float32 array `(N, H, W, 3)`, sRGB in [0, 1].
    """
    L = rgb8_to_lab(rgb)[..., :1]
    return lab_to_rgb(np.concatenate([L, predict_ab(network, rgb)], axis=-1))


def center_crop(rgb: np.ndarray, side: int | None) -> np.ndarray:
    """Cuts the middle square of pictures.

    Args:
        rgb: array `(N, H, W, 3)`.
        side: of the square in pixels, at most H and W; None keeps the whole pictures.

    Returns:
        The same dtype, `(N, side, side, 3)`. Where an odd number of pixels is cut off,
        one more goes at the bottom or right.
    """
    if side is None:
        return rgb
    top, left = (rgb.shape[1] - side) // 2, (rgb.shape[2] - side) // 2
    return rgb[:, top : top + side, left : left + side]


def evaluate(
    network: keras.Model,
    rgb: np.ndarray,
    mean: np.ndarray,
    table: LightnessTable | np.ndarray,
    name: str = "network",
) -> dict:
    """Scores a network and the floors on the same pictures.

    Args:
        network: a network of `colorlib.models`.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        mean: `(2,)`, mean colour of the training pictures, CIE units.
        table: `metrics.LightnessTable` of the training pictures, or its `(101, 2)`.
        name: the network's row.

    Returns:
        dict from a row's name to the dict of `metrics.score`.
    """
    if not isinstance(table, LightnessTable):
        table = LightnessTable(np.asarray(table, "float32"))
    rows = score_baselines(rgb, mean, table)
    rows[name] = score(rgb, predict_ab(network, rgb))
    return rows


def summarize(rows: dict, rgb: np.ndarray | None = None) -> tuple:
    """The means of a network's and the floors' scores, and the table to print.

    Args:
        rows: from `evaluate` or `evaluate_translation`.
        rgb: the pictures that were scored by `evaluate`.

    Returns:
        (dict of dicts of rounded means, Markdown table).
    """
    means = {
        row: {key: round(float(values.mean()), 6) for key, values in scores.items()}
        for row, scores in rows.items()
    }
    return means, format_table(rows, rgb)


def translate_batch(network, inputs, batch_size=8):
    """Translates pictures.

    Dropout is off, unlike in the paper, whose networks stay in training mode: one
    picture gets the same translation each time, alone as in a batch.

    Args:
        network: a `models.build_unet` that was trained on pairs.
        inputs: uint8 array `(N, H, W, C)`.
        batch_size: pictures at a time.

    Returns:
        uint8 array `(N, H, W, C)`.
    """
    pieces = []
    for start in range(0, len(inputs), batch_size):
        batch = scale(inputs[start : start + batch_size])
        pieces.append(unscale(ops.convert_to_numpy(network(batch, training=False))))
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


def evaluate_translation(network, pairs, mean_target, distance=None, name="network"):
    """Scores a translating network and two floors on held-out pairs.

    Args:
        network: as for `translate_batch`.
        pairs: `data.pairs.Pairs`.
        mean_target: uint8 array `(H, W, C)`, the mean of the training targets: the
            best answer that looks at no input.
        distance: `metrics.lpips.Lpips`, or None.
        name: the network's row.

    Returns:
        dict from "mean target", "input" (which is shown unchanged) and `name` to the
        dict of `score_translation`.
    """
    unchanged = pairs.inputs
    if unchanged.shape != pairs.targets.shape:
        unchanged = as_rgb(unchanged)[..., : pairs.targets.shape[-1]]
    answers = {
        "mean target": np.broadcast_to(mean_target, pairs.targets.shape),
        "input": unchanged,
        name: translate_batch(network, pairs.inputs),
    }
    return {
        row: score_translation(pairs.targets, answer, distance)
        for row, answer in answers.items()
    }


def mean_picture(pictures):
    """The mean of uint8 pictures `(N, H, W, C)`, pixel by pixel; uint8 `(H, W, C)`."""
    return np.rint(pictures.mean(axis=0, dtype="float64")).astype("uint8")
