"""A network that ONNX Runtime runs: it is there before TensorFlow has started.

It is exported once for each weights file, into the cache folder.
"""

import hashlib
import importlib.util
import json
import os

import numpy as np

from colorlib.data.download import cache_folder

_LAYOUT = 2  # of the exported files; another number: they are made again


class OnnxNetwork:
    """An exported network, in place of the `keras.Model`.

    Args:
        path: of a file that `export_onnx` wrote.
        alone: of a network that takes hints, the path of the part of it that does not;
            or None.

    Attributes:
        inputs: list with an entry for each array that it takes.

    Raises:
        Exception: one of ONNX Runtime's own, if the file is damaged.
    """

    def __init__(self, path, alone=None):
        import onnxruntime

        self._alone = OnnxNetwork(alone) if alone else self

        options = onnxruntime.SessionOptions()
        # Threads that wait for the next picture sleep instead of turning in a circle.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = self._session.get_inputs()

    def __call__(self, seen):
        """Predicts the colours of pictures.

        Args:
            seen: float32 array `(B, H, W, 1)`, L / 50 - 1; for a network that takes
                hints a list of it and `(B, H, W, 3)`.

        Returns:
            float32 array `(B, H, W, 2)`, ab / 128.
        """
        seen = seen if isinstance(seen, list) else [seen]
        names = [given.name for given in self.inputs]
        return self._session.run(["ab"], dict(zip(names, map(np.asarray, seen))))[0]

    predict_on_batch = __call__  # compiled for every size

    def without_hints(self):
        """The network that colours by itself, an `OnnxNetwork`."""
        return self._alone


def open_exported(card):
    """Opens what `keep_exported` wrote for the weights of a card.

    Args:
        card: dict, as `models.read_card` gives it.

    Returns:
        `OnnxNetwork`, or None: there is none, it is damaged, ONNX Runtime is not
        installed, or KERAS_BACKEND says what is to run.
    """
    paths = _places(card)
    if not (_is_wanted() and all(path.is_file() for path in paths)):
        return None
    try:
        return OnnxNetwork(*paths)
    except Exception:  # each kind of damage has its own, none of them public
        return None


def keep_exported(network, card):
    """Exports a network for the next start, if it can be, and for this one.

    Args:
        network: `keras.Model` of the card.
        card: dict, as `models.read_card` gives it.

    Returns:
        `OnnxNetwork`; or `network` where `open_exported` would give None, the package
        `onnx` is not installed, a layer cannot be exported or the cache not written.
    """
    if not _is_wanted():
        return network
    from colorlib.export.onnx import export_onnx
    from colorlib.models.hint_unet import without_hints

    try:
        for part, path in zip((network, without_hints(network)), _places(card)):
            export_onnx(part, path)
    except (ImportError, ValueError, OSError):  # the network itself does as well
        return network
    return open_exported(card) or network


def _is_wanted():
    return not os.environ.get("KERAS_BACKEND") and importlib.util.find_spec(
        "onnxruntime"
    )


def _places(card):
    """The exported file; of a network that takes hints, that of the part without, too.

    Their names tell all that they depend on.
    """
    parts = [_LAYOUT, *(card[entry] for entry in ("sha256", "network", "options"))]
    name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
    endings = [".onnx", *["-alone.onnx"] * (card["network"] == "hint_unet")]
    return [cache_folder() / "onnx" / (name + ending) for ending in endings]
