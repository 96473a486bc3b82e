"""Dropbox: its options and settings, and what projects do with its class."""

from dataclasses import replace

from wire import fill, new

from scenarios import content, names, storing, trees
from scenarios.static import few_files
from scenarios.steps import (
    APP_KEY,
    APP_SECRET,
    EXPIRED_TOKEN,
    REFRESH_TOKEN,
    TOKEN,
    attribute,
    call,
    default_setting,
    file,
    imports,
    modified,
    other,
    read,
    save,
    url,
)
from scenarios.targets import DROPBOX
from scenarios.trees import DELETE, READ, WRITE

MODULE = "storages.backends.dropbox"
NAMES = (
    "DropboxStorage",
    "DropBoxStorage",
    "DropboxFile",
    "DropBoxFile",
    "DropboxStorageException",
    "DropBoxStorageException",
)
REFRESHED = {
    "oauth2_refresh_token": REFRESH_TOKEN,
    "app_key": APP_KEY,
    "app_secret": APP_SECRET,
}

# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "root_path with a slash": {"root_path": "/files/"},
    "root_path without a slash": {"root_path": "files"},
    "root_path of several": {"root_path": "/one/two"},
    "root_path, the account": {"root_path": "/"},
    "root_path, empty": {"root_path": ""},
    "root_path, older key": {"root_path": None, "location": "/media"},
    "overwrite": {"write_mode": "overwrite"},
    "update": {"write_mode": "update"},
    "timeout": {"timeout": 5},
    "no timeout": {"timeout": None},
    "refresh token": {"oauth2_access_token": None, **REFRESHED},
    "both tokens": REFRESHED,
    "expired token, refreshed": {**REFRESHED, "oauth2_access_token": EXPIRED_TOKEN},
}
EVERY_SETTING = {
    "DROPBOX_OAUTH2_TOKEN": TOKEN,
    "DROPBOX_ROOT_PATH": "/settings",
    "DROPBOX_TIMEOUT": 10,
    "DROPBOX_WRITE_MODE": "overwrite",
}
CLASSES = (
    "RootStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
    "OverwritingStorage",
    "SmallChunksStorage",
    "BaseUrlStorage",
)
OPTIONS = (
    "oauth2_access_token",
    "oauth2_refresh_token",
    "app_key",
    "app_secret",
    "root_path",
    "timeout",
    "write_mode",
)
MIB = 1024 * 1024


def scenarios():
    yield DROPBOX.scenario(
        "default", storing.WRITE, storing.READ, storing.DELETE, random_names=True
    )
    for name, options in VARIANTS.items():
        short = (storing.SHORT_WRITE, storing.SHORT_READ, storing.SHORT_DELETE)
        yield DROPBOX.scenario(name, *short, options=_given(options), random_names=True)
    yield storing.kept(DROPBOX)
    for scenario in content.scenarios(DROPBOX, variants={"types": {}}, large=None):
        yield from trees.apart(scenario, trees.UPSETTING.get(scenario.id, ()))
    yield from _large()
    for scenario in names.scenarios(DROPBOX, dangerous=trees.DANGEROUS):
        yield replace(scenario, random_names=True)
    yield trees.nul(DROPBOX)
    yield from _configured()
    yield from _classes()
    yield from _public()
    yield from _unusable()
    yield from _used()
    yield from _its_own()


def _given(options):
    """Without the keys that a variant takes away."""
    return {name: value for name, value in options.items() if value is not None}


def _large():
    whole = fill("0123456789abcdef", 5 * MIB // 16)
    yield trees.large(DROPBOX)
    yield DROPBOX.scenario(
        "large, in a session",
        write=(save("saved.bin", content=new("django.core.files.base.ContentFile", whole)),),
        read=(read("saved.bin"), call("size", "saved.bin")),
    )


def _configured():
    settings = DROPBOX.scenario("every setting", WRITE, READ, DELETE, settings=EVERY_SETTING)
    yield replace(settings, options={})
    refreshed = {
        "DROPBOX_OAUTH2_REFRESH_TOKEN": REFRESH_TOKEN,
        "DROPBOX_APP_KEY": APP_KEY,
        "DROPBOX_APP_SECRET": APP_SECRET,
    }
    made = DROPBOX.scenario("settings, refresh token", WRITE, READ, DELETE, settings=refreshed)
    yield replace(made, options={"root_path": "/compat"})
    yield DROPBOX.scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        options={"write_mode": "add", "timeout": 20},
        settings={**EVERY_SETTING, "DROPBOX_OAUTH2_TOKEN": "wrong"},
        random_names=True,
    )
    for name, options in {
        "nothing": {},
        "no app_key": {**REFRESHED, "app_key": None},
        "no app_secret": {**REFRESHED, "app_secret": None},
        "no refresh token": {**REFRESHED, "oauth2_refresh_token": None},
        "empty token": {"oauth2_access_token": ""},
    }.items():
        refused = DROPBOX.scenario(f"refused, {name}", read=(call("exists", "a.txt"),))
        yield replace(refused, options=_given(options))
    odd = {"write_mode": "no-such"}
    yield DROPBOX.scenario("refused, write_mode", (save("a.txt"),), options=odd)


