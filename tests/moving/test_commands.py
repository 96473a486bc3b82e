"""`manage.py storages` as people see it: what is printed, where, and with which exit status."""

import argparse
import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from storages import bulk
from storages.commands.running import Running
from storages.management.commands.storages import subcommands
from storages.moving.jobs import Outcome
from storages.moving.summary import Planned, Summary
from storages.testing import MemoryStorage
from tests.aliases import CLASSES, OLD, fill, put, storages_command, tree

ROOT = Path(__file__).resolve().parents[2]


# -- ls, du, cat, url


@pytest.mark.parametrize("kind", ["files", "memory", "django", "s3"])
def test_ls(aliases, kind):
    (storage,) = aliases(live=kind)
    fill(storage, "a.txt", "d/b.txt", "d/e/c.txt")
    assert set(storages_command("ls", "live:").out.split()) == {"a.txt", "d/"}
    assert set(storages_command("ls", "live:d").out.split()) == {"b.txt", "e/"}
    assert set(storages_command("ls", "-R", "live:d/").out.split()) == {"b.txt", "e/c.txt"}
    assert storages_command("ls", "live:d/b.txt").out == "d/b.txt\n"
    line = storages_command("ls", "-l", "live:a.txt").out
    assert line.split()[0:2] == ["5", "B"]
    assert storages_command("ls", "-lb", "live:a.txt").out.split()[0] == "5"
    several = storages_command("ls", "live:d/e", "live:a.txt").out
    assert several == "live:d/e:\nc.txt\nlive:a.txt:\na.txt\n"
    for missing in ("live:none", "live:d/none.txt"):
        ran = storages_command("ls", missing)
        assert (ran.status, missing.partition(":")[2] in ran.err) == (1, True)


