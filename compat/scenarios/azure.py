"""Azure Blob Storage: its options and settings, and what projects build on its class."""

from wire import new

from scenarios import azure_names, azure_urls, content, storing
from scenarios.configured import DELETE, WRITE
from scenarios.static import few_files
from scenarios.steps import (
    ACCOUNT_KEY,
    ACCOUNT_NAME,
    BUCKET,
    CONNECTION_STRING,
    ENDPOINT,
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
from scenarios.targets import AZURE

READ = (
    read("a.txt"),
    read("dir/b.css"),
    call("listdir", ""),
    call("listdir", "dir"),
    url("a.txt"),
    url("dir/b.css", expire=5),
    call("get_available_name", "free.txt"),
    call("get_object_parameters", "a.txt"),
)
HEADERS = {
    "cache_control": "max-age=86400, immutable",
    "content_disposition": 'attachment; filename="a b.txt"',
    "content_language": "en",
}

# id -> OPTIONS beside those that lead to the server
VARIANTS = {
    "location": {"location": "media"},
    "location with slashes": {"location": "media/files/"},
    "object_parameters": {"object_parameters": HEADERS},
    "content type fixed": {"object_parameters": {"content_type": "text/x-fixed"}},
    "content encoding fixed": {"object_parameters": {"content_encoding": "identity"}},
    "default_content_type": {"default_content_type": "text/x-default"},
    "cache_control": {"cache_control": "max-age=1"},
    "cache_control twice": {
        "cache_control": "max-age=1",
        "object_parameters": {"cache_control": "max-age=2"},
    },
    "unsigned": {"expiration_secs": None},
    "memory": {"max_memory_size": 10},
    "connections": {"upload_max_conn": 5, "timeout": 60},
    "api_version": {"api_version": "2021-12-02"},
    "client_options": {
        "client_options": {"retry_total": 0, "max_single_put_size": 64, "max_block_size": 32}
    },
    "shared access": {
        "connection_string": new("azure_classes.shared", ENDPOINT, ACCOUNT_NAME, ACCOUNT_KEY),
        "expiration_secs": None,
    },
}
EVERY_SETTING = {
    "AZURE_CONNECTION_STRING": CONNECTION_STRING,
    "AZURE_CONTAINER": BUCKET,
    "AZURE_SSL": False,
    "AZURE_UPLOAD_MAX_CONN": 3,
    "AZURE_CONNECTION_TIMEOUT_SECS": 30,
    "AZURE_BLOB_MAX_MEMORY_SIZE": 1000,
    "AZURE_URL_EXPIRATION_SECS": 321,
    "AZURE_OVERWRITE_FILES": True,
    "AZURE_LOCATION": "global",
    "AZURE_DEFAULT_CONTENT_TYPE": "text/x-setting",
    "AZURE_CACHE_CONTROL": "max-age=7",
    "AZURE_ENDPOINT_SUFFIX": "core.chinacloudapi.cn",
    "AZURE_API_VERSION": "2021-12-02",
    "AZURE_CLIENT_OPTIONS": {"retry_total": 0},
    "AZURE_OBJECT_PARAMETERS": {"content_language": "de"},
}
SUBCLASSES = (
    "MediaStorage",
    "PublicAzureStorage",
    "CdnStorage",
    "ByNameStorage",
    "DefaultSettingsStorage",
    "FixedNameStorage",
    "CountingStorage",
)
OPTION_NAMES = (
    "account_name",
    "account_key",
    "azure_container",
    "azure_ssl",
    "upload_max_conn",
    "timeout",
    "max_memory_size",
    "expiration_secs",
    "overwrite_files",
    "location",
    "default_content_type",
    "cache_control",
    "sas_token",
    "endpoint_suffix",
    "custom_domain",
    "connection_string",
    "token_credential",
    "api_version",
    "client_options",
    "object_parameters",
)


def scenarios():
    yield from storing.everyday(AZURE, VARIANTS)
    yield from content.scenarios(
        AZURE,
        variants={"types": {}},
        # "style.css.gz" shows the same: that the peer fails, for seconds, to unpack them.
        unread=("archive.tar.gz", "typed.gz"),
        large={
            "object_parameters": HEADERS,
            "client_options": {"retry_total": 0, "max_single_put_size": 1 << 22},
        },
    )
    yield from azure_names.scenarios()
    yield from azure_urls.scenarios()
    for name, backend, options in (
        ("plain", AZURE.backend, {}),
        ("overwriting off", AZURE.backend, AZURE.overwriting_off),
        ("own manifest class", "azure_classes.ManifestStorage", {"expiration_secs": None}),
    ):
        yield few_files(AZURE, f"collectstatic, {name}", backend, options)
    yield _opened()
    yield content.packed_elsewhere(AZURE)
    yield from _settings()
    yield from _written_by_users()
    yield from _fetched()
    yield from _refused()


def _opened():
    """Headers of what ``open(name, "wb")`` writes."""
    return AZURE.scenario(
        "opened for writing",
        (
            file("a.css", "wb", ["write", b"body {}"], ["close"]),
            file("noext", "wb", ["write", b"x"], ["close"]),
            file("a.txt", "w", ["write", "text"], ["close"]),
            save("sent.css", b"body {}"),
            upload("sent.css", b"body {}", "text/x-sent"),
        ),
        (read("a.css"), modified("a.css", "a.css")),
        options={"object_parameters": HEADERS, "cache_control": "max-age=3"},
    )


def _settings():
    plain = AZURE.bare()
    named = {key: EVERY_SETTING[key] for key in ("AZURE_CONNECTION_STRING", "AZURE_CONTAINER")}
    yield plain.scenario("settings", WRITE, READ, DELETE, settings=named, random_names=True)
    yield plain.scenario("every setting", WRITE, READ, DELETE, settings=EVERY_SETTING)
    yield AZURE.scenario(
        "options win",
        WRITE,
        READ,
        DELETE,
        options={"location": "from-options", "cache_control": None},
        settings={**EVERY_SETTING, "AZURE_LOCATION": "from-settings"},
    )
    yield plain.scenario(
        "class attribute and settings",
        read=(url("a.txt"), attribute("azure_container"), attribute("expiration_secs")),
        backend="azure_classes.AttributeStorage",
        settings={"AZURE_URL_EXPIRATION_SECS": 5, "AZURE_CONTAINER": "set", "AZURE_LOCATION": "l"},
    )
    yield plain.scenario(
        "older settings",
        read=(url("a.txt"), attribute("account_name"), attribute("client.url")),
        settings={
            "AZURE_CUSTOM_CONNECTION_STRING": CONNECTION_STRING,
            "AZURE_CONTAINER": BUCKET,
            "AZURE_EMULATED_MODE": False,
        },
    )
    container = {"azure_container": BUCKET}
    yield plain.scenario(
        "default settings",
        read=tuple(default_setting(key) for key in OPTION_NAMES),
        options=container,
    )
    yield plain.scenario(
        "attributes", read=tuple(attribute(key) for key in OPTION_NAMES), options=container
    )
    yield AZURE.scenario(
        "attributes of a connection string",
        read=(attribute("account_name"), attribute("account_key"), attribute("azure_protocol")),
    )


def _written_by_users():
    for name in SUBCLASSES:
        yield AZURE.scenario(
            f"subclass {name}",
            WRITE,
            READ,
            DELETE,
            backend=f"azure_classes.{name}",
            random_names=True,
        )
    without = {key: AZURE.options[key] for key in ("connection_string",)}
    yield AZURE.bare().scenario(
        "public subclass as documented",
        WRITE,
        READ,
        DELETE,
        backend="azure_classes.PublicAzureStorage",
        options=without,
        settings={"AZURE_URL_EXPIRATION_SECS": 100},
        random_names=True,
    )
    yield AZURE.scenario(
        "options beat class attribute",
        read=(url("a.txt"), attribute("location"), call("get_available_name", "a.txt")),
        backend="azure_classes.MediaStorage",
        options={"location": "option"},
    )
    yield AZURE.scenario(
        "objects of the SDK",
        WRITE,
        (
            listed("client.list_blobs", "name"),
            attribute("client.container_name"),
            attribute("client.url"),
            attribute("client.account_name"),
            attribute("service_client.account_name"),
            attribute("service_client.url"),
            file_of("storages.backends.azure_storage.AzureStorageFile", "a.txt"),
        ),
    )
    yield AZURE.scenario(
        "migration",
        read=(
            other("deconstruct", "deconstruct()"),
            other("pickled", "pickle"),
            attribute("client.container_name"),
            other("pickled", "pickle after use"),
        ),
    )
    yield AZURE.scenario(
        "imports",
        read=(
            imports("storages.backends.azure_storage.AzureStorage"),
            imports("storages.backends.azure_storage.AzureStorageFile"),
        ),
    )


def _fetched():
    written = (save("a b+c%20d ü.txt", b"private"), save("dir/q?#.css", b"body {}"))
    disposition = {"content_disposition": 'attachment; filename="ü.css"', "content_type": "text/x"}
    links = (
        fetched("a b+c%20d ü.txt"),
        fetched("dir/q?#.css"),
        fetched("missing.txt"),
        fetched("dir/q?#.css", expire=9, parameters=disposition),
        fetched("dir/q?#.css", mode="w"),
        fetched("dir/q?#.css", mode="rw"),
    )
    yield AZURE.scenario("links that are fetched", written, links)
    yield AZURE.scenario(
        "links of shared access that are fetched",
        written,
        links[:3],
        options=VARIANTS["shared access"],
    )
    yield AZURE.scenario(
        "unsigned links that are fetched", written, links[:3], options={"expiration_secs": None}
    )


def _refused():
    """Configurations that must be refused, and when."""
    for name, options in {
        "unknown option": {"azure_acount": "x"},
        "no container": {"azure_container": None},
        "slash in location": {"location": "/media"},
        "bad connection string": {"connection_string": "x"},
    }.items():
        yield AZURE.scenario(
            f"refused, {name}", (save("a.txt"),), (read("a.txt"), url("a.txt")), options=options
        )
    yield AZURE.scenario(
        "unknown parameter",
        (save("a.txt"),),
        options={"object_parameters": {"cach_control": "x"}},
    )
