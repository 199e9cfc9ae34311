"""What several test modules share: the repository's root, and a small stored model."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The colour that the network of `constant_model` gives to every pixel, CIE units.
CONSTANT_AB = (18.0, -12.0)


def write_model(path, network, /, **entries):
    """Stores a network with a card that has every entry."""
    from colorlib.cards import write_card
    from colorlib.training import save_weights

    save_weights(network, path)
    card = {
        "name": path.stem,
        "title": "For the tests",
        "network": "baseline_cnn",
        "options": {"filters": 2},
        "multiple": 8,
        "inference_size": 32,
        "parameters": network.count_params(),
        "data": "none",
        "seed": 0,
        "epochs": 1,
        "steps": 1,
        "batch_size": 1,
        "best_epoch": 1,
        "training_loss": 0.02,
        "validation_loss": 0.03,
        "minutes": 0.0,
        "hardware": "2 CPU cores",
        "command": f"python -m colorlib train {path.stem}",
        "test": "none",
        "table": "| | PSNR |\n|---|---|\n| grey | 25.00 |",
        "mean_ab": [1.0, 2.0],
        "lightness_table": [[0.0, 0.0]] * 101,
    }
    write_card(path, {**card, **entries})
    return path
