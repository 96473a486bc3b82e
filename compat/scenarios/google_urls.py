"""Addresses of Google Cloud Storage, compared byte for byte while the clock stands still."""

from wire import new

from scenarios.steps import url
from scenarios.targets import GOOGLE
from scenarios.urls import NAMES

DAY = new("datetime.timedelta", days=1)
ARGUMENTS = (
    {},
    {"expiration": 60},
    {"expiration": DAY},
    {"expiration": new("datetime.timedelta", days=7)},
    {"expiration": new("datetime.timedelta", days=7, seconds=1)},
    {"expiration": new("google_classes.moment", 2030, 1, 3)},
    {"expiration": new("datetime.datetime", 2030, 1, 3)},
    {"method": "PUT"},
    {"method": "head"},
    {"method": "RESUMABLE"},
    {"method": "PUT", "content_type": "text/plain", "content_md5": "rL0Y20zC+Fzt72VPzMSk2A=="},
    {"response_type": "text/plain; charset=utf-8"},
    {"response_disposition": 'attachment; filename="a b+ü.txt"'},
    {"query_parameters": {"b": "ü &=", "a": None, "userProject": "me"}},
    {"headers": {"X-Goog-Meta": " a  b ", "x-goog-acl": "public-read"}},
    {"generation": 17},
    {"version": "v4"},
    {"version": "v2"},
    {"version": "v2", "expiration": 60, "method": "PUT", "content_type": "text/plain"},
    {"version": "v5"},
    {"virtual_hosted_style": True},
    {"bucket_bound_hostname": "files.example.org"},
    {"bucket_bound_hostname": "files.example.org", "scheme": "https"},
    {"bucket_bound_hostname": "https://files.example.org"},
    {"api_access_endpoint": "https://storage.example.org"},
    {"credentials": GOOGLE.options["credentials"]},
    {"unknown": 1},
    {"expiration": "soon"},
)

ENDPOINT = {"custom_endpoint": "https://cdn.example.org"}
# id -> OPTIONS beside those that name the bucket
VARIANTS = {
    "no options": {},
    "unsigned": {"querystring_auth": False},
    "public": {"default_acl": "publicRead"},
    "public in object_parameters": {"object_parameters": {"acl": "publicRead"}},
    "private": {"default_acl": "private"},
    "location": {"location": "media/ü"},
    "endpoint": ENDPOINT,
    "endpoint unsigned": {**ENDPOINT, "querystring_auth": False},
    "endpoint public": {**ENDPOINT, "default_acl": "publicRead"},
    "endpoint with path": {"custom_endpoint": "https://cdn.example.org/base"},
    "endpoint with slash": {"custom_endpoint": "https://cdn.example.org/"},
    "endpoint with slash, unsigned": {
        "custom_endpoint": "https://cdn.example.org/",
        "querystring_auth": False,
    },
    "endpoint without scheme": {"custom_endpoint": "cdn.example.org"},
    "endpoint with port": {"custom_endpoint": "http://127.0.0.1:9000", "location": "x"},
    "expiration in seconds": {"expiration": 77},
    "expiration as timedelta": {"expiration": new("datetime.timedelta", minutes=5)},
    "expiration as datetime": {"expiration": new("google_classes.moment", 2030, 1, 3)},
    "expiration as naive datetime": {"expiration": new("datetime.datetime", 2030, 1, 3)},
    "expiration past": {"expiration": new("google_classes.moment", 2029, 1, 1)},
    "expiration of a week": {"expiration": new("datetime.timedelta", days=7)},
    "expiration too long": {"expiration": new("datetime.timedelta", days=8)},
    "dotted bucket": {"bucket_name": "files.example.org"},
}


def scenarios():
    names = tuple(url(name) for name in NAMES)
    arguments = tuple(url("dir/a b.txt", parameters=more) for more in ARGUMENTS)
    by_position = url("a.txt", {"expiration": 9})
    with_expire = url("a.txt", expire=9)
    for name, options in VARIANTS.items():
        yield GOOGLE.bare().scenario(
            f"url, {name}",
            read=(*names, *arguments, by_position, with_expire),
            options={**GOOGLE.options, **options},
        )
    yield GOOGLE.scenario("url, server", read=(*names, *arguments))
