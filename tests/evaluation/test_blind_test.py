import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from browser import open_browser
from small import ROOT

from colorlib.evaluation.blind_test import (
    PAPER,
    BlindTest,
    Result,
    merge,
    paler_is_fake,
)


@pytest.fixture
def pictures():
    """Sixty pairs: the real one says its number in red, the fake one in blue."""
    real = np.zeros((60, 4, 4, 3), "uint8")
    real[..., 0] = np.arange(60)[:, None, None]
    return real, real[..., ::-1].copy()


def truth(test):
    """The right answer to the question that is asked."""
    return test.plan[len(test.answers)].fake


def other(side):
    return {"left": "right", "right": "left"}[side]


# The interval.


@pytest.mark.parametrize(
    "successes, trials, low, high",
    [
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_has_the_values_of_the_literature(successes, trials, low, high):
    found = Result(successes, trials).interval
    np.testing.assert_allclose(found, (low, high), atol=5e-5)
    mirrored = Result(trials - successes, trials).interval
    np.testing.assert_allclose(mirrored, (1 - found[1], 1 - found[0]), atol=1e-12)


@pytest.mark.parametrize("wrong", [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_impossible_shares_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        Result(*wrong).interval


# The order of the questions.


def test_every_picture_comes_once_and_practice_first(pictures):
    test = BlindTest(*pictures)
    assert [trial.counts for trial in test.plan] == [False] * 10 + [True] * 40
    chosen = [trial.picture for trial in test.plan]
    assert len(set(chosen)) == 50 and chosen != sorted(chosen)
    assert set(chosen) <= set(range(60))


def test_the_fake_is_as_often_left_as_right_in_no_pattern(pictures):
    for seed in range(5):
        sides = [trial.fake for trial in BlindTest(*pictures, seed=seed).plan]
        assert sides[10:].count("left") == 20 and sides[:10].count("left") == 5
        switches = sum(a != b for a, b in zip(sides, sides[1:]))
        assert 12 < switches < 38


def test_the_seed_decides(pictures):
    first, again, second = (BlindTest(*pictures, seed=seed) for seed in (1, 1, 2))
    assert first.plan == again.plan != second.plan


def test_a_pair_is_the_same_photograph_twice_on_the_planned_sides(pictures):
    real, fake = pictures
    test = BlindTest(real, fake)
    for trial in test.plan:
        left, right = test.pair() if trial.fake == "left" else test.pair()[::-1]
        np.testing.assert_array_equal(left, fake[trial.picture])
        np.testing.assert_array_equal(right, real[trial.picture])
        test.answer("left")


# Answers and result.


def test_practice_answers_and_the_rest_does_not(pictures):
    test = BlindTest(*pictures)
    for number in range(10):
        right = number % 3 == 0
        assert test.answer(truth(test) if right else other(truth(test))) is right
    for _ in range(40):
        assert test.answer(truth(test)) is None


def test_only_wrong_answers_that_count_are_counted(pictures):
    test = BlindTest(*pictures)
    for number in range(50):
        wrong = number < 10 or 20 <= number < 29  # all of practice, nine later ones
        test.answer(other(truth(test)) if wrong else truth(test))
    assert test.result() == Result(9, 40)
    assert test.result().share == 0.225
    assert test.result().interval == pytest.approx((0.1232, 0.3750), abs=5e-5)


def test_who_always_says_left_is_fooled_half_the_time(pictures):
    for seed in range(3):
        result = BlindTest(*pictures, seed=seed).play(lambda left, right: "left")
        assert result == Result(20, 40)


def test_the_result_says_what_chance_and_the_paper_are():
    text = str(Result(9, 40))
    assert "9 of 40 trials: 22.5%, 95 % interval 12.3% to 37.5%" in text
    assert "Chance is 50 %" in text
    for figure in ("L2 16.3%", "pix2pix 22.5%", "Zhang et al. 2016 27.8%"):
        assert figure in text
    assert list(PAPER.values()) == sorted(PAPER.values())


def test_the_result_is_secret_until_the_end(pictures):
    test = BlindTest(*pictures, trials=2, practice=1)
    for left in (3, 2, 1):
        with pytest.raises(ValueError, match=f"{left} questions are left"):
            test.result()
        test.answer("left")
    with pytest.raises(ValueError, match="all questions are answered"):
        test.answer("left")
    with pytest.raises(ValueError, match="must be one of .* got 'up'"):
        BlindTest(*pictures).answer("up")


def test_the_judge_takes_the_paler_one_for_the_fake(photos):
    grey = np.repeat(photos.mean(-1, keepdims=True), 3, -1).astype("uint8")
    assert BlindTest(photos, grey, 6, 0).play(paler_is_fake) == Result(0, 6)
    assert BlindTest(grey, photos, 6, 0).play(paler_is_fake) == Result(6, 6)
    assert BlindTest(photos, photos, 6, 0).play(paler_is_fake) == Result(3, 6)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"trials": 51}, r"10 \+ 51 trials need as many pictures, got 60"),
        ({"trials": 0}, "trials need"),
        ({"practice": -1}, "trials need"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"fake": np.zeros((60, 4, 5, 3), "uint8")}, r"must be \(N, H, W, 3\)"),
        ({"fake": np.zeros((60, 4, 4, 3))}, "8-bit"),
    ],
)
def test_what_does_not_fit_is_refused(pictures, change, message):
    real, fake = pictures
    with pytest.raises(ValueError, match=message):
        BlindTest(**{"real": real, "fake": fake, **change})


# Several people.


