"""The differences of Apache Libcloud."""

from report import Expected

LIBCLOUD = ("libcloud", "libcloud_minio")
REFUSED = "ImproperlyConfigured"

EXPECTED = (
    Expected(
        "empty files, libcloud",
        ("*: read('*", "*: open('*"),
        peer="StopIteration",
        ours='""|bytes|^"',
        reason="An empty file is read as empty; before, StopIteration.",
        services=LIBCLOUD,
    ),
    Expected(
        "directories exist, libcloud",
        ("*: exists('*",),
        peer="^false$|ObjectError",
        ours="^true$",
        reason="`exists()` is true for a directory that holds files, and for the root; before, "
        "false or Libcloud's ObjectError.",
        services=LIBCLOUD,
    ),
    Expected(
        "nested directories, libcloud",
        ("*: listdir('*",),
        peer=r"^\[\[",
        ours=r'^\[\["',
        reason="`listdir()` lists every directory; before, only those with files right in them, "
        "so that `dir` of `dir/sub/file.txt` was missing.",
        services=LIBCLOUD,
    ),
    Expected(
        "what delete returns, libcloud",
        ("*: delete(*",),
        peer="^true$",
        ours="^null$",
        reason="`delete()` returns nothing, as Django documents it; before, Libcloud's answer.",
        services=LIBCLOUD,
    ),
    Expected(
        "addresses without a request, libcloud",
        ("*: url('*", "*: url(None)"),
        peer="DoesNotExistError|ObjectError|TypeError|NotImplementedError",
        ours='^"(/|http)',
        reason="`url()` asks nobody: the address of a missing file raises nothing. Before, it "
        "looked for the file first.",
        services=LIBCLOUD,
    ),
    Expected(
        "failing sources, libcloud",
        ("sources, failing.txt: *",),
        peer="failing.txt",
        ours=r"^\[\]$|InterruptedError",
        reason="A `save()` that fails leaves the old file, or none; before, an empty one.",
        services=("libcloud",),
    ),
    Expected(
        "quoted addresses, libcloud",
        ("*: url('*",),
        peer='^"/',
        ours="%[0-9A-F]{2}",
        reason="`url()` quotes what an address cannot hold.",
        services=("libcloud",),
    ),
    Expected(
        "providers that lack something, libcloud",
        ("refused, no *", "refused, none: construct"),
        peer="AttributeError|KeyError|^false$|DoesNotExistError",
        ours=REFUSED,
        reason="A provider without a bucket, or no LIBCLOUD_PROVIDERS at all, raises "
        "ImproperlyConfigured; before, KeyError or AttributeError. `user` and `key` may be left "
        "out where the driver needs none.",
        services=("libcloud",),
    ),
    Expected(
        "types, libcloud",
        (
            "refused, no key: *",
            "refused, no user: *",
            "refused, type 'LOCAL': *",
            "refused, type 'local': *",
            "type that is gone, *",
            "type, the constant's value: *",
        ),
        peer=rf"{REFUSED}|^\[\]$",
        ours="LibCloudStorage|a.txt",
        reason="`type` may also be the name or the value of a constant of Libcloud's Provider, and "
        "those that Libcloud does not have any more (`S3_US_STANDARD_HOST` …) lead to today's; "
        "before, ImproperlyConfigured.",
        services=("libcloud",),
    ),
    Expected(
        "the empty name is no file, libcloud",
        tuple(
            f"*: {asked}({name!r}*" for asked in ("read", "size") for name in ("", ".", "/", "./")
        ),
        peer="ObjectError|^0$",
        ours="FileNotFoundError",
        reason='Opening or measuring `""` raises FileNotFoundError; before, Libcloud\'s '
        "ObjectError, or the listing of the whole bucket was read as a file.",
        services=LIBCLOUD,
    ),
    Expected(
        "deleting a directory, libcloud",
        ("found: *('empty')", "found: delete('full')"),
        peer="ObjectError",
        ours="^null$|^false$",
        reason="`delete()` of a directory does nothing; before, Libcloud's ObjectError.",
        services=("libcloud",),
    ),
    Expected(
        "provider_name, libcloud",
        ("attributes: storage.provider_name",),
        peer="AttributeError",
        ours="here",
        reason="`storage.provider_name` is what you set.",
        services=LIBCLOUD,
    ),
    Expected(
        "unknown options, libcloud",
        ("refused, unknown option: construct",),
        peer="TypeError",
        ours=REFUSED,
        reason="An option that the storage does not know raises ImproperlyConfigured; before, "
        "TypeError.",
        services=LIBCLOUD,
    ),
    Expected(
        "large files, libcloud",
        ("larger than a chunk: read('*", "larger than a chunk: open('*"),
        peer='"size": 5242880',
        ours='"size": 6291456',
        reason="A file is read to its end; before, to the end of its first chunk: 5 MiB.",
        services=("libcloud_minio",),
    ),
    Expected(
        "content types, libcloud",
        ("*: headers of *",),
        peer="ContentType",
        ours="image/png|text/css|x-javascript|charset|text/x-disk",
        reason="The content type that a browser sent with an upload counts; before, it was always "
        "guessed from the name.",
        services=("libcloud_minio",),
    ),
    Expected(
        "directory markers, libcloud",
        ("found: listdir('marker')",),
        peer=r'\[""\]',
        ours=r"^\[\[\], \[\]\]$",
        reason="Empty objects that some tools store as directory markers are directories here, not "
        'files: `listdir()` no longer finds a file `""` in them.',
        services=("libcloud_minio",),
    ),
    Expected(
        "addresses by the driver, libcloud",
        ("url, *_HERE: url('*",),
        peer='"https://|"api.backblaze',
        ours='^"http://127.0.0.1:',
        reason="Where the driver gives no addresses, they begin with the host that it talks to, "
        "and are quoted; before, with a host that followed from the name of the constant.",
        services=("libcloud_minio",),
    ),
    Expected(
        "parts of a file, libcloud",
        ("*: ETag of *",),
        peer=r"-\d+\\\"\"$",
        ours=r"^((?!-\d).)*$",
        reason="A file that fits into one part is one plain upload, and has another ETag than "
        "before, when every file was a multipart upload.",
        services=("libcloud_minio",),
    ),
)
