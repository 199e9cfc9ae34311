"""The web page of the tool: drop photographs, look at them in colour, take them home.

It runs on your own machine (`python -m colorlib app`), or in a notebook, Colab's
included: `from colorlib.app import launch; launch()`. Nothing is sent anywhere:
Gradio's statistics are off, and so is its public link unless you ask for it.
"""

import atexit
import contextlib
import errno
import functools
import html
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from colorlib.app.hint_component import hint_editor, hints_in, image_of, photo_of
from colorlib.app.request_filter import RequestFilter
from colorlib.app.service import (
    KEEP,
    MAX_FRAMES,
    MAX_MEGAPIXELS,
    ColorizeService,
    label,
    sweep,
)
from colorlib.errors import PictureError

MAX_FILES = 20  # at a time
MAX_MEGABYTES = 50  # a file
AT_ONCE = 2  # people whose pictures are coloured at the same time; others wait
_CSS = """
.gradio-container {max-width: 1200px !important; margin: auto !important}
#status p {margin: 0}
#slider img {background: white}
"""


def build_page(service):
    """Builds the page.

    Args:
        service: a `service.ColorizeService`.

    Returns:
        A `gradio.Blocks`, for `launch` to open.
    """

    def run(files, model, strength, contrast, before, told):
        if not files:
            raise _refusal(["Drop a photograph into the field first."])
        if len(files) > MAX_FILES:
            raise _refusal(
                [
                    f"{len(files)} files are more than {MAX_FILES} at a time. Take "
                    "some out (×), and drop them when the others are done."
                ]
            )
        results, problems = [], []
        known = {}
        if service.takes_hints(model):
            known = {r.source: told.get(r.file, r.hints) for r in before}
        for number, file in enumerate(files, start=1):
            try:
                hints = known.get(Path(file), ())
                results.append(service.colorize(file, model, strength, contrast, hints))
            except PictureError as error:
                problems.append(str(error))
            except MemoryError:
                problems.append(f"{Path(file).name}: not enough memory for it.")
            if results and number < len(files):
                yield _shown(results, problems, f"{number} of {len(files)} …")
        if not results:
            raise _refusal(problems)
        yield finished(results, problems)

    def finished(results, problems, number=0):
        zipped, text = None, "Your photograph is ready."
        if len(results) > 1:
            try:
                zipped = service.pack(results)
            except PictureError as error:
                problems.append(str(error))
            text = f"{len(results)} photographs are ready. Click one to look at it."
        return _shown(results, problems, text, zipped, number)

    def choose(results, event: gr.SelectData):
        return *_looked_at(results[event.index]), event.index

    # Hints: `number` is of the result that is looked at.

    def edit(results, number):
        with _refusals():
            result = results[number]
            photo = photo_of(result.name, service.size(result), result.hints)
            image = image_of(service.preview(result, result.hints))
        text = f"**{_plain(result.name)}: say which colours places have.**"
        hidden = [gr.update(visible=False)] * 5
        return *hidden, text, gr.update(visible=True, photo=photo, image=image)

    def suggest(results, number, event: gr.EventData):
        with _refusals():
            place = {"x": event.x, "y": event.y}
            colors = service.suggest(results[number], **place)
        return gr.update(colors={**place, "colors": colors})

    def preview(results, number, event: gr.EventData):
        with _refusals():
            hints = hints_in(event)
            image = image_of(service.preview(results[number], hints))
        # Only they, and for this result: "Done" may have made a better one meanwhile.
        return gr.update(image=image), {results[number].file: hints}

    def finish(results, number, event: gr.EventData):
        with _refusals():
            result = results[number]
            hints = hints_in(event)
            results = [*results]
            results[number] = service.colorize(result.source, *result.settings, hints)
        return finished(results, [], number)

    example = service.example()
    with gr.Blocks(title="Old photographs in colour", analytics_enabled=False) as page:
        gr.Markdown(
            "# Old photographs in colour\n"
            "Drop your black-and-white or faded photographs into the field below. A "
            "network guesses the colours; size and sharpness stay as they are."
        )
        results, number = gr.State([example]), gr.State(0)
        told = gr.State({})  # hints that are not "Done": of the file of a result
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                files = gr.File(
                    label="Photographs",
                    file_count="multiple",
                    height=190,
                    elem_id="files",
                )
                model = gr.Dropdown(
                    [(label(name), name) for name in service.models],
                    value=service.models[0],
                    label="What is in them?",
                    filterable=False,
                    elem_id="model",
                )
                strength = gr.Slider(
                    0,
                    2,
                    1,
                    step=0.05,
                    label="Colour strength",
                    elem_id="strength",
                )
                contrast = gr.Checkbox(
                    label="Faded: restore the contrast first",
                    elem_id="contrast",
                )
                button = gr.Button(
                    "Colour with these settings", variant="primary", elem_id="colour"
                )
                gr.Markdown(
                    f"At most {MAX_FILES} files at a time, of {MAX_MEGABYTES} MB and "
                    f"{service.max_pixels / 1e6:g} megapixels each, animations of "
                    f"{MAX_FRAMES} frames. You get back the "
                    "same format and size, with date and transparency kept. Your "
                    "pictures stay on the computer that runs this page, and are "
                    f"deleted there after {KEEP // 60} minutes. The colours are a "
                    "guess, not history."
                )
            with gr.Column(scale=5, min_width=320):
                status = gr.Markdown(
                    "An example, from 1865. Drag the line.", elem_id="status"
                )
                slider = gr.ImageSlider(
                    (str(example.before), str(example.after)),
                    label=example.name,
                    max_height=600,
                    buttons=["fullscreen"],
                    interactive=False,
                    elem_id="slider",
                )
                editor = hint_editor()
                with gr.Row():
                    change = gr.Button(
                        "Change colours", visible=example.takes_hints, elem_id="change"
                    )
                    one = gr.DownloadButton(
                        visible=False, variant="primary", elem_id="one"
                    )
                    everything = gr.DownloadButton(visible=False, elem_id="all")
                gallery = gr.Gallery(
                    visible=False,
                    show_label=False,
                    columns=6,
                    height="auto",
                    object_fit="cover",
                    allow_preview=False,
                    interactive=False,
                    buttons=[],
                    elem_id="gallery",
                )
        looked_at = [slider, one, change]
        shown = [*looked_at, gallery, everything, status, results, number, editor]
        gr.on(
            [files.upload, button.click],
            run,
            [files, model, strength, contrast, results, told],
            shown,
            concurrency_limit=AT_ONCE,
            api_visibility="private",
            show_progress_on=[status],
        )
        gallery.select(
            choose, [results], [*looked_at, number], api_visibility="private"
        )
        # Of hints; of many at once, such as while one is moved, the last one counts.
        now = {"trigger_mode": "always_last", "show_progress": "hidden"}
        now |= {"concurrency_limit": AT_ONCE, "api_visibility": "private"}
        current = [results, number]
        edited = [*looked_at, gallery, everything, status, editor]
        change.click(edit, current, edited, api_visibility="private")
        editor.asked(suggest, current, editor, **now)
        editor.told(preview, current, [editor, told], **now)
        editor.done(
            finish,
            current,
            shown,
            concurrency_limit=AT_ONCE,
            api_visibility="private",
            show_progress_on=[status],
        )
    page.queue(max_size=50, api_open=False)
    return page


