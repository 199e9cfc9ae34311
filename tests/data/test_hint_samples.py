import numpy as np

from colorlib.data.batches import Batches
from colorlib.data.hints import MOST_SIDE, sample_hints


def colours(size=48):
    random = np.random.default_rng(3)
    return random.uniform(-0.5, 0.5, (size, size, 2)).astype("float32")


def many(count=600):
    random, ab = np.random.default_rng(0), colours()
    return ab, [sample_hints(ab, random) for _ in range(count)]


def test_every_picture_gets_some():
    assert all(hints.any() for hints in many()[1])


def test_a_map_is_ab_and_mask_and_zero_elsewhere():
    for hints in many(50)[1]:
        assert hints.shape == (48, 48, 3) and hints.dtype == np.float32
        assert set(np.unique(hints[..., 2])) <= {0.0, 1.0}
        assert not hints[hints[..., 2] == 0].any()


def test_what_is_revealed_is_the_mean_of_a_square_patch():
    ab, maps = many(4000)
    found = 0
    for hints in maps:
        rows, columns = np.nonzero(hints[..., 2])
        if len(rows) == 0 or len(rows) > MOST_SIDE**2:
            continue
        place = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        if hints[place][..., 2].all() and len(set(hints[place].shape[:2])) == 1:
            mean = np.broadcast_to(ab[place].mean(axis=(0, 1)), ab[place].shape)
            if len(np.unique(hints[place][..., 0])) == 1:  # one patch, not two
                found += 1
                np.testing.assert_allclose(hints[place][..., :2], mean, atol=1e-6)
    assert found > 50


def test_points_are_few_or_many_and_lie_anywhere():
    _, maps = many(2000)
    given = [hints[..., 2] for hints in maps if hints.any()]
    shares = np.array([mask.mean() for mask in given])
    assert shares.min() < 0.01 and shares.max() > 0.2
    where = np.mean(given, axis=0)
    for corner in (where[:12, :12], where[-12:, -12:], where[18:30, 18:30]):
        assert corner.mean() > 0.05


def pictures(count=12, size=32):
    random = np.random.default_rng(5)
    return random.integers(0, 256, (count, size, size, 3)).astype("uint8")


def batches(**options):
    return Batches(pictures(), batch_size=4, crop=16, hints=True, **options)


def same(first, second):
    (L, hints), ab = first
    return all(
        np.array_equal(a, b) for a, b in zip((L, hints, ab), (*second[0], second[1]))
    )


def test_batches_come_with_hints_the_same_on_every_run():
    (L, hints), ab = batches()[0]
    assert L.shape == (4, 16, 16, 1) and hints.shape == (4, 16, 16, 3)
    given = hints[..., 2] == 1
    assert np.abs(hints[given][:, :2]).max() <= np.abs(ab).max()
    for i in range(3):
        assert same(batches()[i], batches()[i])
        assert not same(batches()[i], batches(epoch=1)[i])
        assert not same(batches()[i], batches(seed=1)[i])


def test_the_pictures_are_those_of_batches_without_hints():
    plain = Batches(pictures(), batch_size=4, crop=16)
    for i in range(3):
        (L, _), ab = batches()[i]
        np.testing.assert_array_equal(L, plain[i][0])
        np.testing.assert_array_equal(ab, plain[i][1])


def test_an_epoch_gone_on_with_has_the_hints_it_would_have_had():
    later = batches()
    later.start_at(1, first=2)
    whole = batches(epoch=1)
    assert len(later) == 1 and same(later[0], whole[2])


def test_validation_has_the_same_hints_in_every_epoch():
    one = batches(training=False)
    before = one[1]
    one.on_epoch_end()
    assert same(one[1], before)
