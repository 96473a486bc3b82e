"""The differences that are meant: each is a line of the migration notes.

A difference that is not listed here fails the comparison, and so does an entry that no longer
matches any.
"""

from report import Expected

SUSPICIOUS = "SuspiciousFileOperation"
MISCONFIGURED = "ImproperlyConfigured"
PARAMETERS = "ParamValidationError"

NAMES = (
    Expected(
        "path traversal",
        (
            "*: *('../*",
            "*: *('a/../../*",
            "*: *('..'*",
            "*: *('/../*",
            "dangerous names: keys",
        ),
        peer="",
        ours=f"{SUSPICIOUS}|media2/x.txt",
        reason="A name that leads out of the storage raises SuspiciousFileOperation in every "
        "method; before, without a `location`, its `..` was dropped and another file was meant.",
    ),
    Expected(
        "names with NUL",
        ("dangerous names*: *nul*", "dangerous names*: keys", "dangerous names*: listdir*"),
        peer="",
        ours=f"{SUSPICIOUS}|^false$|FileNotFoundError|media2",
        reason="A name that contains a NUL character raises SuspiciousFileOperation; before, it "
        "was stored, and listing it broke.",
    ),
    Expected(
        "absolute names",
        ("names for Django: get_available_name('/absolute.txt')",),
        peer="/absolute",
        ours=SUSPICIOUS,
        reason="`get_available_name()` refuses an absolute name, as `save()` always did.",
    ),
    Expected(
        "the empty name is no file",
        ("*: read('*", "*: open('', *", "*: size('*"),
        peer=PARAMETERS,
        ours="FileNotFoundError",
        reason='Opening `""` raises FileNotFoundError; before, botocore complained about it.',
    ),
    Expected(
        "a trailing slash names no file",
        ("found: size('marker/')",),
        peer="^0$",
        ours="FileNotFoundError",
        reason="Empty objects that some tools store as directory markers are directories here, "
        "not files: `size('marker/')` raises FileNotFoundError.",
    ),
)

OPERATIONS = (
    Expected(
        "directories exist",
        ("default: exists('dir*", "found: exists('marker')", "found: exists('many')"),
        peer="^false$",
        ours="^true$",
        reason="`exists()` is true for a directory that holds files, as Django's FileSystemStorage "
        "says; for a name that is missing this costs a second request.",
    ),
    Expected(
        "the root exists",
        ("*: exists('')", "*: exists('.')", "*: exists('/')", "*: exists('./')"),
        peer=f"^false$|{PARAMETERS}",
        ours="^true$",
        reason='`exists("")` is true; before, it was false or an error of botocore.',
    ),
    Expected(
        "the root cannot be deleted",
        ("dangerous names*: delete('*",),
        peer=f"^null$|{PARAMETERS}",
        ours="ValueError",
        reason='`delete("")` raises ValueError, as Django documents it.',
    ),
    Expected(
        "collectstatic --clear",
        ("collectstatic, *: collectstatic(clear=True*",),
        peer=f"{PARAMETERS}|^.0 static files copied",
        ours="Deleting 'robots.*10 static files copied",
        reason="`collectstatic --clear` deletes the files below the `location` first; before, it "
        "failed or deleted nothing.",
    ),
    Expected(
        "no such bucket",
        ("no bucket: *", "manifest, no bucket: construct"),
        peer="^false$|^null$|FileNotFoundError|S3ManifestStaticStorage",
        ours='^"OSError"$',
        reason="A bucket that does not exist raises OSError (which is a ClientError, too) in every "
        "method; before, some of them said that the file was missing.",
    ),
    Expected(
        "created time",
        ("times*: get_created_time('a.txt')",),
        peer="NotImplementedError",
        ours='"time"',
        reason="`get_created_time()` answers: an object of S3 is made when it is written, so this "
        "is the time of the last change.",
    ),
)