def launch(
    host="127.0.0.1",
    port=None,
    share=False,
    max_megapixels=MAX_MEGAPIXELS,
    models=None,
    wait=False,
):
    """Opens the page; in a notebook it appears under the cell.

    Args:
        host: the address to listen at: this machine only, or "0.0.0.0" for everybody
            in the network.
        port: 1 to 65535; None takes the first free one from 7860 on.
        share: ask Gradio's servers for a public link. Without it nothing leaves this
            machine.
        max_megapixels: larger pictures are refused.
        models: as for `ColorizeService`.
        wait: do not return before Ctrl-C.

    Returns:
        The running `gradio.Blocks`; its `local_url` says where, `close()` ends it.

    Raises:
        ValueError: if `port` is none.
        OSError: if the port is taken, or `host` is no address of this machine.
    """
    if port is not None and not 1 <= port <= 65535:
        raise ValueError(f"port must be from 1 to 65535, got {port}.")
    _check_address(host, port)
    folder = _folder()
    page = build_page(ColorizeService(folder, max_megapixels, models))
    largest = MAX_MEGABYTES * 2**20
    page.launch(
        server_name=host,
        server_port=port,
        share=bool(share),
        quiet=True,
        prevent_thread_lock=True,
        height=900,  # of the frame in a notebook
        max_file_size=largest,
        theme=gr.themes.Soft(font=["system-ui", "sans-serif"]),
        css=_CSS,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        app_kwargs={
            "middleware": [
                Middleware(RequestFilter, folder, MAX_FILES * largest + 2**20)
            ]
        },
    )
    # Gradio looks for work a thousand times a second, 20 times on Windows; that costs
    # an idle page a twentieth of a core.
    page._queue.sleep_when_free = 0.05
    if wait:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
        print(f"The page is at {page.local_url} (Ctrl-C ends it).", flush=True)
        page.block_thread()
    return page


def _check_address(host, port):
    """Says at once where nothing can listen; Gradio would try a hundred ports."""
    try:
        found = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # else the last one's port is taken for a minute
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise OSError(f"port {port} is taken; choose another (--port).") from None
        why = getattr(error, "strerror", None) or error
        raise OSError(
            f"nothing can listen at {host} ({why}). --host is 127.0.0.1 for this "
            "machine, or 0.0.0.0 for everybody in your network."
        ) from None


@functools.cache
def _folder():
    """The folder of uploads and results: one a process, deleted at its end."""
    folder = Path(tempfile.mkdtemp(prefix="colorlib-app-")).resolve()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def keep_clean():
        while folder.is_dir():
            sweep(folder)
            time.sleep(60)

    threading.Thread(target=keep_clean, daemon=True).start()
    return folder


def _shown(results, problems, text, zipped=None, number=0):
    """What the page shows, `number` large; the values of `shown` in `build_page`."""
    lines = [f"**{text}**", *(f"Not done: {_plain(line)}" for line in problems)]
    for result in results:
        if result.damage:
            lines.append(f"{_plain(result.name)}: {_plain(result.damage)}.")
    several = len(results) > 1
    return (
        *_looked_at(results[number]),
        gr.Gallery([str(result.after) for result in results], visible=several),
        gr.DownloadButton(
            f"Download all {len(results)} (zip)", zipped, visible=zipped is not None
        ),
        "\n\n".join(lines),
        results,
        number,
        gr.update(visible="hidden"),
    )


def _looked_at(result):
    pair = str(result.before), str(result.after)
    return (
        gr.ImageSlider(pair, label=result.name, visible=True),
        gr.DownloadButton(f"Download {result.file.name}", result.file, visible=True),
        gr.Button(visible=result.takes_hints),
    )


@contextlib.contextmanager
def _refusals():
    """What the service refuses is said in the page."""
    try:
        yield
    except (PictureError, ValueError) as error:
        raise _refusal([str(error)]) from None


def _plain(text):
    """Text for the page to show as it stands: a file name may be HTML or Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#|~$!-])", r"\\\1", html.escape(text))


def _refusal(lines):
    return gr.Error(
        "<br>".join(map(html.escape, lines)),
        duration=None,
        print_exception=False,
    )
