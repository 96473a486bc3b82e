"""Names: odd ones, dangerous ones, and the names that Django asks the storage to make."""

from wire import new

from scenarios.steps import ON_SERVER, Scenario, call, read, save, url

ODD = (
    "a b.txt",
    "dir with space/b.txt",
    "ünïcödé/grüße.txt",
    "日本語.txt",
    "emoji😀.png",
    "combining-é.txt",
    "50%.txt",
    "a%20b.txt",
    "a+b.txt",
    "#hash?query=1&x.txt",
    "semi;colon,comma:at@.txt",
    'quote\'d "double".txt',
    "<angle>&amp;.txt",
    "tilde~star*(paren)!.txt",
    "brackets[1]{2}|^`$=.txt",
    ".hidden",
    "dir/.hidden",
    "trailing space ",
    " leading space",
    "trailing.dot.",
    "no-extension",
    "two..dots.txt",
    "...",
    "a" * 200 + ".txt",
)
NORMALISED = (
    "./a.txt",
    "a//b.txt",
    "a/./b.txt",
    "a/../b.txt",
    "a\\b.txt",
    "dir/x/../../y.txt",
    "/absolute.txt",
    "//twice.txt",
    "slash/",
)
DANGEROUS = ("../up.txt", "a/../../up.txt", "..", "../media2/x.txt", "/../up.txt", "nul\0.txt")
EMPTY = ("", ".", "/", "./")


def scenarios():
    for location in ("", "media"):
        options = {**ON_SERVER, "location": location}
        suffix = ", location" if location else ""
        yield Scenario(
            f"odd names{suffix}",
            write=tuple(save(name, name.encode()) for name in ODD),
            read=(
                *(step for name in ODD for step in _asked(name)),
                call("listdir", ""),
                call("listdir", "dir with space"),
                call("listdir", "ünïcödé"),
            ),
            delete=tuple(call("delete", name) for name in ODD),
            options=options,
        )
        yield Scenario(
            f"normalised names{suffix}",
            write=tuple(save(name, name.encode()) for name in NORMALISED),
            read=tuple(step for name in NORMALISED for step in _asked(name)),
            delete=tuple(call("delete", name) for name in NORMALISED),
            options=options,
        )
        yield Scenario(
            f"dangerous names{suffix}",
            write=(save("media2/x.txt"), *(save(name) for name in (*DANGEROUS, *EMPTY))),
            read=(
                *(step for name in DANGEROUS for step in _asked(name)),
                *(step for name in EMPTY for step in _asked(name)),
                *(call("listdir", name) for name in (*DANGEROUS, *EMPTY)),
            ),
            delete=tuple(call("delete", name) for name in (*DANGEROUS, *EMPTY)),
            options=options,
        )
    yield _made()
    yield _made({"file_overwrite": False}, "names for Django, overwriting off")
    yield Scenario(
        "leading slash in location",
        write=(save("a.txt"),),
        options={**ON_SERVER, "location": "/media"},
    )


def _asked(name):
    return read(name), call("exists", name), call("size", name), url(name)


def _made(options=None, name="names for Django"):
    steps = [
        call(method, given)
        for method in ("get_valid_name", "generate_filename", "get_available_name")
        for given in (
            "simple.txt",
            "dir/with space.txt",
            "ünï (1).txt",
            "a//b.txt",
            "./a.txt",
            "back\\slash.txt",
            "a/../b.txt",
            "../up.txt",
            "/absolute.txt",
            "..",
            "",
            "50%+x.txt",
            "emoji😀.png",
        )
    ]
    limits = [
        call("get_available_name", given, max_length=length)
        for given, length in (
            ("a" * 50 + ".txt", 30),
            ("dir/" + "a" * 50 + ".tar.gz", 30),
            ("short.txt", 30),
            ("dir/a.txt", 3),
            ("a" * 50, 10),
            ("taken.txt", 9),
            ("taken.txt", 20),
            ("." + "a" * 40, 20),
        )
    ]
    content = new("django.core.files.base.ContentFile", b"long")
    long_field = call("save", "b" * 60 + ".txt", content, max_length=40)
    return Scenario(
        name,
        write=(save("taken.txt"), long_field),
        read=(*steps, *limits, call("get_alternative_name", "root", ".txt")),
        options={**ON_SERVER, **(options or {})},
        random_names=True,
    )
