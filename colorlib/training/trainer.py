"""Training by recipe: data, network, `fit`, weights, card."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from colorlib.ab_bins import as_colorizer
from colorlib.data.sets import MIN_CHROMA, PARTS, load_pictures
from colorlib.errors import DataError, WeightsError
from colorlib.evaluation.likely_colors import make_likely_colors
from colorlib.evaluation.near_duplicates import choose_apart, choose_kinds
from colorlib.evaluation.network import (
    center_crop,
    evaluate,
    evaluate_translation,
    mean_picture,
    summarize,
)
from colorlib.metrics.baselines import LightnessTable, mean_ab
from colorlib.metrics.lpips import Lpips
from colorlib.metrics.scores import colourfulness
from colorlib.models.cards import available_models, read_card, write_card
from colorlib.models.hint_unet import takes_hints
from colorlib.models.registry import size_multiple
from colorlib.models.weights import load_weights, save_weights
from colorlib.plotting import plot_history
from colorlib.training.averaging import WeightAverage
from colorlib.training.building import (
    build_model,
    check_recipe,
    compile_model,
    network_options,
)
from colorlib.training.callbacks import (
    PairStrip,
    PreviewStrip,
    make_tensorboard,
    write_gif,
)
from colorlib.training.parts import (
    check_enough,
    load_part,
    make_batches,
    sets_of,
    whole_side,
)
from colorlib.training.recipes import RECIPES
from colorlib.training.resume import fit_resumable, run_lock
from colorlib.training.runtime import set_seed
from colorlib.utils.backends import all_devices, hardware
from colorlib.utils.files import check_writable

# What a card keeps of that of the weights its training started from.
BEFORE = """
    name title data start_from seed epochs steps batch_size best_epoch training_loss
    validation_loss minutes hardware command recipe history before
