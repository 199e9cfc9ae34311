import os
import runpy
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops
from small import ROOT

from colorlib import training
from colorlib.batches import Batches
from colorlib.files import check_writable, write_atomically
from colorlib.models import build_baseline_cnn
from colorlib.training import (
    WeightsError,
    fit_resumable,
    hardware,
    load_weights,
    read_history,
    save_weights,
    set_seed,
    write_history,
)


def values(model):
    return [ops.convert_to_numpy(weight).copy() for weight in model.weights]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def network(seed=0, **options):
    set_seed(seed)
    return build_baseline_cnn(**{"filters": 2, **options})


# Small things.


def test_a_seed_makes_networks_equal():
    assert same(values(network(3)), values(network(3)))
    assert not same(values(network(3)), values(network(4)))


@pytest.mark.parametrize("text, fast", [("1", True), ("", False), ("0", False)])
def test_fast_is_read_from_the_environment(monkeypatch, text, fast):
    monkeypatch.setenv("COLORLIB_FAST", text)
    assert runpy.run_path(training.__file__)["FAST"] is fast
    monkeypatch.delenv("COLORLIB_FAST")
    assert runpy.run_path(training.__file__)["FAST"] is False


def test_hardware_names_the_machine_and_the_backend(monkeypatch):
    assert keras.__version__ in hardware() and keras.backend.backend() in hardware()

    def gpus():
        return ["cpu:0", "gpu:0", "gpu:1"]

    monkeypatch.setattr(keras.distribution, "list_devices", gpus)
    assert hardware().startswith("GPU, Keras")

    def no_list():  # as with PyTorch
        raise AttributeError("list_devices")

    monkeypatch.setattr(keras.distribution, "list_devices", no_list)
    assert "CPU cores" in hardware()


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "a" / "file"
    write_atomically(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    monkeypatch.undo()
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_cannot_be_written_is_found_at_once(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    (tmp_path / "file").write_text("a file")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="cannot be written.*Choose another"):
            check_writable(folder)
    assert (tmp_path / "file").read_text() == "a file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may")
def test_a_read_only_folder_is_found_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="cannot be written"):
        check_writable(tmp_path)


def test_history_comes_back_from_csv(tmp_path):
    history = {"epoch": [1, 2], "loss": [0.1 + 0.2, 1e-9], "val_loss": [0.5, 0.25]}
    write_history(tmp_path / "h.csv", history)
    assert (tmp_path / "h.csv").read_text().startswith("epoch,loss,val_loss\n1,")
    assert read_history(tmp_path / "h.csv") == history


# Weights.


def test_float32_weights_come_back_exactly(tmp_path):
    model, other = network(0), network(1)
    save_weights(model, tmp_path / "w.npz", "float32")
    load_weights(other, tmp_path / "w.npz")
    assert same(values(model), values(other))
    assert [w.path for w in model.weights] == [w.path for w in other.weights]


