"""Which files may be films: told by their first bytes, whatever their names are."""

# Formats of FFmpeg that are read, all but those that lead to other files, as playlists
# do, and those that any picture or text is taken for.
CONTAINERS = (
    "mov,matroska,avi,mpeg,mpegvideo,mpegts,m4v,h264,hevc,ogg,asf,flv,dv,mxf,rm,ivf,"
    "nut,wtv,yuv4mpegpipe"
)
_LOOK = 1 << 16  # bytes at the beginning of a file
_BEGINNINGS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\0\0\1\xba",  # MPEG programme: mpg, vob
    b"\0\0\1\xb3",  # MPEG-1 or 2 without a container: m2v
    b"\0\0\1\xb0",  # MPEG-4 part 2 without a container
    b"\0\0\0\1\x67",  # H.264 without a container
    b"\0\0\0\1\x09",
    b"\0\0\0\1\x40\1",  # H.265 without a container
    b"FLV\1",
    b"\x1f\x07\0\x3f",  # DV of NTSC
    b"\x1f\x07\0\xbf",  # DV of PAL
    b".RMF",
    b"DKIF\0\0",
    b"nut/multimedia container\0",
    b"YUV4MPEG2 ",
    bytes.fromhex("b7d800203749da11a64e0007e95ead8d"),  # recorded television
)
# The first box of an mp4 or mov file, and whose kinds of "ftyp" are no films.
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"udta")
_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_OTHER_BRANDS = (*_PICTURES, b"crx ", b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ")
_ASF = bytes.fromhex("3026b2758e66cf11")
_ASF_PICTURES = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_OGG_PICTURES = (b"\x80theora", b"OVP80", b"\1video\0", b"BBCD", b"fishead")
_MXF = bytes.fromhex("060e2b34020501010d0102")
_TS_PACKETS = (188, 192, 204)  # bytes: broadcast, camcorder and Blu-ray, with checksum


def may_be_film(path):
    """Tells from the first bytes of a file whether it may be a film.

    A cheap look, without PyAV: it knows containers, not what is in them, so that an
    mp4 file with sound only passes.

    Args:
        path: of the file.

    Returns:
        bool; False also for what cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_LOOK)
    except OSError:
        return False
    kind, first, brand = data[:4], data[4:8], data[8:12]
    if data.startswith(_BEGINNINGS):
        return True
    if first in _BOXES:
        return first != b"ftyp" or brand not in _OTHER_BRANDS
    if kind == b"RIFF":
        return brand in (b"AVI ", b"CDXA")  # CDXA: from a video CD
    if data.startswith(_ASF):
        return _ASF_PICTURES in data
    if kind == b"OggS":
        return any(name in data for name in _OGG_PICTURES)
    return _MXF in data or _is_transport_stream(data)


def _is_transport_stream(data):
    """Whether packets follow each other, each with its sync byte 0x47 (13818-1)."""
    for length in _TS_PACKETS:
        for begin in range(length):
            syncs = data[begin::length]
            if len(syncs) >= 3 and syncs.count(0x47) == len(syncs):
                return True
    return False
