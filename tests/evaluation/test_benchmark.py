"""The benchmark's rows, differences and targets, with stand-ins for the networks."""

import json

import numpy as np
import pytest

from colorlib.cli.parser import main
from colorlib.evaluation import benchmark as module
from colorlib.evaluation.benchmark import (
    TARGETS,
    benchmark,
    differences,
    format_differences,
    format_headline_metrics,
    headline_metrics,
    is_reached,
)
from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from colorlib.metrics.baselines import BASELINES, LightnessTable, score_baselines
from colorlib.metrics.intervals import bootstrap_interval
from colorlib.metrics.scores import SHOWN_COLUMNS

MEAN = (4.0, 9.0)


def distance(rgb_1, rgb_2):
    """Stands in for LPIPS."""
    assert rgb_1.shape == rgb_2.shape and 0 <= rgb_1.min() and rgb_1.max() <= 1
    return np.abs(rgb_1 - rgb_2).mean(axis=(1, 2, 3))


def redness(rgb):
    """Stands in for a classifier: 7 for a coloured picture, 0 for a grey one."""
    colour = np.ptp(rgb.astype(int), axis=-1).mean(axis=(1, 2))
    return np.where(colour > 12, 7, 0)


def half(rgb):
    """A colorizer that gets half of the chroma."""
    lab = rgb8_to_lab(rgb)
    return lab_to_rgb8(lab * np.array([1, 0.5, 0.5], "float32"))


@pytest.fixture(scope="module")
def table(photos):
    return LightnessTable.fit(photos)


def run(photos, table, labels=None, colorize=half):
    return benchmark(colorize, photos, MEAN, table, distance, redness, labels, "half")


def test_rows_and_columns(photos, table):
    rows, truth = run(photos, table)
    assert list(rows) == [*BASELINES, "half"]
    for scores in rows.values():
        assert list(scores) == [*SHOWN_COLUMNS, "lpips", "top1"]
        assert {len(values) for values in scores.values()} == {len(photos)}
    np.testing.assert_array_equal(truth["top1"], 1)
    assert rows["grey"]["top1"].mean() < 1
    for column in ("lpips", "shown_ab_mae", "ciede2000"):
        assert (rows["half"][column] < rows["grey"][column]).all()


def test_the_baselines_are_those_of_the_cards(photos, table):
    rows, _ = run(photos, table)
    for row, scores in score_baselines(photos, MEAN, table).items():
        for column in ("psnr", "ssim", "ciede2000", "colourfulness"):
            np.testing.assert_allclose(rows[row][column], scores[column], rtol=1e-6)
        shown = rows[row]["shown_ab_mae"]
        np.testing.assert_allclose(shown, scores["ab_mae"], atol=0.4)


def test_a_perfect_colorizer(photos, table):
    rows, truth = run(photos, table, colorize=lambda rgb: rgb)
    for column in ("shown_ab_mse", "shown_ab_mae", "ciede2000", "lpips"):
        np.testing.assert_array_equal(rows["half"][column], 0)
    metrics = headline_metrics(rows, truth, "half")
    found = {title: (m["value"], m["interval"]) for title, m in metrics.items()}
    assert found["LPIPS / grey's"] == (0, (0, 0))
    assert found["colourfulness / truth's"] == (1, (1, 1))
    assert found["top-1 - grey's"] == found["truth's top-1 - grey's"]


def test_only_labelled_pictures_have_a_top1(photos, table):
    labels = np.array([7, -1, 7, -1, 3, -1])
    rows, truth = run(photos, table, labels)
    right = redness(photos)[labels >= 0] == labels[labels >= 0]
    np.testing.assert_array_equal(truth["top1"], right)
    assert truth["top1"][2] == 0  # no picture is of class 3
    assert {len(scores["top1"]) for scores in rows.values()} == {3}
    assert len(rows["half"]["psnr"]) == len(photos)


def test_differences_are_taken_picture_by_picture():
    random = np.random.default_rng(0)
    hard = random.normal(20, 5, 200)  # pictures differ more than colorizers do
    floor = {"psnr": hard, "lpips": 0.3 - hard / 100}
    ours = {"psnr": hard + random.normal(0.3, 0.5, 200), "lpips": 0.25 - hard / 100}
    found = differences({"grey": floor, "ours": ours}, "ours")
    assert list(found) == ["grey"]
    assert found["grey"]["psnr"].mean() == pytest.approx(0.3, abs=0.12)
    np.testing.assert_allclose(found["grey"]["lpips"], -0.05)
    low, high = bootstrap_interval(found["grey"]["psnr"])
    assert 0 < low < high < 0.45  # unpaired intervals would overlap by far
    line = format_differences({"grey": floor, "ours": ours}, "ours").splitlines()[2]
    assert line.startswith("| ours - grey | +0.")
    assert line.endswith("| -0.050 [-0.050, -0.050] |")


def row(psnr, lpips, colour, top1):
    values = {"psnr": psnr, "lpips": lpips, "colourfulness": colour, "top1": top1}
    return {name: np.array(v, float) for name, v in values.items()}


