"""What each command of the command line does with its options; see `__main__`.

Each function takes the parsed options and returns the exit code. Every room is
imported where it is used, so that `--help` and mistakes cost no time.
"""

import contextlib
import hashlib
import importlib.util
import os
import re
import shlex
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from colorlib.utils.console import printable, without_notes


def colorize(options):
    """Colours files and folders; 1 if any of them could not be."""
    from colorlib.colorize.files import colorize_files

    restoring = options.contrast or options.fill_red
    paths = [file for found in options.files for file in found]
    hints = _hints_for(paths, options)

    @cache
    def colorizer():
        from colorlib.colorize.colorizer import DEFAULT_MODEL, Colorizer

        model = options.model or DEFAULT_MODEL
        loaded = Colorizer(model, options.size, _load_quickly)
        if hints:
            loaded.check_takes_hints()
        return loaded

    def smoother():
        from colorlib.video.smoothing import TemporalSmoother

        return TemporalSmoother() if options.smooth else None

    def start():
        network = colorizer()
        from colorlib.images.restoration import restore

        def colour(picture, hints=()):
            if restoring:
                picture = restore(picture, options.contrast, options.fill_red)
            smooth = smoother() if picture.frames else None
            return network.colorize(picture, options.strength, smooth, hints)

        return colour

    def start_film(hints=()):
        from colorlib.video.convert import VideoColorizer

        return VideoColorizer(
            colorizer(),
            options.strength,
            smoother(),
            not options.keep_interlaced,
            hints,
        )

    failed = colorize_files(
        paths,
        options.output,
        start,
        options.overwrite,
        options.compare,
        round(options.max_megapixels * 1e6),
        None if restoring else start_film,
        max_frames=options.max_frames,
        strict=options.strict,
        hints=hints,
        deinterlace=not options.keep_interlaced,
    )
    return 1 if failed else 0


def _hints_for(paths, options):
    """The hints of `--hint` or `--hints`, by names; None without either."""
    if options.hint and options.hints:
        raise ValueError("--hint goes without --hints: write it into that file.")
    if options.hint:
        if len(paths) != 1 or paths[0].is_dir():
            raise ValueError("--hint is for one file; for several take --hints FILE.")
        from colorlib.colorize.hint_file import same_spelling

        return {same_spelling(paths[0].name): options.hint}
    if options.hints:
        from colorlib.colorize.hint_file import read_hints

        return read_hints(options.hints)
    return None


def _load_quickly(path, card):
    """The network of a card: without Keras, where it was exported for ONNX Runtime."""
    from colorlib.export.onnx_network import keep_exported, open_exported

    network = open_exported(card)
    if network is None:
        _start_keras()
        from colorlib.colorize.colorizer import load_network

        network = keep_exported(load_network(path, card), card)
    return network


def app(options):
    """Opens the web page, until Ctrl-C."""
    if not importlib.util.find_spec("gradio"):
        raise ImportError("the page needs Gradio: pip install 'gradio>=6.31'")
    _start_keras()
    from colorlib.app.page import launch

    launch(
        options.host,
        options.port,
        options.share,
        options.max_megapixels,
        options.model,
        wait=True,
    )
    return 0


def web(options):
    """Builds the page that colours in the visitor's browser."""
    _start_keras()
    from colorlib.colorize.colorizer import DEFAULT_MODEL
    from colorlib.export.site import build_page

    files = build_page(options.folder, options.model or DEFAULT_MODEL)
    total = sum(files.values())
    print(f"{options.folder}: a visitor loads {total / 1e6:.1f} MB, of it")
    for name, size in sorted(files.items(), key=lambda item: -item[1])[:2]:
        print(f"  {name:12} {size / 1e6:5.1f} MB")
    print(f"Look at it: python -m http.server --directory {options.folder}")
    print("Publish it: copy the folder to any static host, such as GitHub Pages.")
    return 0


