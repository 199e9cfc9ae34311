"""Draws data/gallery.jpg, the README's picture, with the weights that are shipped.

Run from the repository: `python .ci/gallery.py`.
"""

import sys
from pathlib import Path

from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.colorize.colorizer import Colorizer  # noqa: E402
from colorlib.images.picture import Picture  # noqa: E402
from colorlib.images.read import read_picture  # noqa: E402
from colorlib.lab import lab_to_rgb8, rgb8_to_lab  # noqa: E402

HEIGHT, GAP = 250, 6
ROWS = [
    ("dust-bowl-home.jpg", "nagasaki-boats.jpg"),
    ("alpine-landscape.jpg", "portrait"),
]


def read(name):
    """A photograph of `samples/old`, or the portrait, made grey.

    That is NASA's of Eileen Collins (public domain), which scikit-image brings along.
    """
    if name != "portrait":
        return read_picture(ROOT / "data" / "samples" / "old" / name)
    lab = rgb8_to_lab(data.astronaut())
    lab[..., 1:] = 0
    return Picture(lab_to_rgb8(lab.astype("float32")))


def main():
    """Colours the photographs and lays them out as pairs, before and after."""
    colorizer = Colorizer()
    strips = []
    for row in ROWS:
        pictures = []
        for name in row:
            photo = read(name)
            for rgb in (photo.rgb, colorizer.colorize(photo).rgb):
                image = Image.fromarray(rgb)
                width = round(image.width * HEIGHT / image.height)
                pictures.append(image.resize((width, HEIGHT), Image.LANCZOS))
        strips.append(pictures)
    width = max(sum(p.width + GAP for p in strip) for strip in strips) - GAP
    height = len(strips) * (HEIGHT + GAP) - GAP
    page = Image.new("RGB", (width, height), "white")
    for i, strip in enumerate(strips):
        left = (width - sum(p.width + GAP for p in strip) + GAP) // 2
        for picture in strip:
            page.paste(picture, (left, i * (HEIGHT + GAP)))
            left += picture.width + GAP
    page.thumbnail((1200, 1200))
    page.save(ROOT / "data" / "gallery.jpg", quality=88)


if __name__ == "__main__":
    main()
