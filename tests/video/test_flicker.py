import keras
import numpy as np
import pytest
from small import write_model

from colorlib.colorize.colorizer import Colorizer
from colorlib.images.picture import Picture
from colorlib.lab import rgb8_to_lab
from colorlib.models.cnn import build_baseline_cnn
from colorlib.video.smoothing import TemporalSmoother, flicker


def scene(size=(40, 64), seed=0):
    """A smooth plane of L*, 20 to 80, with something everywhere."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = np.sin(rows / 3.0 + seed) * np.cos(columns / 4.0 + 2 * seed)
    return (50 + 30 * waves).astype("float32")


def shaking(frames, size=(40, 64), by=8.0, seed=0):
    """Colours that are right in the mean and differ from frame to frame."""
    rng = np.random.default_rng(seed)
    return (rng.normal(0, by, (frames, 1, 1, 2)) + np.ones((*size, 1))).astype(
        "float32"
    )


def smoothed(L, ab, **options):
    smoother = TemporalSmoother(**options)
    return np.stack([smoother(*pair) for pair in zip(L, ab)])


# The measure.


def test_flicker_is_the_mean_step_of_still_pixels():
    L = np.full((3, 20, 30), 50.0, "float32")
    L[:, :, 15:] += np.array([0, 5, 0])[:, None, None]  # the right half blinks
    ab = np.zeros((3, 20, 30, 2), "float32")
    ab[1] = (3, 4)
    ab[:, :, 20:] += np.array([0, 90, 0])[:, None, None, None]
    value, share = flicker(L, ab)
    assert value == pytest.approx(5.0)
    assert share == pytest.approx(13 / 30)  # 5 x 5 pixels: two columns see the right


def test_colours_that_stay_do_not_flicker_and_two_frames_are_needed():
    L = np.stack([scene()] * 4)
    assert flicker(L, np.ones((4, 40, 64, 2))) == (0.0, 1.0)
    moving = np.stack([scene(), scene(seed=2)])
    value, share = flicker(moving, np.ones((2, 40, 64, 2)))
    assert share < 0.1
    with pytest.raises(ValueError, match="two frames or more, got 1"):
        flicker(L[:1], np.ones((1, 40, 64, 2)))
    jump = np.stack([np.zeros((8, 8)), np.full((8, 8), 50.0)])
    assert np.isnan(flicker(jump, np.zeros((2, 8, 8, 2)))[0])


# The filter.


def test_of_a_still_picture_the_flicker_goes():
    L, ab = np.stack([scene()] * 30), shaking(30)
    before, after = flicker(L, ab)[0], flicker(L, smoothed(L, ab))[0]
    assert after < 0.15 * before
    np.testing.assert_array_equal(smoothed(L, ab)[0], ab[0])


def test_the_weights_are_those_of_the_formula():
    L, ab = np.stack([scene()] * 2), shaking(2)
    wanted = 0.7 * ab[0] + 0.3 * ab[1]
    np.testing.assert_allclose(smoothed(L, ab, keep=0.7)[1], wanted, atol=1e-4)
    L = L + np.array([0, 1])[:, None, None] * ([[0.9] * 32 + [-0.9] * 32])
    share = 0.7 * np.exp(-((0.9 / 1.8) ** 2))
    out = smoothed(L.astype("float32"), ab, keep=0.7, tolerance=1.8)[1]
    wanted = share * ab[0] + (1 - share) * ab[1]
    np.testing.assert_allclose(out[:, [5, 60]], wanted[:, [5, 60]], atol=1e-3)


def test_what_changes_is_not_smeared():
    L, ab = np.stack([scene()] * 2), shaking(2)
    L[1, 10:30, 20:40] = 95 - L[1, 10:30, 20:40] / 3  # something comes into view
    out = smoothed(L, ab)
    np.testing.assert_allclose(out[1, 14:26, 24:36], ab[1, 14:26, 24:36], atol=0.5)
    still = (slice(0, 5), slice(45, 60))
    assert (
        np.abs(out[1][still] - ab[0][still]).max() < 0.2 * np.abs(ab[1] - ab[0]).max()
    )


def test_after_a_cut_nothing_is_carried_over(photos):
    for first, second in zip(photos, photos[1:]):
        L = np.stack([rgb8_to_lab(rgb)[..., 0] for rgb in (first, second)])
        ab = shaking(2, L.shape[1:])
        np.testing.assert_array_equal(smoothed(L, ab)[1], ab[1])
    L, ab = [scene()], shaking(1)
    larger, colours = scene((48, 64)), shaking(1, (48, 64))[0]
    smoother = TemporalSmoother()
    smoother(L[0], ab[0])
    np.testing.assert_array_equal(smoother(larger, colours), colours)


def test_a_flickering_lamp_is_no_change():
    lamp = np.random.default_rng(1).normal(0, 4, (20, 1, 1)).astype("float32")
    L, ab = np.stack([scene()] * 20), shaking(20)
    out = smoothed(L + lamp, ab)
    assert flicker(L, out)[0] < 0.2 * flicker(L, ab)[0]


def test_grain_is_no_change():
    grain = np.random.default_rng(1).normal(0, 1.5, (20, 40, 64)).astype("float32")
    L, ab = np.stack([scene()] * 20), shaking(20)
    assert flicker(L, smoothed(L + grain, ab))[0] < 0.6 * flicker(L, ab)[0]


def test_colours_move_with_what_they_belong_to():
    wide = scene((40, 90))
    colours = np.stack([wide, 20 - wide], axis=-1) / 2  # of the thing, not the place
    L = np.stack([wide[:, 2 * t : 2 * t + 64] for t in range(12)])
    true = np.stack([colours[:, 2 * t : 2 * t + 64] for t in range(12)])
    ab = true + shaking(12) - 1
    out = smoothed(L, ab)
    inner = (slice(3, None), slice(8, -8), slice(8, -8))
    before, after = (np.abs(x - true)[inner].mean() for x in (ab, out))
    assert after < 0.75 * before

    def steps(x):  # along the motion
        return np.abs(
            (x[1:, :, :-2] - true[1:, :, :-2]) - (x - true)[:-1, :, 2:]
        ).mean()

    assert steps(out) < 0.4 * steps(ab)


def test_where_almost_nothing_moves_every_pixel_keeps_its_own_colour():
    rows, columns = np.mgrid[:40, :64]
    L = [50 + 30 * np.sin(rows / 3) * np.cos((columns + x) / 4) for x in (0, 0.15)]
    ab = np.random.default_rng(0).uniform(5, 50, (2, 40, 64, 2)).astype("float32")
    ab[1] = 0
    kept = smoothed(np.array(L, "float32"), ab)[1] / ab[0]
    np.testing.assert_allclose(kept[..., 0], kept[..., 1], rtol=1e-4)
    assert kept.min() > 0.5


@pytest.mark.parametrize("size", [(8, 8), (8, 120), (24, 8)])
def test_small_planes_work(size):
    L = np.stack([scene(size)] * 3)
    out = smoothed(L, shaking(3, size))
    assert out.shape == (3, *size, 2) and out.dtype == np.float32
    assert np.isfinite(out).all()


def test_flat_frames_work():
    L = np.full((3, 16, 24), 50, "float32")
    assert np.isfinite(smoothed(L, shaking(3, (16, 24)))).all()


def test_it_goes_on_from_its_state():
    L = np.stack([scene(seed=t / 50) for t in range(8)])
    ab = shaking(8)
    whole = smoothed(L, ab)
    first, second = TemporalSmoother(), TemporalSmoother()
    assert first.state() == {}
    second.resume(first.state())
    for t in range(4):
        first(L[t], ab[t])
    second.resume(first.state())
    again = [second(L[t], ab[t]) for t in range(4, 8)]
    np.testing.assert_array_equal(again, whole[4:])


def test_its_text_tells_the_settings():
    texts = {str(TemporalSmoother(k, t)) for k in (0.8, 0.9) for t in (1.0, 2.0)}
    assert len(texts) == 4 and str(TemporalSmoother()) == str(TemporalSmoother())


def test_the_frames_of_an_animation_are_smoothed(tmp_path, photos):
    keras.utils.set_random_seed(1)
    network = build_baseline_cnn(filters=2)
    colorizer = Colorizer(write_model(tmp_path / "x.npz", network))
    first, second = (
        np.ascontiguousarray(photos[0][:, s]) for s in (slice(56), slice(8, 64))
    )
    film = Picture(first, frames=[Picture(first), Picture(second)])
    alone = colorizer.colorize(film)
    out = colorizer.colorize(film, smoother=TemporalSmoother())
    np.testing.assert_array_equal(out.rgb, alone.rgb)
    np.testing.assert_array_equal(out.frames[0].rgb, out.rgb)
    assert np.abs(out.frames[1].rgb.astype(int) - alone.frames[1].rgb).max() > 0
