"""Photo in, photo out: predict small, enlarge ab, keep the full-size L."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from colorlib.colorize.hints import check_hints, hint_map
from colorlib.errors import HintError
from colorlib.images.picture import PAGED, Picture
from colorlib.images.resize import resize_plane, resize_rgb
from colorlib.lab import replace_ab, rgb8_to_lab, scale_L, unscale_ab
from colorlib.models.cards import models_with_hints, read_card

DEFAULT_MODEL = "flagship"  # takes hints, too
SIZES = (32, 2048)  # of the network's square: above, it takes 10 GB and more
STRIP = 256  # rows painted at a time


def load_network(path: str | Path, card: dict):
    """Builds the network of a card and fills in its weights.

    Args:
        path: of the weights.
        card: dict; both as `models.read_card` gives them.

    Returns:
        `keras.Model` from `(B, H, W, 1)`, L / 50 - 1, to `(B, H, W, 2)`, ab / 128, of
        colour classes their annealed mean. One that takes hints has a second input,
        see `models.build_hint_unet`.

    Raises:
        errors.WeightsError: if the weights are damaged.
    """
    # Here, not above: a network in place of Keras' own needs none of it.
    from colorlib.ab_bins import as_colorizer
    from colorlib.models.registry import build
    from colorlib.models.weights import load_weights

    network = build(card["network"], **card["options"])
    load_weights(network, path)
    return as_colorizer(network)


class Colorizer:
    """A trained network that colours photographs of any size.

    Args:
        model: a name from `models.available_models()`, or the path of a weights file
            with its card beside it.
        size: the network sees as many pixels as a square of this side has (of a very
            long picture fewer); None takes the card's.
        load: function of the path of the weights and the card that gives the network;
            another one than `load_network` may give what runs without Keras.

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if `size` is smaller than 32, or the model is of a translation.
        errors.WeightsError: if the weights are damaged.

    Example:
        >>> from colorlib.colorize import Colorizer
        >>> from colorlib.images import read_picture, write_picture
        >>> photo = read_picture("data/samples/old/nagasaki-boats.jpg")
        >>> coloured = Colorizer().colorize(photo)
        >>> coloured.rgb.shape == photo.rgb.shape
        True
        >>> write_picture("coloured.jpg", coloured).name
        'coloured.jpg'
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        size: int | None = None,
        load=load_network,
    ):
        path, card = read_card(model)
        if card.get("kind") == "translation":
            raise ValueError(
                f"{card['name']} translates pictures, it colours none: choose another."
            )
        self.size = int(card["inference_size"] if size is None else size)
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise ValueError(
                f"size must be {SIZES[0]} to {SIZES[1]} pixels, got {self.size}."
            )
        self.name = card["name"]
        self.multiple, self.gain = card["multiple"], card.get("gain", 1.0)
        self.network = load(path, card)
        self._compiled_for = {}  # whether hints are told: height and width
        self.likely_colors = card.get("likely_colors")  # see `suggest_colors`
        # What the colours depend on: a film goes on only if all of it is unchanged.
        parts = [card[entry] for entry in ("sha256", "network", "options")]
        parts += [self.multiple, self.size, self.gain, type(self.network).__name__]
        self.key = json.dumps(parts)

    @property
    def takes_hints(self) -> bool:
        """Whether the network can be told colours of some places."""
        return len(getattr(self.network, "inputs", ())) == 2

    @cached_property
    def _alone(self):
        """The network where nothing is told: the same colours for half of the work."""
        if not self.takes_hints:
            return self.network
        if hasattr(self.network, "without_hints"):  # one that runs without Keras
            return self.network.without_hints()
        from colorlib.models.hint_unet import without_hints

        return without_hints(self.network)

    def predict_ab(self, rgb: np.ndarray) -> np.ndarray:
        """Predicts the colours that `colorize` gives a picture, at its full size.

        Args:
            rgb: uint8 array `(H, W, 3)`, any size; only its L* is used.

        Returns:
            float32 array `(H, W, 2)`, a* and b* in CIE units.
        """
        ab = self.predict_small(self.network_input(rgb)[None])[0]  # (h, w, 2)
        return _enlarge(ab, *rgb.shape[:2])

    def colorize(
        self,
        picture: Picture,
        strength: float = 1.0,
        smoother=None,
        hints: list | tuple = (),
    ) -> Picture:
        """Colours a picture; its lightness stays as it is.

        Args:
            picture: an `images.Picture`; its own colours, if any, are replaced.
            strength: factor of the predicted ab: 0 is grey, 1 what the model is for.
            smoother: a new `video.TemporalSmoother` for the frames of an animation, or
                None: every frame for itself.
            hints: list of `hints.Hint`s or `(x, y, rgb)`: the colour, three levels of
                sRGB, of the place x pixels from the left and y from above, without a
                time. They count for every frame of an animation, and for the first page
                of a document.

        Returns:
            A `Picture` of the same size, with the same alpha and metadata. Frames of
            an animation are coloured one by one.

        Raises:
            ValueError: if `strength` is not in [0, 3].
            errors.HintError: if a hint lies outside the picture, is no colour or has a
                time, or the model takes no hints.
        """
        if not 0.0 <= strength <= 3.0:
            raise ValueError(f"strength must be in [0, 3], got {strength:g}.")
        L = self.network_input(picture.rgb)
        drawn = None
        if hints:
            if any(getattr(hint, "time", 0) for hint in hints):
                raise HintError("a hint with a time is for films; leave the time out.")
            drawn = self.draw_hints(hints, picture.rgb.shape[:2], L.shape)[None]
        ab = self.predict_small(L[None], hints=drawn)[0]
        if smoother:
            ab = smoother(L, ab)
        rgb = self.apply_ab(picture.rgb, ab * strength)
        kind, info, notes = picture.format, picture.info, picture.notes
        of_frames = () if kind in PAGED else hints
        frames = [
            self.colorize(frame, strength, smoother, of_frames)
            for frame in picture.frames
        ]
        return Picture(rgb, picture.alpha, kind, info, frames, notes)

    def network_input(self, rgb: np.ndarray) -> np.ndarray:
        """What the network sees of a picture.

        Args:
            rgb: uint8 array `(H, W, 3)`.

        Returns:
            float32 array `(h, w)`: L* in [0, 100], at the network's size.
        """
        return rgb8_to_lab(resize_rgb(rgb, *self._network_size(*rgb.shape[:2])))[..., 0]

    def draw_hints(self, hints: list | tuple, size: tuple, seen: tuple) -> np.ndarray:
        """Draws hints as the map that `predict_small` takes.

        Args:
            hints: as for `colorize`, perhaps none.
            size: height and width of the picture that their places are in.
            seen: height and width of what the network sees of it.

        Returns:
            float32 array `(*seen, 3)`: ab / 128 and the mask, 0 where nothing is given.

        Raises:
            errors.HintError: if a hint lies outside or is no colour, or the model takes
                no hints.
        """
        self.check_takes_hints()
        return hint_map(check_hints(hints, *size), size, seen)

    def check_takes_hints(self):
        """Raises `errors.HintError` if the model takes no hints."""
        if not self.takes_hints:
            others = ", ".join(models_with_hints()) or "none of those shipped"
            raise HintError(
                f"the model {self.name} takes no hints; those that do: {others}."
            )

    def predict_small(
        self,
        L: np.ndarray,
        compiled: bool = False,
        hints: np.ndarray | None = None,
    ) -> np.ndarray:
        """Predicts the colours of pictures of one size, as small as they are seen.

        Args:
            L: float array `(B, h, w)` from `network_input`.
            compiled: for the many frames of a film: the network is compiled for their
                size first, which takes seconds, and then takes a third of the time.
            hints: float32 array `(B, h, w, 3)` of maps from `draw_hints`, or None.

        Returns:
            float32 array `(B, h, w, 2)`, a* and b* in CIE units.

        Raises:
            errors.HintError: if there are hints and the model takes none.
        """
        seen = scale_L(np.clip(L, 0.0, 100.0).astype("float32"))[..., None]
        if hints is None:
            network = self._alone
        else:
            self.check_takes_hints()
            network = self.network
            # Less by the gain, by which the given colour then grows, too.
            seen = [seen, hints / np.array([self.gain, self.gain, 1.0], "float32")]
        # Not compiled, a direct call: pictures have all sizes.
        run = network
        if compiled:
            run = network.predict_on_batch
            size, told = L.shape[1:], hints is not None
            if self._compiled_for.get(told, size) != size:
                # A film of another size. Keras would go on with one function for all
                # sizes, and its UpSampling2D cannot be compiled so.
                anew = getattr(network, "make_predict_function", None)
                if anew:
                    anew(force=True)
            self._compiled_for[told] = size
        ab = run(seen)
        if not isinstance(ab, np.ndarray):
            from keras import ops

            ab = ops.convert_to_numpy(ab)
        return unscale_ab(ab) * self.gain

    def apply_ab(self, rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """Gives a picture these colours; its lightness stays as it is.

        Args:
            rgb: uint8 array `(H, W, 3)`.
            ab: float array `(h, w, 2)`, a* and b* in CIE units, of any size.

        Returns:
            uint8 array `(H, W, 3)`.
        """
        height, width = rgb.shape[:2]
        painted = np.empty_like(rgb)
        # In strips: the ab of 100 megapixels alone would take 800 MB.
        for top in range(0, height, STRIP):
            rows = slice(top, min(top + STRIP, height))
            painted[rows] = replace_ab(rgb[rows], _enlarge(ab, height, width, rows))
        return painted

    def _network_size(self, height, width):
        """Height and width for the network: near its size, multiples of its stride."""
        scale = self.size / (height * width) ** 0.5
        scale = min(scale, 4 * self.size / max(height, width)) / self.multiple
        return [max(1, round(side * scale)) * self.multiple for side in (height, width)]


def _enlarge(ab, height, width, rows=slice(None)):
    """Enlarges ab `(h, w, 2)` to `height` x `width`, or to these rows of it."""
    planes = [resize_plane(ab[..., c], height, width, rows) for c in (0, 1)]
    return np.stack(planes, axis=-1)
