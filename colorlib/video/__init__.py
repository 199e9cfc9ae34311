"""Films: frames in, frames out, sound and times kept, colours without flicker."""

import lazy_loader

# Each name is imported when it is first used, so that no command waits for Keras.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "containers": ["may_be_film"],
        "convert": ["VideoColorizer", "convert_video"],
        "reader": ["probe", "read_frames"],
        "smoothing": ["TemporalSmoother", "flicker"],
    },
)
