"""What a recipe is, and recipes made of others: in miniature, for other pictures."""

from dataclasses import dataclass, field, replace


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
        precision: Keras dtype policy of VGG16, or None for the recipe's.
    """

    weight: float = 1.5
    taps: int = 4
    shrink: int = 2
    pictures: int | None = None
    precision: str | None = None


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        title: one line for people.
        data: names of the data sets (or paths), joined in this order; one for `task`
            "pairs", "edges" or "ink".
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
            network sees of a photo, or None for the training size. Of a translation,
            the side of the pairs it is validated and tested on.
        options: further arguments of the network's builder.
        seed: of weights, order, crops and dropout.
        steps_per_epoch: batches in an epoch, or None for all pictures.
        adversarial: None, or the settings of a pix2pix training; both
            networks then have their own optimizer, and `loss` has no effect.
        start_from: None, or the shipped weights (or the recipe trained before, or the
            path of others) of the same network, where the training starts.
        encoder_from: None, or such weights with the same encoder, which is where the
            network's encoder starts, the rest of it being new.
        zoom: whether crops are of any side from `crop` to `size`, shrunk to `crop`; or
            the smallest side itself, smaller ones being enlarged.
        precision: Keras dtype policy; "mixed_bfloat16" halves the time of some
            machines. The weights are float32 in any case.
        perceptual: None, or the settings of a perceptual training; `loss` has then no
            effect.
        gain: factor of ab when photos are coloured; more than 1 makes up for a loss
            that prefers pale colours. It has no part in training and its figures.
        task: "colorize"; "pairs" to translate the inputs of a set of `load_pairs` to
            their targets; or "edges" or "ink" to translate drawings to the pictures of
            `data`, from which they are made.
        reverse: whether a translation goes from target to input.
        hints: whether random true colours are revealed, see `data.hints`; the network
            must take them.
        average: momentum of the running mean of the weights, which is then what is
            validated and stored, or None.
        weights: how often a picture of each set of `data` is drawn for training, beside
            the others; or None, for each picture once an epoch.
        strip: the data set whose test pictures are coloured after each epoch, the first
            of each kind; or None for six test pictures of the recipe's own. It has no
            part in training and its figures.
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
    encoder_from: str | None = None
    zoom: bool | int = False
    precision: str = "float32"
    perceptual: PerceptualSettings | None = None
    gain: float = 1.0
    task: str = "colorize"
    reverse: bool = False
    hints: bool = False
    average: float | None = None
    weights: tuple | None = None
    strip: str | None = None


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
        weights=None,
        task="edges" if translates else "colorize",
        reverse=False,
        categories=None,
        size=36,
        crop=32,
        inference_size=None,
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
        recipe,
        data=(str(data),),
        categories=None,
        limit=None,
        steps_per_epoch=None,
        weights=None,
    )


def recipe_from(settings):
    """Makes a `Recipe` of its settings, as a card holds them (`dataclasses.asdict`)."""
    nested = {"adversarial": GanSettings, "perceptual": PerceptualSettings}
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    for key, kind in nested.items():
        if settings.get(key):
            settings[key] = kind(**settings[key])
    return Recipe(**settings)