def test_float16_weights_come_back_exactly_as_rounded(tmp_path):
    model, other = network(0), network(1)
    save_weights(model, tmp_path / "w.npz")
    load_weights(other, tmp_path / "w.npz")
    rounded = [value.astype("float16").astype("float32") for value in values(model)]
    assert same(rounded, values(other))
    assert {w.dtype for w in other.weights} == {"float32"}
    save_weights(other, tmp_path / "again.npz")  # nothing is lost a second time
    assert (tmp_path / "w.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    L = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 1)).astype("float32")
    moved = 128 * ops.convert_to_numpy(model(L) - other(L))
    assert 0 < np.abs(moved).max() < 0.1  # CIE units, as the docstring says


def test_float16_is_half_as_large(tmp_path):
    model = network(filters=8)
    save_weights(model, tmp_path / "half.npz")
    save_weights(model, tmp_path / "full.npz", "float32")
    sizes = [(tmp_path / n).stat().st_size for n in ("half.npz", "full.npz")]
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_weights_that_do_not_fit_float16_are_refused(tmp_path, bad):
    model = network()
    model.weights[1].assign(np.full(model.weights[1].shape, bad))
    with pytest.raises(WeightsError, match="down_1/bias.*float16.*diverge"):
        save_weights(model, tmp_path / "w.npz")
    assert not (tmp_path / "w.npz").exists()


def refused(model, path, match):
    before = values(model)
    with pytest.raises(WeightsError, match=match) as caught:
        load_weights(model, path)
    assert str(path) in str(caught.value)
    assert same(before, values(model))  # nothing is set unless all fits


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "w.npz"
    save_weights(network(), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    refused(network(1), path, "damaged or not a weights file")


def test_a_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "w.npz"
    save_weights(network(), path)
    data = bytearray(path.read_bytes())
    place = data.index(b"conv_3/kernel") + 400  # inside the compressed numbers
    data[place] ^= 1
    path.write_bytes(bytes(data))
    refused(network(1), path, "damaged")


@pytest.mark.parametrize("data", [b"", b"not weights", b"PK\x03\x04" + bytes(99)])
def test_garbage_is_refused(tmp_path, data):
    (tmp_path / "w.npz").write_bytes(data)
    refused(network(), tmp_path / "w.npz", "damaged or not a weights file")


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    save_weights(network(filters=3), path)
    refused(network(), path, r"down_1/kernel \(3, 3, 1, 3\) does not fit")
    extra = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    save_weights(extra, path)
    refused(network(), path, "holds 2 arrays, the network has 22")


def test_files_with_other_names_or_objects_are_refused(tmp_path):
    model, path = network(), tmp_path / "w.npz"
    arrays = {f"{i:04d}": value for i, value in enumerate(values(model))}
    np.savez(path, **arrays)
    refused(model, path, "does not fit")
    kinds = {f"{i:04d}|x/bias": value for i, value in enumerate(values(model))}
    np.savez(path, **kinds)
    refused(model, path, "x/bias .* does not fit .*kernel")
    np.savez(path, run=np.array({"an": "object"}, dtype=object))
    refused(model, path, "damaged or not a weights file")


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.npz"):
        load_weights(network(), tmp_path / "none.npz")


def test_batch_normalization_statistics_are_stored_too(tmp_path):
    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])

    model, other = build(), build()
    model(np.random.default_rng(0).random((9, 3)), training=True)
    save_weights(model, tmp_path / "w.npz", "float32")
    load_weights(other, tmp_path / "w.npz")
    assert same(values(model), values(other)) and len(values(model)) == 4


# Training that goes on after a kill.

EPOCHS = 4
SETTINGS = {"rate": 1, "sizes": (1, 2)}


def with_memory(filters=3):
    """A network with all that has a memory: weights, statistics, random numbers.

    Its layers have no names of their own, so that they differ from run to run.
    """
    set_seed(7)
    L = keras.Input((None, None, 1))
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(L)
    x = layers.BatchNormalization(momentum=0.5)(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(L, layers.Conv2D(2, 3, padding="same", activation="tanh")(x))


def batches():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 20, 20, 3)).astype("uint8")
    rgb[..., 0] = 200  # something to learn
    held_out = Batches(rgb[16:], batch_size=4, crop=16, training=False)
    return Batches(rgb[:16], batch_size=4, crop=16, seed=1), held_out


def run(folder, epochs=EPOCHS, callbacks=(), rate=0.01, settings=SETTINGS, filters=3):
    model = with_memory(filters)
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    history = fit_resumable(
        model, *batches(), epochs, folder, callbacks, verbose=0, settings=settings
    )
    return model, history


