"""Recipes: the settings, and nothing but the settings, of every trained model."""

from dataclasses import replace

from colorlib.training.settings import GanSettings, PerceptualSettings, Recipe

_FEWER = dict(
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
_ANY_PHOTO = dict(
    data=("photos", "landscapes", "flowers", "dogs", "more", "extra"),
    size=160,
    crop=128,
    zoom=96,
    batch_size=16,
    optimizer="adamw",
    inference_size=160,
    gain=1.35,
)
_ENCODER = {"encoder": "mobilenet_v2", "context": True}
_LEARNING = _ENCODER | {"train_encoder": True}
_BASE = _ANY_PHOTO | dict(
    network="encoder_unet",
    options=_LEARNING,
    steps_per_epoch=1000,
    average=0.999,
    perceptual=PerceptualSettings(weight=2.5, precision="mixed_bfloat16"),
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
    # The way to `flagship`, step by step; the first and the last are shipped.
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
        **_FEWER,
    ),
    "perceptual2": Recipe(
        "Perceptual 2: `perceptual` gone on, LPIPS weighing more",
        epochs=6,
        start_from="perceptual",
        perceptual=PerceptualSettings(weight=2.5),
        gain=1.25,
        **_FEWER,
    ),
    "base": Recipe(
        "Base: `perceptual2` gone on, more pictures, the context of the whole",
        epochs=5,
        learning_rate=2e-4,
        start_from="perceptual2",
        **_BASE,
    ),
    "base2": Recipe(
        "Base 2: `base` gone on, photos and landscapes drawn more often",
        epochs=9,
        learning_rate=4e-4,
        schedule="cosine",
        weights=(4, 2, 1, 1, 1, 1),
        start_from="base",
        **_BASE,
    ),
    "base3": Recipe(
        "Base 3: `base2` gone on",
        epochs=9,
        learning_rate=3e-4,
        schedule="cosine",
        weights=(4, 2, 1, 1, 1, 1),
        start_from="base2",
        seed=1,  # `base2` has seen the pictures in the order of seed 0
        **_BASE,
    ),
    "flagship": Recipe(
        "Flagship: `base3`, and what carries given colours to what is alike, L1",
        network="hint_unet",
        options=_ENCODER,
        epochs=3,
        steps_per_epoch=500,
        loss="mae",
        learning_rate=2e-3,
        schedule="cosine",
        start_from="base3",
        hints=True,
        **_ANY_PHOTO | {"gain": 1.3},
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
# Rungs 2 and 4 with what they lacked: an encoder that has learned colours and learns
# on, more pictures, more steps, the mean of the weights. Their strips open lesson 07.
_QUALITY = _RUNG | dict(
    data=("landscapes", "photos", "more"),
    network="encoder_unet",
    options=_LEARNING,
    encoder_from="flagship",
    steps_per_epoch=200,
    average=0.998,
    strip="samples",
)
RECIPES |= {
    "quality_l1": Recipe("U-Net on the flagship's encoder, L1", loss="mae", **_QUALITY),
    "quality_gan": Recipe(
        "U-Net on the flagship's encoder, L1 and a PatchGAN",
        adversarial=replace(_GAN, pretrain_epochs=8),
        **_QUALITY,
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
_FAMILY = dict(
    network="encoder_unet",  # strides, no pooling
    options=_ENCODER,
    loss="mse",
    start_from="flagship",
    learning_rate=3e-4,
    schedule="cosine",
)
RECIPES |= {
    "flower": Recipe(
        "Flower: flowers at 64 px, `flagship` gone on, MSE",
        ("flowers",),
        size=72,
        crop=64,
        epochs=10,
        **_FAMILY,
    ),
    "flower2": Recipe(
        "Flower 2.0: flowers at 128 px, `flagship` gone on, MSE",
        ("flowers",),
        size=144,
        crop=128,
        epochs=2,  # with more, validation / training loss exceeds 1.5
        **_FAMILY | {"learning_rate": 1e-4},
    ),
    "landscape2": Recipe(
        "Landscape 2.0: landscapes at 128 px, `flagship` gone on, MSE",
        ("landscapes",),
        size=144,
        crop=128,
        epochs=6,
        limit=8_000,
        **_FAMILY | {"options": _LEARNING, "learning_rate": 1e-4},
    ),
    "comics_mse": Recipe(
        "Comics: panels at 128 px, `general` gone on, MSE",
        ("comics",),
        size=144,
        crop=128,
        network="mobilenet_unet",
        epochs=8,
        loss="mse",
        start_from="general",
        learning_rate=3e-4,
        schedule="cosine",
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
}
# One change at a time: three losses, the same panels at 64 px, the same steps.
# Lesson 08 trains each from three seeds.
_PAGES = _GAME | dict(
    data=("comics",),
    size=72,
    crop=64,
    options={"train_encoder": True},
    epochs=6,
    steps_per_epoch=100,
)
RECIPES |= {
    "comics_l2": Recipe("Comics at 64 px, L2", loss="mse", **_PAGES),
    "comics_l1": Recipe("Comics at 64 px, L1", loss="mae", **_PAGES),
    "comics_l1_gan": Recipe(
        "Comics at 64 px, L1 and a PatchGAN",
        adversarial=replace(_GAN, pretrain_epochs=0),
        **_PAGES,
    ),
}
# One or two steps of the discriminator, on mixed pictures.
for _name, _d_steps, _often in (
    ("mixed", 2, "two steps"),
    ("mixed_1to1", 1, "one step"),
):
    RECIPES[_name] = Recipe(
        f"Mixed: 3,000 pictures of many kinds, {_often} of the discriminator a step",
        ("landscapes", "photos"),
        limit=1_500,
        epochs=10,
        steps_per_epoch=100,
        adversarial=replace(_GAN, pretrain_epochs=2, d_steps=_d_steps),
        strip="samples",
        **_GAME,
    )

# Translations: the pix2pix paper's tasks beside colorization.
_TRANSLATION = dict(
    crop=128,
    network="unet",
    # With BatchNorm and small batches the validation error jumps by a factor of up to
    # three between epochs; the paper's, on batches of one, is instance normalisation.
    options={"size": 32, "width": 16, "dropout": 0.0, "norm": "instance"},
    batch_size=4,
    optimizer="pix2pix",
    learning_rate=4e-4,
    schedule="linear",
    adversarial=GanSettings(pretrain_epochs=6, width=16),
)
# Squares of 128 from pairs of 256: shrunk to 128 whole, a street is one pixel wide.
_WIDE = dict(task="pairs", size=256, inference_size=256, **_TRANSLATION)
RECIPES |= {
    "aerial_to_map": Recipe(
        "Aerial photo to map, 256 px", ("maps",), epochs=40, **_WIDE
    ),
    "map_to_aerial": Recipe(
        "Map to aerial photo, 256 px", ("maps",), reverse=True, epochs=40, **_WIDE
    ),
    "facades": Recipe(
        "Labels to facade, 256 px", ("facades",), reverse=True, epochs=100, **_WIDE
    ),
    "edges_to_flowers": Recipe(
        "Edges to flowers, 128 px",
        ("flowers",),
        task="edges",
        size=143,  # the paper's jitter, 286 to 256, at half the size
        epochs=100,
        steps_per_epoch=80,
        **_TRANSLATION,
    ),
}
# Manga: ink to colour, all three channels, for white paper can only stay white where
# the lightness is kept.
RECIPES["manga"] = Recipe(
    "Manga: ink to colour, panels at 128 px, pix2pix",
    ("comics",),
    task="ink",
    size=143,
    epochs=24,
    **_TRANSLATION,
)