def played(pictures, wrong, seed=0):
    test = BlindTest(*pictures, trials=10, practice=2, seed=seed)
    for number in range(12):
        side = truth(test)
        test.answer(other(side) if 2 <= number < 2 + wrong else side)
    return test


def test_the_answers_of_several_people_add_up(pictures, tmp_path):
    played(pictures, 2).save(tmp_path / "answers", "Ada")
    played(pictures, 5, seed=1).save(tmp_path / "answers", "grace_h-2")
    together, people = merge(tmp_path / "answers")
    assert together == Result(7, 20)
    assert people == {"Ada": Result(2, 10), "grace_h-2": Result(5, 10)}


def test_nobody_answers_twice_and_nothing_is_overwritten(pictures, tmp_path):
    path = played(pictures, 2).save(tmp_path, "Ada")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="Ada.json is there already"):
        played(pictures, 5).save(tmp_path, "Ada")
    assert path.read_bytes() == before
    for name in ("../Ada", "", "a b", "a/b", "."):
        with pytest.raises(ValueError, match="person must be"):
            played(pictures, 1).save(tmp_path, name)
    with pytest.raises(ValueError, match="questions are left"):
        BlindTest(*pictures).save(tmp_path, "Eve")
    assert [file.name for file in tmp_path.iterdir()] == ["Ada.json"]


def test_answers_about_other_pictures_are_not_added(pictures, tmp_path):
    real, fake = pictures
    played(pictures, 2).save(tmp_path, "Ada")
    played((real, fake + 1), 2).save(tmp_path, "Grace")
    with pytest.raises(ValueError, match="different pictures"):
        merge(tmp_path)


def test_damaged_and_missing_answers_are_said(pictures, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no answers"):
        merge(tmp_path)
    for text in ("{", "[]", '{"person": "Ada"}'):
        (tmp_path / "Ada.json").write_text(text)
        with pytest.raises(ValueError, match="Ada.json is damaged"):
            merge(tmp_path)


# The widget.


def test_the_widget_asks_answers_and_ends(pictures):
    pytest.importorskip("ipywidgets")
    test = BlindTest(*pictures, trials=3, practice=1)
    said, stage, row, go = test.show().children
    left, right = row.children
    buttons = {"left": left, "right": right}
    assert left.disabled and right.disabled and "1 s" in said.value
    go.click()
    assert "Practice 1 of 1" in said.value and go.disabled and not left.disabled
    assert "flash1 1.0s linear 0.5s" in stage.value and stage.value.count("<img") == 2
    side = truth(test)
    buttons[other(side)].click()
    assert said.value == f"<b>Wrong:</b> the {side} one was the fake."
    assert left.disabled and not go.disabled
    go.click()
    for number in (1, 2, 3):
        assert f"Trial {number} of 3" in said.value and not left.disabled
        buttons[truth(test)].click()
    assert "0 of 3 trials" in said.value and stage.value == ""
    assert left.disabled and right.disabled and go.disabled
    assert test.result() == Result(0, 3)
    assert "0 of 3 trials" in test.show().children[0].value


@pytest.mark.slow
def test_a_person_takes_it_in_jupyterlab(tmp_path):
    pytest.importorskip("jupyterlab")
    source = (
        "import numpy as np\nfrom colorlib.evaluation import BlindTest\n"
        "real = np.full((9, 64, 64, 3), (200, 40, 40), 'uint8')\n"
        "test = BlindTest(real, real // 4 + 100, trials=2, practice=1)\ntest.show()"
    )
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [{**cell, "execution_count": None, "id": "a"}]}
    notebook |= {"metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "blind.ipynb").write_text(json.dumps(notebook))
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=", "--port=0"]
    options += [f"--ServerApp.root_dir={tmp_path}"]
    with open(tmp_path / "log", "w") as log, open_browser() as browser:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
        try:
            page = browser.new_page()
            page.goto(f"{jupyter(tmp_path / 'log')}/tree/blind.ipynb")
            page.locator(".jp-Notebook .cm-content").first.click(timeout=120_000)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(
                timeout=120_000
            )
            page.keyboard.press("Shift+Enter")
            take(page)
        finally:
            server.terminate()
            server.wait()


def jupyter(log):
    for _ in range(600):
        for word in log.read_text().split():
            if word.startswith("http://127.0.0.1:") or word.startswith(
                "http://localhost:"
            ):
                return word.partition("/lab")[0] + "/lab"
        time.sleep(0.2)
    raise AssertionError(log.read_text())


# Notes in the browser itself when a picture is to be seen first and last.
WATCH = """() => {
    const look = now => {
        const image = document.querySelector(".widget-html-content img");
        if (image && getComputedStyle(image).visibility == "visible") {
            window.begin ??= now;
            window.end = now;
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def take(page):
    """Answers all questions with "left"; the pictures are there for a second."""
    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for(timeout=120_000)
    page.evaluate(WATCH)
    start.click()
    images = page.locator(".widget-html-content img")
    images.first.wait_for(state="visible")
    images.first.wait_for(state="hidden")
    begin, end = page.evaluate("[window.begin, window.end]")
    assert 0.8 < (end - begin) / 1000 < 1.4
    left = page.get_by_role("button", name="The left one is fake")
    left.click()
    page.get_by_text("one was the fake.").wait_for()
    page.get_by_role("button", name="Next").click()
    for number in (1, 2):
        page.get_by_text(f"Trial {number} of 2").wait_for()
        images.first.wait_for(state="visible")
        left.click()
    page.get_by_text("1 of 2 trials: 50.0%").wait_for()
