"""Training one can trust: seeds, FAST, checkpoints that resume, weights that load."""

import csv
import io
import json
import os
import re
import time
from pathlib import Path

import keras
import numpy as np

from colorlib.files import check_writable, write_atomically

# The lessons' small numbers, for tests and for a first look on a slow machine.
FAST = os.environ.get("COLORLIB_FAST", "0") not in ("", "0")


class WeightsError(ValueError):
    """Weights that are damaged or belong to another network."""


def set_seed(seed):
    """Seeds Python, NumPy and the backend.

    Args:
        seed: int, 0 or more.
    """
    keras.utils.set_random_seed(seed)


def hardware():
    """One line about the machine: accelerator or processor cores, and versions."""
    try:
        devices = keras.distribution.list_devices()
    except (AttributeError, NotImplementedError):  # Keras has no list for PyTorch
        devices = []
    kinds = {str(device).split(":")[0] for device in devices} - {"cpu"}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    machine = (
        " and ".join(sorted(kinds)).upper() or f"{cores or os.cpu_count()} CPU cores"
    )
    return f"{machine}, Keras {keras.__version__} on {keras.backend.backend()}"


def save_weights(model, path, dtype="float16"):
    """Writes a network's weights to one compressed NumPy file.

    Args:
        model: a built `keras.Model`.
        path: file name, usually ending in `.npz`.
        dtype: what floats are stored as. "float16" halves the file and moves ab by
            less than a tenth of a CIE unit; "float32" is exact.

    Raises:
        WeightsError: if a weight is not finite, or too large for `dtype`.
    """
    arrays = {}
    for name, value in _arrays(model.weights).items():
        with np.errstate(over="ignore"):
            stored = value.astype(dtype)
        if not np.isfinite(stored).all():
            raise WeightsError(
                f"{name.partition('|')[2]} has values that {dtype} cannot hold "
                f"(largest {np.abs(value).max():g}). Did training diverge?"
            )
        arrays[name] = stored
    write_atomically(path, _npz(arrays))


def load_weights(model, path):
    """Reads weights written by `save_weights` into a network of the same shape.

    Every array must fit: nothing is skipped, and nothing is set unless all fit.

    Args:
        model: a built `keras.Model`.
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        WeightsError: if the file is damaged, or does not fit the network.
    """
    arrays = _read_npz(path)
    _assign(model.weights, arrays, path)


def fit_resumable(
    model,
    train,
    validation,
    epochs,
    folder,
    callbacks=(),
    verbose="auto",
    settings=None,
):
    """Runs `model.fit` so that a lost session costs at most one epoch.

    After each epoch the folder holds `last.npz` (weights, optimizer, random states,
    history), `best.npz` (weights of the lowest validation loss) and `history.csv`.
    Called again, with more epochs or after a kill, it goes on where it stopped; a
    finished run is only loaded. At the end the model has the best weights.

    Args:
        model: a compiled `keras.Model`.
        train: a `Batches` for training.
        validation: a `Batches` for validation.
        epochs: total number of epochs, those already done included.
        folder: where checkpoints go.
        callbacks: further Keras callbacks.
        verbose: as in `fit`.
        settings: a dict that belongs to the run; a folder with other settings is
            refused.

    Returns:
        The history of all epochs, a dict of lists with `epoch`, `loss`, `val_loss`,
        `seconds` and the model's metrics.

    Raises:
        OSError: if the folder is not writable, at the start.
        WeightsError: if the checkpoint is damaged or of another model or settings.
        ValueError: if a loss is not finite; the epoch before is kept.
    """
    check_writable(folder)
    run = _Run(model, Path(folder), settings or {})
    start = run.restore()
    if start < epochs:
        train.start_at(start)
        model.fit(
            train,
            validation_data=validation,
            epochs=epochs,
            initial_epoch=start,
            shuffle=False,  # `train` shuffles by itself, in a reproducible order
            callbacks=[run, *callbacks],
            verbose=verbose,
        )
    load_weights(model, run.folder / "best.npz")
    return run.history


class _Run(keras.callbacks.Callback):
    """Saves and restores all that a run needs to go on bit by bit the same."""

    def __init__(self, model, folder, settings):
        super().__init__()
        self.network, self.folder = model, folder
        self.settings = json.dumps(settings, sort_keys=True)
        self.history = {}

    def variables(self):
        optimizer = self.network.optimizer
        if not optimizer.built:
            optimizer.build(self.network.trainable_variables)
        return [*self.network.variables, *optimizer.variables]

    def restore(self):
        path = self.folder / "last.npz"
        if not path.exists():
            return 0
        arrays = _read_npz(path)
        if "run" not in arrays:
            raise WeightsError(f"{path} is not a checkpoint; choose another folder.")
        saved = json.loads(str(arrays.pop("run")))
        if saved["settings"] != self.settings:
            raise WeightsError(
                f"{path} belongs to a run with other settings: {saved['settings']}, "
                f"now {self.settings}. Choose another folder, or delete this one."
            )
        _assign(self.variables(), arrays, path)
        self.history = saved["history"]
        return len(self.history["epoch"])

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}}
        row["seconds"] = round(time.perf_counter() - self.began, 1)
        if not np.isfinite([row["loss"], row["val_loss"]]).all():
            raise ValueError(
                f"Training diverged in epoch {epoch + 1}: loss {row['loss']:g}, "
                f"val_loss {row['val_loss']:g}. Try a smaller learning rate, in a new "
                f"folder; {self.folder} keeps the epochs before."
            )
        for key, value in row.items():
            self.history.setdefault(key, []).append(value)
        if np.argmin(self.history["val_loss"]) == epoch:
            save_weights(self.network, self.folder / "best.npz", "float32")
        arrays = _arrays(self.variables())
        run = {"settings": self.settings, "history": self.history}
        arrays["run"] = np.array(json.dumps(run))
        write_atomically(self.folder / "last.npz", _npz(arrays))
        write_history(self.folder / "history.csv", self.history)


def write_history(path, history):
    """Writes a history (a dict of equally long lists) as CSV, a row an epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(history)
    writer.writerows(zip(*history.values()))
    write_atomically(path, text.getvalue().encode())


def read_history(path):
    """Reads a CSV written by `write_history` as a dict of lists of floats."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows] for key in rows[0]}


def _arrays(variables):
    """Values of variables by names that sort in their order."""
    return {
        f"{i:04d}|{v.path}": np.asarray(keras.ops.convert_to_numpy(v))
        for i, v in enumerate(variables)
    }


def _npz(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _read_npz(path):
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each raise their own
        raise WeightsError(
            f"{path} is damaged or not a weights file ({error}). Fetch it again, or "
            "delete it to start anew."
        ) from error


def _assign(variables, arrays, path):
    """Sets variables in their order after checking number, names and shapes."""
    if len(arrays) != len(variables):
        raise WeightsError(
            f"{path} holds {len(arrays)} arrays, the network has {len(variables)}."
        )
    pairs = list(zip(variables, sorted(arrays)))
    for variable, key in pairs:
        stored_path = key.partition("|")[2]
        # Layers that Keras named have another number in each session; the last word
        # (kernel, bias, momentum, ...) stays.
        kinds = {re.split("[/_]", p)[-1] for p in (stored_path, variable.path)}
        if len(kinds) > 1 or tuple(arrays[key].shape) != tuple(variable.shape):
            raise WeightsError(
                f"{path}: {stored_path} {arrays[key].shape} does not fit "
                f"{variable.path} {tuple(variable.shape)}."
            )
    for variable, key in pairs:
        variable.assign(arrays[key])
