"""What SFTP and FTP go through alike: services that are file systems."""

from dataclasses import replace

from wire import fill, new

from scenarios import content, names, storing
from scenarios.static import few_files
from scenarios.steps import attribute, call, file, imports, modified, other, read, save, url

WRITE = (save("a.txt", b"body"), save("dir/b.css", b"body { color: red }\n" * 40), save("c.bin"))
READ = (
    read("a.txt"),
    read("dir/b.css"),
    call("listdir", ""),
    call("listdir", "dir"),
    call("size", "dir/b.css"),
    url("a.txt"),
    url("dir/b.css"),
    call("get_available_name", "free.txt"),
)
DELETE = (call("delete", "a.txt"), call("delete", "dir/b.css"))

# NUL is apart: it ends the connection of django-storages, and all that is asked after it fails.
DANGEROUS = ("../up.txt", "a/../../up.txt", "..", "../media2/x.txt")
# What is written to these files upsets the connection of django-storages, or what it knows of it.
UPSETTING = {
    "text": ("str.txt", "ascii.txt"),
    "sources": ("stringio.txt", "failing.txt"),
    "writing": ("twice.bin", "plus.txt"),
}
MIB = 1024 * 1024
ADDRESSES = (
    "a.txt",
    "dir/a b.txt",
    "ü.txt",
    "50%.txt",
    "#hash?query=1&x.txt",
    "a+b.txt",
    "back\\slash.txt",
    "./a.txt",
    "a//b.txt",
    "/absolute.txt",
    "../up.txt",
    "http://elsewhere.example.org/x",
    "",
    None,
)
BASES = {
    "a path": "/files/",
    "no slash": "https://media.example.org/files",
    "no path": "https://media.example.org",
    "none": None,
    "empty": "",
}


def everyday(target, variants, odd=names.ODD):
    """What both go through as they are, and with each of the ``variants``."""
    yield target.scenario("default", storing.WRITE, storing.READ, storing.DELETE, random_names=True)
    for name, options in variants.items():
        short = (storing.SHORT_WRITE, storing.SHORT_READ, storing.SHORT_DELETE)
        yield target.scenario(name, *short, options=options, random_names=True)
    yield storing.kept(target)
    for scenario in content.scenarios(target, variants={"types": {}}, large=None):
        yield from apart(scenario, UPSETTING.get(scenario.id, ()))
    yield large(target)
    yield from names.scenarios(target, odd=odd, dangerous=DANGEROUS)
    yield nul(target)
    yield from _found(target)
    yield from _replaced(target)
    yield from _times(target)
    yield from _addresses(target)


def apart(scenario, files):
    """A scenario without these files, and one for each of them."""
    rest = replace(scenario, random_names=scenario.id == "writing")
    for name in files:
        mine = [_of(steps, name) for steps in (rest.write, rest.read)]
        yield replace(rest, id=f"{scenario.id}, {name}", write=mine[0], read=mine[1])
        others = [
            tuple(step for step in steps if step not in taken)
            for steps, taken in zip((rest.write, rest.read), mine, strict=True)
        ]
        rest = replace(rest, write=others[0], read=others[1])
    yield rest


def _of(steps, name):
    return tuple(step for step in steps if repr(name) in step.label)


