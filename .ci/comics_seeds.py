"""Trains the three losses of lesson 08 from three seeds; data/gan/comics_seeds.json.

Run from the repository: `python .ci/comics_seeds.py RUNS`, where the folder RUNS keeps
the runs, one each; finished ones are not trained again.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.evaluation.network import center_crop  # noqa: E402
from colorlib.metrics.scores import colourfulness  # noqa: E402
from colorlib.training import train  # noqa: E402
from colorlib.training.parts import load_part  # noqa: E402
from colorlib.training.recipes import RECIPES  # noqa: E402

NAMES = ("comics_l2", "comics_l1", "comics_l1_gan")
SEEDS = (0, 1, 2)
COMMON = ("data", "start_from", "epochs", "steps", "batch_size", "hardware")


def main(runs):
    """Trains what is missing, and writes the figures of all."""
    rows = []
    for seed in SEEDS:
        for name in NAMES:
            run = Path(runs) / f"{name}_{seed}"
            card = train(name, run, 2, replace(RECIPES[name], seed=seed))[1]
            row = {"recipe": name, "seed": seed, "minutes": card["minutes"]}
            rows.append(row | card["figures"][name])
            print(rows[-1], flush=True)
    pages = load_part(RECIPES[NAMES[0]], "test").rgb
    truth = colourfulness(center_crop(pages, RECIPES[NAMES[0]].crop)).mean()
    text = {key: card[key] for key in COMMON} | {
        "command": "python .ci/comics_seeds.py RUNS",
        "true_colourfulness": round(float(truth), 4),
        "grey": card["figures"]["grey"],
        "runs": rows,
    }
    path = ROOT / "data" / "gan" / "comics_seeds.json"
    path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
