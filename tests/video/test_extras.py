"""What a film has beside its frames, and frames that are not as screens want them."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import (
    COUNT,
    LINES,
    add_channels,
    disguise,
    field,
    make_film,
    make_hdr,
    make_interlaced,
    number_of,
    scene,
)
from test_film import Keep, Stop, frames_of, times_of

from colorlib.errors import VideoError
from colorlib.video.convert import convert_video
from colorlib.video.hdr import HLG, PQ, tone_map
from colorlib.video.reader import probe, read_frames


def lines_of(path):
    """[(begin, length in ms, text)] of the first subtitles."""
    lines = []
    with av.open(str(path)) as film:
        assert film.streams.subtitles[0].language == "ger"
        for packet in film.demux(subtitles=0):
            size = int.from_bytes(bytes(packet)[:2], "big") if packet.size else 0
            if size:  # before and between the lines lie empty ones
                seconds = [packet.pts * packet.time_base]
                seconds.append(packet.duration * packet.time_base)
                text = bytes(packet)[2 : 2 + size].decode()
                lines.append((*(round(1000 * s) for s in seconds), text))
    return lines


def convert(source, processor=None):
    target = source.with_name("out.mp4")
    return target, convert_video(source, target, processor or Keep())[1]


class KeepCombs(Keep):
    deinterlace = False


@pytest.mark.parametrize("start", [0, 5])
@pytest.mark.parametrize("kind", ["srt", "ass"])
def test_subtitles_of_text_arrive_in_time(tmp_path, kind, start):
    plain = make_film(tmp_path / "a.mp4", sound=None, start=start)
    source = disguise(tmp_path / "titled.mkv", plain, kind, start=start)
    target, notes = convert(source)
    assert notes == []
    shown = [
        (a, b, text.replace("<i>", "").replace("</i>", "")) for a, b, text in LINES
    ]
    if kind == "ass":  # its marks are no HTML
        shown = LINES
    assert lines_of(target) == [(begin, length, text) for begin, length, text in shown]
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(COUNT))
    again, notes = convert(target.rename(tmp_path / "in.mp4"))  # mov_text in
    assert notes == [] and lines_of(again) == lines_of(tmp_path / "in.mp4")


OVERLAPS = {
    "at once": (
        [(100, 300, "Mother: look!"), (100, 300, "Father: where?"), (600, 200, "sign")],
        [(100, 300, "Mother: look!\nFather: where?"), (600, 200, "sign")],
    ),
    "in turn": (
        [(100, 900, "one"), (300, 200, "two"), (600, 800, "<b>three</b>")],
        [
            *[(100, 200, "one"), (300, 200, "one\ntwo"), (500, 100, "one")],
            *[(600, 400, "one\nthree"), (1000, 400, "three")],
        ],
    ),
    "in layers": ([(100, 300, "sign"), (100, 300, "sign")], [(100, 300, "sign")]),
    "one after the other": ([(100, 300, "one"), (400, 300, "two")],) * 2,
    "to the end": ([(100, 900, "one"), (900, 500, "two")],)
    + ([(100, 800, "one"), (900, 100, "one\ntwo"), (1000, 400, "two")],),
}


@pytest.mark.parametrize("kind", ["srt", "ass"])
@pytest.mark.parametrize("case", OVERLAPS)
def test_subtitles_that_overlap_are_shown_together(tmp_path, monkeypatch, case, kind):
    given, wanted = OVERLAPS[case]
    if kind == "ass":  # its marks are no HTML
        given = [(*times, text.replace("<b>", r"{\b1}")) for *times, text in given]
        given = [(*times, text.replace("</b>", "")) for *times, text in given]
    monkeypatch.setattr("films.LINES", given)
    plain = make_film(tmp_path / "a.mp4", sound=None)
    target, notes = convert(disguise(tmp_path / "b.mkv", plain, kind))
    assert notes == []
    assert lines_of(target) == wanted


def test_marks_of_one_line_do_not_run_on_into_the_next(tmp_path, monkeypatch):
    lines = [(100, 300, r"{\i1}one"), (100, 300, "two")]
    monkeypatch.setattr("films.LINES", lines)
    plain = make_film(tmp_path / "a.mp4", sound=None)
    target, _ = convert(disguise(tmp_path / "b.mkv", plain, "ass"))
    with av.open(str(target)) as out:
        context = out.streams.subtitles[0].codec_context
        texts = [p for p in out.demux(subtitles=0) if p.size > 2]
        (text,) = [rect.ass for p in texts for rect in context.decode2(p)]
    assert text.endswith(rb",{\i1}one{\r}\Ntwo")


def test_subtitles_that_are_pictures_are_left_out_and_it_is_said(tmp_path):
    source = disguise(tmp_path / "b.mkv", make_film(tmp_path / "a.mp4"), "srt")
    data = source.read_bytes()  # the texts become what a Blu-ray has
    source.write_bytes(data.replace(b"S_TEXT/UTF8", b"S_HDMV/PGS\0"))
    _, notes = convert(source)
    assert notes == ["subtitles left out: pictures, not text (pgssub)"]


@pytest.mark.parametrize("start", [0, 5])
def test_chapters_arrive_with_their_titles(tmp_path, start):
    plain = make_film(tmp_path / "a.mp4", sound=None, start=start)
    source = disguise(tmp_path / "b.mkv", plain, chapters=True, start=start)
    target, notes = convert(source)
    with av.open(str(target)) as out:
        found = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"])
            for c in out.chapters()
        ]
    half, end = Fraction(1, 2), Fraction(6, 5)
    assert found == [(0, half, {"title": "One"}), (half, end, {"title": "Zwei"})]
    assert notes == []


def test_data_and_attached_files_are_left_out_and_it_is_said(tmp_path):
    plain = make_film(tmp_path / "a.mp4", sound=None)
    for ending in ("mkv", "ts"):
        source = tmp_path / f"b.{ending}"
        with av.open(str(plain)) as given, av.open(str(source), "w") as out:
            film = out.add_stream_from_template(given.streams.video[0])
            if ending == "mkv":
                out.add_attachment("Arial.ttf", "font/ttf", bytes(99))
            else:
                measured = out.add_data_stream("klv")
                line = av.Packet(bytes(40))
                line.stream, line.time_base = measured, Fraction(1, 1000)
                line.pts = line.dts = 0
                out.start_encoding()
                out.mux(line)
            for packet in given.demux(video=0):
                if packet.dts is not None:
                    packet.stream = film
                    out.mux(packet)
        _, notes = convert(source)
        wanted = "attached files left out: Arial.ttf"
        if ending == "ts":
            wanted = "tracks of data left out: without a name"
        assert notes == [wanted]


def test_the_track_with_the_titles_of_chapters_is_no_data(tmp_path):
    plain = make_film(tmp_path / "a.mp4", sound=None)
    source = disguise(tmp_path / "b.mp4", plain, chapters=True)
    with av.open(str(source)) as film:
        assert [s.type for s in film.streams] == ["video", "data"]
    assert convert(source)[1] == []


def test_the_cover_arrives_and_is_no_second_film(tmp_path):
    source = disguise(tmp_path / "b.mp4", make_film(tmp_path / "a.mp4"), cover=True)
    target, notes = convert(source)
    covers = []
    for path in (source, target):
        with av.open(str(path)) as film:
            stream = film.streams.video[1]
            assert stream.disposition & av.stream.Disposition.attached_pic
            covers += [bytes(p) for p in film.demux(stream) if p.size]
    assert covers[0] == covers[1] and notes == []
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(COUNT))


def test_a_second_film_track_is_left_out_and_it_is_said(tmp_path):
    both = tmp_path / "both.mkv"
    with av.open(str(both), "w") as out:
        streams = [out.add_stream("mpeg4", 10) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for stream in streams:
            frame = av.VideoFrame.from_ndarray(scene(0), "rgb24")
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        for stream in streams:
            out.mux(stream.encode(None))
    assert convert(both)[1] == ["the first of 2 films, the others left out"]


def test_place_and_titles_arrive_and_what_has_no_place_is_said(tmp_path):
    apple = "com.apple.quicktime."
    texts = {
        f"{apple}location.ISO6709": "+48.1374+011.5755/",
        f"{apple}make": "Apple",
        "title": "Munich",
        "gear": "tripod",
    }
    options = {"movflags": "use_metadata_tags"}.items()
    source = make_film(tmp_path / "a.mov", metadata=texts.items(), options=options)
    target, notes = convert(source)
    with av.open(str(target)) as out:
        assert out.metadata["location"] == "+48.1374+011.5755/"
        assert out.metadata["title"] == "Munich"
    assert notes == ["texts left out: gear, make"]


@pytest.mark.parametrize("layout", ["quad", "7.1", "2.1", "4 channels", "3 channels"])
def test_sound_that_is_encoded_keeps_its_channels(tmp_path, layout):
    count = av.AudioLayout(layout).nb_channels
    silent = make_film(tmp_path / "b.mp4", sound=None)
    source, wave = add_channels(tmp_path / "a.mkv", silent, layout)
    target, notes = convert(source)
    assert notes == ["sound: pcm_s16le in, FLAC out"]
    with av.open(str(target)) as out:
        got = [f.to_ndarray().reshape(-1, count) for f in out.decode(audio=0)]
    np.testing.assert_array_equal(np.concatenate(got), wave)


# Interlaced films.


def combs(rgb):
    """Mean difference of lines from those above and below, in levels of 255."""
    grey = rgb.astype(float).mean(axis=2)
    return np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean()


@pytest.mark.parametrize("ending, codec", [("mp4", "libx264"), ("mpg", "mpeg2video")])
def test_interlaced_films_lose_their_combs_and_nothing_else(tmp_path, ending, codec):
    source = make_interlaced(tmp_path / f"a.{ending}", codec)
    combed = [rgb for _, _, rgb in read_frames(probe(source, deinterlace=False), [])]
    assert min(map(combs, combed)) > 6
    target, notes = convert(source)
    assert notes == ["interlaced in, whole frames out (--keep-interlaced leaves them)"]
    whole = frames_of(target)
    assert len(whole) == 8 and max(map(combs, whole)) < 1.5
    for number, rgb in enumerate(whole):
        assert np.abs(rgb - field(2 * number, 64, 96).astype(int)).mean() < 6
    np.testing.assert_allclose(np.diff(times_of(target)[:, 0]), 1 / 25, atol=1e-4)
    kept, notes = convert(source, KeepCombs())
    assert notes == ["interlaced, its combed lines stay"]
    assert min(map(combs, frames_of(kept))) > 6


def test_what_is_not_flagged_as_interlaced_is_left_as_it_is(tmp_path):
    source = make_interlaced(tmp_path / "a.mp4", flagged=False)
    film = probe(source)
    plain = [rgb for _, _, rgb in read_frames(probe(source, deinterlace=False), [])]
    for (_, _, rgb), wanted in zip(read_frames(film, []), plain, strict=True):
        np.testing.assert_array_equal(rgb, wanted)
    assert film.notes == []


def test_pieces_of_a_film_with_combs_are_not_used_for_one_without(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("colorlib.video.convert.PIECE", 4)
    source = make_film(tmp_path / "a.mp4")
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, tmp_path / "out.mp4", Stop())
    again = KeepCombs()  # cannot go on where something was
    convert(source, again)
    assert sum(again.batches, []) == list(range(COUNT))


# High dynamic range.


# Signals of 0, 20, 100, 203 and 1000 cd/m2: BT.2408, table 1 and annex.
@pytest.mark.parametrize(
    "transfer, signal",
    [(PQ, [0, 0.357, 0.508, 0.581, 0.752]), (HLG, [0, 0.338, 0.63, 0.75, 1.0])],
)
def test_high_dynamic_range_is_brought_to_ordinary_screens(tmp_path, transfer, signal):
    columns = [*signal, *signal[-1:] * 3]
    source = make_hdr(tmp_path / "a.mkv", transfer, columns)
    target, notes = convert(source)
    assert notes == ["high dynamic range in, ordinary range (BT.709, 8 bits) out"]
    with av.open(str(target)) as out:
        context = out.streams.video[0].codec_context
        tags = context.colorspace, context.color_primaries, context.color_trc
        assert [int(tag) for tag in tags] == [1, 1, 1]
    seen = frames_of(target)[0][16, 8::16].astype(int)
    assert np.ptp(seen, axis=1).max() <= 2  # grey stays grey
    grey = seen.mean(axis=1)[:5]
    # Below 142 cd/m2 the light is kept: 20 of 203 and 100 of 203 on the curve of sRGB.
    np.testing.assert_allclose(grey[:3], [0, 89, 184], atol=4)
    assert 228 < grey[3] < 246 < grey[4] <= 255  # white, and brighter than white


def test_tone_mapping_keeps_hues_and_order():
    signal = np.linspace(0, 65535, 400).astype("uint16")
    for transfer in (PQ, HLG):
        ramp = tone_map(np.repeat(signal[None, :, None], 3, axis=2), transfer)[0, :, 0]
        assert (np.diff(ramp.astype(int)) >= 0).all() and np.ptp(ramp) >= 250
    # Red of BT.709 in BT.2020 (BT.2087), at 100 and at 1000 cd/m2: red, both times.
    for level in (100, 1000):
        light = level * np.array([0.6274, 0.0691, 0.0164]) / 10000
        power = light**0.1593017578125
        pq = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
        frame = np.rint(65535 * pq).astype("uint16")[None, None]
        red, green, blue = tone_map(frame, PQ)[0, 0].astype(int)
        assert red > 180 and max(green, blue) < 12


# Names.


@pytest.mark.parametrize("name", ["Movie: part 1.mp4", "12:30.mp4", "file:x.mp4"])
def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make_film(tmp_path / "a.mp4").rename(tmp_path / name)
    target = Path("Result: 1") / name
    target.parent.mkdir()
    assert convert_video(Path(name), target, Keep())[0] == COUNT
    assert [number_of(rgb) for rgb in frames_of(target)] == list(range(COUNT))


@pytest.mark.parametrize("letter", ["n", "映"])
def test_names_as_long_as_names_may_be(tmp_path, letter):
    name = letter * (251 // len(letter.encode())) + ".mp4"
    source = make_film(tmp_path / "a.mp4").rename(tmp_path / name)
    target = tmp_path / "out" / name
    assert convert_video(source, target, Keep())[0] == COUNT
    with pytest.raises(VideoError, match="too long"):
        convert_video(source, tmp_path / "out" / f"{name}{name}", Keep())
    assert os.listdir(target.parent) == [name]