def large(target):
    """More than travels at once."""
    half, whole = fill("ABCDEFGHIJKLMNOP", MIB // 32), fill("0123456789abcdef", MIB // 8)
    return target.scenario(
        "large",
        write=(
            file("written.bin", "wb", ["write", whole], ["write", half], ["close"]),
            save("saved.bin", content=new("django.core.files.base.ContentFile", whole)),
        ),
        read=(
            read("written.bin"),
            read("saved.bin"),
            call("size", "saved.bin"),
            file("saved.bin", "rb", ["seek", MIB], ["read", 20], ["seek", 0], ["read", 5]),
        ),
    )


def nul(target):
    name = "nul\0.txt"
    return target.scenario(
        "names with NUL",
        read=(
            save(name),
            read(name),
            *(call(method, name) for method in ("exists", "size", "delete", "listdir")),
            url(name),
        ),
        remade=True,
    )


def own_classes(target, module, classes):
    """What projects built on the class, and Django's static files on top of it."""
    for name in classes:
        yield target.scenario(
            f"subclass {name}", WRITE, READ, DELETE, backend=f"{module}.{name}", random_names=True
        )
    fewer = {"remade": True, "random_names": True}
    yield replace(few_files(target, "collectstatic", target.backend, {}), random_names=True)
    manifest = few_files(target, "collectstatic, manifest", f"{module}.ManifestStorage", {})
    yield replace(manifest, **fewer)


def public(target, dotted, options, needed):
    """Names to import, attributes, and what a migration holds."""
    yield target.scenario("imports", read=tuple(imports(path) for path in dotted))
    yield replace(
        target.scenario("attributes", read=tuple(attribute(name) for name in options)),
        options={name: target.options[name] for name in needed},
        settings={"MEDIA_URL": "/media/"},
    )
    yield target.scenario(
        "migration",
        read=(other("deconstruct", "deconstruct()"), other("pickled", "pickle")),
    )
    yield target.scenario("refused, unknown option", read=(url("a.txt"),), options={"hots": "x"})


def unreachable(target, name, options):
    """What is raised where the server cannot be used."""
    return target.scenario(
        name,
        objects=(("a.txt", b"there before"),),
        read=(
            save("b.txt"),
            read("a.txt"),
            *(call(method, "a.txt") for method in ("exists", "size", "delete")),
            call("listdir", ""),
            url("a.txt"),
        ),
        options=options,
        remade=True,
        random_names=True,
    )


def _found(target):
    """A directory that neither of them filled: empty directories, links, odd names."""
    objects = (
        ("empty/", b""),
        ("full/inner/file.txt", b"inner"),
        ("full/b.txt", b"b"),
        ("odd/a b+c%20d ü.txt", b"odd"),
        (".dot/.hidden", b"hidden"),
        *((f"many/{index:02}.txt", b"m") for index in range(12)),
    )
    asked = ("empty", "empty/", "full", "full/inner", "full/b.txt", "full/b.txt/", "many", "man")
    yield target.scenario(
        "found",
        objects=objects,
        read=(
            *(call("listdir", path) for path in ("", *asked, ".dot", "odd", ".")),
            *(call(method, name) for name in asked for method in ("exists", "size")),
            *(read(name) for name in ("odd/a b+c%20d ü.txt", ".dot/.hidden", "full", "empty")),
            file("full", "rb", ["size"]),
        ),
        delete=tuple(
            call("delete", name)
            for name in ("empty", "full", "full/inner", "full/b.txt/", "full/b.txt", ".dot/.hidden")
        ),
    )
    links = (
        ("file.txt", b"what the link leads to"),
        ("dir/in.txt", b"in"),
        ("link.txt", "file.txt"),
        ("deep/up.txt", "../file.txt"),
        ("linked", "dir"),
        ("dangling", "nowhere"),
    )
    asked = ("link.txt", "deep/up.txt", "linked", "linked/in.txt", "dangling")
    yield target.scenario(
        "links",
        objects=links,
        read=(
            *(call("listdir", path) for path in ("", "linked", "deep")),
            *(call(method, name) for name in asked for method in ("exists", "size")),
            *(read(name) for name in asked),
        ),
        delete=tuple(call("delete", name) for name in asked),
    )
    yield target.scenario(
        "writing over a link",
        objects=links,
        write=(
            save("link.txt"),
            file("deep/up.txt", "wb", ["write", b"written"], ["close"]),
            save("linked/new.txt"),
            save("dangling"),
        ),
        read=tuple(read(name) for name in ("link.txt", "deep/up.txt", "linked/new.txt")),
        random_names=True,
    )


def _replaced(target):
    """What is where something is to be stored."""
    yield target.scenario(
        "replacing",
        objects=(("private.txt", b"old", 0o600), ("open.sh", b"#!/bin/sh", 0o777)),
        write=tuple(
            file(name, "wb", ["write", b"new"], ["close"]) for name in ("private.txt", "open.sh")
        ),
        read=(read("private.txt"),),
    )
    yield target.scenario(
        "in the way",
        objects=(("file", b"a file"), ("dir/inner.txt", b"inner")),
        write=(
            save("file/below.txt"),
            save("dir"),
            file("dir", "wb", ["write", b"x"], ["close"]),
            file("file/below.txt", "wb", ["write", b"x"], ["close"]),
        ),
        read=(
            *(call(method, "file/below.txt") for method in ("exists", "size")),
            read("file/below.txt"),
            call("listdir", "file/below"),
        ),
        delete=(call("delete", "file/below.txt"),),
        random_names=True,
    )


def _times(target):
    for name, settings in (
        ("times", {}),
        ("times, naive", {"USE_TZ": False, "TIME_ZONE": "Europe/Berlin"}),
    ):
        yield target.scenario(
            name,
            objects=(("dir/a.txt", b"text"),),
            read=(
                modified("dir/a.txt", "dir/a.txt"),
                modified("dir/a.txt", "dir/a.txt", "get_accessed_time"),
                modified("dir/a.txt", "dir/a.txt", "get_created_time"),
                call("get_modified_time", "missing.txt"),
                call("get_accessed_time", "missing.txt"),
            ),
            settings=settings,
        )
    yield target.scenario(
        "times, written",
        write=(save("a.txt"), save("dir/b.txt")),
        read=(modified("a.txt", "a.txt"), modified("dir/b.txt", "dir/b.txt")),
    )


def _addresses(target):
    steps = tuple(url(name) for name in ADDRESSES)
    for name, base in BASES.items():
        yield target.scenario(
            f"url, {name}",
            read=steps if name == "a path" else steps[:2],
            options={"base_url": base},
            settings={"MEDIA_URL": "https://from-media-url.example.org/m/"},
        )
    without = {name: value for name, value in target.options.items() if name != "base_url"}
    for name, media in (("MEDIA_URL", "https://media.example.org/m/"), ("no MEDIA_URL", "")):
        yield replace(
            target.scenario(f"url, {name}", read=steps[:2], settings={"MEDIA_URL": media}),
            options=without,
        )
