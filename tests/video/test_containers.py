"""What a file is, is told by its content, whatever it is called."""

import subprocess
import sys

import numpy as np
import pytest
from films import COUNT, make_film, number_of, scene
from small import ROOT, encode

from colorlib.errors import VideoError
from colorlib.video import may_be_film
from colorlib.video.reader import probe, read_frames

KINDS = {  # ending: codec, sound
    "mts": ("libx264", "ac3"),
    "m2ts": ("libx264", "ac3"),
    "ts": ("mpeg2video", "mp2"),
    "vob": ("mpeg2video", "ac3"),
    "mpg": ("mpeg1video", "mp2"),
    "m2v": ("mpeg2video", None),
    "flv": ("flv1", "libmp3lame"),
    "f4v": ("libx264", "aac"),
    "asf": ("wmv2", None),
    "dv": ("dvvideo", None),
    "mxf": ("mpeg2video", None),
    "mov": ("mjpeg", "pcm_s16le"),
    "3g2": ("mpeg4", "aac"),
    "avi": ("mpeg4", "libmp3lame"),
    "ogv": ("libvpx", "flac"),
    "mkv": ("libx264", "flac"),
    "webm": ("libvpx", None),
    "ivf": ("libvpx", None),
    "nut": ("mpeg4", "mp2"),
    "h264": ("libx264", None),
    "wtv": ("mpeg2video", "mp2"),
    "y4m": ("wrapped_avframe", None),
}


def numbers(path):
    return [number_of(rgb) for _, _, rgb in read_frames(probe(path), [])]


@pytest.mark.parametrize("ending", KINDS)
def test_films_are_known_and_read_without_their_endings(tmp_path, ending):
    codec, sound = KINDS[ending]
    full = codec == "mjpeg"
    more = {"size": (576, 720)} if ending == "dv" else {}
    path = make_film(
        *(tmp_path / f"a.{ending}", 4 if ending == "dv" else COUNT, codec, sound),
        **{"pix_fmt": "yuvj420p" if full else "yuv420p", "full": full, **more},
        rate=25 if "mpeg" in codec or ending == "dv" else 10,
    )
    path = path.rename(tmp_path / "Holiday 1994")
    assert may_be_film(path)
    assert numbers(path) == list(range(4 if ending == "dv" else COUNT))


def test_a_video_cd_and_a_recording_begun_in_the_middle_of_a_packet(tmp_path):
    data = make_film(tmp_path / "a.mpg", 12, "mpeg1video", "mp2", rate=25).read_bytes()
    data += bytes(-len(data) % 2324)
    sectors = b"".join(  # CD-ROM XA, form 2: sync, addresses, 2324 bytes, checksum
        bytes([0, *[255] * 10, 0]) + bytes(12) + data[i : i + 2324] + bytes(4)
        for i in range(0, len(data), 2324)
    )
    disc = tmp_path / "AVSEQ01.DAT"
    disc.write_bytes(b"RIFF" + bytes(4) + b"CDXAfmt " + bytes(28) + sectors)
    data = make_film(tmp_path / "a.ts", 12, "mpeg2video", rate=25).read_bytes()
    late = tmp_path / "late.ts"
    late.write_bytes(data[150:])
    for path in (disc, late):
        assert may_be_film(path)
        assert numbers(path)[-1] == COUNT - 1


OTHERS = {
    "empty": b"",
    "text": b"Dear diary, " * 100,
    "program": b"const film: string = 'no';\n" * 20,  # TypeScript is called .ts, too
    "playlist": b"#EXTM3U\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
    "photograph": encode(scene(0)),
    "zeros": bytes(5000),
    "noise": np.random.default_rng(0).bytes(70_000),
    "heic": b"\0\0\0\x18ftypheic" + bytes(100),
    "avif": b"\0\0\0\x18ftypavif" + bytes(100),
    "raw": b"\0\0\0\x18ftypcrx " + bytes(100),
    "song": b"\0\0\0\x18ftypM4A " + bytes(100),
    "wave": b"RIFF\0\0\0\0WAVEfmt " + bytes(100),
    "webp": b"RIFF\0\0\0\0WEBPVP8 " + bytes(100),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_no_films(tmp_path, kind):
    path = tmp_path / "film.mp4"  # a name proves nothing
    path.write_bytes(OTHERS[kind])
    assert not may_be_film(path)


def test_sound_without_pictures_is_no_film(tmp_path):
    for ending, sound in (("wma", "wmav2"), ("oga", "flac"), ("m4a", "aac")):
        path = make_film(tmp_path / f"a.{ending}", codec=None, sound=sound)
        assert not may_be_film(path)
        with pytest.raises(VideoError):
            probe(path)


def test_what_cannot_be_read_is_no_film(tmp_path):
    assert not may_be_film(tmp_path) and not may_be_film(tmp_path / "missing")


def test_the_look_needs_no_pyav(tmp_path):
    """The walk through a folder of pictures must not need it."""
    code = (
        "import sys; sys.modules['av'] = None; "
        "from colorlib.video import may_be_film; assert not may_be_film('x')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
