"""What copies ask before they send."""

import os

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from tests.aliases import storages_command
from tests.looking import content
from tests.servers import count_requests

MiB = 1024 * 1024


@pytest.fixture
def both(settings, tmp_path, moto, moto_bucket, fault_proxy):
    """A directory and a bucket behind a proxy, as `here` and `there`."""
    proxy = fault_proxy(moto)
    options = moto.options(moto_bucket, via=proxy)
    settings.STORAGES = {
        "here": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "here"},
        },
        "there": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
    }
    return storages["here"], storages["there"], proxy


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_what_is_there_already_is_not_sent_in_vain(both, moto_bucket, dry):
    here, there, proxy = both
    here.save("large.bin", ContentFile(os.urandom(9 * MiB)))
    here.save("new.txt", ContentFile(b"new"))
    there.save("large.bin", ContentFile(b"old"))
    with count_requests(proxy) as seen:
        ran = storages_command("cp", "-rn", "here:", "there:", "-v2", *dry)
    assert ran.status == 0
    verbs = ("would skip", "would copy") if dry else ("skipped", "copied")
    assert {f"{verbs[0]} large.bin", f"{verbs[1]} new.txt"} <= set(ran.out.splitlines())
    asked = [f"HEAD /{moto_bucket}/large.bin", f"HEAD /{moto_bucket}/new.txt"]
    sent = [] if dry else [f"PUT /{moto_bucket}/new.txt"]
    assert sorted({request for request in seen if "?" not in request}) == asked + sent
    assert content(there, "large.bin") == b"old"
