import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from films import (
    COUNT,
    HEIGHT,
    RATE,
    WIDTH,
    make_film,
    number_of,
    scene,
    sound_of,
    turn,
)
from small import ROOT, encode

from colorlib.errors import VideoError
from colorlib.video import convert as convert_module
from colorlib.video.convert import SideBySide, VideoColorizer, convert_video
from colorlib.video.reader import probe, read_frames
from colorlib.video.smoothing import TemporalSmoother


class Keep:
    """In place of a network: leaves the frames, and keeps a diary."""

    key = "keep"

    def __init__(self):
        self.batches, self.total = [], 0

    def size(self, height, width):
        return height, width

    def process(self, frames, ends):
        self.batches.append([number_of(rgb) for rgb in frames])
        return frames

    def state(self):
        return {}

    def resume(self, state):
        raise AssertionError("there was nothing to go on with")


def frames_of(path):
    return [rgb for _, _, rgb in read_frames(probe(path), [])]


def times_of(path):
    """When each frame is shown and for how long, in seconds."""
    found = probe(path)
    base = found.time_base
    times = [(t * base, length * base) for t, length, _ in read_frames(found, [])]
    return np.array(times, float)


def convert(path, processor=None, target="out.mp4"):
    target = path.with_name(target)
    count, notes = convert_video(path, target, processor or Keep())
    assert [p.name for p in path.parent.glob(".*")] == []  # nothing is left
    return target, count, notes


# What people have.


def test_frames_times_texts_and_sound_arrive(tmp_path):
    texts = {"title": "Ein Märchen", "creation_time": "1999-12-31T23:59:59.000000Z"}
    source = make_film(tmp_path / "a.mp4", metadata=texts.items())
    processor = Keep()
    target, count, notes = convert(source, processor)
    assert (count, notes) == (COUNT, [])
    assert sum(processor.batches, []) == list(range(COUNT))
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(COUNT))
    for before, after in zip(frames_of(source), frames_of(target)):
        assert np.abs(before.astype(int) - after).mean() < 2
    np.testing.assert_allclose(times_of(target), times_of(source), atol=1e-6)
    assert sound_of(target) == sound_of(source) != []
    with av.open(str(target)) as out, av.open(str(source)) as given:
        assert out.metadata["title"] == "Ein Märchen"
        assert out.metadata["creation_time"] == texts["creation_time"]
        assert out.streams.audio[0].language == "eng"
        assert out.duration == given.duration
        pictures = out.streams.video[0]
        assert (pictures.codec.canonical_name, pictures.pix_fmt) == ("h264", "yuv420p")
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it is fetched


KINDS = {
    "mp4": ("libx264", "aac", True),
    "m4v": ("mpeg4", "ac3", True),
    "mov": ("mjpeg", "pcm_s16le", False),
    "mkv": ("libx264", "flac", True),
    "webm": ("libvpx-vp9", "libopus", True),
    "avi": ("mpeg4", "libmp3lame", True),
    "mpg": ("mpeg2video", "mp2", True),
    "mpeg": ("mpeg2video", None, True),
    "ogv": ("libvpx", "flac", True),
    "wmv": ("wmv2", "wmav2", False),
    "3gp": ("mpeg4", "aac", True),
}


@pytest.mark.parametrize("ending", KINDS)
def test_every_usual_container(tmp_path, ending):
    codec, sound, kept = KINDS[ending]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    more = {"full": codec == "mjpeg", "rate": 25 if codec == "mpeg2video" else RATE}
    source = make_film(tmp_path / f"a.{ending}", 12, codec, sound, pix_fmt, **more)
    target, count, notes = convert(source)
    before = times_of(source)
    assert count == len(before) >= COUNT - 1
    after = times_of(target)
    np.testing.assert_allclose(
        after[:, 0] - after[0, 0], before[:, 0] - before[0, 0], atol=2e-4
    )
    numbers = [number_of(rgb) for rgb in frames_of(target)]
    assert numbers == list(range(numbers[0], numbers[0] + count))
    if sound and kept:
        assert sound_of(target) == sound_of(source)
    if sound and not kept:
        assert notes == [f"sound: {sound} in, AAC out"]
        waves = []
        for path in (source, target):
            with av.open(str(path)) as found:
                waves.append([f.to_ndarray()[0] for f in found.decode(audio=0)])
        before, after = map(np.concatenate, waves)
        assert len(before) <= len(after) < len(before) + 2048
        assert abs(after.std() - 0.3 / 2**0.5) < 0.03


