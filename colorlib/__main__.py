"""The command line: `python -m colorlib colorize`, `train`, `evaluate`, `data`."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from tqdm import tqdm

from colorlib.files import ROOT
from colorlib.pictures import EXTENSIONS, PictureError, read_picture, write_picture


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
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
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
        help="long side of what the network sees (default: as the model's card says)",
    )
    colorize.add_argument(
        "--overwrite", action="store_true", help="replace results of earlier runs"
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
        "model", help="a shipped model, or the path of a weights file"
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
    jobs, problems = _jobs(options.files, options.output)
    for problem in problems:
        print(f"colorlib colorize: {problem}", file=sys.stderr)
    waiting = [(s, t) for s, t in jobs if options.overwrite or not t.exists()]
    if len(waiting) < len(jobs):
        print(
            f"{len(jobs) - len(waiting)} already in {options.output}, skipped "
            "(--overwrite colours them again)."
        )
    failed = len(problems)
    if waiting:
        _start_keras()
        from colorlib.colorize import DEFAULT_MODEL, Colorizer

        colorizer = Colorizer(options.model or DEFAULT_MODEL, options.size)
        for source, target in tqdm(
            waiting, "colouring", delay=2, leave=False, disable=None
        ):
            try:
                picture = colorizer.colorize(read_picture(source), options.strength)
                written = write_picture(target, picture)
            except (PictureError, MemoryError) as error:
                if isinstance(error, MemoryError):
                    error = f"{source}: not enough memory; make it smaller first."
                tqdm.write(f"colorlib colorize: {error}", file=sys.stderr)
                failed += 1
            else:
                tqdm.write(f"{source} -> {written}", file=sys.stdout)
    if failed:
        print(f"{failed} could not be coloured, see above.", file=sys.stderr)
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


def _jobs(files, output):
    """Pairs of a source and its target, and what is wrong with the others."""
    pairs, problems = [], []
    for file in files:
        if file.is_dir():
            inside = sorted(p for p in file.rglob("*") if _is_photo(p))
            if file.resolve() in output.resolve().parents:  # leave out earlier results
                inside = [
                    p for p in inside if output.resolve() not in p.resolve().parents
                ]
            pairs += [(p, output / p.relative_to(file)) for p in inside]
            if not inside:
                problems.append(
                    f"{file}: a folder without pictures ({', '.join(EXTENSIONS)})."
                )
        elif not file.exists():
            problems.append(f"{file}: there is no such file.")
        else:
            pairs.append((file, output / file.name))
    jobs, sources = [], {}
    originals = {source.resolve() for source, _ in pairs}
    for source, target in pairs:
        if target.resolve() in originals:
            problems.append(
                f"{source}: the result would replace the original {target}; "
                "choose another --output."
            )
        elif target in sources and sources[target].resolve() != source.resolve():
            problems.append(
                f"{source}: has the same name as {sources[target]}; colour it into "
                "another --output."
            )
        elif target not in sources:
            sources[target] = source
            jobs.append((source, target))
    return jobs, problems


def _is_photo(path):
    hidden = path.name.startswith(".")
    return path.suffix.lower() in EXTENSIONS and not hidden and path.is_file()


def _train(options):
    from colorlib.recipes import RECIPES

    if options.recipe is None:
        for name, recipe in RECIPES.items():
            print(f"{name:14} {recipe.title}")
        return 0
    _start_keras()
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
    _start_keras()
    from colorlib.ab_bins import as_colorizer
    from colorlib.cards import read_card
    from colorlib.data import concatenate, load_pictures
    from colorlib.evaluate import evaluate, middle, summarize
    from colorlib.models import build
    from colorlib.recipes import RECIPES
    from colorlib.training import load_weights

    path, card = read_card(options.model)
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
