"""What the web page does with an uploaded file; nothing of the page itself."""

import contextlib
import os
import tempfile
import threading
import time
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorlib.colorize.colorizer import Colorizer
from colorlib.colorize.files import before_after
from colorlib.colorize.hints import check_hints, map_place
from colorlib.colorize.suggestions import suggest_colors
from colorlib.errors import PictureError
from colorlib.images.picture import Picture, ending_for
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_rgb
from colorlib.images.restoration import restore
from colorlib.images.write import EXTENSIONS, format_for, write_picture
from colorlib.models.cards import available_models, read_card
from colorlib.utils.paths import DATA

MAX_MEGAPIXELS = 50  # a picture, all its frames together
MAX_FRAMES = 100  # of an animation: half a minute on two CPU cores
KEEP = 3600  # seconds until uploads and results are deleted
PREVIEW = 1024  # pixels of the longest side while hints are given
REMEMBERED = 16  # photographs whose previews are ready at once
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
    """A coloured photograph, and how it was made.

    Attributes:
        name: of the original.
        before: a small picture of it to look at.
        after: the same of the result.
        file: the result.
        source: the original.
        settings: model, strength and whether the contrast was restored.
        hints: tuple of `Hint`s that it follows.
        takes_hints: whether it could follow any.
        damage: what of the photograph is missing, in words; "" for a whole one.
    """

    name: str
    before: Path
    after: Path
    file: Path
    source: Path
    settings: tuple
    hints: tuple = ()
    takes_hints: bool = False
    damage: str = ""


@dataclass(frozen=True)
class _Seen:
    """What a hint needs of a photograph, so that only the network runs again."""

    size: tuple  # height and width
    L: np.ndarray  # (h, w), as the network sees it
    ab: np.ndarray  # (h, w, 2), predicted without hints
    preview: np.ndarray  # uint8 (H, W, 3)


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
        self._seen, self._seeing = OrderedDict(), threading.Lock()
        self.colorizer(self.models[0])

    def colorizer(self, model):
        """The `Colorizer` of a model, loaded once for all threads.

        Raises:
            ValueError: if it is not one of `models`.
        """
        if model not in self.models:
            raise ValueError(f"model must be one of {self.models}, got {model!r}.")
        with self._loading:
            if model not in self._loaded:
                self._loaded[model] = Colorizer(model)
            return self._loaded[model]

    def takes_hints(self, model):
        """Whether a model can be told colours of some places."""
        return self.colorizer(model).takes_hints

    def colorize(self, path, model, strength=1.0, contrast=False, hints=(), place=None):
        """Colours one file.

        Args:
            path: the file.
            model: one of `models`.
            strength: as for `Colorizer.colorize`.
            contrast: whether to restore the contrast first; see `restore`.
            hints: as for `Colorizer.colorize`.
            place: the folder of the result; None makes a new one.

        Returns:
            A `Result`; its file has the format and the size of the original. What was
            cut off in copying is coloured as far as it is there.

        Raises:
            PictureError: if it cannot be read or written, or has more than
                `MAX_FRAMES` frames; the message does not say where the file lies.
            ValueError: if `model`, `strength` or a hint is none of those possible.
        """
        path, colorizer = Path(path), self.colorizer(model)
        try:
            place = Path(place or tempfile.mkdtemp(dir=self.folder))
            picture = self._read(path)
            ready = restore(picture) if contrast else picture
            colored = colorizer.colorize(ready, strength, hints=hints)
            file = place / f"{path.stem}-colour{_ending(path, picture)}"
            write_picture(file, colored)
            pair = before_after(picture, colored).rgb  # (h, w + 8 + w, 3)
            width = (pair.shape[1] - 8) // 2
            for name, rgb in (("before", pair[:, :width]), ("after", pair[:, -width:])):
                write_picture(place / f"{name}.jpg", Picture(rgb), quality=90)
        except PictureError as error:
            raise _without_folders(error, path.parent, place) from None
        except OSError as error:
            raise _not_stored(path.name, error) from None
        shown = place / "before.jpg", place / "after.jpg"
        settings = model, strength, contrast
        more = tuple(hints), colorizer.takes_hints, picture.damage
        return Result(path.name, *shown, file, path, settings, *more)

    def preview(self, result, hints):
        """Colours a photograph again with other hints, small and quickly.

        Args:
            result: its `Result`, of a model that takes hints.
            hints: list of `Hint`s.

        Returns:
            uint8 array `(H, W, 3)`, at most `PREVIEW` pixels high and wide.

        Raises:
            ValueError: if a hint lies outside.
            PictureError: if the original is not there any more.
        """
        seen, (model, strength, _) = self._see(result), result.settings
        colorizer, ab = self.colorizer(model), seen.ab
        if hints:
            drawn = colorizer.draw_hints(hints, seen.size, seen.L.shape)
            ab = colorizer.predict_small(seen.L[None], hints=drawn[None])[0]
        return colorizer.apply_ab(seen.preview, ab * strength)

    def suggest(self, result, x, y):
        """Suggests colours for a place of a photograph.

        Args:
            result: its `Result`, of a model that takes hints.
            x: of the place, in pixels of the photograph.
            y: the same from above.

        Returns:
            List of `#rrggbb`; see `suggest_colors`. Without a table of likely colours
            in the model's card an empty one.

        Raises:
            ValueError: if the place lies outside.
            PictureError: if the original is not there any more.
        """
        seen = self._see(result)
        check_hints([(x, y, (0, 0, 0))], *seen.size)
        table = self.colorizer(result.settings[0]).likely_colors
        place = map_place(x, y, seen.size, seen.L.shape)
        return suggest_colors(table, seen.L[place], seen.ab[place]) if table else []

    def size(self, result):
        """Height and width of a photograph whose model takes hints, in pixels."""
        return self._see(result).size

    def _see(self, result):
        """The `_Seen` of a photograph; read now, unless it is one of the last few."""
        model, _, contrast = result.settings
        key = result.source, model, contrast
        with self._seeing:
            if key in self._seen:
                self._seen.move_to_end(key)
                return self._seen[key]
        try:
            picture = self._read(result.source)
        except PictureError as error:
            raise _without_folders(error, result.source.parent) from None
        rgb = (restore(picture) if contrast else picture).rgb
        colorizer = self.colorizer(model)
        size = rgb.shape[:2]
        scale = min(1.0, PREVIEW / max(size))
        preview = resize_rgb(rgb, *(max(1, round(side * scale)) for side in size))
        L = colorizer.network_input(rgb)
        seen = _Seen(size, L, colorizer.predict_small(L[None])[0], preview)
        with self._seeing:
            self._seen[key] = seen
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return seen

    def _read(self, path):
        limits = self.max_pixels, MAX_FRAMES
        return read_picture(path, True, *limits, fill_missing=True)

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


def _without_folders(error, *folders):
    """A `PictureError` that does not say where files lie."""
    said = str(error)
    for folder in folders:
        said = said.replace(f"{folder}{os.sep}", "")
    return PictureError(said)


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
