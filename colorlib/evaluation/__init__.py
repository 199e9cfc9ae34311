"""How good a colorizer is, measured on pictures that it never saw."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "blind_test": ["BlindTest", "paler_is_fake", "wilson_interval"],
        "card_tables": [
            "benchmark_as_markdown",
            "cards_as_markdown",
            "figures_as_markdown",
            "ladder_as_markdown",
        ],
        "network": [
            "colorize_batch",
            "evaluate",
            "center_crop",
            "predict_ab",
            "summarize",
        ],
        "pair_scores": [
            "as_rgb",
            "evaluate_translation",
            "predict",
            "score_translation",
        ],
        "report": ["facts_as_markdown", "find_gaps", "write_report"],
    },
)
