"""LPIPS, against the authors' own code."""

import io
import os
import pickle

import keras
import numpy as np
import pytest
from keras import ops
from small import ROOT

from colorlib.images.resize import square_thumbnail
from colorlib.metrics.lpips import Lpips, _ArraysOnly

# Of the package lpips 0.1.4 (its heads, its code) in PyTorch, on the trunks of the same
# file, for two bundled photographs: against the mean of their channels, themselves
# rolled by 4 pixels to the right, and their negative.
KNOWN = {
    ("alex", 64, "grey"): (0.234123, 0.152616),
    ("alex", 64, "rolled"): (0.073470, 0.066661),
    ("alex", 64, "negative"): (0.339473, 0.378027),
    ("alex", 256, "grey"): (0.255968, 0.210755),
    ("alex", 256, "rolled"): (0.082682, 0.063600),
    ("alex", 256, "negative"): (0.462622, 0.464352),
    ("vgg", 64, "grey"): (0.198311, 0.250502),
    ("vgg", 64, "rolled"): (0.239839, 0.222599),
    ("vgg", 64, "negative"): (0.578124, 0.620754),
    ("vgg", 256, "grey"): (0.262282, 0.296498),
}


@pytest.fixture(scope="session")
def lpips():
    """Both kinds; the first test downloads 64 MB where they are not here yet."""
    return {kind: Lpips(kind) for kind in ("alex", "vgg")}


def pair(side, change):
    files = sorted((ROOT / "data" / "samples" / "test").glob("*.jpg"))[::5][:2]
    rgb = np.stack([square_thumbnail(file, side) for file in files])
    if change == "grey":
        grey = np.rint(rgb.mean(axis=-1, keepdims=True)).astype("uint8")
        other = np.broadcast_to(grey, rgb.shape)
    else:
        other = {"rolled": np.roll(rgb, 4, axis=2), "negative": 255 - rgb}[change]
    return rgb.astype("float32") / 255, other.astype("float32") / 255


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("kind, side, change", KNOWN)
def test_known_values(lpips, kind, side, change):
    rgb, other = pair(side, change)
    found = numbers(lpips[kind](rgb, other))
    np.testing.assert_allclose(found, KNOWN[kind, side, change], atol=1e-4)
    if side == 64:  # a distance has no direction
        np.testing.assert_allclose(numbers(lpips[kind](other, rgb)), found, atol=1e-6)


def check(lpips):
    """The smaller known values; for other backends, see test_classifier."""
    for kind in lpips:
        found = numbers(lpips[kind](*pair(64, "grey")))
        np.testing.assert_allclose(found, KNOWN[kind, 64, "grey"], atol=1e-4)


@pytest.mark.parametrize("kind", ["alex", "vgg"])
def test_equal_pictures_have_no_distance(lpips, kind):
    rgb = np.concatenate([pair(64, "grey")[0], np.zeros((1, 64, 64, 3), "float32")])
    distance = numbers(lpips[kind](rgb, rgb))
    assert distance.shape == (3,) and distance.dtype == np.float32
    np.testing.assert_array_equal(distance, 0)


def test_a_picture_alone_is_as_in_a_batch(lpips):
    rgb, other = pair(64, "grey")
    whole = numbers(lpips["alex"](rgb, other))
    alone = [numbers(lpips["alex"](rgb[i : i + 1], other[i : i + 1])) for i in (0, 1)]
    np.testing.assert_allclose(np.concatenate(alone), whole, atol=1e-6)


def test_pictures_of_8_bits_are_compared_some_at_a_time(lpips):
    rgb, other = (np.rint(255 * x).astype("uint8") for x in pair(64, "rolled"))
    real, fake = np.concatenate([rgb] * 3)[:5], np.concatenate([other] * 3)[:5]
    found = lpips["alex"].of_pictures(real, fake, batch_size=2)
    assert found.shape == (5,) and found.dtype == np.float32
    known = KNOWN["alex", 64, "rolled"]
    np.testing.assert_allclose(found, [*known, *known, known[0]], atol=1e-4)
    assert lpips["alex"].of_pictures(real[:0], fake[:0]).shape == (0,)
    for wrong in ((real / 255, fake / 255), (real, fake[:4]), (real[0], fake[0])):
        with pytest.raises(ValueError, match="two uint8 arrays of one shape"):
            lpips["alex"].of_pictures(*wrong)


def test_fewer_depths_are_the_first_ones(lpips):
    rgb, other = pair(64, "grey")
    two = Lpips("alex", taps=2)
    assert len(two.features(rgb)) == 2 and len(lpips["alex"].features(rgb)) == 5
    for few, all_of_them in zip(two.features(rgb), lpips["alex"].features(rgb)):
        np.testing.assert_allclose(numbers(few), numbers(all_of_them), atol=1e-4)
    assert (numbers(two(rgb, other)) < numbers(lpips["alex"](rgb, other))).all()
    one = Lpips("alex", taps=1)
    assert len(one.features(rgb)) == 1
    assert (numbers(one(rgb, other)) < numbers(two(rgb, other))).all()


def test_half_precision_is_close_and_nothing_is_trained():
    rgb, other = pair(64, "grey")
    half = Lpips("alex", dtype="mixed_bfloat16")
    assert half.trunk.trainable_weights == []
    assert keras.backend.standardize_dtype(half.features(rgb)[0].dtype) == "bfloat16"
    distance = numbers(half(rgb, other))
    assert distance.dtype == np.float32
    np.testing.assert_allclose(distance, KNOWN["alex", 64, "grey"], rtol=0.03)


@pytest.mark.parametrize("arguments", [("squeeze",), ("alex", 0), ("vgg", 6)])
def test_other_kinds_and_depths_are_refused(arguments):
    with pytest.raises(ValueError, match="alex.*vgg.* and taps 1 to 5, got"):
        Lpips(*arguments)


class Harmful:
    """When unpickled, makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_that_runs_something_is_refused(tmp_path):
    data = pickle.dumps({"Conv_0": Harmful(tmp_path / "harm")})
    with pytest.raises(pickle.UnpicklingError, match="mkdir in a file of arrays"):
        _ArraysOnly(io.BytesIO(data)).load()
    assert not (tmp_path / "harm").exists()
    pickle.loads(data)  # the trap is one
    assert (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "function", [eval, np.load, getattr, np.lib.format.read_array, np.array]
)
def test_only_the_making_of_arrays_is_allowed(function):
    with pytest.raises(pickle.UnpicklingError, match="in a file of arrays"):
        _ArraysOnly(io.BytesIO(pickle.dumps(function))).load()


def test_arrays_of_old_numpy_are_read():
    array = np.arange(6, dtype="float32").reshape(2, 3)
    data = pickle.dumps({"a": {"b": array}}, protocol=3)
    old = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    found = _ArraysOnly(io.BytesIO(old)).load()
    np.testing.assert_array_equal(found["a"]["b"], array)
