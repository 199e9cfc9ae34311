"""A film file out: pieces that are whole, and the film that is joined from them."""

import heapq
import math
import os
from fractions import Fraction

import av
import numpy as np

from colorlib.video.extras import (
    Cover,
    Subtitles,
    copy_chapters,
    copy_texts,
    say_what_is_left_out,
)
from colorlib.video.reader import FAR, SWS, as_file, opened

# x264's constant quality: hardly a difference to be seen. Its slower presets take three
# times the processor for files that are a tenth smaller.
ENCODING = {"crf": "17", "preset": "veryfast"}
# What an mp4 holds and players play; other sound becomes AAC.
_SOUND_KEPT = ("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus")
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000)
_AAC_RATES += (11025, 8000, 7350)
_CHANNELS_MOST = 8  # of FLAC
# Seconds that sound and pictures of one moment lie apart in a file at most, and that
# sound lasts longer than pictures.
_APART, _LONGER = 5, 10
_COVER = av.stream.Disposition.attached_pic


class PieceWriter:
    """Encodes some frames as H.264 (yuv420p), with the number of the frame as time.

    Args:
        path: the mp4 file.
        film: the `VideoInfo` of which colours, rate and pixel shape are taken.
        height: of the frames in pixels; odd ones are made even.
        width: the same.
    """

    def __init__(self, path, film, height, width):
        self.matrix = film.matrix
        self.container = av.open(as_file(path), "w", format="mp4")
        rate = film.rate.limit_denominator(65535)
        # Without B frames the order of the frames is that of their packets, and the
        # pieces can be joined whatever the times are.
        options = {**ENCODING, "bf": "0"}
        self.stream = self.container.add_stream("libx264", rate, options=options)
        context = self.stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / rate
        context.sample_aspect_ratio = film.pixel_aspect.limit_denominator(65535)
        context.colorspace, context.color_range = film.matrix, 1
        context.color_primaries, context.color_trc = film.primaries, film.transfer
        self.count = 0

    def write(self, rgb):
        """Adds a frame: uint8 array `(height, width, 3)`."""
        height, width = rgb.shape[:2]
        if height % 2 or width % 2:
            rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
        frame = frame.reformat(
            format="yuv420p",
            src_colorspace=SWS[self.matrix],
            dst_colorspace=SWS[self.matrix],
            src_color_range=2,
            dst_color_range=1,
        )
        frame.pts, frame.time_base = self.count, self.stream.codec_context.time_base
        self.count += 1
        self.container.mux(self.stream.encode(frame))

    def close(self):
        """Ends the file; it is on the disk when this returns."""
        self.container.mux(self.stream.encode(None))
        self.container.close()


def join(path, film, pieces, times, last_duration, clocks=()):
    """Joins pieces to a film, with sound, subtitles, chapters and cover of the source.

    Args:
        path: the mp4 file; it is on the disk, whole, when this returns.
        film: the `VideoInfo` whose sound and texts are taken.
        pieces: paths of what `PieceWriter` wrote, in order.
        times: int array `(frames,)`, when each frame is shown, in ticks.
        last_duration: ticks for which the last frame is shown.
        clocks: what `read_frames` found of jumps in the times of the source.

    Returns:
        list of str: what was lost or changed, in words.

    Raises:
        OSError: if the file cannot be written.
    """
    notes = []
    with (
        opened(film.path) as source,
        av.open(
            as_file(path), "w", format="mp4", options={"movflags": "faststart"}
        ) as out,
        av.open(as_file(pieces[0])) as first,
    ):
        copy_texts(source, out, notes)
        copy_chapters(source, out, film.start)
        stream = out.add_stream_from_template(first.streams.video[0])
        stream.time_base = film.time_base
        limit = max((times[-1] + last_duration) * film.time_base, film.duration or 0)
        tracks = _tracks(source, out, film.start, clocks, limit + _LONGER, notes)
        end = 0.0
        for when, packet in heapq.merge(
            _picture_packets(stream, film, pieces, times, last_duration),
            _other_packets(source, tracks),
            key=lambda item: item[0],
        ):
            end = max(end, float((packet.pts + packet.duration) * packet.time_base))
            try:
                out.mux_one(packet)
            except av.error.InvalidDataError:
                # The pictures and what is encoded are our own: it is copied sound, of
                # which the muxer reads the head of each packet.
                _say_once(notes, "damaged sound left out")
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    stated = film.duration or 0  # some containers count from 0, not from the start
    stated -= min(max(0, float(film.start)), stated)
    if end < 0.98 * stated - 0.5 and not clocks:
        notes.append(f"cut off: {end:.1f} of {stated:.1f} s are there")
    return notes


def _picture_packets(stream, film, pieces, times, last_duration):
    """Yields (seconds, packet) of all pieces, with the times of the film."""
    ends = [*times[1:], times[-1] + last_duration]
    shown = zip(map(int, times), map(int, ends))
    for path in pieces:
        with av.open(as_file(path)) as container:
            for packet in container.demux(video=0):
                if packet.dts is None:  # the end
                    break
                begin, end = next(shown)
                packet.stream, packet.time_base = stream, film.time_base
                packet.pts = packet.dts = begin
                packet.duration = end - begin
                yield float(begin * film.time_base), packet


def _tracks(source, out, start, clocks, limit, notes):
    """What is made of the other streams: a dict from each to its `_Sound` or such."""
    tracks, films = {}, 0
    for stream in source.streams:
        if stream.type == "audio":
            tracks[stream] = _Sound(stream, out, start, clocks, limit, notes)
        elif stream.type == "subtitle":
            tracks[stream] = Subtitles(stream, out, start, notes)
        elif stream.type == "video" and stream.disposition & _COVER:
            tracks[stream] = Cover(stream, out, notes)
        elif stream.type == "video":
            films += 1
    if films > 1:
        notes.append(f"the first of {films} films, the others left out")
    say_what_is_left_out(source, notes)
    return {stream: track for stream, track in tracks.items() if track.out is not None}


