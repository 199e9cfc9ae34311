"""A training that takes longer than a moment shows how far it is."""

import keras
import numpy as np
import pytest
from tqdm import tqdm

from colorlib.training import EpochBar, bar, bars


@pytest.fixture
def at_once(monkeypatch):
    """Bars that do not wait two seconds."""
    whole = bars.tqdm
    monkeypatch.setattr(
        bars, "tqdm", lambda *given, **more: whole(*given, **{**more, "delay": 0})
    )


def fit(epochs, **given):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.ones((4, 1), "float32")
    return model.fit(x, x, epochs=epochs, verbose=0, **given).history


def test_a_loop_shows_how_far_it_is(capfd, at_once):
    assert list(bar(range(3), "epochs")) == [0, 1, 2]
    said = capfd.readouterr()
    assert "epochs" in said.err and "0/3" in said.err and not said.out


def test_a_short_loop_is_silent(capfd):
    assert list(bar(range(3), "epochs")) == [0, 1, 2]
    fit(2, callbacks=[EpochBar()])
    assert "it/s" not in capfd.readouterr().err


def test_fit_shows_epochs_and_its_loss(capfd, at_once, monkeypatch):
    shown = []
    monkeypatch.setattr(
        tqdm, "update", lambda self, n=1: shown.append((self.total, self.postfix))
    )
    losses = fit(3, callbacks=[EpochBar("U-Net")])["loss"]
    assert shown == [(3, f"loss={loss:.4f}") for loss in losses]
    assert "U-Net" in capfd.readouterr().err


def test_one_callback_serves_two_trainings(capfd, at_once):
    again = EpochBar("again")
    fit(2, callbacks=[again])
    capfd.readouterr()
    fit(2, callbacks=[again])
    assert "0/2" in capfd.readouterr().err
