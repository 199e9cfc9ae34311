"""Every figure of pictures and numbers; networks are drawn by `colorlib.drawing`."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

# The ends of a* and of b*, as CIE Lab names them.
GREEN_TO_RED = ("#00966b", "#d6005c")
BLUE_TO_YELLOW = ("#1c63e0", "#d8a800")
MAX_ROWS = 4
WIDTH = 10  # inches


def show_L(L: np.ndarray, title: str = "", axes: plt.Axes | None = None) -> None:
    """Draws lightness in its true greys (0 black, 100 white).

    Args:
        L: array `(H, W)` or `(H, W, 1)`, L* in [0, 100].
        title: above the picture.
        axes: where to draw, or None for a new figure.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    axes.imshow(np.squeeze(L), cmap="gray", vmin=0, vmax=100)
    _finish(axes, title)


def show_rgb(rgb: np.ndarray, title: str = "", axes: plt.Axes | None = None) -> None:
    """Draws an sRGB picture.

    Args:
        rgb: array `(H, W, 3)`, uint8 or floats in [0, 1].
        title: above the picture.
        axes: where to draw, or None for a new figure.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    axes.imshow(np.clip(rgb, 0, 255 if np.asarray(rgb).dtype == np.uint8 else 1))
    _finish(axes, title)


def show_channel(
    channel: np.ndarray,
    title: str = "",
    axes: plt.Axes | None = None,
    limit: float = 80,
    ends: tuple = GREEN_TO_RED,
) -> None:
    """Draws a* or b* in its own two colours; 0 is white.

    Args:
        channel: array `(H, W)`, CIE units.
        title: above the picture.
        axes: where to draw, or None for a new figure.
        limit: value of the strongest colours, the same on both sides.
        ends: the colours of `-limit` and `limit`: `GREEN_TO_RED` for a*,
            `BLUE_TO_YELLOW` for b*.
    """
    axes = axes or plt.subplots(figsize=(3, 3), dpi=100)[1]
    cmap = LinearSegmentedColormap.from_list("ends", [ends[0], "white", ends[1]])
    drawn = axes.imshow(np.squeeze(channel), cmap=cmap, vmin=-limit, vmax=limit)
    plt.colorbar(drawn, ax=axes, fraction=0.046)
    _finish(axes, title)


def show_lab(lab: np.ndarray) -> None:
    """Draws the three channels of a Lab picture side by side.

    Args:
        lab: array `(H, W, 3)`: L* in [0, 100], a* and b* in CIE units.
    """
    figure, all_axes = plt.subplots(1, 3, figsize=(WIDTH, 3), dpi=100)
    show_L(lab[..., 0], "L: 0 black, 100 white", all_axes[0])
    plt.colorbar(all_axes[0].images[0], ax=all_axes[0], fraction=0.046)
    show_channel(lab[..., 1], "a: green to red", all_axes[1])
    show_channel(lab[..., 2], "b: blue to yellow", all_axes[2], ends=BLUE_TO_YELLOW)
    figure.tight_layout()
    plt.show()


def show_row(
    pictures: np.ndarray | list, titles: list | None = None, jpeg: bool = False
) -> None:
    """Draws pictures side by side; two-dimensional ones are taken as L*.

    Args:
        pictures: arrays `(H, W, 3)` sRGB, or `(H, W)` L* in [0, 100].
        titles: one for each, or None.
        jpeg: whether a notebook keeps it as JPEG, as `show_grid` does.
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
    _show(figure, jpeg)


