"""The editor of colour hints as a component of Gradio's page."""

import base64
import io
import itertools
import json
from importlib import resources

import gradio as gr
from PIL import Image

from colorlib.colorize.hint_file import hints_from_json
from colorlib.colorize.hints import format_color

_OPENED = itertools.count()
_HTML = """\
<div class="photo"><img alt="The photograph in colour"></div>
<div class="tools-of-hints"></div>
<button class="done" type="button">Done</button>
"""
_CSS = """
.photo {position: relative; width: min(100%, 600px * var(--ratio)); margin: 0 auto}
.photo img {display: block; width: 100%; margin: 0; background: white;
  user-select: none}
.done {display: block; margin: 0.9rem auto 0; padding: 0.5rem 1.6rem; border: 0;
  border-radius: 2rem; background: var(--button-primary-background-fill);
  color: var(--button-primary-text-color); font-weight: 600; cursor: pointer}
"""
# Each answer of the server is one of the component's properties: `photo` begins with
# another photograph, `image` shows it, `colors` are those suggested for a place.
_SCRIPT = """
const source = new Blob([SOURCE], { type: "text/javascript" });
import(URL.createObjectURL(source)).then(({ HintEditor }) => {
  const find = (name) => element.querySelector(name);
  let wait = { place: null, resolve: () => {} };
  const editor = new HintEditor({
    picture: find(".photo"),
    panel: find(".tools-of-hints"),
    suggest: (place) =>
      new Promise((resolve) => {
        wait = { place, resolve };
        trigger("asked", place);
      }),
    changed: (hints) => trigger("told", { hints }),
  });
  find(".done").onclick = () => trigger("done", { hints: editor.hints });
  const begin = () => {
    if (!props.photo) return;
    const { width, height } = props.photo;
    find(".photo").style.setProperty("--ratio", width / height);
    editor.open(props.photo);
  };
  const show = () => {
    if (props.image) find("img").src = props.image;
  };
  watch("photo", begin);
  watch("image", show);
  watch("colors", () => {
    const { x, y, colors } = props.colors;
    if (wait.place?.x === x && wait.place?.y === y) wait.resolve(colors);
  });
  begin();
  show();
});
"""


def hint_editor():
    """Makes the component; it is for one photograph at a time.

    Its events are `asked` (data `x`, `y`), `told` and `done` (data `hints`); what to
    answer with, `photo_of`, `image_of` and `colors_of` say.

    Returns:
        A `gradio.HTML`, hidden.
    """
    folder = resources.files("colorlib.colorize").joinpath("hint_editor")
    source = folder.joinpath("hint_editor.js").read_text(encoding="utf-8")
    style = folder.joinpath("hint_editor.css").read_text(encoding="utf-8")
    return gr.HTML(
        html_template=_HTML,
        css_template=style + _CSS,
        js_on_load=_SCRIPT.replace("SOURCE", json.dumps(source)),
        apply_default_css=False,
        visible="hidden",
        elem_id="hints",
        photo=None,
        image=None,
        colors=None,
    )


def photo_of(name, size, hints):
    """The property that begins with a photograph of this size (height, width)."""
    entries = [{"x": h.x, "y": h.y, "color": format_color(h.rgb)} for h in hints]
    photo = {"name": name, "height": size[0], "width": size[1], "hints": entries}
    return {**photo, "opened": next(_OPENED)}  # else the same again is no change


def image_of(rgb):
    """The property that shows a picture, uint8 array `(H, W, 3)`."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=90, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def hints_in(event):
    """Reads the hints of an event.

    Returns:
        List of `Hint`s.

    Raises:
        ValueError: if they are none: the event did not come from the page.
    """
    return hints_from_json(json.dumps({"": event.hints}))[""]
