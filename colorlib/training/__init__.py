"""Recipes, and the training that follows them and survives a lost session."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "callbacks": [
            "PreviewStrip",
            "make_tensorboard",
            "read_strips",
            "same_pictures",
            "write_gif",
        ],
        "perceptual": ["Perceptual"],
        "recipes": [
            "RECIPES",
            "GanSettings",
            "PerceptualSettings",
            "Recipe",
            "smoke_recipe",
        ],
        "resume": ["fit_resumable", "read_history", "write_history"],
        "runtime": ["FAST", "set_seed"],
        "trainer": ["build_model", "compile_model", "load_part", "make_strip", "train"],
        "translations": ["TRANSLATIONS", "Translation", "smoke_translation"],
        "translate": ["load_translation"],
    },
)
