"""The words that scenarios are written in."""

from dataclasses import dataclass, field

from wire import new, pack

S3 = "storages.backends.s3.S3Storage"
S3_STATIC = "storages.backends.s3.S3StaticStorage"
S3_MANIFEST = "storages.backends.s3.S3ManifestStaticStorage"

BUCKET = "compat-bucket"

# Replaced by what a service says that they are; ports and keys are only known when it runs.
ENDPOINT = "{endpoint}"
RSA_KEY = "{rsa_key}"
SERVICE_ACCOUNT = "{service_account}"
CONNECTION_STRING = "{connection_string}"
ACCOUNT_NAME = "{account_name}"
ACCOUNT_KEY = "{account_key}"
PORT = "{port}"
USER = "{user}"
KEY_FILE = "{key_file}"
KNOWN_HOSTS = "{known_hosts}"
OTHER_HOSTS = "{other_hosts}"  # of the same server, with another key than it has
DIRECTORY = "{directory}"
FROM_HOME = "{from_home}"  # the same directory, relative to the user's home
MEDIA = "{media}"  # a directory in it that nobody has made
UID = "{uid}"
GID = "{gid}"
LOCATION = "{location}"
STRANGE_LOCATION = "{strange_location}"  # its password needs percent-encoding
LATIN_LOCATION = "{latin_location}"  # on a server of its own, which does not know UTF-8
TLS_LOCATION = "{tls_location}"
CA_FILE = "{ca_file}"
FOLDER = "{folder}"
API_HOST = "{api_host}"
TOKEN = "{token}"
EXPIRED_TOKEN = "{expired_token}"
REFRESH_TOKEN = "{refresh_token}"
APP_KEY = "{app_key}"
APP_SECRET = "{app_secret}"

CREDENTIALS = {"access_key": "AKIACOMPAT", "secret_key": "compat+secret/key"}
NOWHERE = {**CREDENTIALS, "bucket_name": BUCKET}
ON_SERVER = {**NOWHERE, "endpoint_url": ENDPOINT, "region_name": "us-east-1"}


@dataclass(frozen=True)
class Step:
    """One command for a worker. ``key``: the object whose time the answer is compared with."""

    label: str
    command: dict
    key: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A configuration, what is written under it, and what is then asked about it.

    ``write`` is done by each package in an empty bucket, ``read`` by both on what each of them
    wrote, ``delete`` by the one that did not write.
    """

    id: str  # its own within a service
    write: tuple = ()
    read: tuple = ()
    delete: tuple = ()
    service: str = "s3"
    backend: str = S3
    options: dict = field(default_factory=lambda: dict(ON_SERVER))
    settings: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)
    objects: tuple = ()  # (key, body[, more that put() of the service takes]), there before
    remade: bool = False  # a new storage for every phase: a manifest is read only once
    random_names: bool = False  # Django's random suffixes are expected in names
    checksums: bool = False  # compare which checksums the server was given

    def __str__(self):
        return f"{self.service}, {self.id}"


def call(method, *args, **kwargs):
    label = f"{method}({_shown(args, kwargs)})"
    return Step(label, {"op": "call", "method": method, "args": pack(args), "kwargs": pack(kwargs)})


def save(name, body=b"hello", **content_file):
    """``save()`` of a ContentFile; ``content=`` gives another object, as made by ``wire.new``."""
    content = content_file.get("content") or new("django.core.files.base.ContentFile", body)
    command = {"op": "call", "method": "save", "args": pack([name, content]), "kwargs": {}}
    return Step(f"save({name!r})", command)


def upload(name, body, content_type, **more):
    """``save()`` of a file that a browser sent with a content type of its own."""
    made = new(
        "django.core.files.uploadedfile.SimpleUploadedFile",
        name.rpartition("/")[2],
        body,
        content_type=content_type,
    )
    step = save(name, content=made)
    return Step(f"upload({name!r}, {content_type!r})", step.command)


def read(name, mode="rb"):
    return Step(f"read({name!r}, {mode!r})", {"op": "read", "name": name, "mode": mode})


def file(name, mode, *calls):
    spoken = ", ".join(f"{method}({_shown(args)})" for method, *args in calls)
    command = {"op": "file", "name": name, "mode": mode, "calls": pack(calls)}
    return Step(f"open({name!r}, {mode!r}): {spoken}", command)


def modified(name, key, method="get_modified_time"):
    """A time of a file, as the distance to what the server says about ``key``."""
    step = call(method, name)
    return Step(step.label, step.command, key)


def url(*args, **kwargs):
    command = {"op": "url", "args": pack(args), "kwargs": pack(kwargs)}
    return Step(f"url({_shown(args, kwargs)})", command)


def fetched(*args, **kwargs):
    """The answer to the address that ``url()`` gives now."""
    command = {"op": "fetched", "args": pack(args), "kwargs": pack(kwargs)}
    return Step(f"GET url({_shown(args, kwargs)})", command)


def listed(path, attribute):
    """An attribute of all that a method of the SDK's objects lists."""
    label = f"{attribute} of storage.{path}()"
    return Step(label, {"op": "listed", "path": path, "attribute": attribute})


def file_of(dotted, name):
    """A file made from its class rather than by ``open()``."""
    return Step(
        f"{dotted.rpartition('.')[2]}({name!r})", {"op": "file_of", "dotted": dotted, "name": name}
    )


def file_from(dotted, name):
    """The same for a class that takes the storage before the mode."""
    return Step(
        f"{dotted.rpartition('.')[2]}({name!r}, storage)",
        {"op": "file_from", "dotted": dotted, "name": name},
    )


def attribute(path):
    return Step(f"storage.{path}", {"op": "attribute", "path": path})


def default_setting(key):
    return Step(f"get_default_settings()[{key!r}]", {"op": "default_setting", "key": key})


def imports(dotted):
    return Step(f"import {dotted}", {"op": "imports", "dotted": dotted})


def collectstatic(**options):
    label = f"collectstatic({_shown((), options)})"
    return Step(label, {"op": "collectstatic", "options": options})


def static_url(name):
    return Step(f"static({name!r})", {"op": "static_url", "name": name})


def other(op, label, **arguments):
    return Step(label, {"op": op, **pack(arguments)})


def function(dotted, *args):
    label = f"{dotted.removeprefix('storages.')}({_shown(args)})"
    return Step(label, {"op": "function", "dotted": dotted, "args": pack(args)})


def saved(index):
    """The name that the write step with this index returned."""
    return {"$saved": index}


def _shown(args, kwargs=None):
    parts = [_brief(value) for value in args]
    parts += [f"{name}={_brief(value)}" for name, value in (kwargs or {}).items()]
    return ", ".join(parts)


def _brief(value):
    if isinstance(value, dict):
        if "$new" in value:
            return value["$new"].rpartition(".")[2]
        if "$fill" in value:
            return f"{len(value['$fill'][0]) * value['$fill'][1]} bytes"
        if "$saved" in value:
            return f"saved[{value['$saved']}]"
    return repr(value)
