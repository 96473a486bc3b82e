"""storages copymedia: what rows refer to is copied from where it is live, and nothing else."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from django.db import connection

from storages import bulk, crew, transfer
from storages.backends.s3 import S3Storage
from storages.moving import ledger, media
from storages.moving.jobs import Job
from storages.moving.transfer import Transfer
from storages.testing import MemoryStorage
from tests.aliases import fill, storages_command
from tests.looking import content, files
from tests.servers import count_requests
from tests.shop.models import ARCHIVE, Book, Invoice, Item, Paperback, Receipt

pytestmark = pytest.mark.django_db

MEMORY = "storages.testing.MemoryStorage"


@pytest.fixture
def live(settings):
    """The storage where files are live; `default` is another one."""
    settings.STORAGES = {name: {"BACKEND": MEMORY} for name in ("default", "live", "copy")}
    return storages["live"]


@pytest.fixture(autouse=True)
def _empty_archive():
    yield
    bulk.delete_tree(ARCHIVE, "", everything=True)


def copymedia(*args, status=0):
    ran = storages_command("copymedia", "--from", "live", *args)
    assert ran.status == status, ran.err
    return ran.out, ran.err.removesuffix("Not all of it could be done: see above.")


def test_what_rows_refer_to_is_copied_to_the_storages_of_the_fields(live):
    fill(live, "items/a.jpg", "items/hidden.jpg", "a.pdf", "cover.jpg", "scan.png", "r.png")
    fill(live, "orphan.jpg")
    Item.objects.create(photo="items/a.jpg", manual="a.pdf")
    Item.objects.create(photo="items/hidden.jpg", hidden=True)
    Item.objects.create(photo="", manual=None)
    Paperback.objects.create(photo="items/a.jpg", cover="cover.jpg")
    Invoice.objects.create(scan="scan.png")
    Receipt.objects.create(number="7/2026", scan="r.png")
    out, err = copymedia()
    default = storages["default"]
    assert files(default) == ["a.pdf", "cover.jpg", "items/a.jpg", "items/hidden.jpg"]
    assert files(ARCHIVE) == ["r.png", "scan.png"]
    assert content(default, "items/a.jpg") == b"items/a.jpg"
    assert err == ""
    assert re.search(r"^6 files copied", out, re.M)
    assert out.splitlines()[1:] == [
        "  shop.Book: 1 copied",
        "  shop.Invoice: 1 copied",
        "  shop.Item: 3 copied",
        "  shop.Receipt: 1 copied",
    ]


def test_a_second_run_copies_nothing(live):
    fill(live, "a.jpg", "b.jpg")
    Item.objects.create(photo="a.jpg", manual="b.jpg")
    fill(storages["default"], "a.jpg")
    storages["default"].write("a.jpg", ContentFile(b"changed here"), overwrite=True)
    out, _ = copymedia()
    assert "1 file copied" in out
    assert "1 skipped" in out
    out, _ = copymedia("-v", "2")
    assert "0 files copied" in out
    assert "skipped a.jpg\n" in out
    assert content(storages["default"], "a.jpg") == b"changed here"


def test_only_some_models_and_fields(live):
    fill(live, "a.jpg", "b.pdf", "cover.jpg", "scan.png")
    Book.objects.create(photo="a.jpg", manual="b.pdf", cover="cover.jpg")
    Invoice.objects.create(scan="scan.png")
    copymedia("shop.Invoice", "shop.item.photo", "--to", "copy")
    assert files(storages["copy"]) == ["a.jpg", "scan.png"]
    copymedia("shop.Paperback", "--to", "copy:books", "--exclude", "*.pdf")
    assert files(storages["copy"]) == ["a.jpg", "books/a.jpg", "books/cover.jpg", "scan.png"]
    summary = bulk.copy_media("live", models=["shop"])
    assert summary.counts["copied"] == 4
    assert files(storages["default"]) == ["a.jpg", "b.pdf", "cover.jpg"]


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("shop.Itm", "did you mean shop.Item?"),
        ("shop.Item.photos", "did you mean shop.Item.photo?"),
        ("auth.User", "write app.Model or app.Model.field."),
        ("nonsense", "write app.Model or app.Model.field."),
    ],
)
def test_a_name_that_no_field_has(live, label, hint):
    _, err = copymedia(label, status=1)
    assert err == f"There is no FileField {label!r}: {hint}"


def test_what_fails_is_told_by_its_row_and_ends_nothing(live, tmp_path):
    fill(live, "a.jpg", "z.jpg")
    Item.objects.create(photo="a.jpg")
    gone = Item.objects.create(photo="gone.jpg", manual="z.jpg")
    report = tmp_path / "report.jsonl"
    out, err = copymedia("--report", str(report), status=1)
    assert err == f"shop.Item({gone.pk}).photo: gone.jpg: 'gone.jpg' does not exist.\n"
    assert re.search(r"^2 files copied.*, 1 failed;", out, re.M)
    assert "  shop.Item: 2 copied, 1 failed\n" in out
    assert files(storages["default"]) == ["a.jpg", "z.jpg"]
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    (failed,) = [line for line in lines if line["action"] == "failed"]
    assert failed["owner"] == f"shop.Item({gone.pk}).photo"
    assert failed["kind"] == "FileNotFoundError"


@pytest.mark.parametrize("kind", ["memory", "files", "django"])
def test_names_that_are_none(live, tmp_path, kind):
    makers = {"memory": MemoryStorage, "files": FileSystemStorage, "django": InMemoryStorage}
    target = makers[kind](**({"location": tmp_path / "copy"} if kind == "files" else {}))
    fill(live, "a.jpg", "d/a.jpg")
    bad = ["../a.jpg", "/a.jpg", "d//a.jpg", "./a.jpg", "d/../a.jpg", "d\\a.jpg", "d/"]
    for name in ["a.jpg", *bad]:
        Item.objects.create(photo=name)
    summary = bulk.copy_media("live", target)
    assert sorted(outcome.name for outcome in summary.failures) == sorted(bad)
    assert all(outcome.owner.startswith("shop.Item(") for outcome in summary.failures)
    assert [entry.name for entry in bulk.scan(target)] == ["a.jpg"]
    assert summary.models["shop.Item"] == {"copied": 1, "failed": len(bad)}


def test_a_missing_table_is_told_by_its_model(live):
    fill(live, "a.jpg")
    Item.objects.create(photo="a.jpg")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE shop_receipt")
    out, err = copymedia(status=1)
    assert err == "shop.Receipt: scan: no such table: shop_receipt\n"
    assert re.search(r"^1 file copied.*, 1 failed;", out, re.M)
    assert files(storages["default"]) == ["a.jpg"]


def test_a_dry_run(live):
    fill(live, "a.jpg", "b.jpg")
    Item.objects.create(photo="a.jpg", manual="b.jpg")
    fill(storages["default"], "b.jpg")
    out, _ = copymedia("--dry-run")
    assert "would copy a.jpg\n" in out
    assert "would skip b.jpg\n" in out
    assert "1 file would be copied, 1 skipped" in out
    assert files(storages["default"]) == ["b.jpg"]


def test_a_file_of_many_rows_is_copied_once(live):
    fill(live, "a.jpg")
    rows = [Item(photo="a.jpg", manual="a.jpg") for _ in range(50)]
    Item.objects.bulk_create(rows)
    Book.objects.create(photo="a.jpg", cover="a.jpg")
    summary = bulk.copy_media("live")
    assert summary.counts == {"copied": 1}


def test_what_the_source_itself_has_is_not_copied_onto_it(live):
    _, err = copymedia("--to", "live", status=1)
    assert err.endswith("is stored in live itself: say where to copy to, or which models.")
    _, err = copymedia("--to", "lvie", status=1)
    assert err.startswith("STORAGES has no 'lvie'")


@pytest.mark.django_db(databases=["default", "other"])
def test_the_rows_of_another_database(live):
    fill(live, "a.jpg", "b.jpg")
    Item.objects.create(photo="a.jpg")
    Item.objects.using("other").create(photo="b.jpg")
    copymedia("--database", "other")
    assert files(storages["default"]) == ["b.jpg"]
    _, err = copymedia("--database", "none", status=1)
    assert err == "DATABASES has no 'none', it has default, other."


class Router:
    def db_for_read(self, model, **hints):
        return "other" if model._meta.app_label == "shop" else None

    def allow_migrate(self, db, app_label, **hints):
        return (db == "other") == (app_label == "shop")


@pytest.mark.django_db(databases=["default", "other"])
def test_the_router_says_where_rows_are(live, settings):
    fill(live, "a.jpg", "b.jpg")
    Item.objects.using("default").create(photo="a.jpg")
    Item.objects.using("other").create(photo="b.jpg")
    settings.DATABASE_ROUTERS = [Router()]
    copymedia()
    assert files(storages["default"]) == ["b.jpg"]
    out, _ = copymedia("--database", "default")
    assert "0 files copied" in out


class Elsewhere:
    """Makes storages and jobs anew of JSON, as workers on other machines do."""

    def outcomes(self, transfer, jobs):
        transfer = Transfer.from_spec(json.loads(json.dumps(transfer.spec())))
        for job in jobs:
            yield transfer.do(Job(**json.loads(json.dumps(asdict(job)))))


def test_other_machines_make_the_storages_of_fields_by_their_aliases(live):
    fill(live, "a.jpg", "scan.png")
    Item.objects.create(photo="a.jpg")
    summary = bulk.copy_media("live", executor=Elsewhere())
    assert summary.models["shop.Item"] == {"copied": 1}
    assert files(storages["default"]) == ["a.jpg"]
    Invoice.objects.create(scan="scan.png")
    with pytest.raises(ValueError, match="A MemoryStorage has no alias in STORAGES"):
        bulk.copy_media("live", executor=Elsewhere())


# -- on S3


@pytest.fixture
def live_bucket(moto):
    with moto.bucket() as name:
        yield name


@pytest.fixture
def staging(moto, moto_bucket, live_bucket, fault_proxy, settings):
    """The proxies before the live bucket and the staging one."""
    before, after = fault_proxy(moto), fault_proxy(moto)
    backend = "storages.backends.s3.S3Storage"
    settings.STORAGES = {
        "live": {
            "BACKEND": backend,
            "OPTIONS": moto.options(live_bucket, via=before, location="media"),
        },
        "default": {"BACKEND": backend, "OPTIONS": moto.options(moto_bucket, via=after)},
    }
    return before, after


def test_the_live_storage_is_only_read_object_by_object(moto, live_bucket, staging):
    fill(S3Storage(**moto.options(live_bucket)), "media/p/a.jpg", "media/p/b.jpg", "media/c.jpg")
    for name in ("p/a.jpg", "p/b.jpg", "p/gone.jpg"):
        Item.objects.create(photo=name)
    with count_requests(staging[0]) as live, count_requests(staging[1]) as copy:
        summary = bulk.copy_media("live", verify=True)
    assert summary.counts == {"copied": 2, "failed": 1}
    assert files(storages["default"]) == ["p/a.jpg", "p/b.jpg"]
    allowed = re.compile(rf"(GET|HEAD) /{live_bucket}/media/p/(a|b|gone)\.jpg").fullmatch
    assert all(map(allowed, live))
    listings = [request for request in copy if "list-type" in request]
    assert len(listings) == 1
    assert "prefix=p%2F" in listings[0]


def test_no_more_is_listed_than_it_is_worth(moto, moto_bucket, live_bucket, staging, monkeypatch):
    monkeypatch.setattr(media, "LISTED", 2)
    fill(storages["live"], "a.jpg", "z.jpg")
    fill(storages["default"], *(f"m{number}.jpg" for number in range(8)), "z.jpg")
    Item.objects.create(photo="a.jpg", manual="z.jpg")
    with count_requests(staging[1]) as seen:
        summary = bulk.copy_media("live")
    assert summary.counts == {"copied": 1, "skipped": 1}
    assert f"HEAD /{moto_bucket}/z.jpg" in seen
    assert f"PUT /{moto_bucket}/z.jpg" not in seen


def test_a_target_that_may_not_be_listed_is_asked(moto_bucket, staging):
    fill(storages["live"], "a.jpg", "z.jpg")
    fill(storages["default"], "z.jpg")
    Item.objects.create(photo="a.jpg", manual="z.jpg")
    staging[1].cut(down=0, match="list-type", times=1 << 20)
    with count_requests(staging[1]) as seen:
        summary = bulk.copy_media("live")
    assert summary.counts == {"copied": 1, "skipped": 1}
    assert f"PUT /{moto_bucket}/z.jpg" not in seen


def test_a_file_whose_connection_breaks_leaves_nothing_and_the_next_run_does_it(
    staging, monkeypatch
):
    monkeypatch.setattr(crew, "PAUSES", ())
    monkeypatch.setattr(transfer, "PAUSES", ())
    fill(storages["live"], "a.jpg", "b.jpg")
    row = Item.objects.create(photo="a.jpg", manual="b.jpg")
    staging[0].cut(down=0, match=r"GET .*/a\.jpg", times=1 << 20)
    summary = bulk.copy_media("live")
    assert [failed.owner for failed in summary.failures] == [f"shop.Item({row.pk}).photo"]
    assert summary.failures[0].kind == "ConnectionError"
    assert files(storages["default"]) == ["b.jpg"]
    staging[0].heal()
    assert bulk.copy_media("live").counts == {"copied": 1, "skipped": 1}
    assert content(storages["default"], "a.jpg") == b"a.jpg"


# -- the ledger


def test_names_that_are_no_text_are_kept():
    book = ledger.Ledger()
    names = ["a\udcff.jpg", "\ud83d.jpg", "a\0b.jpg", "É.jpg", "e\u0301.jpg"]
    book.add_references(ledger.Referred(name, "owner", name) for name in names)
    assert {found.name for found in book.referred(listed=False)} == set(names)
    assert book.count() == len(names)
    book.close()


def test_what_was_read_before_an_error_stays():
    def names():
        for number in range(3):
            yield ledger.Referred(f"{number}.jpg", "owner", f"{number}.jpg")
        raise ValueError("the connection is gone")

    book = ledger.Ledger()
    with pytest.raises(ValueError, match="the connection is gone"):
        book.add_references(names())
    assert book.count() == 3
    book.add_references([ledger.Referred("3.jpg", "owner", "3.jpg")])
    assert book.bounds() == ("0.jpg", "3.jpg")
    book.close()


def test_a_python_without_sqlite_has_all_else():
    code = "import sys; sys.modules['sqlite3'] = None; import storages.bulk"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