""".split()
AVERAGE_EVERY = 8  # steps; every one would take a tenth of the time


def train(name, folder, verbose="auto", recipe=None, tensorboard=False, command=None):
    """Trains a recipe and evaluates it, going on where an earlier run stopped.

    Args:
        name: a key of `RECIPES`, or with `recipe` any name.
        folder: where checkpoints, `history.csv` and its curves `<name>.png`, a strip of
            held-out pictures an epoch and its film `<name>.gif`, the float16 weights
            `<name>.npz` of the best epoch (a GAN's: of the last) and their card
            `<name>.json` go.
        verbose: as in `fit`.
        recipe: a `Recipe` of your own, or None for the one of that name.
        tensorboard: whether to write each epoch's losses for TensorBoard, too.
        command: what the card says to train it again, or None for the usual command.

    Returns:
        The trained network, with the weights as stored, and its card.

    Raises:
        ValueError: if there is no such recipe, or one of its settings is wrong or has
            no effect.
        FileNotFoundError: if the weights it starts from are not there, at the start.
        errors.DataError: if the data cannot be had, or are too few.
        errors.BusyError: if another run uses the folder, at the start.
        OSError: if the folder cannot be written, at the start.
        ImportError: if TensorBoard is asked for and not installed, at the start.
    """
    if recipe is None:
        if name not in RECIPES:
            raise ValueError(f"recipe must be one of {sorted(RECIPES)}, got {name!r}.")
        recipe = RECIPES[name]
    check_writable(folder)
    with run_lock(folder):
        return _train(name, folder, verbose, recipe, tensorboard, command)


def _train(name, folder, verbose, recipe, tensorboard, command):
    # What is wrong, missing or has no effect is said before data are loaded.
    recipe = dataclasses.replace(recipe, data=tuple(map(str, recipe.data)))
    check_recipe(recipe)
    for before in filter(None, (recipe.start_from, recipe.encoder_from)):
        read_card(before)
    callbacks = [make_tensorboard(folder)] if tensorboard else []
    set_seed(recipe.seed)
    parts = {part: load_part(recipe, part, part == "train") for part in PARTS}
    check_enough(recipe, parts)
    batches = make_batches(recipe, parts["train"])
    validation = make_batches(recipe, parts["validation"], training=False)
    steps = len(batches) * recipe.epochs
    with all_devices():
        network = build_model(recipe, pretrained=True)
        colours = parts["train"].rgb if recipe.loss == "classes" else None
        model, phases = compile_model(network, recipe, steps, colours)
        average = make_average(model, recipe)
        strip = make_strip(network, recipe, parts, folder, average)
        history = fit_resumable(
            model,
            batches,
            validation,
            recipe.epochs,
            folder,
            [strip, *callbacks],
            verbose,
            settings_of(recipe),
            phases,
            keep="last" if recipe.adversarial else "best",
            average=average,
        )
    folder = Path(folder)
    write_gif(folder, folder / f"{name}.gif")
    curves, title = history, recipe.title
    if recipe.adversarial:  # whose whole loss says little
        curves = {"epoch": history["epoch"]}
        curves |= {"loss": history["g_l1"], "val_loss": history["val_g_l1"]}
        title = f"{title}: L1"
    plot_history(curves, title, path=folder / f"{name}.png")
    weights = folder / f"{name}.npz"
    store(network, weights)
    if recipe.precision != "float32":
        network = build_model(recipe)
    load_weights(network, weights)  # so that what is evaluated is what is stored
    card = make_card(name, recipe, network, parts, history, command)
    write_card(weights, card)
    return network, card


def make_average(model, recipe):
    """The `WeightAverage` of a recipe's compiled model, or None."""
    return recipe.average and WeightAverage(model, recipe.average, AVERAGE_EVERY)


def store(network, path):
    """Saves weights as float16, or as float32 if they are too large for it.

    Args:
        network: a built `keras.Model`.
        path: of the weights file.

    Raises:
        errors.WeightsError: if a weight is not finite.
    """
    try:
        save_weights(network, path)
    except WeightsError as error:
        save_weights(network, path, "float32")
        print(f"{path} is stored as float32: {error}")


def make_strip(network, recipe, parts, folder, average=None):
    """Makes the callback that shows some test pictures after each epoch.

    Six of the recipe's, or the first of each kind of the set that the recipe names as
    `strip`. It takes such that are no near-duplicates of training pictures; if there
    are too few of the recipe's, it says so.

    Args:
        network: of the recipe.
        recipe: a `Recipe`.
        parts: dict with "train" and "test", from `load_part`.
        folder: the folder of the run.
        average: the `WeightAverage` of the model, which then colours, or None.

    Returns:
        `PreviewStrip`, with the pictures as `rgb`, or of a translation `PairStrip`.
    """
    test = parts["test"]
    if recipe.task != "colorize":
        chosen = np.linspace(0, len(test) - 1, min(6, len(test))).astype(int)
        pairs = dataclasses.replace(
            test, inputs=test.inputs[chosen], targets=test.targets[chosen]
        )
        return PairStrip(network, pairs, folder, average)
    # The training pictures are cut alike, to be compared.
    train_rgb = center_crop(parts["train"].rgb, recipe.crop)
    if recipe.strip:
        shown = load_pictures(recipe.strip, "test", whole_side(recipe))
        chosen = choose_kinds(shown.rgb, shown.categories, train_rgb)
        shown_rgb = shown.rgb[chosen]
        return PreviewStrip(as_colorizer(network), shown_rgb, folder, average)
    rgb = center_crop(test.rgb, recipe.crop)
    chosen, near = choose_apart(rgb, train_rgb)
    if near:
        print(
            f"{near} of the {len(chosen)} preview pictures are near-duplicates of "
            "training pictures, for want of others: they show memory, too."
        )
    return PreviewStrip(as_colorizer(network), rgb[chosen], folder, average)


def settings_of(recipe):
    """What a recipe's run depends on, a dict that JSON can hold."""
    settings = dataclasses.asdict(recipe)
    without_effect = ["title", "inference_size", "gain", "strip"]
    # Runs that were begun before there were such settings go on.
    for setting in ("weights", "encoder_from"):
        if getattr(recipe, setting) is None:
            without_effect.append(setting)
    if recipe.schedule == "constant" and not recipe.adversarial:
        without_effect.append("epochs")  # more of them go on with the same run
    for key in without_effect:
        del settings[key]
    return settings


def make_card(name, recipe, network, parts, history, command=None):
    """Evaluates a trained recipe on its test part and writes down what it is.

    Args:
        name: of the model.
        recipe: the `Recipe` it was trained by.
        network: the trained network.
        parts: dict from "train", "validation" and "test" to what `load_part` gives.
        history: from `fit_resumable`.
        command: as for `train`.

    Returns:
        The card, a dict that JSON can hold.
    """
    best, done = int(np.argmin(history["val_loss"])), len(history["val_loss"])
    if recipe.adversarial:  # a smaller loss is not a better picture: the last is kept
        best = done - 1
    steps = recipe.steps_per_epoch or len(parts["train"]) // recipe.batch_size
    counts = ", ".join(f"{len(parts[p])} {p}" for p in PARTS)
    side = whole_side(recipe)
    card = {
        "name": name,
        "title": recipe.title,
        "network": recipe.network,
        "options": network_options(recipe),
        "multiple": size_multiple(recipe.network, **recipe.options),
        "inference_size": recipe.inference_size or side,
        "gain": recipe.gain,
        "parameters": network.count_params(),
        "data": f"{sets_of(recipe)}: {counts}",
        "start_from": recipe.start_from,
        "seed": recipe.seed,
        "epochs": done,  # perhaps more: an earlier run in the folder goes on
        "steps": steps * done,
        "batch_size": recipe.batch_size,
        "best_epoch": best + 1,
        "training_loss": history["loss"][best],
        "validation_loss": history["val_loss"][best],
        "minutes": round(sum(history["seconds"]) / 60, 1),
        "hardware": hardware(),
        "command": command or f"python -m colorlib train {name}",
        "recipe": json.loads(json.dumps(dataclasses.asdict(recipe))),
        "history": {key: _rounded(values) for key, values in history.items()},
    }
    before = recipe.start_from or recipe.encoder_from
    if before not in (None, *available_models()):
        first = read_card(before)[1]  # kept here, for it is not shipped
        card["before"] = {key: first[key] for key in BEFORE if key in first}
    kind, test = "pictures", parts["test"]
    if recipe.task == "colorize":
        card["data"] += f"; pictures of mean chroma below {MIN_CHROMA:g} left out"
        rgb = parts["train"].rgb
        # Rounded, so that `evaluate` with what the card holds gives the same table.
        card["mean_ab"] = [round(float(v), 2) for v in mean_ab(rgb)]
        table = np.round(LightnessTable.fit(rgb).ab.astype("float64"), 1)
        card["lightness_table"] = table.tolist()
        test_rgb = center_crop(test.rgb, recipe.crop)
        if takes_hints(network):
            seen = center_crop(parts["validation"].rgb, recipe.crop)
            card["likely_colors"] = make_likely_colors(network, seen, recipe.gain)
        card["true_colourfulness"] = round(float(colourfulness(test_rgb).mean()), 2)
    else:
        kind, card["kind"] = "pairs", "translation"
        card["data"] += ", reversed" * recipe.reverse
    card["test"] = f"the {len(test)} test {kind} of {sets_of(recipe)}, "
    card["test"] += f"{side} x {side} pixels"
    card["figures"], card["table"], card["notes"] = score_part(
        network, recipe, card, test
    )
    return card


def score_part(network, recipe, card, pictures):
    """Scores a trained network beside the floors.

    Args:
        network: as `load_network` gives it, or of the recipe.
        recipe: the `Recipe`.
        card: dict with "name" and, of a colorizer, "mean_ab" and "lightness_table".
        pictures: from `load_part`.

    Returns:
        (dict of dicts of means, Markdown table, a sentence about what is missing).
    """
    name = card["name"]
    if recipe.task == "colorize":
        rgb = center_crop(pictures.rgb, recipe.crop)
        floors = card["mean_ab"], card["lightness_table"]
        rows = evaluate(as_colorizer(network), rgb, *floors, name)
        return *summarize(rows, rgb), ""
    distance, note = None, ""
    try:
        distance = Lpips()
    except DataError as error:
        note = f"LPIPS not measured: {error}"
    mean = mean_picture(load_part(recipe, "train").targets)
    return *summarize(
        evaluate_translation(network, pictures, mean, distance, name)
    ), note


def _rounded(values):
    """Numbers with five digits, None for what JSON cannot hold."""
    return [float(f"{v:.5g}") if np.isfinite(v) else None for v in values]
