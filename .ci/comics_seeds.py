"""Trains lesson 08's three losses with three seeds each: data/gan/comics_seeds.json.

Run from the repository: `python .ci/comics_seeds.py RUNS`, where RUNS is a folder for
the runs; stopped, it goes on where it was. One thing differs between neighbours: L2 and
L1 the loss, L1 and L1 + GAN the discriminator. All stop after the same steps.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.training import RECIPES, train  # noqa: E402
from colorlib.utils.files import write_atomically  # noqa: E402

PATH = ROOT / "data" / "gan" / "comics_seeds.json"
TITLES = {"comics_l2": "L2", "comics_l1": "L1", "comics_l1_gan": "L1 + GAN"}
SEEDS = (0, 1, 2)


def main(runs):
    """Trains what is not trained yet, and writes the figures of all runs."""
    found = {"losses": {title: [] for title in TITLES.values()}}
    for seed in SEEDS:
        for name, title in TITLES.items():
            recipe = replace(RECIPES[name], seed=seed)
            _, card = train(name, Path(runs) / f"{name}_{seed}", 2, recipe)
            figures = dict(card["figures"][name], seed=seed, minutes=card["minutes"])
            found["losses"][title].append(figures)
            same = ("data", "test", "steps", "hardware", "true_colourfulness")
            found |= {key: card[key] for key in same}
            found["grey"] = card["figures"]["grey"]
    write_atomically(PATH, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main(sys.argv[1])
