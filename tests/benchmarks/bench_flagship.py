"""One picture of 256 x 256 pixels: the flagship against the pix2pix U-Net.

Run from the repository: `python tests/benchmarks/bench_flagship.py`. Both networks
colour in turn, as `Colorizer` calls them; the ratio of the medians counts, not the
milliseconds. The flagship is timed at all 256 pixels, and at those it really sees.
"""

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from colorlib.models.cards import read_card
from colorlib.models.hint_unet import without_hints
from colorlib.models.registry import build

ROUNDS = 25


def main():
    """Prints the median seconds of each network, and the ratios."""
    card = read_card("flagship")[1]
    flagship = without_hints(build(card["network"], **card["options"]))
    pix2pix = build("unet")  # that of the paper, 256 pixels, width 64
    cases = {
        "pix2pix U-Net, 256 px": (pix2pix, 256),
        "flagship, 256 px": (flagship, 256),
        f"flagship, {card['inference_size']} px": (flagship, card["inference_size"]),
    }
    seconds = {name: [] for name in cases}
    random = np.random.default_rng(0)
    for _ in range(ROUNDS + 2):  # the first two warm up
        for name, (network, side) in cases.items():
            L = random.uniform(-1, 1, (1, side, side, 1)).astype("float32")
            start = time.perf_counter()
            np.asarray(network(L, training=False))
            seconds[name].append(time.perf_counter() - start)
    medians = {name: median(values[2:]) for name, values in seconds.items()}
    slowest = next(iter(medians.values()))
    for name, value in medians.items():
        print(
            f"{name:24} {value * 1000:7.1f} ms   {slowest / value:5.2f} times as fast"
        )


if __name__ == "__main__":
    main()
