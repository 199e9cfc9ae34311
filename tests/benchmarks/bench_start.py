"""What one photograph of a megapixel costs as a whole process, on both paths.

    python tests/benchmarks/bench_start.py [PAIRS]

Keras on TensorFlow (KERAS_BACKEND=tensorflow) against ONNX Runtime with a network that
an earlier run has exported; each pair follows at once, in turns which of them is first.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from colorlib.images.picture import Picture  # noqa: E402
from colorlib.images.read import read_picture  # noqa: E402
from colorlib.images.resize import resize_rgb  # noqa: E402
from colorlib.images.write import write_picture  # noqa: E402

PHOTO = ROOT / "data" / "samples" / "old" / "nagasaki-boats.jpg"
PATHS = {"Keras": {"KERAS_BACKEND": "tensorflow"}, "ONNX Runtime": {}}


def colorize(folder, path, photo="photo.jpg"):
    """Colours the photograph; (seconds by the clock, seconds of processor)."""
    command = [sys.executable, "-m", "colorlib", "colorize", photo]
    command += ["--overwrite", "--output", path]
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    environment |= {"PYTHONPATH": str(ROOT), "COLORLIB_CACHE": str(folder / "cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=environment | PATHS[path],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, spent


def main():
    """Prints the medians of both paths, and of the ratios of the pairs."""
    pairs = int(*(sys.argv[1:] or [5]))
    rows = {name: [] for name in PATHS}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rgb = resize_rgb(read_picture(PHOTO).rgb, 894, 1118)  # a megapixel
        for name in ("photo.jpg", "photo.png"):
            write_picture(folder / name, Picture(rgb))
        colorize(folder, "ONNX Runtime")  # exports the network
        for number in range(pairs):
            for name in sorted(PATHS, reverse=number % 2):
                rows[name].append(colorize(folder, name))
        for name in PATHS:  # PNG: what JPEG loses would be compared, too
            colorize(folder, name, "photo.png")
        first, second = (read_picture(folder / n / "photo.png").rgb for n in PATHS)
    for name, measured in rows.items():
        wall, spent = (statistics.median(column) for column in zip(*measured))
        least = min(wall for wall, _ in measured)
        print(
            f"{name:12} {wall:.2f} s by the clock (least {least:.2f}), "
            f"{spent:.2f} s of processor"
        )
    for column, what in enumerate(("by the clock", "of processor")):
        ratios = [q[column] / k[column] for k, q in zip(*rows.values())]
        print(
            f"ratio {what}: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    print(f"largest difference: {abs(first.astype(int) - second).max()} of 255")


if __name__ == "__main__":
    main()
