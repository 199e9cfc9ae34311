"""Many files in, as many out: which ones, under which names, and the loop over them."""

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorlib.files import UNFINISHED
from colorlib.pictures import (
    EXTENSIONS,
    MAX_PIXELS,
    Picture,
    PictureError,
    format_for,
    read_picture,
    resize_rgb,
    write_picture,
)

FILMS = (  # their endings; every result is an mp4
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv"),
    *(".wmv", ".3gp"),
)
COMPARE = "compare"  # the folder of the pairs, inside that of the results
PAIR_SIDE = 2048  # longest side of each half of a pair, in pixels
_LEFTOVER_AGE = 3600  # seconds after which an unfinished file is nobody's any more


@dataclass(frozen=True)
class Job:
    """A picture or film: its file, where the result goes, and the pair (or None)."""

    source: Path
    target: Path
    pair: Path | None = None

    def missing(self):
        """The files of this job that are not there yet."""
        return [p for p in (self.target, self.pair) if p and not p.is_file()]

    @property
    def is_film(self):
        """Whether it is a film, by its ending."""
        return self.source.suffix.lower() in FILMS


def plan(files, output, compare=False):
    """Decides what is coloured, and under which names.

    Folders are searched with all their folders, which come out again below `output`.
    Left out are hidden files and folders, `output` itself, and linked folders (a link
    may lead in a circle).

    Args:
        files: paths of pictures, films and folders.
        output: the folder of the results; a picture keeps its name, a film gets the
            ending .mp4.
        compare: also plan a pair for each, in `output/compare`.

    Returns:
        jobs (list of `Job`), problems (list of str: what cannot be done and why),
        others (`Counter` of the endings of other files).
    """
    found, problems, others = [], [], Counter()
    for file in map(Path, files):
        if os.path.isdir(file):  # never raises, unlike Path's
            inside = _pictures_in(file, output, problems, others)
            found += [(path, path.relative_to(file)) for path in inside]
            if not inside:
                problems.append(
                    f"{file}: a folder without pictures and films "
                    f"({', '.join(EXTENSIONS + FILMS)})."
                )
        elif os.path.lexists(file):
            found.append((file, Path(file.name)))
        else:
            problems.append(f"{file}: there is no such file.")
    jobs, taken = [], {}
    originals = {_identity(source) for source, _ in found} - {None}
    fold = str.casefold if _ignores_case(output) else str
    for source, name in found:
        if source.suffix.lower() in FILMS:
            name = name.with_suffix(".mp4")
        job = Job(source, output / name, output / COMPARE / name if compare else None)
        problem = _problem(job, originals, taken, fold)
        if problem:
            problems.append(problem)
        elif fold(str(job.target)) not in taken:  # else the same file, named twice
            for path in filter(None, (job.target, job.pair)):
                taken[fold(str(path))] = source
            jobs.append(job)
    return jobs, problems, others


def colour_files(
    files,
    output,
    start,
    overwrite=False,
    compare=False,
    max_pixels=MAX_PIXELS,
    start_film=None,
):
    """Colours files and folders; says what was done, and at the end what was not.

    Results of earlier runs are skipped, so that an interrupted run goes on where it
    was. A bad file does not stop the others. A result is whole or not there.

    Args:
        files: paths of pictures, films and folders.
        output: the folder of the results.
        start: function that returns the function that colours a `Picture`; called
            once, and only if there is something to colour.
        overwrite: replace results of earlier runs; never an original.
        compare: also write before | after of each into `output/compare`.
        max_pixels: as for `read_picture`; of a film, those of one frame.
        start_film: function that returns a painter for one film (see
            `film.convert_film`), called for each; without it, films are refused.

    Returns:
        How many could not be coloured.

    Raises:
        OSError: if results cannot be written: nobody knows about the next one either.
    """
    jobs, failures, others = plan(files, output, compare)
    waiting = [job for job in jobs if overwrite or job.missing()]
    if others:
        kinds = ", ".join(f"{n} {e or 'without ending'}" for e, n in others.items())
        count = others.total()
        print(f"{count} left out, by their endings no pictures or films: {kinds}.")
    if len(waiting) < len(jobs):
        print(
            f"{len(jobs) - len(waiting)} already in {output}, skipped "
            "(--overwrite colours them again)."
        )
    _remove_pieces([job for job in jobs if job not in waiting])
    total = len(jobs) + len(failures)
    colour = None
    try:
        for folder in {job.target.parent for job in waiting}:
            _remove_leftovers(folder)
        for job in tqdm(waiting, "colouring", delay=2, leave=False, disable=None):
            wanted = overwrite or not job.target.is_file()
            if colour is None and wanted and not job.is_film:
                colour = start()
            try:
                if job.is_film:
                    said = _do_film(job, start_film, wanted, max_pixels)
                else:
                    said = _do(job, colour, wanted, max_pixels)
            except MemoryError:
                failures.append(f"{job.source}: not enough memory; make it smaller.")
            except PictureError as error:
                named = tuple(map(str, (job.source, job.target, job.pair)))
                name = "" if str(error).startswith(named) else f"{job.source}: "
                failures.append(f"{name}{error}")
            else:
                tqdm.write(said, file=sys.stdout)
    finally:
        if failures:
            print(f"{len(failures)} of {total} not coloured:", file=sys.stderr)
            for failure in failures:
                print(f"  {failure}", file=sys.stderr)
    return len(failures)


