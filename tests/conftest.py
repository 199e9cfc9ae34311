"""The unit tests: no mirror, a quiet TensorFlow, and a network that takes no time."""

import os
from pathlib import Path

# What colorlib sets for its commands; nothing that a lesson's kernel must not inherit.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from small import CONSTANT_AB, ROOT, write_hint_model, write_model  # noqa: E402

from colorlib.utils import paths, progress  # noqa: E402
from tests.loopback import Loopback  # noqa: E402

MIRROR = os.environ.get("COLORLIB_MIRROR")


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path_factory):
    """Unit tests see the bundled pictures and run Keras only, on every machine.

    What a learner has solved on this machine is no part of a test, and stays.
    """
    monkeypatch.delenv("COLORLIB_MIRROR", raising=False)
    monkeypatch.delenv("COLORLIB_BACKBONES", raising=False)
    monkeypatch.setattr(progress, "_kept", {"folder": paths.RUNS.parent, "here": set()})
    progress_file = tmp_path_factory.mktemp("progress") / "progress.json"
    monkeypatch.setenv("COLORLIB_PROGRESS", str(progress_file))
    # Asked for by name, it is not replaced by ONNX Runtime where that is installed.
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("KERAS_BACKEND", backend)


@pytest.fixture
def mirror(monkeypatch):
    """The mirror of the data sets, for tests that need real data."""
    if not MIRROR:
        pytest.skip("COLORLIB_MIRROR is not set")
    monkeypatch.setenv("COLORLIB_MIRROR", MIRROR)
    return Path(MIRROR)


@pytest.fixture
def server():
    """A server on this machine whose pages the test writes."""
    with Loopback() as running:
        yield running


@pytest.fixture(scope="session")
def photos():
    """Six bundled test photographs as uint8 `(6, 64, 64, 3)`."""
    from colorlib.images.resize import square_thumbnail

    files = sorted((ROOT / "data" / "samples" / "test").glob("*.jpg"))[::5][:6]
    return np.stack([square_thumbnail(file, 64) for file in files])


@pytest.fixture(scope="session")
def hint_model(tmp_path_factory):
    """Weights and card of a network that follows hints; see `write_hint_model`."""
    return write_hint_model(tmp_path_factory.mktemp("hints") / "advised.npz")


@pytest.fixture(scope="session")
def constant_model(tmp_path_factory):
    """Weights and card of a network that says `CONSTANT_AB` everywhere."""
    from colorlib.models.cnn import build_baseline_cnn

    network = build_baseline_cnn(filters=2)
    kernel, bias = network.get_layer("ab").weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(np.arctanh(np.array(CONSTANT_AB) / 128.0))
    return write_model(tmp_path_factory.mktemp("model") / "constant.npz", network)