class _Sound:
    """One track of sound, copied as it is or encoded as AAC.

    Args:
        sound: the stream of the source.
        out: the container that is written.
        start: seconds of the source that are 0 in the film.
        clocks: list of the `Clock`s of the pictures.
        limit: seconds of the film after which there can be no sound.
        notes: list; gets what is lost or changed, in words.
    """

    def __init__(self, sound, out, start, clocks, limit, notes):
        self.sound, self.start, self.notes, self.out = sound, start, notes, None
        self.last, self.next, self.copied = None, None, False
        self.clocks, self.limit = list(clocks), limit
        self.seen, self.end, self.jumped = None, 0, False
        if sound.codec_context is None:
            notes.append("a sound track of an unknown kind left out")
            return
        if not sound.rate or not sound.channels:  # a recording may announce one
            notes.append("a sound track left out: no sound in its first seconds")
            return
        name = sound.codec_context.codec.canonical_name
        # An mp4 holds MP3 from 16 kHz on.
        self.copied = name in _SOUND_KEPT and (name != "mp3" or sound.rate >= 16000)
        if self.copied:
            self.out = out.add_stream_from_template(sound)
        else:
            self.out = _encoder(sound, out)
            kind, count = self.out.codec_context.name.upper(), sound.channels
            fewer = f", {count} channels in, 2 out" if count > _CHANNELS_MOST else ""
            notes.append(f"sound: {name} in, {kind} out{fewer}")
        for text in ("language", "title"):
            if text in sound.metadata:
                self.out.metadata[text] = sound.metadata[text]

    def packets(self, packet):
        """What becomes of one packet of the source; the last is an empty one."""
        if self.copied:
            if packet.dts is None:
                return
            base = packet.time_base
            shift = round(self._start(packet.dts * base) / base)
            packet.dts -= shift
            packet.pts = packet.dts if packet.pts is None else packet.pts - shift
            if self.jumped and self.last is not None and packet.dts <= self.last:
                return  # of two recordings that overlap by a little
            packet.stream = self.out
            self.end = (packet.dts + packet.duration) * base
            yield self._in_order(packet)
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            _say_once(self.notes, "damaged sound left out")
            frames = []
        for frame in frames:
            # Counted in samples: the times of some containers are whole milliseconds.
            rate, late = frame.sample_rate, None
            if frame.pts is not None:
                time = frame.pts * frame.time_base
                late = round((time - self._start(time)) * rate)
                if self.jumped and late < (self.next or 0) - rate / 10:
                    continue  # of two recordings that overlap by a little
            if self.next is None or (late is not None and late > self.next + rate / 10):
                self.next = late or 0  # the beginning, or a gap
            frame.pts, frame.time_base = self.next, Fraction(1, rate)
            self.next += frame.samples
            self.end = Fraction(self.next, rate)
            yield from map(self._in_order, self.out.encode(frame))
        if packet.dts is None:
            yield from map(self._in_order, self.out.encode(None))

    def _start(self, time):
        """The time of the source, in seconds, that is 0 in the film at `time`.

        Where the times jump, it is that of the pictures, if theirs jump there, too.
        Else, and where they cannot be true, the sound goes on without a gap.
        """
        before = time if self.seen is None else self.seen
        ahead = time - before
        impossible = ahead <= -0.5 or time - self.start > self.limit
        if impossible or ahead >= FAR:
            for number, clock in enumerate(self.clocks):
                apart = abs(clock.before - before), abs(clock.after - time)
                if max(apart) < _APART:
                    self.start, self.jumped = clock.start, True
                    del self.clocks[: number + 1]
                    break
            else:
                if impossible:
                    self.start, self.jumped = time - self.end, True
        self.seen = time
        return self.start

    def _in_order(self, packet):
        if self.last is not None and packet.dts <= self.last:  # a damaged file
            # A sample later: the muxer counts in samples, and takes no two at one time.
            sample = math.ceil(1 / (self.sound.rate * packet.time_base))
            packet.pts += self.last + sample - packet.dts
            packet.dts = self.last + sample
        self.last = packet.dts
        return packet


def _say_once(notes, note):
    if note not in notes:
        notes.append(note)


def _encoder(sound, out):
    """A track of AAC, or of FLAC where AAC has no such channels (both are kept)."""
    layout, channels = sound.layout.name, sound.channels
    if 2 < channels <= _CHANNELS_MOST and not layout.startswith("5.1"):
        track = out.add_stream("flac", sound.rate)
        track.codec_context.layout = layout
        wide = sound.codec_context.format.bytes > 2
        track.codec_context.format = "s32" if wide else "s16"
        return track
    rate = sound.rate if sound.rate in _AAC_RATES else 48000
    track = out.add_stream("aac", rate)
    track.codec_context.layout = {1: "mono", 6: "5.1"}.get(channels, "stereo")
    return track


def _other_packets(source, tracks):
    """Yields (seconds, packet) of all tracks."""
    for packet in _packets(source, list(tracks)):
        for made in tracks[packet.stream].packets(packet):
            yield float(made.dts * made.time_base), made


def _packets(source, streams):
    """Yields the packets of some streams; the last of each is an empty one."""
    if not streams:
        return
    try:
        yield from source.demux(streams)
    except av.error.FFmpegError:
        # What cannot be read was said when the frames were read.
        for stream in streams:
            end = av.Packet()
            end.stream = stream
            yield end
