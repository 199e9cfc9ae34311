import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib import ab_bins
from colorlib.ab_bins import (
    AnnealedMean,
    ClassLoss,
    as_colorizer,
    bin_centres,
    nearest_bin,
    rebalancing_weights,
    soft_encode,
)
from colorlib.lab import rgb8_to_lab

COUNT = 261


def random_rgb(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype("uint8")


def random_ab(count):
    return rgb8_to_lab(random_rgb(1, count))[0, :, 1:]


def as_numpy(x):
    return np.array(ops.convert_to_numpy(x))


def index_of(a, b):
    found = np.flatnonzero((bin_centres() == [a, b]).all(axis=1))
    assert len(found) == 1
    return found[0]


def one_hot_logits(index, shape=(), height=50.0):
    logits = np.zeros((*shape, COUNT), "float32")
    logits[..., index] = height
    return logits


# --- the bins


def test_the_bins_are_a_grid_of_ten_units():
    centres = bin_centres()
    assert centres.shape == (COUNT, 2) and centres.dtype == np.float32
    np.testing.assert_array_equal(centres % 10, 0)
    assert len(np.unique(centres, axis=0)) == COUNT
    assert centres.min(axis=0).tolist() == [-90, -110]
    assert centres.max(axis=0).tolist() == [100, 90]
    assert not centres.flags.writeable
    assert bin_centres() is centres


def test_every_random_colour_is_in_a_bin():
    cells = np.unique(10 * np.round(random_ab(200_000) / 10), axis=0)
    known = {tuple(centre) for centre in bin_centres().tolist()}
    assert {tuple(cell) for cell in cells.tolist()} <= known


@pytest.mark.slow
def test_the_bins_are_those_of_all_colours_of_srgb():
    found = set()
    blue, green = np.meshgrid(np.arange(256), np.arange(256))
    for red in range(256):
        rgb = np.stack([np.full_like(blue, red), green, blue], axis=-1)
        ab = rgb8_to_lab(rgb.astype("uint8"))[..., 1:].reshape(-1, 2)
        cells = np.unique(np.round(ab / 10).astype("int32"), axis=0)
        found |= {(10 * a, 10 * b) for a, b in cells.tolist()}
    assert found == {(int(a), int(b)) for a, b in bin_centres()}


def test_nearest_bin_against_brute_force():
    ab = random_ab(3000)
    distances = np.linalg.norm(ab[:, None] - bin_centres(), axis=-1)
    np.testing.assert_array_equal(nearest_bin(ab), distances.argmin(axis=1))
    assert nearest_bin(ab.reshape(2, 3, 500, 2)).shape == (2, 3, 500)
    assert nearest_bin(ab[0]) == distances[0].argmin()
    centre = bin_centres()[index_of(-20, 30)]
    assert nearest_bin(centre + [4.9, -4.9]) == index_of(-20, 30)


def test_colours_that_no_screen_shows_go_to_the_nearest_bin():
    ab = np.random.default_rng(1).uniform(-128, 128, (2000, 2)).astype("float32")
    distances = np.linalg.norm(ab[:, None] - bin_centres(), axis=-1)
    np.testing.assert_array_equal(nearest_bin(ab), distances.argmin(axis=1))


# --- soft encoding


def test_soft_encoding_by_hand():
    """On a centre: itself, and its four neighbours 10 units away."""
    shares = as_numpy(soft_encode(np.array([20.0, 10.0], "float32")))
    aside = np.exp(-(10**2) / (2 * 5**2))
    expected = np.zeros(COUNT)
    expected[index_of(20, 10)] = 1
    for a, b in [(10, 10), (30, 10), (20, 0), (20, 20)]:
        expected[index_of(a, b)] = aside
    np.testing.assert_allclose(shares, expected / (1 + 4 * aside), atol=1e-6)


def test_soft_encoding_of_any_colour():
    ab = random_ab(500)
    shares = as_numpy(soft_encode(ab.reshape(5, 100, 2))).reshape(500, COUNT)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    distances = ((ab[:, None] - bin_centres()) ** 2).sum(axis=-1)
    for row, share in zip(distances, shares):
        five = np.sort(np.argsort(row)[:5])
        np.testing.assert_array_equal(np.flatnonzero(share), five)
        weights = np.exp(-row[five] / 50)
        np.testing.assert_allclose(share[five], weights / weights.sum(), atol=1e-4)
    np.testing.assert_array_equal(shares.argmax(axis=1), nearest_bin(ab))


def test_the_expectation_of_the_encoding_is_near_the_colour():
    ab = random_ab(500)
    back = as_numpy(soft_encode(ab)) @ bin_centres()
    errors = np.linalg.norm(back - ab, axis=1)
    assert errors.max() < 10 and errors.mean() < 3


def test_colours_far_from_every_bin_are_encoded_too():
    shares = as_numpy(soft_encode(np.array([[-128.0, -128.0], [128, 128]], "float32")))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)


# --- rebalancing


