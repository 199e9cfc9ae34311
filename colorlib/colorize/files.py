"""Many files in, as many out: the loop over what `jobs` has planned."""

import contextlib
import errno
import sys
from collections import Counter

import numpy as np
from tqdm import tqdm

from colorlib.colorize.jobs import EARLIER, plan, remember, same
from colorlib.errors import HintError, PictureError
from colorlib.images.picture import PAGED, Picture
from colorlib.images.read import MAX_FRAMES, MAX_PIXELS, read_picture
from colorlib.images.resize import resize_rgb
from colorlib.images.write import write_picture
from colorlib.utils.console import printable
from colorlib.utils.files import check_writable, remove_unfinished

PAIR_SIDE = 2048  # longest side of each half of a pair, in pixels
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)  # so that the next one cannot be written


def colorize_files(
    files,
    output,
    start,
    overwrite=False,
    compare=False,
    max_pixels=MAX_PIXELS,
    start_film=None,
    max_frames=MAX_FRAMES,
    strict=False,
    hints=None,
    deinterlace=True,
):
    """Colours files and folders; says what was done, and at the end what was not.

    Results of earlier runs are skipped, so that an interrupted run goes on where it
    was; with `hints`, those that were made with the same. A bad file does not stop the
    others, whatever is wrong with it. A result is whole or not there.

    Args:
        files: paths of pictures, films and folders.
        output: the folder of the results.
        start: function that returns the function that colours a `Picture`; called
            once, and only if there is something to colour. The latter gets a picture's
            hints as `hints`, if it has any.
        overwrite: replace results of earlier runs; never an original.
        compare: also write before | after of each into `output/compare`.
        max_pixels: as for `read_picture`; of a film, those of one frame.
        start_film: function that returns a frame processor for one film (see
            `video.convert_video`), called for each, with `hints` if it has any;
            without it, films are refused.
        max_frames: as for `read_picture`; films may have any number.
        strict: refuse a picture that was cut off, instead of colouring what is there.
        hints: dict from the name of a file to its hints, see `hint_file.read_hints`; or
            None, and results stay whatever hints they were made with.
        deinterlace: of a film's pair, whether the half before loses its combs, too.

    Returns:
        How many could not be coloured.

    Raises:
        HintError: if there are hints for a name that none of the files has.
        OSError: if the folder cannot be written, at the start, or its disk is full.
    """
    jobs, failures, others = plan(files, output, compare, hints)
    waiting, done_before = [], []
    for job in jobs:
        (waiting if overwrite or job.missing() else done_before).append(job)
    _say_what_is_left_out(others)
    if done_before:
        _say(
            f"{len(done_before)} already in {output}, skipped "
            "(--overwrite colours them again)."
        )
    _remove_pieces(done_before)
    total, damaged = len(jobs) + len(failures), []
    limits = max_pixels, max_frames
    colour, checked, done = None, False, Counter()
    try:
        for folder in {job.target.parent for job in waiting}:
            remove_unfinished(folder)
        for job in tqdm(waiting, "colouring", delay=2, leave=False, disable=None):
            wanted = overwrite or job.target in job.missing()
            # Outside of `try`: without a network none can be coloured.
            if colour is None and wanted and not job.is_film:
                colour = start()
            processor = None
            if job.is_film and wanted and start_film and _film_module():
                processor = start_film(**({"hints": job.hints} if job.hints else {}))
            if not checked:
                check_writable(output)
                checked = True
            try:
                if job.is_film:
                    films = start_film is not None
                    more = films, wanted, max_pixels, deinterlace
                    said = _do_film(job, processor, *more)
                else:
                    said = _do(job, colour, wanted, limits, strict, damaged)
                with contextlib.suppress(OSError):
                    for path in filter(None, (job.target, job.pair)):
                        remember(path, job.hints)
            except Exception as error:
                if getattr(error, "errno", None) in _DISK_FULL:
                    raise
                failures.append(_reason(job, error))
            else:
                _say(said)
                done["film" if job.is_film else "picture"] += 1
    finally:
        if len(waiting) > 1 and done:
            kinds = (f"{n} {kind}{'s' * (n > 1)}" for kind, n in sorted(done.items()))
            _say(f"{' and '.join(reversed([*kinds]))} coloured, in {output}.")
        if damaged:
            _list(f"{len(damaged)} coloured as far as they are there:", damaged)
        if failures:
            _list(f"{len(failures)} of {total} not coloured:", failures)
    return len(failures)