def before_after(before, after):
    """Two pictures side by side, for looking at: a `Picture` without metadata.

    Args:
        before: a `Picture`; transparency is laid over white.
        after: another, of the same height and width.

    Returns:
        A `Picture`; each half is at most `PAIR_SIDE` pixels high and wide.
    """
    height, width = before.rgb.shape[:2]
    scale = min(1.0, PAIR_SIDE / max(height, width))
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    halves = [resize_rgb(_over_white(p), height, width) for p in (before, after)]
    gap = np.full((height, 8, 3), 255, "uint8")
    return Picture(np.hstack([halves[0], gap, halves[1]]), format=before.format)


def _do(job, colour, wanted, max_pixels):
    """Does what is missing of one job; returns what to say about it."""
    picture = read_picture(job.source, every_frame=True, max_pixels=max_pixels)
    if wanted:
        colored = colour(picture)
        write_picture(job.target, colored)
        said = f"{job.source} -> {job.target}"
    else:
        colored = read_picture(job.target, max_pixels=max_pixels)
        said = f"{job.source} -> {job.pair}"
    if job.pair:
        write_picture(job.pair, before_after(picture, colored))
    notes = list(dict.fromkeys(picture.notes))
    if picture.frames:
        notes.append(f"{1 + len(picture.frames)} frames")
    return f"{said} ({'; '.join(notes)})" if notes else said


def _do_film(job, start_film, wanted, max_pixels):
    """The same for a film."""
    film = _film_module()
    if film is None:
        raise PictureError("films need PyAV (pip install av).")
    if start_film is None:
        raise PictureError(
            "--contrast and --fill-red are for pictures; from frame to frame of a film "
            "they would flicker. Leave them out."
        )
    if wanted:
        if job.target.is_file() and _same(job.target.parent, job.source.parent):
            raise PictureError(
                f"{job.target} may be an original; choose another --output."
            )
        done = film.convert_film(job.source, job.target, start_film(), max_pixels)
        said = f"{job.source} -> {job.target}"
    else:
        said = f"{job.source} -> {job.pair}"
    if job.pair:
        pairs = film.PairMaker(job.target, _pair_of_frames)
        pair_done = film.convert_film(job.source, job.pair, pairs, max_pixels)
        done = done if wanted else pair_done
    frames, notes = done
    return f"{said} ({'; '.join([*notes, f'{frames} frames'])})"


def _pair_of_frames(before, after):
    return before_after(Picture(before), Picture(after)).rgb


def _film_module():
    """`colorlib.film`, or None without PyAV: pictures must not need it."""
    try:
        from colorlib import film
    except ImportError:
        return None
    return film


def _pictures_in(folder, output, problems, others):
    inside = []

    def unreadable(error):
        problems.append(f"{error.filename}: cannot be listed ({error.strerror}).")

    result = _identity(output)
    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and _identity(Path(place, name)) != result
        )
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if path.suffix.lower() in EXTENSIONS + FILMS:
                inside.append(path)
            else:
                others[path.suffix.lower()] += 1
    return inside


def _problem(job, originals, taken, fold):
    """Why a job must not be done, or None."""
    try:
        if not job.is_film:
            format_for(job.target)
    except PictureError as error:
        return str(error).replace(str(job.target), str(job.source), 1)
    for path in filter(None, (job.target, job.pair)):
        if _identity(path) in originals:
            return (
                f"{job.source}: the result would replace the original {path}; "
                "choose another --output."
            )
        if path.is_dir():
            return f"{job.source}: {path} is a folder; choose another --output."
        other = taken.get(fold(str(path)))
        if other and not _same(other, job.source):
            return (
                f"{job.source}: has the same name as {other}; colour it into "
                "another --output."
            )
    return None


def _identity(path):
    """What tells whether two paths are one file, through links and upper case."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _same(first, second):
    return first == second or _identity(first) == _identity(second) is not None


def _ignores_case(folder):
    """Whether a.jpg and A.JPG are one file in this folder, or where it will be."""
    folder = Path(folder).absolute()
    for place in (folder, *folder.parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if other != place and place.exists():
            return _identity(other) == _identity(place)
    return False


def _over_white(picture):
    if picture.alpha is None:
        return picture.rgb
    share = picture.alpha[..., None] / np.float32(255)
    return np.rint(picture.rgb * share + 255 * (1 - share)).astype("uint8")


def _remove_leftovers(folder):
    """Deletes what a killed run was writing, but nothing that may still be written."""
    for path in folder.glob(f"{UNFINISHED}*"):
        if time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
            path.unlink(missing_ok=True)


def _remove_pieces(jobs):
    """Deletes what a run left that was killed just after a film was whole."""
    film = _film_module() if any(job.is_film for job in jobs) else None
    for job in jobs if film else ():
        if job.is_film:
            film.remove_pieces(job.target)
