"""Recipes: the settings, and nothing but the settings, of every trained model."""

from dataclasses import dataclass, field, replace

TASKS = ("colorize", "pairs", "edges")


@dataclass(frozen=True)
class GanSettings:
    """The second half of a pix2pix recipe; see `gan.Pix2Pix`.

    Attributes:
        pretrain_epochs: epochs at the beginning with the L1 loss alone.
        l1_weight: of the L1 loss beside the adversarial one.
        d_steps: steps of the discriminator a step of the generator.
        kind: "bce" or "lsgan".
        patch: side in pixels of what one logit of the discriminator sees.
        width: channels of the discriminator's first layer.
    """

    pretrain_epochs: int = 0
    l1_weight: float = 100.0
    d_steps: int = 1
    kind: str = "bce"
    patch: int = 70
    width: int = 64


@dataclass(frozen=True)
class PerceptualSettings:
    """The second half of a perceptual recipe; see `training.Perceptual`.

    Attributes:
        weight: of LPIPS beside the L1 loss on ab / 128.
        taps: depths of VGG16 that are compared, 1 to 5.
        shrink: by what the pictures are shrunk before they are compared.
        pictures: how many of a batch are compared, or None for all.
    """

    weight: float = 1.5
    taps: int = 4
    shrink: int = 2
    pictures: int | None = None


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        title: one line for people.
        data: names of the data sets (or paths), joined in this order; one for `task`
            "pairs" or "edges".
        size: side of the loaded pictures in pixels.
        network: a name in `models.BUILDERS`.
        epochs: passes over the training part.
        categories: categories to keep, or None for all.
        limit: pictures of each data set, training and validation together, or None.
        crop: side of random crops in pixels, or None for the whole picture.
        loss: "mse" or "mae", on ab / 128; or "classes", see `classes`.
        optimizer: "adam", "adamw", or "pix2pix" for Adam with beta_1 0.5.
        learning_rate: the highest one.
        schedule: "constant", "cosine" (with a warm-up of 5 % of the steps), or "linear"
            (constant for half of the steps, then evenly to 0).
        batch_size: pictures a step.
        inference_size: side in pixels of the square that has as many of them as the
            network sees of a photo, or None for the training size.
        options: further arguments of the network's builder.
        seed: of weights, order, crops and dropout.
        steps_per_epoch: batches in an epoch, or None for all pictures.
        adversarial: None, or the settings of a pix2pix training; both
            networks then have their own optimizer, and `loss` has no effect.
        start_from: None, or the shipped weights (or the recipe trained before, or the
            path of others) of the same network, where the training starts.
        zoom: whether crops are of any side from `crop` to `size`, shrunk to `crop`; or
            the smallest side itself, smaller ones being enlarged.
        precision: Keras dtype policy; "mixed_bfloat16" halves the time of some
            machines. The weights are float32 in any case.
        perceptual: None, or the settings of a perceptual training; `loss` has then no
            effect.
        gain: factor of ab when photos are coloured; more than 1 makes up for a loss
            that prefers pale colours. It has no part in training and its figures.
        task: "colorize"; "pairs" to translate the inputs of a set of `load_pairs` to
            their targets; or "edges" to translate drawings of edges to the photographs
            of `data`, from which they are made.
        reverse: whether a translation goes from target to input.
        hints: whether random true colours are revealed, see `data.hints`; the network
            must take them.
        average: momentum of the running mean of the weights, which is then what is
            validated and stored, or None.
    """

    title: str
    data: tuple
    size: int
    network: str
    epochs: int
    categories: tuple | None = None
    limit: int | None = None
    crop: int | None = None
    loss: str = "mse"
    optimizer: str = "adam"
    learning_rate: float = 3e-4
    schedule: str = "constant"
    batch_size: int = 32
    inference_size: int | None = None
    options: dict = field(default_factory=dict)
    seed: int = 0
    steps_per_epoch: int | None = None
    adversarial: GanSettings | None = None
    start_from: str | None = None
    zoom: bool | int = False
    precision: str = "float32"
    perceptual: PerceptualSettings | None = None
    gain: float = 1.0
    task: str = "colorize"
    reverse: bool = False
    hints: bool = False
    average: float | None = None


_ANY_PHOTO = dict(
    data=("photos", "landscapes", "flowers", "dogs"),
    size=160,
    crop=128,
    zoom=True,
    network="mobilenet_unet",
    options={"train_encoder": True},
    batch_size=16,
    optimizer="adamw",
    learning_rate=2e-4,
    schedule="cosine",
    precision="mixed_bfloat16",
    inference_size=160,
)
# The same with more pictures, and with true colours revealed in half of them.
_ADVISED = _ANY_PHOTO | dict(
    data=("photos", "landscapes", "flowers", "dogs", "more"),
    zoom=96,
    network="hint_unet",
    options={"encoder": "mobilenet_v2"},
    batch_size=8,
    learning_rate=5e-4,
    precision="float32",
    hints=True,
    average=0.995,
)

RECIPES = {
    "dog": Recipe(
        "Dog: CIFAR-10 dogs at 32 px, the CNN of week 3, MSE",
        ("cifar10",),
        size=32,
        network="baseline_cnn",
        epochs=15,
        categories=("dog",),
    ),
    "landscape": Recipe(
        "Landscape: landscapes at 64 px, the CNN of week 3, MSE",
        ("landscapes",),
        size=64,
        network="baseline_cnn",
        epochs=12,
    ),
    "general": Recipe(
        "General: any photograph, U-Net on a frozen MobileNetV2, L1",
        ("photos", "landscapes", "flowers", "dogs"),
        size=144,
        crop=128,
        network="mobilenet_unet",
        epochs=10,
        loss="mae",
        optimizer="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        inference_size=160,
    ),
    "perceptual": Recipe(
        "Perceptual: `general` gone on, all of it learning, L1 and LPIPS",
        epochs=5,
        start_from="general",
        perceptual=PerceptualSettings(),
        gain=1.2,
        **_ANY_PHOTO,
    ),
    "flagship": Recipe(
        "Flagship: any photograph, `perceptual` gone on, LPIPS weighing more",
        epochs=6,
        start_from="perceptual",
        perceptual=PerceptualSettings(weight=2.5),
        gain=1.25,
        **_ANY_PHOTO,
    ),
    "hints": Recipe(
        "Hints: `flagship` gone on with more pictures, coloured alone or as told",
        epochs=2,
        start_from="flagship",
        perceptual=PerceptualSettings(weight=2.0, taps=3, pictures=2),
        gain=1.25,
        **_ADVISED,
    ),
    "tiny": Recipe(
        "Tiny: the bundled samples at 32 px, to try the machinery in seconds",
        ("samples",),
        size=32,
        network="baseline_cnn",
        epochs=2,
        batch_size=16,
        options={"filters": 8},
    ),
}

# The ladder: one network, the same pictures in the same order, one change a rung.
_RUNG = dict(
    data=("landscapes",),
    size=144,
    crop=128,
    network="unet",
    options={"size": 128, "width": 32},  # the paper's U-Net, half as wide
    epochs=20,
    steps_per_epoch=120,
    batch_size=8,
    optimizer="pix2pix",
    learning_rate=2e-4,
    schedule="linear",
)
_GAN = GanSettings(pretrain_epochs=5, l1_weight=200, width=32)
RECIPES |= {
    "ladder_l2": Recipe("Ladder, rung 1: pix2pix U-Net, L2", loss="mse", **_RUNG),
    "ladder_l1": Recipe("Ladder, rung 2: pix2pix U-Net, L1", loss="mae", **_RUNG),
    "ladder_classes": Recipe(
        "Ladder, rung 3: pix2pix U-Net, colour classes", loss="classes", **_RUNG
    ),
    "ladder_gan": Recipe(
        "Ladder, rung 4: pix2pix, L1 and a PatchGAN", adversarial=_GAN, **_RUNG
    ),
}
# Rungs 2 and 4 with the generator for quality: a U-Net on a pretrained encoder.
_QUALITY = _RUNG | dict(network="mobilenet_unet", options={})
RECIPES |= {
    "quality_l1": Recipe("MobileNet U-Net, L1", loss="mae", **_QUALITY),
    "quality_gan": Recipe(
        "MobileNet U-Net, L1 and a PatchGAN", adversarial=_GAN, **_QUALITY
    ),
}
# One or two steps of the discriminator a step of the generator, at 64 px.
_DUEL = _RUNG | dict(
    size=72, crop=64, options={"size": 64, "width": 32}, epochs=8, steps_per_epoch=100
)
for _d_steps in (1, 2):
    RECIPES[f"gan_{_d_steps}to1"] = Recipe(
        f"pix2pix at 64 px, D:G {_d_steps}:1",
        adversarial=replace(_GAN, pretrain_epochs=2, d_steps=_d_steps),
        **_DUEL,
    )

# The CNN family: one network, one kind of picture each, MSE.
_THINGS = {"ship": "ship", "airplane": "airplane", "car": "automobile"}
for _name, _label in _THINGS.items():
    RECIPES[_name] = replace(
        RECIPES["dog"],
        title=f"{_name.capitalize()}: as `dog`, half as wide",
        categories=(_label,),
        options={"filters": 16},
    )
RECIPES["multiclass"] = Recipe(
    "Multiclass: 10,000 pictures of CIFAR-100 at 32 px, the CNN of week 3, MSE",
    ("cifar100",),
    size=32,
    network="baseline_cnn",
    options={"filters": 16},
    limit=10_000,
    epochs=15,
)
RECIPES["multiclass_cifar10"] = replace(
    RECIPES["multiclass"],
    title="Multiclass: the same with CIFAR-10",
    data=("cifar10",),
)
_FAMILY = dict(
    network="mobilenet_unet",  # strides, no pooling
    loss="mse",
    start_from="general",
    learning_rate=3e-4,
    schedule="cosine",
)
RECIPES |= {
    "flower": Recipe(
        "Flower: flowers at 64 px, `general` gone on, MSE",
        ("flowers",),
        size=72,
        crop=64,
        epochs=10,
        **_FAMILY,
    ),
    "flower2": Recipe(
        "Flower 2.0: flowers at 128 px, `general` gone on, MSE",
        ("flowers",),
        size=144,
        crop=128,
        epochs=2,  # with more, validation / training loss exceeds 1.5
        **_FAMILY | {"learning_rate": 1e-4},
    ),
    "landscape2": Recipe(
        "Landscape 2.0: landscapes at 128 px, `general` gone on, MSE",
        ("landscapes",),
        size=144,
        crop=128,
        epochs=4,
        limit=8_000,
        **_FAMILY,
    ),
    "comics_mse": Recipe(
        "Comics: panels at 128 px, `general` gone on, MSE",
        ("comics",),
        size=144,
        crop=128,
        epochs=8,
        **_FAMILY,
    ),
}
# GANs on the generator for quality.
_GAME = dict(
    size=144,
    crop=128,
    network="mobilenet_unet",
    start_from="general",
    batch_size=8,
    optimizer="pix2pix",
    learning_rate=2e-4,
    schedule="linear",
)
RECIPES |= {
    "comics_gan": Recipe(
        "Comics: panels at 128 px, `general` gone on, L1 and a PatchGAN",
        ("comics",),
        options={"train_encoder": True},
        epochs=8,
        adversarial=replace(_GAN, pretrain_epochs=3),
        **_GAME,
    ),
    "mixed": Recipe(
        "Mixed: 3,000 pictures of many kinds, two steps of the discriminator a step",
        ("landscapes", "photos"),
        limit=1_500,
        epochs=10,
        steps_per_epoch=100,
        adversarial=replace(_GAN, pretrain_epochs=2, d_steps=2),
        **_GAME,
    ),
}

# Translations: the pix2pix paper's tasks beside colorization.
_TRANSLATION = dict(
    size=143,  # squares of 128 are cut from it, as the paper's of 256 from 286
    crop=128,
    network="unet",
    # With the paper's momentum of 0.9 and small batches the validation error jumps by
    # a factor of three between epochs.
    options={"size": 128, "width": 24, "momentum": 0.99},
    batch_size=4,
    optimizer="pix2pix",
    learning_rate=2e-4,
    schedule="linear",
    adversarial=GanSettings(pretrain_epochs=10, width=24),
)
RECIPES |= {
    "aerial_to_map": Recipe(
        "Aerial photo to map, 128 px",
        ("maps",),
        task="pairs",
        epochs=70,
        **_TRANSLATION,
    ),
    "map_to_aerial": Recipe(
        "Map to aerial photo, 128 px",
        ("maps",),
        task="pairs",
        reverse=True,
        epochs=70,
        **_TRANSLATION,
    ),
    "facades": Recipe(
        "Labels to facade, 128 px",
        ("facades",),
        task="pairs",
        reverse=True,
        epochs=40,
        **_TRANSLATION,
    ),
    "edges_to_flowers": Recipe(
        "Edges to flowers, 128 px",
        ("flowers",),
        task="edges",
        epochs=30,
        steps_per_epoch=80,
        **_TRANSLATION,
    ),
}


def smoke_recipe(recipe: Recipe) -> Recipe:
    """The same recipe in miniature, for FAST lessons and tests: seconds on a laptop.

    Args:
        recipe: a `Recipe` whose network is "unet" or "baseline_cnn".

    Returns:
        A `Recipe`: the bundled samples at 32 px (of a translation: their edges), a
        narrow network, two short epochs.
    """
    narrow = {"unet": {"size": 32, "width": 8}, "baseline_cnn": {"filters": 8}}
    game, options = recipe.adversarial, narrow[recipe.network]
    translates = recipe.task != "colorize"
    return replace(
        recipe,
        data=("samples",),
        task="edges" if translates else "colorize",
        reverse=False,
        categories=None,
        size=36,
        crop=32,
        options=recipe.options | options if translates else options,
        epochs=2,
        steps_per_epoch=4,
        batch_size=8,
        adversarial=game and replace(game, pretrain_epochs=1, width=8),
    )


def with_data(recipe, data, epochs=None):
    """The same recipe for other pictures, all of them.

    Args:
        recipe: a `Recipe`.
        data: a data set, or the path of a folder, zip or tar of pictures (of pairs,
            where the recipe's `task` is "pairs").
        epochs: passes over the training part, or None for the recipe's. A GAN's epochs
            of L1 alone are shortened with them.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: if `epochs` is less than 1.
    """
    epochs = recipe.epochs if epochs is None else epochs
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}.")
    game = recipe.adversarial
    if game:
        shortened = game.pretrain_epochs * min(epochs, recipe.epochs) // recipe.epochs
        game = replace(game, pretrain_epochs=shortened)
    recipe = replace(recipe, epochs=epochs, adversarial=game)
    if data is None:
        return recipe
    return replace(
        recipe, data=(str(data),), categories=None, limit=None, steps_per_epoch=None
    )


def recipe_from(settings):
    """Makes a `Recipe` of its settings, as a card holds them (`dataclasses.asdict`)."""
    nested = {"adversarial": GanSettings, "perceptual": PerceptualSettings}
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    for key, kind in nested.items():
        if settings.get(key):
            settings[key] = kind(**settings[key])
    return Recipe(**settings)
