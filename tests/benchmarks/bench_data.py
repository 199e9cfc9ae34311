"""Does reading pictures keep up with training? Pictures a second of both, in one run.

    python tests/benchmarks/bench_data.py

Reading: `load_pictures` at 64 pixels (find, decode, cut, resize, leave out the grey).
Training: `fit` of the CNN of week 3 on `Batches`, MSE, Adam. The two take turns, so
that whatever else the machine does meets both. The target is a ratio of 2.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras  # noqa: E402
import numpy as np  # noqa: E402

from colorlib.batches import Batches  # noqa: E402
from colorlib.data import load_pictures  # noqa: E402
from colorlib.models import build_baseline_cnn  # noqa: E402
from colorlib.training import hardware, set_seed  # noqa: E402

SEED = 0
SIZE = 64
BATCH_SIZE = 32
TARGET = 2.0


def main():
    """Prints the two speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = "landscapes" if os.environ.get("COLORLIB_MIRROR") else "samples"
    parser.add_argument("--set", default=default, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="in a round")
    options = parser.parse_args()

    set_seed(SEED)
    pictures = load_pictures(options.set, "train", SIZE)  # also warms the disk's cache
    needed = options.steps * BATCH_SIZE
    rgb = np.resize(pictures.rgb, (needed, SIZE, SIZE, 3))
    batches = Batches(rgb, BATCH_SIZE, seed=SEED)
    model = build_baseline_cnn()
    model.compile(optimizer=keras.optimizers.Adam(3e-4), loss="mse")
    model.fit(batches, verbose=0)  # traces the graph

    reading, training = [], []
    for _ in range(options.rounds):
        start = time.perf_counter()
        count = load_pictures(options.set, "train", SIZE).counts["read"]
        reading.append(count / (time.perf_counter() - start))
        start = time.perf_counter()
        model.fit(batches, verbose=0)
        training.append(needed / (time.perf_counter() - start))

    print(f"{options.set}, {count} pictures at {SIZE} px; seed {SEED}; {hardware()}")
    print(f"{options.rounds} rounds, median (lowest to highest), pictures a second:")
    for label, speeds in (("reading", reading), ("training", training)):
        middle = statistics.median(speeds)
        print(f"  {label:9}{middle:8.0f}  ({min(speeds):.0f} to {max(speeds):.0f})")
    ratio = statistics.median(r / t for r, t in zip(reading, training))
    verdict = "reached" if ratio >= TARGET else "missed"
    print(f"reading / training = {ratio:.1f} (target {TARGET:g}: {verdict})")


if __name__ == "__main__":
    main()
