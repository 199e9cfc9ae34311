"""What each choice buys: encoders, the context of the whole picture, losses.

Run from the repository: `python tests/benchmarks/bench_choices.py RUNS`. It writes
`RUNS/choices.json`; `data/choices.json`, which lesson 09b shows, is a copy. Every row
has the same pictures in the same order, the same decoder, and 600 steps of 16 at 96
pixels; all are measured on validation pictures, none of which is a test picture. RUNS
keeps what is finished: run again, it goes on. Steps are timed at the end, all choices
in turn; their ratios count, and only where nothing else runs beside.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from colorlib.evaluation.network import center_crop, predict_ab
from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from colorlib.metrics.lpips import Lpips
from colorlib.metrics.scores import colourfulness, psnr
from colorlib.training.building import build_model, compile_model
from colorlib.training.parts import load_part, make_batches
from colorlib.training.resume import fit_resumable
from colorlib.training.runtime import set_seed
from colorlib.training.settings import GanSettings, PerceptualSettings, Recipe

ROUNDS = 9
BASE = Recipe(
    "MobileNetV2",
    ("photos", "landscapes"),
    size=112,
    crop=96,
    network="encoder_unet",
    options={"encoder": "mobilenet_v2", "train_encoder": True},
    epochs=4,
    steps_per_epoch=150,
    batch_size=16,
    loss="mae",
    optimizer="adamw",
    learning_rate=3e-4,
    schedule="cosine",
)
CONTEXT = replace(BASE, options=BASE.options | {"context": True})
CHOICES = {
    "MobileNetV2, L1": BASE,
    "MobileNetV2, context, L1": CONTEXT,
    **{
        f"EfficientNet-Lite{i}, L1": replace(
            BASE, options=BASE.options | {"encoder": f"lite{i}"}
        )
        for i in (0, 1, 2)
    },
    "MobileNetV2, context, L2": replace(CONTEXT, loss="mse"),
    "MobileNetV2, context, L1 + LPIPS": replace(
        CONTEXT, perceptual=PerceptualSettings(weight=2.5)
    ),
    "MobileNetV2, context, L1, then a PatchGAN": replace(
        CONTEXT, adversarial=GanSettings(pretrain_epochs=2, l1_weight=200, width=32)
    ),
}


def train(recipe, parts, folder):
    """Trains a choice: the network."""
    set_seed(recipe.seed)
    batches = make_batches(recipe, parts["train"])
    validation = make_batches(recipe, parts["validation"], training=False)
    network = build_model(recipe, pretrained=True)
    model, phases = compile_model(network, recipe, len(batches) * recipe.epochs)
    given = dict(verbose=2, phases=phases, keep="last")
    fit_resumable(model, batches, validation, recipe.epochs, folder, **given)
    return network


def time_steps(parts):
    """The median seconds of a step of each choice, all in turn."""
    models = {}
    for name, recipe in CHOICES.items():
        network = build_model(recipe, pretrained=True)
        models[name] = compile_model(network, recipe, ROUNDS * recipe.epochs)[0]
        if recipe.adversarial:
            models[name].set_adversarial(True)
    batch = make_batches(BASE, parts["train"])[0]
    seconds = {name: [] for name in models}
    for _ in range(ROUNDS + 2):  # the first two warm up
        for name, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(*batch)
            seconds[name].append(time.perf_counter() - start)
    return {name: round(median(values[2:]), 4) for name, values in seconds.items()}


def measure(real, fake, distance):
    """Means of PSNR, LPIPS and colourfulness."""
    means = {
        "psnr": psnr(real, fake),
        "lpips": distance.of_pictures(real, fake),
        "colour": colourfulness(fake),
    }
    return {key: round(float(np.mean(values)), 4) for key, values in means.items()}


def main(runs):
    """Trains and measures what is missing; prints the table."""
    path = Path(runs) / "choices.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(path.read_text()) if path.exists() else {}
    parts = {part: load_part(BASE, part) for part in ("train", "validation")}
    real = center_crop(parts["validation"].rgb, BASE.crop)
    lab, distance = rgb8_to_lab(real), Lpips()
    if "grey" not in rows:
        grey = lab_to_rgb8(lab * np.float32([1, 0, 0]))
        rows["grey"] = measure(real, grey, distance)
        rows["truth"] = {"colour": round(float(colourfulness(real).mean()), 4)}
    for name, recipe in CHOICES.items():
        if name not in rows:
            print(name, flush=True)
            folder = path.parent / name.replace(" ", "_").replace(",", "")
            network = train(recipe, parts, folder)
            lab[..., 1:] = predict_ab(network, real)
            rows[name] = measure(real, lab_to_rgb8(lab), distance)
            rows[name]["weights"] = network.count_params()
            path.write_text(json.dumps(rows, indent=1) + "\n")
    for name, seconds in time_steps(parts).items():
        rows[name]["seconds"] = seconds
    path.write_text(json.dumps(rows, indent=1) + "\n")
    grey = rows["grey"]
    print(f"{len(real)} validation pictures")
    print("| | LPIPS / grey's | PSNR - grey's | colourfulness / truth | s / step |")
    print("|---|---|---|---|---|")
    for name in CHOICES:
        row = rows[name]
        print(
            f"| {name} | {row['lpips'] / grey['lpips']:.3f} | "
            f"{row['psnr'] - grey['psnr']:+.2f} dB | "
            f"{row['colour'] / rows['truth']['colour']:.2f} | {row['seconds']:.2f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1])
