"""Networks, and the files that hold their weights and figures."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cards": [
            "LADDER",
            "LADDER_FOLDER",
            "RUNS_FOLDER",
            "WEIGHTS_FOLDER",
            "available_models",
            "benchmark_as_markdown",
            "cards_as_markdown",
            "figures_as_markdown",
            "ladder_as_markdown",
            "read_card",
            "with_figures",
            "write_card",
        ],
        "mobilenet_unet": [
            "BUILDERS",
            "MOBILENET_TAPS",
            "build",
            "build_baseline_cnn",
            "build_mobilenet_unet",
            "find_encoder_weights",
            "multiple",
        ],
        "unet": ["PATCHES", "build_patch_discriminator", "build_unet"],
        "weights": ["load_weights", "read_arrays", "save_weights"],
    },
)
