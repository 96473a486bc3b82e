"""Addresses, compared byte for byte while the clock stands still."""

from wire import new

from scenarios.steps import BUCKET, NOWHERE, ON_SERVER, RSA_KEY, S3_STATIC, Scenario, attribute, url

NAMES = (
    "plain.txt",
    "dir/sub/file.name.tar.gz",
    "a b.txt",
    "grüße/日本語.txt",
    "emoji😀.png",
    "50%.txt",
    "a%20b.txt",
    "a+b=c&d.txt",
    "#hash?query=1.txt",
    "semi;colon,comma:at@.txt",
    'quote\'d "double".txt',
    "tilde~star*(paren)!$.txt",
    "brackets[1]{2}|^`<>.txt",
    ".hidden",
    "trailing space ",
    "./a.txt",
    "a//b.txt",
    "a/../b.txt",
    "back\\slash.txt",
    "/absolute.txt",
    "dir/",
    "../up.txt",
    "",
)
DISPOSITION = {"ResponseContentDisposition": 'attachment; filename="a b+ü.txt"'}
ARGUMENTS = (
    {"expire": 60},
    {"expire": 0},
    {"expire": 604800},
    {"expire": 1000000},
    {"parameters": {}},
    {"parameters": DISPOSITION},
    {"parameters": {**DISPOSITION, "ResponseContentType": "text/plain; charset=utf-8"}},
    {"parameters": {"ResponseCacheControl": "no-cache", "ResponseExpires": "0"}},
    {"parameters": {"VersionId": "a+b/c=d"}},
    {"parameters": {"versionId": "lower"}},
    {"parameters": {"Unknown": "x"}},
    {"http_method": "GET"},
    {"http_method": "PUT"},
    {"http_method": "HEAD"},
    {"http_method": "DELETE"},
    {"http_method": "PUT", "expire": 5, "parameters": {"RequestPayer": "requester"}},
    {"parameters": DISPOSITION, "expire": 30, "http_method": "GET"},
)

CLOUDFRONT = {"cloudfront_key_id": "KCOMPAT", "cloudfront_key": RSA_KEY}
CDN = {"custom_domain": "cdn.example.org"}
SIGNER = new("subclasses.cloudfront_signer", "KOWN", RSA_KEY)
V4 = {"signature_version": "s3v4", "region_name": "us-east-1"}

