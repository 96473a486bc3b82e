"""One side of the comparison: drives whichever ``storages`` its interpreter imports.

One JSON command per line on stdin, one JSON answer per line on stdout. The same program runs in
both environments, so whatever differs in the answers is a difference between the two packages.
"""

import contextlib
import datetime
import functools
import io
import json
import os
import pickle
import ssl
import sys
import urllib.error
import urllib.request
import warnings
from importlib import import_module, metadata

import time_machine
from botocore.loaders import JSONFileLoader
from faults import spoiled
from wire import show, show_error, unpack

# A signature contains the time: URLs are only made while the clock stands still.
FROZEN = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)

PACKAGES = (
    "Django",
    "boto3",
    "botocore",
    "s3transfer",
    "google-cloud-storage",
    "google-auth",
    "azure-storage-blob",
    "azure-core",
    "paramiko",
    "apache-libcloud",
    "dropbox",
)

# of an answer to a link
HEADERS = (
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Disposition",
    "Cache-Control",
)

ADMIN_APPS = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "storages",
)


class Session:
    """The storage that is being compared, and the settings and environment it was made under."""

    def __init__(self):
        self.storage = None
        self.fault = None
        self.stack = contextlib.ExitStack()

    def make(self, backend, options, settings, env):
        from django.core.files.storage import storages
        from django.test.utils import override_settings

        self.drop()
        self.stack.enter_context(_environment(env))
        entry = {"BACKEND": backend, "OPTIONS": unpack(options)}
        every = {"STORAGES": {"default": entry, "staticfiles": entry}, **unpack(settings)}
        self.stack.enter_context(override_settings(**every))
        self.storage = storages["default"]
        if self.fault:
            self.stack.enter_context(spoiled(type(self.storage), self.fault))
        return type(self.storage).__name__

    def take_on(self, fault):
        """From now on, have a fault on purpose; None: none."""
        self.fault = fault

    def drop(self):
        """A server serves only so many connections."""
        end = getattr(self.storage, "disconnect", None) or getattr(self.storage, "close", None)
        if end:
            _answer(end)
        self.storage = None
        self.stack.close()

    def call(self, method, args, kwargs):
        return self.attribute(method)(*unpack(args), **unpack(kwargs))

    def url(self, args, kwargs):
        with time_machine.travel(FROZEN, tick=False):
            return self.storage.url(*unpack(args), **unpack(kwargs))

    def fetched(self, args, kwargs):
        """What the address leads to: status, the headers that count, and the body."""
        address = self.storage.url(*unpack(args), **unpack(kwargs))
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return [answer.status, *(answer.headers[name] for name in HEADERS), answer.read()]
        except urllib.error.HTTPError as error:
            error.close()
            return [error.code]

    def linked(self, args, kwargs):
        """Where an address of the server leads, which is another one every time."""
        address = self.storage.url(*unpack(args), **unpack(kwargs))
        if f"//{os.environ['DROPBOX_API_HOST']}/" not in (address or ""):
            return address
        trusted = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
        with urllib.request.urlopen(address, timeout=30, context=trusted) as answer:
            return [answer.status, answer.headers["Content-Type"], answer.read()]

    def static_url(self, name):
        from django.contrib.staticfiles.storage import staticfiles_storage

        with time_machine.travel(FROZEN, tick=False):
            return staticfiles_storage.url(name)

    def read(self, name, mode):
        with self.storage.open(name, mode) as file:
            return file.read()

    def file(self, name, mode, calls):
        """Open a file, do ``calls`` with it; the answer of each, or the exception it raised."""
        file = self.storage.open(name, mode)
        return [_answer(_use, file, call) for call in calls]

    def interrupted(self, name, body):
        """What a view does that fails while it writes a file."""
        with contextlib.suppress(InterruptedError), self.storage.open(name, "wb") as file:
            file.write(unpack(body))
            raise InterruptedError

    def keeps_open(self, name, body):
        """Whether ``save()`` leaves the caller's file usable."""
        source = io.BytesIO(unpack(body))
        self.storage.save(name, source)
        return not source.closed

    def attribute(self, path):
        value = self.storage
        for part in path.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        return value

    def function(self, dotted, args):
        """What a public function of the package answers."""
        module, _, name = dotted.rpartition(".")
        return getattr(import_module(module), name)(*unpack(args))

    def in_order(self, path):
        """``listdir()``, for a service whose directories come in any order."""
        return [sorted(names) for names in self.storage.listdir(path)]

    def by_level(self, path):
        """``listdir()``; names of files further below as the directories that they lie in."""
        dirs, files = self.storage.listdir(path)
        outer = (part.strip("/") for part in (self.storage.location, path))
        base = "".join(f"{part}/" for part in outer if part)
        inner = [name.removeprefix(base).partition("/") for name in files]
        found = {first for first, slash, _ in inner if slash}
        return [sorted({*dirs, *found}), sorted(first for first, slash, _ in inner if not slash)]

    def listed(self, path, attribute):
        """Through the SDK's objects, which projects reach by the storage."""
        return [getattr(found, attribute) for found in self.attribute(path)()]

    def file_of(self, dotted, name):
        module, _, cls = dotted.rpartition(".")
        with getattr(import_module(module), cls)(name, "rb", self.storage) as file:
            return file.read()

    def file_from(self, dotted, name):
        module, _, cls = dotted.rpartition(".")
        with getattr(import_module(module), cls)(name, self.storage, "rb") as file:
            return file.read()

    def file_by_name(self, dotted, name):
        module, _, cls = dotted.rpartition(".")
        return getattr(import_module(module), cls)(name, self.storage).read()

    def entered(self, name):
        """The storage as a context manager: whether it gives itself, and a file, and is usable."""
        with self.storage as given:
            seen = [given is self.storage, self.read(name, "rb")]
        return [*seen, _answer(self.storage.exists, name)]

    def default_setting(self, key):
        return self.storage.get_default_settings()[key]

    def pickled(self):
        return type(pickle.loads(pickle.dumps(self.storage))).__name__

    def deconstruct(self):
        path, args, kwargs = self.storage.deconstruct()
        return [path, args, sorted(kwargs)]

    def imports(self, dotted):
        module, _, name = dotted.rpartition(".")
        return callable(getattr(import_module(module), name))

    def collectstatic(self, options):
        from django.core.management import call_command

        out = io.StringIO()
        call_command("collectstatic", interactive=False, verbosity=1, stdout=out, **options)
        # In which order it deletes is not told by Django, and of no interest.
        lines = out.getvalue().strip().split("\n")
        return "\n".join(sorted(lines, key=lambda line: (not line.startswith("Del"), line)))

    def versions(self):
        return {name: metadata.version(name) for name in PACKAGES}


@contextlib.contextmanager
def _environment(env):
    before = {key: os.environ.get(key) for key in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _use(file, call):
    name, *args = call
    value = getattr(file, name)
    return value(*unpack(args)) if callable(value) else value


def _answer(function, *args, **kwargs):
    """What a call returned, or which exception it raised."""
    try:
        return show(function(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 - any exception is a result to compare
        return show_error(error)


def parse_models_once():
    """Let boto3 sessions share the parsed models of the SDK.

    Every new storage has a new session, and parsing is most of what that costs: without this, a
    comparison takes twice as long, on both sides alike.
    """
    parse = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: parse(path)


def configure(static_directory):
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="compat",
        USE_TZ=True,
        TIME_ZONE="UTC",
        INSTALLED_APPS=ADMIN_APPS,
        STATIC_URL="/static/",
        STATICFILES_DIRS=[static_directory],
    )
    django.setup()


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may end up between the answers
    warnings.simplefilter("ignore")
    parse_models_once()
    configure(sys.argv[1])
    session = Session()
    for line in sys.stdin:
        command = json.loads(line)
        operation = getattr(session, command.pop("op"))
        print(json.dumps(_answer(operation, **command)), file=answers, flush=True)


if __name__ == "__main__":
    main()
