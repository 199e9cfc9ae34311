import json
import re

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from small import ROOT

from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from colorlib.metrics.baselines import LightnessTable, mean_ab, score_baselines
from colorlib.metrics.intervals import bootstrap_interval
from colorlib.metrics.scores import (
    COLUMNS,
    SHOWN_COLUMNS,
    ab_mae,
    ab_mse,
    ciede2000,
    colourfulness,
    psnr,
    score,
    ssim,
)
from colorlib.metrics.tables import STYLES, format_table


def black():
    return np.zeros((2, 2, 3), "uint8")


def noisy(photos, spread=20):
    noise = np.random.default_rng(0).normal(0, spread, photos.shape)
    return np.clip(photos + noise, 0, 255).astype("uint8")


# By hand, 2 x 2 pixels.


def test_psnr_by_hand():
    fake = black()
    fake[0, 1, 2] = 60  # 3600 / 12 values = 300
    assert psnr(black(), fake) == pytest.approx(10 * np.log10(65025 / 300))
    assert psnr(fake, black()) == psnr(black(), fake)
    assert psnr(black(), black() + 255) == pytest.approx(0)  # nothing wraps around
    assert psnr(black(), black()) == np.inf


def test_ab_errors_by_hand():
    real = np.zeros((2, 2, 2))
    fake = real.copy()
    fake[1, 0, 1] = -64.0  # half of 128; one of eight numbers
    assert ab_mse(real, fake) == pytest.approx(0.25 / 8)
    assert ab_mae(real, fake) == pytest.approx(64 / 8)
    # Swapped a and b are an error, of the same size for each.
    fake[...] = (10.0, 20.0)
    assert ab_mae(fake, fake[..., ::-1]) == pytest.approx(10)
    assert ab_mse(fake, fake[..., ::-1]) == pytest.approx(100 / 128**2)


def test_ciede2000_of_the_paper():
    # Sharma et al. 2005, table 1, pairs 1, 7, 17 and 25.
    first = [
        [50, 2.6772, -79.7751],
        [50, 0, 0],
        [50, 2.5, 0],
        [60.2574, -34.0099, 36.2677],
    ]
    second = [
        [50, 0, -82.7485],
        [50, -1, 2],
        [50, 0, -2.5],
        [60.4626, -34.1751, 39.4387],
    ]
    printed = [2.0425, 2.3669, 4.3065, 1.2644]
    shape = (2, 2, 3)
    whole = ciede2000(np.reshape(first, shape), np.reshape(second, shape))
    assert whole == pytest.approx(np.mean(printed), abs=1e-4)


def test_colourfulness_by_hand():
    for grey in (0, 77, 255):
        assert colourfulness(np.full((2, 2, 3), grey, "uint8")) == 0
    red = np.zeros((2, 2, 3), "uint8")
    red[..., 0] = 255  # no spread; shift (255, 127.5)
    assert colourfulness(red) == pytest.approx(0.3 * np.hypot(255, 127.5))
    red[0] = 0  # half of it black: spread and shift halve
    expected = np.hypot(127.5, 63.75) * 1.3
    assert colourfulness(red) == pytest.approx(expected)


# Against scikit-image.


def test_psnr_and_ssim_agree_with_scikit_image(photos):
    other = noisy(photos)
    for real, fake in zip(photos, other):
        assert psnr(real, fake) == pytest.approx(peak_signal_noise_ratio(real, fake))
        wanted = structural_similarity(real, fake, channel_axis=2)
        assert ssim(real, fake) == pytest.approx(wanted)
    one_by_one = [psnr(real, fake) for real, fake in zip(photos, other)]
    np.testing.assert_allclose(psnr(photos, other), one_by_one)


def test_ciede2000_agrees_with_scikit_image(photos):
    real, fake = rgb8_to_lab(photos), rgb8_to_lab(noisy(photos))
    wanted = deltaE_ciede2000(real.astype(float), fake.astype(float))
    np.testing.assert_allclose(ciede2000(real, fake), wanted.mean((1, 2)), rtol=1e-3)


