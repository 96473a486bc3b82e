"""The differences of Amazon S3 in what is stored and how it is configured."""

from report import Expected

MISCONFIGURED = "ImproperlyConfigured"

STORED = (
    Expected(
        "parts of a file",
        ("text: ETag of *", "writing: ETag of *", "large: ETag of 'written.bin'"),
        peer=r"-\d+\\\"\"$",
        ours="",
        reason='A file written with `open(name, "wb")` is one plain upload if it fits into one '
        "part, and its parts are all of one size, so that its ETag is another than before.",
    ),
    Expected(
        "checksums",
        ("default: checksums of *",),
        peer="ChecksumCRC32",
        ours=r"^\[\]$",
        reason="With `endpoint_url` set, a checksum is only sent where S3 demands one, since many "
        "compatible services refuse it; a `client_config` of your own decides otherwise.",
    ),
)

CONFIGURED = (
    Expected(
        "unknown object parameter",
        ("unknown parameter: save('a.txt')",),
        peer="ValueError",
        ours=MISCONFIGURED,
        reason="A misspelt key in `object_parameters` raises ImproperlyConfigured at the first "
        "save; before, ValueError.",
    ),
    Expected(
        "no credentials",
        ("no keys: url('a.txt')",),
        peer="NoCredentialsError",
        ours=MISCONFIGURED,
        reason="Where no credentials are found, ImproperlyConfigured says so; before, botocore's "
        "NoCredentialsError.",
    ),
    Expected(
        "no such profile",
        ("environment, missing profile: url*", "refused, profile that is missing: url*"),
        peer="ProfileNotFound",
        ours=MISCONFIGURED,
        reason="A `session_profile` that does not exist raises ImproperlyConfigured; before, "
        "botocore's ProfileNotFound.",
    ),
    Expected(
        "no bucket name",
        ("refused, no bucket name: url*",),
        peer="ValueError",
        ours=MISCONFIGURED,
        reason="A missing `bucket_name` raises ImproperlyConfigured at the first use; before, "
        "ValueError.",
    ),
    Expected(
        "unreadable CloudFront key",
        ("bad cloudfront key: *",),
        peer="ValueError",
        ours="S3Storage",
        reason="A `cloudfront_key` that cannot be read raises ImproperlyConfigured at the first "
        "`url()`; before, ValueError when the storage was made.",
    ),
    Expected(
        "secrets in migrations",
        ("migration *: deconstruct()", "subclass AttributeBucketStorage: deconstruct()"),
        peer='"secret_key"',
        ours="^((?!secret_key|access_key).)*$",
        reason="`deconstruct()` leaves keys and secrets out, so that `makemigrations` no longer "
        "writes them into a file; a migration that was made before keeps working.",
    ),
    Expected(
        "config attributes",
        ("attributes: storage.client_config", "attributes: storage.transfer_config"),
        peer="Config",
        ours="^null$",
        reason="`storage.client_config` and `storage.transfer_config` are what you set, None if "
        "you did not; before, the defaults that boto3 was given.",
    ),
)

EXPECTED = STORED + CONFIGURED