def test_headline_metrics_by_hand():
    rows = {
        "grey": row([20, 22], [0.2, 0.4], [0, 0], [0, 0, 1, 0]),
        "lightness table": row([21, 22], [0.2, 0.4], [9, 9], [0, 0, 1, 0]),
        "ours": row([23, 23], [0.1, 0.2], [20, 40], [1, 0, 1, 0]),
    }
    truth = {"colourfulness": np.array([30.0, 50.0]), "top1": np.array([1.0, 1, 1, 0])}
    metrics = headline_metrics(rows, truth, "ours")
    assert list(metrics) == list(TARGETS)
    values = [metric["value"] for metric in metrics.values()]
    assert values == pytest.approx([0.5, 2.0, 1.5, 0.75, 0.25, 0.5])
    reached = [metric["reached"] for metric in metrics.values()]
    assert reached == [True] * 4 + [False, None]
    assert metrics["LPIPS / grey's"]["interval"] == pytest.approx((0.5, 0.5))
    assert metrics["PSNR - grey's, dB"]["interval"] == (1, 3)
    text = format_headline_metrics(metrics)
    assert "| colourfulness / truth's | 0.75 [0.67, 0.80] | at least 0.75, " in text
    assert "| at least 0.6 of the truth's | no |" in text
    assert [line.split("|")[-2].strip() for line in text.splitlines()[2:]] == [
        *["yes"] * 4,
        *("no", ""),
    ]
    assert not is_reached(1.3, 0.75, 1.25)
    rows["ours"]["top1"] = truth["top1"]
    assert headline_metrics(rows, truth, "ours")["top-1 - grey's"]["reached"]


@pytest.mark.parametrize("seed", range(4))
def test_no_headline_metric_divides_by_what_may_be_zero(seed):
    random = np.random.default_rng(seed)
    count = 183
    right = random.random(count) < 0.65  # colour tells the classifier next to nothing
    flip = [random.random(count) < share for share in (0.05, 0.05, 0.1)]
    grey, same, ours = (np.where(f, ~right, right) for f in flip)
    table = row(np.full(count, 21), np.full(count, 0.3), np.full(count, 5), grey)
    rows = {"grey": table | {"top1": grey.astype(float)}, "lightness table": table}
    rows["ours"] = table | {"top1": ours.astype(float)}
    for other in (grey, same):  # a truth of which nothing is to be gained, or by chance
        truth = {"colourfulness": np.full(count, 40.0), "top1": other.astype(float)}
        for metric in headline_metrics(rows, truth, "ours").values():
            low, high = metric["interval"]
            assert np.isfinite([metric["value"], low, high]).all()
            assert low <= metric["value"] <= high and high - low < 0.3


def test_an_interval_of_a_ratio():
    random = np.random.default_rng(0)
    below = random.gamma(9, 1, 400)
    above = 0.7 * below + random.normal(0, 0.1, 400)
    values = np.stack([above, below], axis=1)
    low, high = bootstrap_interval(values, of=lambda a, b: a / b)
    assert low < 0.7 < high and high - low < 0.01  # the pictures' spread cancels
    for undefined in (np.zeros((5, 2)), [[0, 0], [1, 1], [0, 0]]):  # always, sometimes
        assert np.isnan(bootstrap_interval(undefined, of=lambda a, b: a / b)).all()


def test_the_command(photos, constant_model, tmp_path, monkeypatch, capsys):
    class StandIn:
        classes = staticmethod(redness)

    monkeypatch.setattr(module, "Lpips", lambda kind: distance)
    monkeypatch.setattr(module, "Classifier", StandIn)
    report = tmp_path / "report.json"
    command = ["evaluate", str(constant_model), "--benchmark", "--data", "samples"]
    options = ["--size", "64", "--limit", "3", "--json", str(report)]
    assert main([*command, *options]) == 0
    out = capsys.readouterr().out
    assert "constant on samples, test: 3 pictures of 64 x 64" in out
    assert "No ImageNet class is known" in out
    for row in (*BASELINES, "constant", "truth", "constant - grey", *TARGETS):
        assert f"\n| {row} |" in out
    found = json.loads(report.read_text())
    assert found["pictures"] == 3 and found["labelled"] == 0 and found["size"] == 64
    assert set(found["figures"]) == {*BASELINES, "constant"}
    psnr = {row: scores["psnr"]["mean"] for row, scores in found["figures"].items()}
    difference = found["differences"]["grey"]["psnr"]["mean"]
    assert difference == pytest.approx(psnr["constant"] - psnr["grey"])
    assert f"| constant | {psnr['constant']:.2f} [" in out
    assert set(found["headline_metrics"]) == set(TARGETS)


def test_a_report_needs_the_benchmark(constant_model, capsys):
    assert main(["evaluate", str(constant_model), "--json", "figures.json"]) == 1
    assert "--json goes with --benchmark" in capsys.readouterr().err