def show_grid(
    L: np.ndarray,
    columns: dict,
    rows: int = MAX_ROWS,
    jpeg: bool = False,
    side: float | None = None,
) -> None:
    """Draws rows of: input L | one or more colorized pictures | true.

    Args:
        L: array `(N, H, W)` or `(N, H, W, 1)`, L* in [0, 100]; None leaves it out.
        columns: dict from a title (the model's name, "true") to pictures
            `(N, H, W, 3)` sRGB; drawn in this order, the true ones last.
        rows: how many pictures to show, at most `MAX_ROWS`.
        jpeg: whether a notebook keeps it as JPEG: many photographs take a fifth of the
            bytes.
        side: of a picture in inches, which is then drawn smoothly: of 32 enlarged
            pixels one sees the squares and no dog. None draws 1.7 inches, pixel by
            pixel.
    """
    columns = columns if L is None else {"input L": L, **columns}
    rows = min(rows, len(next(iter(columns.values()))), MAX_ROWS)
    smooth, side = side is not None, min(side or 1.7, WIDTH / len(columns))
    size = (side * len(columns), side * rows + 0.3)
    figure, grid = plt.subplots(
        rows, len(columns), figsize=size, dpi=100, squeeze=False
    )
    for row in range(rows):
        for axes, (title, pictures) in zip(grid[row], columns.items()):
            draw = show_L if pictures is L else show_rgb
            draw(pictures[row], title if row == 0 else "", axes)
            if smooth:
                axes.images[0].set_interpolation("bicubic")
    figure.tight_layout()
    _show(figure, jpeg)


