"""The differences of Google Cloud Storage alone."""

from report import Expected

GOOGLE = ("gcs",)
MISCONFIGURED = "ImproperlyConfigured"

EXPECTED = (
    Expected(
        "files named .gz, gcs",
        ("types*: read('*gz'*", "packed elsewhere*: read('data.gz'*"),
        peer="ContentDecodingError|54a469f3",
        ours="sha256|KÌ",
        reason="A file whose name ends in `.gz` reads back as it was written; before, Google's SDK "
        "unpacked it, and reading failed unless its content was gzip.",
        services=GOOGLE,
    ),
    Expected(
        "headers of open files, gcs",
        ("large: headers of 'written.bin'", "opened for writing: headers of *"),
        peer="STANDARD",
        ours="NEARLINE",
        reason='What `open(name, "wb")` writes has the `object_parameters`, and is compressed if '
        "`gzip` says so, as if it were saved; before, it had only its content type.",
        services=GOOGLE,
    ),
    Expected(
        "types of uploads, gcs",
        (
            "types*: headers of *",
            "sources: headers of 'temporary.txt'",
            "written anew: headers of 'dir/b.css'",
        ),
        peer="content_type",
        ours="content_type",
        reason="The content type that an upload brings is stored, as on S3; before, the type was "
        "guessed from the name, and the upload's was lost.",
        services=GOOGLE,
    ),
    Expected(
        "old headers, gcs",
        ("written anew: headers of 'noext'",),
        peer="text/x-old",
        ours="application/octet-stream",
        reason="A file that is written anew has new headers only; before, a content type or "
        "metadata that it had and the new one did not name stayed.",
        services=GOOGLE,
    ),
    Expected(
        "gzip and chunks, gcs",
        ("every setting: read('dir/b.css'*", "options win: read('dir/b.css'*"),
        peer="GoogleAPICallError",
        ours="sha256",
        reason="With `gzip` and `blob_chunk_size` both set, compressed files can be read; before, "
        "reading them failed.",
        services=GOOGLE,
    ),
    Expected(
        "size of compressed files, gcs",
        ("packed elsewhere*: open('site.css', 'rb')*",),
        peer=r"^\[40, ",
        ours=r"^\[450, ",
        reason="`open(name).size` of a compressed file is that of the content; before, that of the "
        "compressed bytes, which `storage.size(name)` still is.",
        services=GOOGLE,
    ),
    Expected(
        "size of a file that is written, gcs",
        ("writing: open('dir/new.css', 'wb')*",),
        peer=r"^\[7, null, 7, null\]$",
        ours=r"^\[7, 7, 7, null\]$",
        reason="`size` of a file that is open for writing is what was written so far; before, "
        "None.",
        services=GOOGLE,
    ),
    Expected(
        "attributes of open files, gcs",
        ("objects of the SDK: open('a.txt', 'rb')*",),
        peer="Blob|object",
        ours="AttributeError",
        reason="Open files have no attributes `blob` and `mime_type`; use "
        "`storage.bucket.get_blob(name)`.",
        services=GOOGLE,
    ),
    Expected(
        "pickles after use, gcs",
        ("migration: pickle after use",),
        peer="PicklingError",
        ours="GoogleCloudStorage",
        reason="A storage can be pickled after it was used.",
        services=GOOGLE,
    ),
    Expected(
        "slash of the endpoint, gcs",
        ("url, endpoint with slash*: url(*",),
        peer="cdn.example.org//",
        ours='cdn.example.org/[^/]|cdn.example.org/"',
        reason="A slash at the end of `custom_endpoint` is not doubled in addresses.",
        services=GOOGLE,
    ),
    Expected(
        "parameters beside an endpoint, gcs",
        (
            "url, endpoint*: url('dir/a b.txt', parameters={'virtual_hosted_style'*",
            "url, endpoint*: url('dir/a b.txt', parameters={'api_access_endpoint'*",
        ),
        peer="ValueError",
        ours="https://",
        reason="`parameters` of `url()` that name a host win over `custom_endpoint`; before, "
        "ValueError.",
        services=GOOGLE,
    ),
    Expected(
        "seconds with v2, gcs",
        ("url, expiration in seconds: url('dir/a b.txt', parameters={'version': 'v2'})",),
        peer="Expires=77&",
        ours="Expires=1893553522&",
        reason="An `expiration` in seconds counts from now also with `version` v2; before, "
        "from 1970.",
        services=GOOGLE,
    ),
    Expected(
        "refused early, gcs",
        (
            "url, expiration too long: construct",
            "refused, chunk size: construct",
        ),
        peer="GoogleCloudStorage",
        ours=MISCONFIGURED,
        reason="An `expiration` beyond seven days, and a `blob_chunk_size` that is no multiple of "
        "256 KiB, raise ImproperlyConfigured when the storage is made; before, ValueError when it "
        "was used.",
        services=GOOGLE,
    ),
    Expected(
        "refused, gcs",
        ("refused, no bucket name: *", "refused, credentials of a wrong type: *"),
        peer="ValueError|/None/|GoogleCloudStorage",
        ours=MISCONFIGURED,
        reason="A missing `bucket_name`, and `credentials` that are none, raise "
        "ImproperlyConfigured at the first use; before, ValueError, or a link to the bucket "
        "`None`.",
        services=GOOGLE,
    ),
    Expected(
        "older settings, gcs",
        ("older settings: headers of *",),
        peer="^((?!max-age).)*$",
        ours="max-age=9",
        reason="`GS_CACHE_CONTROL` of earlier versions of django-storages has its effect again.",
        services=GOOGLE,
    ),
)
