"""Watching a training: pictures after each epoch, their film, and TensorBoard."""

import importlib.util
import io
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

from colorlib.data.pairs import as_rgb
from colorlib.evaluation.network import colorize_batch, translate_batch
from colorlib.utils.backends import sync_state
from colorlib.utils.files import remove_unfinished, write_atomically


class PreviewStrip(keras.callbacks.Callback):
    """After each epoch colours the same held-out pictures and keeps them as a PNG.

    Files are `strip/epoch_000.png` (before training), `epoch_001.png`, ...; each shows
    the pictures side by side. `write_gif` joins them.

    Args:
        network: what colours, `(B, H, W, 1)` -> `(B, H, W, 2)`; it may be a part of the
            model that is trained.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        folder: the folder of the run.
        average: the `WeightAverage` of the model, which then colours, or None.
    """

    def __init__(self, network, rgb, folder, average=None):
        super().__init__()
        self.network, self.rgb, self.folder = network, rgb, Path(folder) / "strip"
        self.average = average
        remove_unfinished(self.folder)

    def on_epoch_begin(self, epoch, logs=None):
        """Draws the strip of the untrained network; Keras calls it."""
        if int(keras.ops.convert_to_numpy(self.model.optimizer.iterations)) == 0:
            for earlier in self.folder.glob("epoch_*.png"):  # of another run
                earlier.unlink()
            self.write(epoch)

    def on_epoch_end(self, epoch, logs=None):
        """Draws the strip of an epoch; Keras calls it."""
        self.write(epoch + 1)

    def write(self, epoch):
        """Writes the PNG of an epoch."""
        sync_state(self.model)
        data = io.BytesIO()
        with self.average.applied() if self.average else nullcontext():
            Image.fromarray(self.draw()).save(data, "PNG")
        write_atomically(self.folder / f"epoch_{epoch:03d}.png", data.getvalue())

    def draw(self):
        """The pictures coloured, side by side: uint8 `(H, N W, 3)`."""
        coloured = colorize_batch(self.network, self.rgb)
        return np.concatenate(list(np.round(coloured * 255).astype("uint8")), axis=1)


class PairStrip(PreviewStrip):
    """After each epoch translates the same pairs: a column of three a pair.

    Args:
        network: what translates; see `PreviewStrip`.
        pairs: `data.pairs.Pairs`, held-out ones.
        folder: the folder of the run.
        average: as for `PreviewStrip`.
    """

    def __init__(self, network, pairs, folder, average=None):
        super().__init__(network, as_rgb(pairs.targets), folder, average)
        self.inputs = pairs.inputs

    def draw(self):
        """Inputs, targets and translations: uint8 `(3 H, N W, 3)`."""
        translated = translate_batch(self.network, self.inputs)
        rows = (as_rgb(self.inputs), self.rgb, as_rgb(translated))
        return np.concatenate([np.concatenate(list(r), axis=1) for r in rows])


def read_strips(folder):
    """Reads the strips of a run.

    Args:
        folder: the folder of the run.

    Returns:
        dict from epoch (0 is before training) to uint8 array `(H, N W, 3)`.

    Raises:
        FileNotFoundError: if there is none.
    """
    paths = sorted((Path(folder) / "strip").glob("epoch_*.png"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no strips: train with a Strip first.")
    strips = {}
    for path in paths:
        with Image.open(path) as picture:
            strips[int(path.stem[6:])] = np.asarray(picture.convert("RGB"))
    return strips


def write_gif(folder, path, seconds=0.4):
    """Joins the strips of a run to an animated GIF, the epoch written on each.

    Args:
        folder: the folder of the run.
        path: of the GIF.
        seconds: how long each epoch is shown; the last stays five times as long.

    Raises:
        FileNotFoundError: if there are no strips.
    """
    frames = []
    for epoch, strip in read_strips(folder).items():
        frame = Image.fromarray(np.pad(strip, ((14, 0), (0, 0), (0, 0))))
        ImageDraw.Draw(frame).text((2, 1), f"epoch {epoch}", fill="white")
        frames.append(frame)
    times = [int(1000 * seconds)] * (len(frames) - 1) + [int(5000 * seconds)]
    data = io.BytesIO()
    frames[0].save(
        data, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0
    )
    write_atomically(path, data.getvalue())


def make_tensorboard(folder):
    """Makes the callback that writes each epoch's losses for TensorBoard.

    Args:
        folder: the folder of the run; the files go into `tensorboard` below it, to be
            shown by `tensorboard --logdir FOLDER`.

    Raises:
        ImportError: if TensorBoard or TensorFlow is not installed.
    """
    for package in ("tensorflow", "tensorboard"):  # TensorFlow no longer brings it
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                f"TensorBoard needs the package {package}: pip install {package}"
            )
    log_dir = str(Path(folder) / "tensorboard")
    return keras.callbacks.TensorBoard(log_dir, write_graph=False)
