import numpy as np
import pytest

from colorlib.data.batches import Batches
from colorlib.lab import lab_to_rgb, rgb8_to_lab, unscale_ab, unscale_L


def pictures(count=10, size=16):
    random = np.random.default_rng(5)
    return random.integers(0, 256, (count, size, size, 3)).astype("uint8")


def as_rgb(batch):
    lab = np.concatenate([unscale_L(batch[0]), unscale_ab(batch[1])], axis=-1)
    return np.rint(lab_to_rgb(np.clip(lab, [0, -128, -128], 128)) * 255).astype("uint8")


def everything(batches):
    return [batches[i] for i in range(len(batches))]


def same(first, second):
    pairs = zip(first, second)
    return all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in pairs
    )


def test_shapes_types_and_ranges():
    L, ab = Batches(pictures(), batch_size=4, crop=8)[0]
    assert L.shape == (4, 8, 8, 1) and ab.shape == (4, 8, 8, 2)
    assert L.dtype == ab.dtype == np.float32
    assert -1 <= L.min() < 0 < L.max() <= 1
    assert -0.85 <= ab.min() < 0 < ab.max() <= 0.77


def test_validation_gives_every_picture_once_in_order_with_the_middle_cut():
    rgb = pictures()
    batches = Batches(rgb, batch_size=4, training=False, crop=8)
    assert [len(b[0]) for b in everything(batches)] == [4, 4, 2]
    whole = np.concatenate([as_rgb(b) for b in everything(batches)])
    np.testing.assert_array_equal(whole, rgb[:, 4:12, 4:12])


def test_without_a_crop_the_whole_picture_comes():
    rgb = pictures()
    lab = rgb8_to_lab(rgb)
    L, ab = Batches(rgb, batch_size=10, training=False)[0]
    np.testing.assert_allclose(L, lab[..., :1] / 50 - 1, atol=1e-6)
    np.testing.assert_allclose(ab, lab[..., 1:] / 128, atol=1e-6)


def test_an_epoch_shows_each_picture_once_some_mirrored():
    rgb = pictures(12)
    shown = np.concatenate([as_rgb(b) for b in everything(Batches(rgb, batch_size=4))])
    found, mirrored = [], 0
    for piece in shown:
        plain = [i for i in range(12) if np.array_equal(rgb[i], piece)]
        turned = [i for i in range(12) if np.array_equal(rgb[i, :, ::-1], piece)]
        mirrored += len(turned)
        found += plain + turned
    assert sorted(found) == list(range(12)) and found != sorted(found)
    assert 0 < mirrored < 12


def test_crops_come_from_everywhere_in_the_picture():
    y, x = np.mgrid[:16, :16]
    rgb = (
        np.stack([y * 16, x * 16, 0 * x], axis=-1).astype("uint8")[None].repeat(200, 0)
    )
    L_ab = Batches(rgb, batch_size=200, crop=13)[0]
    corners = as_rgb(L_ab)[:, 0, [0, -1]] // 16
    assert set(corners[:, 0, 0]) == {0, 1, 2, 3}
    assert set(corners[..., 1].min(axis=1)) == {0, 1, 2, 3}


def test_the_last_smaller_batch_is_left_out_in_training():
    assert len(Batches(pictures(), batch_size=4)) == 2
    assert len(Batches(pictures(), batch_size=10)) == 1
    assert len(Batches(pictures(), batch_size=4, training=False)) == 3


def test_seed_and_epoch_alone_fix_the_batches():
    rgb = pictures()
    first = everything(Batches(rgb, 4, crop=12, seed=1, epoch=3))
    walked = Batches(rgb, 4, crop=12, seed=1)
    for _ in range(3):
        everything(walked)
        walked.on_epoch_end()
    assert same(first, everything(walked))
    walked.start_at(3)
    assert same(first, everything(walked)[::1])
    assert same(first, everything(Batches(rgb, 4, crop=12, seed=1, epoch=3)))
    assert not same(first, everything(Batches(rgb, 4, crop=12, seed=1, epoch=4)))
    assert not same(first, everything(Batches(rgb, 4, crop=12, seed=2, epoch=3)))


def test_batches_can_be_asked_for_in_any_order():
    batches = Batches(pictures(), 4)
    later, sooner = batches[1], batches[0]
    assert same([sooner, later], everything(Batches(pictures(), 4)))


def test_pictures_are_left_alone():
    rgb = pictures()
    everything(Batches(rgb, 4, crop=8))
    np.testing.assert_array_equal(rgb, pictures())


