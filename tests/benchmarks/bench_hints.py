"""What hints are worth, beside the PSNR of `colorlib.evaluation.hint_curve`.

    python tests/benchmarks/bench_hints.py suggestions [MODEL]
    python tests/benchmarks/bench_hints.py table MODEL
    python tests/benchmarks/bench_hints.py objects MODEL [PICTURES]
    python tests/benchmarks/bench_hints.py films [MODEL]

All need the data sets in the folder of COLORLIB_MIRROR. `suggestions` learns the table
of likely colours from one half of the validation pictures, tries it on the other, and
the other way round; `table` writes that of all of them into the card of a model.
`objects` gives an object of each picture of `more`, test part, another colour.
`films` follows places through the clips of bench_film.py, and, with a model that takes
hints, colours them with ten true hints of the first frame.
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "benchmarks")]

from colorlib.colorize.colorizer import Colorizer, load_network  # noqa: E402
from colorlib.colorize.suggestions import suggest_colors  # noqa: E402
from colorlib.data.sets import load_pictures  # noqa: E402
from colorlib.evaluation.hint_curve import true_hints  # noqa: E402
from colorlib.evaluation.hint_reach import find_object, hint_reach  # noqa: E402
from colorlib.evaluation.likely_colors import (  # noqa: E402
    fit_likely_colors,
    make_likely_colors,
    most_frequent,
)
from colorlib.evaluation.network import center_crop, predict_ab  # noqa: E402
from colorlib.lab import rgb8_to_lab  # noqa: E402
from colorlib.metrics.intervals import bootstrap_interval  # noqa: E402
from colorlib.metrics.scores import psnr  # noqa: E402
from colorlib.models.cards import read_card, write_card  # noqa: E402
from colorlib.training.parts import load_part  # noqa: E402
from colorlib.training.recipes import RECIPES  # noqa: E402
from colorlib.video.convert import VideoColorizer  # noqa: E402
from colorlib.video.smoothing import TemporalSmoother  # noqa: E402
from colorlib.video.tracking import PlaceTracker  # noqa: E402

RIGHT = 10.0  # CIE units of ab
PIXELS = 16  # of each picture, tried


def validation_pictures():
    """Yields a data set's name and its uint8 validation pictures."""
    recipe = RECIPES["flagship"]
    for name in recipe.data:
        part = load_part(replace(recipe, data=(name,)), "validation")
        yield name, center_crop(part.rgb, recipe.crop)


def suggestions(model="flagship"):
    """How often one of six suggestions is right, and what else would be."""
    path, card = read_card(model)
    network = load_network(path, card)
    halves, names, random = [[], []], [], np.random.default_rng(0)
    for name, rgb in validation_pictures():
        ab = predict_ab(network, rgb) * card.get("gain", 1.0)
        pixels = np.concatenate([rgb8_to_lab(rgb), ab], axis=-1)[:, 4::8, 4::8]
        middle = len(rgb) // 2  # pictures of one series lie side by side
        for half, some in zip(halves, (pixels[:middle], pixels[middle:])):
            half.append(some.reshape(len(some), -1, 5))
        names.append(name)
    rows = {name: [] for name in names}
    for learned, tried in (halves, halves[::-1]):
        seen = np.concatenate([part.reshape(-1, 5) for part in learned])
        table = fit_likely_colors(seen[:, 0], seen[:, 3:], seen[:, 1:3])
        size = len(json.dumps(table)) / 1000
        print(f"a table of {size:.0f} kB, {len(seen)} pixels", flush=True)
        tens = np.rint(seen[:, 0] / 10)
        common = {
            ten: np.array(most_frequent(seen[tens == ten, 1:3], 6))[:, :2]
            for ten in np.unique(tens)
        }
        for name, part in zip(names, tried):
            for picture in part:
                some = random.choice(len(picture), PIXELS, replace=False)
                answers = [_answers(p, table, common) for p in picture[some]]
                rows[name].append(np.mean(answers, axis=0))
    rows["all"] = [row for some in rows.values() for row in some]
    print("| | pictures | prediction alone | 6 by L | 6 suggestions | - 6 by L |")
    print("|---|---|---|---|---|---|")
    for name, hits in rows.items():
        hits = np.array(hits)
        alone, by_L, ours = hits.mean(axis=0)
        low, high = bootstrap_interval(hits[:, 2] - hits[:, 1])
        print(
            f"| {name} | {len(hits)} | {alone:.3f} | {by_L:.3f} | {ours:.3f} | "
            f"{ours - by_L:+.3f} [{low:+.3f}, {high:+.3f}] |"
        )


