"""Memory and time of `colorize` against the size of the picture, one process each.

    python tests/benchmarks/bench_sizes.py [MODEL]

Each row is a process of its own that reads, colours and writes one picture, as the
command line does: peak memory is that of the whole process, network included; the row
of 0 megapixels is what Keras and the network take. Times are processor seconds (of all
cores together, so that other work on the machine counts little), without Keras' start.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

MEGAPIXELS = (0.25, 1, 4, 16, 64, 100)


def make(path, megapixels):
    """A photograph-like picture: smooth light, some grain."""
    import numpy as np
    from PIL import Image

    height, width = round((megapixels * 1e6 * 0.75) ** 0.5), 0
    width = round(megapixels * 1e6 / height)
    grain = np.random.default_rng(0).integers(-6, 7, (256, width)).astype("int16")
    rgb = np.empty((height, width, 3), "uint8")
    x = np.arange(width)
    for top in range(0, height, 256):
        y = np.arange(top, min(top + 256, height))[:, None]
        level = 128 + 90 * np.sin(8 * y / height) * np.cos(9 * x / width)
        level = level + grain[: len(y)]
        rgb[top : top + 256] = np.rint(level).astype("uint8")[..., None]
    Image.fromarray(rgb).save(path)


def measure(model, source, target):
    """Colours one file in this process; prints what it took as JSON."""
    from colorlib.cli.commands import _start_keras

    _start_keras()
    import numpy as np

    from colorlib.colorize.colorizer import Colorizer
    from colorlib.images.picture import Picture
    from colorlib.images.read import read_picture
    from colorlib.images.write import write_picture

    colorizer = Colorizer(model)
    colorizer.colorize(Picture(np.full((64, 64, 3), 99, "uint8")))  # warm
    times = [time.process_time()]
    if source != "plain":
        picture = read_picture(source)
        times.append(time.process_time())
        picture = colorizer.colorize(picture)
        times.append(time.process_time())
        write_picture(target, picture)
        times.append(time.process_time())
    seconds = [b - a for a, b in zip(times, times[1:])]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


def one(*arguments):
    """Runs `measure` in a process of its own."""
    command = [sys.executable, __file__, "--one", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Prints the table."""
    model = sys.argv[1] if len(sys.argv) > 1 else "flagship"
    print("| megapixels | file | read s | colour s | write s | peak MB |", flush=True)
    print("|---|---|---|---|---|---|")
    plain = one(model, "plain", "plain")
    print(f"| 0 | - | - | - | - | {plain['megabytes']:.0f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in MEGAPIXELS:
            for ending in ("png", "jpg"):
                source = Path(folder, f"in.{ending}")
                target = Path(folder, f"out.{ending}")
                make(source, megapixels)
                result = one(model, source, target)
                times = " | ".join(f"{s:.2f}" for s in result["seconds"])
                peak = result["megabytes"]
                print(f"| {megapixels} | {ending} | {times} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(*sys.argv[2:])
    else:
        main()
