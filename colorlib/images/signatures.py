"""What a picture file is, told by its content; its name is only a hint."""

import os
import re
import stat
import struct
from pathlib import Path

HEAD = 4096  # bytes that tell what a file is
# Kinds as Pillow names them, and two of our own: RAW (of a camera) and PDF.
_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JXL",
    b"\xff\x0a": "JXL",
    b"8BPS\0\x01": "PSD",
    b"8BPS\0\x02": "PSD",  # PSB
    b"qoif": "QOI",
    b"icns": "ICNS",
    b"\x59\xa6\x6a\x95": "SUN",
    b"\xb1\x68\xde\x3a": "DCX",
    b"FUJIFILMCCD-RAW": "RAW",
    b"FOVb": "RAW",
    b"\0MRM": "RAW",
    b"IIU\0": "RAW",
    b"IIRO": "RAW",
    b"IIRS": "RAW",
    b"MMOR": "RAW",
    b"II\x1a\0\0\0HEAPCCDR": "RAW",
}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "RAW"}
_BRANDS |= dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIF")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NETPBM = re.compile(rb"P[1-6]\s+(#[^\n]*\s+)*\d+\s|P[fF]\s+\d+\s+\d+\s+-?[\d.]+\s")
_RAW_ENDINGS = (
    *(".dng", ".nef", ".nrw", ".cr2", ".arw", ".sr2", ".srf", ".pef", ".srw"),
    *(".3fr", ".fff", ".iiq", ".mef", ".mos", ".erf", ".kdc", ".dcr"),
)
_PCX_CODINGS = (b"\x01\x01", b"\x01\x02", b"\x01\x04", b"\x01\x08")
_TGA_ENDINGS = (".tga", ".icb", ".vda", ".vst")
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"
# What else people take for a picture.
_OTHERS = {
    b"%!PS": "a PostScript drawing",
    b"\xc5\xd0\xd3\xc6": "a PostScript drawing",
    b"PK\3\4": "a zip archive or office document",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"{\\rtf": "an office document",
    b"ID3": "sound",
    b"fLaC": "sound",
    b"\x76\x2f\x31\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance picture",
}
# TIFF tags
_SUBFILE, _MAKE, _SUB_IFDS, _DNG_VERSION = 254, 271, 330, 50706


def kind_of_file(path):
    """What kind of picture the file at a path is, as `picture_kind`; None if unread."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe waits for ever
            return None
        with open(path, "rb") as file:
            return picture_kind(file, Path(path).suffix)
    except OSError:
        return None


def picture_kind(file, ending=""):
    """Tells what kind of picture a file holds.

    Args:
        file: an open binary file; it stands at its beginning again afterwards.
        ending: of its name, such as ".tga"; it decides only where the content cannot.

    Returns:
        str: a format of Pillow ("JPEG", "TIFF", ...), "RAW" for a camera's raw data,
        "PDF", or None for what is no picture.
    """
    file.seek(0)
    head = file.read(HEAD)
    try:
        return _kind(file, head, ending.lower())
    finally:
        file.seek(0)


def other_kind(head):
    """What a file is that is no picture, in words by its first bytes; "" if unknown."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = next((what for start, what in _OTHERS.items() if head.startswith(start)), "")
    if head[128:132] == b"DICM":
        what = "a medical picture (DICOM)"
    elif head[4:8] == b"ftyp":
        what = "a film or sound"
    elif b"<svg" in text[:1000]:
        what = "a drawing (SVG)"
    elif text.startswith((b"<!doctype html", b"<html")):
        what = "a web page"
    elif not what and not head.strip(b"\0"):
        what = "zeros only"
    return what


def _kind(file, head, ending):
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    if head.startswith(_TIFF):
        return "RAW" if _is_raw(file, head, ending) else "TIFF"
    if b"%PDF-" in head[:1024]:
        return "PDF"
    if _NETPBM.match(head):
        return "PPM"
    if len(head) < 18:
        return None
    if head[:2] == b"BM" and head[14] in (12, 16, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if head[:3] == b"\0\0\x01" and head[3] == 0 and 0 < head[4] < 65 and not head[9]:
        return "ICO"
    if head[:3] == b"\0\0\x02" and head[3] == 0 and 0 < head[4] < 65 and not head[9]:
        return "CUR"
    if head[:2] == b"\x01\xda" and head[2] < 2 and head[3] in (1, 2):
        return "SGI"
    if head[0] == 10 and head[1] in (0, 2, 3, 5) and head[2:4] in _PCX_CODINGS:
        return "PCX"
    if head[2048:2052] == b"PCD_":
        return "PCD"
    return "TGA" if _is_tga(file, head, ending) else None


def _kind_of_brands(head):
    size = min(max(int.from_bytes(head[:4], "big"), 16), len(head))
    brands = [head[8:12]] + [head[i : i + 4] for i in range(16, size, 4)]
    if brands[0] not in _BRANDS:  # a film may say further back that it has a cover
        return None
    kinds = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return "AVIF" if "AVIF" in kinds else kinds[0]


def _is_raw(file, head, ending):
    """Whether a TIFF is what a camera's sensor saw, with a small picture in front."""
    if head[8:10] == b"CR":
        return True
    tags = _first_tags(file, head)
    small = (tags.get(_SUBFILE) or 0) & 1
    return _DNG_VERSION in tags or (
        _MAKE in tags and (ending in _RAW_ENDINGS or (small and _SUB_IFDS in tags))
    )


def _first_tags(file, head):
    """Tags of a TIFF's first directory: number to value, right for single integers."""
    order = "<" if head[:1] == b"I" else ">"
    if head[2:4] not in (b"*\0", b"\0*") or len(head) < 8:
        return {}
    file.seek(struct.unpack(f"{order}I", head[4:8])[0])
    count = int.from_bytes(file.read(2), "little" if order == "<" else "big")
    table, tags = file.read(12 * count), {}
    for i in range(0, len(table) - 11, 12):
        tag, kind = struct.unpack(f"{order}HH", table[i : i + 4])
        form = f"{order}H" if kind == 3 else f"{order}I"
        tags[tag] = struct.unpack_from(form, table, i + 8)[0]
    return tags


def _is_tga(file, head, ending):
    """Whether it is a TGA: only its second version has a signature, at the end."""
    width, height, depth = struct.unpack("<HHB", head[12:17])
    plausible = (
        head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and width * height > 0
        and depth in (8, 15, 16, 24, 32)
    )
    if not plausible or ending in _TGA_ENDINGS:
        return plausible
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - len(_TGA_FOOTER)))
    return file.read() == _TGA_FOOTER
