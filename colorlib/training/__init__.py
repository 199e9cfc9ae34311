"""Recipes, and the training that follows them and survives a lost session."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bars": ["EpochBar", "bar"],
        "building": ["build_model", "compile_model"],
        "callbacks": [
            "PreviewStrip",
            "make_tensorboard",
            "read_strips",
            "write_gif",
        ],
        "parts": ["load_part"],
        "perceptual": ["Perceptual"],
        "recipes": ["RECIPES"],
        "resume": ["fit_resumable", "read_history", "write_history"],
        "runtime": ["set_seed"],
        "settings": [
            "GanSettings",
            "PerceptualSettings",
            "Recipe",
            "recipe_from",
            "smoke_recipe",
            "with_data",
        ],
        "trainer": ["make_strip", "train"],
    },
)