def _answers(pixel, table, common):
    """Whether the prediction, six colours by L and six suggestions are right."""
    L, true, ab = pixel[0], pixel[1:3], pixel[3:]
    by_L = common[min(common, key=lambda ten: abs(ten - L / 10))]
    found = [bytes.fromhex(color[1:]) for color in suggest_colors(table, L, ab)]
    ours = rgb8_to_lab(np.array([list(rgb) for rgb in found], "uint8"))[:, 1:]
    return [
        (np.linalg.norm(colors - true, axis=1) <= RIGHT).any()
        for colors in (ab[None], by_L, ours)
    ]


def table(model):
    """Writes the table of likely colours into a model's card."""
    path, card = read_card(model)
    rgb = np.concatenate([rgb for _, rgb in validation_pictures()])
    network = load_network(path, card)
    made = make_likely_colors(network, rgb, card.get("gain", 1.0))
    print(write_card(path, {**card, "likely_colors": made}))


def objects(model, pictures=None):
    """Mean change of ab by one hint, on the object that it is for and elsewhere."""
    colorizer, rows = Colorizer(model), []
    rgb = load_pictures("more", "test", 128).rgb
    for picture in rgb[: pictures and int(pictures)]:
        mask = find_object(picture)
        if mask is not None:
            rows.append(hint_reach(colorizer, picture, mask))
    print(f"{len(rows)} objects, in {len(rgb)} pictures; mean and 95 % interval")
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        low, high = bootstrap_interval(values)
        print(f"{name:8} {values.mean():7.3f} [{low:.3f}, {high:.3f}]")
    ratio = np.sum([r["outside"] for r in rows]) / np.sum([r["inside"] for r in rows])
    print(f"outside / inside {ratio:.3f}")


def films(model=None):
    """How long places are followed and how well, and what hints are worth in a film."""
    from bench_film import clips

    with tempfile.TemporaryDirectory() as work:
        found = list(clips(Path(work)))
    colorizer = Colorizer(model or "flagship")
    for name, rgb in found:
        followed(name, colorizer, rgb)
    if model:
        for name, rgb in found:
            hinted(name, colorizer, rgb)


def followed(name, colorizer, rgb, count=60):
    """Prints how many places are followed, and are of the colour they began with."""
    L = [colorizer.network_input(frame) for frame in rgb]
    ab = [rgb8_to_lab(frame)[..., 1:] for frame in rgb]
    places = np.random.default_rng(0).uniform(0.05, 0.95, (count, 2))
    before = _colors_at(ab[0], places)
    kept = np.linalg.norm(before, axis=1) > 8  # grey is grey everywhere
    places, before = places[kept], before[kept]
    tracker = PlaceTracker(np.zeros(len(places)))
    for number, plane in enumerate(L):
        now = tracker(plane, places, number + 1.0)
        there = ~np.isnan(now[:, 0])
        if number in (1, 5, 10, 25, 50, len(L) - 1) and len(places):
            right, stayed = (
                np.linalg.norm(_colors_at(ab[number], p) - before[kept], axis=1) < RIGHT
                for p, kept in ((now[there], there), (places, slice(None)))
            )
            print(
                f"{name:18} frame {number:3}: {there.mean():.2f} of {len(places)} "
                f"followed, {right.mean() if len(right) else np.nan:.2f} of them right;"
                f" {stayed.mean():.2f} right had all stayed",
                flush=True,
            )


def _colors_at(ab, places):
    """The mean ab of 5 x 5 pixels around places, shares of height and width."""
    size = np.array(ab.shape[:2])
    found = [
        ab[max(0, r - 2) : r + 3, max(0, c - 2) : c + 3].mean(axis=(0, 1))
        for r, c in (np.asarray(places) * size).astype(int)
    ]
    return np.array(found).reshape(-1, 2)


def hinted(name, colorizer, rgb, count=10):
    """Prints the PSNR of a clip without hints, and with some of its first frame."""
    hints = true_hints(rgb[0], count, np.random.default_rng(0))
    scores = []
    for given in ([], hints):
        painter = VideoColorizer(colorizer, smoother=TemporalSmoother(), hints=given)
        painter.size(*rgb.shape[1:3])
        made = [painter.process([f], [n + 1.0])[0] for n, f in enumerate(rgb)]
        scores.append(np.array([psnr(*pair) for pair in zip(rgb, made)]))
    thirds = [
        f"{(scores[1] - scores[0])[part].mean():+.2f}"
        for part in np.array_split(np.arange(len(rgb)), 3)
    ]
    print(
        f"{name:18} {scores[0].mean():.2f} dB, with {count} hints "
        f"{scores[1].mean():.2f} ({', '.join(thirds)} in its thirds)",
        flush=True,
    )


if __name__ == "__main__":
    commands = {each.__name__: each for each in (suggestions, table, objects, films)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