def test_zoomed_crops_show_from_a_part_to_the_whole_of_a_picture():
    # A ramp: a crop of side s, shrunk to 8, spans about s of its 16 levels.
    ramp = np.tile(
        (np.arange(16) * 16).astype("uint8")[:, None], (400, 16, 1, 3)
    )  # (N, H, W, 3)
    spans = []
    for batch in everything(Batches(ramp, batch_size=4, crop=8, zoom=True)):
        assert batch[0].shape == (4, 8, 8, 1)
        grey = as_rgb(batch)[:, 0, :, 0].astype(int)
        spans += list(np.abs(grey[:, -1] - grey[:, 0]))
    assert min(spans) < 16 * 8 and max(spans) > 16 * 13
    first, again = (Batches(ramp, 4, crop=8, zoom=True, seed=3) for _ in range(2))
    assert same(everything(first), everything(again))


def test_without_zoom_crops_are_cut_and_not_resized():
    rgb = pictures(40)
    every = {
        rgb[i, y : y + 8, x : x + 8][:, ::step].tobytes()
        for i in range(40)
        for y in range(9)
        for x in range(9)
        for step in (1, -1)
    }
    shown = np.concatenate([as_rgb(b) for b in everything(Batches(rgb, 4, crop=8))])
    assert all(picture.tobytes() in every for picture in shown)


def test_an_epoch_of_fewer_steps_shows_a_part_another_each_time():
    rgb = pictures(12)
    batches = Batches(rgb, batch_size=2, steps=3)
    seen = []
    for epoch in range(30):
        batches.start_at(epoch)
        assert len(batches) == 3
        pieces = np.concatenate([as_rgb(b) for b in everything(batches)])
        seen.append(tuple(sorted(piece.sum() for piece in pieces)))
        assert len(set(seen[-1])) == 6
    assert len(set(seen)) > 25 and len({total for six in seen for total in six}) == 12
    whole = Batches(rgb, batch_size=2)
    assert same(everything(Batches(rgb, batch_size=2, steps=3)), everything(whole)[:3])
    held_out = Batches(rgb, batch_size=2, training=False, steps=3)
    assert len(held_out) == 6  # every picture counts there


def test_pictures_of_more_weight_are_drawn_more_often():
    rgb = pictures(8)
    totals = {rgb[i].sum(): i for i in range(8)}  # mirrored or not
    weights = np.array([4.0, 4, 1, 1, 1, 1, 1, 1])
    batches = Batches(rgb, batch_size=2, weights=weights, seed=3)
    drawn = np.zeros(8)
    for epoch in range(150):
        batches.start_at(epoch)
        for batch in everything(batches):
            for piece in as_rgb(batch):
                drawn[totals[piece.sum()]] += 1
    assert drawn.sum() == 150 * 8
    np.testing.assert_allclose(drawn / drawn.sum(), weights / 14, atol=0.03)
    batches.start_at(7)
    again = Batches(rgb, batch_size=2, weights=weights * 10, seed=3, epoch=7)
    assert same(everything(batches), everything(again))
    held_out = Batches(rgb, batch_size=2, weights=weights, training=False)
    assert same(everything(held_out), everything(Batches(rgb, 2, training=False)))


def test_an_epoch_can_begin_in_its_middle():
    batches = Batches(pictures(), 2, crop=12, seed=1)
    batches.start_at(3)
    whole = everything(batches)
    batches.start_at(3, 2)
    assert len(batches) == 3 and same(everything(batches), whole[2:])
    batches.on_epoch_end()
    assert (batches.epoch, len(batches)) == (4, 5)


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="3 pictures do not fill one batch of 4"):
        Batches(pictures(3), batch_size=4)
    with pytest.raises(ValueError, match="crop of 17 does not fit into 16"):
        Batches(pictures(), crop=17, batch_size=4)
    with pytest.raises(ValueError, match="0 pictures"):
        Batches(pictures(0), training=False)
    for steps in (0, 3):
        with pytest.raises(ValueError, match=f"steps must be in 1 to 2.*got {steps}"):
            Batches(pictures(), 4, steps=steps)
    for weights in (np.ones(9), np.ones((10, 1)), np.zeros(10), np.full(10, np.nan)):
        with pytest.raises(ValueError, match="weights must be 10 numbers above 0"):
            Batches(pictures(), 4, weights=weights)
    with pytest.raises(ValueError, match="uint8"):
        Batches(pictures() / 255.0, 4)[0]
