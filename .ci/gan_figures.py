"""Puts what lesson 07 shows of finished trainings into data/gan: cards and strips.

Run from the repository: `python .ci/gan_figures.py RUNS`, where the folder RUNS holds
the runs of `train`, a folder each. Runs that are not there are left out. A copy of a
GAN's `best.npz`, made when its epochs of L1 alone were over and named `l1_alone.npz`,
is measured, too.

`python .ci/gan_figures.py RUNS --blind FOLDER` writes the pairs of the blind viewing
instead: each picture after the first and after the last epoch of `quality_gan`, in an
order that only FOLDER/key.json tells.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from colorlib.colorize.colorizer import load_network  # noqa: E402
from colorlib.evaluation.network import center_crop, predict_ab  # noqa: E402
from colorlib.lab import lab_to_rgb, rgb8_to_lab  # noqa: E402
from colorlib.metrics.lpips import Lpips  # noqa: E402
from colorlib.metrics.scores import score  # noqa: E402
from colorlib.models.cards import read_card  # noqa: E402
from colorlib.models.weights import load_weights  # noqa: E402
from colorlib.training.building import build_model, compile_model  # noqa: E402
from colorlib.training.callbacks import read_strips  # noqa: E402
from colorlib.training.parts import load_part  # noqa: E402
from colorlib.training.recipes import RECIPES  # noqa: E402

FOLDER = ROOT / "data" / "gan"
# Which epochs are shown: the first, the last of L1 alone, and the last of all.
EPOCHS = {
    "quality_gan": (1, 8, 20),
    "quality_l1": (1, 8, 20),
    "mixed": (1, 2, 10),
    "mixed_1to1": (1, 2, 10),
}
SIDE = 128


def store_strips(run, epochs, path):
    """Stores the strips of some epochs as one JPEG, a row each."""
    strips = read_strips(run)
    rows = [strips[epoch] for epoch in epochs]
    Image.fromarray(np.vstack(rows)).save(path, quality=92, subsampling=0)


def measure_lpips(ab, rgb, distance):
    """LPIPS of the pictures `rgb` in the colours `ab`: N numbers."""
    values = []
    for start in range(0, len(rgb), 32):
        real = rgb[start : start + 32]
        lab = rgb8_to_lab(real)
        lab[..., 1:] = ab[start : start + 32]
        values.append(np.asarray(distance(real / 255.0, lab_to_rgb(lab))))
    return np.concatenate(values)


def add_figures(card, run, recipe, rgb, distance):
    """Adds mean LPIPS, and what the network was before the game, to a card."""
    network = load_network(run / f"{card['name']}.npz", card)
    colours = {"grey": np.zeros((*rgb.shape[:3], 2), "float32")}
    if (run / "l1_alone.npz").exists():
        before = build_model(recipe)
        load_weights(
            compile_model(before, recipe, recipe.epochs)[0], run / "l1_alone.npz"
        )
        ab = colours["L1 alone"] = predict_ab(before, rgb)
        means = {key: values.mean() for key, values in score(rgb, ab).items()}
        card["figures"]["L1 alone"] = {k: round(float(m), 6) for k, m in means.items()}
    colours[card["name"]] = predict_ab(network, rgb)
    card["lpips"] = {
        row: round(float(measure_lpips(ab, rgb, distance).mean()), 4)
        for row, ab in colours.items()
    }


def write_pairs(run, folder):
    """Writes the pairs of the blind viewing, and the key."""
    strips = read_strips(run)
    folder.mkdir(parents=True, exist_ok=True)
    chance, key = random.SystemRandom(), {}
    first, last = (np.hsplit(strips[e], strips[e].shape[1] // SIDE) for e in (1, 20))
    for number, pair in enumerate(zip(first, last)):
        order = chance.sample((0, 1), 2)
        picture = np.hstack([np.pad(pair[i], ((4, 4), (4, 4), (0, 0))) for i in order])
        image = Image.fromarray(picture)
        image = image.resize((3 * image.width, 3 * image.height), Image.BICUBIC)
        image.save(folder / f"pair_{number + 1}.png")
        key[number + 1] = "left" if order[0] == 1 else "right"  # where epoch 20 is
    (folder / "key.json").write_text(json.dumps(key))


def main(runs, blind=None):
    """Writes cards and strips, or the pairs."""
    if blind:
        write_pairs(Path(runs) / "quality_gan", Path(blind))
        return
    FOLDER.mkdir(exist_ok=True)
    distance, tests = Lpips(), {}
    for name, epochs in EPOCHS.items():
        run = Path(runs) / name
        if not (run / f"{name}.json").exists():
            continue
        recipe = RECIPES[name]
        card = read_card(run / f"{name}.npz")[1]
        key = (recipe.data, recipe.limit)
        if key not in tests:
            tests[key] = center_crop(load_part(recipe, "test").rgb, recipe.crop)
        add_figures(card, run, recipe, tests[key], distance)
        text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
        store_strips(run, epochs, FOLDER / f"{name}.jpg")
        print(name, card["lpips"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3] if "--blind" in sys.argv else None)
