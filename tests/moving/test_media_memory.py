"""The memory of copymedia and orphans, however many rows and files there are."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.variant

PROGRAM = """
import json, sys
from datetime import UTC, datetime
import django
from django.conf import settings

task, database = sys.argv[1:]
settings.configure(
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    INSTALLED_APPS=["tests.shop"],
    SHOP_PLAIN_MODEL="shop.Item",
    STORAGES={"default": {"BACKEND": "__main__.Many"}},
)
django.setup()
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from storages import bulk
from storages.entry import Entry
from storages.moving import ledger
from storages.testing import MemoryStorage

ROWS = 60_000
NAME = "photos/2026/a-photo-of-somebody-{}-and-somebody-else.jpg"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def peak():
    # ru_maxrss would count what the parent had when it started this process.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Many(MemoryStorage):
    def _scan(self, prefix):
        for number in range(1, 2 * ROWS, 2):
            yield Entry(NAME.format(number), 5, PAST)


call_command("migrate", run_syncdb=True, verbosity=0)
with connection.cursor() as cursor:
    cursor.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
        "INSERT INTO shop_item (photo, hidden) SELECT replace(%s, '{}', i), 0 FROM n",
        [ROWS - 1, NAME],
    )
ledger.CACHE = 1024
storage = storages["default"]
before = peak()
if task == "copymedia":
    counts = bulk.copy_media(MemoryStorage(), storage, dry_run=True).counts
else:
    counts = {"orphans": sum(1 for _ in bulk.orphans(storage))}
print(json.dumps({"growth": peak() - before, "counts": counts}))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")
@pytest.mark.parametrize(
    ("task", "counts"),
    [("copymedia", {"copied": 30_000, "skipped": 30_000}), ("orphans", {"orphans": 30_000})],
)
def test_memory_does_not_grow_with_rows(tmp_path, task, counts):
    command = [sys.executable, "-c", PROGRAM, task, str(tmp_path / "db.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["counts"] == counts
    assert found["growth"] < 12
