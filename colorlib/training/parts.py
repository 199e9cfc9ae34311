"""The parts of a recipe's data: loaded, counted, cut into batches."""

from pathlib import Path

import numpy as np

from colorlib.data.batches import Batches, PairBatches
from colorlib.data.catalog import DATA_SETS
from colorlib.data.pairs import DRAWINGS, PAIR_SETS, load_pairs
from colorlib.data.sets import PARTS, concatenate, load_pictures
from colorlib.errors import DataError

TASKS = ("colorize", "pairs", *DRAWINGS)
FEW = 20  # test pictures below which `train` says that they are few


def load_part(recipe, part, jitter=False):
    """Loads one part of a recipe's data sets.

    Args:
        recipe: a `Recipe`.
        part: "train", "validation" or "test".
        jitter: of a translation, whether to load pairs of the recipe's `size`, from
            which training cuts squares, instead of those of side `inference_size`, or
            else `crop`, that are translated whole.

    Returns:
        `data.Pictures`, or of a translation `data.pairs.Pairs`.

    Raises:
        ValueError: if a setting is out of range.
        errors.DataError: if the data cannot be had.
    """
    if recipe.task == "colorize":
        if recipe.weights and len(recipe.weights) != len(recipe.data):
            raise ValueError(
                f"weights must be one number for each of {recipe.data}, got "
                f"{recipe.weights}."
            )
        return concatenate(
            load_pictures(name, part, recipe.size, recipe.categories, recipe.limit)
            for name in recipe.data
        )
    if recipe.task not in TASKS or len(recipe.data) != 1:
        raise ValueError(
            f"task must be one of {TASKS}, and data one set of pairs, or of pictures "
            f"to be drawn, got {recipe.task!r} and {recipe.data}."
        )
    (source,) = recipe.data
    name = recipe.task if recipe.task in DRAWINGS else source
    size = recipe.size if jitter else whole_side(recipe)
    return load_pairs(name, part, size, recipe.reverse, source, recipe.limit)


def whole_side(recipe):
    """Side in pixels of the held-out pictures of a recipe."""
    side = recipe.crop or recipe.size
    return side if recipe.task == "colorize" else recipe.inference_size or side


def check_enough(recipe, parts):
    """Says what is missing where there are too few pictures, before they train.

    Args:
        recipe: a `Recipe`.
        parts: dict from "train", "validation" and "test" to what `load_part` gives.

    Raises:
        errors.DataError: if the training part does not fill an epoch, or another part
            is empty.
    """
    counts = {part: len(pictures) for part, pictures in parts.items()}
    needed = recipe.batch_size * (recipe.steps_per_epoch or 1)
    if counts["train"] < needed or not all(counts.values()):
        found = ", ".join(f"{counts[part]} for {part}" for part in PARTS)
        raise DataError(
            f"{sets_of(recipe)}: too few pictures: {found}. The recipe needs at least "
            f"{needed} for train and 1 for each of the others, about "
            f"{round(needed / 0.8) + 5} in all: a tenth is kept for the test, a tenth "
            "of the others for validation. Add pictures, or take a recipe of smaller "
            "batches."
        )
    if counts["test"] < FEW:
        print(f"Only {counts['test']} test pictures: they prove little.")


def sets_of(recipe):
    """A recipe's data sets in a few words."""
    names = [n if n in {*DATA_SETS, *PAIR_SETS} else Path(n).name for n in recipe.data]
    text = " + ".join(names)
    if recipe.categories:
        text += f" ({', '.join(recipe.categories)})"
    if recipe.task in DRAWINGS:
        text = f"{recipe.task} of {text}"
    return text


def make_batches(recipe, pictures, training=True):
    """Makes the batches of a recipe, `data.batches.Batches` or `PairBatches`.

    Args:
        recipe: a `Recipe`.
        pictures: from `load_part`, with `jitter` for training.
        training: whether for training, or for validation.
    """
    options = {"training": training, "crop": recipe.crop}
    if training:
        options |= {"seed": recipe.seed, "steps": recipe.steps_per_epoch}
    if recipe.task != "colorize":
        if not training:
            options["crop"] = None  # whole, as in the test
        return PairBatches(pictures, recipe.batch_size, **options)
    options |= {"zoom": recipe.zoom, "hints": recipe.hints}
    if training and recipe.weights:
        options["weights"] = np.repeat(recipe.weights, pictures.joined)
    return Batches(pictures.rgb, recipe.batch_size, **options)