def test_varying_frame_times_survive_the_borders_of_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(convert_module, "PIECE", 5)
    gaps = [40, 40, 900, 7, 33, 1, 500, 40, 1200, 1, 1, 60, 40, 700, 20, 20]
    times = np.cumsum([0, *gaps]).tolist()
    source = make_film(tmp_path / "a.mkv", len(times), times=times)
    processor = Keep()
    target, count, _ = convert(source, processor)
    assert count == len(times)
    assert [len(batch) for batch in processor.batches] == [4, 1, 4, 1, 4, 1, 2]
    np.testing.assert_allclose(times_of(target)[:, 0], np.array(times) / 1000)
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(len(times)))
    with av.open(str(target)) as out:
        decoded = [p.dts for p in out.demux(video=0) if p.dts is not None]
    assert (np.diff(decoded) > 0).all()


def test_what_begins_late_begins_at_0_and_stays_together(tmp_path):
    source = make_film(tmp_path / "a.mkv", start=5)
    target, _, _ = convert(source)
    np.testing.assert_allclose(times_of(target)[:, 0], np.arange(COUNT) / RATE)
    for path, begin in ((source, 5), (target, 0)):
        with av.open(str(path)) as found:
            first = next(f for f in found.decode(audio=0)).time
        assert abs(first - begin) < 0.03


@pytest.mark.parametrize(
    "matrix, place",
    [
        ((1, 0, 0, 1), "top left"),
        ((0, 1, -1, 0), "top right"),
        ((-1, 0, 0, -1), "bottom right"),
        ((0, -1, 1, 0), "bottom left"),
        ((-1, 0, 0, 1), "top right"),
        ((1, 0, 0, -1), "bottom left"),
        ((0, 1, 1, 0), "top left"),
        ((0, -1, -1, 0), "bottom right"),
    ],
)
def test_the_films_of_a_phone_are_turned_upright(tmp_path, matrix, place):
    source = turn(make_film(tmp_path / "a.mp4", aspect=Fraction(4, 3)), *matrix)
    target, _, _ = convert(source)
    rgb = frames_of(target)[0].astype(int).mean(axis=2)
    turned = matrix[0] == 0
    assert rgb.shape == ((WIDTH, HEIGHT) if turned else (HEIGHT, WIDTH))
    row = 2 if "top" in place else -3
    column = 2 if "left" in place else -3
    assert rgb[row, column] < 45  # the dark corner of `scene`
    # The bar lies in the lower half, at the left: near it when they are turned alike.
    bright = np.argwhere(rgb > 150).mean(axis=0) / rgb.shape
    expected = np.array(matrix, float).reshape(2, 2)
    x, y = np.array([2 / WIDTH - 0.5, 0.75 - 0.5]) @ expected + 0.5
    np.testing.assert_allclose(bright, [y, x], atol=0.05)
    aspect = Fraction(3, 4) if turned else Fraction(4, 3)
    assert probe(target).pixel_aspect == aspect
    with av.open(str(target)) as out:  # players need not turn it any more
        assert not next(out.decode(video=0)).side_data.get("DISPLAYMATRIX")


def test_odd_sides_are_made_even_and_nothing_is_cut_off(tmp_path):
    size = (33, 49)
    source = make_film(tmp_path / "a.mkv", 4, "ffv1", None, "bgr0", size)
    target, _, notes = convert(source)
    assert notes == ["an odd side made even by repeating the last line"]
    for number, rgb in enumerate(frames_of(target)):
        assert rgb.shape == (34, 50, 3)
        wanted = scene(number, *size).astype(int)
        assert np.abs(rgb[:33, :49] - wanted).mean() < 2
        np.testing.assert_allclose(rgb[33], rgb[32], atol=12)


COLOURS = np.array(
    [
        *([255, 255, 255], [0, 0, 0], [128, 128, 128], [40, 40, 40]),
        *([200, 60, 40], [40, 160, 60], [50, 70, 190], [220, 200, 60]),
    ],
    "uint8",
)


