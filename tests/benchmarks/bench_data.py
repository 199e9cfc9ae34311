"""Does reading pictures keep up with training? Pictures a second of both, in one run.

    python tests/benchmarks/bench_data.py

Reading: `load_pictures` at 64 pixels (find, decode, cut, resize, leave out the grey).
Training: `fit` of the CNN of week 3 on `Batches`, MSE, Adam. The two take turns, so
that whatever else the machine does meets both; where it does much, the figures by
processor time (both cores' seconds added up) are the fairer ones. The target is 2.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras  # noqa: E402
import numpy as np  # noqa: E402

from colorlib.data.batches import Batches
from colorlib.data.sets import load_pictures
from colorlib.models.cnn import build_baseline_cnn
from colorlib.training.runtime import set_seed
from colorlib.utils.backends import hardware

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

    def read():
        return load_pictures(options.set, "train", SIZE).counts["read"]

    def train():
        model.fit(batches, verbose=0)
        return needed

    rounds = [(speeds(read), speeds(train)) for _ in range(options.rounds)]
    print(
        f"{options.set}, {pictures.counts['read']} pictures at {SIZE} px, batches of "
        f"{BATCH_SIZE}; seed {SEED}; {hardware()}"
    )
    print(f"Pictures a second, median of {options.rounds} rounds (lowest to highest):")
    for way, label in enumerate(("by the clock", "by processor time")):
        reading = [speed[way] for speed, _ in rounds]
        training = [speed[way] for _, speed in rounds]
        ratio = statistics.median(r / t for r, t in zip(reading, training))
        verdict = "reached" if ratio >= TARGET else "missed"
        print(
            f"{label:18} reading {summary(reading)}, training {summary(training)}, "
            f"ratio {ratio:.1f} (target {TARGET:g}: {verdict})"
        )


def speeds(work):
    """Pictures a second of one piece of work, by the clock and by processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    count = work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return count / clock, count / processor


def summary(values):
    """Median and range in one phrase."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    main()
