"""The requests of collectstatic on S3, counted on the wire."""

import json
import math
import re

import pytest

from tests.servers import count_requests
from tests.static.site import FILES

STATIC = "storages.backends.s3.S3StaticStorage"
MANIFEST = "storages.backends.s3.S3ManifestStaticStorage"
STATE = ".storehouse-static.json"


@pytest.fixture
def run(site, moto, moto_bucket, fault_proxy):
    """Collects as a new process would; the requests by method and key, listings as LIST."""
    proxy = fault_proxy(moto)

    def run(backend, *args, **options):
        with count_requests(proxy) as seen:
            site.use(backend, **moto.options(moto_bucket, via=proxy, **options))
            before = len(seen)  # a storage that is made reads its manifest
            printed = site.collect(*args)
        told = int(re.search(r", (\d+) requests, ", printed)[1])
        assert told - (len(seen) - before) in (0, 1)  # one may be lost with an idle connection
        found = [each.replace(f"/{moto_bucket}", "", 1) for each in seen]
        named = ["LIST" if "list-type=2" in each else each.replace(" /", " ") for each in found]
        return in_order(named)

    return run


def in_order(requests):
    """With the state, which is read during the first listing, after it."""
    listed = requests.index("LIST")
    before, rest = requests[:listed], requests[listed:]
    (before if READ in before else rest).remove(READ)
    pages = next((i for i, each in enumerate(rest) if each != "LIST"), len(rest))
    return [*before, *rest[:pages], READ, *rest[pages:]]


READ = f"GET {STATE}"

WRITTEN = [f"HEAD {STATE}", f"PUT {STATE}"]
"""How the state is written: if no other run has ended meanwhile."""


def puts(*names):
    return sorted(f"PUT {name}" for name in names)


def test_plain(site, run):
    first = run(STATIC)
    assert first[:2] == ["LIST", READ]
    assert sorted(first[2:-2]) == puts(*FILES)
    assert first[-2:] == WRITTEN
    assert run(STATIC) == ["LIST", READ]
    site.check_out()
    assert run(STATIC) == ["LIST", READ]
    site.write("css/site.css", "new")
    assert run(STATIC) == ["LIST", READ, "PUT css/site.css", *WRITTEN]


def test_a_manifest(site, run):
    first = run(MANIFEST)
    assert first[:3] == ["GET staticfiles.json", "LIST", READ]
    assert sorted(first[3 : 3 + len(FILES)]) == puts(*FILES)
    assert len(first) == 3 + 2 * len(FILES) + 3
    assert first[-3:] == ["PUT staticfiles.json", *WRITTEN]
    again = ["GET staticfiles.json", "LIST", READ]
    assert run(MANIFEST) == again
    site.check_out()
    assert run(MANIFEST) == again
    site.write("img/logo.png", b"new")
    changed = run(MANIFEST)
    assert changed[:3] == again
    assert changed[3] == "PUT img/logo.png"
    hashed = [each.rpartition("/")[2].split(".")[0] for each in changed[4:-3]]
    assert sorted(hashed) == ["logo", "site"]  # and the style sheet that names it
    assert changed[-3:] == ["PUT staticfiles.json", *WRITTEN]


@pytest.mark.parametrize("backend", [STATIC, MANIFEST])
def test_gzip_is_applied_before_comparing(run, backend):
    run(backend, gzip=True)
    assert not [each for each in run(backend, gzip=True) if each.startswith("PUT")]


@pytest.mark.parametrize("backend", [STATIC, MANIFEST])
def test_a_changed_setting_stores_again(run, backend):
    sent = sorted(run(backend))
    cached = {"object_parameters": {"CacheControl": "max-age=60"}}
    again = sorted(run(backend, **cached))
    assert [each for each in again if each.startswith("PUT")] == [
        each for each in sent if each.startswith("PUT")
    ]
    assert not [each for each in run(backend, **cached) if each.startswith("PUT")]


def test_a_thousand_files_a_listing(site, run):
    for number in range(2000):
        site.write(f"many/{number:0150}.txt", str(number))  # a state of half a megabyte
    count = 2000 + len(FILES)
    assert len(run(STATIC)) == count + 4
    site.check_out()
    assert len(run(STATIC)) <= math.ceil(count / 1000) + 2
    site.clear()
    site.write("one.txt", "1")
    assert run(STATIC, "--clear") == [
        *["LIST"] * 3,
        READ,
        "PUT one.txt",
        *["LIST"] * 3,  # what is deleted has to be as it was
        *["POST ?delete"] * 3,
        *WRITTEN,
    ]


def test_a_dry_run_only_looks(run):
    assert run(STATIC, "--dry-run") == ["LIST", READ]
    assert run(MANIFEST, "--dry-run", "--clear") == ["GET staticfiles.json", "LIST", READ]


def test_what_has_no_digest_is_remembered_and_what_has_one_is_forgotten(
    site, run, moto, moto_bucket
):
    site.write("large.bin", bytes(9 * 1024 * 1024))
    run(STATIC)
    site.check_out()
    assert run(STATIC) == ["LIST", READ]
    site.write("new.txt", "new")
    assert run(STATIC) == ["LIST", READ, "PUT new.txt", *WRITTEN]
    assert run(STATIC) == ["LIST", READ]
    answer = moto.client().get_object(Bucket=moto_bucket, Key=STATE)
    state = json.loads(answer["Body"].read())
    assert state["digests"].keys() == {"large.bin", "new.txt"}
