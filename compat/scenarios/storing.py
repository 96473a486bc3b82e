"""The everyday operations, under every configuration that decides how an object is stored."""

from wire import new

from scenarios.steps import ON_SERVER, Scenario, call, modified, read, save, saved, url

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
    yield Scenario("default", WRITE, READ, DELETE, checksums=True)
    for name, options in VARIANTS.items():
        yield Scenario(
            name, SHORT_WRITE, SHORT_READ, SHORT_DELETE, options={**ON_SERVER, **options}
        )
    yield Scenario(
        "checksum algorithm",
        SHORT_WRITE,
        options={**ON_SERVER, "object_parameters": {"ChecksumAlgorithm": "SHA256"}},
        checksums=True,
    )
    yield _kept()
    yield _times("times")
    yield _times("times, naive", {"USE_TZ": False, "TIME_ZONE": "Europe/Berlin"})
    yield _found()
    yield Scenario(
        "unknown parameter",
        write=(save("a.txt"),),
        options={**ON_SERVER, "object_parameters": {"CachControl": "x"}},
    )
    yield Scenario(
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
        options={**ON_SERVER, "bucket_name": "no-such"},
    )


def _kept():
    """With overwriting off every save of one name is another file."""
    twice = tuple(save("dir/same.txt", f"number {index}".encode()) for index in range(3))
    return Scenario(
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
        options={**ON_SERVER, "file_overwrite": False},
        random_names=True,
    )


def _times(name, settings=None):
    return Scenario(
        name,
        write=(save("a.txt"), save("dir/b.txt")),
        read=(
            modified("a.txt", "a.txt"),
            modified("dir/b.txt", "dir/b.txt"),
            call("get_modified_time", "missing.txt"),
            call("get_created_time", "a.txt"),
            call("get_accessed_time", "a.txt"),
        ),
        settings=settings or {},
    )


def _found():
    """A bucket that neither of them filled: markers, odd headers, a key that is also a prefix."""
    objects = (
        ("marker/", {"Body": b""}),
        ("marker/file.txt", {"Body": b"in marker"}),
        ("both", {"Body": b"file"}),
        ("both/inner.txt", {"Body": b"inner"}),
        ("typed", {"Body": b"<p>", "ContentType": "text/html; charset=utf-8"}),
        ("odd/a b+c%20d ü.txt", {"Body": b"odd"}),
        *((f"many/{index:02}.txt", {"Body": b"m"}) for index in range(12)),
    )
    return Scenario(
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
