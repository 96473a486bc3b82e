"""collectstatic in a process of its own: what memory it takes, and what an interrupt leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from tests.static.site import FILES

pytestmark = pytest.mark.variant

KiB = 1024
MiB = 1024 * KiB
STATE = ".storehouse-static.json"

GROWTH = 150  # MiB: what boto3 takes is 40 to 50 of them

PROGRAM = """
import json, sys
import django
from django.conf import settings

storage, folder, args = json.loads(sys.argv[1])
settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=["storages.staticfiles", "django.contrib.staticfiles"],
    STATIC_URL="/static/",
    STATICFILES_DIRS=[folder],
    STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    STORAGES={
        "default": {"BACKEND": "storages.testing.MemoryStorage"},
        "staticfiles": {"BACKEND": "storages.backends.s3." + storage[0], "OPTIONS": storage[1]},
    },
)
django.setup()
from django.core.management import call_command


def peak():
    # ru_maxrss would count what the parent had when it started this process.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


before = peak()
call_command("collectstatic", *args, interactive=False)
print("grown by", peak() - before)
"""


def command(site, backend, options, *args):
    given = json.dumps([[backend, options], str(site.folder), args])
    return [sys.executable, "-c", PROGRAM, given]


def test_memory(site, rclone, rclone_bucket):
    for number in range(60):
        site.write(f"small/{number}.css", os.urandom(MiB // 2).hex())
    for number in range(8):
        site.write(f"large/{number}.bin", os.urandom(MiB) * 40)
    options = rclone.options(rclone_bucket)
    done = subprocess.run(
        command(site, "S3StaticStorage", options), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(FILES) + 68} static files copied" in done.stdout
    assert float(done.stdout.rpartition("grown by")[2]) <= GROWTH


def test_an_interrupt(site, moto, moto_bucket, fault_proxy):
    for number in range(100):
        site.write(f"many/{number}.txt", f"the content of {number}")
    proxy = fault_proxy(moto, rtt=0.1)
    backend, options = "S3ManifestStaticStorage", moto.options(moto_bucket, via=proxy)
    begun, seen = threading.Event(), []

    def look(request):
        seen.append(request)
        if len(seen) == 20:
            begun.set()

    proxy.listeners.add(look)
    first = subprocess.Popen(command(site, backend, options, "--workers", "2"))
    assert begun.wait(60)
    first.send_signal(signal.SIGINT)
    assert first.wait(60) != 0
    client = moto.client()
    listed = client.list_objects_v2(Bucket=moto_bucket)["Contents"]
    stored = {each["Key"] for each in listed}
    assert STATE in stored
    assert "staticfiles.json" not in stored
    assert 10 < len(stored) < 60
    for name in stored - {STATE}:
        body = client.get_object(Bucket=moto_bucket, Key=name)["Body"].read()
        assert body == (site.folder / name).read_bytes()
    assert not client.list_multipart_uploads(Bucket=moto_bucket).get("Uploads")
    again = subprocess.run(
        command(site, backend, moto.options(moto_bucket)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    count = len(FILES) + 100
    wanted = rf"{count - len(stored) + 1} static files copied, {len(stored) - 1} unmodified"
    assert re.search(wanted, again.stdout)
