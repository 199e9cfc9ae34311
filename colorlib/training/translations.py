"""The settings of the translations: the pix2pix paper's tasks beside colorization."""

from dataclasses import dataclass, replace

from colorlib.training.recipes import GanSettings


@dataclass(frozen=True)
class Translation:
    """How one pix2pix is trained to translate pictures.

    Attributes:
        title: one line for people.
        data: as `name` of `data.pairs.load_pairs`.
        epochs: passes over the training part.
        reverse: whether input and target are exchanged.
        photos: the photographs of "edges".
        size: side in pixels of what the networks see, a power of two.
        jitter: side of the loaded pictures over `size`; random squares of `size` are
            cut from them in training, mirrored or not. The paper's 286 / 256.
        width: channels of the generator's first layer.
        norm: "batch" or "instance", see `models.build_unet`.
        momentum: of the generator's BatchNorm. With the paper's 0.9 and small batches
            the validation error jumps by a factor of three between epochs.
        batch_size: pairs a step.
        steps_per_epoch: batches in an epoch, or None for all pairs.
        learning_rate: of Adam with beta_1 0.5: constant for half of the steps, then
            falling evenly to 0.
        adversarial: the discriminator and the weights of the losses.
        limit: pairs for training and validation together, and for the test, or None.
        seed: of weights, order, crops and dropout.
    """

    title: str
    data: str
    epochs: int
    reverse: bool = False
    photos: str = "samples"
    size: int = 128
    jitter: float = 286 / 256
    width: int = 24
    norm: str = "batch"
    momentum: float = 0.99
    batch_size: int = 4
    steps_per_epoch: int | None = None
    learning_rate: float = 2e-4
    adversarial: GanSettings = GanSettings(pretrain_epochs=10, width=24)
    limit: int | None = None
    seed: int = 0


TRANSLATIONS = {
    "aerial_to_map": Translation("Aerial photo to map, 128 px", "maps", 70),
    "map_to_aerial": Translation("Map to aerial photo, 128 px", "maps", 70, True),
    "facades": Translation("Labels to facade, 128 px", "facades", 40, True),
    "edges_to_flowers": Translation(
        "Edges to flowers, 128 px",
        "edges",
        30,
        photos="flowers",
        steps_per_epoch=80,
    ),
}


def smoke_translation(translation):
    """The same translation in miniature, for FAST lessons and tests.

    Args:
        translation: a `Translation`.

    Returns:
        A `Translation`: edges of the bundled samples at 32 px, narrow networks, two
        short epochs.
    """
    return replace(
        translation,
        data="edges",
        photos="samples",
        reverse=False,
        size=32,
        width=8,
        epochs=2,
        steps_per_epoch=4,
        limit=24,
        adversarial=replace(translation.adversarial, pretrain_epochs=1, width=8),
    )
