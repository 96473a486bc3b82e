"""The everyday operations, under every configuration that decides how an object is stored."""

from wire import new

from scenarios.steps import call, modified, read, save, saved, url
from scenarios.targets import AMAZON

BODY = b"hello, world\n" * 20
NAMES = ("plain.txt", "css/site.css", "img/logo.png", "dir/sub/deep.bin", "empty.txt", "noext")

WRITE = (
    save("plain.txt", b"first"),
    save("css/site.css", b"body { color: red }\n" * 50),
    save("img/logo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    save("dir/sub/deep.bin", BODY),
    save("empty.txt", b""),
    save("noext", BODY),
    save("plain.txt", b"second"),
)
READ = (
    *(read(name) for name in NAMES),
    read("missing.txt"),
    *(call("listdir", path) for path in ("", "dir", "dir/", "dir/sub", "img", "missing")),
    *(call("exists", name) for name in (*NAMES, "missing.txt", "dir/sub/", "dir", "plain", "")),
    *(call("size", name) for name in (*NAMES, "missing.txt")),
    *(url(name) for name in NAMES),
    call("get_available_name", "plain.txt"),
    call("get_available_name", "new.txt"),
)
DELETE = (
    call("delete", "plain.txt"),
    call("delete", "dir/sub/deep.bin"),
    call("delete", "missing.txt"),
    call("exists", "plain.txt"),
    call("exists", "dir/sub/deep.bin"),
    call("listdir", ""),
)

# The same in short, for every configuration.
SHORT_WRITE = WRITE[:5]
SHORT_READ = (
    *(read(name) for name in NAMES[:3]),
    *(call("listdir", path) for path in ("", "dir")),
    *(call("exists", name) for name in ("plain.txt", "missing.txt")),
    call("size", "css/site.css"),
    *(url(name) for name in NAMES[:2]),
    call("get_available_name", "plain.txt"),
)
SHORT_DELETE = (call("delete", "plain.txt"), call("delete", "dir/sub/deep.bin"))

HEADERS = {
    "CacheControl": "max-age=86400, immutable",
    "ContentDisposition": 'attachment; filename="a b.txt"',
    "ContentLanguage": "en",
    "Metadata": {"owner": "compat", "other-key": "x y"},
    "StorageClass": "STANDARD_IA",
    "Tagging": "project=compat&stage=test",
    "ServerSideEncryption": "AES256",
    "WebsiteRedirectLocation": "/elsewhere",
    "Expires": new("datetime.datetime", 2031, 1, 2, 3, 4, 5),
}

# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "location": {"location": "media"},
    "location with slashes": {"location": "media/files/"},
    "default_acl": {"default_acl": "public-read"},
    "acl in object_parameters": {"object_parameters": {"ACL": "public-read"}},
    "acl twice": {"default_acl": "private", "object_parameters": {"ACL": "public-read"}},
    "object_parameters": {"object_parameters": HEADERS},
    "content type fixed": {"object_parameters": {"ContentType": "text/x-fixed"}},
    "content encoding fixed": {"object_parameters": {"ContentEncoding": "identity"}},
    "gzip": {"gzip": True},
    "gzip types": {"gzip": True, "gzip_content_types": ["text/plain", "image/png"]},
    "gzip types off": {"gzip": False, "gzip_content_types": ["text/plain"]},
    "addressing path": {"addressing_style": "path", "signature_version": "s3v4"},
    "signature v2": {"signature_version": "s3"},
    "custom domain": {"custom_domain": "cdn.example.org"},
    "unsigned": {"querystring_auth": False},
    "memory": {"max_memory_size": 10},
    "charset": {"file_name_charset": "latin-1"},
    "no threads": {"use_threads": False},
    "transfer_config": {
        "transfer_config": new("boto3.s3.transfer.TransferConfig", use_threads=False)
    },
    "client_config": {
        "client_config": new("botocore.config.Config", s3={"addressing_style": "path"})
    },
    "session token": {"security_token": "compat-token"},
}


def scenarios():
    yield from everyday(AMAZON, VARIANTS)
    yield AMAZON.scenario(
        "checksum algorithm",
        SHORT_WRITE,
        options={"object_parameters": {"ChecksumAlgorithm": "SHA256"}},
        checksums=True,
    )
    yield AMAZON.scenario(
        "unknown parameter",
        write=(save("a.txt"),),
        options={"object_parameters": {"CachControl": "x"}},
    )


def everyday(target, variants):
    """What every service goes through, as it is and with each of the ``variants``."""
    yield target.scenario("default", WRITE, READ, DELETE, checksums=target.service == "s3")
    for name, options in variants.items():
        yield target.scenario(name, SHORT_WRITE, SHORT_READ, SHORT_DELETE, options=options)
    yield kept(target)
    yield _times(target, "times")
    yield _times(target, "times, naive", {"USE_TZ": False, "TIME_ZONE": "Europe/Berlin"})
    yield _found(target)
    yield _without_bucket(target)


def _without_bucket(target):
    return target.scenario(
        "no bucket",
        read=(
            save("a.txt"),
            read("a.txt"),
            *(
                call(method, "a.txt")
                for method in ("exists", "size", "get_modified_time", "delete")
            ),
            call("exists", ""),
            call("listdir", ""),
            url("a.txt"),
        ),
        options={target.bucket: "no-such"},
    )


def kept(target):
    """With overwriting off every save of one name is another file."""
    twice = tuple(save("dir/same.txt", f"number {index}".encode()) for index in range(3))
    return target.scenario(
        "file_overwrite off",
        write=(
            *twice,
            save("other.tar.gz", b"x"),
            save("other.tar.gz", b"y"),
            save("noext"),
            save("noext"),
        ),
        read=(
            *(read(saved(index)) for index in range(len(twice))),
            call("get_available_name", "dir/same.txt"),
            call("get_available_name", "dir/free.txt"),
            call("get_available_name", "dir/same.txt", max_length=20),
            call("exists", "dir/same.txt"),
        ),
        delete=tuple(call("delete", saved(index)) for index in range(len(twice))),
        options=target.overwriting_off,
        random_names=True,
    )


def _times(target, name, settings=None):
    return target.scenario(
        name,
        write=(save("a.txt"), save("dir/b.txt")),
        read=(
            modified("a.txt", "a.txt"),
            modified("dir/b.txt", "dir/b.txt"),
            call("get_modified_time", "missing.txt"),
            modified("a.txt", "a.txt", "get_created_time"),
            call("get_accessed_time", "a.txt"),
        ),
        settings=settings or {},
    )


def _found(target):
    """A bucket that neither of them filled: markers, odd headers, a key that is also a prefix."""
    objects = (
        ("marker/", b""),
        ("marker/file.txt", b"in marker"),
        ("both", b"file"),
        ("both/inner.txt", b"inner"),
        ("typed", b"<p>", "text/html; charset=utf-8"),
        ("odd/a b+c%20d ü.txt", b"odd"),
        *((f"many/{index:02}.txt", b"m") for index in range(12)),
    )
    return target.scenario(
        "found",
        objects=objects,
        read=(
            *(call("listdir", path) for path in ("", "marker", "both", "many/", "odd")),
            *(
                call("exists", name)
                for name in ("marker", "marker/", "both", "many", "man", "typed")
            ),
            *(
                read(name)
                for name in ("marker/file.txt", "both", "both/inner.txt", "odd/a b+c%20d ü.txt")
            ),
            read("typed", "r"),
            call("size", "marker/"),
            call("size", "marker"),
        ),
        delete=(call("delete", "both"), call("delete", "marker/"), call("delete", "many")),
    )
