import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types

import keras
import numpy as np
import pytest
from keras import layers, ops
from small import ROOT, held_elsewhere

from colorlib.data.batches import Batches
from colorlib.errors import BusyError, WeightsError
from colorlib.gan import Pix2Pix
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.models.weights import load_weights, save_weights
from colorlib.training import resume, trainer
from colorlib.training.callbacks import PreviewStrip, read_strips
from colorlib.training.resume import fit_resumable, read_history, write_history
from colorlib.training.runtime import set_seed
from colorlib.utils import files

EPOCHS, STEPS = 4, 4
SETTINGS = {"rate": 1, "sizes": (1, 2)}


def values(model):
    return [ops.convert_to_numpy(weight).copy() for weight in model.weights]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


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


def pictures(count=20, size=20, seed=0):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (count, size, size, 3)).astype("uint8")
    rgb[..., 0] = 200  # something to learn
    return rgb


def batches(steps=None):
    rgb = pictures()
    held_out = Batches(rgb[16:], batch_size=4, crop=16, training=False)
    return Batches(rgb[:16], batch_size=4, crop=16, seed=1, steps=steps), held_out


def run(folder, epochs=EPOCHS, callbacks=(), filters=3, metrics=("mae",), **options):
    """Trains `with_memory`; returns it and the history."""
    model = with_memory(filters)
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=list(metrics))
    data = batches(options.pop("steps", None))
    options = {"settings": SETTINGS, "verbose": 0, **options}
    return model, fit_resumable(model, *data, epochs, folder, callbacks, **options)


