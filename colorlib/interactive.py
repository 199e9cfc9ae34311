"""Pictures that move: by themselves, or by a hand on a slider."""

import base64
import io
from collections.abc import Callable

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Few colours keep an animation small: steps of the verdict's, and all together.
LEVELS, COLORS = 6, 15
MILLISECONDS = 250  # a frame


def animate_points(
    frames: list, real: np.ndarray, titles: list, alt: str, limit: float = 3.0
):
    """Draws a toy GAN that learns, as a moving picture.

    Args:
        frames: pairs of fake points `(N, 2)` and the discriminator's verdict `(S, S)`
            in [0, 1] on a regular grid over the square, lowest row first: blue where
            it says fake, red where it says real.
        real: points `(M, 2)`, grey in every frame.
        titles: one for each frame.
        alt: what is to be seen, for readers who do not see it.
        limit: half the side of the square, whose middle is (0, 0).

    Returns:
        An `IPython.display.HTML` that holds a GIF, which repeats for ever.
    """
    from IPython.display import HTML  # only notebooks have it

    data = base64.b64encode(_gif(frames, real, titles, limit)).decode()
    return HTML(f'<img alt="{alt}" src="data:image/gif;base64,{data}">')


def _gif(frames, real, titles, limit):
    figure = Figure(figsize=(3.4, 3.6), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.08, 0.06, 0.9, 0.86))
    square = (-limit, limit, -limit, limit)
    look = {"origin": "lower", "extent": square, "vmin": 0, "vmax": 1, "alpha": 0.5}
    behind = axes.imshow(_steps(frames[0][1]), cmap="RdBu_r", zorder=0, **look)
    plain = {"marker": "s", "linewidths": 0, "antialiased": False}  # fewer bytes
    axes.scatter(*np.transpose(real), s=3, color="gray", label="real", **plain)
    start = np.transpose(frames[0][0])
    dots = axes.scatter(*start, s=3, color="black", label="fake", **plain)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=8, markerscale=3, loc="upper right")
    pictures = []
    for (points, verdict), title in zip(frames, titles):
        dots.set_offsets(points)
        behind.set_data(_steps(verdict))
        axes.set_title(title, fontsize=10)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        pictures.append(picture.quantize(COLORS, dither=Image.Dither.NONE))
    data = io.BytesIO()
    options = {"save_all": True, "append_images": pictures[1:], "loop": 0}
    pictures[0].save(data, "GIF", duration=MILLISECONDS, **options)
    return data.getvalue()


def _steps(verdict):
    """The verdict in a few steps, which take fewer bytes than a smooth one."""
    edges = np.linspace(0, 1, LEVELS + 1)[1:-1]
    return (np.digitize(verdict, edges) + 0.5) / LEVELS


def show_sliders(draw: Callable, **sliders: tuple) -> None:
    """Shows a figure, and sliders that draw it again below them.

    The first figure stays: it is what a reader without a running kernel sees.

    Args:
        draw: function of the sliders' values, by their names, that shows a figure.
        **sliders: for each name (lowest, highest, step, value at the start).

    Raises:
        ValueError: if a slider does not start inside its range.
    """
    for name, (low, high, _, start) in sliders.items():
        if not low <= start <= high:
            raise ValueError(f"{name} should start in {low} to {high}, got {start}.")
    draw(**{name: start for name, (*_, start) in sliders.items()})
    _show_widget(draw, sliders)


def _show_widget(draw, sliders):
    import ipywidgets as widgets
    from IPython.display import display

    below, handles = widgets.Output(), {}
    for name, (low, high, step, start) in sliders.items():
        options = dict(min=low, max=high, step=step, value=start)
        kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
        label = name.replace("_", " ")
        handles[name] = kind(**options, description=label, continuous_update=False)

    def moved(_):
        with below:
            below.clear_output(wait=True)
            draw(**{name: handle.value for name, handle in handles.items()})

    for handle in handles.values():
        handle.observe(moved, names="value")
    display(widgets.VBox([*handles.values(), below]))
