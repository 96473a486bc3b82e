"""Before a server that speaks HTTP: answers chosen requests itself, and passes the others on.

    with Front(moto) as front:
        front.refuse("PUT /bucket/", 403, "AccessDenied", "Access Denied")
        ...                                     # against front.url
        front.work()

The answers are the XML documents of S3, Google and Azure.
"""

import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, Self
from xml.sax.saxutils import escape

from .base import Server
from .wire import HOST, Answer, Call, WireServer

OF_THE_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
TIMES = ("date", "last-modified")


@dataclass
class Refusal:
    """What the calls get that match, with a header, and without one."""

    pattern: re.Pattern[str]
    answer: Callable[[], Answer]
    having: str
    lacking: str

    def meets(self, call: Call) -> bool:
        if self.having and self.having not in call.headers:
            return False
        if self.lacking and self.lacking in call.headers:
            return False
        return bool(self.pattern.search(f"{call.method} {call.target}"))


class Front:
    """A port of its own before `upstream`, until the context ends."""

    def __init__(self, upstream: Server) -> None:
        self.upstream = upstream
        self.skew = 0.0  # seconds that the server's clock seems to be ahead
        self.without: tuple[str, ...] = ()  # headers of requests that the server does not see
        self.calls: list[str] = []
        self._refusals: list[Refusal] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def refuse(
        self,
        pattern: str,
        status: int,
        code: str,
        message: str = "",
        *,
        having: str = "",
        lacking: str = "",
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> None:
        """Answer calls so, whose `METHOD target` has the pattern.

        Only those with the header `having`, and without the header `lacking`.
        """
        fields = {"Code": code, "Message": message, **more, "RequestId": "4442587FB7D0A2F9"}
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
        said = {"Content-Type": "application/xml", "x-ms-error-code": code, **(headers or {})}
        self.answer(pattern, status, body, said, having=having, lacking=lacking)

    def answer(
        self,
        pattern: str,
        status: int,
        body: bytes | dict[str, Any],
        headers: dict[str, str] | None = None,
        *,
        having: str = "",
        lacking: str = "",
    ) -> None:
        """The same with any body."""

        def make() -> Answer:
            return Answer(status, body, dict(headers or {}))

        self._refusals.append(Refusal(re.compile(pattern), make, having, lacking))

    def work(self) -> None:
        """Refuse no more."""
        self._refusals.clear()

    def __enter__(self) -> Self:
        self._server = WireServer(self._handle)
        self.port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, call: Call) -> Answer:
        self.calls.append(f"{call.method} {call.target}")
        found = next((each for each in self._refusals if each.meets(call)), None)
        answer = found.answer() if found else self._passed_on(call)
        for name, value in answer.headers.items():
            if self.skew and name.lower() in TIMES:
                seconds = parsedate_to_datetime(value).timestamp() + self.skew
                answer.headers[name] = formatdate(seconds, usegmt=True)
        return answer

    def _passed_on(self, call: Call) -> Answer:
        connection = http.client.HTTPConnection(*self.upstream.address)
        try:
            hidden = (*OF_THE_HOP, "expect", *self.without)
            headers = {k: v for k, v in call.headers.items() if k not in hidden}
            connection.putrequest(
                call.method, call.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(call.body)))
            connection.endheaders(call.body or None)
            with connection.getresponse() as answer:
                kept = ("content-length",) if call.method == "HEAD" else ()
                said = {
                    name: value
                    for name, value in answer.getheaders()
                    if name.lower() not in OF_THE_HOP or name.lower() in kept
                }
                return Answer(answer.status, answer.read(), said)
        finally:
            connection.close()