def _classes():
    for name in CLASSES:
        made = DROPBOX.scenario(
            f"subclass {name}",
            WRITE,
            READ,
            DELETE,
            backend=f"dropbox_classes.{name}",
            random_names=True,
        )
        rooted = name in ("RootStorage", "DefaultSettingsStorage")
        yield replace(made, options={"oauth2_access_token": TOKEN}) if rooted else made
    by_position = DROPBOX.scenario(
        "subclass ByPositionStorage",
        WRITE,
        READ,
        DELETE,
        backend="dropbox_classes.ByPositionStorage",
    )
    yield replace(by_position, options={"token": TOKEN})
    for name, backend in (
        ("collectstatic", "dropbox_classes.BaseUrlStorage"),
        ("collectstatic, manifest", "dropbox_classes.ManifestStorage"),
    ):
        made = few_files(DROPBOX, name, backend, {"write_mode": "overwrite"})
        yield replace(made, random_names=True, remade=True)


def _public():
    yield DROPBOX.scenario("imports", read=tuple(imports(f"{MODULE}.{name}") for name in NAMES))
    yield DROPBOX.scenario(
        "attributes",
        read=(
            *(attribute(name) for name in OPTIONS),
            attribute("client"),
            attribute("CHUNK_SIZE"),
            *(default_setting(name) for name in OPTIONS),
        ),
    )
    yield DROPBOX.scenario(
        "migration", read=(other("deconstruct", "deconstruct()"), other("pickled", "pickle"))
    )
    yield DROPBOX.scenario("refused, unknown option", read=(url("a.txt"),), options={"rot": "x"})


def _unusable():
    """What is raised where the account cannot be used."""
    for name, options in {
        "wrong token": {"oauth2_access_token": "wrong"},
        "expired token": {"oauth2_access_token": EXPIRED_TOKEN},
        "wrong refresh token": {**REFRESHED, "oauth2_refresh_token": "wrong"},
    }.items():
        made = trees.unreachable(DROPBOX, name, options)
        if "refresh" in name:
            made = replace(made, options={**made.options, "oauth2_access_token": ""})
        yield replace(made, objects=())


def _used():
    """The SDK's client by the storage, and files by their class."""
    yield DROPBOX.scenario(
        "Dropbox's client",
        WRITE,
        (
            call("client.files_get_metadata", "/compat/a.txt"),
            call("client.files_get_metadata", "/compat/missing.txt"),
            call("client.files_list_folder", "/compat"),
        ),
    )
    for name in ("DropboxFile", "DropBoxFile"):
        made = other(
            "file_by_name",
            f"{name}('/compat/a.txt', storage)",
            dotted=f"{MODULE}.{name}",
            name="/compat/a.txt",
        )
        yield DROPBOX.scenario(f"files by their class, {name}", WRITE, (made,))


def _its_own():
    """Names that differ in case, times, and folders that neither of them made."""
    yield DROPBOX.scenario(
        "case",
        write=(save("Dir/A.txt", b"large"), save("dir/a.TXT", b"small"), save("DIR/b.txt")),
        read=(
            *(read(name) for name in ("Dir/A.txt", "dir/a.txt", "DIR/B.TXT")),
            *(call("exists", name) for name in ("dir/a.txt", "dir", "DIR")),
            *(call("listdir", path) for path in ("", "dir", "DIR")),
            call("get_available_name", "DIR/A.TXT"),
        ),
        delete=(call("delete", "dir/a.txt"), call("exists", "Dir/A.txt")),
        random_names=True,
    )
    yield DROPBOX.scenario(
        "times",
        write=(save("a.txt"), save("dir/b.txt")),
        read=(
            modified("a.txt", "compat/a.txt"),
            modified("dir/b.txt", "compat/dir/b.txt"),
            *(
                call(method, "missing.txt")
                for method in ("get_modified_time", "get_created_time", "get_accessed_time")
            ),
        ),
    )
    for name, root in (("", "/compat"), (", the account", "/")):
        full = tuple(f"{root.rstrip('/')}/{path}" for path in ("a.txt", "dir/b.css"))
        yield DROPBOX.scenario(
            f"full paths{name}",
            write=WRITE,
            read=(
                *map(read, full),
                *(call("exists", path) for path in (*full, f"{root.rstrip('/')}/missing.txt")),
                *(call("size", path) for path in full),
                *map(url, full),
                *(call("listdir", path) for path in (root, f"{root.rstrip('/')}/dir", "/")),
                file(full[0], "rb", ["name"], ["read"]),
                call("get_available_name", full[0]),
            ),
            delete=(call("delete", full[0]),),
            options={"root_path": root},
            random_names=True,
        )
    asked = ("full", "full/", "full/inner", "full/b.txt", "full/b.txt/", "many", "man", "empty")
    yield DROPBOX.scenario(
        "found",
        objects=(
            ("compat/empty/", b""),
            ("compat/full/inner/file.txt", b"inner"),
            ("compat/full/b.txt", b"b"),
            ("compat/odd/a b+c%20d ü.txt", b"odd"),
            *((f"compat/many/{index:02}.txt", b"m") for index in range(12)),
        ),
        read=(
            *(call("listdir", path) for path in ("", *asked, "odd", ".")),
            *(call(method, name) for name in asked for method in ("exists", "size")),
            *(read(name) for name in ("odd/a b+c%20d ü.txt", "full")),
            *(url(name) for name in ("full/b.txt", "full", "missing.txt", "")),
        ),
        delete=tuple(
            call("delete", name) for name in ("empty", "full/b.txt/", "full/b.txt", "full")
        ),
    )
