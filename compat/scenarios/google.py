"""Google Cloud Storage: its options and settings, and what projects build on its class."""

from wire import new

from scenarios import content, google_urls, names, storing
from scenarios.configured import DELETE, WRITE
from scenarios.static import few_files
from scenarios.steps import (
    BUCKET,
    SERVICE_ACCOUNT,
    attribute,
    call,
    default_setting,
    fetched,
    file,
    file_of,
    imports,
    listed,
    modified,
    other,
    read,
    save,
    upload,
    url,
)
from scenarios.targets import GOOGLE

CREDENTIALS = GOOGLE.options["credentials"]
READ = (
    read("a.txt"),
    read("dir/b.css"),
    call("listdir", ""),
    call("listdir", "dir"),
    url("a.txt"),
    url("dir/b.css", {"expiration": 5}),
    call("get_available_name", "free.txt"),
    call("get_object_parameters", "a.txt"),
)
HEADERS = {
    "cache_control": "max-age=86400, immutable",
    "content_disposition": 'attachment; filename="a b.txt"',
    "content_language": "en",
    "metadata": {"owner": "compat", "other-key": "x y"},
    "storage_class": "NEARLINE",
}

# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "location": {"location": "media"},
    "location with slashes": {"location": "media/files/"},
    "default_acl": {"default_acl": "publicRead"},
    "default_acl private": {"default_acl": "private"},
    "acl in object_parameters": {"object_parameters": {"acl": "publicRead"}},
    "acl twice": {"default_acl": "private", "object_parameters": {"acl": "publicRead"}},
    "object_parameters": {"object_parameters": HEADERS},
    "content type fixed": {"object_parameters": {"content_type": "text/x-fixed"}},
    "content encoding fixed": {"object_parameters": {"content_encoding": "identity"}},
    "gzip": {"gzip": True},
    "gzip types": {"gzip": True, "gzip_content_types": ["text/plain", "image/png"]},
    "gzip types off": {"gzip": False, "gzip_content_types": ["text/plain"]},
    "custom endpoint": {"custom_endpoint": "https://cdn.example.org"},
    "unsigned": {"querystring_auth": False},
    "memory": {"max_memory_size": 10},
    "chunks": {"blob_chunk_size": 262144},
}
EVERY_SETTING = {
    "GS_BUCKET_NAME": BUCKET,
    "GS_PROJECT_ID": "from-settings",
    "GS_CREDENTIALS": CREDENTIALS,
    "GS_LOCATION": "global",
    "GS_DEFAULT_ACL": "publicRead",
    "GS_QUERYSTRING_AUTH": True,
    "GS_EXPIRATION": new("datetime.timedelta", seconds=321),
    "GS_IS_GZIPPED": True,
    "GZIP_CONTENT_TYPES": ("text/css",),
    "GS_FILE_OVERWRITE": False,
    "GS_OBJECT_PARAMETERS": {"cache_control": "max-age=7", "metadata": {"from": "settings"}},
    "GS_MAX_MEMORY_SIZE": 1000,
    "GS_BLOB_CHUNK_SIZE": 262144,
    "GS_IAM_SIGN_BLOB": False,
    "GS_SA_EMAIL": "signer@compat.iam.gserviceaccount.com",
}
SUBCLASSES = (
    "MediaStorage",
    "PublicStorage",
    "EndpointStorage",
    "ByNameStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
)
OPTION_NAMES = (
    "project_id",
    "credentials",
    "bucket_name",
    "custom_endpoint",
    "location",
    "default_acl",
    "querystring_auth",
    "expiration",
    "gzip",
    "gzip_content_types",
    "file_overwrite",
    "object_parameters",
    "max_memory_size",
    "blob_chunk_size",
    "iam_sign_blob",
    "sa_email",
)


def scenarios():
    yield from storing.everyday(GOOGLE, VARIANTS)
    yield from content.scenarios(
        GOOGLE,
        variants={"types": {}, "types, gzip": {"gzip": True}},
        large={"object_parameters": HEADERS, "blob_chunk_size": 1024 * 1024},
    )
    yield from names.scenarios(GOOGLE)
    yield from google_urls.scenarios()
    for name, backend, options in (
        ("plain", GOOGLE.backend, {}),
        ("gzip", GOOGLE.backend, {"gzip": True, "default_acl": "publicRead"}),
        ("own manifest class", "google_classes.ManifestStorage", {"querystring_auth": False}),
    ):
        yield few_files(GOOGLE, f"collectstatic, {name}", backend, options)
    yield _written_anew()
    yield _opened()
    for options in ({}, {"gzip": True}):
        yield content.packed_elsewhere(GOOGLE, options)
    yield from _settings()
    yield from _written_by_users()
    yield from _refused()


def _written_anew():
    """Files that lie there already, with headers of their own."""
    objects = (
        ("a.txt", b"old", "text/x-old"),
        ("noext", b"old", "text/x-old"),
        ("dir/b.css", b"old"),
    )
    return GOOGLE.scenario(
        "written anew",
        (save("a.txt", b"new"), save("noext", b"new"), upload("dir/b.css", b"new", "text/x-sent")),
        (read("a.txt"), modified("a.txt", "a.txt"), call("size", "noext")),
        objects=objects,
    )


def _opened():
    """Headers of what ``open(name, "wb")`` writes."""
    return GOOGLE.scenario(
        "opened for writing",
        (
            file("a.css", "wb", ["write", b"body {}"], ["close"]),
            file("noext", "wb", ["write", b"x"], ["close"]),
            file("a.txt", "w", ["write", "text"], ["close"]),
        ),
        (read("a.css"),),
        options={"object_parameters": HEADERS, "default_acl": "publicRead", "gzip": True},
    )


