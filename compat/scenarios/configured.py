"""The ways to configure a storage: settings, environment, subclasses, import paths."""

from wire import new

from scenarios.steps import (
    BUCKET,
    CREDENTIALS,
    ENDPOINT,
    NOWHERE,
    ON_SERVER,
    RSA_KEY,
    S3,
    Scenario,
    attribute,
    call,
    default_setting,
    file,
    file_of,
    listed,
    other,
    read,
    save,
    url,
)

WRITE = (save("a.txt", b"body"), save("dir/b.css", b"body { color: red }\n" * 40), save("c.bin"))
READ = (
    read("a.txt"),
    read("dir/b.css"),
    call("listdir", ""),
    call("listdir", "dir"),
    url("a.txt"),
    url("dir/b.css", expire=5),
    call("get_available_name", "free.txt"),
)
DELETE = (call("delete", "a.txt"), call("delete", "dir/b.css"))

SERVER_SETTINGS = {
    "AWS_S3_ENDPOINT_URL": ENDPOINT,
    "AWS_STORAGE_BUCKET_NAME": BUCKET,
    "AWS_S3_REGION_NAME": "us-east-1",
}
KEY_SETTINGS = {
    "AWS_S3_ACCESS_KEY_ID": "AKIACOMPAT",
    "AWS_S3_SECRET_ACCESS_KEY": "compat+secret/key",
}
EVERY_SETTING = {
    **SERVER_SETTINGS,
    **KEY_SETTINGS,
    "AWS_SESSION_TOKEN": "compat-token",
    "AWS_LOCATION": "global",
    "AWS_S3_FILE_OVERWRITE": True,
    "AWS_S3_OBJECT_PARAMETERS": {"CacheControl": "max-age=7", "Metadata": {"from": "settings"}},
    "AWS_DEFAULT_ACL": "public-read",
    "AWS_QUERYSTRING_AUTH": True,
    "AWS_QUERYSTRING_EXPIRE": 321,
    "AWS_S3_ADDRESSING_STYLE": "path",
    "AWS_S3_SIGNATURE_VERSION": "s3v4",
    "AWS_S3_USE_SSL": False,
    "AWS_S3_VERIFY": False,
    "AWS_S3_PROXIES": None,
    "AWS_IS_GZIPPED": True,
    "GZIP_CONTENT_TYPES": ["text/css"],
    "AWS_S3_MAX_MEMORY_SIZE": 1000,
    "AWS_S3_FILE_NAME_CHARSET": "utf-8",
    "AWS_S3_FILE_BUFFER_SIZE": 6_000_000,
    "AWS_S3_USE_THREADS": True,
}
URL_SETTINGS = {
    "AWS_S3_CUSTOM_DOMAIN": "cdn.example.org",
    "AWS_S3_URL_PROTOCOL": "http:",
    "AWS_CLOUDFRONT_KEY": RSA_KEY,
    "AWS_CLOUDFRONT_KEY_ID": "KGLOBAL",
}
SUBCLASSES = (
    "MediaStorage",
    "PublicStorage",
    "CdnStorage",
    "ByNameStorage",
    "WriteParametersStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
    "TypedStorage",
)
PATHS = (
    "storages.backends.s3.S3Storage",
    "storages.backends.s3.S3StaticStorage",
    "storages.backends.s3.S3ManifestStaticStorage",
    "storages.backends.s3boto3.S3Boto3Storage",
    "storages.backends.s3boto3.S3StaticStorage",
    "storages.backends.s3boto3.S3ManifestStaticStorage",
)
OPTION_NAMES = (
    "access_key",
    "secret_key",
    "security_token",
    "session_profile",
    "bucket_name",
    "location",
    "file_overwrite",
    "object_parameters",
    "default_acl",
    "querystring_auth",
    "querystring_expire",
    "url_protocol",
    "custom_domain",
    "cloudfront_key",
    "cloudfront_key_id",
    "cloudfront_signer",
    "endpoint_url",
    "region_name",
    "use_ssl",
    "verify",
    "addressing_style",
    "signature_version",
    "proxies",
    "client_config",
    "transfer_config",
    "gzip",
    "gzip_content_types",
    "max_memory_size",
    "file_name_charset",
    "use_threads",
)


def scenarios():
    yield from _global()
    yield from _environment()
    yield from _written_by_users()
    yield Scenario(
        "boto3 objects",
        WRITE,
        (
            listed("bucket.objects.all", "key"),
            file_of("storages.backends.s3.S3File", "a.txt"),
            file("a.txt", "rb", ["obj"]),
        ),
    )
    yield Scenario(
        "default settings",
        read=tuple(default_setting(key) for key in OPTION_NAMES if key != "cloudfront_signer"),
        options={"bucket_name": BUCKET},
    )
    yield Scenario(
        "attributes",
        read=tuple(attribute(key) for key in OPTION_NAMES),
        options={"bucket_name": BUCKET},
    )
    yield from _refused()


