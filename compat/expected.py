"""The differences that are meant: each is a line of the migration notes.

A difference that is not listed here fails the comparison, and so does an entry that no longer
matches any.
"""

import expected_azure
import expected_clouds
import expected_dropbox
import expected_ftp
import expected_gcs
import expected_libcloud
import expected_others
import expected_s3
import expected_sftp
import expected_trees
from report import Expected

CLOUDS = ("s3", "gcs", "azure")
TREES = expected_trees.TREES
OTHERS = expected_others.OTHERS
LIBCLOUD = expected_libcloud.LIBCLOUD
MOST = CLOUDS + TREES
OLDER = MOST + LIBCLOUD
EVERY = MOST + OTHERS
SUSPICIOUS = "SuspiciousFileOperation"
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
        services=CLOUDS,
    ),
    Expected(
        "names with NUL",
        ("dangerous names*: *nul*", "dangerous names*: keys", "dangerous names*: listdir*"),
        peer="",
        ours=f"{SUSPICIOUS}|^false$|NotFound|media2",
        reason="A name that contains a NUL character raises SuspiciousFileOperation; before, it "
        "was stored, and listing it broke.",
        services=("s3", "gcs"),
    ),
    Expected(
        "absolute names",
        ("names for Django*: get_available_name('/absolute.txt')",),
        peer="/absolute",
        ours=SUSPICIOUS,
        reason="`get_available_name()` refuses an absolute name, as `save()` always did.",
        services=MOST,
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
        ("default: exists('dir*", "found: exists('marker*", "found: exists('many')"),
        peer="^false$",
        ours="^true$",
        reason="`exists()` is true for a directory that holds files, as Django's FileSystemStorage "
        "says; for a name that is missing this costs a second request.",
        services=CLOUDS,
    ),
    Expected(
        "the root exists",
        ("*: exists('')", "*: exists('.')", "*: exists('/')", "*: exists('./')"),
        peer=f"^false$|{PARAMETERS}|ValueError",
        ours="^true$",
        reason='`exists("")` is true; before, it was false or an error of the SDK.',
        services=CLOUDS,
    ),
    Expected(
        "the root cannot be deleted",
        ("dangerous names*: delete('*",),
        peer=f"^null$|^false$|{PARAMETERS}|ObjectError|ApiError",
        ours="ValueError",
        reason='`delete("")` raises ValueError, as Django documents it.',
        services=EVERY,
    ),
    Expected(
        "collectstatic --clear",
        ("collectstatic, *: collectstatic(clear=True*",),
        peer=f"{PARAMETERS}|static files? copied",
        ours="Deleting 'robots.*10 static files copied",
        reason="`collectstatic --clear` deletes the files below the `location` first; before, it "
        "failed or deleted nothing.",
        services=("s3", "gcs"),
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
        ours='"seconds"',
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
        services=CLOUDS,
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
        peer='half|6cab9259|"THEf|ev45nx|^"[^"]+=="$',
        ours="the old file|bd75949e|vXWUnjV0",
        reason='An exception inside `with storage.open(name, "wb")` leaves the old file, or none; '
        "before, what had been written so far replaced it.",
        services=OLDER,
    ),
    Expected(
        "appending",
        ("writing: * of 'appended.txt'", "writing: open('appended*"),
        peer='AttributeError|NotFound|"start,"|d77c2828|13woKFgl',
        ours=r"^\[[34], null\]$|start,end|ed6dedcc|7W3tzGKG",
        reason='`open(name, "ab")` appends (by storing the whole file anew) and makes the file '
        "where there is none; before, it failed.",
        services=OLDER,
    ),
    Expected(
        "exclusive creation",
        ("writing: open('exclusive.txt', 'xb')*",),
        peer="FileNotFoundError|AttributeError",
        ours=r"^\[1, null\]$",
        reason='`open(name, "xb")` makes a file and raises FileExistsError if there is one; '
        "before, it failed.",
        services=OLDER,
    ),
    Expected(
        "modes with a plus",
        ("writing: open('plus.txt', 'w+b')*", "writing: open('kept.txt', 'r+b')*"),
        peer=r"^\[",
        ours="ValueError",
        reason="Modes that both read and write (`r+`, `w+`) raise ValueError; before, one half of "
        "them failed at the first use.",
        services=("s3", "gcs"),
    ),
    Expected(
        "files that these modes make",
        ("writing: keys",),
        peer="fresh.txt",
        ours="appended-new.txt.*exclusive.txt",
        reason="Which files exist after an interrupted write, an append and an exclusive creation "
        "follows from the lines above.",
        services=OLDER,
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
        services=OLDER,
    ),
    Expected(
        "mode of a file",
        ("reading: open('dir/b.txt', 'rb'): name(), mode()*",),
        peer="AttributeError",
        ours='"rb"',
        reason="An open file has a `mode`, as Django's File documents it.",
        services=CLOUDS,
    ),
    Expected(
        "boto3 object of a file",
        ("boto3 objects: open('a.txt', 'rb'): obj()",),
        peer="s3.Object",
        ours="AttributeError",
        reason="Open files have no attribute `obj`; use `storage.bucket.Object(name)`.",
    ),
)

# The headings of the migration notes, in their order.
GROUPS = {
    "Every service": EVERY,
    "Every service but Dropbox": OLDER,
    "Every service but Apache Libcloud and Dropbox": MOST,
    "Amazon S3, Google Cloud Storage and Azure": CLOUDS,
    "Amazon S3 and Google Cloud Storage": ("s3", "gcs"),
    "Google Cloud Storage and Azure": ("gcs", "azure"),
    "Amazon S3": ("s3",),
    "Google Cloud Storage": ("gcs",),
    "Azure": ("azure",),
    "SFTP and FTP": TREES,
    "SFTP": ("sftp",),
    "FTP": ("ftp",),
    "Apache Libcloud and Dropbox": OTHERS,
    "Apache Libcloud": LIBCLOUD,
    "Apache Libcloud, its local driver": ("libcloud",),
    "Apache Libcloud, its S3 and MinIO drivers": ("libcloud_minio",),
    "Dropbox": ("dropbox",),
}
EXPECTED = (
    *(NAMES + OPERATIONS + CONTENT),
    *expected_s3.EXPECTED,
    *expected_clouds.EXPECTED,
    *expected_gcs.EXPECTED,
    *expected_azure.EXPECTED,
    *expected_trees.EXPECTED,
    *expected_sftp.EXPECTED,
    *expected_ftp.EXPECTED,
    *expected_others.EXPECTED,
    *expected_libcloud.EXPECTED,
    *expected_dropbox.EXPECTED,
)
