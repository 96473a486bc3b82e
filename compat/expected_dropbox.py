"""The differences of Dropbox alone."""

from report import Expected

DROPBOX = ("dropbox",)
REFUSED = "ImproperlyConfigured"
FAILED = "ApiError"

LOOKING = (
    Expected(
        "deleting what is missing, dropbox",
        ("*: delete('*",),
        peer=FAILED,
        ours="^null$|ValueError",
        reason="`delete()` of a missing file does nothing, as Django documents it; before, "
        "Dropbox's ApiError.",
        services=DROPBOX,
    ),
    Expected(
        "deleting folders, dropbox",
        ("found: delete('full')", "found: keys", "dangerous names*: keys"),
        peer=r"^null$|many/|^\[\]$",
        ours="OSError|DropboxStorageException|full/inner|media2/x.txt",
        reason="`delete()` of a folder that is not empty raises OSError, and of the root "
        'ValueError; before, it deleted all that was in it, and `delete("")` every file.',
        services=DROPBOX,
    ),
    Expected(
        "long listings, dropbox",
        ("found: listdir('many')", "odd names*: listdir('')"),
        peer=r"^\[\[",
        ours=r"^\[\[",
        reason="`listdir()` lists everything; before, what came with Dropbox's first answer, which "
        "of a large folder is a part.",
        services=DROPBOX,
    ),
    Expected(
        "sizes of folders, dropbox",
        ("found: size('*",),
        peer="AttributeError",
        ours="IsADirectoryError",
        reason="`size()` of a folder raises IsADirectoryError; before, AttributeError.",
        services=DROPBOX,
    ),
    Expected(
        "the empty name is no file, dropbox",
        (
            "*: open('', *",
            *(
                f"*: {asked}({name!r}*"
                for asked in ("read", "size")
                for name in ("", ".", "/", "./")
            ),
        ),
        peer=f"{FAILED}|AttributeError",
        ours="FileNotFoundError",
        reason='Opening or measuring `""` raises FileNotFoundError; before, Dropbox\'s ApiError or '
        "AttributeError.",
        services=DROPBOX,
    ),
    Expected(
        "a trailing slash names no file, dropbox",
        ("*: read('slash/'*", "found: exists('full/b.txt/')"),
        peer=f"{FAILED}|true",
        ours="FileNotFoundError|false",
        reason="A name with a slash at its end is no file.",
        services=DROPBOX,
    ),
    Expected(
        "names that Dropbox refuses, dropbox",
        ("odd names*: *('trailing space '*",),
        peer="^false$|^null$",
        ours="DropboxStorageException",
        reason="A name that Dropbox cannot have, such as one with a space at its end, raises "
        "DropboxStorageException, an OSError, in every method; before, `exists()` was False.",
        services=DROPBOX,
    ),
    Expected(
        "name of a file, dropbox",
        ("reading: open('a.bin', 'rb'): size(), name()*", "full paths*: open('*"),
        peer='"/(compat/)?a',
        ours='"a',
        reason="`name` of an open file is the name that you opened; before, the path in the "
        "account, with `root_path`.",
        services=DROPBOX,
    ),
)

