"""Data sets of colour pictures: find, fetch, read and split them."""

from colorlib.data.catalog import DATA_SETS
from colorlib.data.sets import (
    MIN_CHROMA,
    PARTS,
    Pictures,
    concatenate,
    describe_sets,
    is_picture,
    load_pictures,
    read_files,
)
from colorlib.data.sources import locate

__all__ = [
    "DATA_SETS",
    "MIN_CHROMA",
    "PARTS",
    "Pictures",
    "concatenate",
    "describe_sets",
    "is_picture",
    "load_pictures",
    "locate",
    "read_files",
]
