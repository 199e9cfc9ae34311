"""Batches for `model.fit`, the same on every run and backend."""

import keras
import numpy as np

from colorlib.data.hints import sample_hints
from colorlib.data.pairs import scale
from colorlib.images.resize import resize_rgb
from colorlib.lab import rgb8_to_lab, scale_ab, scale_L


class Batches(keras.utils.PyDataset):
    """Batches `(L, ab)` cut from pictures, in an order fixed by seed and epoch.

    Epoch `e` shuffles, crops and mirrors with the random numbers of `(seed, e)`
    alone, so training that resumes at epoch `e` sees what it would have seen.

    Args:
        rgb: uint8 array `(N, S, S, 3)`, sRGB.
        batch_size: pictures in a batch. In training the last, smaller batch of an
            epoch is left out (its pictures come in other epochs).
        training: whether to shuffle, crop at random and mirror.
        crop: side of the crops in pixels, or None for the whole picture. The middle
            is cut where `training` is False.
        seed: of the random numbers.
        epoch: the epoch to begin with.
        steps: batches in an epoch of training, or None for as many as there are
            pictures for. An epoch of fewer sees a random part of the pictures.
        zoom: whether training crops are of any side from `crop` to the picture's, and
            shrunk to `crop`; or the smallest side itself, smaller ones being enlarged.
        weights: N numbers above 0, how often a picture is drawn beside the others; an
            epoch may then draw one several times. None draws each once.
        hints: whether L comes with a map of colour hints, see `hints.sample_hints`; in
            validation each picture has the same ones every time.

    Raises:
        ValueError: if there are fewer pictures than one batch or than `steps` batches,
            the crop is larger than the pictures, or the weights do not fit them.
    """

    def __init__(
        self,
        rgb: np.ndarray,
        batch_size: int = 32,
        training: bool = True,
        crop: int | None = None,
        seed: int = 0,
        epoch: int = 0,
        steps: int | None = None,
        zoom: bool | int = False,
        hints: bool = False,
        weights: np.ndarray | None = None,
    ):
        super().__init__()
        size = rgb.shape[1]
        if len(rgb) < (batch_size if training else 1):
            raise ValueError(
                f"{len(rgb)} pictures do not fill one batch of {batch_size}."
            )
        if crop is not None and crop > size:
            raise ValueError(f"a crop of {crop} does not fit into {size} pixels.")
        self.rgb, self.batch_size, self.training = rgb, batch_size, training
        self.crop, self.seed, self.hints = crop or size, seed, hints
        self.smallest = self.crop if zoom is True else zoom or None
        if self.smallest is not None and not 1 <= self.smallest <= size:
            raise ValueError(
                f"the smallest crop must be 1 to {size} pixels, got {zoom}."
            )
        self.steps = len(rgb) // batch_size if training else -(-len(rgb) // batch_size)
        if training and steps is not None:
            if not 1 <= steps <= self.steps:
                raise ValueError(
                    f"steps must be in 1 to {self.steps}, for which there are "
                    f"pictures, got {steps}."
                )
            self.steps = steps
        self.chances = None
        if weights is not None:
            weights = np.asarray(weights, "float64")
            if weights.shape != (len(rgb),) or not (weights > 0).all():
                raise ValueError(
                    f"weights must be {len(rgb)} numbers above 0, one a picture, got "
                    f"an array of shape {weights.shape}."
                )
            self.chances = weights / weights.sum()
        self.start_at(epoch)

    def __len__(self):
        """Number of batches left of the epoch that comes next."""
        return self.steps - self.first

    def __getitem__(self, index):
        """Batch `index`: float32 `(B, S, S, 1)` L / 50 - 1, `(B, S, S, 2)` ab / 128.

        With hints, (L, hints `(B, S, S, 3)`) stands in the place of L.
        """
        lab = rgb8_to_lab(self.cut(self.rgb, index))
        L, ab = scale_L(lab[..., :1]), scale_ab(lab[..., 1:])
        if not self.hints:
            return L, ab
        epoch = self.epoch if self.training else 0
        random = np.random.default_rng([self.seed, epoch, 1 + self.first + index])
        return (L, np.stack([sample_hints(picture, random) for picture in ab])), ab

    def cut(self, pictures, index):
        """Cuts batch `index` out of pictures, and mirrors it.

        Args:
            pictures: uint8 array `(N, S, S, C)`: `rgb`, or others of its size.
            index: number of the batch among those left of the epoch.

        Returns:
            uint8 array `(B, crop, crop, C)`.
        """
        index += self.first
        chosen = slice(index * self.batch_size, (index + 1) * self.batch_size)
        pieces = []
        for i, side, top, left, mirror in zip(
            self.order[chosen], *(column[chosen] for column in self.jitter)
        ):
            piece = pictures[i, top : top + side, left : left + side]
            if side != self.crop:
                piece = resize_rgb(piece, self.crop, self.crop)
            pieces.append(piece[:, ::-1] if mirror else piece)
        return np.stack(pieces)

    def on_epoch_end(self):
        """Draws the next epoch's order, crops and mirroring; Keras calls it."""
        self.start_at(self.epoch + 1)

    def start_at(self, epoch: int, first: int = 0) -> None:
        """Makes `epoch` the one that comes next, from its batch `first` on."""
        self.epoch, self.first = epoch, first
        count, room = len(self.rgb), self.rgb.shape[1] - self.crop
        if not self.training:
            self.order = np.arange(count)
            middle = np.full(count, room // 2)
            sides = np.full(count, self.crop)
            self.jitter = (sides, middle, middle, np.zeros(count, bool))
            return
        random = np.random.default_rng([self.seed, epoch])
        self.order = random.permutation(count)
        if self.chances is not None:
            self.order = random.choice(count, count, p=self.chances)
        sides = np.full(count, self.crop)
        if self.smallest is not None:
            sides = random.integers(self.smallest, self.rgb.shape[1] + 1, count)
            room = self.rgb.shape[1] - sides
        self.jitter = (
            sides,
            random.integers(0, room + 1, count),
            random.integers(0, room + 1, count),
            random.random(count) < 0.5,
        )


class PairBatches(Batches):
    """Batches `(input, target)` of pairs, cut and mirrored together.

    Args:
        pairs: `data.pairs.Pairs` of side S.
        *arguments: as for `Batches`; not `zoom`.
        **options: as for `Batches`.
    """

    def __init__(self, pairs, *arguments, **options):
        super().__init__(pairs.targets, *arguments, **options)
        self.inputs = pairs.inputs

    def __getitem__(self, index):
        """Batch `index`: two float32 arrays `(B, crop, crop, C)` in [-1, 1]."""
        return scale(self.cut(self.inputs, index)), scale(self.cut(self.rgb, index))
