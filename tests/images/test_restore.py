import numpy as np
import pytest

from colorlib.errors import PictureError
from colorlib.images.picture import Picture
from colorlib.images.restoration import (
    find_red_marks,
    inpaint,
    restore,
    stretch_contrast,
    to_grey,
)
from colorlib.lab import lab_to_rgb8, rgb8_to_lab


def tones(height=120, width=160):
    """A picture with smooth light, all levels from 0 to 255: uint8 `(H, W)`."""
    y, x = np.mgrid[:height, :width]
    level = np.sin(x / 17.0) * np.cos(y / 23.0)
    return np.rint(127.5 + 127.5 * level / np.abs(level).max()).astype("uint8")


def as_rgb(grey):
    return np.repeat(grey[..., None], 3, axis=-1)


def faded(grey, low=30.0, high=75.0, ab=(6.0, 18.0)):
    """A print whose black is L* `low` and whose white is L* `high`, toned by ab."""
    lab = rgb8_to_lab(as_rgb(grey))
    lab[..., 0] = low + (high - low) * lab[..., 0] / 100
    lab[..., 1:] = ab
    return lab_to_rgb8(lab)


def lightness(grey):
    return rgb8_to_lab(as_rgb(grey))[..., 0]


def test_the_grey_of_a_toned_print_has_its_lightness_and_no_tint():
    sepia = faded(tones(300))  # more than one strip
    grey = to_grey(sepia)
    assert grey.shape == (300, 160) and grey.dtype == np.uint8
    assert np.abs(lightness(grey) - rgb8_to_lab(sepia)[..., 0]).max() < 0.3
    np.testing.assert_array_equal(to_grey(as_rgb(tones())), tones())


def test_a_faded_print_gets_its_black_and_white_back():
    before = tones()
    after = stretch_contrast(to_grey(faded(before)))
    assert np.percentile(lightness(after), 0.5) < 4
    assert np.percentile(lightness(after), 99.5) > 96
    assert np.abs(lightness(after) - lightness(before)).mean() < 3  # was 14


def test_the_order_of_tones_is_kept():
    after = stretch_contrast(
        np.clip(np.arange(256), 90, 170).astype("uint8").reshape(16, 16)
    )
    assert (np.diff(after.ravel().astype(int)) >= 0).all()


def test_a_picture_with_the_full_range_stays_as_it_is():
    difference = np.abs(lightness(stretch_contrast(tones())) - lightness(tones()))
    assert difference.max() < 1.5


def test_a_few_dead_pixels_do_not_prevent_it():
    grey = to_grey(faded(tones(200, 200)))
    clean = stretch_contrast(grey)
    grey[0, :50], grey[1, :50] = 0, 255  # 0.1 % each
    after = stretch_contrast(grey)
    assert np.abs(after[2:].astype(int) - clean[2:]).mean() < 8


@pytest.mark.parametrize("level", [0, 100, 255])
def test_an_empty_picture_stays_empty_and_near_its_tone(level):
    after = stretch_contrast(np.full((20, 20), level, "uint8"))
    assert np.ptp(after) == 0 and abs(int(after[0, 0]) - level) < 3


def test_noise_is_not_blown_up_to_a_picture():
    noise = np.random.default_rng(0).integers(120, 126, (50, 50)).astype("uint8")
    after = stretch_contrast(noise).astype(int)
    assert np.ptp(after) <= 3 * np.ptp(noise) and abs(after.mean() - 123) < 5


# Scratches.


def scratched(grey, width=4):
    """A print with a red stroke across it, and where the stroke is."""
    rgb = faded(grey, ab=(4.0, 20.0))
    stroke = np.zeros(grey.shape, bool)
    for x in range(10, grey.shape[1] - 10):
        y = 20 + x // 3
        stroke[y : y + width, x] = True
    rgb[stroke] = (255, 0, 0)
    return rgb, stroke


def test_the_red_stroke_is_found_with_its_rim_and_nothing_else():
    rgb, stroke = scratched(tones())
    found = find_red_marks(rgb)
    assert found[stroke].all() and found.sum() < 2.5 * stroke.sum()
    assert not find_red_marks(
        faded(tones(), ab=(40.0, 30.0))
    ).any()  # red chalk, not paint


def test_marks_are_filled_from_their_surroundings_and_the_rest_is_untouched():
    rgb, stroke = scratched(tones())
    grey, true = to_grey(rgb), to_grey(faded(tones()))
    found = find_red_marks(rgb)
    filled = inpaint(grey, found)
    np.testing.assert_array_equal(filled[~found], grey[~found])
    assert np.abs(filled.astype(int) - true)[stroke].max() <= 6
    assert np.abs(grey.astype(int) - true)[stroke].mean() > 15  # it was visible


def test_a_long_mark_is_filled_across_the_tiles():
    true = tones(40, 1200)
    grey = true.copy()
    mask = np.zeros(grey.shape, bool)
    mask[18:22, 5:-5] = True  # through three tiles
    grey[mask] = 255
    filled = inpaint(grey, mask)
    assert np.abs(filled.astype(int) - true).max() <= 3


def test_what_is_all_red_is_refused():
    with pytest.raises(PictureError, match="wider than 512"):
        restore(Picture(np.full((30, 30, 3), (255, 0, 0), "uint8")), marked=True)


# Together.


def test_restore_takes_the_steps_that_are_asked_for():
    rgb, stroke = scratched(tones())
    clean = Picture(faded(tones(), ab=(4.0, 20.0)))
    picture = Picture(rgb, stroke.astype("uint8"), "TIFF", {"dpi": (300.0, 300.0)})
    for contrast in (False, True):
        for marked in (False, True):
            after = restore(picture, contrast, marked)
            assert np.ptp(after.rgb, axis=-1).max() == 0  # grey
            L = rgb8_to_lab(after.rgb)[..., 0]
            assert (np.percentile(L, 99) - np.percentile(L, 1) > 80) == contrast
            wanted = rgb8_to_lab(restore(clean, contrast, False).rgb)[..., 0]
            assert (np.abs(L - wanted)[stroke].max() < 8) == marked
    assert after.format == "TIFF" and after.info == picture.info
    np.testing.assert_array_equal(after.alpha, picture.alpha)
    np.testing.assert_array_equal(picture.rgb, rgb)  # the argument is left alone


def test_every_frame_is_restored():
    frames = [Picture(faded(tones(20, 30))) for _ in range(2)]
    after = restore(Picture(faded(tones(20, 30)), frames=frames))
    assert len(after.frames) == 2
    for frame in after.frames:
        np.testing.assert_array_equal(frame.rgb, after.rgb)
