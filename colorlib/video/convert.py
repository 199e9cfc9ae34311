"""Film in, film out: frame by frame, in pieces, so that a killed run goes on."""

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from colorlib.errors import BusyError, VideoError
from colorlib.images.read import MAX_PIXELS
from colorlib.utils.files import file_lock, write_atomically
from colorlib.video.reader import probe, read_frames
from colorlib.video.tracking import WAITING, PlaceTracker
from colorlib.video.writer import PieceWriter, join

PIECE = 96  # frames that a killed run loses at most
BATCH = 4  # frames that a processor gets at a time
_LAYOUT = 3  # of the pieces' folder; another number: they are made again


def convert_video(source, target, processor, max_pixels=MAX_PIXELS):
    """Paints the frames of a film; length, times, shape and sound stay.

    Works through pieces of `PIECE` frames, kept in a hidden folder beside the target
    until the film is whole; run again after it was killed, it goes on with the next
    piece and gives the same film. Frames before that are decoded once more, not
    painted. Memory does not grow with the length.

    Args:
        source: path of a film of any kind that FFmpeg reads.
        target: path of the mp4 file; the old or the new one is there, never a part.
        processor: what changes the frames, such as a `VideoColorizer`. It has `key`, a
            str that tells its settings; `size(height, width)` of what it makes;
            `process(frames, ends)`, from a list of uint8 arrays `(H, W, 3)`, and the
            seconds at which each is no longer shown, to another such list; and, because
            a frame may depend on those before, `state()`, a dict of arrays, and
            `resume(state)`. If it has a `deinterlace` that is False, combs are not
            filtered out of frames that are flagged as interlaced. If it has `notes()`,
            a list of str, they are asked for at the end.
        max_pixels: most pixels of a frame.

    Returns:
        (number of frames, list of str: what got lost or changed, in words).

    Raises:
        VideoError: if the source is no film that can be read.
        BusyError: if another thread or process is making this target.
        OSError: if the result cannot be written.
    """
    source, target = Path(source), Path(target)
    try:
        with _lock(target):
            film = probe(source, getattr(processor, "deinterlace", True))
            return _convert(film, target, processor, max_pixels)
    except OSError:
        raise
    except av.error.FFmpegError as error:
        raise VideoError(f"{source}: {error.strerror}.") from error


def remove_pieces(target):
    """Deletes what is left of an unfinished run, if anything, and if it is over."""
    target = Path(target)
    if _pieces_folder(target).is_dir():
        with contextlib.suppress(BusyError), _lock(target):
            shutil.rmtree(_pieces_folder(target), ignore_errors=True)


def _lock(target):
    folder = _pieces_folder(target)
    busy = f"{target} is being coloured by another run. Wait for it, or stop it."
    return file_lock(folder.with_name(f"{folder.name}.lock"), busy)


def _convert(film, target, processor, max_pixels):
    source, damaged, clocks = film.path, [], []
    if film.height * film.width > max_pixels:
        raise VideoError(
            f"{source}: frames of {film.width} x {film.height} pixels are more than "
            f"the limit of {max_pixels / 1e6:,.0f} megapixels (--max-megapixels)."
        )
    try:
        target.exists()  # before hours of work
    except OSError as error:
        raise VideoError(f"{source}: no result can be called so: {error}.") from None
    folder = _pieces_folder(target)
    pieces, times, duration, state = _resume(folder, _key(film, processor))
    if pieces:
        processor.resume(state)
    size = processor.size(film.height, film.width)
    frames = read_frames(film, damaged, len(times), clocks)
    bar = tqdm(
        *(None, os.path.basename(source), film.frames),
        **{"unit": "frame", "leave": False, "disable": None},
    )
    with bar:
        bar.update(sum(1 for _ in islice(frames, len(times))))
        while batch := list(islice(frames, BATCH)):
            path = folder / f"{len(pieces):06}.mp4"
            writer, begin = PieceWriter(path, film, *size), len(times)
            while batch:
                times += [time for time, _, _ in batch]
                duration = batch[-1][1]
                ends = [float((t + d) * film.time_base) for t, d, _ in batch]
                for rgb in processor.process([rgb for _, _, rgb in batch], ends):
                    writer.write(rgb)
                bar.update(len(batch))
                room = min(BATCH, PIECE - len(times) + begin)
                batch = list(islice(frames, room))
            writer.close()
            _finish(path, times[begin:], duration, processor.state())
            pieces.append(path)
    whole = folder / "whole.mp4"
    notes = join(whole, film, pieces, times, duration, clocks)
    os.replace(whole, target)
    remove_pieces(target)
    if damaged:
        more = f" and {len(damaged) - 1} more" if damaged[1:] else ""
        notes.append(f"{damaged[0]}{more}")
    notes += getattr(processor, "notes", list)()
    return len(times), film.notes + notes


def _pieces_folder(target):
    """The hidden folder in which the pieces of a film lie until it is whole."""
    # A hash: with something before it, a long name would be too long for the disk.
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".unfinished-{name}")


