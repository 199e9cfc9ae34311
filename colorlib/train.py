"""Training by recipe: data, network, `fit`, weights."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from colorlib import models
from colorlib.batches import Batches
from colorlib.cards import write_card
from colorlib.data import MIN_CHROMA, PARTS, concatenate, load_pictures
from colorlib.evaluate import evaluate, middle, summarize
from colorlib.files import check_writable
from colorlib.metrics import LightnessTable, colourfulness, mean_ab
from colorlib.recipes import RECIPES
from colorlib.training import (
    fit_resumable,
    hardware,
    load_weights,
    save_weights,
    set_seed,
)


def load_part(recipe, part):
    """Loads one part of a recipe's data sets as `data.Pictures`."""
    return concatenate(
        load_pictures(name, part, recipe.size, recipe.categories, recipe.limit)
        for name in recipe.data
    )


def build_model(recipe, pretrained=False):
    """Builds a recipe's network.

    Args:
        recipe: a `Recipe`.
        pretrained: whether to start from ImageNet weights where the network has an
            encoder (to train it); otherwise its weights are random (to load them).
    """
    options = dict(recipe.options)
    if recipe.network == "mobilenet_unet" and pretrained:
        options["encoder_weights"] = models.find_encoder_weights()
    return models.build(recipe.network, **options)


def compile_model(model, recipe, steps):
    """Compiles a network with a recipe's loss and optimizer.

    Args:
        model: the network.
        recipe: a `Recipe`.
        steps: training steps in all, for the schedule.
    """
    learning_rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            decay_steps=int(steps * 0.95),
            warmup_target=recipe.learning_rate,
            warmup_steps=max(1, steps - int(steps * 0.95)),
        )
    optimizer = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    model.compile(
        optimizer=optimizer[recipe.optimizer](learning_rate), loss=recipe.loss
    )


def train(name, folder, verbose="auto"):
    """Trains a recipe and evaluates it, going on where an earlier run stopped.

    Args:
        name: a key of `RECIPES`.
        folder: where checkpoints, `history.csv`, the float16 weights `<name>.npz` of
            the best epoch and their card `<name>.json` go.
        verbose: as in `fit`.

    Returns:
        The trained model, with the weights as stored, and its card.

    Raises:
        ValueError: if there is no such recipe.
        fetch.DataError: if the data cannot be had.
        OSError: if the folder cannot be written, at the start.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {sorted(RECIPES)}, got {name!r}.")
    recipe = RECIPES[name]
    check_writable(folder)
    set_seed(recipe.seed)
    parts = {part: load_part(recipe, part) for part in PARTS}
    batches = Batches(
        parts["train"].rgb, recipe.batch_size, crop=recipe.crop, seed=recipe.seed
    )
    validation = Batches(
        parts["validation"].rgb, recipe.batch_size, training=False, crop=recipe.crop
    )
    model = build_model(recipe, pretrained=True)
    compile_model(model, recipe, len(batches) * recipe.epochs)
    settings = dataclasses.asdict(recipe)
    for without_effect in ("title", "inference_size"):
        del settings[without_effect]
    history = fit_resumable(
        model, batches, validation, recipe.epochs, folder, (), verbose, settings
    )
    weights = Path(folder) / f"{name}.npz"
    save_weights(model, weights)
    load_weights(model, weights)  # so that what is evaluated is what is stored
    card = make_card(name, model, parts, history, len(batches))
    write_card(weights, card)
    return model, card


def make_card(name, model, parts, history, steps_per_epoch):
    """Evaluates a trained recipe on its test part and writes down what it is.

    Args:
        name: a key of `RECIPES`.
        model: the trained network.
        parts: dict from "train", "validation" and "test" to `data.Pictures`.
        history: from `fit_resumable`.
        steps_per_epoch: batches in an epoch.

    Returns:
        The card, a dict that JSON can hold.
    """
    recipe = RECIPES[name]
    best = int(np.argmin(history["val_loss"]))
    train_rgb, test_rgb = parts["train"].rgb, middle(parts["test"].rgb, recipe.crop)
    # Rounded first, so that `evaluate` with what the card holds gives the same table.
    mean = np.round(mean_ab(train_rgb), 2)
    table = LightnessTable(np.round(LightnessTable.fit(train_rgb).ab, 1))
    rows = evaluate(model, test_rgb, mean, table, name)
    figures, text = summarize(rows, test_rgb)
    sets = " + ".join(recipe.data)
    if recipe.categories:
        sets += f" ({', '.join(recipe.categories)})"
    counts = ", ".join(f"{len(parts[p])} {p}" for p in PARTS)
    return {
        "name": name,
        "title": recipe.title,
        "network": recipe.network,
        "options": recipe.options,
        "multiple": models.STRIDE[recipe.network],
        "inference_size": recipe.inference_size or recipe.crop or recipe.size,
        "parameters": model.count_params(),
        "data": f"{sets}: {counts}; pictures of mean chroma below "
        f"{MIN_CHROMA:g} left out",
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "steps": steps_per_epoch * recipe.epochs,
        "batch_size": recipe.batch_size,
        "best_epoch": best + 1,
        "training_loss": history["loss"][best],
        "validation_loss": history["val_loss"][best],
        "minutes": round(sum(history["seconds"]) / 60, 1),
        "hardware": hardware(),
        "command": f"python -m colorlib train {name}",
        "test": f"the {len(test_rgb)} test pictures of {sets}, "
        f"{test_rgb.shape[1]} x {test_rgb.shape[2]} pixels",
        "figures": figures,
        "true_colourfulness": round(float(colourfulness(test_rgb).mean()), 2),
        "table": text,
        "mean_ab": [round(float(v), 2) for v in mean],
        "lightness_table": [[round(float(v), 1) for v in row] for row in table.ab],
    }