def test_batches_give_one_number_a_picture(photos):
    other = noisy(photos)
    ab, other_ab = rgb8_to_lab(photos)[..., 1:], rgb8_to_lab(other)[..., 1:]
    for result in (
        psnr(photos, other),
        ab_mse(ab, other_ab),
        ab_mae(ab, other_ab),
        colourfulness(photos),
    ):
        assert result.shape == (len(photos),)
    assert colourfulness(photos)[2] == pytest.approx(colourfulness(photos[2]))


# Wrong input.


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_floats_where_8_bits_are_needed_raise(photos, measure):
    photo = photos[0]
    for pair in [(photo / 255.0,) * 2, (photo, photo / 255.0), (photo / 1.0, photo)]:
        with pytest.raises(ValueError, match="8-bit picture is needed, got float64"):
            measure(*pair)
    with pytest.raises(ValueError, match="8-bit"):
        colourfulness(photo / 255.0)


@pytest.mark.parametrize("measure", [ab_mse, ab_mae, ciede2000])
def test_8_bits_where_lab_is_needed_raise(photos, measure):
    with pytest.raises(ValueError, match="floats, got uint8"):
        measure(photos, photos)


@pytest.mark.parametrize("measure", [psnr, ssim, ab_mse, ab_mae, ciede2000])
def test_different_shapes_raise(measure):
    kind = "uint8" if measure in (psnr, ssim) else "float32"
    with pytest.raises(ValueError, match=r"shapes differ: \(8, 8, 3\) and \(8, 9, 3\)"):
        measure(np.zeros((8, 8, 3), kind), np.zeros((8, 9, 3), kind))


def test_scores_of_too_few_pictures_raise(photos):
    for shape in [(5, 64, 64, 2), (6, 64, 64, 3), (6, 32, 32, 2)]:
        with pytest.raises(ValueError, match="do not fit"):
            score(photos, np.zeros(shape, "float32"))


# Intervals.


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        sample = random.gamma(4.0, 2.0, 40)  # skewed, true mean 8
        low, high = bootstrap_interval(sample, draws=300, seed=trial)
        hits += low <= 8.0 <= high
    assert 0.89 <= hits / 200 <= 0.98


