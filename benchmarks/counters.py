"""What a real server's log tells, counted, and told over HTTP as the fakes tell it (see Meter)."""

import http.server
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

Counting = Callable[[], AbstractContextManager[Sequence[Any]]]


class Requests:
    """All that were seen since the beginning; `counting` fills its list when its context ends."""

    def __init__(self, counting: Counting) -> None:
        self._counting, self._seen = counting, list[Any]()
        self._lock = threading.Lock()

    def __enter__(self) -> "Requests":
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def seen(self) -> list[Any]:
        """Exact while no client is at work: what is logged between two countings is lost."""
        with self._lock:
            self._stack.close()
            self._seen += self._current
            self._begin()
            return self._seen

    def _begin(self) -> None:
        self._stack = ExitStack()
        self._current = self._stack.enter_context(self._counting())


class StatsServer:
    """Answers `GET /_ctl/stats` on a free port of 127.0.0.1."""

    def __init__(self, stats: Callable[[], Mapping[str, int]]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(stats()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Not a word."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port

    def __enter__(self) -> "StatsServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
