"""Training that survives a lost session: `fit` that goes on where it stopped."""

import csv
import io
import json
import time
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np

from colorlib.errors import WeightsError
from colorlib.models.weights import (
    arrays_of,
    as_array,
    assign_arrays,
    load_weights,
    read_arrays,
    save_weights,
)
from colorlib.utils.backends import sync_state
from colorlib.utils.files import (
    check_writable,
    file_lock,
    remove_unfinished,
    write_atomically,
)


def run_lock(folder):
    """Keeps other runs out of a run's folder while the block of its `with` runs.

    Raises:
        BusyError: if another thread or process trains in it now.
    """
    busy = (
        f"Another run is training in {folder} now. Wait for it, stop it, or choose "
        "another folder."
    )
    return file_lock(Path(folder) / ".training.lock", busy)


def fit_resumable(
    model: keras.Model,
    train: keras.utils.PyDataset,
    validation: keras.utils.PyDataset,
    epochs: int,
    folder: str | Path,
    callbacks: list | tuple = (),
    verbose: str | int = "auto",
    settings: dict | None = None,
    phases: dict | None = None,
    keep: str = "best",
    save_seconds: float = 300,
    average: keras.callbacks.Callback | None = None,
) -> dict:
    """Runs `model.fit` so that a lost session costs minutes.

    The folder holds `last.npz` (weights, optimizers, random states, the means of the
    epoch so far, history), `best.npz` (weights of the lowest validation loss) and
    `history.csv`. Called again, with more epochs or after a kill at any moment, it goes
    on where it stopped, in the middle of an epoch too; a finished run is only loaded.

    Args:
        model: a compiled `keras.Model`.
        train: a `Batches` for training.
        validation: a `Batches` for validation.
        epochs: total number of epochs, those already done included.
        folder: where checkpoints go; while one run uses it, another is refused.
        callbacks: further Keras callbacks. They begin anew after a kill: what they
            remember is not saved. An epoch whose end was cut off may reach them twice.
            If one of them stops the training, another call goes on with it.
        verbose: as in `fit`.
        settings: a dict that belongs to the run; a folder with other settings is
            refused.
        phases: dict from an epoch (counted from 0) to a function without arguments,
            called before it: to change the model between two epochs. After a kill only
            the function of the present phase is called, perhaps once more. The best
            epoch is sought in the last phase.
        keep: "best" or "last", the weights that the model has at the end.
        save_seconds: time between two checkpoints inside an epoch; one is written
            after every epoch in any case.
        average: a new `averaging.WeightAverage` of the model, which is then what is
            validated, stored as best, and left in the model at the end; or None.

    Returns:
        The history of all epochs, a dict of lists with `epoch`, `loss`, `val_loss`,
        `seconds` and the model's metrics.

    Raises:
        BusyError: if another run uses the folder, at the start.
        OSError: if the folder is not writable or the disk has too little room for the
            checkpoints, at the start.
        WeightsError: if the checkpoint is damaged or of another model or settings.
        ValueError: if `epochs` or `keep` is out of range, a batch cannot be divided
            evenly among the devices, or a loss is not finite; the last checkpoint with
            finite weights is kept.

    Example:
        >>> import tempfile
        >>> from colorlib.data import load_pictures
        >>> from colorlib.data.batches import Batches
        >>> from colorlib.models import build_baseline_cnn
        >>> from colorlib.training import fit_resumable
        >>> rgb = load_pictures("samples", "test", size=16).rgb
        >>> train = Batches(rgb[:8], batch_size=4)
        >>> validation = Batches(rgb[8:12], batch_size=4, training=False)
        >>> model = build_baseline_cnn(filters=2)
        >>> model.compile("adam", "mse")
        >>> folder = tempfile.mkdtemp()
        >>> fit_resumable(model, train, validation, 1, folder, verbose=0)["epoch"]
        [1]
        >>> fit_resumable(model, train, validation, 3, folder, verbose=0)["epoch"]
        [1, 2, 3]
    """
    if keep not in ("best", "last") or epochs < 1:
        raise ValueError(
            f'keep must be "best" or "last" and epochs at least 1, got {keep!r} and '
            f"{epochs}."
        )
    devices = _devices(model)
    if devices > 1:
        _check_even(train, devices)
        validation = _Joined(validation, devices)
    phases = phases or {}
    run = _Run(model, train, Path(folder), settings or {}, sorted(phases), save_seconds)
    run.average = average
    check_writable(folder)
    with run_lock(folder):
        remove_unfinished(folder, age=0)
        check_writable(folder, run.room())
        run.restore()
        callbacks = [*callbacks, *([average] if average else [])]
        _fit(run, validation, epochs, callbacks, verbose, phases)
        if keep == "best":
            load_weights(model, run.folder / "best.npz")
        elif average:
            average.swap()
    return run.history


