"""Networks, and the files that hold their weights and figures."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cards": [
            "RUNS_FOLDER",
            "TRANSLATIONS_FOLDER",
            "WEIGHTS_FOLDER",
            "available_models",
            "read_card",
            "write_card",
        ],
        "cnn": ["build_baseline_cnn"],
        "encoder_unet": ["build_encoder_unet"],
        "hint_unet": ["build_hint_unet", "without_hints"],
        "mobilenet_unet": ["build_mobilenet_unet", "find_encoder_weights"],
        "patch_discriminator": ["PATCHES", "build_patch_discriminator"],
        "registry": ["BUILDERS", "build", "size_multiple"],
        "unet": ["build_unet"],
        "weights": ["load_weights", "read_arrays", "save_weights"],
    },
)
