"""Trained networks for other programs: ONNX, LiteRT, a page for browsers."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "litert": ["export_litert"],
        "onnx": ["export_onnx", "load_colorizer"],
        "site": ["build_page"],
    },
)
