"""Drawings of networks, made from the networks, so that they cannot lie."""

from colorlib.drawing.canvas import Drawing
from colorlib.drawing.networks import (
    draw_encoder_unet,
    draw_game,
    draw_layers,
    draw_patch,
    draw_unet,
)
from colorlib.drawing.numbers import draw_backpropagation, draw_convolution

__all__ = [
    "Drawing",
    "draw_backpropagation",
    "draw_convolution",
    "draw_encoder_unet",
    "draw_game",
    "draw_layers",
    "draw_patch",
    "draw_unet",
]
