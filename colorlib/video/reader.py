"""A film file in: what it is, and its frames one after the other."""

import contextlib
import math
import os
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import av
import numpy as np

from colorlib.errors import VideoError
from colorlib.video.containers import CONTAINERS, may_be_film
from colorlib.video.deinterlace import deinterlaced
from colorlib.video.hdr import HLG, PQ, tone_map

# ISO/IEC 23091-2 (H.273), as libavutil numbers them.
BT709, BT601, BT2020 = 1, 6, 9
# How libswscale numbers the matrices: BT.601 has several numbers in a file.
SWS = {BT709: 1, 4: 4, 5: 5, BT601: 5, 7: 7, 9: 9, 10: 9}
_LIMITED, _FULL = 1, 2
# Texts in another encoding than UTF-8; PyAV 19 takes them as they are.
_TEXTS = {"metadata_errors": "replace"} if int(av.__version__[:2]) < 19 else {}
_DAMAGED_MOST = 500  # damaged packets in a row after which nothing will come any more
_REORDERED_MOST = 16  # frames among which H.264 and H.265 change the order
FAR = 3600  # seconds: where a clock jumps so far, it began anew


@dataclass
class VideoInfo:
    """What is known of a film before its frames are read.

    Attributes:
        path: its file.
        height: of the frames as they are seen (rotation applied), in pixels.
        width: of the same.
        time_base: seconds a tick, a `Fraction`; all times are whole ticks.
        rate: frames a second, a `Fraction`: the mean, if it varies.
        pixel_aspect: width : height of a pixel, a `Fraction`.
        matrix: how Y, Cb, Cr were made of R, G, B (H.273 number): 1 BT.709, 6 BT.601.
        primaries: H.273 number, or 2 where the file does not say.
        transfer: the same, of the transfer function.
        start: seconds before which nothing happens; frame times count from there.
        duration: seconds that the file says it lasts, or None.
        frames: how many there are, about; None if nobody knows.
        flip: whether frames are mirrored before they are turned.
        turns: by how many quarters they are turned clockwise.
        hdr: transfer function of a film of high dynamic range, which is brought to
            BT.709 (matrix, primaries and transfer say what is made of it), or None.
        deinterlace: whether combs are filtered out of frames flagged as interlaced.
        notes: what gets lost, in words.
    """

    path: Path
    height: int
    width: int
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction
    matrix: int
    primaries: int
    transfer: int
    start: Fraction
    duration: float | None
    frames: int | None
    flip: bool
    turns: int
    hdr: int | None = None
    deinterlace: bool = True
    notes: list = field(default_factory=list)


@dataclass
class Clock:
    """A jump of the times in a file, over which a film goes on without a gap.

    Attributes:
        before: time of the last frame before it, in seconds of the file, a `Fraction`.
        after: of the first frame after it.
        start: what is 0 in the film, by the times after it.
    """

    before: Fraction
    after: Fraction
    start: Fraction


def probe(path, deinterlace=True):
    """Reads what a film is from its header and its first frame.

    Args:
        path: the file.
        deinterlace: whether `read_frames` filters the combs out of interlaced frames.

    Returns:
        A `VideoInfo`.

    Raises:
        VideoError: if the file is missing, empty, not a film, has sound only, is
            encrypted, or its first frame cannot be decoded.
    """
    path = Path(path)
    with opened(path) as container:
        stream = _picture_stream(path, container)
        first = next(_decoded(container, stream, []), None)
        if first is None:
            raise VideoError(
                f"{path}: none of its frames can be decoded. It is damaged, or "
                "encrypted (copy protection)."
            )
        flip, turns = _orientation(first)
        height, width = first.height, first.width
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        if turns % 2:
            height, width, aspect = width, height, 1 / aspect
        known = container.duration
        duration = known / av.time_base if known and known > 0 else None
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        if not Fraction(1, 100) <= rate <= 1000:  # nonsense in some headers
            rate = Fraction(25)
        frames = stream.frames or (duration and round(duration * rate)) or None
        begin = Fraction(container.start_time or 0, av.time_base)
        if begin <= 0:  # below 0 lies what the decoder of the sound throws away
            begin = min(Fraction(0), (first.pts or 0) * stream.time_base)
        transfer = int(stream.codec_context.color_trc)
        primaries = int(stream.codec_context.color_primaries)
        hdr, matrix = transfer if transfer in (PQ, HLG) else None, _matrix(first)
        if hdr:
            matrix = primaries = transfer = BT709
        return VideoInfo(
            path,
            height,
            width,
            stream.time_base,
            Fraction(rate),
            aspect,
            matrix,
            primaries,
            transfer,
            begin,
            duration,
            frames,
            flip,
            turns,
            hdr,
            deinterlace,
            _losses(first, hdr, deinterlace),
        )


def read_frames(film, damaged, skip=0, clocks=None):
    """Reads the frames of a film, in the order in which they are shown.

    Args:
        film: from `probe`.
        damaged: list; gets a line for each part that could not be decoded.
        skip: so many frames at the beginning are decoded but not converted.
        clocks: list, or None; gets a `Clock` where the time of the source jumps, as
            where two recordings were joined to one file.

    Yields:
        (time, duration, rgb): ticks from `film.start` on, each time later than the one
        before; ticks it is shown, until the next one (of the last frame what the file
        says, or a guess); uint8 array `(H, W, 3)`, upright, or None where skipped.
    """
    with opened(film.path) as container:
        stream = _picture_stream(film.path, container)
        frames = _decoded(container, stream, damaged)
        if film.deinterlace:
            frames = deinterlaced(frames)
        timed = _timed(frames, film, [] if clocks is None else clocks)
        # One frame is held back: many files say only when each begins.
        for number, (shown, later) in enumerate(pairwise(chain(timed, [None]))):
            time, duration, frame = shown
            duration = later[0] - time if later else duration
            yield time, duration, None if number < skip else _to_rgb(frame, film)


