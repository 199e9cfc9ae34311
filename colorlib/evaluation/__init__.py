"""How good a colorizer is, measured on pictures that it never saw."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "blind_test": ["BlindTest", "paler_is_fake"],
        "card_tables": [
            "benchmark_as_markdown",
            "figures_as_markdown",
            "ladder_as_markdown",
        ],
        "hint_curve": ["hint_curve", "true_hints"],
        "hint_reach": ["find_object", "hint_reach"],
        "likely_colors": ["fit_likely_colors", "make_likely_colors"],
        "near_duplicates": ["find_near_duplicates"],
        "network": [
            "center_crop",
            "colorize_batch",
            "evaluate",
            "evaluate_translation",
            "predict_ab",
            "score_translation",
            "summarize",
            "translate_batch",
        ],
        "report": ["facts_as_markdown", "find_gaps", "write_report"],
        "report_export": ["export_report"],
        "report_template": [
            "make_template",
            "plain_history",
            "references_as_markdown",
            "sources_of",
            "start_report",
        ],
    },
)
