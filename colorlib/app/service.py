"""What the web page does with an uploaded file; nothing of the page itself."""

import contextlib
import os
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from colorlib.colorize.colorizer import Colorizer
from colorlib.colorize.files import before_after
from colorlib.errors import PictureError
from colorlib.images.io import (
    EXTENSIONS,
    Picture,
    ending_for,
    format_for,
    read_picture,
    write_picture,
)
from colorlib.images.restoration import restore
from colorlib.models.cards import available_models, read_card
from colorlib.utils.paths import DATA

MAX_MEGAPIXELS = 50  # a picture, all its frames together
MAX_FRAMES = 100  # of an animation: half a minute on two CPU cores
KEEP = 3600  # seconds until uploads and results are deleted
# What the models are for; one that is missing here is called by its card's title.
PURPOSES = {
    "flagship": "Any photograph",
    "general": "Any photograph, paler",
    "mixed": "Any photograph, bolder",
    "landscape2": "Landscapes",
    "flower2": "Flowers",
    "comics_gan": "Comics, bolder",
    "comics_mse": "Comics, paler",
    "landscape": "Small landscapes",
    "flower": "Small flowers",
    "dog": "Tiny dogs",
    "airplane": "Tiny airplanes",
    "car": "Tiny cars",
    "ship": "Tiny ships",
    "multiclass": "Tiny things",
}
_EXAMPLE = DATA / "samples" / "old" / "nagasaki-boats.jpg"


@dataclass(frozen=True)
class Result:
    """A coloured photograph: its name, two small pictures to look at, and the file.

    `damage` says in words what of the photograph is missing; "" for a whole one.
    """

    name: str
    before: Path
    after: Path
    file: Path
    damage: str = ""


class ColorizeService:
    """Colours uploaded files, for everybody who has the page open.

    Args:
        folder: where results go.
        max_megapixels: larger pictures are refused.
        models: names of shipped models, or paths of weights files; None stands for
            all shipped ones. The first is loaded now, the others on demand.

    Raises:
        ValueError: if `max_megapixels` is none that can be counted.
        FileNotFoundError: if there is no such model.
        errors.WeightsError: if its weights are damaged.
    """

    def __init__(self, folder, max_megapixels=MAX_MEGAPIXELS, models=None):
        if not 0 < max_megapixels < float("inf"):
            raise ValueError(f"max_megapixels must be finite, got {max_megapixels!r}.")
        self.folder = Path(folder)
        self.max_pixels = round(max_megapixels * 1e6)
        self.models = [str(model) for model in models or _shipped()]
        self._loaded, self._loading = {}, threading.Lock()
        self.colorizer(self.models[0])

    def colorizer(self, model):
        """The `Colorizer` of a model, loaded once for all threads."""
        with self._loading:
            if model not in self._loaded:
                self._loaded[model] = Colorizer(model)
            return self._loaded[model]

    def colorize(self, path, model, strength=1.0, contrast=False, place=None):
        """Colours one file.

        Args:
            path: the file.
            model: one of `models`.
            strength: as for `Colorizer.colorize`.
            contrast: whether to restore the contrast first; see `restore`.
            place: the folder of the result; None makes a new one.

        Returns:
            A `Result`; its file has the format and the size of the original. What was
            cut off in copying is coloured as far as it is there.

        Raises:
            PictureError: if it cannot be read or written, or has more than
                `MAX_FRAMES` frames; the message does not say where the file lies.
            ValueError: if `model` or `strength` is none of those possible.
        """
        if model not in self.models:
            raise ValueError(f"model must be one of {self.models}, got {model!r}.")
        path, colorizer = Path(path), self.colorizer(model)
        try:
            place = Path(place or tempfile.mkdtemp(dir=self.folder))
            limits = self.max_pixels, MAX_FRAMES
            picture = read_picture(path, True, *limits, fill_missing=True)
            ready = restore(picture) if contrast else picture
            colored = colorizer.colorize(ready, strength)
            file = place / f"{path.stem}-colour{_ending(path, picture)}"
            write_picture(file, colored)
            pair = before_after(picture, colored).rgb  # (h, w + 8 + w, 3)
            width = (pair.shape[1] - 8) // 2
            for name, rgb in (("before", pair[:, :width]), ("after", pair[:, -width:])):
                write_picture(place / f"{name}.jpg", Picture(rgb), quality=90)
        except PictureError as error:
            said = str(error)
            for folder in (path.parent, place):
                said = said.replace(f"{folder}{os.sep}", "")
            raise PictureError(said) from None
        except OSError as error:
            raise _not_stored(path.name, error) from None
        looked_at = place / "before.jpg", place / "after.jpg"
        return Result(path.name, *looked_at, file, picture.damage)

    def example(self):
        """The `Result` that the page begins with; it is not deleted by `sweep`."""
        place = self.folder / "example"
        place.mkdir(exist_ok=True)
        return self.colorize(_EXAMPLE, self.models[0], place=place)

    def pack(self, results):
        """Puts the files of several `Result`s into one zip; returns its path.

        Raises:
            PictureError: if it cannot be written.
        """
        try:
            path = Path(tempfile.mkdtemp(dir=self.folder)) / "photographs-in-colour.zip"
            with zipfile.ZipFile(path, "w") as file:  # stored: pictures are compressed
                for number, result in enumerate(results, start=1):
                    name = result.file.name
                    if name in file.namelist():
                        name = f"{result.file.stem}-{number}{result.file.suffix}"
                    file.write(result.file, name)
        except OSError as error:
            raise _not_stored("The zip of all", error) from None
        return path


def sweep(folder, age=KEEP):
    """Deletes what was written into a folder more than `age` seconds ago."""
    for path in Path(folder).rglob("*"):
        with contextlib.suppress(OSError):  # gone, or a folder that is not empty
            old = time.time() - path.stat().st_mtime > age
            if old and "example" not in path.relative_to(folder).parts[:1]:
                path.rmdir() if path.is_dir() else path.unlink()


def label(model):
    """What a model is called in the page."""
    purpose = PURPOSES.get(model) or read_card(model)[1]["title"]
    return f"{purpose} · {Path(model).stem}"


def _shipped():
    """The names of the shipped models that colour, the most useful first."""
    there = [n for n in available_models() if read_card(n)[1].get("kind") is None]
    return [n for n in PURPOSES if n in there] + [n for n in there if n not in PURPOSES]


def _not_stored(name, error):
    """What to say of a full disk and the like, without the names of folders."""
    return PictureError(
        f"{name}: the computer that runs this page cannot store the result "
        f"({error.strerror or type(error).__name__}). Try again later, or tell whoever "
        "runs the page."
    )


def _ending(path, picture):
    """The ending of the result's name: the original's, if it tells the truth."""
    true = ending_for(picture.format)
    if path.suffix.lower() in EXTENSIONS:
        with contextlib.suppress(PictureError):
            if format_for(path) == format_for(f"x{true}"):
                return path.suffix
    return true
