"""The blind test as a widget in a notebook: pictures, two answers, the result."""

import base64
import io

import ipywidgets as widgets
from PIL import Image


def show(test):
    """Lets a person take a `BlindTest`.

    The browser itself shows and hides the pictures, so that a slow connection does not
    lengthen the second.

    Args:
        test: a `BlindTest`; questions answered before stay answered.

    Returns:
        A widget, for JupyterLab, Notebook 7 and Colab.
    """
    stage, said = widgets.HTML(), widgets.HTML()
    below = widgets.Layout(width="256px", margin="8px")  # each below its picture
    buttons = {
        side: widgets.Button(description=f"The {side} one is fake", layout=below)
        for side in ("left", "right")
    }
    go = widgets.Button(description="Start", button_style="primary", layout=below)

    def ask(_=None):
        number, trials = len(test.answers) + 1, len(test.plan) - test.practice
        part = f"Trial {number - test.practice} of {trials}"
        if number <= test.practice:
            part = f"Practice {number} of {test.practice}"
        said.value = f"<b>{part}.</b> Which one is fake?"
        stage.value = _flash(test.pair(), test.seconds, number)
        set_buttons(asking=True)

    def take(side):
        right = test.answer(side)
        if test.done:
            finish()
        elif right is None:
            ask()
        else:
            fake = test.plan[len(test.answers) - 1].fake
            word = "Right" if right else "Wrong"
            said.value = f"<b>{word}:</b> the {fake} one was the fake."
            go.description = "Next"
            set_buttons(asking=False)

    def finish():
        said.value, stage.value = str(test.result()), ""
        set_buttons(asking=False)
        go.disabled = True

    def set_buttons(asking):
        go.disabled = asking
        for button in buttons.values():
            button.disabled = not asking

    for side, button in buttons.items():
        button.on_click(lambda _, side=side: take(side))
    go.on_click(ask)
    said.value = (
        "One of two pictures is a photograph, the other one was coloured by a "
        f"network. You see them for {test.seconds:g} s. Say which one is the fake."
    )
    set_buttons(asking=False)
    if test.done:
        finish()
    return widgets.VBox([said, stage, widgets.HBox([*buttons.values()]), go])


def _flash(pair, seconds, number):
    """HTML of two pictures that appear after half a second, and for so long."""
    name, images = f"flash{number}", ""
    for rgb in pair:
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "PNG")
        source = base64.b64encode(file.getvalue()).decode()
        images += f'<img class="{name}" src="data:image/png;base64,{source}">'
    return (
        f"<style>@keyframes {name} {{from, to {{visibility: visible}}}} "
        f".{name} {{visibility: hidden; animation: {name} {seconds}s linear 0.5s; "
        "width: 256px; height: 256px; object-fit: contain; margin: 8px}</style>"
        f"<div>{images}</div>"
    )
