"""Trained networks for phones and small computers: LiteRT."""

import json
from pathlib import Path

import keras

from colorlib.models.hint_unet import without_hints
from colorlib.utils.files import write_atomically


def export_litert(network, path, height, width, metadata=None):
    """Writes a network as a LiteRT (TensorFlow Lite) file, for one height and width.

    The size is fixed because the accelerators of phones want it so. Weights are stored
    in 32 bits: the converter multiplies those of BatchNorm into the others, and
    rounding these products to 16 bits moves a picture by up to 3 of 255 levels.

    Args:
        network: a `keras.Model`, `(B, H, W, C)` -> `(B, H, W, C')`; where it takes
            hints, it gets none.
        path: where to, ending in `.tflite`.
        height: of the input in pixels.
        width: of the input in pixels.
        metadata: dict of strings that go into a file beside it, its name and `.json`;
            or None.

    Raises:
        ValueError: if Keras runs on another backend than TensorFlow.
        OSError: if a file cannot be written.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "the export to LiteRT needs Keras on TensorFlow, it runs on "
            f"{keras.backend.backend()}. Unset KERAS_BACKEND."
        )
    import tensorflow as tf

    # Keras' own `export(format="litert")` does the same in four times the time.
    network = without_hints(network)
    shape = tf.TensorSpec((1, height, width, network.input_shape[-1]), name="L")
    run = tf.function(lambda L: network(L, training=False))
    holder = tf.Module()  # of the network alone, TensorFlow 2.18 loses variables
    holder.weights = [variable.value for variable in network.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [run.get_concrete_function(shape)], holder
    )
    write_atomically(path, converter.convert())
    about = {**(metadata or {}), "height": str(height), "width": str(width)}
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    # Not `x.json`: that may be the card of the weights beside it.
    write_atomically(Path(f"{path}.json"), text.encode())
