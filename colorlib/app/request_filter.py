"""What a browser may ask of the server, and nothing else.

Gradio answers more than its pages need: it serves every file in its folder, fetches
addresses of the web on demand, and has an interface for programs. What comes in is
checked here first, so that safety does not hang on its settings and versions.
"""

import json
import re
from pathlib import Path

_FILE, _UPLOAD = "/gradio_api/file=", "/gradio_api/upload"
_JOIN = "/gradio_api/queue/join"
# The addresses that the page asks for.
_OPEN = re.compile(
    r"/(config|theme\.css|favicon\.ico|manifest\.json|(assets|static|svelte)/.*"
    r"|gradio_api/(startup-events|heartbeat/\w+|upload|upload_progress"
    r"|queue/(join|data)|file=.*))?"
)
_CLOSED = b"Not available."
_MOST_JSON = 1_000_000  # bytes of a request to colour


class RequestFilter:
    """ASGI middleware that closes every address but those of the page.

    Args:
        app: the server behind the filter.
        folder: the only one whose files are given out and coloured.
        max_upload: bytes of one upload, all its files together. They are counted as
            they arrive; what the headers say only refuses a request earlier.

    Reference:
        ASGI specification 3.0, HTTP connection scope. RFC 9112, section 6.3: both
        Content-Length and Transfer-Encoding in one request ought to be an error.
    """

    def __init__(self, app, folder, max_upload):
        self.app, self.folder = app, Path(folder).resolve()
        self.max_upload = max_upload

    async def __call__(self, scope, receive, send):
        """Answers one request, or hands it on."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        path, status = scope["path"].removeprefix(scope.get("root_path", "")), 200
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if scope["type"] != "http" or not _OPEN.fullmatch(path):
            status = 404
        elif length and b"transfer-encoding" in headers:
            status = 400  # one of them lies
        elif path.startswith(_FILE):
            status = 200 if self._ours(path.removeprefix(_FILE)) else 403
        elif path == _UPLOAD:
            fits = length.isdigit() and int(length) <= self.max_upload
            status = 200 if fits else 413
        elif path == _JOIN:
            status, body = await self._read(receive)
            receive = _again(body, receive)
        if status == 200:
            try:
                return await self.app(scope, _counted(receive, self.max_upload), send)
            except _TooLong:
                status = 413
        headers = [(b"content-length", str(len(_CLOSED)).encode())]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": _CLOSED})

    def _ours(self, path):
        try:
            place = Path(path).resolve()
            return place.is_relative_to(self.folder) and place.is_file()
        except (OSError, ValueError):  # too long, or a zero byte
            return False

    async def _read(self, receive):
        """Reads a request to colour: (status, its body)."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > _MOST_JSON:
                return 413, b""
        try:
            allowed = all(self._ours(path) for path in _paths(json.loads(body)))
        except (ValueError, RecursionError):
            return 400, b""
        return 200 if allowed else 403, body


def _paths(data):
    """Every `path` in what was sent, wherever it stands."""
    if isinstance(data, dict):
        if "path" in data:
            yield str(data["path"])
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from _paths(value)


class _TooLong(Exception):
    """A request has more bytes than it may have."""


def _counted(receive, most):
    """A `receive` that raises `_TooLong` after more than `most` bytes of body."""
    count = 0

    async def receive_counted():
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > most:
            raise _TooLong
        return message

    return receive_counted


def _again(body, receive):
    """A `receive` that gives a body that was read before."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again():
        return messages.pop() if messages else await receive()

    return receive_again