def test_times_are_those_of_the_project(aliases, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    (storage,) = aliases(live="files")
    put(storage, "a.txt", b"content", OLD)
    assert "2020-05-17 18:00:15  a.txt" in storages_command("ls", "-l", "live:").out


def test_a_name_cannot_write_over_the_terminal(aliases):
    (storage,) = aliases(live="memory")
    put(storage, "a\x1b[2J\nb\udce4.txt", b"content")
    shown = "a\\x1b[2J\\nb\\udce4.txt"
    assert storages_command("ls", "live:").out == f"{shown}\n"
    assert shown in storages_command("sync", "--dry-run", "live:", "./x").out


def test_du(aliases):
    (storage,) = aliases(live="memory")
    put(storage, "a.txt", b"x" * 10)
    put(storage, "d/b.txt", b"x" * 3000)
    put(storage, "e/f/c.txt", b"x" * 20_000_000)
    told = [line.split() for line in storages_command("du", "live:").out.splitlines()]
    assert told == [
        ["19.1", "MiB", "e"],
        ["2.9", "KiB", "d"],
        ["19.1", "MiB", "3", "files"],
    ]
    deep = storages_command("du", "--depth", "2", "-b", "live:").out
    assert "20000000  e/f\n" in deep
    assert storages_command("du", "--exclude", "e/", "-b", "live:").out.split()[-3:-1] == [
        "3010",
        "2",
    ]
    assert storages_command("du", "live:a.txt").out.split() == ["10", "B", "1", "file"]
    assert storages_command("du", "live:none").status == 1


def test_cat(aliases, config, monkeypatch):
    (storage,) = aliases(live=config("memory", gzip=True))
    put(storage, "a.css", "body {} /* ü */".encode() * 100)
    put(storage, "b.bin", b"\xff\x00\xfe")
    assert storages_command("cat", "live:a.css").out == "body {} /* ü */" * 100
    out = OutputWrapper(io.TextIOWrapper(io.BytesIO(), "ascii"))
    call_command("storages", "cat", "live:b.bin", "live:a.css", stdout=out)
    assert out._out.buffer.getvalue().startswith(b"\xff\x00\xfebody")
    for given, error in {
        "live:": "is a whole storage",
        "live:none": "'none' does not exist",
        "live:../a": "leaves its storage",
    }.items():
        ran = storages_command("cat", given)
        assert (ran.status, error in ran.err) == (1, True)


def test_url(aliases, settings):
    settings.MEDIA_URL = "/media/"
    aliases(live="memory", signed="s3", plain={"BACKEND": "tests.moving.test_commands.Plain"})
    ran = storages_command("url", "live:d/ü.txt", "live:b.txt")
    assert ran.out == "/media/d/%C3%BC.txt\n/media/b.txt\n"
    assert "X-Amz-Expires=60&" in storages_command("url", "--expire", "60", "signed:a.txt").out
    for arguments, error in {
        "plain:a.txt": "The files of plain:a.txt have no addresses.",
        "--expire 60 live:a.txt": "Addresses of live:a.txt do not expire: leave out --expire.",
        "live:": "live: has no address: name a file of a storage.",
        "./a.txt": "./a.txt has no address: name a file of a storage.",
    }.items():
        ran = storages_command("url", *arguments.split())
        assert (ran.status, ran.err) == (1, error)


class Plain(MemoryStorage):
    def url(self, name):
        raise NotImplementedError("subclasses of Storage must provide a url() method")


# -- what a run tells


def test_a_run_that_is_well(aliases):
    source, _ = aliases(live="memory", copy="memory")
    fill(source, "a.txt", "b.txt")
    ran = storages_command("sync", "live:", "copy:")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("2 files copied (2 by the service itself); 10 B in ")
    assert "0 files copied, 2 equal; 0 B in " in storages_command("sync", "live:", "copy:").out
    source.delete("a.txt")
    dry = storages_command("sync", "live:", "copy:", "--delete", "--dry-run").out
    assert dry.startswith(
        "would delete a.txt\n0 files would be copied, 1 equal, 1 would be deleted;"
    )
    assert "1 deleted" in storages_command("sync", "live:", "copy:", "--delete", "-v", "2").out


def failing(storage, monkeypatch, *names):
    original = type(storage)._put

    def put_one(self, key, *args, **more):
        if key in names:
            raise PermissionError(f"{key!r} may not be written.")
        return original(self, key, *args, **more)

    monkeypatch.setattr(type(storage), "_put", put_one)


def test_failures_are_listed_and_reported(aliases, monkeypatch, tmp_path):
    source, target = aliases(live="django", copy="memory")
    fill(source, "a.txt", "ü.txt", "c.txt")
    fill(target, "extra.txt")
    failing(target, monkeypatch, "ü.txt")
    report = tmp_path / "report.jsonl"
    ran = storages_command("sync", "live:", "copy:", "--report", report, "--delete")
    assert ran.status == 1
    assert ran.err.splitlines() == [
        "ü.txt: 'ü.txt' may not be written.",
        "Since something has failed, nothing was deleted: 1 of copy: are not in live:.",
        "Not all of it could be done: see above.",
    ]
    assert "2 files copied, 1 failed" in ran.out
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert sorted(lines, key=lambda line: line["name"]) == [
        {"name": "a.txt", "action": "copied", "size": 5},
        {"name": "c.txt", "action": "copied", "size": 5},
        {
            "name": "ü.txt",
            "action": "failed",
            "size": 0,
            "error": "'ü.txt' may not be written.",
            "kind": "PermissionError",
        },
    ]
    monkeypatch.undo()
    again = storages_command("sync", "live:", "copy:", "--report", report, "--delete")
    assert "1 file copied, 2 equal, 1 deleted" in again.out
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [(line["name"], line["action"]) for line in lines] == [
        ("ü.txt", "copied"),
        ("extra.txt", "deleted"),
    ]


def test_a_report_of_what_would_be(aliases, tmp_path):
    source, _ = aliases(live="memory", copy="memory")
    put(source, "a\udce4.txt", b"content!")
    report = tmp_path / "report.jsonl"
    storages_command("cp", "-r", "live:", "copy:", "--dry-run", "--report", report)
    (line,) = map(json.loads, report.read_text("ascii").splitlines())
    assert line == {"name": "a\udce4.txt", "action": "copied", "size": 8, "dry_run": True}
    ran = storages_command("sync", "live:", "copy:", "--report", tmp_path / "none" / "x")
    assert (ran.status, "The report cannot be written" in ran.err) == (1, True)


def test_many_failures_are_not_all_listed(aliases, monkeypatch):
    source, target = aliases(live="django", copy="memory")
    names = [f"{number}.txt" for number in range(105)]
    fill(source, *names)
    failing(target, monkeypatch, *names)
    ran = storages_command("sync", "live:", "copy:")
    assert len(ran.err.splitlines()) == 102
    assert "... and 5 more failures." in ran.err
    monkeypatch.setattr("storages.moving.summary.KEPT", 3)
    summary = bulk.sync("live:", "copy:")
    assert (len(summary.failures), summary.counts["failed"], summary.ok) == (3, 105, False)
    assert "... and 102 more failures." in storages_command("sync", "live:", "copy:").err


@pytest.mark.parametrize("kind", ["files", "memory"])
def test_a_dry_run_writes_nothing(aliases, kind, tmp_path):
    source, target = aliases(live="memory", copy=kind)
    fill(source, "a.txt", "d/e/b.txt")
    for command in (
        "sync live: copy:",
        "cp -r live: copy:x",
        "mv -r live:d copy:",
        "mv live:a.txt copy:y",
    ):
        ran = storages_command(*command.split(), "--dry-run")
        verb = "move" if command.startswith("mv") else "copy"
        assert (ran.status, f"would {verb} " in ran.out) == (0, True)
        assert storages_command("sync", "live:", f"{tmp_path}/new/x", "--dry-run").status == 0
    assert len(tree(source)) == 2
    assert tree(target) == {}
    assert not (tmp_path / "new").exists()
    if kind == "files":
        assert not os.path.exists(target.path(""))


def test_a_quiet_run_tells_failures_alone(aliases):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt", "d/b.txt")
    fill(target, "d/b.txt/c.txt")
    assert storages_command("sync", "live:", "copy:", "-v", "0").out == ""
    ran = storages_command("cp", "live:d/b.txt", "live:a.txt", "copy:d/", "-v", "0")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("b.txt: ")
    assert storages_command("rm", "copy:a.txt", "-v", "0").out == ""


@pytest.mark.parametrize("command", ["sync", "check"])
@pytest.mark.parametrize("kind", ["files", "sftp"])
def test_a_file_in_the_place_of_the_target(aliases, kind, command):
    source, target = aliases(live="memory", copy=kind)
    fill(source, "a.txt")
    fill(target, "d/b.txt")
    ran = storages_command(command, "live:", "copy:d/b.txt")
    assert ran.status == 1
    assert ran.err == "copy:d/b.txt is a file, and no directory."
    assert tree(target) == {"d/b.txt": b"d/b.txt"}


def test_check(aliases):
    source, target = aliases(live="memory", copy="files")
    fill(source, "a.txt", "b.txt", "c.txt")
    fill(target, "a.txt", "d.txt")
    put(target, "b.txt", b"B.TXT")
    ran = storages_command("check", "live:", "copy:", "--checksum", "--workers", "2")
    assert (ran.status, ran.err) == (1, "live: and copy: are not the same.")
    assert sorted(ran.out.splitlines()[:-1]) == [
        "different: b.txt",
        "missing in source: d.txt",
        "missing in target: c.txt",
    ]
    assert ran.out.splitlines()[-1] == (
        "1 different, 1 equal, 1 missing in source, 1 missing in target."
    )
    only = storages_command(
        "check", "live:", "copy:", "--include", "a.txt", "-v", "2", "--size-only"
    )
    assert (only.status, only.out) == (0, "equal: a.txt\n1 equal.\n")
    assert storages_command("check", "live:", "copy:", "--include", "x").out == (
        "No file on either side.\n"
    )


def test_failures_of_check(aliases, monkeypatch):
    source, target = aliases(live="django", copy="django")
    for storage in (source, target):
        fill(storage, "a.txt")
    original = type(source).open

    def opened(self, name, mode="rb"):
        if self is target and mode == "rb":
            raise RuntimeError("odd")
        return original(self, name, mode)

    monkeypatch.setattr(type(source), "open", opened)
    monkeypatch.setattr("storages.crew.PAUSES", (0, 0))
    ran = storages_command("check", "live:", "copy:", "--checksum")
    assert (ran.status, "a.txt: RuntimeError: odd" in ran.err, ran.out) == (1, True, "1 failed.\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("sync live: copy: --max-delete 3", "--max-delete needs --delete."),
        ("sync live: copy: --delete --max-delete -1", "'-1' is no number from 0 on"),
        ("sync live: copy: --workers 0", "'0' is no number from 1 on"),
        ("sync live: copy: --workers x", "'x' is no number from 1 on"),
        ("sync live: copy: --checksum --size-only", "not allowed with argument"),
        ("sync live:", "required: TARGET"),
        ("sync live: copy: --exclude /", "The pattern '/' matches no file"),
        ("ls wrong:", "ImproperlyConfigured: MemoryStorage has no option 'lokation'."),
    ],
)
def test_mistakes(aliases, settings, arguments, error):
    aliases(live="memory", copy="memory")
    settings.STORAGES = settings.STORAGES | {"wrong": entry("memory", lokation="x")}
    with pytest.raises(CommandError, match=error.replace("(", r"\(")):
        call_command("storages", *arguments.split())


