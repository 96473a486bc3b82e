"""Batches: how they are cut, what travels, and what a worker makes of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings

from storages.moving.jobs import Job
from storages.moving.machines.batches import ATTEMPTS, Answer, Batch, cut
from storages.moving.machines.working import carry_out
from storages.moving.places import place_of
from storages.moving.transfer import Settings, Transfer

SECRET = "never-in-a-message"


def test_batches_are_cut_by_files_and_bytes() -> None:
    sizes = [1, 1, 1, 9, 1, 30, 2, 2, None, 2]
    jobs = [Job(str(number), size=size) for number, size in enumerate(sizes)]
    found = [[job.size for job in batch] for batch in cut(jobs, 3, 10)]
    assert found == [[1, 1, 1], [9, 1], [30], [2, 2, None], [2]]
    assert list(cut([], 3, 10)) == []


def test_a_full_batch_waits_for_no_further_job() -> None:
    def jobs() -> Any:
        yield from (Job("a"), Job("b"))
        raise AssertionError("nobody needs a third one")

    assert next(cut(jobs(), 2)) == [Job("a"), Job("b")]


@pytest.fixture
def two(tmp_path: Any) -> Any:
    """STORAGES with `live`, `copy`, and the services' secrets."""
    s3 = {"bucket_name": "b", "access_key": "key", "secret_key": SECRET}
    chosen = {
        "live": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "live")},
        },
        "copy": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "copy")},
        },
        "bucket": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": s3},
        "box": {
            "BACKEND": "storages.backends.dropbox.DropboxStorage",
            "OPTIONS": {"oauth2_access_token": SECRET},
        },
    }
    with override_settings(STORAGES=chosen):
        yield chosen


def message(*jobs: Job, to: str = "copy", **settings: Any) -> Any:
    """As it arrives."""
    transfer = Transfer(place_of("live"), place_of(to), Settings(**settings))
    return json.loads(json.dumps(Batch.of(transfer, jobs).as_json()))


def test_what_travels_is_small_and_secret_free(two: Any) -> None:
    jobs = [Job("a.txt", size=0), Job("b.txt", size=7, replaces=True, modified=1.5)]
    sent = message(*jobs, to="bucket:d")
    assert sent["transfer"]["target"] == "bucket:d"
    assert sent["jobs"]["0"] == {"name": "a.txt", "size": 0}
    assert list(Batch.from_json(sent).jobs.values()) == jobs
    assert SECRET not in json.dumps([sent, message(Job("a"), to="box")])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"release": "0.1"}, "install the same version everywhere, and restart the workers"),
        ({"marks": ["", "0123"]}, "give the workers the same settings as the command"),
        (
            {"transfer": {"source": "gone", "target": "copy", "settings": {}}},
            "STORAGES has no 'gone'",
        ),
    ],
)
def test_a_worker_that_is_not_like_the_command_refuses(
    two: Any, changed: Mapping[str, Any], told: str
) -> None:
    answer = Answer(**carry_out(message(Job("a.txt")) | changed, worker="w@here"))
    assert answer.refused.startswith("Worker w@here: ")
    assert told in answer.refused
    assert answer.done == {}


def test_an_answer_of_another_release_is_understood() -> None:
    assert Answer.from_json({"refused": "no", "told_since": 2}) == Answer(refused="no")


def test_an_alias_for_another_bucket_is_refused(two: Any) -> None:
    sent = message(Job("a.txt"), to="bucket:d")
    two["bucket"]["OPTIONS"]["bucket_name"] = "other"
    with override_settings(STORAGES=dict(two)):
        assert "another place" in carry_out(sent)["refused"]


def test_a_worker_whose_settings_are_wrong_refuses(two: Any) -> None:
    two["bucket"]["OPTIONS"]["no_such_option"] = 1
    sent = message(Job("a")) | {"transfer": {"source": "bucket", "target": "copy", "settings": {}}}
    with override_settings(STORAGES=dict(two)):
        assert "no_such_option" in carry_out(sent)["refused"]


def save(alias: str, name: str, content: bytes) -> None:
    storages[alias].save(name, ContentFile(content))


def content(alias: str, name: str) -> bytes:
    with storages[alias].open(name) as file:
        return bytes(file.read())


def test_an_attempt_goes_on_where_another_one_broke_off(two: Any) -> None:
    for name in "ab":
        save("live", name, b"1")
    told: list[dict[str, Any]] = []
    earlier = Answer(beat=3, done={"0": {"action": "copied", "size": 1}}).as_json()
    last = carry_out(message(Job("a"), Job("b")), earlier=earlier, tell=told.append)
    assert last["is_complete"]
    assert last["done"] == {number: {"action": "copied", "size": 1} for number in "01"}
    assert not storages["copy"].exists("a")
    assert (told[0]["attempt"], told[0]["beat"], list(told[0]["done"])) == (2, 4, ["0"])


def test_a_batch_that_ends_each_worker_is_given_up(two: Any) -> None:
    save("live", "a", b"1")
    done = {"0": {"action": "copied", "size": 1}}
    earlier = Answer(attempt=ATTEMPTS, done=done).as_json()
    last = Answer(**carry_out(message(Job("a"), Job("b")), earlier=earlier))
    assert last.done["0"] == done["0"]
    assert last.done["1"]["action"] == "failed"
    assert "3 workers were lost while they copied it" in last.done["1"]["error"]
    assert not storages["copy"].exists("b")


def test_a_second_attempt_keeps_the_backup_of_the_first(two: Any) -> None:
    save("live", "a", b"new")
    save("copy", "a", b"old")
    sent = message(Job("a", size=3, replaces=True), backup_dir="kept")
    for again in (False, True):
        assert carry_out(sent, again=again)["done"]["0"]["action"] == "copied"
    assert (content("copy", "a"), content("copy", "kept/a")) == (b"new", b"old")


def test_a_second_attempt_at_a_move_finds_it_done(two: Any) -> None:
    save("live", "a", b"1")
    sent = message(Job("a", size=1), move=True)
    for again in (False, True):
        assert carry_out(sent, again=again)["done"]["0"] == {"action": "copied", "size": 1}
    assert not storages["live"].exists("a")
    assert content("copy", "a") == b"1"


def test_a_second_attempt_that_may_not_replace_knows_its_copy(two: Any) -> None:
    for name in "ab":
        save("live", name, b"1")
    save("copy", "a", b"1")
    save("copy", "b", b"2")
    last = carry_out(message(Job("a"), Job("b"), overwrite=False), again=True)
    assert [last["done"][number]["action"] for number in "01"] == ["copied", "skipped"]
    assert content("copy", "b") == b"2"
