"""multipart/mixed bodies that carry whole HTTP requests, and the answers to them.

https://cloud.google.com/storage/docs/batch
https://learn.microsoft.com/rest/api/storageservices/blob-batch
"""

from collections.abc import Callable, Iterator

from fake.messages import Answer, Request

BOUNDARY = "batch_answer"


def boundary(headers: dict[str, str]) -> bytes:
    """That of a multipart body."""
    _, _, found = headers.get("content-type", "").partition("boundary=")
    return found.partition(";")[0].strip("\"' ").encode()


def parts(body: bytes, mark: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """The headers (lower case) and the content of each part of a multipart body."""
    for part in body.split(b"--" + mark)[1:]:
        if part.startswith(b"--"):
            return
        head, _, content = part.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
        yield fields(head.decode().split("\n")), content


def fields(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def answer(
    request: Request, handle: Callable[[Request], Answer], status: int, reply: str
) -> Answer:
    """Each request of a batch answered; `reply` is put before the Content-ID that it came with."""
    found = []
    for headers, inner in parts(request.body, boundary(request.headers)):
        head, _, body = inner.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        method, target, _ = first.split(" ")
        target = target.removeprefix(request.base)
        pieces: list[bytes | bytearray | memoryview] = [body.strip()]
        one = handle(Request(method, target, fields(lines), pieces, request.base))
        found.append(part_of(one, headers.get("content-id", ""), reply))
    text = b"".join(found) + f"--{BOUNDARY}--\r\n".encode()
    return Answer("Batch", status, {"content-type": f"multipart/mixed; boundary={BOUNDARY}"}, text)


def part_of(one: Answer, name: str, reply: str) -> bytes:
    name = f"<{reply}{name[1:]}" if name.startswith("<") else f"{reply}{name}"
    inner = "".join(f"{key}: {value}\r\n" for key, value in one.headers.items())
    head = f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: {name}\r\n\r\n"
    line = f"HTTP/1.1 {one.status} Answer\r\n{inner}Content-Length: {len(one.body)}\r\n\r\n"
    return (head + line).encode() + bytes(one.body) + b"\r\n"
