"""What `manage.py check` says of the entries of LIBCLOUD_PROVIDERS."""

import re

import pytest

from storages.backends.apache_libcloud import LibCloudStorage
from tests.libcloud.test_options import SECRET, driver, provider


@pytest.mark.parametrize(
    ("kind", "argument", "told"),
    [
        ("S3", "prot", "Did you mean 'port'"),
        ("MINIO", "securr", "Did you mean 'secure'"),
        ("OPENSTACK_SWIFT", "ex_force_auth_urll", "Did you mean 'ex_force_auth_url'"),
        ("S3", "xyzzy", "It knows: .*proxy_url"),
    ],
)
def test_an_unknown_argument_has_no_effect_and_a_check_tells(
    kind: str, argument: str, told: str
) -> None:
    storage = LibCloudStorage(provider=provider(kind, host="127.0.0.1", **{argument: SECRET}))
    (warning,) = storage._check("default")
    assert warning.id == "storages.W010"
    assert repr(argument) in warning.msg
    assert re.search(told, warning.hint)
    assert SECRET not in str(warning)


def test_an_unknown_argument_does_not_reach_the_driver() -> None:
    assert driver("S3", host="127.0.0.1", prot=9000).connection.port == 443


def test_nothing_is_said_of_what_a_driver_takes() -> None:
    storage = LibCloudStorage(provider=provider("MINIO", host="127.0.0.1", port=9000, secure=True))
    assert storage._check("default") == []
    assert storage._check_deploy("default") == []


def test_files_without_encryption_are_told_of_before_deployment() -> None:
    storage = LibCloudStorage(provider=provider("MINIO", host="127.0.0.1", secure=False))
    (warning,) = storage._check_deploy("default")
    assert warning.id == "storages.W007"
