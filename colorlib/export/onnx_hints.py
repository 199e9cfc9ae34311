"""The layers of `models.hint_unet` that spread hints, as ONNX nodes.

Each function takes an `OnnxGraph`, the layer and the names of its inputs, whose
channels come first, and returns the name of its output.
"""

import numpy as np

from colorlib.models.hint_unet import LEAST_SHARE

_CELL = {"kernel_shape": [2, 2], "strides": [2, 2]}


def pooled_hints(graph, layer, inputs):
    """Writes `PooledHints`."""
    mean = graph.add("AveragePool", inputs, f"{layer.name}/mean", **_CELL)
    most = graph.add("MaxPool", inputs, f"{layer.name}/most", **_CELL)
    ab = _pick(graph, mean, [0, 1], f"{layer.name}/ab")
    share = _pick(graph, mean, [2], f"{layer.name}/share")
    ab = _divide_by_share(graph, ab, share, f"{layer.name}/given")
    any_given = _pick(graph, most, [2], f"{layer.name}/any")
    return graph.add("Concat", [ab, any_given], layer.name, axis=1)


def places(graph, layer, inputs):
    """Writes `Places`."""
    one = _pick(graph, inputs[0], [0], f"{layer.name}/one")
    nothing = graph.store(0.0, f"{layer.name}/0")
    ones = graph.add("Mul", [one, nothing], f"{layer.name}/zeros")
    ones = graph.add("Add", [ones, graph.store(1.0, f"{layer.name}/1")], "ones")
    counted = [
        graph.add(
            "CumSum",
            [ones, graph.store_integers(axis, f"{layer.name}/axis_{axis}")],
            f"{layer.name}/count_{axis}",
        )
        for axis in (2, 3)
    ]
    both = graph.add("Concat", counted, f"{layer.name}/both", axis=1)
    side = graph.add("ReduceMax", [both], f"{layer.name}/side", axes=[1, 2, 3])
    return graph.add("Div", [both, side], layer.name)


def spread_hints(graph, layer, inputs):
    """Writes `SpreadHints`."""
    ab, features, hints = inputs
    name, most = layer.name, layer.most
    depth = layer.depth

    def add(operator, names, label, **attributes):
        return graph.add(operator, names, f"{name}/{label}", **attributes)

    def integers(values, label):
        return graph.store_integers(values, f"{name}/{label}")

    mask = _pick(graph, hints, [2], f"{name}/mask")
    told = _pick(graph, hints, [0, 1], f"{name}/told")
    share = add("AveragePool", [mask], "share", **_CELL)
    given = add("Concat", [features, add("Sub", [told, ab], "wrong")], "all", axis=1)
    given = add("AveragePool", [add("Mul", [given, mask], "masked")], "mean", **_CELL)
    given = _divide_by_share(graph, given, share, f"{name}/given")
    # (B, D + 2, cells) and (B, cells), with empty cells added.
    given = add("Reshape", [given, integers([0, depth + 2, -1], "rows")], "flat")
    given = add("Pad", [given, integers([0, 0, 0, 0, 0, most], "more")], "filled")
    share = add("Reshape", [share, integers([0, -1], "row")], "shares")
    share = add("Pad", [share, integers([0, 0, 0, most], "more_shares")], "padded")
    share, index = graph.add_several(
        "TopK", [share, integers([most], "count")], f"{name}/top", 2
    )
    index = add("Unsqueeze", [index, integers([1], "second")], "index")
    index = add("Expand", [index, integers([1, depth + 2, 1], "wide")], "indices")
    given = add("GatherElements", [given, index], "chosen", axis=2)
    keys = _pick(graph, given, range(depth), f"{name}/keys")  # (B, D, most)
    wrong = _pick(graph, given, [depth, depth + 1], f"{name}/by")  # (B, 2, most)
    flat = add("Reshape", [features, integers([0, depth, -1], "line")], "queries")
    queries = add("Transpose", [flat], "query_rows", perm=[0, 2, 1])  # (B, H W, D)
    product = add("MatMul", [queries, keys], "product")
    twice = add("Mul", [product, graph.store(2.0, f"{name}/2")], "twice")
    squares = [
        add("ReduceSumSquare", [x], f"square_{axis}", axes=[axis])
        for x, axis in ((queries, 2), (keys, 1))
    ]
    distance = add("Sub", [add("Add", squares, "both"), twice], "distance")
    zero = graph.store(0.0, f"{name}/0")
    near = add(
        "Exp", [add("Neg", [add("Max", [distance, zero], "far")], "neg")], "near"
    )
    there = add("Cast", [add("Greater", [share, zero], "any")], "there", to=1)
    there = add("Unsqueeze", [there, integers([1], "axis")], "each")
    weight = add("Mul", [near, there], "weight")
    total = add("ReduceSum", [weight, integers([2], "last")], "sum")
    rest = graph.store(np.exp(np.asarray(layer.rest)), f"{name}/rest")
    total = add("Add", [total, rest], "total")
    wrong = add("Transpose", [wrong], "corrections", perm=[0, 2, 1])
    change = add("Div", [add("MatMul", [weight, wrong], "mixed"), total], "change")
    change = add("Transpose", [change], "channels", perm=[0, 2, 1])  # (B, 2, H W)
    change = add("Reshape", [change, add("Shape", [ab], "shape")], "change_map")
    ends = [graph.store(end, f"{name}/end{end:g}") for end in (-1.0, 1.0)]
    return graph.add("Clip", [add("Add", [ab, change], "told_ab"), *ends], name)


def _pick(graph, source, channels, name):
    where = graph.store_integers(list(channels), f"{name}/channels")
    return graph.add("Gather", [source, where], name, axis=1)


def _divide_by_share(graph, values, share, name):
    least = graph.store(LEAST_SHARE, f"{name}/least")
    share = graph.add("Max", [share, least], f"{name}/divisor")
    return graph.add("Div", [values, share], name)
