"""Measures what true hints are worth, and draws data/hints.png for the README.

Run from the repository, with the data sets in the folder of COLORLIB_MIRROR:
`python .ci/hint_figure.py`. The figures go into the card of the model `flagship`.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.colorize.colorizer import Colorizer  # noqa: E402
from colorlib.data.sets import load_pictures  # noqa: E402
from colorlib.evaluation.benchmark import SIDE  # noqa: E402
from colorlib.evaluation.hint_curve import COUNTS, hint_curve  # noqa: E402
from colorlib.metrics.tables import mean_and_interval  # noqa: E402
from colorlib.models.cards import read_card, write_card  # noqa: E402

MODEL = "flagship"
SETS = {"photos": 100, "kodak": None, "more": 60}  # pictures of each, test part


def main():
    """Colours the pictures with more and more hints; writes card and picture."""
    colorizer, rows = Colorizer(MODEL), {}
    for name, limit in SETS.items():
        rgb = load_pictures(name, "test", SIDE).rgb
        chosen = np.linspace(0, len(rgb) - 1, limit or len(rgb)).astype(int)
        curve = hint_curve(colorizer, rgb[chosen])
        rows[f"{name} ({len(chosen)})"] = {
            str(count): mean_and_interval(curve[count] - curve[0], 2, "+")
            for count in COUNTS[1:]
        }
        gained = [(curve[count] - curve[0]).mean() for count in COUNTS]
        plt.plot(range(len(COUNTS)), gained, "o-", label=f"{name}, {len(chosen)}")
        print(name, rows[f"{name} ({len(chosen)})"], flush=True)
    plt.xticks(range(len(COUNTS)), COUNTS)
    plt.xlabel("true colours told, at random places")
    plt.ylabel("PSNR over no hints (dB)")
    plt.grid(alpha=0.3)
    plt.legend()
    plt.gcf().set_size_inches(6, 3.5)
    plt.tight_layout()
    plt.savefig(ROOT / "data" / "hints.png", dpi=110)
    path, card = read_card(MODEL)
    write_card(path, {**card, "hint_curve": {"side": SIDE, "psnr_over_none": rows}})


if __name__ == "__main__":
    main()
