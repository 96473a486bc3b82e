"""The names that projects import, and what the public functions answer."""

from wire import new

from scenarios.steps import NOWHERE, Scenario, function, imports

IMPORTS = (
    "storages.backends.s3.S3Storage",
    "storages.backends.s3.S3StaticStorage",
    "storages.backends.s3.S3ManifestStaticStorage",
    "storages.backends.s3boto3.S3Boto3Storage",
    "storages.backends.s3boto3.S3StaticStorage",
    "storages.backends.s3boto3.S3ManifestStaticStorage",
    "storages.backends.s3.S3File",
    "storages.backends.s3boto3.S3Boto3StorageFile",
    "storages.base.BaseStorage",
    "storages.compress.GzipCompressionWrapper",
    "storages.compress.CompressedFileMixin",
    "storages.compress.CompressStorageMixin",
    "storages.utils.setting",
    "storages.utils.clean_name",
    "storages.utils.safe_join",
    "storages.utils.check_location",
    "storages.utils.lookup_env",
    "storages.utils.get_available_overwrite_name",
    "storages.utils.is_seekable",
    "storages.utils.to_bytes",
    "storages.utils.ReadBytesWrapper",
)


def scenarios():
    yield Scenario("imports", read=tuple(imports(path) for path in IMPORTS), options=NOWHERE)
    yield _utilities()


def _utilities():
    """The public functions of ``storages.utils``."""
    paths = (
        "a/b.txt",
        "./a",
        "a//b",
        "a/../b",
        "/a",
        "a/",
        "a\\b",
        "",
        ".",
        "..",
        "../a",
        "ü .txt",
    )
    joins = (
        ("", "a"),
        ("m", "a"),
        ("m/", "a/"),
        ("m", "./a"),
        ("m", "../a"),
        ("m", "/a"),
        ("m", ""),
    )
    return Scenario(
        "utilities",
        read=(
            *(function("storages.utils.clean_name", path) for path in paths),
            *(function("storages.utils.safe_join", *parts) for parts in joins),
            function("storages.utils.safe_join", "m", "a", "b", "../c"),
            function("storages.utils.safe_join", "media", "../media2/a"),
            function("storages.utils.get_available_overwrite_name", "a" * 30 + ".txt", 20),
            function("storages.utils.get_available_overwrite_name", "a.txt", None),
            function("storages.utils.get_available_overwrite_name", "dir/a.txt", 5),
            function("storages.utils.to_bytes", "ü"),
            function("storages.utils.to_bytes", b"x"),
            function("storages.utils.setting", "AWS_NO_SUCH_SETTING", "fallback"),
            function("storages.utils.setting", "STATIC_URL"),
            function("storages.utils.lookup_env", ["COMPAT_ONE", "COMPAT_TWO"]),
            function("storages.utils.lookup_env", ["COMPAT_NONE"]),
            function("storages.utils.is_seekable", new("io.BytesIO", b"")),
            function("storages.utils.is_seekable", new("sources.unseekable", b"")),
        ),
        options=NOWHERE,
        env={"COMPAT_TWO": "two"},
    )
