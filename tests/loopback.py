"""A web server on this machine that can misbehave, for the tests of downloads."""

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What the server answers for one path.

    Attributes:
        data: the body.
        status: of the answer; 200 becomes 206 where a range is asked for.
        etag: strong identity of the data, or None.
        ranges: "yes", "no" (the whole file comes), or "careless" (If-Range is ignored).
        drops: bytes after which the connection is cut, one for each coming request.
        length: what Content-Length says: True (the truth), a number (a lie), False
            (nothing, the end of the connection is the end of the file), or "chunked".
        headers: further headers.
        head: whether the server knows HEAD for it.
    """

    data: bytes = b""
    status: int = 200
    etag: str | None = '"1"'
    ranges: str = "yes"
    drops: list = field(default_factory=list)
    length: object = True
    headers: dict = field(default_factory=dict)
    head: bool = True


@dataclass
class Request:
    """What a client asked for, how many bytes it was sent, whether it took them all."""

    method: str
    path: str
    headers: dict
    body: bytes
    sent: int = 0
    taken: bool = False


class Loopback(ThreadingHTTPServer):
    """Serves `pages`, a dict of path and `Page` (or function of a `Request`)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.requests = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        # The short poll makes `shutdown` quick.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self._thread.join()
        self.server_close()

    def sent(self, path):
        """Bytes sent for each request of a path so far, HEAD left out."""
        found = [r for r in self.requests if r.path == path and r.method != "HEAD"]
        return [request.sent for request in found]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *text):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, path, dict(self.headers), body)
        self.server.requests.append(request)
        page = self.server.pages.get(path, Page(b"not here", 404, None))
        self._answer(page(request) if callable(page) else page, request)

    do_POST = do_HEAD = do_GET

    def _answer(self, page, request):
        data, status = page.data, page.status
        asks_only = request.method == "HEAD"
        if asks_only and not page.head:
            data, status = b"", 501
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", page.etag) == page.etag
        if asked and page.ranges != "no" and (same or page.ranges == "careless"):
            start, status = int(asked[1]), 206
            data = data[start:]
            self.send_response(206 if data else 416)
            end = len(page.data)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        else:
            self.send_response(status)
        if page.ranges != "no":
            self.send_header("Accept-Ranges", "bytes")
        if page.etag:
            self.send_header("ETag", page.etag)
        if page.length == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif page.length is not False:
            length = len(data) if page.length is True else page.length
            self.send_header("Content-Length", str(length))
        for key, value in page.headers.items():
            self.send_header(key, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if asks_only:
            return
        drop = page.drops.pop(0) if page.drops else None
        data = data[:drop]
        request.sent = len(data)
        if page.length == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
            data += b"" if drop is not None else b"0\r\n\r\n"
        with contextlib.suppress(OSError):  # the client may have gone
            self.wfile.write(data)
            self.wfile.flush()
            request.taken = True
            if drop is not None:
                self.connection.shutdown(socket.SHUT_RDWR)
