"""FTP: its options and settings, and what projects do with its class."""

from dataclasses import replace

from wire import new

from scenarios import storing, trees
from scenarios.names import ODD
from scenarios.steps import (
    CA_FILE,
    LATIN_LOCATION,
    LOCATION,
    STRANGE_LOCATION,
    TLS_LOCATION,
    call,
    file_from,
    read,
    save,
    url,
)
from scenarios.targets import FTP
from scenarios.trees import DELETE, READ, WRITE

FILE = "storages.backends.ftp.FTPStorageFile"
ERROR = "storages.backends.ftp.FTPStorageException"


def _below(path):
    return {"location": new("operator.add", LOCATION, path)}


def _scheme(name, location=LOCATION):
    """The same location with another scheme."""
    return {"location": new("re.sub", "^ftps?", name, location)}


# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "location with a slash": _below("/"),
    "active": _scheme("aftp"),
    "no base_url": {"base_url": None},
}
SETTINGS = {
    "FTP_STORAGE_LOCATION": LOCATION,
    "FTP_ALLOW_OVERWRITE": True,
    "FTP_STORAGE_ENCODING": "utf-8",
    "BASE_URL": "https://setting.example.org/",
}
OPTIONS = ("location", "allow_overwrite", "encoding", "base_url")
CLASSES = (
    "AttributesStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
    "OverwritingStorage",
)
SPACES = ("a b.txt", "dir with space/c.txt", " in front", "two  spaces", "behind ")
# pyftpdlib may end an empty listing before TLS has begun on its connection: the peer then fails.
NOT_EMPTY = (("kept.txt", b"kept"), ("dir/kept.txt", b"kept"))
UMLAUT = (save("grün.txt", b"green"),)
UMLAUT_READ = (read("grün.txt"), call("listdir", ""))


def scenarios():
    yield from trees.everyday(FTP, VARIANTS, tuple(name for name in ODD if " " not in name))
    yield FTP.scenario(
        "spaces",
        write=tuple(save(name, b"spaces") for name in SPACES),
        read=(
            *(ask for name in SPACES for ask in (read(name), call("size", name))),
            *(call("exists", name) for name in SPACES),
            *(call("listdir", path) for path in ("", "dir with space")),
        ),
        delete=tuple(call("delete", name) for name in SPACES),
    )
    yield FTP.scenario(
        "allow_overwrite",
        storing.WRITE,
        storing.READ,
        storing.DELETE,
        options={"allow_overwrite": True},
    )
    yield from _locations()
    yield from _encodings()
    yield from _configured()
    yield from trees.own_classes(FTP, "ftp_classes", CLASSES)
    yield from trees.public(FTP, (FTP.backend, FILE, ERROR), OPTIONS, ("location",))
    yield from _unusable()
    yield FTP.scenario(
        "disconnected",
        (save("a.txt"), call("disconnect"), save("b.txt")),
        (call("disconnect"), read("a.txt"), call("disconnect"), call("disconnect")),
        remade=True,
    )
    yield FTP.scenario("files by their class", WRITE, (file_from(FILE, "a.txt"),))
    yield FTP.scenario(
        "line breaks",
        write=(save("a\nb.txt"),),
        read=(*(call(method, "a\r\nNOOP") for method in ("exists", "size", "delete")),),
    )


def _locations():
    yield FTP.scenario("location, missing", WRITE, READ, DELETE, options=_below("/1/2"))
    yield FTP.scenario(
        "location, percent", WRITE, READ, DELETE, options={"location": STRANGE_LOCATION}
    )
    yield FTP.scenario(
        "location, through a link",
        WRITE,
        READ,
        DELETE,
        objects=(("real/", b""), ("current", "real")),
        options=_below("/current"),
    )
    tls = {"env": {"SSL_CERT_FILE": CA_FILE}}
    for name, options in (
        ("ftps", {"location": TLS_LOCATION}),
        ("ftpes", _scheme("ftpes")),
    ):
        yield FTP.scenario(
            f"location, {name}", WRITE, READ, DELETE, objects=NOT_EMPTY, options=options, **tls
        )
    yield FTP.scenario(
        "location, ftps, unknown certificate",
        (save("a.txt"),),
        (read("a.txt"),),
        objects=NOT_EMPTY,
        options={"location": TLS_LOCATION},
    )


def _encodings():
    for name, settings, options in (
        ("default", {}, {}),
        ("latin-1", {}, {"encoding": "latin-1"}),
        ("setting", {"FTP_STORAGE_ENCODING": "utf-8"}, {}),
        ("older setting", {"ENCODING": "utf-8"}, {}),
        ("option and setting", {"FTP_STORAGE_ENCODING": "utf-8"}, {"encoding": "latin-1"}),
    ):
        made = FTP.scenario(f"encoding, {name}", UMLAUT, UMLAUT_READ, settings=settings)
        yield replace(made, options={"location": LOCATION, "base_url": "/files/", **options})
    latin = ("grün.txt", "dir/größer.txt")  # what lies on that server, the third party does not see
    yield replace(
        FTP.scenario(
            "encoding, of a server without UTF-8",
            tuple(save(name, b"green") for name in latin),
            (*(read(name) for name in latin), call("listdir", ""), call("listdir", "dir")),
            tuple(call("delete", name) for name in latin),
        ),
        options={"location": LATIN_LOCATION, "base_url": "/files/"},
    )


def _configured():
    yield replace(FTP.scenario("settings", WRITE, READ, DELETE, settings=SETTINGS), options={})
    yield FTP.scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        settings={**SETTINGS, "FTP_STORAGE_LOCATION": "ftp://a:b@192.0.2.1:21/"},
    )
    for name, location in {
        "no location": None,
        "empty": "",
        "another scheme": "http://user:password@127.0.0.1:1/x",
        "no port": "ftp://user:password@127.0.0.1/x",
        "no user": "ftp://127.0.0.1:1/x",
        "a bad port": "ftp://user:password@127.0.0.1:port/x",
        "no host": "ftp:///x",
    }.items():
        yield FTP.scenario(f"refused, {name}", read=(url("a.txt"),), options={"location": location})


def _unusable():
    for name, location in {
        "read only": new("re.sub", "plain:plain@", "reader:reader@", LOCATION),
        "login refused": new("re.sub", ":plain@", ":wrong@", LOCATION),
        "no server": "ftp://user:password@127.0.0.1:1/x",
    }.items():
        yield trees.unreachable(FTP, name, {"location": location})