def entry(kind, **options):
    return {"BACKEND": CLASSES[kind], "OPTIONS": options}


def test_no_secret_is_told(aliases, moto):
    options = moto.options("no-such-bucket") | {"secret_key": "TOP-SECRET", "access_key": "AKIA"}
    aliases(live=entry("s3", **options), copy="memory")
    for command in ("ls live:", "sync live: copy:", "cp -r live: copy:", "du live:", "rm live:a"):
        ran = storages_command(*command.split())
        assert ran.status == 1
        assert "no-such-bucket" in ran.err
        assert "TOP-SECRET" not in ran.err + ran.out


# -- progress


class Screen(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stdout, columns="80"):
    """What a run shows after 2 of 4 files and 10 seconds."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("storages.progress.BAR_EVERY", 0)
    monkeypatch.setattr("storages.progress.LINE_EVERY", 0)
    times = iter([100.0, 100.0])
    monkeypatch.setattr("storages.commands.running.time.monotonic", lambda: next(times, 110.0))
    command = type("Any", (), {"stdout": OutputWrapper(stdout), "stderr": OutputWrapper(stdout)})
    summary, planned = Summary(), Planned(files=4, bytes=4_000_000, is_complete=True)
    outcomes = (summary.add(Outcome(name, "copied", 1_000_000)) for name in "ab")
    Running(command, {"verbosity": 1}).show(outcomes, summary, planned)
    return stdout.getvalue()


def test_a_bar_with_rate_and_time_left(monkeypatch):
    text = shown(monkeypatch, Screen())
    assert "2 of 4 files, 1.9 MiB, 195 KiB/s, 0:10 left" in text
    assert "[###############..............." in text
    assert max(map(len, text.replace("\n", "\r").split("\r"))) < 80


def test_a_narrow_terminal(monkeypatch):
    text = shown(monkeypatch, Screen(), columns="40")
    assert max(len(line) for line in text.split("\r")[:-1]) < 40


def test_plain_lines_elsewhere(monkeypatch):
    text = shown(monkeypatch, io.StringIO())
    assert "2 of 4 files, 1.9 MiB, 195 KiB/s, 0:10 left\n" in text
    assert "\r" not in text


# -- from Python


def test_call_command(aliases):
    source, target = aliases(live="memory", copy="memory")
    fill(source, "a.txt")
    out = io.StringIO()
    call_command("storages", "sync", "live:", "copy:", delete=True, verbosity=2, stdout=out)
    assert out.getvalue().startswith("copied a.txt\n1 file copied")
    assert list(tree(target)) == ["a.txt"]
    with pytest.raises(CommandError, match="is a directory: that needs -r"):
        call_command("storages", "cp", "live:", "copy:")


def test_an_interruption_reaches_the_caller(aliases, monkeypatch):
    aliases(live="memory")

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(MemoryStorage, "scandir", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("storages", "ls", "live:")


def test_every_subcommand_says_what_it_does():
    for each in subcommands():
        parser = argparse.ArgumentParser()
        each(None, None, None).add_arguments(parser)
        assert each.help.endswith(".")
        for action in parser._actions:
            assert action.help or action.metavar, f"{each.name}: {action.dest}"