def _global():
    yield Scenario(
        "settings", WRITE, READ, DELETE, options={}, settings={**SERVER_SETTINGS, **KEY_SETTINGS}
    )
    yield Scenario("every setting", WRITE, READ, DELETE, options={}, settings=EVERY_SETTING)
    second_names = {"AWS_ACCESS_KEY_ID": "AKIASECOND", "AWS_SECRET_ACCESS_KEY": "second"}
    yield Scenario(
        "second names", read=READ[4:6], options={}, settings={**SERVER_SETTINGS, **second_names}
    )
    yield Scenario(
        "both names",
        read=READ[4:6],
        options={},
        settings={**SERVER_SETTINGS, **KEY_SETTINGS, **second_names},
    )
    yield Scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        options={**ON_SERVER, "location": "from-options", "default_acl": None},
        settings={**EVERY_SETTING, "AWS_LOCATION": "from-settings"},
    )
    yield Scenario("cdn settings", read=READ[4:6], options=NOWHERE, settings=URL_SETTINGS)
    yield Scenario(
        "settings beat class attribute?",
        read=(url("a.txt"), attribute("location"), attribute("querystring_expire")),
        backend="subclasses.AttributeBucketStorage",
        options=CREDENTIALS,
        settings={"AWS_QUERYSTRING_EXPIRE": 5, "AWS_LOCATION": "set"},
    )


def _environment():
    keys = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    variants = {
        "AWS_S3": {f"AWS_S3_{key}": f"S3{key}" for key in keys},
        "AWS": {f"AWS_{key}": f"PLAIN{key}" for key in keys},
        "both": {
            **{f"AWS_S3_{key}": f"S3{key}" for key in keys},
            **{f"AWS_{key}": f"PLAIN{key}" for key in keys},
        },
        "session token": {
            **{f"AWS_{key}": f"PLAIN{key}" for key in keys},
            "AWS_SESSION_TOKEN": "token",
        },
        "security token": {
            **{f"AWS_{key}": f"PLAIN{key}" for key in keys},
            "AWS_SECURITY_TOKEN": "token",
        },
        "region": {
            **{f"AWS_{key}": f"REGION{key}" for key in keys},
            "AWS_DEFAULT_REGION": "eu-west-3",
        },
        "missing profile": {"AWS_S3_SESSION_PROFILE": "nobody"},
    }
    for name, env in variants.items():
        yield Scenario(
            f"environment, {name}",
            read=(url("a.txt"), attribute("access_key"), attribute("security_token")),
            options={"bucket_name": BUCKET},
            env=env,
        )
    yield Scenario(
        "settings and environment",
        read=(url("a.txt"), attribute("access_key")),
        options={"bucket_name": BUCKET},
        settings=KEY_SETTINGS,
        env=variants["both"],
    )
    yield Scenario(
        "environment, writing",
        WRITE,
        READ,
        DELETE,
        options={key: ON_SERVER[key] for key in ("bucket_name", "endpoint_url")},
        env=variants["AWS"] | {"AWS_DEFAULT_REGION": "us-east-1"},
    )


def _written_by_users():
    for name in SUBCLASSES:
        yield Scenario(
            f"subclass {name}",
            WRITE,
            READ,
            DELETE,
            backend=f"subclasses.{name}",
            random_names=True,
        )
    yield Scenario(
        "options beat class attribute",
        read=(url("a.txt"), attribute("location")),
        backend="subclasses.MediaStorage",
        options={**NOWHERE, "location": "option", "file_overwrite": True},
    )
    yield Scenario(
        "subclass AttributeBucketStorage",
        read=(url("a.txt"), attribute("bucket.name"), other("deconstruct", "deconstruct()")),
        backend="subclasses.AttributeBucketStorage",
        options=CREDENTIALS,
    )
    for path in PATHS[1:2] + PATHS[3:5]:
        yield Scenario(f"class {path}", WRITE, READ, DELETE, backend=path)
    for path in PATHS:
        yield Scenario(
            f"migration {path}",
            read=(
                other("deconstruct", "deconstruct()"),
                other("pickled", "pickle"),
                attribute("bucket.name"),
                other("pickled", "pickle after use"),
            ),
            backend=path,
            options={**ON_SERVER, "location": "x"} if "Manifest" in path else {**NOWHERE},
        )
    yield Scenario(
        "migration with keys", read=(other("deconstruct", "deconstruct()"),), options=NOWHERE
    )


def _refused():
    """Configurations that must be refused, and when."""
    steps = (url("a.txt"),)
    for name, options in {
        "unknown option": {**NOWHERE, "bucket_nam": "x"},
        "no bucket name": CREDENTIALS,
        "profile and keys": {**NOWHERE, "session_profile": "nobody"},
        "profile that is missing": {"bucket_name": BUCKET, "session_profile": "nobody"},
        "positional": {**NOWHERE, "bucket": BUCKET},
        "acl alias": {**NOWHERE, "acl": "public-read"},
        "transfer_config of a wrong type": {**NOWHERE, "transfer_config": "x"},
    }.items():
        yield Scenario(f"refused, {name}", read=steps, backend=S3, options=options)
    yield Scenario(
        "refused, cloudfront key setting alone",
        read=steps,
        options=NOWHERE,
        settings={"AWS_CLOUDFRONT_KEY": RSA_KEY},
    )
    yield Scenario(
        "refused, config and style",
        read=steps,
        options={**NOWHERE, "client_config": new("botocore.config.Config"), "proxies": {}},
    )
