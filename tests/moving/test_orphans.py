"""storages orphans: what nothing refers to, and nothing else, ever goes."""

import functools
import json
import os
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from django.db import connection

from storages import bulk, crew, transfer
from storages.backends.s3 import S3Storage
from storages.backends.sftpstorage import SFTPStorage
from storages.moving import ledger
from storages.moving import media as moving_media
from storages.moving import orphans as moving_orphans
from storages.moving.addressing import Addresses
from storages.moving.references import MediaField
from storages.moving.refusing import Refused
from storages.testing import MemoryStorage
from tests.aliases import fill, storages_command
from tests.looking import files
from tests.servers import count_requests
from tests.shop.models import ARCHIVE, Book, Invoice, Item, Page, PastInvoice, Receipt

pytestmark = pytest.mark.django_db(databases="__all__")

MEMORY = "storages.testing.MemoryStorage"
LONG_AGO = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture
def use(settings, request):
    """Makes STORAGES of options by alias; buckets are the test's own."""

    def use(**options):
        backends = {alias: dict(each) for alias, each in options.items()}
        settings.STORAGES = {
            alias: {"BACKEND": each.pop("backend", MEMORY), "OPTIONS": each}
            for alias, each in backends.items()
        }
        return storages["default"]

    return use


@pytest.fixture
def bucket(request):
    return f"orphans-{request.node.name}"


@pytest.fixture
def media(use, bucket):
    return use(default={"bucket_name": bucket})


@pytest.fixture(autouse=True)
def _empty_archive():
    yield
    bulk.delete_tree(ARCHIVE, "", everything=True)


def old(storage, *names):
    """Files as they have been for a month."""
    fill(storage, *names)
    for name in names:
        bulk.set_modified_time(storage, name, LONG_AGO)
        if isinstance(storage, MemoryStorage):
            objects, key = storage._bucket.objects, storage._file_key(name)
            entry = replace(objects[key].entry, created=LONG_AGO)
            objects[key] = replace(objects[key], entry=entry)


def run(*args, status=0):
    ran = storages_command("orphans", *args)
    assert ran.status == status, ran.err
    return ran.out, ran.err.removesuffix("Not all of it could be done: see above.")


def found(where="default", **options):
    return sorted(outcome.name for outcome in bulk.orphans(where, **options))


def test_what_no_row_refers_to_is_listed_with_its_size(media):
    old(media, "a.jpg", "hidden.jpg", "b.pdf", "cover.jpg", "orphan.jpg", "d/orphan.pdf")
    Item.objects.create(photo="a.jpg", manual="b.pdf")
    Item.objects.create(photo="hidden.jpg", hidden=True)
    Book.objects.create(photo="a.jpg", cover="cover.jpg")
    out, err = run("default")
    assert out.splitlines() == [
        "      12 B  d/orphan.pdf",
        "      10 B  orphan.jpg",
        "2 files without a row, 22 B.",
    ]
    assert err == ""
    assert found("default:d") == ["orphan.pdf"]
    assert len(files(media)) == 6


def test_nothing_goes_without_delete_and_nothing_else_with_it(media, tmp_path):
    old(media, "a.jpg", "orphan.jpg", "d/orphan.pdf")
    row = Item.objects.create(photo="a.jpg")
    run("default", "--older-than", "1h")
    assert len(files(media)) == 3
    report = tmp_path / "report.jsonl"
    out, _ = run("default", "--delete", "-v", "2", "--report", str(report))
    assert out.splitlines() == [
        "deleted d/orphan.pdf",
        "deleted orphan.jpg",
        "2 files deleted, 22 B.",
    ]
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["name"], line["action"]) for line in lines] == [
        ("d/orphan.pdf", "deleted"),
        ("orphan.jpg", "deleted"),
    ]
    assert files(media) == ["a.jpg"]
    row.delete()


@pytest.mark.parametrize(
    ("age", "stays"),
    [("2w", False), ("30d", False), ("31d", True), ("5w", True), ("800h", True), ("0", False)],
)
def test_what_is_younger_stays(media, age, stays):
    old(media, "orphan.jpg", "a.jpg")
    Item.objects.create(photo="a.jpg")
    out, _ = run("default", "--delete", "--older-than", age)
    assert media.exists("orphan.jpg") == stays
    assert ("Left alone: 1 too young." in out) == stays


