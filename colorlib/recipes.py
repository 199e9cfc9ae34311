"""Recipes: the settings, and nothing but the settings, of every trained model."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        title: one line for people.
        data: names of the data sets, joined in this order.
        size: side of the loaded pictures in pixels.
        network: a name in `models.BUILDERS`.
        epochs: passes over the training part.
        categories: categories to keep, or None for all.
        limit: pictures of each data set, training and validation together, or None.
        crop: side of random crops in pixels, or None for the whole picture.
        loss: "mse" or "mae", on ab / 128.
        optimizer: "adam" or "adamw".
        learning_rate: the highest one.
        schedule: "constant" or "cosine" (with a warm-up of 5 % of the steps).
        batch_size: pictures a step.
        inference_size: long side in pixels at which photos are coloured, or None for
            the training size.
        options: further arguments of the network's builder.
        seed: of weights, order, crops and dropout.
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
        inference_size=192,  # a 3:2 photograph is then as high as the crops
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
