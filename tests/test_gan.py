"""The pix2pix step, alone and on every backend and two devices."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib.data.batches import Batches
from colorlib.gan import PairOfOptimizers, Pix2Pix, adversarial_loss
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.models.weights import load_weights, save_weights

METRICS = {"loss", "g_adv", "g_l1", "d_real", "d_fake", "d_accuracy"}
SGD = keras.optimizers.SGD


def small_pix2pix(dropout=0.0, dtype=None, seed=1, scale=0.1, **options):
    """pix2pix at 16 px; weights larger than at the start, so that all logits differ."""
    keras.utils.set_random_seed(seed)
    generator = build_unet(16, 2, dropout=dropout, dtype=dtype)
    discriminator = build_patch_discriminator(16, 2, dtype=dtype)
    model = Pix2Pix(generator, discriminator, **options)
    randomize(model, seed, scale)
    return model


def randomize(model, seed, scale):
    random = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        if len(weight.shape) == 4:
            weight.assign(random.normal(0, scale, weight.shape))


def compiled(model, g_rate=0.0, d_rate=0.0, run_eagerly=True):
    model.compile(SGD(g_rate), SGD(d_rate), run_eagerly=run_eagerly, jit_compile=False)
    return model


def batch(count=4, size=16, seed=0):
    random = np.random.default_rng(seed)
    L = random.uniform(-1, 1, (count, size, size, 1)).astype("float32")
    return L, random.uniform(-0.5, 0.5, (count, size, size, 2)).astype("float32")


def values_of(variables):
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def moved(variables, before):
    pairs = zip(values_of(variables), before)
    return [not np.array_equal(now, then) for now, then in pairs]


def softplus(x):
    return np.log1p(np.exp(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run_networks(model, L, ab, training=True):
    """Colours, and logits of real and of generated colours, as NumPy arrays."""
    L, ab = ops.convert_to_tensor(L), ops.convert_to_tensor(ab)
    fake_ab = model.generator(L, training=training)
    judge = model.discriminator
    real_logits = judge([L, ab], training=training)
    fake_logits = judge([L, fake_ab], training=training)
    return [ops.convert_to_numpy(x) for x in (fake_ab, real_logits, fake_logits)]


def train_once(model, L, ab):
    logs = model.train_on_batch(L, ab, return_dict=True)
    return {name: float(value) for name, value in logs.items()}


# --- the losses


def test_undecided_logits_cost_log_2():
    zeros = np.zeros((2, 3, 3, 1), "float32")
    for real in (True, False):
        assert float(adversarial_loss(zeros, real)) == pytest.approx(np.log(2))


def test_cross_entropy_by_hand():
    logits = np.array([2.0, -1.0], "float32")
    real = (np.log(1 + np.exp(-2)) + np.log(1 + np.exp(1))) / 2
    fake = (np.log(1 + np.exp(2)) + np.log(1 + np.exp(-1))) / 2
    assert float(adversarial_loss(logits, True)) == pytest.approx(real)
    assert float(adversarial_loss(logits, False)) == pytest.approx(fake)
    assert real < fake


def test_least_squares_by_hand():
    logits = np.array([1.0, 0.0, 3.0], "float32")
    assert float(adversarial_loss(logits, True, "lsgan")) == pytest.approx(5 / 3)
    assert float(adversarial_loss(logits, False, "lsgan")) == pytest.approx(10 / 3)


def test_huge_logits_stay_finite_and_half_precision_is_left():
    logits = ops.cast(np.array([6e4, -6e4]), "float16")
    loss = adversarial_loss(logits, True)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert float(loss) == pytest.approx(3e4, rel=1e-3)


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
@pytest.mark.parametrize("training", [True, False])
def test_all_metrics_by_name_equal_a_plain_computation(kind, training):
    model = compiled(small_pix2pix(kind=kind, l1_weight=7.0))
    L, ab = batch()
    fake_ab, real, fake = run_networks(model, L, ab, training)
    if kind == "bce":
        g_adv, d_real, d_fake = (np.mean(softplus(x)) for x in (-fake, -real, fake))
        middle = 0
    else:
        g_adv, d_real, d_fake = (np.mean(x**2) for x in (fake - 1, real - 1, fake))
        middle = 0.5
    g_l1 = np.abs(fake_ab - ab).mean()
    expected = {
        "loss": g_adv + 7 * g_l1,
        "g_adv": g_adv,
        "g_l1": g_l1,
        "d_real": d_real,
        "d_fake": d_fake,
        "d_accuracy": ((real > middle).mean() + (fake <= middle).mean()) / 2,
    }
    if training:
        logs = train_once(model, L, ab)
    else:
        logs = model.evaluate(L, ab, verbose=0, return_dict=True)
    assert set(logs) == METRICS
    assert logs == pytest.approx(expected, rel=1e-4)
    assert {m.name for m in model.metrics} == METRICS


def test_an_evaluation_weighs_pictures_not_batches():
    model = compiled(small_pix2pix())
    L, ab = batch(5)
    whole = model.evaluate(L, ab, batch_size=5, verbose=0, return_dict=True)
    parts = model.evaluate(L, ab, batch_size=4, verbose=0, return_dict=True)
    assert parts == pytest.approx(whole, rel=1e-4)


# --- one step


def test_the_discriminator_minimises_the_mean_of_its_halves():
    model = compiled(small_pix2pix(), d_rate=1.0)
    L, ab = batch()
    _, real, fake = run_networks(model, L, ab)
    bias = model.discriminator.get_layer("logits").bias
    before = float(ops.convert_to_numpy(bias)[0])
    train_once(model, L, ab)
    slope = (np.mean(sigmoid(real) - 1) + np.mean(sigmoid(fake))) / 2
    after = float(ops.convert_to_numpy(bias)[0])
    assert after - before == pytest.approx(-slope, rel=1e-3)


def test_the_generator_descends_the_weighted_l1_distance():
    model = compiled(small_pix2pix(l1_weight=10.0, adversarial=False), g_rate=1.0)
    L, ab = batch()
    fake_ab = run_networks(model, L, ab)[0]
    bias = model.generator.get_layer("ab_linear").bias
    before = np.array(ops.convert_to_numpy(bias))
    train_once(model, L, ab)
    slope = (np.sign(fake_ab - ab) * (1 - fake_ab**2)).sum(axis=(0, 1, 2)) / ab.size
    change = ops.convert_to_numpy(bias) - before
    np.testing.assert_allclose(change, -10 * slope, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_the_generator_learns_to_be_taken_for_real(kind):
    model = compiled(small_pix2pix(kind=kind, l1_weight=0.0), g_rate=0.1)
    L, ab = batch()
    first = train_once(model, L, ab)
    for _ in range(4):
        last = train_once(model, L, ab)
    assert first["loss"] == first["g_adv"]
    assert last["g_adv"] < first["g_adv"] - 1e-4


def test_the_discriminator_learns_before_it_judges_for_the_generator():
    model = compiled(small_pix2pix(), d_rate=0.5)
    L, ab = batch()
    old = run_networks(model, L, ab)[2]
    logs = train_once(model, L, ab)
    new = run_networks(model, L, ab)[2]
    assert logs["d_fake"] == pytest.approx(np.mean(softplus(old)), rel=1e-4)
    assert logs["g_adv"] == pytest.approx(np.mean(softplus(-new)), rel=1e-4)
    assert abs(np.mean(softplus(-new)) - np.mean(softplus(-old))) > 1e-3


@pytest.mark.parametrize("g_rate, d_rate", [(0.1, 0.0), (0.0, 0.1)])
def test_a_step_with_the_other_rate_at_zero_moves_only_its_own_network(g_rate, d_rate):
    model = compiled(small_pix2pix(), g_rate, d_rate)
    networks = (model.generator, model.discriminator)
    before = [values_of(network.trainable_variables) for network in networks]
    train_once(model, *batch())
    g_moved, d_moved = (
        moved(network.trainable_variables, then)
        for network, then in zip(networks, before)
    )
    assert all(g_moved) if g_rate else not any(g_moved)
    assert all(d_moved) if d_rate else not any(d_moved)


@pytest.mark.parametrize("d_steps", [1, 2])
def test_steps_are_counted_and_the_generator_runs_once(d_steps):
    model = compiled(small_pix2pix(dropout=0.5, d_steps=d_steps), d_rate=0.01)
    twin = small_pix2pix(dropout=0.5, d_steps=d_steps)
    L, ab = batch()
    train_once(model, L, ab)
    pair = model.optimizer
    assert int(ops.convert_to_numpy(pair.d_optimizer.iterations)) == d_steps
    assert int(ops.convert_to_numpy(pair.g_optimizer.iterations)) == 1
    assert int(ops.convert_to_numpy(pair.iterations)) == 1
    # Dropout's seeds and BatchNorm's statistics, after one call in training:
    twin.generator(L, training=True)
    found = values_of(model.generator.non_trainable_variables)
    expected = values_of(twin.generator.non_trainable_variables)
    assert len(found) == len(expected) > 6
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_two_steps_of_the_discriminator_are_two_steps():
    """Step 2 begins from the weights that step 1 left."""
    L, ab = batch()
    twice = compiled(small_pix2pix(d_steps=2), d_rate=0.1)
    train_once(twice, L, ab)
    once = compiled(small_pix2pix(d_steps=1), d_rate=0.1)
    for _ in range(2):
        train_once(once, L, ab)
    for one, other in zip(
        values_of(twice.discriminator.trainable_variables),
        values_of(once.discriminator.trainable_variables),
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_pretraining_leaves_the_discriminator_wholly_alone():
    model = small_pix2pix(adversarial=False)
    model.compile(run_eagerly=True)
    d_state = model.discriminator.variables + model.optimizer.d_optimizer.variables
    before = values_of(d_state)
    logs = train_once(model, *batch())
    assert not any(moved(d_state, before))
    assert logs["loss"] == pytest.approx(100 * logs["g_l1"], rel=1e-5)
    assert [logs[name] for name in sorted(METRICS - {"loss", "g_l1"})] == [0] * 4
    assert int(ops.convert_to_numpy(model.optimizer.g_optimizer.iterations)) == 1


# --- fit, evaluate, predict


def test_set_adversarial_traces_the_step_anew():
    model = compiled(small_pix2pix(adversarial=False), 0.01, 0.01, run_eagerly=False)
    L, ab = batch()
    before = values_of(model.discriminator.trainable_variables)
    model.fit(L, ab, verbose=0)
    assert not any(moved(model.discriminator.trainable_variables, before))
    assert model.evaluate(L, ab, verbose=0, return_dict=True)["d_real"] == 0
    model.set_adversarial(True)
    history = model.fit(L, ab, verbose=0).history
    assert history["d_real"][0] > 0
    assert all(moved(model.discriminator.trainable_variables, before))
    assert model.evaluate(L, ab, verbose=0, return_dict=True)["d_real"] > 0
    function = model.train_function
    model.set_adversarial(True)
    assert model.train_function is function  # nothing changed: no new trace


def test_fifty_steps_on_one_batch_lower_l1():
    model = small_pix2pix(dropout=0.5)
    adam = [keras.optimizers.Adam(5e-3, beta_1=0.5) for _ in range(2)]
    model.compile(*adam, jit_compile=False)
    L, ab = batch(2)
    ab[:] = [0.3, -0.2]
    losses = model.fit(L, ab, epochs=50, verbose=0).history["g_l1"]
    assert losses[-1] < 0.5 * losses[0]


def test_fit_takes_batches_of_pictures(photos):
    model = compiled(small_pix2pix(dropout=0.5), 0.01, 0.01, run_eagerly=False)
    batches = Batches(photos, batch_size=2, crop=32)
    held_out = Batches(photos, batch_size=4, crop=32, training=False)
    history = model.fit(batches, validation_data=held_out, epochs=2, verbose=0).history
    assert set(history) == METRICS | {f"val_{name}" for name in METRICS}
    assert np.isfinite(list(history.values())).all()
    assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 2 * 3


def test_inference_changes_nothing_and_a_picture_is_alone_as_in_a_batch():
    model = compiled(small_pix2pix(dropout=0.5), 0.1, 0.1)
    L, ab = batch(3)
    train_once(model, L, ab)
    state = model.variables + model.optimizer.variables
    before = values_of(state)
    together = model.predict(L, verbose=0)
    model.evaluate(L, ab, verbose=0)
    called = ops.convert_to_numpy(model(L))
    assert not any(moved(state, before))
    np.testing.assert_allclose(called, together, atol=1e-6)
    for i in range(3):
        alone = model.predict(L[i : i + 1], verbose=0)[0]
        np.testing.assert_allclose(alone, together[i], atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 1e-3


# --- compile, precision, files


def test_the_optimizers_are_the_papers():
    model = small_pix2pix()
    model.compile()
    pair = model.optimizer
    assert pair.g_optimizer is not pair.d_optimizer
    for adam in (pair.g_optimizer, pair.d_optimizer):
        assert isinstance(adam, keras.optimizers.Adam)
        assert float(ops.convert_to_numpy(adam.learning_rate)) == pytest.approx(2e-4)
        assert (adam.beta_1, adam.beta_2) == (0.5, 0.999)
    assert float(ops.convert_to_numpy(pair.learning_rate)) == pytest.approx(2e-4)
    count = len(model.trainable_variables)
    assert len(pair.variables) == 2 * count + 2 * 2  # moments, step and rate
    assert model.l1_weight == 100 and model.d_steps == 1 and model.kind == "bce"


def test_the_shown_learning_rate_is_the_generators():
    pair = PairOfOptimizers(SGD(0.25), SGD(0.5))
    assert float(ops.convert_to_numpy(pair.learning_rate)) == 0.25


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("where", ["argument", "global"])
def test_mixed_precision(dtype, where):
    if where == "argument":
        model = small_pix2pix(dtype=dtype)
    else:
        keras.config.set_dtype_policy(dtype)
        try:
            model = small_pix2pix()
        finally:
            keras.config.set_dtype_policy("float32")
    model.compile(run_eagerly=True)
    halved = model.generator.get_layer("down_2").compute_dtype
    assert halved == dtype.removeprefix("mixed_")
    pair = model.optimizer
    assert isinstance(pair, PairOfOptimizers)
    kind = keras.optimizers.LossScaleOptimizer
    if dtype == "mixed_float16":
        assert type(pair.g_optimizer) is type(pair.d_optimizer) is kind
        for scaled in (pair.g_optimizer, pair.d_optimizer):
            scaled.dynamic_scale.assign(64.0)  # low enough for the first step
    else:
        assert isinstance(pair.g_optimizer, keras.optimizers.Adam)
    before = values_of(model.trainable_variables)
    L, ab = batch()
    logs = train_once(model, L, ab)
    expected = train_once(compiled(small_pix2pix()), L, ab)
    assert logs == pytest.approx(expected, rel=0.03, abs=0.03)
    assert all(moved(model.trainable_variables, before))
    assert all(np.isfinite(v).all() for v in values_of(model.variables))
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    assert model.predict(L, verbose=0).dtype == np.float32


def test_a_step_with_loss_scale_is_the_same_step():
    """Scaled gradients are scaled back: float32 networks, one pair wrapped."""
    L, ab = batch()
    plain = compiled(small_pix2pix(), 0.1, 0.1)
    wrapped = small_pix2pix()
    scale = keras.optimizers.LossScaleOptimizer
    wrapped.compile(
        scale(SGD(0.1), initial_scale=8.0),
        scale(SGD(0.1), initial_scale=8.0),
        run_eagerly=True,
    )
    for model in (plain, wrapped):
        train_once(model, L, ab)
    for one, other in zip(values_of(plain.variables), values_of(wrapped.variables)):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kind": "hinge"}, "'hinge'"),
        ({"d_steps": 0}, "d_steps at least 1.* 0 "),
        ({"l1_weight": -1.0}, "-1.0"),
    ],
)
def test_wrong_arguments_raise(options, message):
    generator, discriminator = build_unet(16, 1), build_patch_discriminator(1, 1)
    with pytest.raises(ValueError, match=message):
        Pix2Pix(generator, discriminator, **options)


def test_an_unknown_kind_of_loss_raises():
    with pytest.raises(ValueError, match="'hinge'"):
        adversarial_loss(np.zeros(3, "float32"), True, "hinge")


def test_weights_come_back(tmp_path):
    L, _ = batch(2)
    model, other = small_pix2pix(), small_pix2pix(seed=2)
    save_weights(model, tmp_path / "pair.npz", dtype="float32")
    assert np.abs(model.predict(L, verbose=0) - other.predict(L, verbose=0)).max() > 0
    load_weights(other, tmp_path / "pair.npz")
    for one, two in zip(values_of(model.weights), values_of(other.weights)):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(
        model.predict(L, verbose=0), other.predict(L, verbose=0)
    )


def test_keras_own_file_holds_both_optimizers(tmp_path):
    model, other = small_pix2pix(d_steps=2), small_pix2pix(d_steps=2, seed=2)
    for one in (model, other):
        one.compile(run_eagerly=True)
    train_once(model, *batch())
    model.save_weights(tmp_path / "pair.weights.h5")
    other.load_weights(tmp_path / "pair.weights.h5")
    for one in ("weights", "optimizer.variables"):
        found = other.weights if one == "weights" else other.optimizer.variables
        kept = model.weights if one == "weights" else model.optimizer.variables
        for value, wanted in zip(values_of(found), values_of(kept)):
            np.testing.assert_array_equal(value, wanted)
    assert int(ops.convert_to_numpy(other.optimizer.d_optimizer.iterations)) == 2


# --- other backends, and two devices


def plain_pix2pix():
    """Networks without BatchNorm: two devices must then do exactly what one does."""
    keras.utils.set_random_seed(1)
    L, ab = keras.Input((None, None, 1)), keras.Input((None, None, 2))
    x = layers.Concatenate()([L, ab])
    x = layers.Conv2D(4, 4, strides=2, activation="leaky_relu", name="conv")(x)
    discriminator = keras.Model([L, ab], layers.Conv2D(1, 1, name="logits")(x))
    generator = build_baseline_cnn(filters=2, dropout=0.0)
    model = Pix2Pix(generator, discriminator, d_steps=2)
    randomize(model, 1, 0.1)
    return model


def three_steps(kind, weights=None):
    """Trains three steps by `fit`; returns the losses and a sum over the weights."""
    model = plain_pix2pix() if kind == "plain" else small_pix2pix(d_steps=2)
    if kind == "dropout":
        model = small_pix2pix(dropout=0.5)
    if weights:
        load_weights(model, weights)
    # Adam hardly sees the size of gradients, SGD does.
    d_optimizer = SGD(0.1) if kind == "plain" else None
    model.compile(None, d_optimizer, jit_compile=keras.backend.backend() == "jax")
    before = values_of(model.trainable_variables)
    history = model.fit(*batch(), epochs=3, batch_size=4, verbose=0).history
    return model, {
        "backend": keras.backend.backend(),
        "history": history,
        "weights": [float(np.abs(v).sum()) for v in values_of(model.variables)],
        "all moved": all(moved(model.trainable_variables, before)),
    }


def three_steps_on_two_devices(kinds, weights=None):
    """The same on two virtual CPU devices; says whether both hold the same weights."""
    if keras.backend.backend() == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        reports = [three_steps(kind, weights) for kind in kinds]
        copies = [
            [np.array(shard.data) for shard in variable.value.addressable_shards]
            for model, _ in reports
            for variable in model.variables
        ]
    else:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with strategy.scope():
            reports = [three_steps(kind, weights) for kind in kinds]
        copies = [
            [copy.numpy() for copy in strategy.experimental_local_results(v.value)]
            for model, _ in reports
            for v in model.trainable_variables
        ]
    return None, {
        "reports": [report for _, report in reports],
        "copies": sorted({len(pair) for pair in copies}),
        "same": all(np.array_equal(*pair) for pair in copies),
    }


def elsewhere(backend, call, **environment):
    """Runs a function of this module in another process; returns its report."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    here = Path(__file__).resolve().parent
    # XLA's optimizations take longer than these steps.
    flags = "--xla_backend_optimization_level=0"
    flags += " --xla_llvm_disable_expensive_passes=true"
    paths = [str(here), str(here.parent), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import json, test_gan; print(json.dumps(test_gan.{call}[1]))",
        ],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": os.pathsep.join(paths),
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"{flags} {environment.get('XLA_FLAGS', '')}",
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def one_device(tmp_path_factory):
    """Three steps in this process: kind -> (file of the first weights, report)."""
    folder = tmp_path_factory.mktemp("first")
    found = {}
    for kind, model in (("plain", plain_pix2pix()), ("paper", small_pix2pix())):
        save_weights(model, folder / f"{kind}.npz", dtype="float32")
        found[kind] = (str(folder / f"{kind}.npz"), three_steps(kind)[1])
    return found