def die():
    """Ends this process as the machine's owner would: without a chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt():
    raise KeyboardInterrupt


class Count(keras.callbacks.Callback):
    """Notes which epochs begin, and how many steps each has in this session."""

    def __init__(self):
        super().__init__()
        self.epochs, self.steps = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)
        self.steps.append(0)

    def on_train_batch_end(self, batch, logs=None):
        self.steps[-1] += 1


class Stop(keras.callbacks.Callback):
    """Ends a run after so many steps, before the checkpoint of the last one."""

    def __init__(self, steps, end=interrupt):
        super().__init__()
        self.steps, self.end = steps, end

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps < 0:
            self.end()


class At(keras.callbacks.Callback):
    """Calls a function with the model at the beginning of an epoch."""

    def __init__(self, epoch, function):
        super().__init__()
        self.place = epoch, function

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.place[0]:
            self.place[1](self.model)


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.last = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self.last


def spoil(model):
    model.layers[-1].bias.assign([9.0, 9.0])  # tanh is stuck at 1


def in_a_process(code):
    """Runs code with this module as `t`; returns its exit code."""
    places = [ROOT, ROOT / "tests", ROOT / "tests" / "training"]
    paths = os.pathsep.join(map(str, places))
    done = subprocess.run(
        [sys.executable, "-c", f"import test_resume as t; {code}"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode


def arrays(path):
    """What a checkpoint holds but for the clock, under names that runs share."""
    with np.load(path) as file:
        return {key.split("|")[0]: file[key] for key in file.files if key != "run"}


def without_clock(history):
    return {key: rows for key, rows in history.items() if key != "seconds"}


def assert_same_folders(folder, reference):
    for name in ("last.npz", "best.npz"):
        mine, other = arrays(folder / name), arrays(reference / name)
        assert mine.keys() == other.keys()
        different = [key for key in mine if not np.array_equal(mine[key], other[key])]
        assert different == [], name
    histories = [read_history(f / "history.csv") for f in (folder, reference)]
    assert without_clock(histories[0]) == without_clock(histories[1])
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]


def assert_as_uninterrupted(folder, model, history, uninterrupted):
    reference, weights, wanted = uninterrupted
    assert same(values(model), weights)
    assert_same_folders(folder, reference)
    assert without_clock(history) == without_clock(wanted)
    assert history["epoch"] == list(range(1, EPOCHS + 1))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    model, history = run(folder)
    return folder, values(model), history


@pytest.fixture(scope="module")
def after_one_epoch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    run(folder, epochs=1)
    return folder


@pytest.fixture
def begun(after_one_epoch, tmp_path):
    """A folder of a run that has done its first epoch."""
    return shutil.copytree(after_one_epoch, tmp_path / "begun")


# Killed, it ends as if nothing had happened: bit by bit.

needs_kill = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="needs SIGKILL, which Windows has not"
)


@needs_kill
def test_killed_in_an_epoch_the_run_is_the_same(tmp_path, uninterrupted):
    code = f"t.run({str(tmp_path)!r}, callbacks=[t.Stop(10, t.die)], save_seconds=0)"
    assert in_a_process(code) == -signal.SIGKILL  # in the third step of epoch 3
    assert read_history(tmp_path / "history.csv")["epoch"] == [1, 2]
    counted = Count()
    model, history = run(tmp_path, callbacks=[counted])
    assert (counted.epochs, counted.steps) == ([2, 3], [STEPS - 2, STEPS])
    assert_as_uninterrupted(tmp_path, model, history, uninterrupted)


@pytest.mark.parametrize("steps", [1, 3, 6, 15])
def test_interrupted_after_any_step_the_run_is_the_same(tmp_path, uninterrupted, steps):
    for interrupted in (steps, 0):  # the second time before any further step
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, callbacks=[Stop(interrupted)], save_seconds=0)
    counted = Count()
    model, history = run(tmp_path, callbacks=[counted], save_seconds=0)
    # Validation comes between the last step of an epoch and its checkpoint.
    assert sum(counted.steps) == EPOCHS * STEPS - steps
    assert_as_uninterrupted(tmp_path, model, history, uninterrupted)


@pytest.mark.parametrize("policy", ["bfloat16", "mixed_bfloat16"])
def test_a_run_in_half_precision_goes_on_too(tmp_path, policy):
    usual, ends = keras.config.dtype_policy(), []
    keras.config.set_dtype_policy(policy)
    try:
        for name, steps in (("whole", None), ("parts", 2)):
            if steps:
                with pytest.raises(KeyboardInterrupt):
                    run(tmp_path / name, 1, [Stop(steps)], save_seconds=0)
            model, history = run(tmp_path / name, 1)
            state = [ops.convert_to_numpy(v) for v in model.optimizer.variables]
            ends.append([*values(model), *state])
    finally:
        keras.config.set_dtype_policy(usual)
    if policy == "bfloat16":  # weights are of that type, and no NumPy file has it
        assert ends[0][0].dtype.kind == "V"
    assert same(*ends)


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


def test_a_kill_before_the_last_history_loses_no_row(tmp_path, uninterrupted):
    folder = shutil.copytree(uninterrupted[0], tmp_path / "run")
    rows = (folder / "history.csv").read_text().splitlines(keepends=True)
    (folder / "history.csv").write_text("".join(rows[:-1]))
    model, history = run(folder)
    assert_as_uninterrupted(folder, model, history, uninterrupted)


def test_a_folder_in_use_is_refused_at_once(tmp_path, monkeypatch):
    """Nothing of the run that is there is read, deleted or written."""
    unfinished = tmp_path / f"{files.UNFINISHED}1-1"
    unfinished.write_bytes(b"half a checkpoint")
    with held_elsewhere(resume.run_lock(tmp_path)):
        with pytest.raises(BusyError, match=f"Another run is training in {tmp_path}"):
            run(tmp_path, 1)
        assert unfinished.read_bytes() == b"half a checkpoint"
        monkeypatch.setattr(trainer, "load_part", lambda *_: pytest.fail("data read"))
        with pytest.raises(BusyError, match="Wait for it, stop it, or choose another"):
            trainer.train("tiny", tmp_path)
        assert sorted(p.name for p in tmp_path.glob("*")) == [
            unfinished.name,
            ".training.lock",
        ]
    run(tmp_path, 1)
    assert not list(tmp_path.glob(".*"))


def test_what_killed_writers_left_is_removed(begun):
    (begun / f"{files.UNFINISHED}1-2").write_bytes(b"half a checkpoint")
    run(begun, epochs=1)
    assert sorted(p.name for p in begun.iterdir()) == [
        "best.npz",
        "history.csv",
        "last.npz",
    ]


def game(folder, callbacks=(), epochs=EPOCHS):
    """Trains a small pix2pix, two epochs with L1 alone and then the whole game."""
    set_seed(3)
    generator = build_unet(size=16, width=2)
    discriminator = build_patch_discriminator(patch=1, width=2)
    model = Pix2Pix(generator, discriminator)
    model.compile()
    rgb = pictures(30, 20)
    strip = PreviewStrip(generator, rgb[24:26, 2:-2, 2:-2], folder)
    return model, fit_resumable(
        model,
        Batches(rgb[:24], batch_size=4, crop=16, steps=STEPS),
        Batches(rgb[24:], batch_size=4, crop=16, training=False),
        epochs,
        folder,
        [strip, *callbacks],
        verbose=0,
        phases={
            0: lambda: model.set_adversarial(False),
            2: lambda: model.set_adversarial(True),
        },
        keep="last",
        save_seconds=0,
    )


def game_with_a_kill(folder, kind, count, delay):
    """A session that dies at the `count`-th checkpoint, or at most two later.

    Args:
        folder: of the run.
        kind: "step", "writing", "written" or "clock": before the checkpoint, in its
            middle, right after it, or whenever the time has come.
        count: 1 or more. At most `count + 1` checkpoints are written.
        delay: in [0, 1), the part of the file that is written, or of the longest wait.
    """
    real, seen = os.replace, []

    def replace(source, target):
        if target.name != "last.npz":
            return real(source, target)
        seen.append(target)
        if len(seen) < count:
            return real(source, target)
        if kind == "writing":  # a part of the file is there, under its other name
            data = source.read_bytes()
            source.write_bytes(data[: int(delay * len(data))])
            die()
        if len(seen) > count + 1:  # the clock's session goes no further: the test
            time.sleep(60)  # needs steps that are left
        real(source, target)
        if kind == "written":
            die()
        if len(seen) == count:
            threading.Thread(target=lambda: (time.sleep(delay / 4), die())).start()

    os.replace = replace
    game(folder, [Stop(count - 1 if kind == "step" else 1000, die)])


@needs_kill
@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_pix2pix_killed_at_random_moments_ends_bit_equal(tmp_path, kills):
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 10**6))
    print(f"KILL_SEED={seed}")  # shown by pytest where it fails
    random = np.random.default_rng(seed)
    folder, killed = tmp_path / "killed", []
    kinds = random.permutation(["step", "writing", "written", "clock"])
    for kind in kinds[:kills]:
        count, delay = int(random.integers(1, 5)), round(random.random(), 3)
        code = f"t.game_with_a_kill({str(folder)!r}, {str(kind)!r}, {count}, {delay})"
        killed.append((str(kind), count, delay))
        assert in_a_process(code) == -signal.SIGKILL, killed
    print(killed)
    begun = read_history(folder / "history.csv") if any(folder.glob("*.csv")) else {}
    assert len(begun.get("epoch", [])) < EPOCHS
    model, history = game(folder)
    other, wanted = game(tmp_path / "uninterrupted")
    assert without_clock(history) == without_clock(wanted)
    assert same(values(model), values(other))
    assert same(
        [ops.convert_to_numpy(v) for v in model.optimizer.variables],
        [ops.convert_to_numpy(v) for v in other.optimizer.variables],
    )
    assert_same_folders(folder, tmp_path / "uninterrupted")
    assert history["epoch"] == [1, 2, 3, 4] and history["d_real"][1] == 0
    assert history["d_real"][2] > 0  # the game did begin
    mine, others = read_strips(folder), read_strips(tmp_path / "uninterrupted")
    assert list(mine) == list(others) == [0, 1, 2, 3, 4]
    assert all(np.array_equal(mine[epoch], others[epoch]) for epoch in mine)
    assert not np.array_equal(mine[0], mine[4])


def test_each_epoch_sees_its_own_batches(tmp_path):
    """Keras calls `on_epoch_end` before the first epoch of each `fit`, too."""
    model = keras.Sequential(
        [keras.Input((16, 16, 1)), layers.Conv2D(2, 1, kernel_initializer="ones")]
    )
    model.compile(keras.optimizers.SGD(0.0), "mae")
    train, held_out = batches(3)
    first = []
    noted = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batch or first.append(logs["loss"])
    )
    phases = {1: lambda: None}
    options = {"verbose": 0, "phases": phases, "callbacks": [noted]}
    fit_resumable(model, train, held_out, 3, tmp_path, **options)
    wanted = [Batches(train.rgb, 4, crop=16, seed=1, epoch=e)[0] for e in range(3)]
    losses = [np.abs(L - ab).mean() for L, ab in wanted]
    np.testing.assert_allclose([float(loss) for loss in first], losses, rtol=1e-5)


# How far it goes, and with which weights it ends.


def test_a_finished_run_is_only_loaded(uninterrupted):
    folder, weights, history = uninterrupted
    counted = Count()
    model, again = run(folder, callbacks=[counted])
    assert counted.epochs == [] and again == history and same(values(model), weights)


def test_more_epochs_go_on_from_the_last_one(begun, uninterrupted):
    model, history = run(begun)
    assert_as_uninterrupted(begun, model, history, uninterrupted)


@pytest.mark.parametrize("keep, same_as_last", [("best", False), ("last", True)])
def test_the_model_ends_with_the_best_or_the_last_weights(begun, keep, same_as_last):
    model, history = run(begun, epochs=2, callbacks=[At(1, spoil)], keep=keep)
    assert history["val_loss"][1] > 2 * history["val_loss"][0]
    best = with_memory()
    load_weights(best, begun / "best.npz")
    assert same(values(model), values(best)) is not same_as_last
    last = [arrays(begun / "last.npz")[f"{i:04d}"] for i in range(4)]
    assert same(values(model)[:4], last) is same_as_last
    loss = model.evaluate(batches()[1], verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(history["val_loss"][same_as_last], rel=1e-5)


def test_training_learns(uninterrupted):
    history = uninterrupted[2]
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    keys = {"epoch", "loss", "val_loss", "mae", "val_mae", "seconds"}
    assert set(history) == keys


@pytest.mark.parametrize("interrupted", [None, 9])
def test_a_callback_may_stop_it_and_another_call_goes_on(
    tmp_path, uninterrupted, interrupted
):
    if interrupted:  # in the epoch in which it is stopped
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, callbacks=[Stop(interrupted)], save_seconds=0)
    phases = {0: lambda: None, 3: lambda: None}  # stopped at the end of one
    model, history = run(tmp_path, callbacks=[StopAfter(2)], phases=phases)
    assert history["epoch"] == [1, 2, 3]
    model, history = run(tmp_path)
    assert_as_uninterrupted(tmp_path, model, history, uninterrupted)


@pytest.mark.parametrize("options", [{"keep": "first"}, {"epochs": 0}])
def test_wrong_arguments_raise(tmp_path, options):
    with pytest.raises(ValueError, match="keep must be .* epochs at least 1, got"):
        run(tmp_path, **options)


# Phases.


def test_each_phase_begins_before_its_epoch(tmp_path):
    told, counted = [], Count()
    phases = {
        epoch: lambda epoch=epoch: told.append((epoch, len(counted.epochs)))
        for epoch in (0, 1, 3)
    }
    run(tmp_path, callbacks=[counted], phases=phases)
    assert told == [(0, 0), (1, 1), (3, 3)] and counted.epochs == [0, 1, 2, 3]


@pytest.mark.parametrize("steps, present", [(3, 0), (4, 1), (13, 3)])
def test_after_a_kill_only_the_present_phase_is_called(tmp_path, steps, present):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, callbacks=[Stop(steps)], save_seconds=0)
    told = []
    phases = {epoch: lambda epoch=epoch: told.append(epoch) for epoch in (0, 1, 3)}
    run(tmp_path, phases=phases)
    assert told[0] == present and sorted(set(told)) == told[-len(set(told)) :]


def test_stopped_exactly_between_two_phases_and_with_more_epochs_later(tmp_path):
    def phases(model):
        return {2: lambda: model.layers[1].kernel.assign(model.layers[1].kernel / 2)}

    def go(folder, epochs):
        model = with_memory()
        model.compile("adam", "mse")
        options = {"verbose": 0, "phases": phases(model)}
        return model, fit_resumable(model, *batches(), epochs, folder, **options)

    whole, history = go(tmp_path / "whole", 3)
    go(tmp_path / "parts", 2)
    parts, again = go(tmp_path / "parts", 3)
    assert without_clock(history) == without_clock(again)
    assert_same_folders(tmp_path / "parts", tmp_path / "whole")
    assert same(values(whole), values(parts))


def test_the_best_epoch_is_sought_in_the_last_phase(tmp_path):
    worst = [At(epoch, spoil) for epoch in (2, 3)]
    model, history = run(tmp_path, callbacks=worst, phases={2: lambda: None})
    assert max(history["val_loss"][:2]) < min(history["val_loss"][2:])
    best = min(history["val_loss"][2:])
    loss = model.evaluate(batches()[1], verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(best, rel=1e-5)


# The history.


def test_history_comes_back_from_csv(tmp_path):
    history = {"epoch": [1, 2], "loss": [0.1 + 0.2, 1e-9], "val_loss": [0.5, 0.25]}
    write_history(tmp_path / "h.csv", history)
    assert (tmp_path / "h.csv").read_text().startswith("epoch,loss,val_loss\n1,")
    assert read_history(tmp_path / "h.csv") == history


def test_a_metric_that_comes_and_goes_keeps_its_rows(begun):
    run(begun, epochs=2, metrics=("mae", "mse"))
    history = run(begun, epochs=3, metrics=())[1]
    for rows in (history, read_history(begun / "history.csv")):
        assert {len(column) for column in rows.values()} == {3}
        assert np.isnan(rows["mse"]).tolist() == [True, False, True]
        assert np.isnan(rows["mae"]).tolist() == [False, False, True]
        assert np.isfinite(rows["loss"] + rows["val_loss"]).all()


def test_the_clock_of_an_epoch_goes_on_after_a_kill(tmp_path, monkeypatch):
    clock = types.SimpleNamespace(now=7.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(resume, "time", clock)

    def wait(batch, logs=None):
        clock.now += 100

    slow = keras.callbacks.LambdaCallback(on_train_batch_end=wait)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, callbacks=[slow, Stop(3)], save_seconds=0)
    assert run(tmp_path, epochs=1)[1]["seconds"] == [300]


def test_checkpoints_inside_an_epoch_come_after_save_seconds(tmp_path, monkeypatch):
    written, real = [], os.replace

    def replace(source, target):
        written.append(target.name)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    run(tmp_path / "a", epochs=2, save_seconds=1000)
    assert written.count("last.npz") == 2
    written.clear()
    run(tmp_path / "b", epochs=2, save_seconds=0)
    assert written.count("last.npz") == 2 * STEPS  # the last one after validation


# What goes wrong is said, and nothing is lost.


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


def test_a_checkpoint_inside_another_epoch_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, callbacks=[Stop(3)], save_seconds=0)
    before = (tmp_path / "last.npz").read_bytes()
    with pytest.raises(WeightsError, match="step 3 of an epoch, which has 2 steps"):
        run(tmp_path, steps=2)
    with pytest.raises(WeightsError, match="inside an epoch with other metrics"):
        run(tmp_path, metrics=())
    assert (tmp_path / "last.npz").read_bytes() == before


def test_a_damaged_checkpoint_is_refused(begun):
    data = (begun / "last.npz").read_bytes()
    (begun / "last.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match="last.npz is damaged.*delete it"):
        run(begun)
    save_weights(with_memory(), begun / "last.npz")
    with pytest.raises(WeightsError, match="not a checkpoint"):
        run(begun)


@pytest.mark.parametrize("save_seconds", [0, 300])
def test_training_that_diverges_stops_and_says_so(begun, save_seconds):
    before = (begun / "last.npz").read_bytes()

    def poison(model):
        kernel = model.layers[1].kernel
        kernel.assign(np.full(kernel.shape, np.nan))

    drawn = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: drawn.count())
    drawn.count = pytest.fail  # no callback is shown what is broken
    with pytest.raises(ValueError, match="diverged in epoch 2.*smaller learning rate"):
        run(begun, callbacks=[At(1, poison), drawn], save_seconds=save_seconds)
    assert (begun / "last.npz").read_bytes() == before


def test_an_unwritable_folder_costs_no_training(tmp_path):
    (tmp_path / "file").write_text("a file")
    counted = Count()
    with pytest.raises(OSError, match="cannot be written"):
        run(tmp_path / "file" / "run", callbacks=[counted])
    assert counted.epochs == []


def test_too_little_disk_costs_no_training(tmp_path, monkeypatch):
    wide, counted = 600, Count()  # so that the files are little more than their numbers
    count = sum(value.size for value in values(with_memory(wide)))
    learned = count - 2 * wide  # two statistics of BatchNorm a channel are not
    # 4 bytes a number, in an old and a new file: all weights and Adam's two means of
    # those that are learned; then all weights once more, the best ones.
    needed = 4 * 2 * (2 * count + 2 * learned)
    for epochs in (1, 2):
        usage = types.SimpleNamespace(free=needed - 1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        with pytest.raises(OSError, match="MB of free disk for checkpoints"):
            run(tmp_path, epochs, [counted], wide)
        assert len(counted.epochs) == epochs - 1
        usage.free += 2000
        run(tmp_path, epochs, [counted], wide)
        assert len(counted.epochs) == epochs
        # The second time the old ones are there.
        needed -= sum((tmp_path / f"{n}.npz").stat().st_size for n in ("last", "best"))


def test_a_disk_that_fills_up_later_leaves_the_checkpoint(begun, uninterrupted):
    resource = pytest.importorskip("resource")
    before = (begun / "last.npz").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(_):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))

    try:
        with pytest.raises(OSError, match="File too large.*(last|best).npz"):
            run(begun, callbacks=[At(2, fill)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_history(begun / "history.csv")["epoch"] == [1, 2]
    model, history = run(begun)
    assert_as_uninterrupted(begun, model, history, uninterrupted)
