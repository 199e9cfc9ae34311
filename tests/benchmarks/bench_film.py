"""What films cost, and what the filter against flicker does.

    python tests/benchmarks/bench_film.py flicker [MODEL]
    python tests/benchmarks/bench_film.py speed [MODEL] [FRAMES]
    python tests/benchmarks/bench_film.py memory [SECONDS ...]

`flicker` needs the frames of two DAVIS sequences and three clips in the folder of
COLORLIB_MIRROR (`eval/video_davis_frames_256.tar`, `eval/video_clips.tar`). PSNR is
that of the coloured frames against the true ones, at the size of the frames. `memory`
colours grey films of 854 x 480 pixels, each in a process of its own, without a network
(it takes the same whatever the length) but with the filter.
"""

import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from colorlib.video.convert import VideoColorizer, convert_video  # noqa: E402
from colorlib.video.reader import probe, read_frames  # noqa: E402
from colorlib.video.smoothing import TemporalSmoother, flicker  # noqa: E402

LONGEST = 100  # frames of a clip


def clips(folder):
    """Yields (name, uint8 `(T, H, W, 3)`): the frames with their true colours."""
    from colorlib.images.read import read_picture

    for pack in ("video_davis_frames_256", "video_clips"):
        with tarfile.open(f"{os.environ['COLORLIB_MIRROR']}/eval/{pack}.tar") as tar:
            tar.extractall(folder, filter="data")
    for name in ("blackswan", "dance-twirl"):
        files = sorted((folder / name).glob("*.jpg"))
        yield name, np.stack([read_picture(file).rgb for file in files])
    for name in ("cockatoo.mp4", "realshort.mp4"):
        frames = read_frames(probe(folder / name), [])
        yield name, np.stack([f[2] for f, _ in zip(frames, range(LONGEST))])
    gif = read_picture(folder / "newtonscradle.gif", every_frame=True)
    yield "newtonscradle.gif", np.stack([p.rgb for p in (gif, *gif.frames)])


