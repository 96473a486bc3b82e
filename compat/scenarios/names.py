"""Names: odd ones, dangerous ones, and the names that Django asks the storage to make."""

from wire import new

from scenarios.steps import call, read, save, url
from scenarios.targets import AMAZON

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


def scenarios(target=AMAZON, odd=ODD, dangerous=DANGEROUS):
    below = [(", location", target.below, target.made)] if target.below else []
    for suffix, options, objects in (("", {}, ()), *below):
        yield target.scenario(
            f"odd names{suffix}",
            write=tuple(save(name, name.encode()) for name in odd),
            read=(
                *(step for name in odd for step in _asked(name)),
                call("listdir", ""),
                call("listdir", "dir with space"),
                call("listdir", "ünïcödé"),
            ),
            delete=tuple(call("delete", name) for name in odd),
            options=options,
            objects=objects,
        )
        yield target.scenario(
            f"normalised names{suffix}",
            write=tuple(save(name, name.encode()) for name in NORMALISED),
            read=tuple(step for name in NORMALISED for step in _asked(name)),
            delete=tuple(call("delete", name) for name in NORMALISED),
            options=options,
            objects=objects,
        )
        yield target.scenario(
            f"dangerous names{suffix}",
            write=(save("media2/x.txt"), *(save(name) for name in (*dangerous, *EMPTY))),
            read=(
                *(step for name in dangerous for step in _asked(name)),
                *(step for name in EMPTY for step in _asked(name)),
                *(call("listdir", name) for name in (*dangerous, *EMPTY)),
            ),
            delete=tuple(call("delete", name) for name in (*dangerous, *EMPTY)),
            options=options,
            objects=objects,
        )
    yield _made(target, "names for Django", {})
    yield _made(target, "names for Django, overwriting off", target.overwriting_off)
    if target.bucket:
        yield target.scenario(
            "leading slash in location",
            write=(save("a.txt"),),
            options={"location": "/media"},
        )


def _asked(name):
    return read(name), call("exists", name), call("size", name), url(name)


def _made(target, name, options):
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
    return target.scenario(
        name,
        write=(save("taken.txt"), long_field),
        read=(*steps, *limits, call("get_alternative_name", "root", ".txt")),
        options=options,
        random_names=True,
    )
