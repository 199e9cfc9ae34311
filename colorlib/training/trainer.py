"""Training by recipe: data, network, `fit`, weights."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from colorlib.ab_bins import ClassLoss, as_colorizer, bin_centres, rebalancing_weights
from colorlib.data.batches import Batches
from colorlib.data.sets import MIN_CHROMA, PARTS, concatenate, load_pictures
from colorlib.evaluation.network import center_crop, evaluate, summarize
from colorlib.gan import Pix2Pix
from colorlib.metrics.baselines import LightnessTable, mean_ab
from colorlib.metrics.lpips import Lpips
from colorlib.metrics.scores import colourfulness
from colorlib.models import mobilenet_unet
from colorlib.models.cards import read_card, write_card
from colorlib.models.weights import load_weights, save_weights
from colorlib.optimizers import make_optimizer
from colorlib.plotting import plot_history
from colorlib.training.callbacks import (
    PreviewStrip,
    make_tensorboard,
    same_pictures,
    write_gif,
)
from colorlib.training.perceptual import Perceptual
from colorlib.training.recipes import RECIPES, Recipe
from colorlib.training.resume import fit_resumable
from colorlib.training.runtime import set_seed
from colorlib.utils.backends import all_devices, hardware
from colorlib.utils.files import check_writable

# Settings younger than some runs; with these at their defaults such a run goes on.
LATER = (
    "steps_per_epoch",
    "adversarial",
    "start_from",
    "zoom",
    "precision",
    "perceptual",
)


def load_part(recipe, part):
    """Loads one part of a recipe's data sets as `data.Pictures`."""
    return concatenate(
        load_pictures(name, part, recipe.size, recipe.categories, recipe.limit)
        for name in recipe.data
    )


def network_options(recipe):
    """Arguments of the builder of a recipe's network."""
    options = dict(recipe.options)
    if recipe.loss == "classes":
        options["classes"] = len(bin_centres())
    return options


def build_model(recipe, pretrained=False):
    """Builds a recipe's network.

    Args:
        recipe: a `Recipe`.
        pretrained: whether to build it for training: in the recipe's precision, with
            the weights it starts from, or those of ImageNet where it has an encoder.
            Otherwise its weights are random (to load others).
    """
    options = network_options(recipe)
    if recipe.network == "mobilenet_unet" and pretrained and not recipe.start_from:
        options["encoder_weights"] = mobilenet_unet.find_encoder_weights()
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision if pretrained else usual)
    try:
        network = mobilenet_unet.build(recipe.network, **options)
    finally:
        keras.config.set_dtype_policy(usual)
    if recipe.start_from and pretrained:
        load_weights(network, read_card(recipe.start_from)[0])
    return network


def compile_model(network, recipe, steps, train_rgb):
    """Makes a network ready for `fit`: loss, optimizer, and a GAN around it.

    Args:
        network: the recipe's network.
        recipe: a `Recipe`.
        steps: training steps in all, for the schedule.
        train_rgb: uint8 `(N, S, S, 3)`, whose colours are counted for the classes.

    Returns:
        (the model to fit, `phases` for `fit_resumable`).
    """
    optimizer = make_optimizer(recipe, steps)
    if recipe.adversarial:
        game = recipe.adversarial
        discriminator = mobilenet_unet.build_patch_discriminator(game.patch, game.width)
        model = Pix2Pix(network, discriminator, game.l1_weight, game.d_steps, game.kind)
        skipped = steps // recipe.epochs * game.pretrain_epochs
        d_optimizer = make_optimizer(recipe, steps, skipped, game.d_steps)
        model.compile(optimizer, d_optimizer)
        return model, model.phases(game.pretrain_epochs)
    if recipe.perceptual:
        look = recipe.perceptual
        distance = Lpips("vgg", look.taps, recipe.precision)
        model = Perceptual(network, distance, look.weight, look.shrink)
        model.compile(optimizer=optimizer)
        return model, {}
    loss = recipe.loss
    if loss == "classes":
        loss = ClassLoss(rebalancing_weights(train_rgb))
    network.compile(optimizer=optimizer, loss=loss)
    return network, {}