def _settings():
    named = {
        key: EVERY_SETTING[key] for key in ("GS_BUCKET_NAME", "GS_PROJECT_ID", "GS_CREDENTIALS")
    }
    plain = GOOGLE.bare(**GOOGLE.env)
    places = {"bucket_name": BUCKET, "project_id": "compat"}
    yield plain.scenario("settings", WRITE, READ, DELETE, settings=named)
    yield plain.scenario(
        "every setting", WRITE, READ, DELETE, settings=EVERY_SETTING, random_names=True
    )
    yield GOOGLE.scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        options={"location": "from-options", "default_acl": None, "file_overwrite": True},
        settings={**EVERY_SETTING, "GS_LOCATION": "from-settings"},
    )
    yield plain.scenario(
        "class attribute and settings",
        read=(url("a.txt"), attribute("bucket_name"), attribute("expiration.seconds")),
        backend="google_classes.AttributeBucketStorage",
        settings={**named, "GS_EXPIRATION": 5, "GS_BUCKET_NAME": "from-settings"},
    )
    yield plain.scenario(
        "older settings",
        (save("a.txt"), save("b.css")),
        (read("a.txt"),),
        settings={
            **named,
            "GS_CACHE_CONTROL": "max-age=9",
            "GS_FILE_CHARSET": "utf-8",
        },
    )
    yield plain.scenario(
        "default settings", read=tuple(default_setting(key) for key in OPTION_NAMES), options=places
    )
    yield plain.scenario(
        "attributes", read=tuple(attribute(key) for key in OPTION_NAMES), options=places
    )
    yield GOOGLE.bare(GOOGLE_APPLICATION_CREDENTIALS=SERVICE_ACCOUNT).scenario(
        "credentials of the environment",
        read=(url("a.txt"), attribute("client.project"), attribute("bucket.name")),
        options={"bucket_name": BUCKET},
    )
    yield plain.scenario(
        "no credentials",
        WRITE,
        (read("a.txt"), call("exists", "a.txt"), url("a.txt")),
        DELETE,
        options={**places, "querystring_auth": False},
    )


def _written_by_users():
    for name in SUBCLASSES:
        yield GOOGLE.scenario(
            f"subclass {name}",
            WRITE,
            READ,
            DELETE,
            backend=f"google_classes.{name}",
            random_names=True,
        )
    yield GOOGLE.scenario(
        "options beat class attribute",
        read=(url("a.txt"), attribute("location"), call("get_available_name", "a.txt")),
        backend="google_classes.MediaStorage",
        options={"location": "option", "file_overwrite": True},
    )
    yield GOOGLE.scenario(
        "objects of the SDK",
        WRITE,
        (
            listed("bucket.list_blobs", "name"),
            attribute("client.project"),
            attribute("bucket.name"),
            attribute("bucket.client.project"),
            file_of("storages.backends.gcloud.GoogleCloudFile", "a.txt"),
            file("a.txt", "rb", ["blob"], ["mime_type"]),
        ),
    )
    yield GOOGLE.scenario(
        "migration",
        read=(
            other("deconstruct", "deconstruct()"),
            other("pickled", "pickle"),
            attribute("bucket.name"),
            other("pickled", "pickle after use"),
        ),
        options={"credentials": None, "location": "x"},
    )
    yield GOOGLE.scenario(
        "migration with credentials", read=(other("deconstruct", "deconstruct()"),)
    )
    yield GOOGLE.scenario(
        "imports",
        read=(
            imports("storages.backends.gcloud.GoogleCloudStorage"),
            imports("storages.backends.gcloud.GoogleCloudFile"),
        ),
    )
    yield GOOGLE.scenario(
        "links that are fetched",
        (save("a b+c%20d ü.txt", b"private"), save("dir/q?#.css", b"body {}")),
        (
            fetched("a b+c%20d ü.txt"),
            fetched("dir/q?#.css"),
            fetched("missing.txt"),
            fetched("a b+c%20d ü.txt", {"response_type": "text/x", "expiration": 9}),
            fetched("dir/q?#.css", {"response_disposition": 'attachment; filename="ü.css"'}),
            fetched("dir/q?#.css", parameters={"method": "PUT"}),
        ),
    )
    yield GOOGLE.scenario(
        "public links that are fetched",
        (save("a b.txt", b"public"),),
        (fetched("a b.txt"), fetched("missing.txt")),
        options={"default_acl": "publicRead", "querystring_auth": False},
    )


def _refused():
    """Configurations that must be refused, and when."""
    for name, options in {
        "unknown option": {"bucket_nam": "x"},
        "alias": {"acl": "publicRead"},
        "no bucket name": {"bucket_name": None},
        "chunk size": {"blob_chunk_size": 100_000},
        "expiration of links that are not signed": {
            "expiration": new("datetime.timedelta", days=365),
            "querystring_auth": False,
        },
        "slash in location": {"location": "/media"},
        "credentials of a wrong type": {"credentials": 7},
    }.items():
        yield GOOGLE.scenario(
            f"refused, {name}", (save("a.txt"),), (read("a.txt"), url("a.txt")), options=options
        )
    yield GOOGLE.scenario(
        "unknown parameter",
        (save("a.txt"),),
        options={"object_parameters": {"cach_control": "x"}},
    )
