"""Pictures of another size."""

from pathlib import Path

import numpy as np
from PIL import Image

from colorlib.images.read import read_picture


def resize_rgb(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes a uint8 picture `(H, W, 3)` to `(height, width, 3)`, antialiased."""
    image = Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def resize_plane(
    plane: np.ndarray, height: int, width: int, rows: slice = slice(None)
) -> np.ndarray:
    """Resizes a float picture `(H, W)` to float32 `(height, width)`, bicubic.

    With `rows`, only these rows of the result are computed; the same to 0.001.
    """
    image = Image.fromarray(np.asarray(plane, "float32"))
    first, end, _ = rows.indices(height)
    scale = image.height / height
    box = (0, first * scale, image.width, min(end * scale, image.height))
    size = (int(width), end - first)
    return np.array(image.resize(size, Image.Resampling.BICUBIC, box), "float32")


def square_thumbnail(source: str | Path | bytes, size: int) -> np.ndarray:
    """Reads a picture and cuts its middle square, at `size` x `size` pixels.

    Args:
        source: as for `read_picture`.
        size: side of the result in pixels.

    Returns:
        uint8 array `(size, size, 3)`. A picture smaller than `size` is enlarged.

    Raises:
        PictureError: as `read_picture`.
    """
    rgb = read_picture(source).rgb
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize_rgb(rgb[top : top + side, left : left + side], size, size)
