"""The differences that Google Cloud Storage and Azure share."""

from report import Expected

CLOUDS = ("gcs", "azure")
MISCONFIGURED = "ImproperlyConfigured"

EXPECTED = (
    Expected(
        "the empty name is no file, clouds",
        (
            "*: open('', *",
            *(
                f"*: {asked}({name!r}*"
                for asked in ("read", "size")
                for name in ("", ".", "/", "./")
            ),
            "*: size('slash/')",
        ),
        peer="ValueError|NotFound",
        ours="FileNotFoundError",
        reason='Opening or measuring `""` raises FileNotFoundError; before, ValueError or the '
        "SDK's NotFound.",
        services=CLOUDS,
    ),
    Expected(
        "directory markers",
        ("found: listdir('marker')", "found: size('marker/')"),
        peer=r'\[""|^0$',
        ours=r'\[\["file.txt"\]|\[\[\], \["file.txt"\]\]|FileNotFoundError',
        reason="Empty objects that some tools store as directory markers are directories here, not "
        'files: `listdir()` no longer finds a file `""` in them.',
        services=CLOUDS,
    ),
    Expected(
        "no such bucket, clouds",
        ("no bucket: *",),
        peer="^false$|^null$|FileNotFoundError",
        ours='^"OSError"$',
        reason="A bucket or container that does not exist raises OSError (which is the SDK's "
        "NotFound, too) in every method; before, some of them said that the file was missing.",
        services=CLOUDS,
    ),
    Expected(
        "str content, clouds",
        (
            "text: save('*.txt')",
            "text: keys",
            "text: read('str.txt'*",
            "text: read('ascii.txt'*",
            "sources: save('stringio.txt')",
            "sources: keys",
        ),
        peer="TypeError|NotFound|b.txt|bytesio.txt",
        ours="str.*txt|ascii.txt|bytes|zweite|plain",
        reason="A `ContentFile` of a str, and a StringIO, are stored as UTF-8; before, TypeError.",
        services=CLOUDS,
    ),
    Expected(
        "sources that cannot seek, clouds",
        ("sources: save('unseekable.txt')", "sources: keys", "sources: read('unseekable.txt'*"),
        peer="UnsupportedOperation|NotFound|bytesio",
        ours="unseekable.txt|streamed",
        reason="`save()` takes a file that cannot seek; before, io.UnsupportedOperation.",
        services=CLOUDS,
    ),
    Expected(
        "text mode, clouds",
        ("text: read('*', 'r')", "text: open('b.txt', 'r')*", "*: read('*', 'r')"),
        peer='"bytes"|"sha256"',
        ours=r'^"|^\["',
        reason='`open(name, "r")` gives text, with the `encoding` that you ask for; before, bytes.',
        services=CLOUDS,
    ),
    Expected(
        "an empty file, clouds",
        (
            "writing: * of 'emptied.bin'",
            "writing: read('emptied.bin'*",
            "writing: read('nothing.bin'*",
        ),
        peer="full|6dySTyOP|NotFound",
        ours='""|1B2M2Y8A',
        reason='`open(name, "wb").close()` leaves an empty file, also where there was another.',
        services=CLOUDS,
    ),
    Expected(
        "closed, clouds",
        ("reading: open('a.bin', 'rb'): size(), name(), closed()*",),
        peer="false, null, false",
        ours="false, null, true",
        reason="`closed` of a file is true after `close()`.",
        services=CLOUDS,
    ),
    Expected(
        "secrets in migrations, clouds",
        ("migration*: deconstruct()",),
        peer='"credentials"|"connection_string"',
        ours="^((?!credentials|connection_string).)*$",
        reason="`deconstruct()` leaves credentials, keys, connection strings and client options "
        "out, so that `makemigrations` no longer writes them into a file; a migration that was "
        "made before keeps working.",
        services=CLOUDS,
    ),
    Expected(
        "unknown object parameter, clouds",
        ("unknown parameter: *",),
        peer="Storage|a.txt",
        ours=rf"{MISCONFIGURED}|^\[\]$",
        reason="A misspelt key in `object_parameters` raises ImproperlyConfigured; before, it was "
        "ignored.",
        services=CLOUDS,
    ),
)
