"""Names in Azure, where not every one is kept as it is, and what the listings say."""

from scenarios import names, storing
from scenarios.steps import Scenario, call, read, save, url
from scenarios.targets import AZURE


def scenarios():
    yield from names.scenarios(
        AZURE,
        odd=[name for name in names.ODD if name.strip(".")],  # of nothing but dots, none is left
        dangerous=[
            name for name in names.DANGEROUS if "\0" not in name
        ],  # Azurite stumbles over it
    )
    yield _dotted()
    yield _long()
    yield _listing()


def _dotted():
    """Names that Azure would not keep as they are."""
    given = ("dot.", "slash/", "dots...", "both./", "dir./inner.txt", "dir/x.", ".", "a/.", "end /")
    asked = tuple(
        step
        for name in given
        for step in (read(name), call("exists", name), call("size", name), url(name))
    )
    return AZURE.scenario(
        "names with a dot at the end",
        tuple(save(name, name.encode()) for name in given),
        (
            *asked,
            call("list_all"),
            *(call("get_valid_name", name) for name in given),
            *(call("get_available_name", name) for name in given),
        ),
        tuple(call("delete", name) for name in given),
    )


def _long():
    """Names at the limits, and beyond them."""
    given = (
        "a" * 1024,
        "a" * 1025,
        "/".join("a" * 255),
        "/".join("a" * 258),
        "ü" * 600,
    )
    steps = tuple(
        call(method, name) for name in given for method in ("get_available_name", "exists", "size")
    )
    return AZURE.scenario("long names", read=(*steps, *(url(name) for name in given)))


def _listing():
    """What ``listdir()`` and ``list_all()`` answer as they are."""
    paths = ("", "dir", "dir/", "missing", "plain.txt", "di")
    asked = tuple(call(method, path) for method in ("list_all", "listdir") for path in paths)
    for_all = call("list_all")
    plain = AZURE.scenario("listing", storing.SHORT_WRITE)
    return Scenario(
        plain.id,
        plain.write,
        (for_all, *asked),
        service=plain.service,
        backend=plain.backend,
        options={**plain.options, "location": "media"},
    )
