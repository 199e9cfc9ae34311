"""One picture: read, resized, restored and written."""

from colorlib.images.io import (
    EXTENSIONS,
    MAX_PIXELS,
    Picture,
    format_for,
    read_picture,
    write_picture,
)
from colorlib.images.resize import resize_plane, resize_rgb, square_thumbnail

__all__ = [
    "EXTENSIONS",
    "MAX_PIXELS",
    "Picture",
    "format_for",
    "read_picture",
    "resize_plane",
    "resize_rgb",
    "square_thumbnail",
    "write_picture",
]
