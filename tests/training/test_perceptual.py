import keras
import numpy as np
import pytest
from keras import ops

from colorlib.data.batches import Batches
from colorlib.lab import lab_to_rgb, rgb8_to_lab, unscale_ab, unscale_L
from colorlib.models.cnn import build_baseline_cnn
from colorlib.training.perceptual import Perceptual


def mean_difference(rgb_1, rgb_2):
    """A distance that anyone can work out: of the mean colours of two pictures."""
    means = [ops.mean(rgb, axis=(1, 2)) for rgb in (rgb_1, rgb_2)]
    return ops.sum(ops.abs(means[0] - means[1]), axis=-1)


@pytest.fixture
def batch(photos):
    lab = rgb8_to_lab(photos[:4, ::2, ::2])
    return lab[..., :1] / 50 - 1, lab[..., 1:] / 128


@pytest.mark.parametrize("shrink", [1, 2])
def test_the_loss_is_l1_plus_the_weighted_distance(batch, shrink):
    network = build_baseline_cnn(filters=2)
    model = Perceptual(network, mean_difference, weight=3.0, shrink=shrink)
    model.compile(optimizer="adam")
    found = model.evaluate(*batch, batch_size=4, verbose=0, return_dict=True)
    L, ab = batch
    predicted = ops.convert_to_numpy(network(L))
    l1 = np.abs(ab - predicted).mean()
    rgb = []
    for colours in (ab, predicted):
        lab = np.concatenate([unscale_L(L), unscale_ab(colours)], axis=-1)
        size = 32 // shrink
        lab = lab.reshape(4, size, shrink, size, shrink, 3).mean(axis=(2, 4))
        rgb.append(lab_to_rgb(lab, gamut="clip").mean(axis=(1, 2)))
    distance = np.abs(rgb[0] - rgb[1]).sum(axis=-1).mean()
    assert distance > 0.01
    assert found["l1"] == pytest.approx(l1, rel=1e-4)
    assert found["lpips"] == pytest.approx(distance, rel=1e-3)
    assert found["loss"] == pytest.approx(l1 + 3 * distance, rel=1e-3)


def test_the_distance_alone_teaches_the_network(batch):
    L, ab = batch
    target = np.zeros_like(ab) + np.array([0.2, -0.1], "float32")

    def only_colour(rgb_1, rgb_2):
        return 100 * mean_difference(rgb_1, rgb_2)

    keras.utils.set_random_seed(0)
    network = build_baseline_cnn(filters=4, dropout=0.0)
    model = Perceptual(network, only_colour)
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = model.fit(L, target, batch_size=4, epochs=40, verbose=0).history
    assert history["lpips"][-1] < 0.4 * history["lpips"][0]
    assert model(L).shape == (4, 32, 32, 2)


def test_the_means_are_over_pictures_not_over_batches(photos):
    network = build_baseline_cnn(filters=2)
    model = Perceptual(network, mean_difference)
    model.compile(optimizer="adam")
    uneven = Batches(photos, 4, training=False)  # 4 + 2 pictures
    found = model.evaluate(uneven, verbose=0, return_dict=True)
    single = Batches(photos, 1, training=False)
    assert found["l1"] == pytest.approx(
        model.evaluate(single, verbose=0, return_dict=True)["l1"], rel=1e-4
    )


def test_hints_go_to_the_network_and_few_pictures_to_the_distance(batch):
    L, ab = batch
    hints = np.concatenate([ab, np.ones_like(L)], axis=-1)
    told = [keras.Input((None, None, c)) for c in (1, 3)]
    model = Perceptual(
        keras.Model(told, told[1][..., :2] * 0.5), mean_difference, 2.0, 1, pictures=3
    )
    model.compile(optimizer="adam")
    found = model.evaluate((L, hints), ab, batch_size=4, verbose=0, return_dict=True)
    assert found["l1"] == pytest.approx(np.abs(ab / 2).mean(), rel=1e-4)
    rgb = [
        lab_to_rgb(np.concatenate([unscale_L(L), unscale_ab(colour)], axis=-1)[:3])
        for colour in (ab, ab / 2)
    ]
    distance = float(np.mean(ops.convert_to_numpy(mean_difference(*rgb))))
    assert found["lpips"] == pytest.approx(distance, rel=1e-2)
    assert found["loss"] == pytest.approx(found["l1"] + 2 * found["lpips"], rel=1e-3)


def test_wrong_arguments_raise():
    network = build_baseline_cnn(filters=2)
    with pytest.raises(ValueError, match="at least 0.*got -1"):
        Perceptual(network, mean_difference, weight=-1)
    with pytest.raises(ValueError, match="shrink.*and 0"):
        Perceptual(network, mean_difference, shrink=0)
    with pytest.raises(ValueError, match="pictures must be at least 1.*got 0"):
        Perceptual(network, mean_difference, pictures=0)
