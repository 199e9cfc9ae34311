"""The command line: `python -m colorlib colorize`, `train`, `evaluate`, `data`."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from colorlib.files import ROOT
from colorlib.folders import colour_files
from colorlib.pictures import MAX_PIXELS


def main(arguments=None):
    """Runs one command.

    Args:
        arguments: list of strings, or None for those of the process.

    Returns:
        Exit code: 0 all done, 1 something failed (said on standard error), 2 the
        command line is wrong.
    """
    options = _parser().parse_args(arguments)
    # Before TensorFlow is imported: it prints pages otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return options.run(options)
    except (OSError, ValueError, ImportError) as error:
        print(f"colorlib {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m colorlib",
        description="Colour photographs, and train and judge the networks that do it.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, **more):
        added = commands.add_parser(name, help=text, description=text, **more)
        added.set_defaults(run=run)
        return added

    colorize = command("colorize", _colorize, "Colour photographs and folders of them.")
    colorize.add_argument("files", nargs="+", type=Path, metavar="FILE")
    colorize.add_argument(
        "--output",
        type=Path,
        default=Path("colorized"),
        metavar="FOLDER",
        help="where the results go, under their own names (default: %(default)s)",
    )
    colorize.add_argument(
        "--model", default=None, help="a shipped model, or the path of a weights file"
    )
    colorize.add_argument(
        "--strength",
        type=float,
        default=1.0,
        help="how strong the colours are: 0 grey, 1 as predicted, at most 3",
    )
    colorize.add_argument(
        "--size",
        type=int,
        default=None,
        metavar="PIXELS",
        help="the network sees as many pixels as a square of this side has",
    )
    colorize.add_argument(
        "--overwrite", action="store_true", help="replace results of earlier runs"
    )
    colorize.add_argument(
        "--compare",
        action="store_true",
        help="also write before | after of each, into FOLDER/compare",
    )
    colorize.add_argument(
        "--contrast",
        action="store_true",
        help="for faded prints: stretch the lightness to the full range first",
    )
    colorize.add_argument(
        "--fill-red",
        action="store_true",
        help="for scratches: fill first what you painted pure red (255, 0, 0)",
    )
    colorize.add_argument(
        "--max-megapixels",
        type=float,
        default=MAX_PIXELS / 1e6,
        metavar="N",
        help="refuse larger pictures (default: %(default)g)",
    )

    train = command("train", _train, "Train a recipe; run again, it goes on.")
    train.add_argument("recipe", nargs="?", help="without it: list the recipes")
    train.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="checkpoints, history, a film of held-out pictures, weights and card "
        "(default: data/cache/runs/RECIPE)",
    )
    train.add_argument(
        "--tensorboard",
        action="store_true",
        help="write the losses for TensorBoard, into FOLDER/tensorboard",
    )

    evaluate = command("evaluate", _evaluate, "Score a model beside the floors.")
    evaluate.add_argument(
        "model",
        nargs="?",
        help="a shipped model, or the path of a weights file (default: flagship)",
    )
    evaluate.add_argument(
        "--benchmark",
        action="store_true",
        help="colour pictures of 256 pixels as `colorize` does, with LPIPS, the top-1 "
        "of a classifier, and differences to the floors (default --data: photos)",
    )
    evaluate.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="with --benchmark: also write the figures there",
    )
    evaluate.add_argument(
        "--data",
        default=None,
        metavar="SET",
        help="a data set, or a folder, zip or tar (default: what the model trained on)",
    )
    evaluate.add_argument(
        "--part", default="test", help="train, validation, test, or all"
    )
    evaluate.add_argument("--size", type=int, default=None, help="side in pixels")
    evaluate.add_argument("--limit", type=int, default=None, help="at most so many")

    data = command("data", _data, "List the data sets, or fetch and count one.")
    data.add_argument("set", nargs="?", help="a data set, folder, zip or tar")
    data.add_argument("--part", default="train", help="train, validation, test, or all")
    data.add_argument("--size", type=int, default=64, help="side in pixels")

    command("cards", _cards, "Rewrite the figures in both README files.")
    return parser


def _colorize(options):
    def start():
        _start_keras()
        from colorlib.colorize import DEFAULT_MODEL, Colorizer
        from colorlib.restore import restore

        colorizer = Colorizer(options.model or DEFAULT_MODEL, options.size)

        def colour(picture):
            if options.contrast or options.fill_red:
                picture = restore(picture, options.contrast, options.fill_red)
            return colorizer.colorize(picture, options.strength)

        return colour

    failed = colour_files(
        options.files,
        options.output,
        start,
        options.overwrite,
        options.compare,
        round(options.max_megapixels * 1e6),
    )
    return 1 if failed else 0


def _start_keras():
    """Imports Keras without the pages that TensorFlow's native side prints."""
    saved = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import keras

        with contextlib.suppress(Exception):
            keras.distribution.list_devices()  # the first look is the noisy one
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _train(options):
    from colorlib.recipes import RECIPES
    from colorlib.translations import TRANSLATIONS

    if options.recipe is None:
        for name, recipe in {**RECIPES, **TRANSLATIONS}.items():
            print(f"{name:19} {recipe.title}")
        return 0
    _start_keras()
    if options.recipe in TRANSLATIONS:
        from colorlib.translate import train
    else:
        from colorlib.train import train

    folder = options.output or ROOT / "data" / "cache" / "runs" / options.recipe
    print(f"Training {options.recipe} in {folder}; stopped, it goes on from there.")
    if options.tensorboard:
        print(f"Watch it with: tensorboard --logdir {folder / 'tensorboard'}")
    card = train(options.recipe, folder, tensorboard=options.tensorboard)[1]
    print(f"\nHeld-out pictures: {card['test']}.\n\n{card['table']}\n")
    print(f"Weights, card, film, curves: {folder / options.recipe}.npz .json .gif .png")
    return 0


