"""The exceptions of the package; each message says what to do."""


class DataError(OSError):
    """A data set that cannot be had, or is damaged."""


class BusyError(OSError):
    """A file or folder that another run is using now."""


class PictureError(ValueError):
    """A file that cannot be read or written as a picture."""


class HintError(ValueError):
    """A hint that does not fit its picture or film, or a model that takes none."""


class VideoError(PictureError):
    """A file that cannot be read as a film."""


class WeightsError(ValueError):
    """Weights that are damaged or belong to another network."""


class _OneLine(Exception):
    """Shown in a notebook as its message alone; elsewhere an ordinary exception."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of the traceback (IPython asks for it)."""
        return [f"{type(self).__name__}: {self}"]


class NotYet(_OneLine, ValueError):
    """An exercise's answer that is not right yet; the message helps."""


class SetupError(_OneLine, RuntimeError):
    """A lesson that cannot begin here."""