# id -> OPTIONS beside keys and bucket, for which Amazon itself would be asked
VARIANTS = {
    "no options": {},
    "region": {"region_name": "eu-central-1"},
    "region us-east-1": {"region_name": "us-east-1"},
    "region china": {"region_name": "cn-north-1"},
    "region gov": {"region_name": "us-gov-west-1"},
    "s3v4": {"signature_version": "s3v4"},
    "s3v4 us-east-1": V4,
    "s3v4 region": {"signature_version": "s3v4", "region_name": "eu-central-1"},
    "v2": {"signature_version": "s3"},
    "v2 region": {"signature_version": "s3", "region_name": "us-east-1"},
    "path": {**V4, "addressing_style": "path"},
    "path, region": {"addressing_style": "path", "region_name": "ap-southeast-2"},
    "virtual": {**V4, "addressing_style": "virtual"},
    "virtual, region": {"addressing_style": "virtual", "region_name": "eu-central-1"},
    "auto style": {**V4, "addressing_style": "auto"},
    "dotted bucket": {**V4, "bucket_name": "my.dotted.bucket"},
    "dotted bucket, region": {"bucket_name": "my.dotted.bucket", "region_name": "eu-west-1"},
    "upper bucket": {**V4, "bucket_name": "Upper_Case"},
    "access point": {**V4, "bucket_name": "arn:aws:s3:us-east-1:123456789012:accesspoint/compat"},
    "location": {**V4, "location": "media/ü"},
    "session token": {**V4, "security_token": "to/ken+with=signs"},
    "session token v2": {"signature_version": "s3", "security_token": "to/ken+with=signs"},
    "expire": {**V4, "querystring_expire": 77},
    "no tls": {**V4, "use_ssl": False},
    "unsigned": {**V4, "querystring_auth": False},
    "unsigned, no region": {"querystring_auth": False},
    "unsigned region": {"querystring_auth": False, "region_name": "eu-central-1"},
    "unsigned v2": {"querystring_auth": False, "signature_version": "s3"},
    "unsigned path": {"querystring_auth": False, "addressing_style": "path"},
    "unsigned dotted": {"querystring_auth": False, "bucket_name": "my.dotted.bucket"},
    "url_protocol alone": {**V4, "url_protocol": "http:"},
    "endpoint": {**V4, "endpoint_url": "https://s3.example.org"},
    "endpoint with port": {**V4, "endpoint_url": "http://127.0.0.1:9000"},
    "endpoint with path": {**V4, "endpoint_url": "https://example.org/s3"},
    "endpoint, no version": {"endpoint_url": "https://s3.example.org"},
    "endpoint virtual": {
        **V4,
        "endpoint_url": "https://s3.example.org",
        "addressing_style": "virtual",
    },
    "endpoint unsigned": {"endpoint_url": "https://s3.example.org", "querystring_auth": False},
    "endpoint unsigned virtual": {
        "endpoint_url": "https://s3.example.org",
        "querystring_auth": False,
        "addressing_style": "virtual",
    },
    "spaces": {
        "endpoint_url": "https://fra1.digitaloceanspaces.com",
        "region_name": "fra1",
        "signature_version": "s3v4",
    },
    "client_config": {
        "client_config": new(
            "botocore.config.Config", signature_version="s3v4", s3={"addressing_style": "path"}
        ),
        "addressing_style": "virtual",
    },
    "accelerate": {
        "client_config": new("botocore.config.Config", s3={"use_accelerate_endpoint": True})
    },
    "dualstack": {
        **V4,
        "client_config": new("botocore.config.Config", s3={"use_dualstack_endpoint": True}),
    },
    "custom domain": CDN,
    "custom domain http": {**CDN, "url_protocol": "http:"},
    "custom domain with path": {"custom_domain": "cdn.example.org/bucket"},
    "custom domain, location": {**CDN, "location": "media"},
    "custom domain unsigned": {**CDN, "querystring_auth": False},
    "cloudfront": {**CDN, **CLOUDFRONT},
    "cloudfront, http, expire": {
        **CDN,
        **CLOUDFRONT,
        "url_protocol": "http:",
        "querystring_expire": 99,
    },
    "cloudfront, bytes": {
        **CDN,
        **CLOUDFRONT,
        "cloudfront_key": new("subclasses.as_bytes", RSA_KEY),
    },
    "cloudfront signer": {**CDN, "cloudfront_signer": SIGNER},
    "cloudfront signer wins": {**CDN, **CLOUDFRONT, "cloudfront_signer": SIGNER},
    "cloudfront signer off": {**CDN, **CLOUDFRONT, "cloudfront_signer": None},
    "cloudfront unsigned": {**CDN, **CLOUDFRONT, "querystring_auth": False},
    "cloudfront without domain": {**V4, **CLOUDFRONT},
    "cloudfront key alone": {**CDN, "cloudfront_key": RSA_KEY},
    "cloudfront key id alone": {**CDN, "cloudfront_key_id": "KCOMPAT"},
}


def scenarios():
    names = tuple(url(name) for name in NAMES)
    arguments = tuple(url("dir/a b.txt", **more) for more in ARGUMENTS)
    by_position = url("a.txt", DISPOSITION, 9, "GET")
    for name, options in VARIANTS.items():
        yield Scenario(
            f"url, {name}",
            read=(*names, *arguments, by_position),
            options={**NOWHERE, **options},
        )
    yield Scenario(
        "bad cloudfront key",
        read=(url("a.txt"),),
        options={**NOWHERE, **CDN, "cloudfront_key_id": "K", "cloudfront_key": "not a key"},
    )
    yield Scenario(
        "url, static", read=(*names, *arguments), backend=S3_STATIC, options={**NOWHERE, **V4}
    )
    yield Scenario("url, server", read=(*names, *arguments), options=ON_SERVER)
    yield Scenario(
        "client",
        read=tuple(
            attribute(path)
            for path in (
                "bucket.name",
                "connection.meta.client.meta.endpoint_url",
                "connection.meta.client.meta.region_name",
                "connection.meta.client.meta.config.signature_version",
                "connection.meta.client.meta.config.s3.addressing_style",
                "unsigned_connection.meta.client.meta.config.signature_version",
                "bucket_name",
                "querystring_expire",
                "default_content_type",
            )
        ),
        options={**NOWHERE, **V4, "addressing_style": "path"},
    )
    yield Scenario("no keys", read=(url("a.txt"),), options={"bucket_name": BUCKET, **V4})
