"""Model cards: what a shipped weights file is, and whether it is that file."""

import json
from pathlib import Path

from colorlib.errors import WeightsError
from colorlib.utils.files import sha256_of, write_atomically
from colorlib.utils.paths import DATA, RUNS, needs_checkout

WEIGHTS_FOLDER = DATA / "weights"
# Networks that translate pictures and colour none: lesson 10's.
TRANSLATIONS_FOLDER = DATA / "translations"
RUNS_FOLDER = RUNS
# Networks whose encoders begin with weights that have seen ImageNet.
ON_IMAGENET = ("encoder_unet", "hint_unet", "mobilenet_unet")


def available_models(folder: str | Path = WEIGHTS_FOLDER) -> list:
    """Names of the models whose weights and card lie in a folder, sorted."""
    return sorted(
        card.stem
        for card in Path(folder).glob("*.json")
        if card.with_suffix(".npz").exists()
    )


def models_with_hints(folder: str | Path = WEIGHTS_FOLDER) -> list:
    """Names of the available models that can be told colours of places, sorted."""
    return [
        name
        for name in available_models(folder)
        if read_card(name, folder)[1]["network"] == "hint_unet"
    ]


def beginning_of(card: dict) -> str | None:
    """What trained weights a training began with, in words; None where with none."""
    encoder = card.get("recipe", {}).get("encoder_from")
    if encoder:
        return f"the encoder of `{encoder}`"
    weights = card.get("start_from")
    return f"the weights `{weights}`" if weights else None


def read_card(model: str | Path, folder: str | Path = WEIGHTS_FOLDER) -> tuple:
    """Reads a model's card after checking that its weights are the ones it names.

    Args:
        model: a name from `available_models()`, the name of a recipe that was trained
            here (see `RUNS_FOLDER`), or the path of a weights file with its card (the
            same name, ending in `.json`) beside it.
        folder: where names are looked up first.

    Returns:
        (path of the weights, dict of the card).

    Raises:
        FileNotFoundError: if there is no such model; the message lists those there.
        WeightsError: if the file is not the one of its card, or the card is damaged.
    """
    path = Path(model)
    if path.suffix != ".npz":
        path = Path(folder) / f"{model}.npz"
        if not path.is_file() and path.parent == WEIGHTS_FOLDER:
            path = RUNS_FOLDER / model / f"{model}.npz"
    card_path = path.with_suffix(".json")
    if not path.is_file() or not card_path.is_file():
        raise FileNotFoundError(
            f"There is no model {str(model)!r} with its card. Shipped models: "
            f"{', '.join(available_models(folder)) or 'none'}; train a recipe "
            "before you name it (python -m colorlib train NAME); name any other model "
            "by the path of its weights, with the card beside it. "
            + needs_checkout("The models of the lessons (data/weights) are")
        )
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        stated, command = card["sha256"], card["command"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{card_path} is damaged ({error!r}). Restore it."
        ) from error
    found = sha256_of(path)
    if found != stated:
        raise WeightsError(
            f"{path} is damaged or was changed: its SHA-256 begins {found[:12]}, its "
            f"card says {stated[:12]}. Restore it (git checkout, or train it again: "
            f"{command})."
        )
    return path, card


def write_card(weights: str | Path, card: dict) -> Path:
    """Writes a card beside its weights, with the file's size and SHA-256.

    Args:
        weights: path of the weights file.
        card: dict; see `colorlib.training.train` for its entries.

    Returns:
        The path of the card.
    """
    weights = Path(weights)
    facts = {"bytes": weights.stat().st_size, "sha256": sha256_of(weights)}
    full = {**card, **facts}
    text = json.dumps(full, indent=1, ensure_ascii=False) + "\n"
    path = weights.with_suffix(".json")
    write_atomically(path, text.encode())
    return path