def test_the_interval_is_that_of_the_mean():
    sample = np.random.default_rng(1).normal(5, 2, 400)
    low, high = bootstrap_interval(sample)
    error = sample.std() / 20
    assert low == pytest.approx(sample.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(sample.mean() + 1.96 * error, abs=0.15 * error)
    assert bootstrap_interval(sample) == (low, high)  # the seed is fixed
    narrow = bootstrap_interval(sample, share=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_intervals_at_the_edge():
    assert bootstrap_interval([3.0]) == (3.0, 3.0)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_interval([])
    assert bootstrap_interval([np.inf] * 5) == (np.inf, np.inf)
    low, high = bootstrap_interval([1.0, 1.0, 1.0, np.inf])
    assert low == 1.0 and high == np.inf


# The predictors that look at no picture.


def test_mean_ab_is_the_mean(photos):
    wanted = rgb8_to_lab(photos)[..., 1:].mean((0, 1, 2), dtype="float64")
    np.testing.assert_allclose(mean_ab(photos), wanted, atol=1e-4)
    many = np.repeat(photos[:, ::8, ::8], 60, axis=0)  # more than one piece of 256
    few = mean_ab(photos[:, ::8, ::8])
    np.testing.assert_allclose(mean_ab(many), few, atol=1e-4)


def test_lightness_table_by_hand():
    # Three colours of almost the same lightness and one of another.
    colours = [[200, 30, 40], [200, 30, 40], [30, 120, 60], [240, 240, 90]]
    rgb = np.array(colours, "uint8").reshape(1, 2, 2, 3)
    lab = rgb8_to_lab(rgb).reshape(-1, 3)
    levels = np.rint(lab[:, 0]).astype(int)
    table = LightnessTable.fit(rgb)
    assert table.ab.shape == (101, 2) and table.ab.dtype == np.float32
    for level in range(101):
        chosen = lab[levels == level, 1:]
        wanted = chosen.mean(axis=0) if len(chosen) else (0, 0)
        np.testing.assert_allclose(table.ab[level], wanted, atol=1e-4)
    looked_up = table.predict(rgb8_to_lab(rgb)[..., 0])
    assert looked_up.shape == (1, 2, 2, 2)
    np.testing.assert_allclose(looked_up[0, 1, 1], lab[3, 1:], atol=1e-4)
    np.testing.assert_array_equal(table.predict(-0.4), table.ab[0])
    np.testing.assert_array_equal(table.predict(100.4), table.ab[100])


def test_lightness_table_takes_black_and_white_and_many_pictures(photos):
    ends = np.array([[[[0, 0, 0], [255, 255, 255]]]], "uint8")
    np.testing.assert_allclose(LightnessTable.fit(ends).ab, 0, atol=0.02)
    once, often = photos[:, ::8, ::8], np.repeat(photos[:, ::8, ::8], 60, axis=0)
    np.testing.assert_allclose(
        LightnessTable.fit(often).ab, LightnessTable.fit(once).ab, atol=1e-3
    )


def test_on_its_own_pictures_each_floor_beats_the_one_before(photos):
    floors = score_baselines(photos, mean_ab(photos), LightnessTable.fit(photos))
    assert list(floors) == ["grey", "mean colour", "lightness table"]
    errors = [rows["ab_mse"].mean() for rows in floors.values()]
    assert errors[0] > errors[1] > errors[2] > 0
    # 8 bits and the digits of the white point leave a trace of colour in the greys.
    assert floors["grey"]["colourfulness"].max() < 0.6


# Scores and the table.


def test_a_perfect_prediction_has_no_error(photos):
    scores = score(photos, rgb8_to_lab(photos)[..., 1:])
    assert set(scores) == set(COLUMNS)
    for name in ("ab_mse", "ab_mae", "ciede2000"):
        np.testing.assert_allclose(scores[name], 0, atol=1e-6)
    np.testing.assert_array_equal(scores["psnr"], np.inf)
    np.testing.assert_allclose(scores["ssim"], 1)
    np.testing.assert_allclose(scores["colourfulness"], colourfulness(photos))


def test_scores_see_swapped_and_unscaled_colours(photos):
    ab = rgb8_to_lab(photos)[..., 1:]
    right, swapped = score(photos, ab * 0.9), score(photos, ab[..., ::-1] * 0.9)
    unscaled = score(photos, ab / 128)
    for wrong in (swapped, unscaled):
        assert wrong["ab_mse"].mean() > 5 * right["ab_mse"].mean()
        assert wrong["ciede2000"].mean() > 2 * right["ciede2000"].mean()
    assert unscaled["colourfulness"].max() < 2 < right["colourfulness"].min()


def test_the_true_lightness_is_kept(photos):
    wild = np.random.default_rng(0).uniform(-60, 60, (*photos.shape[:3], 2))
    scores = score(photos, wild.astype("float32"))
    assert np.isfinite(list(scores.values())).all()


def test_coloured_pictures_are_scored_as_their_colours(photos):
    ab = rgb8_to_lab(photos)[..., 1:] * 0.5
    L = rgb8_to_lab(photos)[..., :1]
    shown = lab_to_rgb8(np.concatenate([L, ab], axis=-1))
    by_colour, by_picture = score(photos, ab), score(photos, shown)
    for name in ("psnr", "ssim", "ciede2000", "colourfulness"):
        np.testing.assert_array_equal(by_picture[name], by_colour[name])
    real, fake = rgb8_to_lab(photos)[..., 1:], rgb8_to_lab(shown)[..., 1:]
    np.testing.assert_allclose(
        by_picture["shown_ab_mae"], ab_mae(real, fake), rtol=1e-6
    )
    np.testing.assert_allclose(
        by_picture["shown_ab_mse"], ab_mse(real, fake), rtol=1e-6
    )
    assert (by_picture["shown_ab_mae"] != by_colour["ab_mae"]).all()
    for bad in (shown[:2], shown[..., :2], shown[:, :8]):
        with pytest.raises(ValueError, match="do not fit"):
            score(photos, bad)


def test_the_table_has_the_floors_the_truth_and_intervals(photos):
    rows = score_baselines(photos, mean_ab(photos), LightnessTable.fit(photos))
    rows["perfect"] = score(photos, rgb8_to_lab(photos)[..., 1:])
    lines = format_table(rows, photos).splitlines()
    titles = [line.split("|")[1].strip() for line in lines[2:]]
    floors = ["grey", "mean colour", "lightness table"]
    assert titles == [*floors, "perfect", "truth"]
    assert {line.count("|") for line in lines} == {8}
    assert "nan" not in "".join(lines)
    grey = lines[2].split("|")
    mean, low, high = grey[2].replace("[", "").replace("]", "").replace(",", "").split()
    assert float(low) <= float(mean) <= float(high)
    assert float(mean) == pytest.approx(rows["grey"]["psnr"].mean(), abs=0.005)
    assert lines[-1].split("|")[-2].strip() == f"{colourfulness(photos).mean():.1f}"


def test_any_column_can_stand_in_a_table_without_its_truth(photos):
    for columns in [[name] for name in STYLES] + [list(STYLES)]:
        rows = {"ours": {name: np.full(len(photos), 0.5) for name in columns}}
        lines = format_table(rows, photos).splitlines()
        assert [line.count("|") for line in lines] == [2 + len(columns)] * 4
        assert "None" not in lines[-1] and lines[-1].startswith("| truth |")
    assert format_table(rows, photos, top1=0.75).splitlines()[-1].endswith("| 0.750 |")


def test_a_title_stands_for_one_quantity(photos):
    assert len({title for title, *_ in STYLES.values()}) == len(STYLES)
    real = photos[:1]
    wild = rgb8_to_lab(real)[..., 1:] + np.float32(60)  # colours that no screen shows
    of_the_prediction = score(real, wild)
    fake = lab_to_rgb8(np.concatenate([rgb8_to_lab(real)[..., :1], wild], axis=-1))
    of_the_picture = score(real, fake)
    assert set(of_the_picture) == set(SHOWN_COLUMNS)
    for name in set(COLUMNS) | set(SHOWN_COLUMNS):
        if name in COLUMNS and name in SHOWN_COLUMNS:  # one name, one quantity
            assert of_the_picture[name] == pytest.approx(of_the_prediction[name])
    assert of_the_picture["shown_ab_mae"] < of_the_prediction["ab_mae"] - 5
    assert of_the_picture["shown_ab_mse"] < of_the_prediction["ab_mse"] * 0.9


# The attributes of Hasler and Suesstrunk 2003, and their colourfulness.
SCALE = {"not": 0, "slightly": 15, "moderately": 33, "averagely": 45, "quite": 59}
SCALE |= {"highly": 82, "extremely": 109}


def test_the_scale_of_colourfulness_is_that_of_the_paper_wherever_it_is_said():
    docstring = " ".join(colourfulness.__doc__.split())
    for word, value in SCALE.items():
        assert re.search(rf"\b{word}\b[^,.]*? at {value}\b", docstring), word
    texts = [*ROOT.glob("*.md"), *ROOT.glob("data/**/*.md")]
    texts += [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("colorlib/**/*.py")]
    words, said = "|".join(SCALE), 0
    for path in texts:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = " ".join("".join(cell["source"]) for cell in cells)
        text = " ".join(text.split())
        for pattern in (
            rf"\b(?P<value>\d+)\b[^.,;|]{{0,25}}\b(?P<word>{words}) colourful\b",
            rf"\b(?P<word>{words})(?: colourful)? at (?P<value>\d+)\b",
            rf"\b(?P<value>\d+) (?P<word>{words})\b(?=[,.:;])",
        ):
            for match in re.finditer(pattern, text):
                said += 1
                found = SCALE[match["word"]], int(match["value"])
                assert found[0] == found[1], f"{path.name}: {match[0]}"
    assert said >= len(SCALE) + 1  # the docstring and lesson 00 at least


@pytest.mark.slow
def test_floor_of_the_landscapes(mirror):
    from colorlib.data.sets import load_pictures

    test = load_pictures("landscapes", "test", 64)
    assert (test.ab() ** 2).mean() == pytest.approx(0.0119, abs=0.0003)
