"""From a grey photograph to a coloured one: one picture, or whole folders."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "colorizer": ["DEFAULT_MODEL", "Colorizer", "load_network"],
        "files": ["before_after", "colorize_files"],
        "hint_file": ["read_hints", "write_hints"],
        "hints": ["Hint", "parse_hint"],
        "suggestions": ["suggest_colors"],
    },
)
