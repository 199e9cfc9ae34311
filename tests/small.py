"""What several test modules share: small pictures, and a small stored model."""

import contextlib
import io
import threading
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
# The colour that the network of `constant_model` gives to every pixel, CIE units.
CONSTANT_AB = (18.0, -12.0)
# What the card of `write_hint_model` says is likely.
LIKELY_COLORS = {
    "L_step": 25,
    "levels": [
        {"ab_step": 20, "cells": {"2,0,0": "60,40,30 10,-50,20", "3,0,0": "0,60,20"}},
        {"ab_step": 999, "cells": {f"{L},0,0": "-40,30,9 40,-60,5" for L in range(5)}},
    ],
}


def encode(image, kind="PNG", **options):
    """A picture (of Pillow or an array) as the bytes of a file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@contextlib.contextmanager
def held_elsewhere(lock):
    """Another thread holds a lock (a context manager) while the block runs."""
    taken, over = threading.Event(), threading.Event()

    def hold():
        with lock:
            taken.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(5)
    try:
        yield
    finally:
        over.set()
        thread.join()


def photograph(path, level=130, size=(40, 30), **options):
    """Writes a grey photograph with a dark corner; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (level,) * 3)
    image.paste((30, 30, 30), (0, 0, 8, 8))
    image.save(path, **options)
    return path


def write_model(path, network, /, **entries):
    """Stores a network with a card that has every entry."""
    from colorlib.models.cards import write_card
    from colorlib.models.weights import save_weights

    save_weights(network, path)
    card = {
        "name": path.stem,
        "title": "For the tests",
        "network": "baseline_cnn",
        "options": {"filters": 2},
        "multiple": 8,
        "inference_size": 32,
        "parameters": network.count_params(),
        "data": "none",
        "seed": 0,
        "epochs": 1,
        "steps": 1,
        "batch_size": 1,
        "best_epoch": 1,
        "training_loss": 0.02,
        "validation_loss": 0.03,
        "minutes": 0.0,
        "hardware": "2 CPU cores",
        "command": f"python -m colorlib train {path.stem}",
        "test": "none",
        "table": "| | PSNR |\n|---|---|\n| grey | 25.00 |",
        "mean_ab": [1.0, 2.0],
        "lightness_table": [[0.0, 0.0]] * 101,
    }
    write_card(path, {**card, **entries})
    return path


def write_hint_model(path):
    """Stores a network that gives a place the colour that it is told, and its card.

    What is near follows, whatever it is; elsewhere are colours of random weights.
    """
    import keras

    from colorlib.models.hint_unet import build_hint_unet

    keras.utils.set_random_seed(0)
    options = {"widths": [8, 8, 8, 8, 8]}
    network = build_hint_unet(**options)
    kernel = network.get_layer("ab").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.5, kernel.shape))
    kernel = network.get_layer("alike_2").kernel
    kernel.assign(np.zeros(kernel.shape))
    (reach,) = network.get_layer("reach").weights
    reach.assign(np.full(reach.shape, 40.0))
    entries = {"network": "hint_unet", "options": options, "multiple": 32}
    entries |= {"inference_size": 96, "gain": 1.3, "likely_colors": LIKELY_COLORS}
    return write_model(path, network, title="Takes hints", **entries)
