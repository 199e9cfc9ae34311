"""One picture: read, resized, restored and written."""

from colorlib.images.picture import Picture
from colorlib.images.read import MAX_PIXELS, read_picture
from colorlib.images.resize import resize_plane, resize_rgb, square_thumbnail
from colorlib.images.write import EXTENSIONS, format_for, write_picture

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
