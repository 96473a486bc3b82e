"""The differences that Apache Libcloud and Dropbox share."""

from report import Expected

LIBCLOUD = ("libcloud", "libcloud_minio")
OTHERS = (*LIBCLOUD, "dropbox")
SUSPICIOUS = "SuspiciousFileOperation"

NAMES = (
    Expected(
        "names that lead out, others",
        (
            "*: *('../*",
            "*: *('a/../../*",
            "*: *('..'*",
        ),
        peer="",
        ours=SUSPICIOUS,
        reason="A name that leads out of the container raises SuspiciousFileOperation in every "
        "method; before, it was a missing file in some of them.",
        services=LIBCLOUD,
    ),
    Expected(
        "names with NUL, others",
        ("names with NUL: *",),
        peer="",
        ours=SUSPICIOUS,
        reason="A name that contains a NUL character raises SuspiciousFileOperation.",
        services=OTHERS,
    ),
    Expected(
        "normal names, others",
        (
            "normalised names*: save('*",
            "normalised names*: keys*",
            "normalised names*: *('a/../b.txt'*",
            "normalised names*: *('dir/x/../../y.txt'*",
            "names for Django*: get_available_name('a//b.txt')",
            "names for Django*: get_available_name('./a.txt')",
            "names for Django*: get_available_name('a/../b.txt')",
        ),
        peer="",
        ours=r'"a/b(_RANDOM7)?\.txt"|"a\.txt"|"b\.txt"|NotFound|//127|/compat-bucket/[by].txt|null',
        reason="`save()` and `get_available_name()` return a name in its shortest form and with "
        "slashes: `a//b.txt` is `a/b.txt`.",
        services=OTHERS,
    ),
    Expected(
        "trailing slashes, others",
        ("*: size('*/')", "*: size('slash/')"),
        peer="ObjectDoesNotExistError|ObjectError|AttributeError|ApiError|^1$",
        ours="FileNotFoundError",
        reason="A name with a slash at its end is no file: `size()` of it raises "
        "FileNotFoundError.",
        services=OTHERS,
    ),
)

WRITING = (
    Expected(
        "several writes, others",
        (
            "writing: * of 'parts.bin'",
            "writing: read('parts.bin'*",
            "large: * of 'written.bin'",
            "large: read('written.bin'*",
        ),
        peer='"three"|06ce2d56|ApiError',
        ours="one two three|d4146210|-1",
        reason="Several `write()` calls store all that they were given; before, only the last one "
        "counted.",
        services=OTHERS,
    ),
    Expected(
        "what write returns, others",
        ("*: open('*', 'w*'): write(*",),
        peer=r"^\[(null|.TypeError|.dropbox)",
        ours=r"^\[\d",
        reason="`write()` of a file returns how much it wrote, as Python's own files do.",
        services=OTHERS,
    ),
    Expected(
        "text mode, others",
        ("text*: read('*', 'r')", "text: open('b.txt', 'r')*"),
        peer='"bytes"|StopIteration|NotFound|ApiError',
        ours=r'^"|^\["|bytes',
        reason='`open(name, "r")` gives text, with the `encoding` that you ask for; before, bytes.',
        services=OTHERS,
    ),
    Expected(
        "text content, others",
        (
            "text: open('w.txt', 'w')*",
            "text: keys",
            "text: read('w.txt', *",
            "text, *: save(*",
            "text, *: keys",
            "text, *: body of *",
            "text, *: read(*",
            "sources, stringio.txt: *",
        ),
        peer='TypeError|NotFound|StopIteration|ApiError|""|"b.txt"|^\\[\\]$|"sha256"|"bytes"',
        ours='txt|bytes|zweite|plain|^""$|^\\[\\d|StopIteration',
        reason="A `ContentFile` of a str, a StringIO, and what is written to a file of mode `w` is "
        "stored as UTF-8; before, TypeError.",
        services=OTHERS,
    ),
    Expected(
        "an empty file, others",
        (
            "writing: * of 'emptied.bin'",
            "writing: read('emptied.bin'*",
            "writing: read('nothing.bin'*",
            "writing: open('nothing.bin', 'wb')*",
        ),
        peer="full|NotFound|ApiError",
        ours=r'""|d41d8cd|StopIteration|\[null\]|e3b0c442',
        reason='`open(name, "wb").close()` leaves an empty file, also where there was another.',
        services=OTHERS,
    ),
    Expected(
        "modes with a plus, others",
        ("writing, plus.txt: *", "writing: open('kept.txt', 'r+b')*"),
        peer=r"^\[",
        ours=r"ValueError|^\[\]$",
        reason="Modes that both read and write (`r+`, `w+`) raise ValueError.",
        services=OTHERS,
    ),
    Expected(
        "closing twice, others",
        ("writing, twice.bin: *",),
        peer='ValueError|ApiError|""|^\\[\\]$|d41d8cd|59adb24e',
        ours=r'"x"|^\[1, null, null\]$|9dd4e461',
        reason="`close()` can be called twice, and what was written stays.",
        services=OTHERS,
    ),
    Expected(
        "size of a file that is written, others",
        ("writing: open('dir/new.css', 'wb')*",),
        peer="ObjectDoesNotExist|ApiError",
        ours=r"^\[7, 7, 7, null\]$",
        reason="`size` of a file that is open for writing is what was written so far.",
        services=OTHERS,
    ),
    Expected(
        "reading what is written, others",
        ("writing: open('read-in-wb.bin', 'wb')*", "writing: * of 'read-in-wb.bin'"),
        peer="",
        ours="UnsupportedOperation|x",
        reason="Reading from a file that is open for writing raises io.UnsupportedOperation, and "
        "what was written is stored.",
        services=OTHERS,
    ),
)

READING = (
    Expected(
        "missing files, others",
        ("reading: open('*', 'r*'): read()",),
        peer=r'^\["',
        ours='^"FileNotFoundError"$',
        reason="`open()` of a missing file raises at once; before, at the first `read()`.",
        services=OTHERS,
    ),
    Expected(
        "opened again, others",
        ("reading: open('a.bin', 'rb'): close(), open(), read(4)",),
        peer="ValueError",
        ours="Django File",
        reason="`open()` of a file that was closed opens it and returns it, as Django documents.",
        services=OTHERS,
    ),
    Expected(
        "mode of a file, others",
        ("reading: open('dir/b.txt', 'rb'): name(), mode()*",),
        peer="AttributeError",
        ours='"dir/b.txt", "rb"',
        reason="An open file has a `mode`, as Django's File documents it.",
        services=OTHERS,
    ),
    Expected(
        "times, others",
        ("times*: get_*_time('*",),
        peer="NotImplementedError",
        ours='"seconds"|FileNotFoundError',
        reason="`get_modified_time()` answers, as far as the driver of Libcloud knows the time; "
        "before, NotImplementedError.",
        services=OTHERS,
    ),
    Expected(
        "collectstatic, others",
        ("collectstatic: collectstatic(*", "collectstatic, manifest: *"),
        peer="static files copied|ObjectError|ApiError|NotFound",
        ours="unmodified|Deleting|compat.json|ManifestStorage",
        reason="`collectstatic` copies what has changed, and `--clear` deletes all that is there; "
        "before, it copied everything every time.",
        services=OTHERS,
    ),
)

EXPECTED = NAMES + WRITING + READING