def plot_history(
    history: dict,
    title: str = "",
    floors: dict | None = None,
    path: str | Path | None = None,
) -> None:
    """Draws training and validation loss against the epoch.

    Args:
        history: dict of lists: `epoch`, `loss`, `val_loss`.
        title: above the curves.
        floors: dict from a name ("grey", "mean colour") to a loss, drawn dashed.
        path: of a PNG to write instead of showing the curves, or None.
    """
    figure, axes = plt.subplots(figsize=(6, 3.5), dpi=100)
    axes.plot(history["epoch"], history["loss"], label="training")
    axes.plot(history["epoch"], history["val_loss"], label="validation")
    for (name, value), color in zip((floors or {}).items(), ("gray", "tan", "black")):
        axes.axhline(value, linestyle="--", color=color, label=name)
    axes.set(xlabel="epoch", ylabel="loss", title=title, ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    if path is None:
        plt.show()
    else:
        figure.savefig(path)
        plt.close(figure)


def plot_histories(histories: dict, best: dict | None = None) -> None:
    """Draws the losses of several trainings side by side, at most three in a row.

    Rows are as even as can be: four panels stand two by two. Each has its
    own scale, which begins at 0: losses on different pictures are not to be compared.

    Args:
        histories: dict from a title to a dict of lists: `epoch`, `loss`, `val_loss`;
            what is None in them is a gap.
        best: dict from a title to the epoch whose weights were kept, marked with a
            dot; or None.
    """
    rows = -(-len(histories) // 3)
    columns = -(-len(histories) // rows)
    size = (max(4, WIDTH / 3 * columns), 2.9 * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, dpi=100, squeeze=False)
    for axes in grid.flat[len(histories) :]:
        axes.set_visible(False)
    for axes, (title, history) in zip(grid.flat, histories.items()):
        epochs = list(history["epoch"])
        for key, label in (("loss", "training"), ("val_loss", "validation")):
            axes.plot(epochs, np.array(history[key], "float64"), label=label)
        if best and best.get(title) in epochs:
            place = epochs.index(best[title])
            dot = {
                "color": "black",
                "ls": "",
                "label": f"kept: epoch {epochs[place]:g}",
            }
            axes.plot(epochs[place], history["val_loss"][place], "o", **dot)
        axes.set(xlabel="epoch", ylabel="loss", title=title, ylim=(0, None))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    plt.show()


def plot_gan_history(
    histories: dict, pretrain_epochs: int = 0, unit: str = "ab / 128"
) -> None:
    """Draws the curves of GANs side by side: the game above, the L1 distance below.

    In the game, log 2 is what each loss is when the discriminator knows nothing; the
    epochs of pretraining, in which it rests, are grey.

    Args:
        histories: dict from a title to a dict of lists: `epoch`, `g_adv`, `d_real`,
            `d_fake`, `g_l1` and `val_g_l1`.
        pretrain_epochs: epochs at the beginning with the L1 loss alone.
        unit: of the L1 distance.
    """
    size = (max(6, min(WIDTH, 5 * len(histories))), 6)
    _, grid = plt.subplots(
        2, len(histories), figsize=size, dpi=100, squeeze=False, sharey="row"
    )
    for (title, history), (game, distance) in zip(histories.items(), grid.T):
        epochs = np.asarray(history["epoch"])
        playing = epochs > pretrain_epochs
        for name in ("g_adv", "d_real", "d_fake"):
            values = np.asarray(history[name])[playing]
            game.plot(epochs[playing], values, marker=".", label=name)
        game.axhline(np.log(2), linestyle="--", color="gray", label="log 2")
        distance.plot(epochs, history["g_l1"], label="g_l1, training")
        distance.plot(epochs, history["val_g_l1"], label="g_l1, validation")
        for axes, ylabel in ((game, "loss"), (distance, f"L1 distance ({unit})")):
            if pretrain_epochs:
                axes.axvspan(1, pretrain_epochs + 0.5, color="gray", alpha=0.15, lw=0)
            axes.set(xlabel="epoch", ylabel=ylabel, xlim=(1, epochs[-1]))
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()
        game.set_title(title)
    grid[0, 0].set_ylim(bottom=0)  # of the whole row; earlier, it would fix the top
    plt.tight_layout()
    plt.show()


def plot_lines(
    x: np.ndarray | list, lines: dict, xlabel: str, ylabel: str, title: str = ""
) -> None:
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
    if xlabel in ("epoch", "step"):  # there are no half ones
        axes.xaxis.get_major_locator().set_params(integer=True)
    if len(lines) > 5:  # a long legend would hide curves
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        axes.legend()
    plt.show()


def plot_scatter(
    x: np.ndarray | list,
    y: np.ndarray | list,
    xlabel: str,
    ylabel: str,
    title: str = "",
    colors: np.ndarray | None = None,
    line: tuple | None = None,
) -> None:
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
    axes.locator_params(axis="x", nbins=6)  # labels that do not touch
    if line is not None:
        axes.plot(*line, color="black")
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    plt.show()


def plot_ab(
    ab: np.ndarray,
    colors: np.ndarray,
    title: str = "",
    size: float = 6,
    marks: dict | None = None,
    unit: str = "",
) -> None:
    """Draws colours as squares on the ab plane: red right, yellow above, blue below.

    The plane has the same limits in every figure; they hold all of sRGB.

    Args:
        ab: array `(N, 2)`, CIE units.
        colors: `(N, 3)` sRGB in [0, 1], or N numbers for a colour scale.
        title: above the plane.
        size: of a square, in square points.
        marks: dict from a name to one `(a, b)`, drawn as a large sign, or None.
        unit: what the numbers are, beside the colour scale.
    """
    figure, axes = plt.subplots(figsize=(5, 4.2), dpi=100)
    drawn = axes.scatter(*np.transpose(ab), s=size, c=colors, marker="s")
    if np.ndim(colors) == 1:
        plt.colorbar(drawn, ax=axes, label=unit)
    for (name, place), sign in zip((marks or {}).items(), "PX^v<>D*"):
        axes.plot(*place, sign, color="black", mec="white", ms=12, ls="", label=name)
    if marks:
        axes.legend(loc="lower left")  # no colour of sRGB is there
    axes.set(xlabel="a (CIE units)", ylabel="b (CIE units)", title=title)
    axes.set(xlim=(-115, 115), ylim=(-120, 110), aspect="equal")
    axes.grid(color="lightgray", linewidth=0.5)
    axes.set_axisbelow(True)
    figure.tight_layout()
    plt.show()


def show_points(
    panels: list,
    titles: list | None = None,
    verdicts: list | None = None,
    limit: float = 3.0,
    columns: int = 3,
) -> None:
    """Draws panels of points in a square of the plane, to watch a toy GAN learn.

    Args:
        panels: for each panel a dict from a name ("real", "fake") to points `(N, 2)`;
            real ones are grey, others get a colour each.
        titles: one for each panel, or None.
        verdicts: for each panel None or the discriminator's verdict `(S, S)` in
            [0, 1] on a regular grid over the square, lowest row first, drawn behind
            the points: blue where it says fake, red where it says real.
        limit: half the side of the square, whose middle is (0, 0).
        columns: panels side by side.
    """
    titles, verdicts = titles or [""] * len(panels), verdicts or [None] * len(panels)
    rows = -(-len(panels) // columns)
    side = min(3.2, WIDTH / columns)
    size = (side * columns, side * rows + 0.2)
    figure, grid = plt.subplots(rows, columns, figsize=size, dpi=100, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, groups, title, verdict in zip(grid.flat, panels, titles, verdicts):
        if verdict is not None:
            square = (-limit, limit, -limit, limit)
            look = {"cmap": "RdBu_r", "vmin": 0, "vmax": 1, "alpha": 0.5}
            axes.imshow(verdict, origin="lower", extent=square, **look)
        others = iter(("black", "darkorange", "green", "purple"))
        for name, points in groups.items():
            color = "gray" if name == "real" else next(others)
            axes.scatter(*np.transpose(points), s=3, color=color, label=name)
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
        axes.tick_params(labelsize=7)
        axes.set_title(title, fontsize=10)
    grid[0, 0].legend(fontsize=8, markerscale=3, loc="best")
    figure.tight_layout()
    plt.show()


def plot_game(histories: dict) -> None:
    """Draws both losses of toy GANs against the step, side by side.

    Args:
        histories: dict from a title to a pair of lists, the discriminator's loss
            (halved: log 2 when nobody wins) and the generator's, one value a step.
    """
    size = (max(6, min(WIDTH, 3.4 * len(histories))), 3.3)
    _, grid = plt.subplots(1, len(histories), figsize=size, dpi=100, squeeze=False)
    for axes, (title, (d_losses, g_losses)) in zip(grid[0], histories.items()):
        axes.plot(g_losses, linewidth=0.8, color="darkorange", label="generator")
        axes.plot(d_losses, linewidth=0.8, color="tab:blue", label="discriminator")
        axes.axhline(np.log(2), linestyle="--", color="black", label="log 2")
        axes.set(xlabel="step", title=title, ylim=(0, None))
    grid[0, 0].set_ylabel("loss")
    grid[0, 0].legend(fontsize=8)
    plt.tight_layout()
    plt.show()


def show_kernels(
    kernels: np.ndarray, titles: list | None = None, columns: int = 8
) -> None:
    """Draws small kernels: orange is negative, violet positive, white 0.

    Up to 8 kernels have their numbers written into them.

    Args:
        kernels: array `(N, h, w)`, any unit.
        titles: one for each, or None.
        columns: kernels side by side.
    """
    titles = titles or [""] * len(kernels)
    limit = float(np.abs(kernels).max()) or 1.0
    numbers, columns = len(kernels) <= 8, min(columns, len(kernels))
    rows = -(-len(kernels) // columns)
    side = min(2.2 if numbers else 1.2, WIDTH / columns)
    size = (side * columns, (side + 0.25 * any(titles)) * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, dpi=100, squeeze=False)
    for axes in grid.flat[len(kernels) :]:
        axes.set_visible(False)
    for axes, kernel, title in zip(grid.flat, kernels, titles):
        axes.imshow(kernel, cmap="PuOr", vmin=-limit, vmax=limit)
        for (row, column), number in np.ndenumerate(kernel if numbers else []):
            ink = "white" if abs(number) > 0.6 * limit else "black"
            words = f"{number:.2f}".rstrip("0").rstrip(".")
            style = {"ha": "center", "va": "center", "color": ink, "size": 9}
            axes.text(column, row, "0" if words == "-0" else words, **style)
        _finish(axes, title)
    figure.tight_layout()
    plt.show()


def _show(figure, jpeg=False):
    if not jpeg:
        plt.show()
        return
    from IPython.display import Image, display  # only notebooks have it

    data = io.BytesIO()
    figure.savefig(data, format="jpeg", pil_kwargs={"quality": 85})
    plt.close(figure)  # or it would be shown a second time
    display(Image(data.getvalue()))


def _finish(axes, title):
    axes.set_title(title, fontsize=10)
    axes.axis("off")
