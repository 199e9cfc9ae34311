import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from colorlib import plotting
from colorlib.lab import rgb_to_lab


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    """Keeps the figures open for a look, and closes them after the test."""
    monkeypatch.setattr(plt, "show", lambda: None)
    plt.close("all")
    yield lambda: [plt.figure(number) for number in plt.get_fignums()]
    plt.close("all")


def only(figures):
    (figure,) = figures()
    figure.canvas.draw()  # whatever cannot be drawn raises here
    assert figure.get_size_inches()[0] <= plotting.WIDTH and figure.dpi == 100
    return figure


def images(figure):
    return [image for axes in figure.axes for image in axes.images]


RGB = np.random.default_rng(0).random((5, 8, 8, 3))
L = RGB.mean(axis=-1) * 100


def test_lightness_is_drawn_in_its_true_greys(figures):
    plotting.show_L(L[0], "input")
    (image,) = images(only(figures))
    assert image.get_clim() == (0, 100) and image.get_cmap().name == "gray"
    assert image.axes.get_title() == "input"
    plt.close("all")
    plotting.show_L(np.full((8, 8, 1), 40.0))  # a flat picture is not stretched
    (image,) = images(only(figures))
    assert image.get_clim() == (0, 100)


@pytest.mark.parametrize("rgb", [RGB[0], (RGB[0] * 255).astype("uint8"), RGB[0] * 1.2])
def test_rgb_of_either_kind_is_drawn(figures, rgb):
    plotting.show_rgb(rgb, "true")
    drawn = images(only(figures))[0].get_array()
    assert drawn.max() <= (255 if rgb.dtype == np.uint8 else 1)
    assert drawn.shape == (8, 8, 3)


