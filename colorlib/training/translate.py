"""Training and judging translations: pix2pix from any picture to any other."""

import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from colorlib.data.pairs import PairBatches, load_pairs
from colorlib.data.sets import PARTS
from colorlib.errors import DataError
from colorlib.evaluation.pair_scores import (
    as_rgb,
    evaluate_translation,
    mean_picture,
    predict,
    summarize_translation,
)
from colorlib.gan import Pix2Pix
from colorlib.metrics.lpips import Lpips
from colorlib.models.cards import read_card, write_card
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.models.weights import load_weights, save_weights
from colorlib.optimizers import FusedAdam, HalfLinear
from colorlib.plotting import plot_history
from colorlib.training.callbacks import PreviewStrip, make_tensorboard, write_gif
from colorlib.training.recipes import GanSettings
from colorlib.training.resume import fit_resumable
from colorlib.training.runtime import set_seed
from colorlib.training.translations import TRANSLATIONS, Translation
from colorlib.utils.backends import all_devices, hardware
from colorlib.utils.files import check_writable, remove_unfinished, write_atomically


class PairStrip(PreviewStrip):
    """After each epoch translates the same pairs and keeps them as a PNG.

    A column a pair: input, target, translation. See `callbacks.PreviewStrip`.

    Args:
        generator: the network.
        pairs: `data.pairs.Pairs`, held-out ones.
        folder: the folder of the run.
    """

    def __init__(self, generator, pairs, folder):
        """See the class."""
        keras.callbacks.Callback.__init__(self)
        self.generator, self.pairs = generator, pairs
        self.folder = Path(folder) / "strip"
        remove_unfinished(self.folder)

    def draw(self, epoch):
        """Writes the PNG of an epoch."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # JAX trains on copies of the variables
        rows = (
            self.pairs.inputs,
            self.pairs.targets,
            predict(self.generator, self.pairs.inputs),
        )
        sheet = [np.concatenate(list(as_rgb(row)), axis=1) for row in rows]
        data = io.BytesIO()
        Image.fromarray(np.concatenate(sheet)).save(data, "PNG")
        write_atomically(self.folder / f"epoch_{epoch:03d}.png", data.getvalue())


def network_options(translation, pairs):
    """Arguments of `build_unet` for a translation of such pairs."""
    return {
        "size": translation.size,
        "width": translation.width,
        "inputs": pairs.inputs.shape[-1],
        "outputs": pairs.targets.shape[-1],
        "norm": translation.norm,
        "momentum": translation.momentum,
    }


def build_translator(translation, pairs, steps):
    """Builds and compiles the two networks of a translation.

    Args:
        translation: a `Translation`.
        pairs: `data.pairs.Pairs`, for the numbers of channels.
        steps: training steps in all, for the learning rate.

    Returns:
        A compiled `gan.Pix2Pix`.
    """
    game = translation.adversarial
    options = network_options(translation, pairs)
    generator = build_unet(**options)
    options |= {"patch": game.patch, "width": game.width}
    del options["size"], options["momentum"]
    discriminator = build_patch_discriminator(**options)
    model = Pix2Pix(generator, discriminator, game.l1_weight, game.d_steps, game.kind)
    rate = translation.learning_rate
    skipped = steps // translation.epochs * game.pretrain_epochs
    model.compile(
        FusedAdam(HalfLinear(rate, steps), beta_1=0.5),
        FusedAdam(HalfLinear(rate, steps, skipped, game.d_steps), beta_1=0.5),
    )
    return model


def load_translation(translation, part, jitter=False):
    """Loads a part of a translation's pairs, with `jitter` larger than its `size`."""
    size = translation.size
    return load_pairs(
        translation.data,
        part,
        round(size * translation.jitter) if jitter else size,
        translation.reverse,
        translation.photos,
        translation.limit,
    )


def train(
    name,
    folder,
    verbose="auto",
    translation=None,
    tensorboard=False,
    with_lpips=True,
):
    """Trains a translation and evaluates it, going on where an earlier run stopped.

    Args:
        name: a key of `TRANSLATIONS`, or with `translation` any name.
        folder: where checkpoints, `history.csv`, the curves of the L1 distance
            `<name>.png`, a strip of held-out pairs an epoch and its film `<name>.gif`,
            the float16 weights of the generator `<name>.npz` (of the last epoch) and
            their card `<name>.json` go.
        verbose: as in `fit`.
        translation: a `Translation` of your own, or None for the one of that name.
        tensorboard: whether to write each epoch's losses for TensorBoard, too.
        with_lpips: whether to measure LPIPS, too. If its weights cannot be had, the
            card says so.

    Returns:
        The generator, with the weights as stored, and its card.

    Raises:
        ValueError: if there is no such translation.
        errors.DataError: if the data cannot be had.
        OSError: if the folder cannot be written, at the start.
        ImportError: if TensorBoard is asked for and not installed, at the start.
    """
    if translation is None:
        if name not in TRANSLATIONS:
            raise ValueError(
                f"translation must be one of {sorted(TRANSLATIONS)}, got {name!r}."
            )
        translation = TRANSLATIONS[name]
    check_writable(folder)
    callbacks = [make_tensorboard(folder)] if tensorboard else []
    set_seed(translation.seed)
    parts = {
        part: load_translation(translation, part, jitter=part == "train")
        for part in PARTS
    }
    batches = PairBatches(
        parts["train"],
        translation.batch_size,
        crop=translation.size,
        seed=translation.seed,
        steps=translation.steps_per_epoch,
    )
    validation = PairBatches(parts["validation"], translation.batch_size, False)
    steps = batches.steps * translation.epochs
    with all_devices():
        model = build_translator(translation, parts["train"], steps)
        history = fit_resumable(
            model,
            batches,
            validation,
            translation.epochs,
            folder,
            [PairStrip(model.generator, _spread(parts["test"]), folder), *callbacks],
            verbose,
            settings_of(translation),
            model.phases(translation.adversarial.pretrain_epochs),
            keep="last",
        )
    folder = Path(folder)
    write_gif(folder, folder / f"{name}.gif")
    curves = {"epoch": history["epoch"]}
    curves |= {"loss": history["g_l1"], "val_loss": history["val_g_l1"]}
    plot_history(curves, f"{translation.title}: L1", path=folder / f"{name}.png")
    weights = folder / f"{name}.npz"
    save_weights(model.generator, weights)
    load_weights(model.generator, weights)  # what is evaluated is what is stored
    card = make_card(name, translation, model.generator, parts, history, with_lpips)
    write_card(weights, card)
    return model.generator, card


