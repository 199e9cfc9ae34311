"""Every figure of the course; the only module that imports matplotlib."""

import matplotlib.pyplot as plt
import numpy as np

MAX_ROWS = 4
WIDTH = 10  # inches


def show_L(L, title="", axes=None):
    """Draws lightness in its true greys (0 black, 100 white).

    Args:
        L: array `(H, W)` or `(H, W, 1)`, L* in [0, 100].
        title: above the picture.
        axes: where to draw, or None for a new figure.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    axes.imshow(np.squeeze(L), cmap="gray", vmin=0, vmax=100)
    _finish(axes, title)


def show_rgb(rgb, title="", axes=None):
    """Draws an sRGB picture.

    Args:
        rgb: array `(H, W, 3)`, uint8 or floats in [0, 1].
        title: above the picture.
        axes: where to draw, or None for a new figure.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    axes.imshow(np.clip(rgb, 0, 255 if np.asarray(rgb).dtype == np.uint8 else 1))
    _finish(axes, title)


def show_channel(channel, title="", axes=None, limit=80):
    """Draws a* or b*: 0 is white, negative blue, positive red.

    Args:
        channel: array `(H, W)`, CIE units.
        title: above the picture.
        axes: where to draw, or None for a new figure.
        limit: value of the darkest colours, the same on both sides.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    drawn = axes.imshow(np.squeeze(channel), cmap="RdBu_r", vmin=-limit, vmax=limit)
    plt.colorbar(drawn, ax=axes, fraction=0.046)
    _finish(axes, title)


def show_lab(lab):
    """Draws the three channels of a Lab picture side by side.

    Args:
        lab: array `(H, W, 3)`: L* in [0, 100], a* and b* in CIE units.
    """
    figure, all_axes = plt.subplots(1, 3, figsize=(WIDTH, 3), dpi=100)
    show_L(lab[..., 0], "L: 0 black, 100 white", all_axes[0])
    show_channel(lab[..., 1], "a: green (here blue) to red", all_axes[1])
    show_channel(lab[..., 2], "b: blue to yellow (here red)", all_axes[2])
    figure.tight_layout()
    plt.show()


def show_row(pictures, titles=None):
    """Draws pictures side by side; two-dimensional ones are taken as L*.

    Args:
        pictures: arrays `(H, W, 3)` sRGB, or `(H, W)` L* in [0, 100].
        titles: one for each, or None.
    """
    titles = titles or [""] * len(pictures)
    side = WIDTH / max(4, len(pictures))
    size = (side * len(pictures), side + 0.3)
    figure, all_axes = plt.subplots(
        1, len(pictures), figsize=size, dpi=100, squeeze=False
    )
    for axes, picture, title in zip(all_axes[0], pictures, titles):
        draw = show_L if np.ndim(np.squeeze(picture)) == 2 else show_rgb
        draw(picture, title, axes)
    figure.tight_layout()
    plt.show()


def show_grid(L, columns, rows=MAX_ROWS):
    """Draws rows of: input L | one or more colorized pictures | true.

    Args:
        L: array `(N, H, W)` or `(N, H, W, 1)`, L* in [0, 100].
        columns: dict from a title (the model's name, "true") to pictures
            `(N, H, W, 3)` sRGB; drawn in this order, the true ones last.
        rows: how many pictures to show, at most `MAX_ROWS`.
    """
    rows = min(rows, len(L), MAX_ROWS)
    side = min(1.7, WIDTH / (1 + len(columns)))
    size = (side * (1 + len(columns)), side * rows + 0.3)
    figure, grid = plt.subplots(
        rows, 1 + len(columns), figsize=size, dpi=100, squeeze=False
    )
    for row in range(rows):
        show_L(L[row], "input L" if row == 0 else "", grid[row, 0])
        for axes, (title, pictures) in zip(grid[row, 1:], columns.items()):
            show_rgb(pictures[row], title if row == 0 else "", axes)
    figure.tight_layout()
    plt.show()


def plot_history(history, title="", floors=None):
    """Draws training and validation loss against the epoch.

    Args:
        history: dict of lists: `epoch`, `loss`, `val_loss`.
        title: above the curves.
        floors: dict from a name ("grey", "mean colour") to a loss, drawn dashed.
    """
    _, axes = plt.subplots(figsize=(6, 3.5), dpi=100)
    axes.plot(history["epoch"], history["loss"], label="training")
    axes.plot(history["epoch"], history["val_loss"], label="validation")
    for (name, value), color in zip((floors or {}).items(), ("gray", "tan", "black")):
        axes.axhline(value, linestyle="--", color=color, label=name)
    axes.set(xlabel="epoch", ylabel="loss", title=title, ylim=(0, None))
    axes.legend()
    plt.show()


def plot_lines(x, lines, xlabel, ylabel, title=""):
    """Draws named curves over one axis, with a legend.

    Args:
        x: N values of the horizontal axis.
        lines: dict from a name to N values.
        xlabel: name of the horizontal axis, with its unit.
        ylabel: name of the vertical axis, with its unit.
        title: above the curves.
    """
    _, axes = plt.subplots(figsize=(6, 3.5), dpi=100)
    for name, values in lines.items():
        axes.plot(x, values, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.legend()
    plt.show()


def plot_scatter(x, y, xlabel, ylabel, title="", colors=None, line=None):
    """Draws points, and optionally a curve through them.

    Args:
        x: N values.
        y: N values.
        xlabel: name of the horizontal axis, with its unit.
        ylabel: name of the vertical axis, with its unit.
        title: above the points.
        colors: `(N, 3)` sRGB in [0, 1], or None.
        line: pair of arrays `(x, y)` drawn as a curve, or None.
    """
    _, axes = plt.subplots(figsize=(5, 3.5), dpi=100)
    axes.scatter(x, y, s=6, c=colors)
    if line is not None:
        axes.plot(*line, color="black")
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    plt.show()


def show_kernels(kernels, titles=None):
    """Draws small kernels with a diverging map around 0.

    Args:
        kernels: array `(N, h, w)`, any unit.
        titles: one for each, or None.
    """
    titles = titles or [""] * len(kernels)
    limit = float(np.abs(kernels).max()) or 1.0
    figure, all_axes = plt.subplots(
        1, len(kernels), figsize=(min(WIDTH, 1.6 * len(kernels)), 1.8), squeeze=False
    )
    for axes, kernel, title in zip(all_axes[0], kernels, titles):
        axes.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        _finish(axes, title)
    figure.tight_layout()
    plt.show()


def _finish(axes, title):
    axes.set_title(title, fontsize=10)
    axes.axis("off")