def test_a_and_b_are_drawn_around_zero(figures):
    plotting.show_channel(L[0] - 20, "a", limit=60)
    image = images(only(figures))[0]
    assert image.get_clim() == (-60, 60)
    assert image.get_cmap()(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    plt.close("all")
    plotting.show_lab(np.stack([L[0], L[0] - 50, 50 - L[0]], axis=-1))
    limits = [image.get_clim() for image in images(only(figures))][:3]
    assert limits[0] == (0, 100)
    assert all(low == -high for low, high in limits[1:])


def test_a_and_b_are_drawn_in_their_own_colours(figures):
    plotting.show_lab(np.zeros((4, 4, 3)))
    panels = [axes.images[0] for axes in only(figures).axes[:3]]
    for channel in (1, 2):
        ends = [panels[channel].get_cmap()(end)[:3] for end in (0.0, 1.0)]
        own = rgb_to_lab(np.array(ends))
        assert own[0, channel] < -30 and own[1, channel] > 30
        other = np.abs(own[:, 3 - channel]) < np.abs(own[:, channel])
        assert other.all(), "the other channel is not the stronger one"


def test_a_row_takes_pictures_and_lightness(figures):
    plotting.show_row([L[0], RGB[0], L[1][..., None]], ["L", "true", "L again"])
    figure = only(figures)
    assert [axes.get_title() for axes in figure.axes] == ["L", "true", "L again"]
    assert len(images(figure)) == 3
    plt.close("all")
    plotting.show_row([RGB[0]] * 9)
    assert len(images(only(figures))) == 9


def test_a_grid_has_input_first_and_at_most_four_rows(figures):
    plotting.show_grid(L[..., None], {"CNN, MSE": RGB, "true": RGB}, rows=5)
    figure = only(figures)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["input L", "CNN, MSE", "true"] and set(titles[3:]) == {""}
    assert len(figure.axes) == 4 * 3
    plt.close("all")
    plotting.show_grid(L[:1], {name: RGB[:1] for name in "abcdefg"})
    assert len(only(figures).axes) == 8
    plt.close("all")
    plotting.show_grid(None, {"input": RGB, "target": RGB}, rows=1)  # no lightness
    titles = [axes.get_title() for axes in only(figures).axes]
    assert titles == ["input", "target"]


def test_small_pictures_are_drawn_larger_and_smoothly(figures):
    sizes, ways = [], []
    for side in (None, 2.2):
        plotting.show_grid(L, {"CNN": RGB, "true": RGB}, side=side)
        figure = only(figures)
        sizes.append(figure.get_size_inches()[0])
        ways.append({image.get_interpolation() for image in images(figure)})
        plt.close("all")
    assert sizes == pytest.approx([3 * 1.7, 3 * 2.2])
    assert ways[1] == {"bicubic"} and "bicubic" not in ways[0]
    plotting.show_grid(None, {name: RGB for name in "abcdefgh"}, side=4)
    only(figures)  # as wide as a notebook at most


def test_curves_have_names_and_a_legend(figures):
    history = {"epoch": [1, 2, 3], "loss": [3, 2, 1], "val_loss": [4, 3, 3]}
    plotting.plot_history(history, "Dogs", {"grey": 2.5, "mean colour": 2.0})
    (axes,) = only(figures).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["training", "validation", "grey", "mean colour"]
    assert axes.get_ylim()[0] == 0
    assert all(tick == int(tick) for tick in axes.get_xticks())  # no half epochs
    plt.close("all")
    plotting.plot_lines([1, 2], {"one": [1, 2], "two": [2, 1]}, "x", "y (units)", "T")
    (axes,) = only(figures).axes
    assert axes.get_legend() and axes.get_ylabel() == "y (units)"
    plt.close("all")
    plotting.plot_lines(range(1, 21), {"one": range(20)}, "epoch", "loss")
    (axes,) = only(figures).axes
    assert all(tick == int(tick) for tick in axes.get_xticks())


def test_many_photographs_are_kept_as_jpeg(figures, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    plotting.show_grid(L, {"true": RGB}, jpeg=True)
    plotting.show_row(RGB, jpeg=True)
    assert len(shown) == 2
    assert all(image.data[:2] == b"\xff\xd8" for image in shown) and not figures()


def test_the_curves_of_a_gan_have_log_2_and_grey_pretraining(figures):
    losses = {"g_adv": [0, 2, 1], "d_real": [0, 0.5, 0.6], "d_fake": [0, 0.6, 0.7]}
    distances = {"g_l1": [3, 2, 1], "val_g_l1": [4, 3, 3]}
    history = {"epoch": [1, 2, 3], **losses, **distances}
    plotting.plot_gan_history({"1:1": history, "2:1": history}, pretrain_epochs=1)
    game, _, distance, _ = only(figures).axes
    assert (game.get_title(), game.get_xlabel()) == ("1:1", "epoch")
    lines = {line.get_label(): line for line in game.lines}
    assert list(lines) == ["g_adv", "d_real", "d_fake", "log 2"]
    assert list(lines["g_adv"].get_xdata()) == [2, 3]  # it rests in epoch 1
    assert np.allclose(lines["log 2"].get_ydata(), np.log(2))
    assert list(distance.lines[1].get_ydata()) == [4, 3, 3]
    assert len(game.patches) == 1
    plt.close("all")
    higher = {**history, "g_adv": [0, 9, 8], "g_l1": [7, 2, 1]}
    for histories in ({"a": history, "b": higher}, {"a": higher, "b": history}):
        plotting.plot_gan_history(histories)
        figure = only(figures)  # panels share their scale, and nothing is cut off
        limits = [axes.get_ylim() for axes in figure.axes]
        assert limits[0] == limits[1] and limits[0][0] == 0 and limits[0][1] > 9
        assert limits[2] == limits[3] and limits[2][1] > 7
        plt.close("all")
    plotting.plot_gan_history({"1:1": history}, unit="of 2")
    assert not only(figures).axes[0].patches
    assert only(figures).axes[1].get_ylabel() == "L1 distance (of 2)"


def test_points_and_kernels(figures):
    x = np.arange(8.0)
    colors = np.random.default_rng(0).random((8, 3))
    plotting.plot_scatter(x, x, "L", "a", "A line", colors, (x, x))
    (axes,) = only(figures).axes
    assert len(axes.lines) == 1 and axes.get_title() == "A line"
    plt.close("all")
    kernels = np.random.default_rng(0).normal(size=(6, 3, 3))
    plotting.show_kernels(kernels, list("abcdef"))
    figure = only(figures)
    limits = {image.get_clim() for image in images(figure)}
    assert len(limits) == 1 and -limits.copy().pop()[0] == limits.pop()[1]
    for axes, kernel in zip(figure.axes, kernels):  # the numbers stand in the cells
        drawn = {text.get_position(): float(text.get_text()) for text in axes.texts}
        assert len(drawn) == 9
        for (column, row), number in drawn.items():
            assert number == pytest.approx(kernel[row, column], abs=0.005)
    colors = images(figure)[0].get_cmap()
    low, middle, high = rgb_to_lab(np.array([colors(x)[:3] for x in (0.1, 0.5, 0.9)]))
    assert abs(low[2] - high[2]) > 60  # blue against yellow, not red against green
    assert np.abs(middle[1:]).max() < 3 and middle[0] > 95
    plt.close("all")
    plotting.show_kernels(np.zeros((2, 3, 3)))
    only(figures)
    plt.close("all")
    plotting.show_kernels(np.ones((20, 3, 3)))  # many: rows of eight, no numbers
    shown = [axes for axes in only(figures).axes if axes.get_visible()]
    assert len(shown) == 20 and not any(axes.texts for axes in shown)


def test_colours_on_the_ab_plane(figures):
    ab = np.array([[0.0, 0.0], [60.0, 45.0], [15.0, -60.0]])
    plotting.plot_ab(ab, np.eye(3), "Two cars", 20, {"mean": (5, 9), "median": (0, 0)})
    (axes,) = only(figures).axes
    (squares,) = axes.collections
    np.testing.assert_array_equal(squares.get_offsets(), ab)
    np.testing.assert_array_equal(squares.get_facecolors()[:, :3], np.eye(3))
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["mean", "median"] and axes.get_aspect() == 1
    assert axes.lines[0].get_xydata().tolist() == [[5, 9]]
    limits = axes.get_xlim(), axes.get_ylim()
    plt.close("all")
    plotting.plot_ab(ab, [1.0, 2.0, 3.0], unit="log10 of the share")
    axes, scale = only(figures).axes
    assert scale.get_ylabel() == "log10 of the share" and axes.get_legend() is None
    assert axes.get_xlabel() == "a (CIE units)"
    assert (axes.get_xlim(), axes.get_ylim()) == limits


def test_a_toy_gan_is_drawn_over_its_verdict(figures):
    points = np.random.default_rng(0).normal(size=(20, 2))
    panels = [{"real": points, "fake": points + 1}] * 4
    verdict = np.linspace(0, 1, 25).reshape(5, 5)
    plotting.show_points(panels, list("abcd"), [None, *[verdict] * 3], limit=2)
    figure = only(figures)
    drawn = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in drawn] == list("abcd")
    assert {axes.get_xlim() for axes in drawn} == {(-2, 2)}
    assert len(images(figure)) == 3
    assert all(i.get_clim() == (0, 1) and i.origin == "lower" for i in images(figure))
    names = [text.get_text() for text in drawn[0].get_legend().get_texts()]
    assert names == ["real", "fake"]
    plt.close("all")
    plotting.show_points([{"real": points}])
    only(figures)


def test_a_game_is_drawn_beside_log_2(figures):
    losses = ([0.6, 0.7, 0.7], [0.8, 0.7, 0.7])
    plotting.plot_game({"balanced": losses, "another": losses})
    figure = only(figures)
    assert [axes.get_title() for axes in figure.axes] == ["balanced", "another"]
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["generator", "discriminator", "log 2"]
    line = figure.axes[0].lines[-1].get_ydata()
    assert np.allclose(line, np.log(2)) and figure.axes[0].get_ylim()[0] == 0


def test_pictures_are_left_alone():
    before = RGB.copy()
    plotting.show_row([RGB[0], L[0]])
    plotting.show_grid(L, {"true": RGB})
    np.testing.assert_array_equal(RGB, before)


def test_losses_of_several_trainings_have_a_panel_each_and_their_kept_epoch(figures):
    history = {"epoch": [1.0, 2.0, 3.0], "loss": [3, 2, 1], "val_loss": [3, 2.5, None]}
    names = ("dog", "ship", "car", "plane")
    plotting.plot_histories({name: history for name in names}, {"dog": 2, "ship": 9})
    figure = only(figures)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == list(names)
    left = [round(axes.get_position().x0, 2) for axes in panels]
    assert left[0] == left[2] < left[1] == left[3]  # two by two
    labels = [[line.get_label() for line in axes.lines] for axes in panels]
    assert labels[0] == ["training", "validation", "kept: epoch 2"]
    assert labels[1:] == [["training", "validation"]] * 3
    dot = panels[0].lines[2]
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([2], [2.5])
    assert np.isnan(panels[0].lines[1].get_ydata()[2])
    assert panels[0].get_ylim()[0] == 0