def _fit(run, validation, epochs, callbacks, verbose, phases):
    model, train = run.network, run.train
    check = keras.callbacks.LambdaCallback(on_epoch_end=run.check_loss)
    while run.epoch < epochs:
        begun = [epoch for epoch in phases if epoch <= run.epoch]
        if begun:
            phases[max(begun)]()
        # Keras asks for an epoch's length once a `fit`: what is left of an epoch is a
        # `fit` of its own, and so is each phase.
        later = [epoch for epoch in phases if epoch > run.epoch]
        until = run.epoch + 1 if run.step else min([epochs, *later])
        if run.step and len(model.metrics_variables) < len(run.means):
            model.test_on_batch(*validation[0])  # makes the variables of all metrics
        train.start_at(run.epoch, run.step)  # `fit` asks for its length at once
        model.fit(
            train,
            validation_data=validation,
            epochs=until,
            initial_epoch=run.epoch,
            shuffle=False,  # `train` shuffles by itself, in a reproducible order
            # The checkpoint comes last: what the others write and change is in it.
            callbacks=[check, *callbacks, run],
            verbose=verbose,
        )
        if model.stop_training or run.epoch < until:  # a callback stopped it
            break


def _devices(model):
    # Keras knows a strategy on TensorFlow only; JAX has its own rules.
    strategy = getattr(model, "distribute_strategy", None)
    return strategy.num_replicas_in_sync if strategy else 1


def _check_even(train, devices):
    count = _count(train[0])
    if count % devices:
        raise ValueError(
            f"{count} pictures a batch cannot be divided evenly among {devices} "
            "devices. Take another batch size, or hide some devices from TensorFlow "
            "(CUDA_VISIBLE_DEVICES=0 leaves the first)."
        )


def _count(batch):
    return len(keras.tree.flatten(batch)[0])


class _Joined(keras.utils.PyDataset):
    """Batches without a last one that has fewer pictures than there are devices.

    A device without a picture fails in a convolution, or its mean of nothing makes
    the loss NaN. Such a batch is joined to the one before.
    """

    def __init__(self, batches, devices):
        super().__init__()
        self.batches, self.count = batches, len(batches)
        if self.count > 1 and _count(batches[self.count - 1]) < devices:
            self.count -= 1

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        parts = [self.batches[index]]
        if index == self.count - 1 < len(self.batches) - 1:
            parts.append(self.batches[index + 1])
        return keras.tree.map_structure(lambda *a: np.concatenate(a), *parts)