def export(options):
    """Writes a model as ONNX or LiteRT."""
    _start_keras()
    from colorlib.colorize.colorizer import DEFAULT_MODEL
    from colorlib.export.litert import export_litert
    from colorlib.export.onnx import export_onnx, load_colorizer

    if options.size and options.format == "onnx":
        raise ValueError("--size goes with --format litert; ONNX takes any size.")
    if options.hints and options.format != "onnx":
        raise ValueError("--hints goes with --format onnx; the other takes none.")
    network, about = load_colorizer(options.model or DEFAULT_MODEL, options.hints)
    if options.hints and "hints" not in about:
        raise ValueError(f"the model {about['name']} takes no hints.")
    ending = ".onnx" if options.format == "onnx" else ".tflite"
    path = options.output or Path(about["name"] + ending)
    if path.suffix != ending:
        raise ValueError(f"--output must end in {ending}, got {path}.")
    if options.format == "onnx":
        export_onnx(network, path, about)
    else:
        multiple = int(about["multiple"])
        side = round(int(about["size"]) / multiple) * multiple
        size = options.size or (side, side)
        if min(size) < 1 or any(each % multiple for each in size):
            raise ValueError(
                f"--size must be multiples of {multiple}, got {size[0]} {size[1]}."
            )
        export_litert(network, path, *size, about)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _start_keras():
    """Imports Keras without the pages that TensorFlow's native side prints."""
    try:
        with without_notes():
            import keras

            with contextlib.suppress(Exception):
                keras.distribution.list_devices()  # the first look is the noisy one
    except ModuleNotFoundError as error:
        backend = os.environ.get("KERAS_BACKEND")
        where = "the variable KERAS_BACKEND" if backend else "~/.keras/keras.json"
        raise ImportError(
            f"Keras cannot start: {error}. Its backend is named by {where}; this "
            "project is installed with TensorFlow (KERAS_BACKEND=tensorflow)."
        ) from error


def train(options):
    """Trains a recipe, or lists them."""
    from colorlib.training.recipes import RECIPES
    from colorlib.training.settings import with_data

    if options.recipe is None:
        if options.data is not None or options.epochs is not None:
            raise ValueError("name a recipe to train: train RECIPE --data FOLDER")
        for name, recipe in RECIPES.items():
            print(f"{name:19} {recipe.title}")
        return 0
    name, recipe, command = options.recipe, RECIPES.get(options.recipe), None
    if recipe and (options.data is not None or options.epochs is not None):
        data = None if options.data is None else _place(options.data)
        recipe = with_data(recipe, data, options.epochs)
        command = f"python -m colorlib train {name}"
        if data:
            command += f" --data {shlex.quote(data)}"
            name = f"{name}-{_run_name(data)}"
        if options.epochs is not None:
            command += f" --epochs {options.epochs}"
            name = f"{name}-{options.epochs}epochs"
    _start_keras()
    from colorlib.models.cards import RUNS_FOLDER
    from colorlib.training.trainer import train

    folder = options.output or RUNS_FOLDER / name
    print(f"Training {name} in {folder}; stopped, it goes on from there.")
    if options.tensorboard:
        print(f"Watch it with: tensorboard --logdir {folder / 'tensorboard'}")
    card = train(
        name, folder, recipe=recipe, tensorboard=options.tensorboard, command=command
    )[1]
    print(f"\nHeld-out pictures: {card['test']}.\n\n{card['table']}\n")
    print(f"Weights, card, film, curves: {folder / name}.npz .json .gif .png")
    return 0


def _place(data):
    """A data set's name as it is; a path in full, the same from every folder."""
    from colorlib.data.catalog import DATA_SETS
    from colorlib.data.pairs import PAIR_SETS

    if data in {*DATA_SETS, *PAIR_SETS}:
        return data
    return str(Path(data).expanduser().resolve())


