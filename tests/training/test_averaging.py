import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib.data.batches import Batches
from colorlib.models.weights import read_arrays
from colorlib.training.averaging import WeightAverage
from colorlib.training.callbacks import PreviewStrip, read_strips
from colorlib.training.resume import fit_resumable
from colorlib.training.runtime import set_seed


def pictures(count):
    random = np.random.default_rng(0)
    rgb = random.integers(0, 256, (count, 8, 8, 3)).astype("uint8")
    rgb[..., 0] = 200  # something to learn
    return rgb


def compiled():
    set_seed(7)
    L = keras.Input((None, None, 1))
    model = keras.Model(L, layers.Conv2D(2, 3, padding="same", activation="tanh")(L))
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model


def values(variables):
    return [ops.convert_to_numpy(v).copy() for v in variables]


class Watch(keras.callbacks.Callback):
    """Keeps the weights after every step; ends the run after so many."""

    def __init__(self, steps=None):
        super().__init__()
        self.steps, self.seen = steps, []

    def on_train_batch_end(self, batch, logs=None):
        if self.steps is not None and len(self.seen) == self.steps:
            raise KeyboardInterrupt
        self.seen.append(values(self.model.trainable_variables))


def run(folder, epochs=2, watch=None, keep="last", momentum=0.5, every=1):
    model = compiled()
    average = WeightAverage(model, momentum, every)
    data = Batches(pictures(12), 4), Batches(pictures(4), 4, training=False)
    history = fit_resumable(
        model,
        *data,
        epochs,
        folder,
        [watch] if watch else [],
        verbose=0,
        keep=keep,
        save_seconds=0,
        average=average,
    )
    return model, average, history


@pytest.mark.parametrize("momentum, every", [(0.5, 1), (0.05, 1), (0.5, 3)])
def test_the_average_is_the_one_of_the_formula(tmp_path, momentum, every):
    begin = values(compiled().trainable_variables)
    watch = Watch()
    model, average, _ = run(tmp_path, watch=watch, momentum=momentum, every=every)
    assert len(watch.seen) == 6
    wanted = begin
    for step, weights in enumerate(watch.seen, 1):
        if step % every:
            continue
        kept = min(momentum, (1 + step) / (10 + step)) ** every
        wanted = [kept * a + (1 - kept) * b for a, b in zip(wanted, weights)]
    found = values(model.trainable_variables)  # it is left in the model at the end
    for a, b, last in zip(found, wanted, watch.seen[-1]):
        np.testing.assert_allclose(a, b, atol=1e-6)
        assert np.abs(a - last).max() > 1e-4
    for a, b in zip(values(average.variables), watch.seen[-1]):
        np.testing.assert_array_equal(a, b)


def test_validation_and_the_best_weights_are_of_the_average(tmp_path):
    model, _, history = run(tmp_path)
    data = Batches(pictures(4), 4, training=False)
    assert history["val_loss"][-1] == pytest.approx(
        model.evaluate(data, verbose=0), rel=1e-5
    )
    assert np.argmin(history["val_loss"]) == 1
    best = [a for _, a in sorted(read_arrays(tmp_path / "best.npz").items())]
    for a, b in zip(best, values(model.trainable_variables)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_interrupted_and_gone_on_with_it_ends_the_same(tmp_path, steps):
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", watch=Watch(steps))
    again = run(tmp_path / "cut")
    for one, other in zip(whole[:2], again[:2]):
        for a, b in zip(values(one.variables), values(other.variables)):
            np.testing.assert_array_equal(a, b)
    finished = run(tmp_path / "cut")[0]
    for a, b in zip(values(finished.variables), values(whole[0].variables)):
        np.testing.assert_array_equal(a, b)


def test_the_strip_shows_what_the_average_makes_of_the_pictures(tmp_path):
    model, shown = compiled(), pictures(2)
    average = WeightAverage(model, 0.9)
    strip = PreviewStrip(model, shown, tmp_path, average)
    data = Batches(pictures(12), 4), Batches(pictures(4), 4, training=False)
    given = dict(verbose=0, keep="last", average=average)
    fit_resumable(model, *data, 1, tmp_path, [strip], **given)
    # The model has the average now.
    np.testing.assert_array_equal(read_strips(tmp_path)[1], strip.draw())
    with average.applied():
        assert (read_strips(tmp_path)[1] != strip.draw()).any()


def test_swapping_twice_changes_nothing():
    model = compiled()
    average = WeightAverage(model, 0.9)
    for variable in average.variables:
        variable.assign(variable.value + 1.0)
    before = values(model.variables)
    with average.applied():
        for a, b in zip(values(model.trainable_variables), before):
            np.testing.assert_allclose(a, b + 1.0, atol=1e-6)
    for a, b in zip(values(model.variables), before):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("momentum", [0, 1, -0.5])
def test_a_wrong_momentum_is_refused(momentum):
    with pytest.raises(ValueError, match=r"in \(0, 1\), got"):
        WeightAverage(compiled(), momentum)


def test_a_wrong_number_of_steps_is_refused():
    with pytest.raises(ValueError, match="every must be at least 1 step, got 0"):
        WeightAverage(compiled(), 0.5, 0)
