import base64
import io

import numpy as np
import pytest
from PIL import Image

from colorlib.interactive import animate_points, show_sliders

RANDOM = np.random.default_rng(0)


def frames_of(html):
    assert 'alt="dots that spread"' in html
    data = html.split("data:image/gif;base64,")[1].split('"')[0]
    return Image.open(io.BytesIO(base64.b64decode(data))), len(html)


def test_an_animation_has_a_picture_for_each_frame():
    pytest.importorskip("IPython")
    steps = np.linspace(0, 1, 5)
    frames = [
        (t * RANDOM.normal(size=(200, 2)), np.outer(np.linspace(0, t, 60), np.ones(60)))
        for t in steps
    ]
    titles = [f"step {i}" for i in range(5)]
    real = RANDOM.normal(size=(50, 2))
    shown = animate_points(frames, real, titles, "dots that spread")
    gif, size = frames_of(shown.data)
    assert gif.n_frames == 5 and gif.info["loop"] == 0  # repeats for ever
    assert gif.size[0] <= 500 and size / 5 * 31 < 1e6  # 31 frames stay below 1 MB
    pictures = []
    for i in range(5):
        gif.seek(i)
        pictures.append(np.asarray(gif.convert("RGB"), "int"))
    for a, b in zip(pictures, pictures[1:]):
        assert np.abs(a - b).max() > 50


def test_a_slider_draws_again_and_the_first_figure_stays(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    shown, drawn = [], []
    monkeypatch.setattr("IPython.display.display", shown.append)

    def draw(learning_rate, steps):
        drawn.append((learning_rate, steps))

    show_sliders(draw, learning_rate=(0.0, 1.0, 0.1, 0.5), steps=(1, 9, 1, 3))
    assert drawn == [(0.5, 3)]  # what a reader without a kernel sees
    (box,) = shown
    *sliders, below = box.children
    assert [s.description for s in sliders] == ["learning rate", "steps"]
    assert [(s.min, s.max, s.step) for s in sliders] == [(0, 1, 0.1), (1, 9, 1)]
    assert isinstance(below, widgets.Output)
    sliders[0].value = 0.8
    sliders[1].value = 7
    assert drawn == [(0.5, 3), (0.8, 3), (0.8, 7)]
    with pytest.raises(ValueError, match="steps should start in 1 to 9, got 12"):
        show_sliders(draw, learning_rate=(0.0, 1.0, 0.1, 0.5), steps=(1, 9, 1, 12))
