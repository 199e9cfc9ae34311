"""The command line: `python -m colorlib colorize`, `app`, `train`, `evaluate`, ..."""

import argparse
import os
import sys
import warnings
from pathlib import Path

from colorlib.cli import commands
from colorlib.cli.types import expand_home, files, hint, number, path
from colorlib.evaluation.report_export import FORMATS
from colorlib.utils.console import never_fail_to_print, printable
from colorlib.utils.paths import version

_MEGAPIXELS = number(float, 0.001, 100_000)


def main(arguments=None):
    """Runs one command.

    Args:
        arguments: list of strings, or None for those of the process.

    Returns:
        Exit code: 0 all done, 1 something failed (said on standard error), 2 the
        command line is wrong.
    """
    never_fail_to_print()
    options = _parser().parse_args(arguments)
    # Before TensorFlow is imported: it prints pages otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Pillow's, on large pictures and damaged metadata. Here, once: filters belong to
    # the whole process, and pictures are read by several threads.
    warnings.filterwarnings("ignore", module="PIL")
    try:
        code = options.run(options)
        if sys.stdout:
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # as by `| head`: who read it has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, ImportError) as error:
        print(f"colorlib {options.command}: {printable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept.", file=sys.stderr)
        return 130


def _parser():
    by_script = Path(sys.argv[0]).stem == "colorlib"
    name = "colorlib" if by_script else "python -m colorlib"
    parser = argparse.ArgumentParser(
        prog=name,
        description="Colour photographs, and train and judge the networks that do it.",
    )
    parser.add_argument("--version", action="version", version=f"colorlib {version()}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, **more):
        added = subparsers.add_parser(name, help=text, description=text, **more)
        added.set_defaults(run=run)
        return added

    colorize = command(
        "colorize", commands.colorize, "Colour photographs, films and folders."
    )
    colorize.add_argument("files", nargs="+", type=files, metavar="FILE")
    colorize.add_argument(
        "--output",
        type=path,
        default=Path("colorized"),
        metavar="FOLDER",
        help="where the results go, under their own names (default: %(default)s)",
    )
    colorize.add_argument(
        "--model",
        type=expand_home,
        help="a shipped model, or the path of a weights file",
    )
    colorize.add_argument(
        "--strength",
        type=number(float, 0, 3),
        default=1.0,
        help="how strong the colours are: 0 grey, 1 as predicted, at most 3",
    )
    colorize.add_argument(
        "--size",
        type=number(int, 32, 2048),
        default=None,
        metavar="PIXELS",
        help="the network sees as many pixels as a square of this side has, 32 to 2048 "
        "(default: what the model learned at; more needs more memory)",
    )
    colorize.add_argument(
        "--hint",
        type=hint,
        action="append",
        metavar="X,Y=#RRGGBB",
        help="the colour of a place of the one picture, x pixels from the left and y "
        "from above; may be given several times",
    )
    colorize.add_argument(
        "--hints",
        type=path,
        metavar="FILE",
        help="the same for many pictures and for films, as JSON: "
        '{"photo.jpg": [{"x": 120, "y": 80, "color": "#b03030"}]}; of a film also '
        '"time" in seconds',
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
        "--no-smooth",
        dest="smooth",
        action="store_false",
        help="for films and animations: colour every frame for itself",
    )
    colorize.add_argument(
        "--keep-interlaced",
        action="store_true",
        help="for films of tapes and television: leave the combs of interlaced frames",
    )
    colorize.add_argument(
        "--max-megapixels",
        type=_MEGAPIXELS,
        default=200.0,
        metavar="N",
        help="refuse larger pictures (default: %(default)g)",
    )
    colorize.add_argument(
        "--max-frames",
        type=number(int, 1, 10**9),
        default=1000,
        metavar="N",
        help="refuse longer animations and TIFFs of more pages (default: %(default)d)",
    )
    colorize.add_argument(
        "--strict",
        action="store_true",
        help="refuse a picture that was cut off, instead of colouring what is there",
    )

    app = command("app", commands.app, "Open a page that colours photographs.")
    app.add_argument(
        "--host",
        default="127.0.0.1",
        help="who can open it: 127.0.0.1 this machine (the default), 0.0.0.0 everybody "
        "in your network",
    )
    app.add_argument(
        "--port",
        type=number(int, 1, 65535),
        default=None,
        help="1 to 65535 (default: the first free one from 7860)",
    )
    app.add_argument(
        "--share",
        action="store_true",
        help="ask Gradio's servers for a public link; pictures then pass through them",
    )
    app.add_argument(
        "--model",
        type=expand_home,
        action="append",
        help="offer this one only: a shipped model, or the path of a weights file; may "
        "be given several times (default: all shipped ones)",
    )
    app.add_argument(
        "--max-megapixels",
        type=_MEGAPIXELS,
        default=50.0,
        metavar="N",
        help="refuse larger pictures (default: %(default)g)",
    )

    web = command(
        "web", commands.web, "Build a web page that colours in the visitor's browser."
    )
    web.add_argument("folder", type=path, help="where to; any static host serves it")
    web.add_argument(
        "--model",
        type=expand_home,
        help="a shipped model, or the path of a weights file",
    )

    export = command(
        "export", commands.export, "Write a model for other programs and phones."
    )
    export.add_argument(
        "model", nargs="?", type=expand_home, help="default: the flagship"
    )
    export.add_argument("--format", choices=("onnx", "litert"), default="onnx")
    export.add_argument(
        "--output",
        type=path,
        default=None,
        metavar="FILE",
        help="default: MODEL.onnx or MODEL.tflite in this folder",
    )
    export.add_argument(
        "--size",
        type=number(int, 8, 4096),
        nargs=2,
        default=None,
        metavar=("HEIGHT", "WIDTH"),
        help="with litert: what the network sees (default: the model's own square); "
        "an ONNX file takes any size",
    )

    export.add_argument(
        "--hints",
        action="store_true",
        help="with onnx: keep the second input of a model that can be told colours of "
        "places (see the file's own description)",
    )

    train = command("train", commands.train, "Train a recipe; run again, it goes on.")
    train.add_argument("recipe", nargs="?", help="without it: list the recipes")
    train.add_argument(
        "--data",
        default=None,
        metavar="FOLDER",
        help="pictures of your own: a folder, zip or tar (for the recipes that "
        "translate pairs, pictures of two squares side by side), or a data set",
    )
    train.add_argument(
        "--epochs",
        type=number(int, 1, 100_000),
        default=None,
        metavar="N",
        help="passes over the pictures (default: the recipe's)",
    )
    train.add_argument(
        "--output",
        type=path,
        default=None,
        metavar="FOLDER",
        help="checkpoints, history, a film of held-out pictures, weights and card "
        "(default: data/cache/runs/RECIPE, with --data another for each)",
    )
    train.add_argument(
        "--tensorboard",
        action="store_true",
        help="write the losses for TensorBoard, into FOLDER/tensorboard",
    )

    evaluate = command(
        "evaluate", commands.evaluate, "Score a model beside the baselines."
    )
    evaluate.add_argument(
        "model",
        nargs="?",
        type=expand_home,
        help="a shipped model, or the path of a weights file (default: flagship)",
    )
    evaluate.add_argument(
        "--benchmark",
        action="store_true",
        help="colour pictures of 256 pixels as `colorize` does, with LPIPS, the top-1 "
        "of a classifier, and differences to the baselines (default --data: photos)",
    )
    evaluate.add_argument(
        "--json",
        type=path,
        metavar="FILE",
        help="with --benchmark: also write the figures there",
    )
    evaluate.add_argument(
        "--data",
        type=expand_home,
        default=None,
        metavar="SET",
        help="a data set, or a folder, zip or tar (default: what the model trained on)",
    )
    evaluate.add_argument(
        "--part", default="test", help="train, validation, test, or all"
    )
    evaluate.add_argument(
        "--size",
        type=number(int, 32, 4096),
        default=None,
        help="side in pixels, 32 to 4096",
    )
    evaluate.add_argument(
        "--limit", type=number(int, 1, 10**9), default=None, help="at most so many"
    )

    report = command(
        "report",
        commands.report,
        "Start a model's report; when it is there, say what it lacks and convert it.",
    )
    report.add_argument("file", type=path, help="the report, a Markdown file (.md)")
    report.add_argument(
        "--model",
        type=expand_home,
        help="whose report to start: a shipped model, or the path of a weights file "
        "(default: flagship)",
    )
    report.add_argument(
        "--to",
        nargs="+",
        choices=FORMATS,
        default=(),
        metavar="FORMAT",
        help="write it as html, docx and pdf, or some of them, beside the file",
    )
    report.add_argument(
        "--overwrite", action="store_true", help="replace what was converted earlier"
    )

    data = command("data", commands.data, "List the data sets, or fetch and count one.")
    data.add_argument(
        "set", nargs="?", type=expand_home, help="a data set, folder, zip or tar"
    )
    data.add_argument("--part", default="train", help="train, validation, test, or all")
    data.add_argument(
        "--size",
        type=number(int, 8, 4096),
        default=64,
        help="side in pixels, 8 to 4096 (default: %(default)s)",
    )
    return parser