def _say(text):
    tqdm.write(printable(text), file=sys.stdout)


def _list(title, lines):
    print(title, file=sys.stderr)
    for line in lines:
        print(f"  {printable(line)}", file=sys.stderr)


def _say_what_is_left_out(others):
    earlier = others.pop(EARLIER, 0)
    if others:
        kinds = ", ".join(f"{n} {e or 'without ending'}" for e, n in others.items())
        _say(f"{others.total()} left out, neither pictures nor films: {kinds}.")
    if earlier:
        _say(f"{earlier} left out, {EARLIER}.")


def _reason(job, error):
    """Why a job could not be done, with the name of its file."""
    if isinstance(error, MemoryError):
        return f"{job.source}: not enough memory; make it smaller."
    if isinstance(error, (PictureError, HintError)):
        named = tuple(map(str, filter(None, (job.source, job.target, job.pair))))
        return str(error) if str(error).startswith(named) else f"{job.source}: {error}"
    if isinstance(error, OSError):
        why = error.strerror or error
        return f"{job.source}: {job.target} cannot be written ({why})."
    return f"{job.source}: {type(error).__name__}: {error}"


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


def _do(job, colour, wanted, limits, strict, damaged):
    """Does what is missing of one job; returns what to say about it."""
    picture = read_picture(job.source, True, *limits, fill_missing=not strict)
    if wanted:
        colored = colour(picture, hints=job.hints) if job.hints else colour(picture)
        write_picture(job.target, colored)
        said = f"{job.source} -> {job.target}"
    else:
        colored = read_picture(job.target, max_pixels=limits[0])
        said = f"{job.source} -> {job.pair}"
    if job.pair:
        write_picture(job.pair, before_after(picture, colored))
    notes = [job.note, picture.damage, *picture.notes]
    if picture.damage:
        damaged.append(f"{job.source}: {picture.damage}.")
    if picture.frames:
        what = "pages" if picture.format in PAGED else "frames"
        notes.append(f"{1 + len(picture.frames)} {what}")
    return _with_notes(said, notes)


def _do_film(job, processor, films, wanted, max_pixels, deinterlace):
    """The same for a film."""
    convert = _film_module()
    if convert is None:
        raise PictureError("films need PyAV (pip install av).")
    if not films:
        raise PictureError(
            "--contrast and --fill-red are for pictures; from frame to frame of a film "
            "they would flicker. Leave them out."
        )
    if wanted:
        there = job.target not in job.missing()
        if there and same(job.target.parent, job.source.parent):
            raise PictureError(
                f"{job.target} may be an original; choose another --output."
            )
        done = convert.convert_video(job.source, job.target, processor, max_pixels)
        said = f"{job.source} -> {job.target}"
    else:
        said = f"{job.source} -> {job.pair}"
    if job.pair:
        pairs = convert.SideBySide(job.target, _pair_of_frames, deinterlace)
        pair_done = convert.convert_video(job.source, job.pair, pairs, max_pixels)
        done = done if wanted else pair_done
    frames, notes = done
    count = f"{frames} frame{'s' * (frames != 1)}"
    return _with_notes(said, [job.note, *notes, count])


def _with_notes(said, notes):
    notes = dict.fromkeys(filter(None, notes))  # each once
    return f"{said} ({'; '.join(notes)})" if notes else said


def _pair_of_frames(before, after):
    return before_after(Picture(before), Picture(after)).rgb


def _film_module():
    """`colorlib.video.convert`, or None without PyAV: pictures must not need it."""
    try:
        from colorlib.video import convert
    except ImportError:
        return None
    return convert


def _over_white(picture):
    if picture.alpha is None:
        return picture.rgb
    share = picture.alpha[..., None] / np.float32(255)
    return np.rint(picture.rgb * share + 255 * (1 - share)).astype("uint8")


def _remove_pieces(jobs):
    """Deletes what a run left that was killed just after a film was whole."""
    convert = _film_module() if any(job.is_film for job in jobs) else None
    for job in jobs if convert else ():
        if job.is_film:
            convert.remove_pieces(job.target)