class Kill(keras.callbacks.Callback):
    """Ends this process as the machine's owner would: without a chance to tidy up."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.place = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.place:
            os.kill(os.getpid(), signal.SIGKILL)


class Count(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)


def run_and_be_killed(folder, epoch, batch):
    code = f"import test_training as t; t.run({str(folder)!r}, callbacks=[t.Kill("
    code += f"{epoch}, {batch})])"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    model, history = run(folder)
    return folder, values(model), history


def assert_as_uninterrupted(folder, model, history, uninterrupted):
    reference_folder, reference, wanted = uninterrupted
    assert same(values(model), reference)
    for name in ("last.npz", "best.npz"):
        with np.load(folder / name) as mine, np.load(reference_folder / name) as other:
            arrays = set(mine.files) - {"run"}
            mine = {key.split("|")[0]: mine[key] for key in arrays}
            arrays = set(other.files) - {"run"}
            other = {key.split("|")[0]: other[key] for key in arrays}
        assert mine.keys() == other.keys()
        assert all(np.array_equal(mine[key], other[key]) for key in mine)
    without_clock = [
        {key: rows for key, rows in h.items() if key != "seconds"}
        for h in (history, wanted)
    ]
    assert without_clock[0] == without_clock[1]
    assert list(history["epoch"]) == list(range(1, EPOCHS + 1))
    assert read_history(folder / "history.csv")["loss"] == wanted["loss"]


@pytest.fixture(scope="module")
def after_one_epoch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    run(folder, epochs=1)
    return folder


@pytest.fixture
def begun(after_one_epoch, tmp_path):
    """A folder of a run that has done its first epoch."""
    return shutil.copytree(after_one_epoch, tmp_path / "begun")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_in_an_epoch_and_at_its_end_the_run_is_the_same(tmp_path, uninterrupted):
    run_and_be_killed(tmp_path, 2, 1)  # in the third epoch
    assert read_history(tmp_path / "history.csv")["epoch"] == [1, 2]
    run_and_be_killed(tmp_path, 2, None)  # at its end
    assert read_history(tmp_path / "history.csv")["epoch"] == [1, 2, 3]
    counted = Count()
    model, history = run(tmp_path, callbacks=[counted])
    assert counted.epochs == [3]
    assert_as_uninterrupted(tmp_path, model, history, uninterrupted)
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_stopped_while_a_checkpoint_is_written_the_run_is_the_same(
    begun, uninterrupted, monkeypatch
):
    real = os.replace
    for name in ("best.npz", "last.npz", "history.csv"):

        def stop(source, target, name=name):
            if target.name == name:
                raise KeyboardInterrupt
            real(source, target)

        monkeypatch.setattr(os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            run(begun)
        monkeypatch.undo()
    model, history = run(begun)
    assert_as_uninterrupted(begun, model, history, uninterrupted)


def test_a_finished_run_is_only_loaded(uninterrupted):
    folder, weights, history = uninterrupted
    counted = Count()
    model, again = run(folder, callbacks=[counted])
    assert counted.epochs == [] and again == history and same(values(model), weights)


def test_more_epochs_go_on_from_the_last_one(begun, uninterrupted):
    model, history = run(begun)
    assert_as_uninterrupted(begun, model, history, uninterrupted)


def test_the_model_ends_with_the_weights_of_the_best_epoch(begun):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.layers[-1].bias.assign([9.0, 9.0])  # tanh is stuck at 1

    model, history = run(begun, epochs=2, callbacks=[Spoil()])
    assert history["val_loss"][1] > 2 * history["val_loss"][0]
    other = with_memory()
    load_weights(other, begun / "best.npz")
    assert same(values(model), values(other))
    loss = model.evaluate(batches()[1], verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(history["val_loss"][0], rel=1e-5)


def test_training_learns(uninterrupted):
    history = uninterrupted[2]
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    keys = {"epoch", "loss", "val_loss", "mae", "val_mae", "seconds"}
    assert set(history) == keys


def test_other_settings_are_refused(begun):
    run(begun, epochs=1, settings={"sizes": [1, 2], "rate": 1})  # the same
    before = (begun / "last.npz").read_bytes()
    for other in ({**SETTINGS, "rate": 2}, {}, None):
        with pytest.raises(WeightsError, match="other settings.*delete this one"):
            run(begun, epochs=2, settings=other)
    assert (begun / "last.npz").read_bytes() == before


def test_a_checkpoint_of_another_network_is_refused(begun):
    with pytest.raises(WeightsError, match="does not fit"):
        run(begun, epochs=2, filters=2)


def test_a_damaged_checkpoint_is_refused(begun):
    data = (begun / "last.npz").read_bytes()
    (begun / "last.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match="last.npz is damaged.*delete it"):
        run(begun)
    save_weights(network(), begun / "last.npz")
    with pytest.raises(WeightsError, match="not a checkpoint"):
        run(begun)


def test_training_that_diverges_stops_and_says_so(begun):
    before = (begun / "last.npz").read_bytes()

    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            kernel = self.model.layers[1].kernel
            kernel.assign(np.full(kernel.shape, np.nan))

    with pytest.raises(ValueError, match="diverged in epoch 2.*smaller learning rate"):
        run(begun, callbacks=[Poison()])
    assert (begun / "last.npz").read_bytes() == before


def test_an_unwritable_folder_costs_no_training(tmp_path):
    (tmp_path / "file").write_text("a file")
    counted = Count()
    with pytest.raises(OSError, match="cannot be written"):
        run(tmp_path / "file" / "run", callbacks=[counted])
    assert counted.epochs == []
