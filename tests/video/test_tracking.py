"""Places of a film: followed while they are seen, and no longer."""

from dataclasses import replace

import numpy as np
import pytest
from films import make_film
from scipy.ndimage import gaussian_filter, shift

from colorlib.colorize.hints import Hint, check_hints, hint_map
from colorlib.errors import HintError
from colorlib.images.resize import resize_plane
from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from colorlib.video import convert
from colorlib.video.convert import VideoColorizer, convert_video
from colorlib.video.reader import probe, read_frames
from colorlib.video.tracking import PlaceTracker

SIDE, RATE = 64, 10
RED = (176, 48, 48)


def scene(seed, coarse=3):
    """A picture `(64, 64)` of soft spots, L* in [10, 90]."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    noise = gaussian_filter(noise, coarse, mode="wrap")
    return (50 + 13 * noise / noise.std()).clip(10, 90).astype("float32")


def moving(count, step, seed=0):
    """A scene that moves by `step` (rows, columns) a frame."""
    picture = scene(seed)
    return [
        shift(picture, np.multiply(n, step), order=1, mode="grid-wrap")
        for n in range(count)
    ]


def follow(frames, pixels, times=None):
    """Pixels `(T, N, 2)` at which places are found; NaN where they are not."""
    places = (np.array(pixels) + 0.5) / SIDE
    tracker = PlaceTracker(times or [0.0] * len(places))
    found = [tracker(L, places, (n + 1) / RATE) for n, L in enumerate(frames)]
    return np.array(found) * SIDE - 0.5, tracker


@pytest.mark.parametrize("step", [(0, 0), (3, -2), (0.3, 0.2), (-6, 5)])
def test_a_place_moves_with_what_is_seen_there(step):
    count = 1 + int(20 / max(3, np.abs(step).max()))
    start = np.array([(30, 30), (36, 24)])
    found, _ = follow(moving(count, step), start)
    wanted = start + np.arange(count)[:, None, None] * np.array(step)
    assert np.abs(found - wanted).max() <= 1


def test_errors_do_not_add_up():
    found, _ = follow(moving(120, (0.13, 0.07)), [(24, 24)])
    assert np.abs(found[-1, 0] - (24 + 119 * np.array([0.13, 0.07]))).max() <= 1


def test_brightness_may_change_and_what_is_flat_stays():
    frames = [L + 8 * (n % 2) for n, L in enumerate(moving(10, (2, 0)))]
    found, _ = follow(frames, [(20, 30)])
    assert np.abs(found[-1, 0] - (38, 30)).max() <= 1
    random = np.random.default_rng(0)
    flat = [50 + random.normal(0, 0.3, (SIDE, SIDE)) for _ in range(10)]
    found, _ = follow([L.astype("float32") for L in flat], [(20, 30)])
    np.testing.assert_array_equal(found[-1, 0], (20, 30))


def test_what_changes_slowly_is_followed():
    one, other = scene(1), scene(2)
    frames = [one + n / 30 * (other - one) for n in range(31)]
    found, _ = follow(frames, [(30, 30)])
    assert not np.isnan(found).any()


def test_a_cut_ends_all_and_later_hints_begin():
    frames = moving(4, (1, 0)) + [scene(5)] * 3
    found, tracker = follow(frames, [(30, 30), (20, 40), (50, 10)], [0, 0.2, 0.4])
    there = ~np.isnan(found[..., 0])
    np.testing.assert_array_equal(there[:, 0], [1, 1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(there[:, 1], [0, 0, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(there[:, 2], [0, 0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(tracker.over[:2], 0.4)
    assert np.isnan(tracker.over[2])


def test_a_cut_ends_what_would_be_found_again():
    flat = np.full((SIDE, SIDE), 50, "float32")
    other = scene(3)
    other[20:44, 20:44] = 50  # flat here, too
    found, _ = follow([flat, other], [(32, 32)])
    assert np.isnan(found[1]).all()


def test_what_is_covered_or_leaves_is_lost():
    frames = moving(3, (0, 0))
    covered = frames[0].copy()
    covered[14:50, 14:50] = scene(9, coarse=1.5)[14:50, 14:50]
    found, tracker = follow([*frames, covered, *frames], [(32, 32), (60, 4)])
    there = ~np.isnan(found[..., 0])
    assert there[:3].all() and not there[3:, 0].any() and there[:, 1].all()
    assert tracker.over[0] == pytest.approx(0.3)

    picture = np.pad(scene(0), ((0, 0), (0, SIDE)), "wrap")
    frames = [picture[:, 7 * n : 7 * n + SIDE] for n in range(6)]  # to the left
    found, _ = follow(frames, [(30, 12)])
    assert not np.isnan(found[1]).any() and np.isnan(found[-1]).all()


@pytest.mark.parametrize(
    "time, first", [(0, 0), (0.1999, 2), (0.2, 2), (0.25, 2), (0.29, 2), (0.3, 3)]
)
def test_a_hint_begins_with_the_frame_that_is_shown_at_its_time(time, first):
    found, _ = follow(moving(6, (0, 0)), [(30, 30)], [time])
    there = ~np.isnan(found[:, 0, 0])
    np.testing.assert_array_equal(there, np.arange(6) >= first)


def test_it_goes_on_from_a_state():
    frames = moving(8, (2, 1)) + [scene(7)] * 4
    places, times = np.array([(0.3, 0.3), (0.5, 0.5)]), [0.0, 0.5]
    whole, first, second = (PlaceTracker(times) for _ in range(3))
    wanted = [whole(L, places, (n + 1) / RATE) for n, L in enumerate(frames)]
    for stop in (0, 3, 9):
        second = PlaceTracker(times)
        for n, L in enumerate(frames):
            if n == stop:
                state = {k: np.array(v) for k, v in first.state().items()}
                second.resume(state)
            now = first if n < stop else second
            found = now(L, places, (n + 1) / RATE)
            np.testing.assert_array_equal(found, wanted[n])
        np.testing.assert_array_equal(second.over, whole.over)
        first = PlaceTracker(times)


# Films.


class Told:
    """In place of a `Colorizer`: colours are those of the hints, elsewhere grey."""

    key = "told"

    def check_takes_hints(self):
        pass

    def network_input(self, rgb):
        L = rgb8_to_lab(rgb)[..., 0]
        return resize_plane(L, SIDE, SIDE)

    def draw_hints(self, hints, size, seen):
        return hint_map(check_hints(hints, *size), size, seen)

    def predict_small(self, L, compiled=False, hints=None):
        return 128 * (np.zeros((*L.shape, 3)) if hints is None else hints)[..., :2]

    def apply_ab(self, rgb, ab):
        height, width = rgb.shape[:2]
        planes = [resize_plane(ab[..., c], height, width) for c in (0, 1)]
        lab = np.stack([rgb8_to_lab(rgb)[..., 0], *planes], axis=-1)
        return lab_to_rgb8(lab.astype("float32"))


def spots(number, height, width):
    """The scene moves down by 4 pixels a frame; another one from frame 8 on."""
    L = scene(0) if number < 8 else scene(11)
    L = np.roll(L, 2 * (number % 8), axis=0).repeat(2, axis=0).repeat(2, axis=1)
    return np.repeat((L * 2.5).astype("uint8")[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return make_film(path, 12, sound=None, size=(2 * SIDE, 2 * SIDE), paint=spots)


HINTS = [Hint(40, 30, RED), Hint(90, 50, RED, 0.9), Hint(3, 3, RED, 7.0)]


def redness(path):
    """Row and column of what is red in each frame; NaN where nothing is."""
    found = []
    for _, _, rgb in read_frames(probe(path), []):
        rows, columns = np.nonzero(rgb8_to_lab(rgb)[..., 1] > 15)
        found.append((np.mean(rows), np.mean(columns)) if len(rows) else (np.nan,) * 2)
    return np.array(found)


def test_the_hints_of_a_film_are_followed_until_the_cut(film, tmp_path):
    count, notes = convert_video(
        film, tmp_path / "out.mp4", VideoColorizer(Told(), hints=HINTS)
    )
    assert count == 12
    assert notes[-2:] == [
        "a hint followed until 0.80 s",
        "a hint for 7 s, after the end",
    ]
    found = redness(tmp_path / "out.mp4")
    wanted = [(30 + 4 * n, 40) for n in range(8)] + [(np.nan, np.nan)]
    wanted += [(50 + 4 * n, 90) for n in range(3)]
    np.testing.assert_allclose(found, wanted, atol=2.5)


@pytest.mark.parametrize(
    "ending, codec", [("mkv", "libx264"), ("webm", "libvpx"), ("mp4", "libx264")]
)
def test_a_hint_belongs_to_the_frame_shown_at_its_time(tmp_path, ending, codec):
    """Of a slide show, which need not say for how long each picture is shown."""
    source = make_film(
        *(tmp_path / f"a.{ending}", 4, codec, None),
        **{"size": (2 * SIDE, 2 * SIDE), "times": [0, 4000, 8000, 12000]},
        paint=lambda number, *size: spots(0, *size),
    )
    hints = [Hint(40, 30, RED, 5.0)]
    convert_video(source, tmp_path / "out.mp4", VideoColorizer(Told(), hints=hints))
    found = redness(tmp_path / "out.mp4")
    np.testing.assert_allclose(found, [[np.nan] * 2] + [[30, 40]] * 3, atol=2.5)
    times = [(t, d) for t, d, _ in read_frames(probe(source), [])]
    assert [t + d for t, d in times[:-1]] == [t for t, _ in times[1:]]


def test_a_film_that_was_stopped_follows_them_from_there(film, tmp_path, monkeypatch):
    monkeypatch.setattr(convert, "PIECE", 5)
    whole, stopped = tmp_path / "whole.mp4", tmp_path / "stopped.mp4"
    convert_video(film, whole, VideoColorizer(Told(), hints=HINTS))

    class Killed(VideoColorizer):
        def process(self, frames, ends):
            if ends[0] > 0.55:
                raise KeyboardInterrupt
            return super().process(frames, ends)

    with pytest.raises(KeyboardInterrupt):
        convert_video(film, stopped, Killed(Told(), hints=HINTS))
    _, notes = convert_video(film, stopped, VideoColorizer(Told(), hints=HINTS))
    assert "a hint followed until 0.80 s" in notes
    for a, b in zip(
        *(read_frames(probe(p), []) for p in (whole, stopped)), strict=True
    ):
        np.testing.assert_array_equal(a[2], b[2])


def test_other_hints_are_another_film():
    keys = [
        VideoColorizer(Told(), hints=hints).key
        for hints in ([], HINTS, HINTS[:1], [replace(HINTS[0], time=1.0)])
    ]
    assert len(set(keys)) == 4


def test_a_hint_outside_is_refused_before_any_work(film, tmp_path):
    outside = [Hint(2 * SIDE, 0, RED, 0.5)]
    with pytest.raises(HintError, match="outside the picture of 128 x 128 pixels"):
        convert_video(film, tmp_path / "x.mp4", VideoColorizer(Told(), hints=outside))


def test_a_model_without_hints_is_refused_at_once(constant_model):
    from colorlib.colorize.colorizer import Colorizer

    with pytest.raises(HintError, match="takes no hints"):
        VideoColorizer(Colorizer(constant_model), hints=HINTS)