WRITING = (
    Expected(
        "writing, dropbox",
        (
            "writing*: open('*",
            "writing*: with open('fresh.txt'*",
            "writing*: keys",
            "writing*: body of *",
            "writing*: hash of *",
            "reading: open('a.bin', 'rb'): write*",
            "text: open('b.txt', '*",
            "text: read('b.txt'*",
            "large: open('written.bin'*",
            "large: keys",
        ),
        peer=rf"{FAILED}|^\[3, null\]$|^\[1\]$|^\[\]$|saved.bin|kept.txt|start,|full|longer body|"
        "240c18c4|74422bf7|90581090",
        ours=r"^\[\d|null|Unsupported|written|short|start,end|\"\"|compat|3a38c215|e3b0c442|c620fdf0|"
        "FileNotFound|bytes|one two",
        reason="Files that are opened for writing (`wb`, `ab`, `xb`, `w`) are stored; before, "
        "nothing that was written to them came to Dropbox.",
        services=DROPBOX,
    ),
    Expected(
        "sources that cannot seek, dropbox",
        ("sources: save('unseekable.txt')", "sources: keys", "sources: read('unseekable.txt'*"),
        peer=f"UnsupportedOperation|{FAILED}|bytesio",
        ours="unseekable.txt|streamed",
        reason="`save()` takes a file that cannot seek; before, io.UnsupportedOperation.",
        services=DROPBOX,
    ),
    Expected(
        "closing the source, dropbox",
        ("sources: save() leaves the source open",),
        peer="^false$",
        ours="^true$",
        reason="`save()` leaves the file open that it was given; before, it closed it.",
        services=DROPBOX,
    ),
    Expected(
        "update, dropbox",
        ("update: *",),
        peer=f"ValidationError|{FAILED}|^false$|^null$|^\\[\\]$|plain.txt|compat/",
        ours="",
        reason='`write_mode = "update"` works: it replaces the revision that was read last; '
        "before, every save failed.",
        services=DROPBOX,
    ),
)

CONFIGURED = (
    Expected(
        "root_path that is relative, dropbox",
        ("root_path without a slash: *", "root_path, empty: *"),
        peer="",
        ours="",
        reason="A `root_path` without a slash in front begins at the root of the account; before, "
        "it was looked for in the working directory of the process, and files lay below the path "
        "that the project has on its server.",
        services=DROPBOX,
    ),
    Expected(
        "location, dropbox",
        ("root_path, older key: *",),
        peer=rf"{REFUSED}|^\[\]$|compat/",
        ours=r"DropboxStorage|compat/|^\[\]$",
        reason="The older key `location` is taken for `root_path`, with a deprecation warning; "
        "before, ImproperlyConfigured.",
        services=DROPBOX,
    ),
    Expected(
        "credentials, dropbox",
        ("refused, *: construct",),
        peer=f"{REFUSED}|BadInput",
        ours="DropboxStorage",
        reason="Missing credentials raise ImproperlyConfigured at the first use, and in "
        "`manage.py check`; before, when the storage was made. A refresh token that was made by "
        "PKCE needs no `app_secret`.",
        services=DROPBOX,
    ),
    Expected(
        "write_mode, dropbox",
        ("refused, write_mode: *",),
        peer="DropboxStorage|AssertionError",
        ours=REFUSED,
        reason="An unknown `write_mode` raises ImproperlyConfigured when the storage is made; "
        "before, AssertionError at the first save.",
        services=DROPBOX,
    ),
    Expected(
        "CHUNK_SIZE, dropbox",
        ("attributes: storage.CHUNK_SIZE",),
        peer="4194304",
        ours="AttributeError",
        reason="There is no `CHUNK_SIZE`: the size of parts is the option `part_size`.",
        services=DROPBOX,
    ),
    Expected(
        "client, dropbox",
        ("attributes: storage.client",),
        peer='"Dropbox"',
        ours='"Client"',
        reason="`storage.client` is of a class of this package, which is a `dropbox.Dropbox`.",
        services=DROPBOX,
    ),
    Expected(
        "secrets in migrations, dropbox",
        ("migration: deconstruct()",),
        peer='"oauth2_access_token"',
        ours="^((?!oauth2).)*$",
        reason="`deconstruct()` leaves tokens and secrets out, so that `makemigrations` no longer "
        "writes them into a file.",
        services=DROPBOX,
    ),
    Expected(
        "manifests, dropbox",
        ("collectstatic, manifest: *",),
        peer=f"{FAILED}|^\\[\\]$|Deleting",
        ours="ManifestStorage|compat.json|10 post-processed",
        reason="ManifestFilesMixin works; before, a storage with it could not be made.",
        services=DROPBOX,
    ),
)

EXPECTED = LOOKING + WRITING + CONFIGURED