@pytest.mark.parametrize("age", ["1", "d", "-1d", "1y", "", "1.5h", "²d"])
def test_an_age_that_is_none(media, age):
    _, err = run("default", f"--older-than={age}", status=1)
    assert re.search("--older-than: .* is no age such as 30m", err)


class Timeless(InMemoryStorage):
    def _no_time(self, name):
        raise NotImplementedError

    get_modified_time = get_created_time = get_accessed_time = _no_time


def test_what_is_of_unknown_age_stays(use):
    media = use(default={"backend": "tests.moving.test_orphans.Timeless"})
    fill(media, "a.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    out, _ = run("default", "--delete")
    assert "Left alone: 1 of unknown age." in out
    assert media.exists("orphan.jpg")
    run("default", "--delete", "--older-than", "0")
    assert media.exists("a.jpg")
    assert not media.exists("orphan.jpg")


def test_what_patterns_keep_and_what_storages_use_themselves(media):
    old(media, "a.jpg", "thumbs/a.jpg", "d/thumbs/b.jpg", "x.tmp", ".storehouse-static.json")
    old(media, "d/.storehouse-0123.old", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    out, _ = run("default", "--delete", "--keep", "/thumbs/", "--keep", "*.tmp")
    assert "Left alone: 2 kept by a pattern, 2 of storages themselves." in out
    left = [".storehouse-static.json", "a.jpg", "d/.storehouse-0123.old", "thumbs/a.jpg", "x.tmp"]
    assert files(media) == left


def test_orphans_can_be_moved_instead(media):
    old(media, "a.jpg", "d/orphan.jpg", "trash/2026/old.jpg")
    Item.objects.create(photo="a.jpg")
    out, _ = run("default", "--delete", "--backup-dir", "default:trash")
    assert "Left alone: 1 backups." in out
    stamp = r"trash/20\d\d-\d\d-\d\dT\d{6}Z/"
    left = {re.sub(stamp, "trash/NOW/", name) for name in files(media)}
    assert left == {"a.jpg", "trash/2026/old.jpg", "trash/NOW/d/orphan.jpg"}
    _, err = run("default", "--backup-dir", "trash", status=1)
    assert err == "--backup-dir needs --delete."


# -- when nobody knows


def test_nothing_goes_if_a_table_cannot_be_read(media):
    old(media, "a.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shop_book RENAME TO shop_gone")
    out, err = run("default", status=1)
    assert "orphan.jpg" in out
    assert err == "shop.Book: cover: no such table: shop_book\n"
    _, err = run("default", "--delete", status=1)
    assert err.count("\n") == 1
    assert re.search(r"No more is deleted.* shop\.Book: cover: no such ta", err)
    assert files(media) == ["a.jpg", "orphan.jpg"]


def test_nothing_goes_if_nothing_refers_to_anything(use, bucket):
    use(default={"bucket_name": bucket}, other={"bucket_name": f"{bucket}-2"})
    old(storages["other"], "a.jpg", "b.jpg")
    Item.objects.create(photo="c.jpg")
    assert found("other") == ["a.jpg", "b.jpg"]
    _, err = run("other", "--delete", status=1)
    assert re.search(r"No row and no manifest refers to any file of other", err)
    assert files(storages["other"]) == ["a.jpg", "b.jpg"]


def test_nothing_goes_if_an_alias_cannot_be_made(use, bucket):
    media = use(default={"bucket_name": bucket}, broken={"nonsense": 1})
    old(media, "a.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    with pytest.raises(Refused, match=r"STORAGES\['broken'\]"):
        found(delete=True)
    assert files(media) == ["a.jpg", "orphan.jpg"]


def test_static_files_that_have_no_directory_are_nowhere(use, bucket, settings):
    """As they are in a project that nobody has deployed yet."""
    settings.STATIC_ROOT = None
    static = {"backend": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    media = use(default={"bucket_name": bucket}, staticfiles=static)
    old(media, "a.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    assert found(delete=True) == ["orphan.jpg"]


def test_nothing_goes_from_around_the_directory_that_one_is_in(use, tmp_path, monkeypatch):
    """Without MEDIA_ROOT that is where files are stored, beside the code of the project."""
    monkeypatch.chdir(tmp_path)
    media = use(default={"backend": "django.core.files.storage.FileSystemStorage", "location": ""})
    fill(media, "a.jpg", "manage.py")
    Item.objects.create(photo="a.jpg")
    assert found(older_than=timedelta()) == ["manage.py"]
    _, err = run("default", "--delete", "--older-than", "0", status=1)
    assert err == "You are in default, so none of it is deleted: go elsewhere first."
    assert sorted(os.listdir(tmp_path)) == ["a.jpg", "manage.py"]


def test_a_file_that_is_replaced_meanwhile_stays(media, monkeypatch):
    old(media, "a.jpg", "orphan.jpg", "other.jpg")
    Item.objects.create(photo="a.jpg")
    take = moving_orphans.Census.take

    def then_replace(census):
        take(census)
        media.write("orphan.jpg", ContentFile(b"orphan.jpg"), overwrite=True)
        media.delete("other.jpg")

    monkeypatch.setattr(moving_orphans.Census, "take", then_replace)
    out, _ = run("default", "--delete", "-v2")
    assert "skipped orphan.jpg\n0 files deleted, 0 B; 1 replaced meanwhile." in out
    assert files(media) == ["a.jpg", "orphan.jpg"]


def test_who_refers_to_files_is_asked_once_more_in_long_runs(media, monkeypatch):
    monkeypatch.setattr("storages.moving.ledger.BATCH", 2)
    monkeypatch.setattr(moving_orphans, "ROUND", 1)
    old(media, "a.jpg", *(f"orphan{number}.jpg" for number in range(6)))
    Item.objects.create(photo="a.jpg")
    gone = []
    for outcome in bulk.orphans("default", delete=True):
        gone.append(outcome.name)
        if len(gone) == 2:
            Item.objects.create(photo="orphan5.jpg", manual="orphan2.jpg")
    assert files(media) == ["a.jpg", "orphan2.jpg", "orphan5.jpg"]


def test_a_name_that_moves_to_a_table_that_was_read(media, monkeypatch):
    old(media, "a.jpg", "moved.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    page = Page.objects.create(book=1, number=uuid.UUID(int=1), picture="moved.jpg")
    references = MediaField.references

    def moving(media, database):
        if media.model is Page and Page.objects.exists():
            Item.objects.create(photo=page.picture.name)
            Page.objects.all().delete()
        return references(media, database)

    monkeypatch.setattr(MediaField, "references", moving)
    assert found(delete=True) == ["orphan.jpg"]
    assert files(media) == ["a.jpg", "moved.jpg"]


def test_a_row_of_any_database_counts(media):
    old(media, "a.jpg", "b.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    Item.objects.using("other").create(photo="b.jpg")
    assert found() == ["orphan.jpg"]


@pytest.mark.parametrize(
    ("row", "file"),
    [
        ("Photo.JPG", "photo.jpg"),
        ("e\u0301.jpg", "\xe9.jpg"),
        ("./d//a.jpg", "d/a.jpg"),
        ("d\\a.jpg", "d/a.jpg"),
    ],
)
def test_names_that_mean_one_file_to_some_service(media, row, file):
    old(media, file, "orphan.jpg")
    Item.objects.create(photo=row)
    assert found() == ["orphan.jpg"]


def test_a_name_that_nobody_can_delete_deletes_no_other_one(media):
    old(media, "d/a.jpg", "orphan.jpg")
    Item.objects.create(photo="d/a.jpg")
    objects = media._bucket.objects
    stored = objects["orphan.jpg"]
    objects["d//a.jpg"] = replace(stored, entry=replace(stored.entry, key="d//a.jpg"))
    _, err = run("default", "--delete", status=1)
    assert err.startswith("d//a.jpg: Django's storages cannot address this name")
    assert sorted(objects) == ["d//a.jpg", "d/a.jpg"]


# -- places


def test_another_location_of_the_same_bucket(use, bucket):
    use(
        default={"bucket_name": bucket, "location": "media"},
        all={"bucket_name": bucket},
        items={"bucket_name": bucket, "location": "media/items"},
    )
    old(storages["all"], "media/a.jpg", "media/items/b.jpg", "media/items/c.jpg", "d.jpg")
    Item.objects.create(photo="a.jpg", manual="items/b.jpg")
    assert found("all") == ["d.jpg"]  # what is in the location of `items` may be its own
    assert found("all:media/items") == found("items") == ["c.jpg"]
    assert [each.name for each in bulk.orphans("items", delete=True)] == ["c.jpg"]
    assert files(storages["all"]) == ["d.jpg", "media/a.jpg", "media/items/b.jpg"]


def test_files_of_other_aliases_are_left_alone(use, bucket):
    """Nothing refers to static files, and to exports."""
    use(
        default={"bucket_name": bucket},
        exports={"bucket_name": bucket, "location": "exports"},
    )
    old(storages["default"], "a.jpg", "exports/report.csv", "orphan.jpg", "exports2.csv")
    Item.objects.create(photo="a.jpg")
    out, _ = run("default", "--delete")
    assert "Left alone: 1 of other storages." in out
    assert files(storages["default"]) == ["a.jpg", "exports/report.csv"]


def test_a_storage_that_tells_no_place_counts_by_name(use):
    """It could be any other one, seen from a directory above or below."""
    backend = "django.core.files.storage.InMemoryStorage"
    use(default={"bucket_name": "orphans-x"}, unnamed={"backend": backend})
    names = ["scan.png", "deep/scan.png", "other/scan2.png", "scan2.png", "orphan.jpg", "b.jpg"]
    fill(storages["unnamed"], *names)
    Invoice.objects.create(scan="scan.png")
    Receipt.objects.create(number="1", scan="far/other/scan2.png")
    Item.objects.create(photo="b.jpg")
    orphans = moving_orphans.Orphans(bulk.place("unnamed"), older_than=timedelta())
    assert [each.name for each in orphans.outcomes()] == ["orphan.jpg"]
    assert orphans.kept == {"in doubt": 5}


S3 = functools.partial(S3Storage, access_key="a", secret_key="b", region_name="us-east-1")


@pytest.mark.parametrize(
    ("one", "other", "doubt"),
    [
        (S3(bucket_name="a"), S3(bucket_name="a", location="media"), False),
        (S3(bucket_name="a"), S3(bucket_name="b"), False),
        (S3(bucket_name="a"), S3(bucket_name="a", endpoint_url="https://s3.example.org"), True),
        (S3(bucket_name="a"), S3(bucket_name="arn:aws:s3:us-east-1:1:accesspoint/b"), True),
        (S3(bucket_name="a"), S3(bucket_name="b-ab12-s3alias"), True),
        (S3(bucket_name="a"), FileSystemStorage("/srv"), False),
        (S3(bucket_name="a"), InMemoryStorage(), True),
        (FileSystemStorage("/srv"), FileSystemStorage("/mnt"), False),
        (FileSystemStorage("/srv"), SFTPStorage(host="a", root_path="/srv"), True),
        (SFTPStorage(host="a", root_path="/srv"), SFTPStorage(host="a", root_path="/"), True),
    ],
)
def test_which_storages_may_have_the_same_files_by_other_keys(one, other, doubt):
    assert Addresses(one).may_be_same(Addresses(other)) == doubt
    assert Addresses(other).may_be_same(Addresses(one)) == doubt


@pytest.fixture
def local(use, tmp_path):
    backend = "django.core.files.storage.FileSystemStorage"
    folder = tmp_path / "media"
    folder.mkdir()
    return use(
        default={"backend": backend, "location": str(folder)},
        linked={"backend": backend, "location": str(tmp_path / "linked")},
    )


def test_links_on_disk(local, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs.jpg").write_text("theirs")
    os.utime(outside / "theirs.jpg", (0, 0))
    old(local, "2025/a.jpg", "2025/b.jpg", "2025/orphan.jpg", "real.jpg", "c.jpg")
    os.symlink(local.path("2025"), local.path("now"))
    os.symlink(outside, local.path("shared"))
    os.symlink(local.path("real.jpg"), local.path("link.jpg"))
    os.symlink(local.path("c.jpg"), tmp_path / "c-link.jpg")
    os.symlink(tmp_path / "media", tmp_path / "linked")
    Item.objects.create(photo="now/a.jpg", manual="link.jpg")
    Item.objects.create(photo="2025/b.jpg", manual="c.jpg")
    every = {"older_than": timedelta()}  # nobody can say when a file was created
    assert found("linked") == []
    for alias in ("linked", "default"):
        assert {name.rpartition("/")[2] for name in found(alias, **every)} == {"orphan.jpg"}
    list(bulk.orphans("linked", delete=True, **every))
    assert sorted(os.listdir(local.path("2025"))) == ["a.jpg", "b.jpg"]
    assert sorted(os.listdir(local.location)) == [
        "2025",
        "c.jpg",
        "link.jpg",
        "now",
        "real.jpg",
        "shared",
    ]
    assert os.listdir(outside) == ["theirs.jpg"]


def test_a_link_to_nothing_is_a_missing_file(local, tmp_path):
    old(local, "there.jpg")
    os.symlink(tmp_path / "elsewhere" / "gone.jpg", local.path("link.jpg"))
    os.symlink(tmp_path / "elsewhere" / "other.jpg", local.path("unused.jpg"))
    Item.objects.create(photo="link.jpg", manual="there.jpg")
    assert [each.name for each in bulk.missing("default")] == ["link.jpg"]
    assert found(delete=True, older_than=timedelta()) == []
    assert sorted(os.listdir(local.location)) == ["link.jpg", "there.jpg", "unused.jpg"]


def test_a_link_on_a_server_leaves_everything(sshd, sftp_directory, use):
    media = use(
        default={
            "backend": "storages.backends.sftpstorage.SFTPStorage",
            **sshd.options(sftp_directory),
        }
    )
    old(media, "2025/a.jpg", "2025/orphan.jpg", "b.jpg")
    folder = sshd.local(sftp_directory)
    os.symlink("2025", folder / "now")
    Item.objects.create(photo="now/a.jpg", manual="b.jpg")
    assert found() == ["2025/orphan.jpg"]
    os.symlink("2025/orphan.jpg", folder / "link.jpg")
    Item.objects.create(photo="link.jpg")
    with pytest.raises(Refused, match=r"link\.jpg: It is a link"):
        found(delete=True)
    assert (folder / "2025" / "orphan.jpg").exists()


# -- manifests


class Manifest(ManifestFilesMixin, MemoryStorage):
    pass


@pytest.fixture
def static(use, bucket):
    use(
        default={"bucket_name": bucket},
        staticfiles={
            "backend": "tests.moving.test_orphans.Manifest",
            "bucket_name": bucket,
            "location": "static",
        },
    )
    return storages["staticfiles"]


def test_what_a_manifest_names_is_in_use(static):
    paths = {"css/a.css": "css/a.0123.css"}
    manifest = json.dumps({"version": "1.1", "paths": paths, "hash": ""})
    static.save("staticfiles.json", ContentFile(manifest.encode()))
    used = ["css/a.css", "css/a.0123.css", "css/a.0123.css.gz"]
    old(static, *used, "css/a.4567.css", ".storehouse-static.json")
    bulk.set_modified_time(static, "staticfiles.json", LONG_AGO)
    assert found("staticfiles") == ["css/a.4567.css"]
    assert found("staticfiles:css") == ["a.4567.css"]
    old(storages["default"], "a.jpg")
    assert found("default") == ["a.jpg"]
    list(bulk.orphans("staticfiles", delete=True))
    assert files(static) == [
        ".storehouse-static.json",
        "css/a.0123.css",
        "css/a.0123.css.gz",
        "css/a.css",
        "staticfiles.json",
    ]


@pytest.mark.parametrize("content", [None, b"no JSON", b'{"version": "9"}'])
def test_without_a_manifest_nobody_knows(static, content):
    old(static, "css/a.css")
    if content is not None:
        static.save("staticfiles.json", ContentFile(content))
    with pytest.raises(Refused, match="staticfiles: manifest: "):
        found("staticfiles", delete=True)
    assert static.exists("css/a.css")


# -- rows whose file is gone


def test_rows_whose_file_is_gone(media):
    old(media, "a.jpg", "orphan.jpg")
    one = Item.objects.create(photo="a.jpg", manual="gone.pdf")
    two = Item.objects.create(photo="gone.pdf", manual="../up.pdf", hidden=True)
    Receipt.objects.create(number="7/26", scan="gone.png")
    out, _ = run("default", "--missing")
    orphan, *rows, told = out.splitlines()
    assert orphan == "      10 B  orphan.jpg"
    assert set(rows) == {
        f"shop.Item({one.pk}).manual: gone.pdf",
        f"shop.Item({two.pk}).photo: gone.pdf",
        f"shop.Item({two.pk}).manual: ../up.pdf",
    }
    assert told == "1 file without a row, 10 B; 3 missing."
    outcomes = list(bulk.missing(ARCHIVE))
    assert [(each.owner, each.name) for each in outcomes] == [
        ("shop.Receipt(7/26).scan", "gone.png")
    ]


def test_what_a_history_refers_to_stays_and_may_be_gone():
    old(ARCHIVE, "now.png", "past.png", "orphan.png")
    Invoice.objects.create(scan="now.png")
    for name in ("past.png", "gone.png", "../up.png", ""):
        PastInvoice.objects.create(scan=name)
    assert found(ARCHIVE, delete=True) == ["orphan.png"]
    assert files(ARCHIVE) == ["now.png", "past.png"]
    assert list(bulk.missing(ARCHIVE)) == []


def test_rows_of_composite_keys(media):
    number = uuid.UUID(int=7)
    Page.objects.create(book=3, number=number, picture="gone.jpg")
    assert [each.owner for each in bulk.missing(media)] == [f"shop.Page(3, {number}).picture"]


def test_a_misspelt_directory(media):
    _, err = run("default:phtos", status=1)
    assert "phtos" in err


def test_a_file_that_comes_meanwhile_is_not_missing(media, monkeypatch):
    Item.objects.create(photo="new.jpg")
    take = moving_orphans.Census.take

    def then_store(census):
        take(census)
        fill(media, "new.jpg")

    monkeypatch.setattr(moving_orphans.Census, "take", then_store)
    assert list(bulk.missing("default")) == []


# -- on S3


@pytest.fixture
def on_s3(moto, moto_bucket, fault_proxy, settings):
    proxy = fault_proxy(moto)
    settings.STORAGES = {
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": moto.options(moto_bucket, via=proxy, location="media"),
        }
    }
    return proxy, S3Storage(**moto.options(moto_bucket, location="media"))


def test_requests_on_s3(on_s3, moto_bucket):
    proxy, media = on_s3
    fill(media, "a.jpg", *(f"orphan{number}.jpg" for number in range(5)))
    Item.objects.create(photo="a.jpg")
    with count_requests(proxy) as seen:
        list(bulk.orphans("default", delete=True, older_than=timedelta()))
    assert files(media) == ["a.jpg"]
    kinds = [re.match(r"(\w+) /[^/?]+(/|\?list|\?delete)", request)[0] for request in seen]
    assert kinds[0] == f"GET /{moto_bucket}?list"
    assert sorted(kinds[1:-1]) == [f"HEAD /{moto_bucket}/"] * 5
    assert kinds[-1] == f"POST /{moto_bucket}?delete"


def test_what_cannot_be_deleted_is_told_by_its_name(on_s3, monkeypatch):
    monkeypatch.setattr(crew, "PAUSES", ())
    monkeypatch.setattr(transfer, "PAUSES", ())
    proxy, media = on_s3
    fill(media, "a.jpg", "one.jpg", "two.jpg")
    Item.objects.create(photo="a.jpg")
    proxy.cut(up=0, match=r"POST .*\?delete", times=1 << 20)
    _, err = run("default", "--delete", "--older-than", "0", status=1)
    assert files(media) == ["a.jpg", "one.jpg", "two.jpg"]
    assert sorted(line.partition(":")[0] for line in err.splitlines()) == ["one.jpg", "two.jpg"]


def test_a_listing_that_breaks_off_deletes_nothing(on_s3):
    proxy, media = on_s3
    fill(media, "a.jpg", "orphan.jpg")
    Item.objects.create(photo="a.jpg")
    proxy.cut(down=0, match="list-type", times=1 << 20)
    run("default", "--delete", "--older-than", "0", status=1)
    assert files(media) == ["a.jpg", "orphan.jpg"]


def test_numbers_of_the_page_are_those_of_the_code():
    page = (Path(__file__).parents[2] / "docs/media.md").read_text("utf-8")
    assert f"each further {ledger.BATCH * moving_orphans.ROUND:,} files" in page
    assert f"{ledger.CACHE // 1024} MiB of it in memory" in page
    assert 18 < moving_media.LISTED < 23
    assert "some twenty listed files" in page