def train(name, folder, verbose="auto", recipe=None, tensorboard=False):
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

    Returns:
        The trained network, with the weights as stored, and its card.

    Raises:
        ValueError: if there is no such recipe.
        FileNotFoundError: if the weights it starts from are not there, at the start.
        errors.DataError: if the data cannot be had.
        OSError: if the folder cannot be written, at the start.
        ImportError: if TensorBoard is asked for and not installed, at the start.
    """
    if recipe is None:
        if name not in RECIPES:
            raise ValueError(f"recipe must be one of {sorted(RECIPES)}, got {name!r}.")
        recipe = RECIPES[name]
    check_writable(folder)
    if recipe.start_from:
        read_card(recipe.start_from)  # what is missing is said before data are loaded
    callbacks = [make_tensorboard(folder)] if tensorboard else []
    set_seed(recipe.seed)
    parts = {part: load_part(recipe, part) for part in PARTS}
    batches = Batches(
        parts["train"].rgb,
        recipe.batch_size,
        crop=recipe.crop,
        seed=recipe.seed,
        steps=recipe.steps_per_epoch,
        zoom=recipe.zoom,
    )
    validation = Batches(
        parts["validation"].rgb, recipe.batch_size, training=False, crop=recipe.crop
    )
    steps = len(batches) * recipe.epochs
    with all_devices():
        network = build_model(recipe, pretrained=True)
        model, phases = compile_model(network, recipe, steps, parts["train"].rgb)
        history = fit_resumable(
            model,
            batches,
            validation,
            recipe.epochs,
            folder,
            [make_strip(network, recipe, parts, folder), *callbacks],
            verbose,
            settings_of(recipe),
            phases,
            keep="last" if recipe.adversarial else "best",
        )
    write_gif(folder, Path(folder) / f"{name}.gif")
    plot_history(history, recipe.title, path=Path(folder) / f"{name}.png")
    weights = Path(folder) / f"{name}.npz"
    save_weights(network, weights)
    if recipe.precision != "float32":
        network = build_model(recipe)
    load_weights(network, weights)  # so that what is evaluated is what is stored
    card = make_card(name, recipe, network, parts, history)
    write_card(weights, card)
    return network, card


def make_strip(network, recipe, parts, folder):
    """Makes the callback that colours six test pictures after each epoch."""
    rgb = center_crop(parts["test"].rgb, recipe.crop)
    train_rgb = center_crop(
        parts["train"].rgb, recipe.crop
    )  # cut alike, to be compared
    # Of each six and its two neighbours the first that is not a training picture.
    spread = np.linspace(0, len(rgb) - 1, 6).astype(int)
    candidates = (np.arange(3)[:, None] + spread).ravel() % len(rgb)  # (18,)
    known = {int(i) for i, _ in same_pictures(rgb[candidates], train_rgb)}
    chosen = [min({i, i + 6, i + 12} - known, default=i) for i in range(6)]
    return PreviewStrip(
        as_colorizer(network), rgb[candidates[chosen]], train_rgb, folder
    )


def settings_of(recipe):
    """What a recipe's run depends on, a dict that JSON can hold."""
    settings = dataclasses.asdict(recipe)
    for without_effect in ("title", "inference_size", "gain"):
        del settings[without_effect]
    first = dataclasses.asdict(Recipe("", (), 0, "", 0))
    for later in LATER:
        if settings[later] == first[later]:
            del settings[later]
    return settings


def make_card(name, recipe, network, parts, history):
    """Evaluates a trained recipe on its test part and writes down what it is.

    Args:
        name: of the model.
        recipe: the `Recipe` it was trained by.
        network: the trained network.
        parts: dict from "train", "validation" and "test" to `data.Pictures`.
        history: from `fit_resumable`.

    Returns:
        The card, a dict that JSON can hold.
    """
    best = int(np.argmin(history["val_loss"]))
    if recipe.adversarial:  # a smaller loss is not a better picture: the last is kept
        best = recipe.epochs - 1
    train_rgb, test_rgb = (
        parts["train"].rgb,
        center_crop(parts["test"].rgb, recipe.crop),
    )
    # Rounded first, so that `evaluate` with what the card holds gives the same table.
    mean = np.round(mean_ab(train_rgb), 2)
    table = LightnessTable(np.round(LightnessTable.fit(train_rgb).ab, 1))
    rows = evaluate(as_colorizer(network), test_rgb, mean, table, name)
    figures, text = summarize(rows, test_rgb)
    steps = recipe.steps_per_epoch or len(train_rgb) // recipe.batch_size
    sets = " + ".join(recipe.data)
    if recipe.categories:
        sets += f" ({', '.join(recipe.categories)})"
    counts = ", ".join(f"{len(parts[p])} {p}" for p in PARTS)
    return {
        "name": name,
        "title": recipe.title,
        "network": recipe.network,
        "options": network_options(recipe),
        "multiple": mobilenet_unet.multiple(recipe.network, **recipe.options),
        "inference_size": recipe.inference_size or recipe.crop or recipe.size,
        "gain": recipe.gain,
        "parameters": network.count_params(),
        "data": f"{sets}: {counts}; pictures of mean chroma below "
        f"{MIN_CHROMA:g} left out",
        "start_from": recipe.start_from,
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "steps": steps * recipe.epochs,
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
