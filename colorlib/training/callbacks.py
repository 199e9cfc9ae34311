"""Watching a training: pictures after each epoch, their film, and TensorBoard."""

import importlib.util
import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

from colorlib.evaluation.network import colorize_batch
from colorlib.utils.files import remove_unfinished, write_atomically

THUMBNAIL = 8  # pixels a side, in which pictures are compared
# Mean difference of two thumbnails, of 255, below which they are the same. Of 847
# held-out landscapes and 4,831 for training five pairs are nearer: one glacier (3.7
# to 5.1) and one forest (9.1), photographed twice. The nearest others have 11.8.
NEAR = 10


def same_pictures(first, second):
    """Finds pictures of one set that are, almost or mirrored, in another.

    Compressed again, enlarged or taken a second later they are found; not if they
    were brightened or cut to another frame.

    Args:
        first: uint8 array `(N, H, W, 3)`.
        second: uint8 array `(M, H, W, 3)`.

    Returns:
        List of pairs (number in `first`, number in `second`).
    """
    small = _thumbnails(second)
    pairs = []
    for i, one in enumerate(_thumbnails(first)):
        for version in (one, one[:, ::-1]):
            differences = np.abs(small - version).mean(axis=(1, 2, 3))
            pairs += [(i, int(j)) for j in np.flatnonzero(differences < NEAR)]
    return pairs


def _thumbnails(rgb):
    small = [
        Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
        for picture in rgb
    ]
    return np.stack([np.asarray(picture, "float32") for picture in small])


class PreviewStrip(keras.callbacks.Callback):
    """After each epoch colours the same held-out pictures and keeps them as a PNG.

    Files are `strip/epoch_000.png` (before training), `epoch_001.png`, ...; each shows
    the pictures side by side. `write_gif` joins them.

    Args:
        network: what colours, `(B, H, W, 1)` -> `(B, H, W, 2)`; it may be a part of the
            model that is trained.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        train_rgb: uint8 array `(M, H, W, 3)`, the training pictures.
        folder: the folder of the run.

    Raises:
        ValueError: if a picture of the strip is, almost or mirrored, a training
            picture; see `same_pictures`.
    """

    def __init__(self, network, rgb, train_rgb, folder):
        """See the class."""
        super().__init__()
        pairs = same_pictures(rgb, train_rgb)
        if pairs:
            raise ValueError(
                f"Picture {pairs[0][0]} of the strip is training picture "
                f"{pairs[0][1]}, or nearly so: choose held-out pictures."
            )
        self.network, self.rgb, self.folder = network, rgb, Path(folder) / "strip"
        remove_unfinished(self.folder)

    def on_epoch_begin(self, epoch, logs=None):
        """Draws the strip of the untrained network; Keras calls it."""
        if int(keras.ops.convert_to_numpy(self.model.optimizer.iterations)) == 0:
            for earlier in self.folder.glob("epoch_*.png"):  # of another run
                earlier.unlink()
            self.draw(epoch)

    def on_epoch_end(self, epoch, logs=None):
        """Draws the strip of an epoch; Keras calls it."""
        self.draw(epoch + 1)

    def draw(self, epoch):
        """Writes the PNG of an epoch."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # JAX trains on copies of the variables
        coloured = colorize_batch(self.network, self.rgb)
        strip = np.concatenate(list(np.round(coloured * 255).astype("uint8")), axis=1)
        data = io.BytesIO()
        Image.fromarray(strip).save(data, "PNG")
        write_atomically(self.folder / f"epoch_{epoch:03d}.png", data.getvalue())


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
