"""Serves moto on a free port of 127.0.0.1, and prints where."""

import io
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import s3_backends
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
WRITES = ("PUT", "POST", "DELETE")
DROP = "/_drop/"


def one_winner(application: Application) -> Application:
    """Conditional writes one at a time: moto looks, and then writes, in as many threads as call."""
    lock = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        conditional = any(name in environ for name in CONDITIONS)
        if not conditional or environ["REQUEST_METHOD"] not in WRITES:
            return application(environ, start_response)
        # Nobody waits for a body that comes slowly, or never.
        environ["wsgi.input"] = io.BytesIO(get_input_stream(environ).read())
        with lock:
            return application(environ, start_response)

    return serve


def dropping(application: Application) -> Application:
    """`DELETE /_drop/name`: a bucket with all that is in it, for which S3 takes four requests."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "DELETE" or not path.startswith(DROP):
            return application(environ, start_response)
        store, name = s3_backends[DEFAULT_ACCOUNT_ID]["aws"], path.removeprefix(DROP)
        store.buckets[name].keys.clear()
        store.delete_bucket(name)
        start_response("204 No Content", [])
        return []

    return serve


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = dropping(one_winner(DomainDispatcherApplication(create_backend_app)))
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
