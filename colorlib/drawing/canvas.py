"""Boxes, arrows and grids of numbers on a sheet measured in inches."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

# Okabe and Ito's colours, which colour-blind readers can tell apart; pale for boxes.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#C04A00"
PALE_BLUE, PALE_ORANGE, PALE_GREEN, PALE_GREY = (
    *("#D6EAF5", "#FBE8C0", "#CFEDE3", "#EEEEEE"),
)


class Drawing:
    """A sheet to draw on, which a notebook shows as a picture with a text for it.

    Args:
        width: of the sheet, in inches.
        height: of the sheet, in inches.

    Attributes:
        alt: what the drawing shows, in words, for readers who do not see it.
        boxes: dict from a box's name to its text, in the order of drawing.
        arrows: list of triples (from, to, text) of boxes' names.
        figure: the matplotlib figure.
    """

    def __init__(self, width: float, height: float):
        self.alt, self.boxes, self.arrows = "", {}, []
        self.figure = Figure(figsize=(width, height), dpi=100, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.axis("off")
        self.places = {}  # name: (left, bottom, right, top)

    def _repr_mimebundle_(self, include=None, exclude=None):
        """What a notebook shows: a PNG, or a JPEG of a photograph, and its text."""
        data, kind = io.BytesIO(), "jpeg" if self.axes.images else "png"
        options = {"quality": 90} if self.axes.images else {}
        self.figure.savefig(data, format=kind, pil_kwargs=options)
        bundle = {f"image/{kind}": data.getvalue(), "text/plain": self.alt}
        return bundle, {f"image/{kind}": {"alt": self.alt}}

    def text(self, x, y, words, size=9, color="black", **style):
        """Writes words with their middle at (x, y); returns the matplotlib text."""
        style = {"ha": "center", "va": "center", "linespacing": 1.25, **style}
        return self.axes.text(x, y, words, size=size, color=color, **style)

    def box(self, name, x, y, width, height, words, fill=PALE_GREY, **style):
        """Draws a box with its middle at (x, y)."""
        corner = (x - width / 2, y - height / 2)
        edge = style.pop("edge", "black")
        self.axes.add_patch(
            Rectangle(corner, width, height, fc=fill, ec=edge, lw=1, zorder=2)
        )
        if words:
            self.text(x, y, words, **style)
        self.boxes[name] = words
        self.places[name] = (*corner, corner[0] + width, corner[1] + height)

    def arrow(self, start, end, words="", color="black", **style):
        """Draws an arrow between two boxes, from side to side.

        Args:
            start: name of a box.
            end: name of another.
            words: at the middle of the arrow.
            color: of arrow and words.
            **style: `dashed`, `curve` (of the arc), `size` (of the words), `sides`
                (pair of sides of the boxes: "left", "right", "top", "bottom"), `level`
                (name of the box at whose height the arrow runs).
        """
        sides = style.get("sides") or self._facing(start, end)
        points = [self.side(n, s) for n, s in zip((start, end), sides)]
        if "level" in style:
            height = self.side(style["level"], "left")[1]
            points = [(x, height) for x, _ in points]
        self.line(*points, color, style.get("dashed", False), style.get("curve", 0))
        if words:
            x, y = np.mean(points, axis=0)
            self.label(x, y, words, color=color, size=style.get("size", 8))
        self.arrows.append((start, end, words))

    def detour(self, start, end, height, words, color="black", dashed=False, shift=0):
        """Draws an arrow between two boxes that runs above or below all boxes.

        Args:
            start: name of a box.
            end: name of another.
            height: where it runs, in inches.
            words: on it.
            color: of arrow and words.
            dashed: whether its line is.
            shift: of its end from the middle of the box, in inches.
        """
        above = height > self.places[start][3]
        (x, y), (to_x, to_y) = (
            self.side(name, "top" if above else "bottom") for name in (start, end)
        )
        to_x += shift
        look = {"color": color, "lw": 1.2, "ls": "--" if dashed else "-", "zorder": 1}
        self.axes.plot([x, x, to_x], [y, height, height], **look)
        self.line((to_x, height), (to_x, to_y), color, dashed)
        self.label((x + to_x) / 2, height, words, color=color, size=8.5)
        self.arrows.append((start, end, words))

    def line(self, start, end, color="black", dashed=False, curve=0, head="-|>"):
        """Draws an arrow from one point to another."""
        self.axes.add_patch(
            FancyArrowPatch(
                start,
                end,
                arrowstyle=head,
                mutation_scale=10,
                shrinkA=1,
                shrinkB=1,
                color=color,
                lw=1.2,
                linestyle="--" if dashed else "-",
                connectionstyle=f"arc3,rad={curve}",
                zorder=1,
            )
        )

    def label(self, x, y, words, **style):
        """Writes words on white, so that a line behind them does not disturb."""
        back = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        return self.text(x, y, words, bbox=back, zorder=3, **style)

    def side(self, name, side):
        """The middle of a side of a box."""
        left, bottom, right, top = self.places[name]
        x, y = (left + right) / 2, (bottom + top) / 2
        ends = {"left": (left, y), "right": (right, y), "top": (x, top)}
        return {**ends, "bottom": (x, bottom)}[side]

    def extent(self, text):
        """The place of a text in inches: left, bottom, right, top."""
        found = text.get_window_extent(self.canvas.get_renderer())
        return tuple(np.array(found.extents) / self.figure.dpi)

    def grid(self, left, top, numbers, cell, fill="white", size=8):
        """Draws a grid of numbers.

        Args:
            left: of the grid, in inches.
            top: of the grid, in inches.
            numbers: array `(H, W)`.
            cell: side of a cell, in inches.
            fill: a colour, or an array `(H, W)` of them.
            size: of the numbers, in points.
        """
        fills = np.broadcast_to(fill, np.shape(numbers))
        for (row, column), number in np.ndenumerate(numbers):
            corner = (left + column * cell, top - (row + 1) * cell)
            look = {"fc": str(fills[row, column]), "ec": "gray", "lw": 0.6, "zorder": 2}
            self.axes.add_patch(Rectangle(corner, cell, cell, **look))
            self.text(corner[0] + cell / 2, corner[1] + cell / 2, short(number), size)

    def frame(self, left, top, rows, columns, cell, color=RED):
        """Draws a thick frame around cells of a grid."""
        corner = (left, top - rows * cell)
        size = (columns * cell, rows * cell)
        self.axes.add_patch(
            Rectangle(corner, *size, fc="none", ec=color, lw=2.5, zorder=4)
        )

    def _facing(self, start, end):
        a, b = self.places[start], self.places[end]
        if b[0] >= a[2]:
            return "right", "left"
        if b[2] <= a[0]:
            return "left", "right"
        return ("bottom", "top") if b[3] <= a[1] else ("top", "bottom")


def short(number):
    """A number in few characters: at most two digits behind the point."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
