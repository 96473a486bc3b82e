"""The values that travel between ``run.py`` and a worker, as JSON.

Used by both sides, so only the standard library is imported here.
"""

import base64
import datetime
import hashlib
from importlib import import_module

# A longer body is compared by its digest, which keeps a report of a difference readable.
MAX_SHOWN = 400
OURS = ("storages.", "worker.", "__main__")
VAGUE = ("builtins.Exception", "builtins.OSError")
PUBLIC = (  # exceptions that projects catch
    "storages.backends.ftp.FTPStorageException",
    "storages.backends.dropbox.DropboxStorageException",
)


def fill(text, times):
    """Bytes that are too many to be sent: ``text`` repeated."""
    return {"$fill": [text, times]}


def new(dotted, *args, **kwargs):
    """An object that the worker makes by calling ``dotted``."""
    return {"$new": dotted, "args": pack(args), "kwargs": pack(kwargs)}


def pack(value):
    """``value`` as JSON, bytes included."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    return value


def unpack(value):
    """The opposite of ``pack``; makes the objects of ``new`` and ``fill``."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$fill" in value:
        text, times = value["$fill"]
        return text.encode() * times
    if "$new" in value:
        module, _, name = value["$new"].rpartition(".")
        make = getattr(import_module(module), name)
        return make(*unpack(value["args"]), **unpack(value["kwargs"]))
    return {key: unpack(item) for key, item in value.items()}


def show(value):
    """``value`` as JSON that can be compared and read."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return show_bytes(value)
    if isinstance(value, datetime.datetime):
        return {"time": value.isoformat(), "aware": value.tzinfo is not None}
    if isinstance(value, dict):
        return {str(key): show(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [show(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(show(item) for item in value)
    if callable(getattr(value, "chunks", None)):
        return {"object": "a Django File"}
    return {"object": type(value).__name__}


def show_bytes(body):
    """Short bodies as text, long ones as size and digest."""
    if len(body) <= MAX_SHOWN:
        return {"bytes": body.decode("latin-1")}
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def show_error(error):
    """An exception by its public type; ``caught_as`` names every ``except`` that catches it."""
    caught_as = [_dotted(cls) for cls in type(error).__mro__]
    shown = next(name for name in caught_as if not name.startswith(OURS))
    if shown in VAGUE:
        shown = next((name for name in caught_as if name in PUBLIC), shown)
    return {"error": shown.removeprefix("builtins."), "caught_as": caught_as}


def _dotted(cls):
    """Where projects import the class from, wherever it is made."""
    name = cls.__qualname__
    known = (each for each in PUBLIC if each.endswith(f".{name}"))
    return next(
        (each for each in known if cls.__module__.startswith("storages.backends.")),
        f"{cls.__module__}.{name}",
    )