class VideoColorizer:
    """Paints the frames of one film in colour.

    Args:
        colorizer: a `colorize.Colorizer`.
        strength: factor of the predicted ab, in [0, 3].
        smoother: a new `video.TemporalSmoother`, or None: every frame for itself.
        deinterlace: whether interlaced frames lose their combs first.
        hints: list of `colorize.Hint`s. Each is followed from the frame that is shown
            at its time until the next cut, or where its place is lost from sight.

    Raises:
        ValueError: if `strength` is not in [0, 3].
        errors.HintError: if there are hints and the model takes none.
    """

    def __init__(
        self, colorizer, strength=1.0, smoother=None, deinterlace=True, hints=()
    ):
        if not 0.0 <= strength <= 3.0:
            raise ValueError(f"strength must be in [0, 3], got {strength:g}.")
        self.colorizer, self.strength = colorizer, strength
        self.smoother, self.deinterlace = smoother, deinterlace
        self.hints = list(hints)
        self.tracker = PlaceTracker([hint.time for hint in self.hints])
        if self.hints:
            colorizer.check_takes_hints()
        self.key = f"{colorizer.key} {strength} {smoother} {self.hints}"

    def size(self, height, width):
        """Height and width of the frames it makes; checks that the hints fit them."""
        if self.hints:
            self.colorizer.draw_hints(self.hints, (height, width), (1, 1))
        return height, width

    def process(self, frames, ends):
        """Colours frames that follow each other; see `convert_video`."""
        L = np.stack([self.colorizer.network_input(rgb) for rgb in frames])
        drawn = None
        if self.hints:
            maps = [self._draw_hints(*frame) for frame in zip(frames, L, ends)]
            drawn = np.stack(maps)
        colours = self.colorizer.predict_small(L, compiled=True, hints=drawn)
        if self.smoother:
            colours = [self.smoother(*pair) for pair in zip(L, colours)]
        return [
            self.colorizer.apply_ab(rgb, ab * self.strength)
            for rgb, ab in zip(frames, colours)
        ]

    def _draw_hints(self, rgb, L, end):
        """The map of the hints at the places where they are in a frame."""
        height, width = rgb.shape[:2]
        given = [((h.y + 0.5) / height, (h.x + 0.5) / width) for h in self.hints]
        shown = [
            replace(hint, x=int(column * width), y=int(row * height))
            for hint, (row, column) in zip(self.hints, self.tracker(L, given, end))
            if not np.isnan(row)
        ]
        return self.colorizer.draw_hints(shown, (height, width), L.shape)

    def state(self):
        """What the next frame depends on."""
        state = self.smoother.state() if self.smoother else {}
        return {**state, **self.tracker.state()}

    def resume(self, state):
        """Goes on after the frame at which `state` was taken."""
        self.tracker.resume(state)
        if self.smoother:
            self.smoother.resume(state)

    def notes(self):
        """Until when hints were followed, where that is not the end, in words."""
        over = self.tracker.over[~np.isnan(self.tracker.over)]
        late = self.tracker.times[self.tracker.status == WAITING]
        notes = [f"a hint followed until {time:.2f} s" for time in np.sort(over)]
        return notes + [f"a hint for {time:g} s, after the end" for time in late]


class SideBySide:
    """Lays the frames of a film beside those of its coloured copy.

    Args:
        colored: path of the copy, as `convert_video` made it.
        join_two: function of two uint8 arrays `(H, W, 3)` that gives the pair.
        deinterlace: whether the film's frames lose their combs, as the copy's have.
    """

    def __init__(self, colored, join_two, deinterlace=True):
        self.join_two, self.deinterlace, self.count = join_two, deinterlace, 0
        found = os.stat(colored)
        self.key = f"pair {found.st_size} {found.st_mtime_ns}"
        self.film, self.frames = probe(colored), None

    def size(self, height, width):
        """Height and width of the pairs."""
        blank = np.zeros((height, width, 3), "uint8")
        return self.join_two(blank, blank).shape[:2]

    def process(self, frames, ends):
        """Pairs of frames that follow each other; see `convert_video`."""
        if self.frames is None:
            self.frames = read_frames(self.film, [], self.count)
            self.frames = islice(self.frames, self.count, None)
        pairs = []
        for rgb in frames:
            height, width = rgb.shape[:2]  # the copy's sides are even
            colored = next(self.frames, None)
            if colored is None:
                raise VideoError(
                    f"{self.film.path}: has fewer frames than its source. Colour it "
                    "again (--overwrite)."
                )
            pairs.append(self.join_two(rgb, colored[2][:height, :width]))
        self.count += len(frames)
        return pairs

    def state(self):
        """How many frames are done."""
        return {"count": np.array(self.count)}

    def resume(self, state):
        """Goes on after so many frames."""
        self.count = int(state["count"])


def _key(film, processor):
    """What the pieces depend on: another text, other pieces."""
    found = os.stat(film.path)
    source = [found.st_size, found.st_mtime_ns, film.hdr, film.deinterlace]
    return json.dumps([_LAYOUT, av.__version__, *source, processor.key])


def _resume(folder, key):
    """Pieces, times, last duration and state of an earlier run with the same key."""
    note = folder / "settings.json"
    if not note.is_file() or note.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        write_atomically(note, key.encode())
    pieces, times, duration, state = [], [], 0, {}
    while (path := folder / f"{len(pieces):06}.npz").is_file():
        with np.load(path) as stored:
            state = dict(stored)
        times += state.pop("times").tolist()
        duration = int(state.pop("duration"))
        pieces.append(path.with_suffix(".mp4"))
    return pieces, times, duration, state


def _finish(path, times, duration, state):
    """Marks a piece as whole: its times and the state after it are written last."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    arrays = {"times": np.array(times), "duration": np.array(duration), **state}
    write_atomically(path.with_suffix(".npz"), lambda file: np.savez(file, **arrays))
