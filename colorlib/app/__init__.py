"""A page on your own machine that colours photographs (Gradio, optional)."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "page": ["launch"],
    },
)