def score(colorizer, rgb, smoother):
    """(mean PSNR in dB, flicker in CIE units, share of still pixels) of a clip."""
    from colorlib.metrics.scores import psnr

    L = np.stack([colorizer.network_input(frame) for frame in rgb])
    ab = [colorizer.predict_small(plane[None])[0] for plane in L]
    if smoother:
        ab = [smoother(*pair) for pair in zip(L, ab)]
    every = range(0, len(rgb), max(1, len(rgb) // 24))
    values = [psnr(rgb[i], colorizer.apply_ab(rgb[i], ab[i])) for i in every]
    return float(np.mean(values)), *flicker(L, np.stack(ab))


def bench_flicker(model):
    """Prints a row for each clip: with and without the filter."""
    from colorlib.colorize.colorizer import Colorizer
    from colorlib.images.resize import resize_rgb
    from colorlib.lab import rgb8_to_lab

    colorizer = Colorizer(model)
    print("| clip | frames | still | true | flicker | smoothed | PSNR | smoothed |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, rgb in clips(Path(folder)):
            alone = score(colorizer, rgb, None)
            smooth = score(colorizer, rgb, TemporalSmoother())
            L = np.stack([colorizer.network_input(frame) for frame in rgb])
            small = [resize_rgb(frame, *L.shape[1:]) for frame in rgb]
            true = flicker(L, np.stack([rgb8_to_lab(s)[..., 1:] for s in small]))[0]
            print(
                f"| {name} | {len(rgb)} | {alone[2]:.0%} | {true:.2f} | {alone[1]:.2f} "
                f"| {smooth[1]:.2f} ({smooth[1] / alone[1] - 1:+.0%}) "
                f"| {alone[0]:.2f} | {smooth[0]:.2f} ({smooth[0] - alone[0]:+.2f}) |",
                flush=True,
            )


def write_grey(path, seconds, height=480, width=854, rate=25):
    """A grey film, one frame in memory at a time: light that moves, and grain."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    grain = rng.integers(-6, 7, (8, height, width))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for n in range(round(seconds * rate)):
            level = 128 + 80 * np.sin((y + n) / 60) * np.cos((x - 2 * n) / 90)
            grey = np.rint(level + grain[n % 8]).astype("uint8")
            frame = av.VideoFrame.from_ndarray(
                np.repeat(grey[..., None], 3, 2), "rgb24"
            )
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def bench_speed(model, count):
    """Prints processor seconds a frame of 854 x 480, and of each part of the work."""
    from colorlib.colorize.colorizer import Colorizer

    colorizer = Colorizer(model)
    parts = ("network_input", "predict_small", "smooth", "apply_ab")
    spent = dict.fromkeys(parts, 0.0)
    wall = dict(spent)

    def timed(name, function):
        def run(*arguments, **more):
            begin, began = time.process_time(), time.perf_counter()
            result = function(*arguments, **more)
            spent[name] += time.process_time() - begin
            wall[name] += time.perf_counter() - began
            return result

        return run

    with tempfile.TemporaryDirectory() as folder:
        source = write_grey(Path(folder) / "grey.mp4", count / 25)
        rgb = next(read_frames(probe(source), []))[2]
        for batch in (1, 2, 4, 8):
            L = np.stack([colorizer.network_input(rgb)] * batch)
            colorizer.predict_small(L, compiled=True)
            begin, began = time.process_time(), time.perf_counter()
            for _ in range(8 // batch):
                colorizer.predict_small(L, compiled=True)
            took = time.process_time() - begin, time.perf_counter() - began
            print(
                f"network, batches of {batch}: {took[0] / 8:.3f} processor seconds "
                f"({took[1] / 8:.3f} by the clock) a frame",
                flush=True,
            )
        for name in set(parts) - {"smooth"}:
            setattr(colorizer, name, timed(name, getattr(colorizer, name)))
        smoother = TemporalSmoother()
        painter = VideoColorizer(colorizer, 1.0, smoother)
        painter.smoother = timed("smooth", smoother)
        painter.state = smoother.state
        begin, began = time.process_time(), time.perf_counter()
        frames, _ = convert_video(source, Path(folder) / "out.mp4", painter)
        spent["all"] = time.process_time() - begin
        wall["all"] = time.perf_counter() - began
    for name, seconds in spent.items():
        print(
            f"{name:13} {seconds / frames:.3f} processor seconds "
            f"({wall[name] / frames:.3f} by the clock) a frame, "
            f"{seconds / spent['predict_small']:.2f} of the network's time"
        )


class _NoNetwork:
    """In place of a `Colorizer`: the same planes, without Keras."""

    key = "none"

    def network_input(self, rgb):
        from colorlib.images.resize import resize_rgb
        from colorlib.lab import rgb8_to_lab

        return rgb8_to_lab(resize_rgb(rgb, 128, 224))[..., 0]

    def predict_small(self, L, compiled=False, hints=None):
        return np.stack([np.stack([L / 5, -L / 5], axis=-1)])[0].astype("float32")

    def apply_ab(self, rgb, ab):
        return np.maximum(rgb, (200, 0, 0)).astype("uint8")


def measure_memory(seconds):
    """Makes and colours a film of so many seconds; prints MB at the peak, and size."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "grey.mp4"
        maker = [sys.executable, __file__, "make", str(seconds), str(source)]
        subprocess.run(maker, check=True)
        painter = VideoColorizer(_NoNetwork(), 1.0, TemporalSmoother())
        convert_video(source, Path(folder) / "out.mp4", painter)
        size = (Path(folder) / "out.mp4").stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {seconds} | {round(seconds * 25)} | {size:.0f} | {peak:.0f} |", flush=True
    )


def main():
    """Runs what the command line names."""
    what, *rest = sys.argv[1:] or [""]
    if what == "flicker":
        bench_flicker(*(rest or ["flagship"]))
    elif what == "speed":
        bench_speed(*(rest[:1] or ["flagship"]), int(*(rest[1:] or [24])))
    elif what == "memory":
        print(
            "| seconds | frames | result MB | peak MB |\n|---|---|---|---|", flush=True
        )
        for seconds in rest or ("10", "60"):
            one = [sys.executable, __file__, "one", seconds]
            subprocess.run(one, check=True)
    elif what == "one":
        measure_memory(float(rest[0]))
    elif what == "make":
        write_grey(Path(rest[1]), float(rest[0]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
