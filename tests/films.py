"""Small films for the tests, made with PyAV."""

from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH, RATE, COUNT = 32, 48, 10, 12
LINES = [(100, 400, "Meanwhile, <i>elsewhere</i>"), (600, 500, "Übung\nzwei")]
STYLES = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, \
BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, \
BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def scene(number, height=HEIGHT, width=WIDTH):
    """A grey frame `(height, width, 3)` whose bright bar tells its number (0 to 19)."""
    rgb = np.full((height, width, 3), 90, "uint8")
    rgb[: height // 4, : width // 4] = 30  # tells up from down, and left from right
    rgb[height // 2 :, 2 * (number % 20) : 2 * (number % 20) + 4] = 200
    return rgb


def number_of(rgb):
    """Which `scene` it is."""
    row = rgb[rgb.shape[0] // 2 + 2 :].mean((0, 2))
    return int(np.argmax(np.convolve(row, np.ones(4), "valid")) / 2 + 0.5)


class FramePainter:
    """In place of a network: a processor of films that paints every frame.

    Args:
        paint: function of one uint8 array `(H, W, 3)` that gives another; without it
            frames stay as they are.
    """

    key = "painted"

    def __init__(self, paint=np.copy):
        self.paint = paint

    def size(self, height, width):
        return height, width

    def process(self, frames, ends):
        return [self.paint(rgb) for rgb in frames]

    def state(self):
        return {}

    def resume(self, state):
        pass


def make_film(
    path,
    frames=COUNT,
    codec="libx264",
    sound="aac",
    pix_fmt="yuv420p",
    size=(HEIGHT, WIDTH),
    times=None,
    matrix=None,
    full=False,
    aspect=None,
    metadata=(),
    tracks=1,
    options=(),
    start=0,
    paint=scene,
    rate=RATE,
):
    """Writes a film; returns its path.

    Args:
        path: where to; the ending decides the container.
        frames: how many.
        codec: of the pictures; None: sound only.
        sound: codec of the sound, a sine; None: a silent film.
        pix_fmt: of the pictures.
        size: height and width in pixels.
        times: when each frame is shown, in 1/1000 s; None: evenly.
        matrix: H.273 number written into the file, and used.
        full: whether 0 is black, not 16.
        aspect: width : height of a pixel.
        metadata: pairs of texts.
        tracks: how many sound tracks.
        options: pairs of texts for the muxer.
        start: seconds at which everything begins.
        paint: function of number, height and width that makes a frame.
        rate: frames a second.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = max(times) / 1000 if times else frames / rate
    with av.open(str(path), "w", options=dict(options)) as out:
        out.metadata.update(dict(metadata))
        pictures = None
        if codec:
            options = {"crf": "5"} if codec == "libx264" else {"b": "2000000"}
            pictures = out.add_stream(codec, rate, options=options)
            context = pictures.codec_context
            context.height, context.width = size
            context.pix_fmt = pix_fmt
            if times:
                context.time_base = Fraction(1, 1000)
            if matrix:
                context.colorspace = matrix
            context.color_range = 2 if full else 1
            if aspect:
                context.sample_aspect_ratio = aspect
        sounds = [out.add_stream(sound, 48000) for _ in range(tracks) if sound]
        for number, track in enumerate(sounds):
            track.codec_context.layout = "mono"
            track.codec_context.bit_rate = 64000
            track.metadata["language"] = ["eng", "ger", "fra"][number]
        for number in range(frames if codec else 0):
            frame = av.VideoFrame.from_ndarray(paint(number, *size), "rgb24")
            frame = frame.reformat(
                format=pix_fmt,
                **{"src_colorspace": matrix or 5, "dst_colorspace": matrix or 5},
                **{"src_color_range": 2, "dst_color_range": 2 if full else 1},
            )
            base = Fraction(1, 1000) if times else Fraction(1, rate)
            frame.pts = times[number] if times else number
            frame.pts, frame.time_base = frame.pts + round(start / base), base
            out.mux(pictures.encode(frame))
        if pictures:
            out.mux(pictures.encode(None))
        for number, track in enumerate(sounds):
            wave = np.sin(np.arange(round(seconds * 48000)) * (0.05 + 0.02 * number))
            for begin in range(0, len(wave), 1024):
                part = (wave[None, begin : begin + 1024] * 0.3).astype("float32")
                frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
                frame.sample_rate, frame.pts = 48000, begin + start * 48000
                frame.time_base = Fraction(1, 48000)
                out.mux(track.encode(frame))
            out.mux(track.encode(None))
    return path


def field(number, height, width):
    """A bar that moves 4 pixels a field."""
    rgb = np.full((height, width, 3), 60, "uint8")
    rgb[8:-8, 10 + 4 * number : 22 + 4 * number] = 200
    return rgb


def woven(number, height, width):
    """Two fields in one frame, the bottom one first, as PyAV's encoders flag it."""
    rgb = field(2 * number + 1, height, width)
    rgb[1::2] = field(2 * number, height, width)[1::2]
    return rgb


def make_interlaced(path, codec="libx264", frames=8, size=(64, 96), flagged=True):
    """Writes a film of `woven` frames that says, or not, what they are."""
    with av.open(str(path), "w") as out:
        options = {"crf": "1"} if codec == "libx264" else {"b": "9000000"}
        stream = out.add_stream(codec, 25, options=options)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        if flagged:
            flags = av.codec.context.Flags
            stream.codec_context.flags |= flags.interlaced_dct | flags.interlaced_me
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(woven(number, *size), "rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def turn(path, a, b, c, d):
    """Writes the display matrix of an mp4's film, as a phone does."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    matrix = [a, b, 0, c, d, 0, 0, 0, 0x4000]
    values = np.array([65536 * value for value in matrix]).astype(">i4")
    data[place : place + 36] = values.tobytes()
    path.write_bytes(bytes(data))
    return path


def sound_of(path, track=0):
    """The packets of a sound track, as bytes."""
    with av.open(str(path)) as film:
        return [bytes(p) for p in film.demux(audio=track) if p.size]


def disguise(path, source, subtitles=None, chapters=False, cover=False, start=0):
    """A film with more than frames: writes what is wanted into a copy of it."""
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        streams = {s: out.add_stream_from_template(s) for s in given.streams}
        if subtitles:
            titles = out.add_stream(subtitles)
            titles.metadata["language"] = "ger"
            titles.codec_context.subtitle_header = STYLES
        if cover:
            picture = out.add_stream("mjpeg", 1)
            picture.width, picture.height, picture.pix_fmt = 16, 16, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        if chapters:
            ends = [start * 1000 + n for n in (0, 500, 1200)]
            out.set_chapters(
                [
                    {
                        **{"id": n, "start": ends[n], "end": ends[n + 1]},
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": title},
                    }
                    for n, title in enumerate(("One", "Zwei"))
                ]
            )
        if cover:
            blank = av.VideoFrame(16, 16, "yuvj420p")
            out.mux(picture.encode(blank) + picture.encode(None))
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                out.mux(packet)
        for begin, length, text in LINES if subtitles in ("srt", "ass") else ():
            data = text if subtitles == "srt" else f"0,0,Default,,0,0,0,,{text}"
            line = av.Packet(data.replace("\n", r"\N").encode())
            line.stream, line.pts, line.duration = titles, begin + start * 1000, length
            line.dts, line.time_base = line.pts, Fraction(1, 1000)
            out.mux(line)
    return path


def make_hdr(path, transfer, signal):
    """A film of columns of grey: signals in [0, 1], coded in 10 bits, BT.2020."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", 10)
        context = stream.codec_context
        context.height, context.width, context.pix_fmt = 32, 128, "yuv420p10le"
        context.colorspace, context.color_primaries = 9, 9
        context.color_trc, context.color_range = transfer, 1
        luma = np.repeat(64 + 876 * np.array(signal), 128 // len(signal))
        frame = av.VideoFrame(128, 32, "yuv420p10le")
        for plane, values in zip(
            frame.planes, (luma, np.full(64, 512), np.full(64, 512))
        ):
            row = np.zeros(plane.line_size // 2, "<u2")
            row[: len(values)] = np.rint(values)
            plane.update(np.tile(row, plane.height).tobytes())
        frame.pts, frame.time_base = 0, Fraction(1, 10)
        out.mux(stream.encode(frame) + stream.encode(None))
    return path


def add_channels(path, silent, layout):
    """A silent film with a tone in each of some channels, all different.

    Returns:
        (path, int16 array `(samples, channels)`).
    """
    count = av.AudioLayout(layout).nb_channels
    steps = np.arange(57600)[:, None] * 0.01 * np.arange(1, count + 1)
    wave = (8000 * np.sin(steps)).astype("int16")
    with av.open(str(silent)) as given, av.open(str(path), "w") as out:
        pictures = out.add_stream_from_template(given.streams.video[0])
        sound = out.add_stream("pcm_s16le", 48000)
        sound.codec_context.layout = layout
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                out.mux(packet)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), "s16", layout)
        frame.sample_rate = 48000
        out.mux(sound.encode(frame) + sound.encode(None))
    return path, wave