def patches(number, height, width):
    """Eight colours, each 16 pixels wide."""
    return np.repeat(np.repeat(COLOURS[None], height, 0), width // 8, 1)


def by_formula(planes, matrix):
    """RGB of Y, Cb, Cr in 16..235 after ITU-R BT.601 or BT.709, eq. 1 and 2."""
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 5: (0.299, 0.114)}[matrix]
    y, cb, cr = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    return 255 * np.stack([red, (y - kr * red - kb * blue) / (1 - kr - kb), blue], -1)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix, size", [(1, 32), (5, 32), (None, 32), (None, 720)])
def test_colours_are_those_of_the_formula_and_tagged(tmp_path, matrix, size, full):
    width = 128 if size == 32 else 1280
    used = matrix or (1 if size == 720 else 5)
    kr, kb = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}[used]

    def yuv(rgb):
        red, green, blue = np.moveaxis(rgb / 255, -1, 0)
        y = kr * red + (1 - kr - kb) * green + kb * blue
        planes = y, (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
        scale = [(255, 0), (255, 128), (255, 128)] if full else 0
        scale = scale or [(219, 16), (224, 128), (224, 128)]
        return np.rint([p * a + b for p, (a, b) in zip(planes, scale)]).astype("uint8")

    source = tmp_path / "a.mkv"
    with av.open(str(source), "w") as out:
        # FFmpeg's H.264 has a pixel format of its own for 0..255, FFV1 has not.
        stream = out.add_stream("ffv1" if full else "libx264", 10)
        stream.options = {} if full else {"crf": "1"}
        context = stream.codec_context
        context.height, context.width, context.pix_fmt = size, width, "yuv444p"
        if matrix:
            context.colorspace = matrix
        context.color_range = 2 if full else 1
        frame = av.VideoFrame.from_ndarray(yuv(patches(0, size, width)), "yuv444p")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    middles = slice(width // 16, None, width // 8)
    seen = frames_of(source)[0][size // 2, middles]
    np.testing.assert_allclose(seen, COLOURS, atol=4)
    target, _, _ = convert(source)
    with av.open(str(target)) as out:
        frame = next(out.decode(video=0))
    assert int(frame.colorspace) in ((1,) if used == 1 else (5, 6))
    assert int(frame.color_range) == 1
    planes = frame.reformat(format="yuv444p").to_ndarray()[:, size // 2, middles]
    made = by_formula(planes.astype(float), used)
    np.testing.assert_allclose(made, COLOURS, atol=6)


@pytest.mark.parametrize(
    "codec, pix_fmt, note",
    [
        ("libx264", "yuv420p10le", ["10 bits a channel in, 8 bits out"]),
        ("ffv1", "gray16le", ["16 bits a channel in, 8 bits out"]),
        ("ffv1", "bgra", ["transparency left out"]),
        ("ffv1", "gray", []),
        ("libx264", "gray", []),
        ("libx264", "yuv444p", []),
        ("libx264", "yuv422p", []),
        ("qtrle", "rgb24", []),
        ("mjpeg", "yuvj420p", []),
    ],
)
def test_every_kind_of_pixel(tmp_path, codec, pix_fmt, note):
    full = pix_fmt in ("yuvj420p", "gray", "gray16le", "rgb24", "bgra")
    source = make_film(
        tmp_path / ("a.mov" if codec == "qtrle" else "a.mkv"),
        4,
        codec,
        None,
        pix_fmt,
        full=full,
    )
    target, _, notes = convert(source)
    assert notes == note
    for number, rgb in enumerate(frames_of(target)):
        wanted = scene(number).astype(int)
        assert np.abs(rgb - wanted).mean() < 3, number


def ends_of(path):
    """Seconds at which the last frame and the last packet of sound begin."""
    with av.open(str(path)) as film:
        tracks = [s for s in film.streams if s.type in ("video", "audio")]
        times = {stream.type: [] for stream in tracks}
        for packet in film.demux(tracks):
            if packet.pts is not None:
                times[packet.stream.type].append(packet.pts * packet.time_base)
    return [float(max(found)) for found in times.values()]


JOINED = [
    *(("ts", "libx264", "aac"), ("ts", "libx264", None), ("mpg", "mpeg2video", "ac3")),
    ("m2ts", "libx264", "pcm_bluray"),
]


@pytest.mark.parametrize("ending, codec, sound", JOINED)
@pytest.mark.parametrize("starts", [(0, 0, 0), (0, 10, 9000, 4)])
def test_recordings_joined_to_one_file(tmp_path, ending, codec, sound, starts):
    """The clock begins anew in each, or jumps by hours: no jump in the film."""
    data, part = b"", tmp_path / f"part.{ending}"
    for start in starts:
        make_film(part, 50, codec, sound, rate=25, start=start)
        data += part.read_bytes()
    source = tmp_path / f"a.{ending}"
    source.write_bytes(data)
    target, count, notes = convert(source)
    assert count == 50 * len(starts)
    assert notes == (["sound: pcm_bluray in, AAC out"] if "pcm" in str(sound) else [])
    numbers = [number_of(rgb) for rgb in frames_of(target)]
    assert numbers == [n % 20 for n in range(50)] * len(starts)
    steps = np.diff(times_of(target)[:, 0])
    if starts[1]:  # a pause of seconds could be lost reception as well
        pause = np.argmax(steps)
        assert pause in (48, 49) and 7 < steps[pause] < 9
        steps = np.delete(steps, pause)
    np.testing.assert_allclose(steps, 1 / 25, atol=1e-4)
    if sound:  # as far from the pictures, after all jumps
        (picture, heard), (wanted, to_hear) = ends_of(target), ends_of(part)
        assert abs((heard - picture) - (to_hear - wanted)) < 0.03


def test_a_joined_recording_goes_on_as_any_film(tmp_path, monkeypatch):
    monkeypatch.setattr(convert_module, "PIECE", 20)
    part = make_film(tmp_path / "part.ts", 50, rate=25)
    source = tmp_path / "a.ts"
    source.write_bytes(part.read_bytes() * 2)
    whole, stopped = tmp_path / "whole.mp4", tmp_path / "stopped.mp4"
    convert_video(source, whole, Stop(after=999))
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, stopped, Stop(after=70))  # after the jump
    convert_video(source, stopped, Stop(after=999))
    assert_same_film(stopped, whole)
    assert ends_of(stopped) == ends_of(whole)


def test_one_wrong_time_of_a_recording_moves_nothing_else(tmp_path):
    source = make_film(tmp_path / "a.ts", 50, rate=25)
    plain, _, _ = convert(source, target="plain.mp4")
    data = bytearray(source.read_bytes())
    for stream in (0x100, 0x101):  # pictures and sound
        heads = [
            place
            for place in range(0, len(data), 188)
            if data[place + 1] & 0x40  # a packet of times begins here
            and (data[place + 1] & 31) * 256 + data[place + 2] == stream
        ]
        place = data.index(b"\0\0\1", heads[len(heads) // 2]) + 9
        data[place] ^= 0b100  # of the 33 bits of a time: 13 hours
    source.write_bytes(data)
    target, count, notes = convert(source)
    assert (count, notes) == (50, [])
    np.testing.assert_allclose(times_of(target)[:, 0], times_of(plain)[:, 0], atol=0.04)
    np.testing.assert_allclose(ends_of(target), ends_of(plain), atol=0.04)


@pytest.mark.parametrize("sound", ["aac", "mp2", "ac3"])
def test_a_sound_track_that_is_announced_but_empty_is_left_out(tmp_path, sound):
    source = make_film(tmp_path / "a.ts", 50, sound=sound, tracks=2, rate=25)
    data = source.read_bytes()
    packets = [data[i : i + 188] for i in range(0, len(data), 188)]
    second = [p for p in packets if (p[1] & 31, p[2]) == (1, 2)]  # PID 0x102
    source.write_bytes(b"".join(p for p in packets if p not in second))
    target, count, notes = convert(source)
    assert (count, notes) == (
        50,
        ["a sound track left out: no sound in its first seconds"],
    )
    assert sound_of(target) and len(sound_of(target)) == len(sound_of(source))


@pytest.mark.parametrize("rate", [8000, 11025, 16000])
def test_old_clips_with_mp3_of_few_samples_a_second(tmp_path, rate):
    source, wave = tmp_path / "a.avi", np.sin(np.arange(rate) * 0.2) * 8000
    silent = make_film(tmp_path / "b.avi", 10, "mpeg4", None)
    with av.open(str(silent)) as given, av.open(str(source), "w") as out:
        pictures = out.add_stream_from_template(given.streams.video[0])
        sound = out.add_stream("libmp3lame", rate)
        sound.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(wave.astype("int16")[None], "s16", "mono")
        frame.sample_rate = rate
        for packet in given.demux(pictures.index):
            if packet.dts is not None:
                packet.stream = pictures
                out.mux(packet)
        out.mux(sound.encode(frame) + sound.encode(None))
    target, _, notes = convert(source)
    assert notes == ([] if rate == 16000 else ["sound: mp3 in, AAC out"])
    with av.open(str(target)) as out:
        assert out.streams.audio[0].rate == rate
        heard = [frame.to_ndarray()[0] for frame in out.decode(audio=0)]
    heard = np.concatenate(heard)
    assert rate <= len(heard) < 1.6 * rate and heard.std() > 0.1


def test_several_sound_tracks_keep_their_languages(tmp_path):
    source = make_film(tmp_path / "a.mkv", tracks=3, sound="libopus")
    target, _, notes = convert(source)
    assert notes == []
    with av.open(str(target)) as out:
        assert [s.language for s in out.streams.audio] == ["eng", "ger", "fra"]
    for track in range(3):
        assert sound_of(target, track) == sound_of(source, track)
    assert sound_of(target, 0) != sound_of(target, 1)


def test_texts_of_another_encoding_do_no_harm(tmp_path):
    source = make_film(
        tmp_path / "a.avi", 3, "mpeg4", None, metadata=[("title", "Maerz")]
    )
    source.write_bytes(source.read_bytes().replace(b"Maerz", b"M\xe4rz."))
    target, _, _ = convert(source)
    with av.open(str(target)) as out:
        title = out.metadata["title"]
    assert title[0] == "M" and title[2:] == "rz."


def test_a_silent_film_stays_silent(tmp_path):
    source = make_film(tmp_path / "a.mp4", sound=None)
    target, count, notes = convert(source)
    with av.open(str(target)) as out:
        assert [s.type for s in out.streams] == ["video"]
    assert (count, notes) == (COUNT, [])


# What cannot be read is said.


def with_cover(path):
    """Sound with a picture of its record, as a music shop sells it."""
    with av.open(str(path), "w") as out:
        cover, sound = out.add_stream("mjpeg", 1), out.add_stream("aac", 48000)
        cover.width, cover.height, cover.pix_fmt = 16, 16, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        sound.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), "float32"), "fltp", "mono"
        )
        frame.sample_rate = 48000
        for stream, first in (
            (cover, av.VideoFrame(16, 16, "yuvj420p")),
            (sound, frame),
        ):
            out.mux(stream.encode(first))
            out.mux(stream.encode(None))
    return path


CENC = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


def broken(folder, kind):
    """A file that is no film; returns its path."""
    path = folder / "bad.mp4"
    if kind == "missing":
        return folder / "missing.mp4"
    if kind == "folder":
        path.mkdir()
        return path
    if kind == "link":
        path.symlink_to("nowhere.mp4")
        return path
    if kind == "sound":
        return make_film(path, codec=None)
    if kind == "encrypted":
        return make_film(path, options=CENC.items())
    if kind == "cover":
        return with_cover(path)
    make_film(folder / "other.ts", codec="mpeg2video", sound=None, rate=25)
    data = make_film(path).read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"Dear diary, " * 100,
            "playlist": b"#EXTM3U\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
            "picture": encode(scene(0)),
            "zeros": bytes(5000),
            "without index": data[: len(data) * 6 // 10],  # it stands at the end
            "head": data[:40],
            "unknown": data.replace(b"avc1", b"zzzz"),
        }[kind]
    )
    return path


@pytest.mark.parametrize(
    "kind, message",
    [
        ("missing", "there is no such file"),
        ("folder", "a folder"),
        ("link", "a link to a file that is gone"),
        ("empty", "the file is empty"),
        ("text", "not a film"),
        ("zeros", "not a film"),
        ("playlist", "not a film"),
        ("picture", "not a film"),
        ("without index", "cut off before its index"),
        ("head", "cut off before its index"),
        ("sound", "no film, it holds audio only"),
        ("cover", "no film, it holds audio and a cover picture only"),
        ("unknown", "its codec is not known"),
        ("encrypted", "encrypted"),
    ],
)
def test_what_is_no_film_is_refused_with_the_reason(tmp_path, kind, message):
    path = broken(tmp_path, kind)
    with pytest.raises(VideoError, match=message) as refusal:
        convert(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert not (tmp_path / "out.mp4").exists()
    assert not list(tmp_path.glob(".*"))


def noisy(number, height, width):
    """A frame of which each takes about the same room."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), "uint8")


def test_of_a_film_cut_off_everything_there_is_coloured(tmp_path):
    whole = make_film(
        tmp_path / "a.mp4", 40, options={"movflags": "faststart"}.items(), paint=noisy
    )
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 6 // 10])
    target, count, notes = convert(whole)
    assert 15 <= count <= 26
    assert notes[0].startswith("cut off: ") and "of 4.0 s are there" in notes[0]
    assert len(frames_of(target)) == count


def test_a_damaged_part_costs_no_more_than_itself(tmp_path):
    source = make_film(tmp_path / "a.mkv", 40, "mjpeg", None, "yuvj420p", full=True)
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2500] = bytes(2500)
    source.write_bytes(data)
    target, count, notes = convert(source)
    assert 30 <= count < 40 and notes and "damaged" in notes[-1]
    numbers = [number_of(rgb) for rgb in frames_of(target)]
    assert numbers[:10] == list(range(10)) and numbers[-5:] == list(range(15, 20))


def sound_packets(data):
    """Where the packets of a transport stream lie that carry its sound (PID 0x101)."""
    places = range(0, len(data), 188)
    return [i for i in places if (data[i + 1] & 31, data[i + 2]) == (1, 1)]


@pytest.mark.parametrize("damage", ["lost", "garbled"])
def test_damaged_sound_of_a_recording_costs_no_more_than_itself(tmp_path, damage):
    source = make_film(tmp_path / "a.ts", 100, rate=25)
    data, chance = bytearray(source.read_bytes()), random.Random(1)
    whole, hit = len(sound_of(source)), sound_packets(data)
    for place in sorted(chance.sample(hit[10:], 20), reverse=True):
        if damage == "lost":
            del data[place : place + 188]
        else:
            data[place + 30 : place + 188] = chance.randbytes(158)
    source.write_bytes(data)
    target, count, notes = convert(source)
    assert (count, notes) == (100, ["damaged sound left out"])
    assert whole / 2 < len(sound_of(target)) < whole
    times = times_of(target)[:, 0]
    np.testing.assert_allclose(times - times[0], np.arange(100) / 25, atol=1e-4)


def test_frames_of_too_many_pixels_are_refused(tmp_path):
    source = make_film(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="48 x 32 pixels are more than"):
        convert_video(source, tmp_path / "out.mp4", Keep(), HEIGHT * WIDTH - 1)
    convert_video(source, tmp_path / "out.mp4", Keep(), HEIGHT * WIDTH)


def test_a_place_that_cannot_be_written_is_an_oserror(tmp_path):
    source = make_film(tmp_path / "a.mp4")
    (tmp_path / "file").write_text("a file")
    with pytest.raises(OSError, match="file"):
        convert_video(source, tmp_path / "file" / "out.mp4", Keep())


def test_a_full_disk_is_an_oserror_and_leaves_no_film(tmp_path):
    source = make_film(tmp_path / "a.mp4", paint=noisy)
    size = source.stat().st_size // 2
    code = (
        "import resource, signal, sys; from colorlib.video import convert_video\n"
        "import test_film; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "try: convert_video('a.mp4', 'out.mp4', test_film.Keep())\n"
        "except OSError as error: print('OSError', error)"
    )
    places = os.pathsep.join(map(str, [ROOT, ROOT / "tests", ROOT / "tests" / "video"]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
    )
    assert "OSError [Errno 27] File too large" in done.stdout
    assert not (tmp_path / "out.mp4").exists()
    convert(source, Stop(after=99))


# A power cut.

SCRIPT = """
import os, shutil, signal, sys
from pathlib import Path

import numpy as np

from colorlib.video import convert

convert.PIECE = 5


class Trail:
    key = "trail"
    last = None

    def size(self, height, width):
        return height, width

    def process(self, frames, ends):
        return [self.one(rgb) for rgb in frames]

    def one(self, rgb):
        now = rgb.astype(float)
        self.last = now if self.last is None else (self.last + now) / 2
        print("painted", flush=True)
        return np.rint(self.last).astype("uint8")

    def state(self):
        return {"last": self.last}

    def resume(self, state):
        self.last = state["last"]


def die_at(name, count):
    '''The count-th call of a function is the last thing that happens.'''
    place = sys.modules[name.split(".")[0]]
    real = getattr(place, name.split(".")[1])
    calls = []

    def last(*arguments, **options):
        calls.append(1)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    setattr(place, name.split(".")[1], last)


if len(sys.argv) > 3:
    die_at(sys.argv[3], int(sys.argv[4]))
convert.convert_video(Path(sys.argv[1]), Path(sys.argv[2]), Trail())
"""


@pytest.fixture
def trail(tmp_path):
    """Starts a process that makes a film in which a frame depends on those before."""
    script = tmp_path / "trail.py"
    script.write_text(SCRIPT)

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def assert_same_film(first, second):
    assert sound_of(first) == sound_of(second)
    np.testing.assert_array_equal(times_of(first), times_of(second))
    for one, other in zip(frames_of(first), frames_of(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_killed_at_any_moment_it_goes_on_and_gives_the_same_film(tmp_path, trail):
    source = make_film(tmp_path / "a.mp4", 37)
    whole, target = tmp_path / "whole.mp4", tmp_path / "killed.mp4"
    assert trail(source, whole).wait(60) == 0
    chance, painted = random.Random(1), 0
    for most in (3, 7, 1, 16, None):
        run = trail(source, target)
        for _ in range(most or 0):
            run.stdout.readline()
            painted += 1
        if most:
            time.sleep(chance.random() * 0.01)
            run.send_signal(signal.SIGKILL)
        painted += run.communicate(timeout=60)[0].count("painted")
        assert target.exists() == (run.returncode == 0)
    assert run.returncode == 0
    assert 37 < painted < 37 + 4 * (5 + 4)  # no more than a piece and a batch each
    assert_same_film(target, whole)
    assert list(tmp_path.glob(".*")) == []


@pytest.fixture(scope="module")
def seventeen(tmp_path_factory):
    """A film, and what a run that nobody stops makes of it."""
    folder = tmp_path_factory.mktemp("seventeen")
    source, whole = make_film(folder / "a.mp4", 17), folder / "whole.mp4"
    script = folder / "trail.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, source, whole]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return source, whole


@pytest.mark.parametrize(
    "moment, count",
    [
        *(("os.fsync", n) for n in (1, 2, 3, 4)),  # of the settings, and of pieces
        *(("os.replace", n) for n in (1, 2, 5, 6)),  # the sixth: of the whole film
        ("shutil.rmtree", 1),
        ("shutil.rmtree", 2),
    ],
)
def test_killed_at_the_worst_moments(tmp_path, trail, seventeen, moment, count):
    source, whole = seventeen
    target = tmp_path / "out.mp4"
    run = trail(source, target, moment, count)
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    if target.exists():  # whole, only the cleaning up was left
        assert moment == "shutil.rmtree" and count == 2
        assert len(frames_of(target)) == 17
        convert_module.remove_pieces(target)
    else:
        assert trail(source, target).wait(60) == 0
    assert_same_film(target, whole)
    assert list(tmp_path.glob(".*")) == []


class Stop(Keep):
    """Fails after some frames."""

    def __init__(self, key="keep", after=8):
        super().__init__()
        self.key, self.after = key, after

    def process(self, frames, ends):
        if sum(map(len, self.batches)) >= self.after:
            raise KeyboardInterrupt
        return super().process(frames, ends)

    def resume(self, state):
        self.batches.append("resumed")


@pytest.mark.parametrize("change", ["nothing", "processor", "time", "size", "version"])
def test_pieces_of_another_film_or_model_are_not_used(tmp_path, monkeypatch, change):
    monkeypatch.setattr(convert_module, "PIECE", 4)
    source = make_film(tmp_path / "a.mp4")
    target = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, target, Stop())
    assert len(list(tmp_path.glob(".*/*.npz"))) == 2
    again = Stop("another" if change == "processor" else "keep", 99)
    if change == "time":
        os.utime(source, (1, 1))
    if change == "size":
        with open(source, "ab") as file:
            file.write(bytes(8))
        os.utime(source, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
    if change == "version":
        monkeypatch.setattr(av, "__version__", "99")
    convert_video(source, target, again)
    painted = [n for batch in again.batches if batch != "resumed" for n in batch]
    resumed = change == "nothing"
    assert painted == list(range(8 if resumed else 0, COUNT))
    assert ("resumed" in again.batches) == resumed
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(COUNT))


class Nervous:
    """In place of a `Colorizer`: other colours in every frame."""

    key = "nervous"
    calls = 1000  # frames until the power fails

    def network_input(self, rgb):
        return rgb[::2, ::2, 1].astype("float32") / 2.55

    def predict_small(self, L, compiled=False, hints=None):
        level = 60 * np.sin([2.0 * plane.argmax() for plane in L])
        return np.ones((*L.shape, 2), "float32") * level[:, None, None, None]

    def apply_ab(self, rgb, ab):
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt
        assert ab.shape == (HEIGHT // 2, WIDTH // 2, 2)
        return np.full_like(rgb, np.clip(128 + ab[5, 20, 0], 0, 255))


def levels(path):
    return np.array([rgb.mean() for rgb in frames_of(path)])


def test_a_film_is_coloured_smoothly_and_goes_on_as_smoothly(tmp_path, monkeypatch):
    monkeypatch.setattr(convert_module, "PIECE", 5)
    source = make_film(tmp_path / "a.mp4", 18)
    names = ("raw", "half", "smooth", "stopped")
    raw, half, smooth, stopped = (tmp_path / f"{name}.mp4" for name in names)
    convert_video(source, raw, VideoColorizer(Nervous()))
    convert_video(source, half, VideoColorizer(Nervous(), 0.5))
    np.testing.assert_allclose(levels(half) - 128, (levels(raw) - 128) / 2, atol=2)
    convert_video(source, smooth, VideoColorizer(Nervous(), 1.0, TemporalSmoother()))
    steps = [np.abs(np.diff(levels(path))).mean() for path in (raw, smooth)]
    assert steps[1] < 0.4 * steps[0]
    colorizer = Nervous()
    colorizer.calls = 12
    with pytest.raises(KeyboardInterrupt):
        convert_video(
            source, stopped, VideoColorizer(colorizer, 1.0, TemporalSmoother())
        )
    convert_video(source, stopped, VideoColorizer(Nervous(), 1.0, TemporalSmoother()))
    np.testing.assert_array_equal(levels(stopped), levels(smooth))


def test_every_setting_makes_another_film():
    other = Nervous()
    other.key = "other"
    processors = [
        VideoColorizer(Nervous()),
        VideoColorizer(other),
        VideoColorizer(Nervous(), 0.5),
        VideoColorizer(Nervous(), 1.0, TemporalSmoother()),
        VideoColorizer(Nervous(), 1.0, TemporalSmoother(0.5)),
    ]
    assert len({processor.key for processor in processors}) == 5


# Before and after.


def test_pairs_lie_side_by_side_and_go_on_too(tmp_path, monkeypatch):
    monkeypatch.setattr(convert_module, "PIECE", 5)
    source = make_film(tmp_path / "a.mkv", 17, "ffv1", None, "bgr0", (33, 49))
    colored = tmp_path / "colored.mp4"
    convert_video(source, colored, Red())

    def join_two(before, after):
        if calls is not None:
            calls.append(1)
            if len(calls) == 14:
                raise KeyboardInterrupt
        return np.hstack([before, after])

    calls, target = [], tmp_path / "pair.mp4"
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, target, SideBySide(colored, join_two))
    calls = None
    convert_video(source, target, SideBySide(colored, join_two))
    pairs = frames_of(target)
    assert len(pairs) == 17 and pairs[0].shape == (34, 98, 3)
    for number, pair in enumerate(pairs):
        halves = pair[:33, :49].astype(int), pair[:33, 49:].astype(int)
        for half in halves:
            assert np.abs(half[..., 2] - scene(number, 33, 49)[..., 2]).mean() < 6
        assert halves[0][..., 0].mean() < 130 and halves[1][..., 0].mean() > 190


def test_a_pair_with_another_film_is_refused(tmp_path):
    source, short = make_film(tmp_path / "a.mp4"), make_film(tmp_path / "b.mp4", 5)
    with pytest.raises(VideoError, match="b.mp4: has fewer frames than its source"):
        convert_video(source, tmp_path / "out.mp4", SideBySide(short, lambda a, b: a))


@pytest.mark.parametrize("strength", [-0.1, 3.1, float("nan")])
def test_impossible_strengths_raise(strength):
    with pytest.raises(ValueError, match=r"strength must be in \[0, 3\]"):
        VideoColorizer(Nervous(), strength)


class Red(Keep):
    """Paints every frame red."""

    def process(self, frames, ends):
        red = np.full_like(frames[0][..., 0], 220)
        return [np.dstack([red, rgb[..., 1], rgb[..., 2]]) for rgb in frames]
