"""An S3 service that answers what a test tells it to, for what no real one can be made to say."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from storages.backends.s3 import S3Storage


@dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    """Bytes that are announced and do not come, because the connection ends."""


class Asked(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Answers(ThreadingHTTPServer):
    """Gives its answers in turn, and the last one again and again; `asked` is what came."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[Asked] = []

    def says(self, *answers: Answer) -> "Answers":
        """Let these be the next answers."""
        self.answers = list(answers)
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def storage(self, **options: object) -> S3Storage:
        given = {"access_key": "AK", "secret_key": "SK", "region_name": "us-east-1"}
        return S3Storage(bucket_name="bucket", endpoint_url=self.url, **given | options)


class _Handler(BaseHTTPRequestHandler):  # of HTTP/1.0: no connection outlives its answer
    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body) + answer.lost))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def answering(*answers: Answer) -> Iterator[Answers]:
    with Answers(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
