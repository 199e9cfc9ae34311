"""A film file out: pieces that are whole, and the film that is joined from them."""

import heapq
import os
from fractions import Fraction

import av
import numpy as np

from colorlib.video.reader import SWS, opened

# x264's constant quality: hardly a difference to be seen. Its slower presets take three
# times the processor for files that are a tenth smaller.
ENCODING = {"crf": "17", "preset": "veryfast"}
# What an mp4 holds and players play; other sound becomes AAC.
_SOUND_KEPT = ("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus")
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000)
_AAC_RATES += (11025, 8000, 7350)
_LAYOUTS = {1: "mono", 6: "5.1", 7: "5.1", 8: "5.1"}
_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder")  # not ours


class PieceWriter:
    """Encodes some frames as H.264 (yuv420p), with the number of the frame as time.

    Args:
        path: the mp4 file.
        film: the `VideoInfo` of which colours, rate and pixel shape are taken.
        height: of the frames in pixels; odd ones are made even.
        width: the same.
    """

    def __init__(self, path, film, height, width):
        """See the class."""
        self.matrix = film.matrix
        self.container = av.open(os.fspath(path), "w", format="mp4")
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


def join(path, film, pieces, times, last_duration):
    """Joins pieces to a film, with the sound of the source.

    Args:
        path: the mp4 file; it is on the disk, whole, when this returns.
        film: the `VideoInfo` whose sound and texts are taken.
        pieces: paths of what `PieceWriter` wrote, in order.
        times: int array `(frames,)`, when each frame is shown, in ticks.
        last_duration: ticks for which the last frame is shown.

    Returns:
        list of str: what was lost or changed, in words.

    Raises:
        OSError: if the file cannot be written.
    """
    notes = []
    with (
        opened(film.path) as source,
        av.open(
            os.fspath(path), "w", format="mp4", options={"movflags": "faststart"}
        ) as out,
        av.open(os.fspath(pieces[0])) as first,
    ):
        for name, text in source.metadata.items():
            if name.lower() not in _TAGS:
                out.metadata[name] = text
        stream = out.add_stream_from_template(first.streams.video[0])
        stream.time_base = film.time_base
        tracks = [
            _Track(sound, out, film.start, notes) for sound in source.streams.audio
        ]
        tracks = {track.sound: track for track in tracks if track.out is not None}
        end = 0.0
        for when, packet in heapq.merge(
            _picture_packets(stream, film, pieces, times, last_duration),
            _sound_packets(source, tracks),
            key=lambda item: item[0],
        ):
            end = max(end, float((packet.pts + packet.duration) * packet.time_base))
            out.mux_one(packet)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    stated = film.duration or 0
    if end < 0.98 * stated - 0.5:
        notes.append(f"cut off: {end:.1f} of {stated:.1f} s are there")
    return notes


def _picture_packets(stream, film, pieces, times, last_duration):
    """Yields (seconds, packet) of all pieces, with the times of the film."""
    ends = [*times[1:], times[-1] + last_duration]
    shown = zip(map(int, times), map(int, ends))
    for path in pieces:
        with av.open(os.fspath(path)) as container:
            for packet in container.demux(video=0):
                if packet.dts is None:  # the end
                    break
                begin, end = next(shown)
                packet.stream, packet.time_base = stream, film.time_base
                packet.pts = packet.dts = begin
                packet.duration = end - begin
                yield float(begin * film.time_base), packet


class _Track:
    """One track of sound, copied as it is or encoded as AAC."""

    def __init__(self, sound, out, start, notes):
        self.sound, self.start, self.notes, self.out = sound, start, notes, None
        self.last, self.next, self.copied = None, None, False
        if sound.codec_context is None:
            notes.append("a sound track of an unknown kind left out")
            return
        name = sound.codec_context.codec.canonical_name
        self.copied = name in _SOUND_KEPT
        if self.copied:
            self.out = out.add_stream_from_template(sound)
        else:
            rate = sound.rate if sound.rate in _AAC_RATES else 48000
            self.out = out.add_stream("aac", rate)
            self.out.codec_context.layout = _LAYOUTS.get(sound.channels, "stereo")
            notes.append(f"sound: {name} in, AAC out")
        if sound.language:
            self.out.metadata["language"] = sound.language

    def packets(self, packet):
        """What becomes of one packet of the source; the last is an empty one."""
        if self.copied:
            if packet.dts is None:
                return
            shift = round(self.start / packet.time_base)
            packet.dts -= shift
            packet.pts = packet.dts if packet.pts is None else packet.pts - shift
            packet.stream = self.out
            yield self._in_order(packet)
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if "damaged sound left out" not in self.notes:
                self.notes.append("damaged sound left out")
            frames = []
        for frame in frames:
            # Counted in samples: the times of some containers are whole milliseconds.
            rate, late = frame.sample_rate, None
            if frame.pts is not None:
                late = round((frame.pts * frame.time_base - self.start) * rate)
            if self.next is None or (late is not None and late > self.next + rate / 10):
                self.next = late or 0  # the beginning, or a gap
            frame.pts, frame.time_base = self.next, Fraction(1, rate)
            self.next += frame.samples
            yield from map(self._in_order, self.out.encode(frame))
        if packet.dts is None:
            yield from map(self._in_order, self.out.encode(None))

    def _in_order(self, packet):
        if self.last is not None and packet.dts <= self.last:  # a damaged file
            packet.pts += self.last + 1 - packet.dts
            packet.dts = self.last + 1
        self.last = packet.dts
        return packet


def _sound_packets(source, tracks):
    """Yields (seconds, packet) of all tracks."""
    if not tracks:
        return
    packets = source.demux(list(tracks))
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            break  # what cannot be read was said when the frames were read
        for made in tracks[packet.stream].packets(packet):
            yield float(made.dts * made.time_base), made