def _timed(frames, film, clocks):
    """Yields (time, duration or a guess, frame), in ticks from the film's beginning."""
    begin = round(film.start / film.time_base)
    step = max(1, round(1 / film.rate / film.time_base))
    back = max(_REORDERED_MOST * step, round(Fraction(1, 2) / film.time_base))
    far = round(FAR / film.time_base)
    time = -step
    for number, frame in enumerate(frames):
        if frame.pts is None:
            time += step
        else:
            ahead = frame.pts - begin - time
            if number and not -back < ahead < far:
                before, begin = time + begin, frame.pts - time - step
                ticks = (before, frame.pts, begin)
                clocks.append(Clock(*(tick * film.time_base for tick in ticks)))
            late = time + 1  # two frames at one time: the second a tick later
            time = max(frame.pts - begin, late)
        yield time, getattr(frame, "duration", 0) or step, frame


def as_file(path):
    """A path as FFmpeg takes it: of `12:30.mp4` it would look for the protocol 12."""
    return os.path.abspath(path)


@contextlib.contextmanager
def opened(path):
    """Opens a film file for reading; its metadata may be in any encoding.

    Raises:
        VideoError: if it cannot be opened; the message says why.
    """
    problem = _file_problem(path)
    if problem:
        raise VideoError(f"{path}: {problem}")
    try:
        container = av.open(
            as_file(path),
            options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"},
            **_TEXTS,
        )
    except av.error.FFmpegError as error:
        reason = "not a film, by its first bytes"
        if may_be_film(path):
            reason = "damaged, or cut off before its index"
        raise VideoError(f"{path}: {reason} ({error.strerror}).") from None
    with container:
        yield container


def _file_problem(path):
    try:
        with open(path, "rb") as file:
            return None if file.read(1) else "the file is empty."
    except PermissionError:
        return "you are not allowed to read it."
    except IsADirectoryError:
        return "a folder."
    except OSError:
        gone = os.path.islink(path)
        return "a link to a file that is gone." if gone else "there is no such file."


def _picture_stream(path, container):
    covers = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & covers]
    if not films:
        kinds = sorted({s.type for s in container.streams}) or ["nothing"]
        cover = " and a cover picture" if container.streams.video else ""
        kinds = [kind for kind in kinds if kind != "video"]
        raise VideoError(f"{path}: no film, it holds {', '.join(kinds)}{cover} only.")
    stream = films[0]
    if stream.codec_context is None:
        raise VideoError(f"{path}: its codec is not known, the film cannot be decoded.")
    stream.thread_type = "AUTO"
    return stream


def _decoded(container, stream, damaged):
    packets, bad = container.demux(stream), 0
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError) as error:
            damaged.append(f"cannot be read to the end ({error.strerror})")
            with contextlib.suppress(av.error.FFmpegError):
                yield from stream.codec_context.decode(None)
            return
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise MemoryError from None
        except av.error.FFmpegError as error:
            damaged.append(f"a damaged part ({error.strerror})")
            bad += 1
            if bad > _DAMAGED_MOST:
                return
            continue
        bad = 0 if frames else bad
        yield from frames


def _orientation(frame):
    """(mirror first, quarters clockwise) of the display matrix of a phone's film."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return False, 0
    a, b, _, c, d = np.frombuffer(bytes(data), "int32")[:5].astype(float)
    flip = a * d - b * c < 0
    if flip:
        a, b = -a, -b
    return bool(flip), round(math.atan2(b, a) / (math.pi / 2)) % 4


def _matrix(frame):
    """The frame's own matrix; where none is named, what players take."""
    matrix = int(frame.colorspace)
    if matrix in SWS:
        return matrix
    return BT709 if frame.height >= 720 or frame.width >= 1280 else BT601


def _losses(frame, hdr, deinterlace):
    notes = []
    bits = max(part.bits for part in frame.format.components)
    if hdr:
        notes.append("high dynamic range in, ordinary range (BT.709, 8 bits) out")
    elif bits > 8:
        notes.append(f"{bits} bits a channel in, 8 bits out")
    if any(part.is_alpha for part in frame.format.components):
        notes.append("transparency left out")
    if frame.interlaced_frame and deinterlace:
        notes.append("interlaced in, whole frames out (--keep-interlaced leaves them)")
    elif frame.interlaced_frame:
        notes.append("interlaced, its combed lines stay")
    if frame.height % 2 or frame.width % 2:
        notes.append("an odd side made even by repeating the last line")
    return notes


def _to_rgb(frame, film):
    """A decoded frame as upright uint8 RGB of the film's size."""
    size = (film.width, film.height)
    if film.turns % 2:
        size = size[::-1]
    full = int(frame.color_range) == _FULL
    matrix = SWS[BT2020 if film.hdr else film.matrix]
    rgb = frame.reformat(
        *size,  # a film may change its size halfway
        "rgb48le" if film.hdr else "rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=_FULL if full else _LIMITED,
        dst_color_range=_FULL,
    ).to_ndarray()
    if film.hdr:
        rgb = tone_map(rgb, film.hdr)
    if film.flip:
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(np.rot90(rgb, -film.turns))
