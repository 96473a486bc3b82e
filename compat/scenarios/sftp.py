"""SFTP: its options and settings, and what projects do with its class."""

import os
from dataclasses import replace

from wire import new

from scenarios import trees
from scenarios.steps import (
    DIRECTORY,
    FROM_HOME,
    GID,
    KNOWN_HOSTS,
    OTHER_HOSTS,
    UID,
    attribute,
    call,
    file,
    file_from,
    other,
    read,
    save,
    url,
)
from scenarios.targets import PARAMS, SFTP
from scenarios.trees import DELETE, READ, WRITE

FILE = "storages.backends.sftpstorage.SFTPStorageFile"

# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "location": SFTP.below,
    "root_path with a slash": {"root_path": new("operator.add", DIRECTORY, "/")},
    "root_path from home": {"root_path": FROM_HOME},
    "root_path of several that are missing": {"root_path": new("operator.add", DIRECTORY, "/1/2")},
    "file_mode": {"file_mode": 0o600},
    "dir_mode": {"dir_mode": 0o700},
    "both modes": {"file_mode": 0o666, "dir_mode": 0o777},
    "owner": {"uid": UID, "gid": GID},
    "uid": {"uid": UID},
    "gid": {"gid": GID},
    "interactive": {"interactive": True},
    "compress": {"params": {**PARAMS, "compress": True}},
    "no base_url": {"base_url": None},
}
EVERY_SETTING = {
    "SFTP_STORAGE_HOST": "127.0.0.1",
    "SFTP_STORAGE_PARAMS": PARAMS,
    "SFTP_STORAGE_INTERACTIVE": False,
    "SFTP_STORAGE_FILE_MODE": 0o640,
    "SFTP_STORAGE_DIR_MODE": 0o750,
    "SFTP_STORAGE_UID": UID,
    "SFTP_STORAGE_GID": GID,
    "SFTP_KNOWN_HOST_FILE": KNOWN_HOSTS,
    "SFTP_STORAGE_ROOT": SFTP.below["root_path"],
    "SFTP_BASE_URL": "https://setting.example.org/",
}
OPTIONS = (
    "host",
    "params",
    "interactive",
    "file_mode",
    "dir_mode",
    "uid",
    "gid",
    "known_host_file",
    "root_path",
    "base_url",
)
CLASSES = (
    "ModesStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
    "OverwritingStorage",
)
UNKNOWN = new("operator.add", DIRECTORY, "/known_hosts")


def scenarios():
    yield from trees.everyday(SFTP, VARIANTS)
    yield from _configured()
    yield from trees.own_classes(SFTP, "sftp_classes", CLASSES)
    yield from trees.public(SFTP, (SFTP.backend, FILE), OPTIONS, ())
    yield from _hosts()
    yield from _used()
    yield SFTP.scenario(
        "line breaks",
        write=(save("a\nb.txt"), save("dir\r/c.txt")),
        read=(
            read("a\nb.txt"),
            call("exists", "a\nb.txt"),
            call("listdir", ""),
            call("listdir", "dir\r"),
        ),
        delete=(call("delete", "a\nb.txt"),),
    )


def _configured():
    yield replace(
        SFTP.scenario("every setting", WRITE, READ, DELETE, settings=EVERY_SETTING), options={}
    )
    yield SFTP.scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        options={"file_mode": 0o600, "dir_mode": 0o700, "uid": None, "gid": None},
        settings={**EVERY_SETTING, "SFTP_STORAGE_HOST": "192.0.2.1"},
    )
    yield SFTP.scenario(
        "root_path through a link",
        WRITE,
        READ,
        DELETE,
        objects=(("real/", b""), ("current", "real")),
        options={"root_path": new("operator.add", DIRECTORY, "/current")},
    )
    yield trees.unreachable(
        SFTP,
        "root_path of a file",
        {"root_path": new("operator.add", DIRECTORY, "/a.txt")},
    )
    without = {name: value for name, value in SFTP.options.items() if name != "host"}
    yield replace(
        SFTP.scenario("refused, no host", read=(url("a.txt"), attribute("host"))), options=without
    )


def _hosts():
    """Whom each believes to be the server, and what it says about one that is not to be had."""
    yield SFTP.scenario(
        "host key, recorded",
        objects=(("known_hosts", b""),),
        write=(save("a.txt"),),
        read=(call("exists", "a.txt"),),
        options={"known_host_file": UNKNOWN},
        remade=True,
    )
    for name, options in {
        "host key, nobody known": {"known_host_file": os.devnull},
        "host key, changed": {"known_host_file": OTHER_HOSTS},
        "login refused": {"params": {**PARAMS, "username": "no-such-user"}},
        "no server": {"params": {**PARAMS, "port": 1}},
    }.items():
        yield trees.unreachable(SFTP, name, options)
    odd = {"params": {**PARAMS, "no_such": 1}}
    yield SFTP.scenario("unknown parameter", read=(call("exists", "a.txt"),), options=odd)


def _used():
    """paramiko's client by the storage, and how connections end."""
    yield SFTP.scenario(
        "paramiko's client",
        WRITE,
        (
            attribute("sftp"),
            call("sftp.listdir", DIRECTORY),
            call("sftp.getcwd"),
            file("a.txt", "rb", ["read"]),
        ),
    )
    yield SFTP.scenario(
        "context manager",
        (save("a.txt"),),
        (other("entered", "with storage", name="a.txt"), read("a.txt")),
        remade=True,
    )
    yield SFTP.scenario(
        "closed",
        (save("a.txt"), call("close"), save("b.txt")),
        (call("close"), call("close"), read("a.txt")),
        remade=True,
    )
    yield SFTP.scenario("files by their class", WRITE, (file_from(FILE, "a.txt"),))
