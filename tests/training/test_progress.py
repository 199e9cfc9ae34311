import importlib.util

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from colorlib.data.batches import Batches
from colorlib.evaluation.network import colorize_batch
from colorlib.gan import Pix2Pix
from colorlib.images.resize import resize_rgb
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.training.callbacks import (
    PreviewStrip,
    make_tensorboard,
    read_strips,
    write_gif,
)
from colorlib.training.runtime import set_seed


@pytest.fixture(scope="module")
def scenes():
    """Eight smooth pictures, uint8 `(8, 48, 48, 3)`."""
    random = np.random.default_rng(1)
    coarse = random.integers(40, 216, (8, 4, 4, 3)).astype("uint8")
    return np.stack([resize_rgb(picture, 48, 48) for picture in coarse])


# The strip and its film.


def fit(folder, scenes, epochs, initial_epoch=0, model=None):
    set_seed(2)
    generator = model.generator if model else build_unet(size=16, width=2)
    if model is None:
        model = Pix2Pix(generator, build_patch_discriminator(patch=16, width=2))
        model.compile()
    strip = PreviewStrip(generator, scenes[6:, :32, :32], folder)
    model.fit(
        Batches(scenes[:6], batch_size=2, crop=32),
        epochs=epochs,
        initial_epoch=initial_epoch,
        callbacks=[strip],
        verbose=0,
    )
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory, scenes):
    """(folder, model) of two epochs of a small pix2pix, with strips."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "strip").mkdir()
    for name in ("epoch_000.png", "epoch_007.png"):  # of another run
        Image.new("RGB", (3, 3)).save(folder / "strip" / name)
    return folder, fit(folder, scenes, 2)


def test_a_strip_an_epoch_and_one_before(trained, scenes):
    folder, model = trained
    names = sorted(path.name for path in (folder / "strip").iterdir())
    assert names == ["epoch_000.png", "epoch_001.png", "epoch_002.png"]
    strips = read_strips(folder)
    assert list(strips) == [0, 1, 2]
    assert {s.shape for s in strips.values()} == {(32, 64, 3)}
    assert {s.dtype for s in strips.values()} == {np.dtype("uint8")}
    assert not np.array_equal(strips[1], strips[2])
    wanted = colorize_batch(model.generator, scenes[6:, :32, :32])
    np.testing.assert_allclose(strips[2][:, :32], 255 * wanted[0], atol=0.51)
    np.testing.assert_allclose(strips[2][:, 32:], 255 * wanted[1], atol=0.51)
    set_seed(2)
    untrained = colorize_batch(build_unet(size=16, width=2), scenes[6:, :32, :32])
    np.testing.assert_allclose(strips[0][:, :32], 255 * untrained[0], atol=0.51)


def test_a_training_that_goes_on_keeps_the_strips(trained, scenes):
    folder, model = trained
    before = read_strips(folder)
    fit(folder, scenes, 3, 2, model)
    after = read_strips(folder)
    assert list(after) == [0, 1, 2, 3]
    assert all(np.array_equal(before[epoch], after[epoch]) for epoch in before)


def test_the_film_has_a_labelled_frame_an_epoch(tmp_path):
    (tmp_path / "strip").mkdir()
    random = np.random.default_rng(0)
    scene = np.repeat(random.integers(0, 256, (1, 8, 8, 3)), 6, axis=2).astype("uint8")
    for epoch in (0, 1, 2, 3):  # the same picture, so that only the labels differ
        path = tmp_path / "strip" / f"epoch_{epoch:03d}.png"
        Image.fromarray(scene[0].repeat(3, axis=0).repeat(2, axis=1)).save(path)
    write_gif(tmp_path, tmp_path / "film.gif", seconds=0.2)
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (4, (96, 38), 0)
        frames, times = [], []
        for number in range(4):
            film.seek(number)
            times.append(film.info["duration"])
            frames.append(np.asarray(film.convert("RGB")).astype(int))
    assert times == [200, 200, 200, 1000]
    for first, second in zip(frames, frames[1:]):
        assert np.abs(first[:14] - second[:14]).max() > 100  # the number
        assert np.abs(first[14:] - second[14:]).mean() < 2
    shown = np.asarray(Image.open(path))
    assert np.abs(frames[0][14:] - shown).mean() < 12  # a GIF has 256 colours


def test_without_strips_there_is_no_film(tmp_path):
    with pytest.raises(FileNotFoundError, match="no strips: train with a Strip"):
        write_gif(tmp_path, tmp_path / "film.gif")
    assert not (tmp_path / "film.gif").exists()


# TensorBoard.


def events(folder):
    """{(part, name): {step: value}} of all event files, by TensorBoard itself."""
    from tensorboard.backend.event_processing import event_accumulator
    from tensorboard.util.tensor_util import make_ndarray

    found = {}
    for part in ("train", "validation"):
        path = str(folder / "tensorboard" / part)
        reader = event_accumulator.EventAccumulator(path).Reload()
        for name in reader.Tags()["tensors"]:
            rows = reader.Tensors(name)
            values = {row.step: float(make_ndarray(row.tensor_proto)) for row in rows}
            found[part, name] = values
    return found


def test_tensorboard_shows_each_epoch_of_all_sessions(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.random((8, 3)), random.random((8, 1))
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("adam", "mse")
    history = []
    for first, last in ((0, 2), (2, 3)):
        done = model.fit(
            x,
            y,
            validation_data=(x, y),
            epochs=last,
            initial_epoch=first,
            callbacks=[make_tensorboard(tmp_path)],
            verbose=0,
        )
        history += done.history["loss"]
    losses = events(tmp_path)["train", "epoch_loss"]
    assert list(losses) == [0, 1, 2]
    np.testing.assert_allclose(list(losses.values()), history, rtol=1e-5)
    assert list(events(tmp_path)["validation", "epoch_loss"]) == [0, 1, 2]


@pytest.mark.parametrize("missing", ["tensorboard", "tensorflow"])
def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch, missing):
    real = importlib.util.find_spec

    def find(name):
        return None if name == missing else real(name)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(ImportError, match=f"pip install {missing}"):
        make_tensorboard(tmp_path)