def settings_of(translation):
    """What a translation's run depends on, a dict that JSON can hold."""
    settings = dataclasses.asdict(translation)
    del settings["title"]
    return settings


def _spread(pairs, count=6):
    """Some of the pairs, evenly spread."""
    chosen = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(int)
    inputs, targets = pairs.inputs[chosen], pairs.targets[chosen]
    return dataclasses.replace(pairs, inputs=inputs, targets=targets)


def make_card(name, translation, generator, parts, history, with_lpips=True):
    """Evaluates a trained translation on its test pairs and writes down what it is.

    Args:
        name: of the model.
        translation: the `Translation` it was trained by.
        generator: the trained network.
        parts: dict from "train", "validation" and "test" to `data.pairs.Pairs`.
        history: from `fit_resumable`.
        with_lpips: whether to measure LPIPS.

    Returns:
        The card, a dict that JSON can hold.
    """
    test = parts["test"]
    rows, note = _rows(name, translation, generator, test, with_lpips)
    figures, text = summarize_translation(rows)
    steps = translation.steps_per_epoch or (
        len(parts["train"]) // translation.batch_size
    )
    counts = ", ".join(f"{len(parts[part])} {part}" for part in PARTS)
    source = translation.data
    if source == "edges":
        source += f" of {translation.photos}"
    return {
        "name": name,
        "title": translation.title,
        "kind": "translation",
        "network": "unet",
        "options": network_options(translation, test),
        "translation": dataclasses.asdict(translation),
        "parameters": generator.count_params(),
        "data": f"{source}{', reversed' * translation.reverse}: {counts}",
        "seed": translation.seed,
        "epochs": translation.epochs,
        "steps": steps * translation.epochs,
        "batch_size": translation.batch_size,
        "training_l1": history["g_l1"][-1],
        "validation_l1": history["val_g_l1"][-1],
        "minutes": round(sum(history["seconds"]) / 60, 1),
        "hardware": hardware(),
        "command": f"python -m colorlib train {name}",
        "test": f"the {len(test)} test pairs of {source}, {translation.size} x "
        f"{translation.size} pixels",
        "figures": figures,
        "lpips": note,
        "table": text,
    }


def load_translator(model):
    """Loads a trained translation.

    Args:
        model: path of the weights `<name>.npz`, with the card beside it.

    Returns:
        (the generator, its `Translation`, its card).

    Raises:
        FileNotFoundError: if there is no such file.
        WeightsError: if the file is not the one of its card.
    """
    path, card = read_card(model)
    settings = dict(card["translation"])
    settings["adversarial"] = GanSettings(**settings["adversarial"])
    generator = build_unet(**card["options"])
    load_weights(generator, path)
    return generator, Translation(**settings), card


def evaluate_again(model, part="test", limit=None):
    """Scores a trained translation on its pairs; the table, as text.

    Args:
        model: path of the weights, with the card beside it.
        part: "train", "validation" or "test".
        limit: as in `data.pairs.load_pairs`, or None for the one of the training.
    """
    generator, translation, card = load_translator(model)
    asked = dataclasses.replace(translation, limit=limit or translation.limit)
    pairs = load_translation(asked, part)
    rows, note = _rows(card["name"], translation, generator, pairs)
    table = summarize_translation(rows)[1]
    return f"{part}: {len(pairs)} pairs; LPIPS: {note}\n\n{table}"


def _rows(name, translation, generator, pairs, with_lpips=True):
    """The rows of `evaluate_translation`, and a sentence about LPIPS."""
    distance, note = None, "not measured"
    if with_lpips:
        try:
            distance, note = Lpips(), "AlexNet, version 0.1"
        except DataError as error:
            note = f"not measured: {error}"
    mean = mean_picture(load_translation(translation, "train").targets)
    return evaluate_translation(generator, pairs, mean, distance, name), note
