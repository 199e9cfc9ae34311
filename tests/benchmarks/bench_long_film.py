"""Hours of film through the command line: memory, and what kills cost.

    python tests/benchmarks/bench_long_film.py [SECONDS] [RATE] [MODEL] [OPTION ...]

Makes a film of SECONDS (7200) at RATE (25) frames a second, with sound, by showing the
clips of `eval/video_clips.tar` in the folder of COLORLIB_MIRROR again and again in
small (without the mirror: the bundled photographs, panned over). `colorlib colorize`
colours it with MODEL (`dog`, a small network) and these OPTIONs twice: once the process
is killed three times and started again, once nobody disturbs it. Printed: the resident
memory along the way, the time, whether the result has every frame at its time and the
sound, and whether the frames of both results are equal. Linux only (/proc).
"""

import hashlib
import itertools
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from colorlib.images.read import read_picture  # noqa: E402
from colorlib.images.resize import resize_rgb  # noqa: E402
from colorlib.video.convert import PIECE  # noqa: E402
from colorlib.video.reader import probe, read_frames  # noqa: E402

HEIGHT, WIDTH = 72, 128
CLIP = 250  # frames of a clip at most
KILLED_AT = (0.2, 0.45, 0.7)  # shares of the film
SOUND_RATE = 8000


def frames_of_clips():
    """List of small grey frames, uint8 `(HEIGHT, WIDTH, 3)`, of all clips."""
    frames, mirror = [], os.environ.get("COLORLIB_MIRROR")
    if mirror:
        with (
            tempfile.TemporaryDirectory() as folder,
            tarfile.open(f"{mirror}/eval/video_clips.tar") as tar,
        ):
            tar.extractall(folder, filter="data")
            for clip in sorted(Path(folder).rglob("*.mp4")):
                found = itertools.islice(read_frames(probe(clip), []), CLIP)
                frames += [resize_rgb(rgb, HEIGHT, WIDTH) for _, _, rgb in found]
    else:
        for photo in sorted((ROOT / "data" / "samples" / "old").glob("*.jpg")):
            rgb = resize_rgb(read_picture(photo).rgb, HEIGHT * 2, WIDTH * 2)
            frames += [rgb[n : n + HEIGHT, n : n + WIDTH] for n in range(HEIGHT)]
    return [
        np.repeat(rgb.mean(-1, keepdims=True).astype("u1"), 3, -1) for rgb in frames
    ]


def write_film(path, seconds, rate):
    """Writes the clips, again and again, and a sine; returns the number of frames."""
    frames, count = frames_of_clips(), seconds * rate
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("libx264", rate, options={"preset": "ultrafast"})
        pictures.height, pictures.width, pictures.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        sound = out.add_stream("aac", SOUND_RATE, layout="mono")
        for number, rgb in zip(range(count), itertools.cycle(frames)):
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            out.mux(pictures.encode(frame))
            if number % rate == 0:
                begin = number // rate * SOUND_RATE
                wave = np.sin(np.arange(begin, begin + SOUND_RATE) * 0.3)[None] * 0.3
                heard = av.AudioFrame.from_ndarray(wave.astype("f4"), "fltp", "mono")
                heard.sample_rate, heard.pts = SOUND_RATE, begin
                heard.time_base = Fraction(1, SOUND_RATE)
                out.mux(sound.encode(heard))
        out.mux(pictures.encode(None))
        out.mux(sound.encode(None))
    return count


def colorize(film, output, options, kills=(), every=0):
    """Colours a film, killed when it has so many pieces; prints the memory along it.

    Args:
        film: its path.
        output: folder of the result.
        options: list of strings, of the command line.
        kills: numbers of whole pieces at which the process is killed.
        every: pieces between two lines about the memory; 0 prints none.

    Returns:
        The path of the result.
    """
    command = [sys.executable, "-m", "colorlib", "colorize", str(film)]
    command += ["--output", str(output), *options]
    kills, told, began = list(kills), 0, time.monotonic()
    while True:
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            time.sleep(0.2)
            pieces = len(list(output.glob(".unfinished-*/*.npz")))
            if every and pieces >= told + every:
                told = pieces - pieces % every
                status = Path(f"/proc/{process.pid}/statm").read_text().split()
                memory = int(status[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
                minutes = (time.monotonic() - began) / 60
                print(
                    f"{pieces * PIECE:7} frames, {memory:4.0f} MB, {minutes:.0f} min",
                    flush=True,
                )
            if kills and pieces >= kills[0]:
                kills.pop(0)
                process.kill()
                print(f"killed after {pieces} pieces", flush=True)
        if process.wait() == 0:
            return output / film.name
        assert process.returncode < 0, "colorize failed; run it by hand"


def contents(path):
    """(list of times, hash of the frames' pixels, hash of the packets of sound)."""
    times, pixels, heard = [], hashlib.sha256(), hashlib.sha256()
    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.stream.type == "audio":
                heard.update(bytes(packet))
                continue
            for frame in packet.decode():
                times.append(frame.time)
                pixels.update(frame.to_ndarray().tobytes())
    return times, pixels.hexdigest(), heard.hexdigest()


def run(folder, seconds, rate, options):
    """Colours one film, killed three times and not; compares all three films."""
    film = folder / f"{seconds}.mp4"
    count = write_film(film, seconds, rate)
    pieces = count / PIECE
    every, kills = round(pieces / 12), [round(share * pieces) for share in KILLED_AT]
    size = film.stat().st_size / 1e6
    print(f"{seconds} s, {rate} a second: {count} frames, {size:.0f} MB", flush=True)
    source, found = contents(film), []
    for name, killed in (("killed", kills), ("whole", [])):
        began = time.monotonic()
        result = colorize(film, folder / name, options, killed, max(1, every))
        minutes = (time.monotonic() - began) / 60
        rate_done = count / minutes / 60
        print(f"{name}: {minutes:.1f} min, {rate_done:.0f} frames a second")
        found.append(contents(result))
        times, _, heard = found[-1]
        print(f"frames {len(times)} of {count}, times equal: {times == source[0]}")
        print(f"sound equal: {heard == source[2]}", flush=True)
    print(f"killed or not, equal frame for frame: {found[0] == found[1]}")


def main():
    """Runs what the command line names."""
    given, defaults = sys.argv[1:4], ("7200", "25", "dog")
    seconds, rate, model = [*given, *defaults[len(given) :]]
    options = ["--model", model, *sys.argv[4:]]
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), int(seconds), int(rate), options)


if __name__ == "__main__":
    main()