class _Run(keras.callbacks.Callback):
    """Saves and restores all that a run needs to go on bit by bit the same."""

    def __init__(self, model, train, folder, settings, phases, save_seconds):
        super().__init__()
        self.network, self.train, self.folder = model, train, folder
        self.settings = json.dumps(settings, sort_keys=True)
        self.phases, self.save_seconds = phases, save_seconds
        self.average = None
        self.history, self.epoch, self.step = {}, 0, 0
        self.seconds, self.means = 0.0, None

    def variables(self):
        optimizer = self.network.optimizer
        if not optimizer.built:
            optimizer.build(self.network.trainable_variables)
        mean = self.average.variables if self.average else []
        return [*self.network.variables, *optimizer.variables, *mean]

    def room(self):
        """Bytes still to be written to the disk: an old and a new one of each file."""
        count = sum(int(np.prod(v.shape)) for v in self.variables())
        best = sum(int(np.prod(v.shape)) for v in self.network.variables)
        files = [self.folder / name for name in ("last.npz", "best.npz")]
        there = sum(file.stat().st_size for file in files if file.exists())
        return max(0, 4 * 2 * (count + best) - there)

    def restore(self):
        path = self.folder / "last.npz"
        if not path.exists():
            return
        arrays = read_arrays(path)
        if "run" not in arrays:
            raise WeightsError(f"{path} is not a checkpoint; choose another folder.")
        saved = json.loads(str(arrays.pop("run")))
        if saved["settings"] != self.settings:
            raise WeightsError(
                f"{path} belongs to a run with other settings: {saved['settings']}, "
                f"now {self.settings}. Choose another folder, or delete this one."
            )
        self.means = [arrays.pop(key) for key in sorted(arrays) if key[:5] == "means"]
        self.history, self.step = saved["history"], saved.get("step", 0)
        if self.step >= self.train.steps:
            raise WeightsError(
                f"{path} stopped at step {self.step} of an epoch, which has "
                f"{self.train.steps} steps now. Choose another folder."
            )
        assign_arrays(self.variables(), arrays, path)
        self.epoch = len(self.history.get("epoch", []))
        self.seconds = saved.get("seconds", 0.0)
        if self.epoch:  # a kill may have come before it was written
            write_history(self.folder / "history.csv", self.history)

    def save(self):
        sync_state(self.network)
        arrays = arrays_of(self.variables())
        if self.step:
            for i, variable in enumerate(self.network.metrics_variables):
                arrays[f"means{i:02d}"] = as_array(variable)
        self.saved = time.perf_counter()
        if self.step and not all(np.isfinite(a).all() for a in arrays.values()):
            return  # it diverges: the checkpoint before is of more use
        run = {"settings": self.settings, "history": self.history}
        run |= {"step": self.step, "seconds": self.seconds}
        arrays["run"] = np.array(json.dumps(run))
        write_atomically(
            self.folder / "last.npz", lambda file: np.savez(file, **arrays)
        )

    def on_epoch_begin(self, epoch, logs=None):
        self.began = self.saved = time.perf_counter()
        self.began -= self.seconds
        self.first = self.step
        # Anew: `fit` has called `on_epoch_end` before the first epoch, too.
        self.train.start_at(epoch, self.step)
        if self.step:  # `fit` has just set the means to zero
            variables = self.network.metrics_variables
            if [tuple(v.shape) for v in variables] != [m.shape for m in self.means]:
                raise WeightsError(
                    f"{self.folder} stopped inside an epoch with other metrics. "
                    "Compile with the same ones, or choose another folder."
                )
            for variable, value in zip(variables, self.means):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        self.step = self.first + batch + 1
        last = self.step == self.train.steps  # validation comes first
        if not last and time.perf_counter() - self.saved >= self.save_seconds:
            self.seconds = time.perf_counter() - self.began
            self.save()

    def check_loss(self, epoch, logs):
        """Ends a training that has diverged; the checkpoint stays."""
        loss, val_loss = logs["loss"], logs["val_loss"]
        sync_state(self.network)
        # TensorFlow's oneDNN makes 0 of what is not a number where a convolution ends
        # in a ReLU: the losses alone may hide it.
        weights = map(as_array, self.network.trainable_variables)
        numbers = [loss, val_loss, *weights]
        if not all(np.isfinite(array).all() for array in numbers):
            raise ValueError(
                f"Training diverged in epoch {epoch + 1}: loss {loss:g}, val_loss "
                f"{val_loss:g}. Try a smaller learning rate, in a new folder; "
                f"{self.folder} keeps the epochs before."
            )

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}}
        row["seconds"] = round(time.perf_counter() - self.began, 1)
        for key in {**self.history, **row}:  # a metric may come later, or no more
            earlier = self.history.setdefault(key, [float("nan")] * epoch)
            earlier.append(row.get(key, float("nan")))
        self.epoch, self.step, self.seconds = epoch + 1, 0, 0.0
        begun = max((phase for phase in self.phases if phase <= epoch), default=0)
        if begun + np.argmin(self.history["val_loss"][begun:]) == epoch:
            with self.average.applied() if self.average else nullcontext():
                save_weights(self.network, self.folder / "best.npz", "float32")
        self.save()
        write_history(self.folder / "history.csv", self.history)


def write_history(path: str | Path, history: dict) -> None:
    """Writes a history (a dict of equally long lists) as CSV, a row an epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(history)
    writer.writerows(zip(*history.values()))
    write_atomically(path, text.getvalue().encode())


def read_history(path: str | Path) -> dict:
    """Reads a CSV written by `write_history` as a dict of lists of floats."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows] for key in rows[0]}
