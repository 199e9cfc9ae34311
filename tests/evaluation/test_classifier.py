"""The ImageNet classifier, against the same weights in PyTorch."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from small import ROOT

from colorlib.evaluation.classifier import Classifier, find_labels
from colorlib.images.resize import square_thumbnail

# Six bundled photographs at 224 pixels through the package efficientnet-lite-pytorch
# 0.1.0: the three best classes, their scores, the scores of classes 0 to 2.
KNOWN = """
350 349 348   8.85118 6.45236 4.54457  -0.15218  0.47743 -1.35143
348 349 355   8.02507 4.54197 4.27636  -0.42900 -0.12270 -1.24485
483 698 449   9.62329 6.42374 5.41306   1.69892 -0.47631 -2.59617
832 698 668   8.15852 6.40166 5.43758  -0.16347 -0.51748 -0.37397
970 979 425   6.99516 6.63218 6.46992   0.62535 -0.73950 -1.44183
946 985 134   7.25547 5.75667 4.80408   0.09108  0.53577 -0.46768
"""


@pytest.fixture(scope="module")
def classifier():
    """The first test downloads 17 MB where they are not here yet."""
    return Classifier()


def six_photographs(side=224):
    files = sorted((ROOT / "data" / "samples" / "test").glob("*.jpg"))[::5][:6]
    return np.stack([square_thumbnail(file, side) for file in files])


def check(classifier):
    logits = classifier.logits(six_photographs(), batch_size=4)
    assert logits.shape == (6, 1000) and logits.dtype == np.float32
    for found, line in zip(logits, KNOWN.strip().splitlines()):
        classes, scores = np.split(np.array(line.split(), float), [3])
        np.testing.assert_array_equal(np.argsort(-found)[:3], classes)
        wanted = np.concatenate([found[classes.astype(int)], found[:3]])
        np.testing.assert_allclose(wanted, scores, atol=1e-3)


def test_known_scores(classifier):
    check(classifier)
    assert classifier.network.count_params() == 4_631_000


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_known_scores_on_another_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    tests = ROOT / "tests"
    folders = [ROOT, tests, tests / "evaluation", tests / "metrics"]
    paths = [*map(str, folders), os.environ.get("PYTHONPATH", "")]
    changed = {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(paths)}
    code = "import test_classifier as t; t.check(t.Classifier()); "
    code += "import test_lpips as t; t.check({k: t.Lpips(k) for k in ('alex', 'vgg')})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_other_sizes_and_wrong_pictures(classifier):
    rgb = six_photographs(256)
    assert classifier.classes(rgb)[0] == 350  # an ibex, at any size
    for wrong in (rgb / 255.0, rgb[0]):
        with pytest.raises(ValueError, match="uint8 pictures .* are needed, got"):
            classifier.logits(wrong)


def test_labels_are_read_off_the_names():
    names = [
        "tench__nette_n01440764_39.jpg",
        "golf_ball__nette_ILSVRC2012_val_00036187.jpg",
        "golf_ball__nette_n03445777_1530.jpg",
        "food_satay__food_036.jpg",
        "toilet_tissue__inet1k_n15075141_toilet_tissue.jpg",
        "odd__n99999999_1.jpg",
    ]
    categories = [name.split("__")[0] for name in names]
    labels = find_labels(names, categories)
    assert labels.tolist() == [0, 574, 574, -1, 999, -1]
    # Those of no category are no class, nor is a category of several.
    names = ["n01440764_39.jpg", "my_cat.jpg", "n03445777_2.jpg", "a.jpg"]
    assert find_labels(names, [""] * 4).tolist() == [0, -1, 574, -1]
    assert find_labels(names, ["mixed"] * 4).tolist() == [0, -1, 574, -1]