def mostly_grey():
    rgb = np.full((2, 20, 20, 3), 120, "uint8")
    rgb[0, :2] = [250, 20, 10]  # 5 % red
    return rgb


def smoothed_prior(rgb):
    bins = nearest_bin(rgb8_to_lab(rgb)[..., 1:])
    prior = np.zeros(COUNT)
    squared = ((bin_centres()[:, None] - bin_centres()) ** 2).sum(axis=-1)
    for source, count in zip(*np.unique(bins, return_counts=True)):
        spread = np.exp(-squared[source] / 50)
        prior += count / bins.size * spread / spread.sum()
    return prior


@pytest.mark.parametrize("mix", [0.1, 0.5, 1.0])
def test_rebalancing_by_the_papers_equation(mix):
    rgb = mostly_grey()
    prior = smoothed_prior(rgb)
    assert prior.sum() == pytest.approx(1)
    expected = 1 / ((1 - mix) * prior + mix / COUNT)
    expected /= (expected * prior).sum()
    weights = rebalancing_weights(rgb, mix)
    assert weights.dtype == np.float32 and weights.shape == (COUNT,)
    np.testing.assert_allclose(weights, expected, rtol=1e-4)
    assert (prior * weights).sum() == pytest.approx(1, rel=1e-5)


def test_rare_colours_weigh_more_and_the_default_is_a_half():
    weights = rebalancing_weights(mostly_grey())
    np.testing.assert_array_equal(weights, rebalancing_weights(mostly_grey(), 0.5))
    grey = weights[index_of(0, 0)]
    red = weights[nearest_bin(rgb8_to_lab(mostly_grey())[0, 0, 0, 1:])]
    blue = weights[index_of(30, -60)]  # not in the pictures at all
    assert grey < red < blue
    assert blue / grey > 20


def test_without_rebalancing_all_weigh_the_same():
    np.testing.assert_allclose(rebalancing_weights(mostly_grey(), 1.0), 1, rtol=1e-5)


@pytest.mark.parametrize("mix", [0, -0.5, 1.5])
def test_a_mix_out_of_range_raises(mix):
    with pytest.raises(ValueError, match=str(mix)):
        rebalancing_weights(mostly_grey(), mix)


def test_no_pictures_raise():
    with pytest.raises(ValueError, match="no pictures"):
        rebalancing_weights(np.zeros((0, 4, 4, 3), "uint8"))


# --- the loss


def numpy_loss(ab, logits, weights):
    """Equation 2 of the paper, pixel by pixel."""
    truth = as_numpy(soft_encode(ab * 128))
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_shares = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    each = weights[truth.argmax(axis=-1)]
    return -each * (truth * log_shares).sum(axis=-1)