def _run_name(data):
    """A short name for a data set or path, another one for every path."""
    stem = re.sub(r"[^\w-]+", "_", Path(data).name.split(".")[0]).strip("_")
    if not Path(data).is_absolute():
        return stem
    return f"{stem}-{hashlib.sha256(data.encode()).hexdigest()[:6]}"


def evaluate(options):
    """Scores a model on its own pictures, or on others."""
    if options.json and not options.benchmark:
        raise ValueError("--json goes with --benchmark.")
    _start_keras()
    if options.benchmark:
        return _benchmark(options)
    from colorlib.colorize.colorizer import DEFAULT_MODEL, load_network
    from colorlib.data.sets import check_some
    from colorlib.models.cards import read_card
    from colorlib.training.parts import load_part
    from colorlib.training.recipes import RECIPES
    from colorlib.training.settings import Recipe, recipe_from
    from colorlib.training.trainer import score_part

    path, card = read_card(options.model or DEFAULT_MODEL)
    recipe = RECIPES.get(card["name"])
    if "recipe" in card:
        recipe = recipe_from(card["recipe"])
    elif recipe is None:
        if options.data is None:
            raise ValueError(f"say --data: {card['name']} is not one of the recipes.")
        recipe = Recipe(card["title"], (), 0, card["network"], 1)
    others = options.data is not None or options.size is not None
    if others and recipe.task != "colorize":
        raise ValueError("a translation is scored on its own pairs, at its own size.")
    if options.data is not None:
        data = (options.data,)
        recipe = replace(recipe, data=data, categories=None, limit=None)
    if others:
        size = card["inference_size"] if options.size is None else options.size
        size = round(size / card["multiple"]) * card["multiple"]
        recipe = replace(recipe, size=size, crop=None)
    recipe = replace(recipe, limit=options.limit or recipe.limit)
    pictures = load_part(recipe, options.part)
    check_some(pictures, ", ".join(recipe.data), options.part)
    table, note = score_part(load_network(path, card), recipe, card, pictures)[1:]
    print(f"{', '.join(recipe.data)}, {options.part}: {pictures.describe()}")
    if note:
        print(note)
    print(f"\n{table}")
    return 0


def _benchmark(options):
    from colorlib.colorize.colorizer import DEFAULT_MODEL
    from colorlib.evaluation.benchmark import SIDE, run_benchmark

    model, data = options.model or DEFAULT_MODEL, options.data or "photos"
    size = SIDE if options.size is None else options.size
    print(run_benchmark(model, data, options.part, size, options.limit, options.json))
    return 0


def data(options):
    """Lists the data sets, or fetches and counts one."""
    from colorlib.data.sets import describe_sets, load_pictures

    if options.set is None:
        print(describe_sets())
        return 0
    pictures = load_pictures(options.set, options.part, options.size)
    print(f"{options.set}, {options.part}: {pictures.describe()}")
    for line in pictures.bad:
        print(f"unreadable: {printable(line)}", file=sys.stderr)
    return 0


def report(options):
    """Starts a report, or reads it: what it lacks, and its other formats."""
    from colorlib.evaluation.report import find_gaps
    from colorlib.evaluation.report_export import export_report

    file = options.file
    if file.suffix.lower() != ".md":
        raise ValueError(f"a report is a Markdown file, ending in .md; got {file}.")
    if not file.exists():
        from colorlib.colorize.colorizer import DEFAULT_MODEL
        from colorlib.evaluation.report_template import start_report
        from colorlib.models.cards import read_card

        start_report(file, read_card(options.model or DEFAULT_MODEL)[1])
        print(f"{file} is written: do what its lines with > say, and delete them.")
    elif options.model:
        raise ValueError(f"{file} is there already: leave out --model.")
    gaps = find_gaps(file)
    if gaps:
        print("It still lacks:", *gaps, sep="\n- ")
    for written in options.to and export_report(file, options.to, options.overwrite):
        print(written)
    return 0