def _evaluate(options):
    if options.json and not options.benchmark:
        raise ValueError("--json goes with --benchmark.")
    _start_keras()
    if options.benchmark:
        return _benchmark(options)
    from colorlib.ab_bins import as_colorizer
    from colorlib.cards import read_card
    from colorlib.colorize import DEFAULT_MODEL
    from colorlib.data import concatenate, load_pictures
    from colorlib.evaluate import evaluate, middle, summarize
    from colorlib.models import build
    from colorlib.recipes import RECIPES
    from colorlib.training import load_weights

    path, card = read_card(options.model or DEFAULT_MODEL)
    if card.get("kind") == "translation":
        return _evaluate_translation(options)
    recipe = RECIPES.get(card["name"])
    if options.data is None and recipe is None:
        raise ValueError(f"say --data: {card['name']} is not one of the recipes.")
    names, categories, limit, crop = (options.data,), None, options.limit, None
    size = card["inference_size"] if options.size is None else options.size
    size = round(size / card["multiple"]) * card["multiple"]
    if options.data is None:  # the pictures of the card, so that its figures come out
        names, categories, limit = recipe.data, recipe.categories, limit or recipe.limit
        if options.size is None:
            size, crop = recipe.size, recipe.crop
    pictures = concatenate(
        load_pictures(name, options.part, size, categories, limit) for name in names
    )
    rgb = middle(pictures.rgb, crop)
    network = build(card["network"], **card["options"])
    load_weights(network, path)
    rows = evaluate(
        as_colorizer(network),
        rgb,
        card["mean_ab"],
        card["lightness_table"],
        card["name"],
    )
    print(f"{', '.join(names)}, {options.part}: {pictures.describe()}\n")
    print(summarize(rows, rgb)[1])
    return 0


def _benchmark(options):
    from colorlib.benchmark import SIDE, run_benchmark
    from colorlib.colorize import DEFAULT_MODEL

    model, data = options.model or DEFAULT_MODEL, options.data or "photos"
    size = SIDE if options.size is None else options.size
    print(run_benchmark(model, data, options.part, size, options.limit, options.json))
    return 0


def _evaluate_translation(options):
    from colorlib.translate import evaluate_again

    if options.data is not None or options.size is not None:
        raise ValueError("a translation is scored on its own pairs, at its own size.")
    print(evaluate_again(options.model, options.part, options.limit))
    return 0


def _data(options):
    from colorlib.data import describe_sets, load_pictures

    if options.set is None:
        print(describe_sets())
        return 0
    pictures = load_pictures(options.set, options.part, options.size)
    print(f"{options.set}, {options.part}: {pictures.describe()}")
    for line in pictures.bad:
        print(f"unreadable: {line}", file=sys.stderr)
    return 0


def _cards(options):
    from colorlib.cards import WEIGHTS_FOLDER, cards_as_markdown, with_figures

    page, readme = WEIGHTS_FOLDER / "README.md", ROOT / "README.md"
    page.write_text(cards_as_markdown())
    readme.write_text(with_figures(readme.read_text()))
    print(f"rewritten from the cards: {page}, {readme}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