@pytest.mark.parametrize("rebalanced", [False, True])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_the_loss_against_numpy(rebalanced, factor):
    random = np.random.default_rng(0)
    ab = random_ab(2 * 8 * 8).reshape(2, 8, 8, 2) / 128
    logits = random.normal(0, 3, (2, 8 // factor, 8 // factor, COUNT))
    logits = logits.astype("float32")
    weights = random.uniform(0.1, 5, COUNT).astype("float32")
    coarse = ab.reshape(2, 8 // factor, factor, 8 // factor, factor, 2)
    coarse = coarse.mean(axis=(2, 4))
    expected = numpy_loss(coarse, logits, weights if rebalanced else np.ones(COUNT))
    loss = ClassLoss(weights) if rebalanced else ClassLoss()
    each = as_numpy(loss.call(ops.convert_to_tensor(ab), ops.convert_to_tensor(logits)))
    assert each.shape == (2, 8 // factor, 8 // factor)
    np.testing.assert_allclose(each, expected, rtol=1e-3, atol=1e-4)
    assert float(loss(ab, logits)) == pytest.approx(expected.mean(), rel=1e-4)


def test_undecided_logits_cost_the_log_of_the_number_of_bins():
    ab = random_ab(16).reshape(1, 4, 4, 2) / 128
    logits = np.zeros((1, 2, 2, COUNT), "float32")
    assert float(ClassLoss()(ab, logits)) == pytest.approx(np.log(COUNT), rel=1e-5)


def test_weights_of_another_number_of_bins_raise():
    with pytest.raises(ValueError, match="313"):
        ClassLoss(np.ones(313, "float32"))


def test_a_network_learns_by_the_loss():
    keras.utils.set_random_seed(0)
    L = keras.Input((None, None, 1))
    network = keras.Model(L, layers.Conv2D(COUNT, 2, strides=2, name="logits")(L))
    network.compile(keras.optimizers.Adam(0.1), loss=ClassLoss(), jit_compile=False)
    pictures = np.full((2, 4, 4, 1), 0.5, "float32")
    ab = np.broadcast_to(np.array([30, -20], "float32") / 128, (2, 4, 4, 2))
    losses = network.fit(pictures, ab, epochs=40, verbose=0).history["loss"]
    truth = as_numpy(soft_encode(np.array([30.0, -20], "float32")))
    floor = -(truth * np.log(np.maximum(truth, 1e-9))).sum()  # entropy of the truth
    assert losses[0] > 4 and floor - 1e-3 < losses[-1] < floor + 0.3
    colours = as_numpy(as_colorizer(network)(pictures)) * 128
    np.testing.assert_allclose(colours.reshape(-1, 2), [[30, -20]] * 32, atol=2)


# --- the annealed mean


def test_the_mean_of_two_bins_by_hand():
    """Shares of 0.8 and 0.2 become 0.8^2 and 0.2^2, over their sum, at T = 1/2."""
    red, blue = index_of(60, 40), index_of(30, -60)
    logits = np.full((1, COUNT), -1e4, "float32")
    logits[0, red], logits[0, blue] = np.log(0.8), np.log(0.2)
    share = 0.8**2 / (0.8**2 + 0.2**2)
    expected = share * np.array([60, 40]) + (1 - share) * np.array([30, -60])
    found = as_numpy(AnnealedMean(0.5)(logits))[0]
    np.testing.assert_allclose(found * 128, expected, rtol=1e-4)
    mean = as_numpy(AnnealedMean(1.0)(logits))[0] * 128
    np.testing.assert_allclose(mean, [54, 20], rtol=1e-4)


def test_the_limits_of_the_temperature():
    logits = np.random.default_rng(0).normal(0, 2, (3, 5, COUNT)).astype("float32")
    cold = as_numpy(AnnealedMean(1e-3)(logits)) * 128
    np.testing.assert_allclose(cold, bin_centres()[logits.argmax(axis=-1)], atol=0.1)
    hot = as_numpy(AnnealedMean(1e6)(logits)) * 128
    middle = np.broadcast_to(bin_centres().mean(axis=0), hot.shape)
    np.testing.assert_allclose(hot, middle, atol=0.01)


def test_the_papers_temperature_is_the_default():
    assert AnnealedMean().temperature == ab_bins.TEMPERATURE == 0.38


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan")])
def test_a_temperature_out_of_range_raises(temperature):
    with pytest.raises(ValueError, match=str(temperature)):
        AnnealedMean(temperature)


def test_encoding_and_decoding_give_nearly_the_colour_back():
    ab = random_ab(300)
    shares = as_numpy(soft_encode(ab))
    for temperature in (1.0, 0.38):
        logits = np.log(np.maximum(shares, 1e-9))
        back = as_numpy(AnnealedMean(temperature)(logits)) * 128
        assert np.linalg.norm(back - ab, axis=1).max() < 10


# --- the colorizer


def network_of_classes(dtype=None):
    L = keras.Input((None, None, 1), name="L")
    output = layers.Conv2D(COUNT, 2, strides=2, name="logits", dtype=dtype)
    return keras.Model(L, output(L), name="net")


def test_a_colorizer_predicts_ab_at_full_size():
    network = network_of_classes()
    kernel, bias = network.get_layer("logits").weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(one_hot_logits(index_of(40, -10)))
    colorizer = as_colorizer(network)
    L = np.zeros((2, 6, 8, 1), "float32")
    ab = as_numpy(colorizer(L))
    assert ab.shape == (2, 6, 8, 2) and ab.dtype == np.float32
    np.testing.assert_allclose(ab.reshape(-1, 2) * 128, [[40, -10]] * 96, atol=1e-3)
    bias.assign(one_hot_logits(index_of(-30, 50)))  # the weights are shared
    ab = as_numpy(colorizer(L))
    np.testing.assert_allclose(ab.reshape(-1, 2) * 128, [[-30, 50]] * 96, atol=1e-3)


def test_the_temperature_is_passed_on():
    network = network_of_classes()
    assert as_colorizer(network).get_layer("annealed_mean").temperature == 0.38
    colorizer = as_colorizer(network, 0.7)
    assert colorizer.get_layer("annealed_mean").temperature == 0.7


def test_colours_stay_in_full_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        colorizer = as_colorizer(network_of_classes(dtype="float32"))
    finally:
        keras.config.set_dtype_policy("float32")
    random = np.random.default_rng(0)
    kernel = colorizer.get_layer("logits").kernel
    kernel.assign(random.normal(0, 3, kernel.shape))
    L = random.uniform(-1, 1, (1, 4, 4, 1)).astype("float32")
    ab = as_numpy(colorizer(L))
    assert ab.dtype == np.float32
    logits = as_numpy(colorizer.get_layer("logits")(L))
    shares = np.exp(logits / 0.38)
    shares /= shares.sum(axis=-1, keepdims=True)
    coarse = (shares @ bin_centres() / 128).mean(axis=(1, 2))
    np.testing.assert_allclose(ab.mean(axis=(1, 2)), coarse, atol=1e-5)
    assert len(np.unique(ab.reshape(-1, 2), axis=0)) > 4  # smooth, not in blocks


def test_a_network_of_colours_is_left_as_it_is():
    L = keras.Input((None, None, 1))
    network = keras.Model(L, layers.Conv2D(2, 1)(L))
    assert as_colorizer(network) is network