CONTENT = (
    Expected(
        "text content",
        ("text: * of 'str.txt'", "text: read('str.txt'*", "sources: * of 'stringio.txt'"),
        peer='dritte "|string io Ã"|FlexibleChecksumError|81fcd013|e9b87265',
        ours="",
        reason="A `ContentFile` of a str is stored whole; before, text beyond ASCII lost as many "
        "bytes at its end as its UTF-8 form is longer than its number of characters.",
    ),
    Expected(
        "characters written",
        ("text: open('w.txt', 'w')*",),
        peer=r"^\[34, ",
        ours=r"^\[30, ",
        reason="`write()` of a text file returns the number of characters, as Python's own files "
        "do; before, it was the number of bytes.",
    ),
    Expected(
        "readlines",
        ("text: open('b.txt', 'rb')*readlines()",),
        peer="",
        ours=r"\[\{\"bytes\": \"dritte",
        reason="`readlines()` goes on where the file stands, as Python's own files do; before, it "
        "began again at the start.",
    ),
    Expected(
        "names in .gz with gzip on",
        ("types, gzip: read('*gz', 'rb')",),
        peer="BadGzipFile",
        ours="sha256",
        reason="With `gzip` on, a file whose name ends in `.gz` reads back as it was written; "
        "before, reading it failed unless its content was gzip.",
    ),
    Expected(
        "an empty file",
        ("writing: * of 'emptied.bin'", "writing: read('emptied.bin'*"),
        peer='full|"e9dc924f',
        ours='""|d41d8cd9',
        reason='`open(name, "wb").close()` leaves an empty file, also where there was another.',
    ),
    Expected(
        "interrupted writes",
        ("writing: * of 'kept.txt'", "writing: read('kept.txt'*"),
        peer="half|6cab9259",
        ours="the old file|bd75949e",
        reason='An exception inside `with storage.open(name, "wb")` leaves the old file, or none; '
        "before, what had been written so far replaced it.",
    ),
    Expected(
        "appending",
        ("writing: * of 'appended.txt'", "writing: open('appended*"),
        peer='AttributeError|FileNotFoundError|"start,"|d77c2828',
        ours=r"^\[[34], null\]$|start,end|ed6dedcc",
        reason='`open(name, "ab")` appends (by storing the whole file anew) and makes the file '
        "where there is none; before, it failed.",
    ),
    Expected(
        "exclusive creation",
        ("writing: open('exclusive.txt', 'xb')*",),
        peer="FileNotFoundError",
        ours=r"^\[1, null\]$",
        reason='`open(name, "xb")` makes a file and raises FileExistsError if there is one; '
        "before, it failed.",
    ),
    Expected(
        "modes with a plus",
        ("writing: open('plus.txt', 'w+b')*", "writing: open('kept.txt', 'r+b')*"),
        peer=r"^\[",
        ours="ValueError",
        reason="Modes that both read and write (`r+`, `w+`) raise ValueError; before, one half of "
        "them failed at the first use.",
    ),
    Expected(
        "files that these modes make",
        ("writing: keys",),
        peer="fresh.txt.*plus.txt",
        ours="appended-new.txt.*exclusive.txt",
        reason="Which files exist after an interrupted write, an append and an exclusive creation "
        "follows from the lines above.",
    ),
    Expected(
        "size of a file that is written",
        ("writing: open('dir/new.css', 'wb')*",),
        peer="ClientError",
        ours=r"^\[7, 7, 7, null\]$",
        reason="`size` of a file that is open for writing is what was written so far; before, it "
        "asked for a file that is not there yet.",
    ),
    Expected(
        "the other direction",
        ("reading: open('a.bin', 'rb'): write*", "writing: open('read-in-wb.bin', 'wb')*"),
        peer="AttributeError",
        ours="io.UnsupportedOperation",
        reason="Writing to a file that is open for reading, or the reverse, raises "
        "io.UnsupportedOperation, as Python's own files do; before, AttributeError.",
    ),
    Expected(
        "mode of a file",
        ("reading: open('dir/b.txt', 'rb'): name(), mode()*",),
        peer="AttributeError",
        ours='"rb"',
        reason="An open file has a `mode`, as Django's File documents it.",
    ),
    Expected(
        "boto3 object of a file",
        ("boto3 objects: open('a.txt', 'rb'): obj()",),
        peer="s3.Object",
        ours="AttributeError",
        reason="Open files have no attribute `obj`; use `storage.bucket.Object(name)`.",
    ),
)

STORED = (
    Expected(
        "parts of a file",
        ("text: ETag of *", "writing: ETag of *", "large: ETag of 'written.bin'"),
        peer=r"-\d+\\\"\"$",
        ours="",
        reason='A file written with `open(name, "wb")` is one plain upload if it fits into one '
        "part, and its parts are all of one size, so that its ETag is another than before.",
    ),
    Expected(
        "checksums",
        ("default: checksums of *",),
        peer="ChecksumCRC32",
        ours=r"^\[\]$",
        reason="With `endpoint_url` set, a checksum is only sent where S3 demands one, since many "
        "compatible services refuse it; a `client_config` of your own decides otherwise.",
    ),
)

CONFIGURED = (
    Expected(
        "unknown object parameter",
        ("unknown parameter: save('a.txt')",),
        peer="ValueError",
        ours=MISCONFIGURED,
        reason="A misspelt key in `object_parameters` raises ImproperlyConfigured at the first "
        "save; before, ValueError.",
    ),
    Expected(
        "no credentials",
        ("no keys: url('a.txt')",),
        peer="NoCredentialsError",
        ours=MISCONFIGURED,
        reason="Where no credentials are found, ImproperlyConfigured says so; before, botocore's "
        "NoCredentialsError.",
    ),
    Expected(
        "no such profile",
        ("environment, missing profile: url*", "refused, profile that is missing: url*"),
        peer="ProfileNotFound",
        ours=MISCONFIGURED,
        reason="A `session_profile` that does not exist raises ImproperlyConfigured; before, "
        "botocore's ProfileNotFound.",
    ),
    Expected(
        "no bucket name",
        ("refused, no bucket name: url*",),
        peer="ValueError",
        ours=MISCONFIGURED,
        reason="A missing `bucket_name` raises ImproperlyConfigured at the first use; before, "
        "ValueError.",
    ),
    Expected(
        "unreadable CloudFront key",
        ("bad cloudfront key: *",),
        peer="ValueError",
        ours="S3Storage",
        reason="A `cloudfront_key` that cannot be read raises ImproperlyConfigured at the first "
        "`url()`; before, ValueError when the storage was made.",
    ),
    Expected(
        "secrets in migrations",
        ("migration *: deconstruct()", "subclass AttributeBucketStorage: deconstruct()"),
        peer='"secret_key"',
        ours="^((?!secret_key|access_key).)*$",
        reason="`deconstruct()` leaves keys and secrets out, so that `makemigrations` no longer "
        "writes them into a file; a migration that was made before keeps working.",
    ),
    Expected(
        "config attributes",
        ("attributes: storage.client_config", "attributes: storage.transfer_config"),
        peer="Config",
        ours="^null$",
        reason="`storage.client_config` and `storage.transfer_config` are what you set, None if "
        "you did not; before, the defaults that boto3 was given.",
    ),
)

EXPECTED = NAMES + OPERATIONS + CONTENT + STORED + CONFIGURED