def assert_agree(report, expected, rel):
    assert set(report["history"]) == METRICS
    for name, losses in report["history"].items():
        assert losses == pytest.approx(expected["history"][name], rel=rel, abs=rel)
    assert report["all moved"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_first_three_losses_agree_on_every_backend(backend, one_device):
    if backend == keras.backend.backend():
        pytest.skip(f"{backend} is what the others are compared with")
    weights, expected = one_device["paper"]
    report = elsewhere(backend, f"three_steps('paper', {weights!r})")
    assert report["backend"] == backend
    assert_agree(report, expected, 1e-3)
    assert report["weights"] == pytest.approx(expected["weights"], rel=1e-3, abs=2e-2)


def test_tensorflow_trains_on_two_devices_as_on_one(one_device):
    weights, expected = one_device["plain"]
    found = elsewhere(
        "tensorflow", f"three_steps_on_two_devices(['plain'], {weights!r})"
    )
    assert found["copies"] == [2] and found["same"]
    assert_agree(found["reports"][0], expected, 1e-4)
    weights = found["reports"][0]["weights"]
    assert weights == pytest.approx(expected["weights"], rel=1e-4, abs=1e-6)


def test_tensorflow_trains_batchnorm_and_dropout_on_two_devices(one_device):
    """Each device normalises its own half: losses near those of one device."""
    found = elsewhere("tensorflow", "three_steps_on_two_devices(['dropout'])")
    assert found["copies"] == [2] and found["same"]
    assert_agree(found["reports"][0], one_device["paper"][1], 0.15)


def test_jax_trains_on_two_devices_as_on_one(one_device):
    """JAX normalises over the whole batch, so that BatchNorm makes no difference."""
    weights, expected = one_device["paper"]
    found = elsewhere(
        "jax",
        f"three_steps_on_two_devices(['paper'], {weights!r})",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
    )
    assert found["copies"] == [2] and found["same"]
    assert_agree(found["reports"][0], expected, 1e-3)
