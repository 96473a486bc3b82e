"""Addresses of Azure Blob Storage, compared byte for byte while the clock stands still."""

from scenarios.steps import attribute, url
from scenarios.targets import AZURE
from scenarios.urls import NAMES as ORDINARY

NAMES = (*ORDINARY, "dot.", "dir./x.txt", "slash./", "...")
DISPOSITION = {"content_disposition": 'attachment; filename="a b+ü.txt"'}
EVERY = {
    **DISPOSITION,
    "content_type": "text/plain; charset=utf-8",
    "cache_control": "no-cache",
    "content_encoding": "gzip",
    "content_language": "de",
}
ARGUMENTS = (
    {"expire": 60},
    {"expire": 0},
    {"expire": 5.5},
    {"expire": 100_000_000},
    {"parameters": {}},
    {"parameters": DISPOSITION},
    {"expire": 60, "parameters": EVERY},
    {"expire": 60, "parameters": {"ip": "127.0.0.1"}},
    {"expire": 60, "parameters": {"snapshot": "2029-01-01T00:00:00.0000000Z"}},
    {"expire": 60, "parameters": {"unknown": "x"}},
    {"mode": "r"},
    {"mode": "w"},
    {"mode": "rw"},
    {"mode": "wr"},
    {"mode": "racwd"},
    {"mode": "x"},
    {"mode": "k"},
    {"mode": ""},
)

KEY = "Y29tcGF0K3NlY3JldC9rZXk="
ACCOUNT = {"account_name": "compat", "account_key": KEY, "azure_container": "box"}
SIGNED = {**ACCOUNT, "expiration_secs": 3600}
CDN = {"custom_domain": "cdn.example.org"}


def _connected(**more):
    fields = {"AccountName": "compat", "AccountKey": KEY, **more}
    text = ";".join(f"{name}={value}" for name, value in fields.items())
    return {"connection_string": text, "azure_container": "box"}


NAMED = {"account_name": "compat", "azure_container": "box"}
TOKEN = {**NAMED, "sas_token": "sv=2024-11-04&ss=b&sig=a%2Bb%3D"}
VARIANTS = {
    "account": ACCOUNT,
    "account signed": SIGNED,
    "without TLS": {**SIGNED, "azure_ssl": False},
    "location": {**SIGNED, "location": "media/ü"},
    "location with slash": {**SIGNED, "location": "media/"},
    "location with slash in front": {**SIGNED, "location": "/media"},
    "custom domain": {**ACCOUNT, **CDN},
    "custom domain signed": {**SIGNED, **CDN},
    "custom domain without TLS": {**SIGNED, **CDN, "azure_ssl": False},
    "custom domain with path": {**SIGNED, "custom_domain": "cdn.example.org/base"},
    "custom domain with port": {**SIGNED, "custom_domain": "127.0.0.1:10000/compat"},
    "China": {**SIGNED, "endpoint_suffix": "core.chinacloudapi.cn"},
    "connection string": _connected(EndpointSuffix="core.windows.net"),
    "connection string signed": {**_connected(), "expiration_secs": 60},
    "connection string, China": {
        **_connected(EndpointSuffix="core.chinacloudapi.cn"),
        "expiration_secs": 60,
    },
    "connection string without TLS": {
        **_connected(DefaultEndpointsProtocol="http"),
        "expiration_secs": 60,
    },
    "connection string with endpoint": {
        **_connected(BlobEndpoint="https://files.example.org"),
        "expiration_secs": 60,
    },
    "connection string with path": {
        **_connected(BlobEndpoint="http://127.0.0.1:10000/compat"),
        "expiration_secs": 60,
    },
    "connection string and custom domain": {**_connected(), **CDN, "expiration_secs": 60},
    "connection string and account key": {
        **_connected(),
        "account_name": "other",
        "account_key": "b3RoZXI=",
        "expiration_secs": 60,
    },
    "connection string with SAS": {
        "connection_string": "BlobEndpoint=https://files.example.org;"
        "SharedAccessSignature=sv=2024-11-04&ss=b&sig=a%2Bb%3D",
        "azure_container": "box",
    },
    "SAS token": TOKEN,
    "SAS token with question mark": {**TOKEN, "sas_token": "?" + TOKEN["sas_token"]},
    "SAS token signed": {**TOKEN, "expiration_secs": 60},
    "SAS token and account key": {**SIGNED, "sas_token": TOKEN["sas_token"]},
    "SAS token, unsigned, and account key": {**ACCOUNT, "sas_token": TOKEN["sas_token"]},
    "no credentials": NAMED,
    "root container": {**SIGNED, "azure_container": "$root"},
    "web container": {**ACCOUNT, "azure_container": "$web"},
}


def scenarios():
    names = tuple(url(name) for name in NAMES)
    arguments = tuple(url("dir/a b.txt", **more) for more in ARGUMENTS)
    by_position = url("a.txt", 9, DISPOSITION, "w")
    parts = ("account_name", "account_key", "azure_protocol", "service_client.url", "client.url")
    for name, options in VARIANTS.items():
        yield AZURE.bare().scenario(
            f"url, {name}",
            read=(*names, *arguments, by_position, *(attribute(part) for part in parts)),
            options=options,
        )
    yield AZURE.scenario("url, server", read=(*names, *arguments))
    yield AZURE.bare().scenario("refused, no account", read=(url("a.txt"),), options={})
    yield AZURE.bare().scenario(
        "refused, no account name", read=(url("a.txt"),), options={"azure_container": "box"}
    )
