"""A little HTTP server that keeps what it was sent, to test the fault proxy against."""

import contextlib
import socket
import threading

MIB = 1 << 20


class Origin:
    """Answers 5 bytes, or 1 MiB to `/large`; `received` has the bytes of each connection."""

    def __init__(self):
        self.received = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.received.append(b"")
            number = len(self.received) - 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        with connection, connection.makefile("rb") as stream:
            try:
                while self._answer(connection, stream, number):
                    pass
            except OSError:
                pass

    def _answer(self, connection, stream, number):
        head, headers = b"", {}
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            self.received[number] += line
            if not line:
                return False
            head += line
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect") and b"/refused" in head:
            connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return True
        if headers.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._read_body(stream, headers, number)
        size = MIB if b" /large " in head else 5
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        return True

    def _read_body(self, stream, headers, number):
        if headers.get("transfer-encoding") == "chunked":
            while size := int((line := stream.readline()).partition(b";")[0], 16):
                self.received[number] += line + stream.read(size) + stream.readline()
            while line not in (b"\r\n", b""):  # the last chunk, and trailers
                self.received[number] += line
                line = stream.readline()
            self.received[number] += line
            return
        left = int(headers.get("content-length", 0))
        while left:
            if not (data := stream.read1(min(left, 65536))):
                raise ConnectionError("the body ended early")
            self.received[number] += data
            left -= len(data)

    def close(self):
        with contextlib.suppress(OSError):  # it may be closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not end an accept()
        self._listener.close()


def ask(connection, method="GET", target="/small", body=None, **headers):
    connection.request(method, target, body, headers)
    with connection.getresponse() as answer:
        return answer.read()
