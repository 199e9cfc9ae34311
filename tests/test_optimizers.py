"""One operation instead of a dozen, and the same weights."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.optimizers.schedules import CosineDecay

from colorlib.optimizers import FusedAdam

SHAPES = ((3, 3, 2, 4), (4,), (5, 2))


def train(kind, steps=20, scaled=False, **options):
    """Weights and state after some steps on gradients that are always the same."""
    random = np.random.default_rng(0)
    weights = [keras.Variable(random.normal(size=shape)) for shape in SHAPES]
    optimizer = kind(**options)
    factor = 1.0
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=8.0)
        factor = 8.0
    optimizer.build(weights)
    for step in range(steps):
        gradients = [random.normal(size=shape) * factor for shape in SHAPES]
        gradients = [gradient.astype("float32") for gradient in gradients]
        if scaled and step == 7:  # an overflow: this step is left out
            gradients[0][0] = np.inf
            factor /= 2
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], weights)
    return [ops.convert_to_numpy(v) for v in (*weights, *optimizer.variables)]


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 2e-4, "beta_1": 0.5},
        {"learning_rate": CosineDecay(1e-2, 20), "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": 1e-3, "scaled": True},
        {"learning_rate": 1e-3, "weight_decay": 0.1, "clipnorm": 1.0},
        {"learning_rate": 1e-3, "amsgrad": True},
        {"learning_rate": 1e-3, "use_ema": True},
    ],
    ids=["pix2pix", "schedule", "loss scale", "decay and clip", "amsgrad", "ema"],
)
def test_it_is_keras_adam(options):
    ours, theirs = train(FusedAdam, **options), train(keras.optimizers.Adam, **options)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_checkpoints_of_one_are_those_of_the_other():
    weights = [keras.Variable(np.zeros(3), name="w")]
    ours, theirs = FusedAdam(), keras.optimizers.Adam()
    ours.build(weights), theirs.build(weights)
    names = [[v.name for v in adam.variables] for adam in (ours, theirs)]
    assert names[0] == names[1]


def test_it_is_faithfully_described_and_restored():
    adam = FusedAdam(2e-4, beta_1=0.5)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(adam))
    assert type(again) is FusedAdam
    assert again.get_config() == adam.get_config()


def test_fit_with_it_ends_at_the_same_weights():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(32, 6)), random.normal(size=(32, 2))
    ends = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        keras.utils.set_random_seed(0)
        network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
        network.compile(optimizer=kind(1e-2, beta_1=0.5), loss="mse")
        network.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        ends.append(network.get_weights())
    for a, b in zip(*ends):
        np.testing.assert_allclose(a, b, atol=1e-5)  # rounding, 20 steps of 0.01
