"""What an error report, which has the variables of all frames, would tell."""

import traceback
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from storages.backends.apache_libcloud import LibCloudStorage
from tests.libcloud.test_options import SECRET, provider


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("S3", {"region": "mars-1"}),
        ("MINIO", {"token": SECRET}),
        ("AZURE_BLOBS", {"key": SECRET + "x"}),
        ("OPENSTACK_SWIFT", {"auth_version": "9", "auth_url": "http://127.0.0.1:9"}),
        ("OPENSTACK_SWIFT", {"auth_url": f"http://me:{SECRET}@127.0.0.1:x", "region": "r"}),
        ("S3", {"key": SECRET.encode()}),
    ],
)
def test_no_variable_of_an_error_shows_a_secret(kind: str, more: dict[str, Any]) -> None:
    """What a debug page or a service for errors would show, but for this test's own."""
    with pytest.raises(ImproperlyConfigured) as caught:
        LibCloudStorage(provider=provider(kind, **more)).exists("a.txt")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        if frame.f_code.co_filename != __file__:
            assert SECRET not in repr(list(frame.f_locals.items())), frame.f_code.co_name
