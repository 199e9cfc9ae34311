"""Trains the three losses of lesson 08 from three seeds; data/comics_seeds.json.

Run from the repository: `python .ci/comics_seeds.py RUNS`, where the folder RUNS keeps
the runs, one each; finished ones are not trained again. All are measured after their
last epoch: `train` keeps the best one of a run without a discriminator, which would be
a second difference.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.evaluation.network import center_crop, predict_ab  # noqa: E402
from colorlib.metrics.scores import colourfulness, score  # noqa: E402
from colorlib.training import train  # noqa: E402
from colorlib.training.building import build_model, compile_model  # noqa: E402
from colorlib.training.parts import load_part, make_batches  # noqa: E402
from colorlib.training.recipes import RECIPES  # noqa: E402
from colorlib.training.resume import fit_resumable  # noqa: E402
from colorlib.training.trainer import settings_of  # noqa: E402

NAMES = ("comics_l2", "comics_l1", "comics_l1_gan")
SEEDS = (0, 1, 2)
COMMON = ("data", "start_from", "epochs", "steps", "batch_size", "hardware")


def last_epoch(recipe, run, parts):
    """The network of a finished run as its last epoch left it."""
    data = [
        make_batches(recipe, parts[part], training=part == "train")
        for part in ("train", "validation")
    ]
    network = build_model(recipe)
    model, phases = compile_model(network, recipe, len(data[0]) * recipe.epochs)
    given = dict(verbose=0, settings=settings_of(recipe), phases=phases, keep="last")
    fit_resumable(model, *data, recipe.epochs, run, **given)
    return network


def main(runs):
    """Trains what is missing, and writes the figures of all."""
    first = RECIPES[NAMES[0]]
    parts = {part: load_part(first, part) for part in ("train", "validation", "test")}
    test = center_crop(parts["test"].rgb, first.crop)
    rows = []
    for seed in SEEDS:
        for name in NAMES:
            recipe = replace(RECIPES[name], seed=seed)
            run = Path(runs) / f"{name}_{seed}"
            card = train(name, run, 2, recipe)[1]
            scores = score(test, predict_ab(last_epoch(recipe, run, parts), test))
            row = {"recipe": name, "seed": seed, "minutes": card["minutes"]}
            rows.append(row | {k: round(float(v.mean()), 5) for k, v in scores.items()})
            print(rows[-1], flush=True)
    text = {key: card[key] for key in COMMON} | {
        "test": card["test"],
        "command": "python .ci/comics_seeds.py RUNS",
        "true_colourfulness": round(float(colourfulness(test).mean()), 3),
        "grey": card["figures"]["grey"],
        "runs": rows,
    }
    path = ROOT / "data" / "comics_seeds.json"
    path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
