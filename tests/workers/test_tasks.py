"""Django's tasks as executor: the backend that works at once, and real workers over a database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from storages import bulk
from storages.moving import machines
from tests.servers.workers import TaskWorker
from tests.workers.conftest import PATIENCE, Site, kill_family, wait_for

MODULE = "django.tasks" if find_spec("django.tasks") else "django_tasks"

pytestmark = pytest.mark.skipif(not find_spec(MODULE), reason="this Django has no tasks")


@pytest.fixture(autouse=True)
def chosen() -> Iterator[None]:
    backends = f"{MODULE}.backends"
    tasks = {
        "default": {"BACKEND": f"{backends}.immediate.ImmediateBackend", "QUEUES": ["b", "a"]},
        "dummy": {"BACKEND": f"{backends}.dummy.DummyBackend"},
    }
    with override_settings(TASKS=tasks):
        yield


def test_tasks_that_are_done_at_once(site: Site, capsys: Any) -> None:
    site.fill("a.txt", "b.txt", "broken.txt", "c.txt")
    with pytest.raises(CommandError):
        call_command("storages", "sync", "live", "copy", "--executor=tasks", "--batch-files=2")
    told = capsys.readouterr()
    assert "3 files copied, 1 failed" in told.out
    assert told.err == "broken.txt: broken.txt cannot be read.\n"
    assert site.copied() == ["a.txt", "b.txt", "c.txt"]


def test_a_backend_of_this_name_is_preferred(site: Site) -> None:
    site.fill("a.txt")
    immediate = {"BACKEND": f"{MODULE}.backends.immediate.ImmediateBackend"}
    tasks = {"default": {"BACKEND": f"{MODULE}.backends.dummy.DummyBackend"}, "storages": immediate}
    with override_settings(TASKS=tasks):
        assert bulk.sync("live", "copy", executor=machines.tasks()).counts == {"copied": 1}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--task-backend", "gone"], "TASKS has no 'gone', it has default, dummy."),
        (["--queue", "c"], "The task backend 'default' has no queue 'c', it has a, b."),
        (["--task-backend", "dummy"], "DummyBackend, does not tell what has come of a task"),
    ],
)
def test_what_is_wrong_is_said(site: Site, options: list[str], told: str) -> None:
    site.fill("a.txt")
    with pytest.raises(CommandError) as caught:
        call_command("storages", "sync", "live", "copy", "--executor", "tasks", *options)
    assert told in str(caught.value)
    assert site.copied() == []


@pytest.fixture
def project(site: Site, tmp_path: Path) -> dict[str, Any]:
    """Settings of a project whose tasks are in a database."""
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "tasks.sqlite3"),
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
    }
    settings = {
        "STORAGES": site.storages,
        "INSTALLED_APPS": ["storages", "django_tasks_db"],
        "TASKS": {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
        "DATABASES": {"default": database},
    }
    with manage(settings, "migrate") as command:
        assert command.wait(PATIENCE) == 0
    return settings


@pytest.mark.variant
def test_workers_over_a_database(
    site: Site, start: Any, project: dict[str, Any], tmp_path: Path
) -> None:
    names = [f"{number}.txt" for number in range(60)]
    site.fill(*names, "broken.txt")
    for _ in range(2):
        start(TaskWorker, **project)
    report = tmp_path / "report.jsonl"
    options = ["--executor", "tasks", "--batch-files", "5", "--report", str(report)]
    with manage(project, "storages", "sync", "live", "copy", *options) as command:
        out, err = command.communicate(timeout=PATIENCE)
    assert "60 files copied, 1 failed" in out
    assert command.returncode == 1
    assert err.startswith("broken.txt: broken.txt cannot be read.\n")
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert sorted(line["name"] for line in lines) == sorted([*names, "broken.txt"])
    assert site.copied() == sorted(names)
    assert set(site.opened().values()) == {1}


@pytest.mark.variant
def test_a_worker_over_a_database_is_lost(site: Site, start: Any, project: dict[str, Any]) -> None:
    """Nobody delivers its task again but the run itself."""
    site.fill("a.txt", "held.txt")
    workers = [start(TaskWorker, **project) for _ in range(2)]
    options = ["--executor", "tasks", "--lease", "5"]
    with manage(project, "storages", "sync", "live", "copy", *options) as command:
        wait_for(lambda: site.opened()["held.txt"])
        kill_family(site.reader("held.txt"), workers)
        site.open_gate()
        out, err = command.communicate(timeout=PATIENCE)
    assert (command.returncode, err) == (0, "")
    assert "2 files copied" in out
    assert site.copied() == ["a.txt", "held.txt"]


def manage(project: dict[str, Any], *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "django", *command],
        env={**os.environ, **TaskWorker(**project).environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
