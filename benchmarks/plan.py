"""What is measured: the tasks of each service, and what their servers and workloads are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kinds import KINDS, MIB, Kind
from service import LISTED, MEMBER, MEMBER_SIZE

PACED = {"latency_ms": 20, "conn_mb_s": 40}  # a far service: 20 ms, 40 MB/s for a connection


@dataclass(frozen=True)
class Task:
    """A workload for both sides: the server's knobs, and what the workload is told."""

    name: str
    workload: str
    knobs: Mapping[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    times: int = 1  # in a round
    slow: bool = False  # left out of a quick run that does not name it
    once: bool = False  # in the first round only: it takes minutes
    alone: bool = False  # of ours: the peer cannot, or there is nothing to compare


def tasks(kind: Kind, *, quick: bool) -> list[Task]:
    """A service's, in the order in which a round runs them."""
    found = {
        "objects": lambda: object_tasks(quick=quick),
        "files": lambda: file_tasks(kind.large_times, quick=quick),
        "account": lambda: account_tasks(quick=quick),
        "ftpserver": lambda: ftpserver_tasks(quick=quick),
        "static": lambda: static_tasks(kind),
        "moving": lambda: moving_tasks(kind),
    }[kind.suite or kind.stores]()
    other = "link" if kind.urls else "url"
    return [
        replace(task, alone=task.alone or task.name in kind.alone)
        for task in found
        if task.name != other
    ]


def task_names() -> list[str]:
    """Every service's."""
    return list(
        dict.fromkeys(task.name for kind in KINDS.values() for task in tasks(kind, quick=False))
    )


def object_tasks(*, quick: bool) -> list[Task]:
    small, slow, urls, pairs, colds = (60, 12, 400, 4, 2) if quick else (240, 30, 2000, 10, 4)
    turns, slow_turns = (4, 2) if quick else (12, 6)
    paced_size = 128 * MIB  # enough, where it is written part by part
    member = {"member": MEMBER, "member_size": MEMBER_SIZE}
    return [
        Task("small", "small", {}, {"count": small, "turns": turns}),
        Task("small-20ms", "small", {"latency_ms": 20}, {"count": slow, "turns": slow_turns}),
        Task("budgets", "budgets", {}, {"count": 4 if quick else 8}),
        Task("url", "url", {}, {"count": urls, "turns": turns}),
        Task("link", "link", {}, {"count": small, "turns": turns}),
        Task("cold", "cold", times=colds),
        Task("threads", "threads", {"latency_ms": 20}, {"count": pairs}),
        Task("upload", "upload"),
        Task("write", "write"),
        Task("download", "download"),
        Task("upload-paced", "upload", PACED, slow=True),
        Task("write-paced", "write", PACED, {"size": paced_size}, slow=True),
        Task("download-paced", "download", PACED, slow=True),
        Task("zip", "member", {"latency_ms": 20}, member),
        Task("listing", "listing", {}, {"turns": 1 if quick else 2}),
    ]


def file_tasks(large_times: int, *, quick: bool) -> list[Task]:
    small, slow, urls, colds, saves = (60, 8, 400, 2, 3) if quick else (240, 20, 2000, 4, 8)
    turns, slow_turns = (4, 2) if quick else (12, 5)
    member = {"member": MEMBER, "member_size": MEMBER_SIZE}
    return [
        Task("small", "small", {}, {"count": small, "turns": turns}),
        Task("small-rtt", "small", {"latency_ms": 20}, {"count": slow, "turns": slow_turns}),
        Task("url", "url", {}, {"count": urls, "turns": turns}),
        Task("cold", "cold", times=colds),
        Task("saving", "saving", {"latency_ms": 20}, {"count": saves}, alone=True),
        Task("upload", "upload", times=large_times),
        Task("write", "write", times=large_times, alone=True),
        Task("download", "download", times=large_times),
        Task("zip", "member", {"latency_ms": 20}, member, alone=True),
        Task("listing", "sizes", {}, {"sample": 20 if quick else 50}),
    ]


def account_tasks(*, quick: bool) -> list[Task]:
    small, slow, pairs, colds, saves = (60, 8, 4, 2, 3) if quick else (240, 20, 10, 4, 8)
    turns, slow_turns = (4, 2) if quick else (12, 5)
    late, member = {"latency_ms": 20}, {"member": MEMBER, "member_size": MEMBER_SIZE}
    return [
        Task("small", "small", {}, {"count": small, "turns": turns}),
        Task("small-rtt", "small", late, {"count": slow, "turns": slow_turns}),
        Task("budgets", "budgets", {}, {"count": 4 if quick else 8}),
        Task("link", "link", {}, {"count": small, "turns": turns}),
        Task("cold", "cold", times=colds),
        Task("threads", "threads", late, {"count": pairs}),
        Task("saving", "saving", late, {"count": saves}, alone=True),
        Task("upload", "upload", times=3),
        Task("write", "write", times=3),
        Task("download", "download", times=3),
        Task("zip", "member", late, member),
        Task("listing", "sizes", {}, {"sample": 20 if quick else 50}),
    ]


def ftpserver_tasks(*, quick: bool) -> list[Task]:
    count, turns, commands, times = (8, 2, 3, 1) if quick else (24, 6, 10, 2)
    late = {"latency_ms": 20}
    hundred, thousand = (
        {"directory": name, "count": LISTED[name]} for name in ("hundred", "thousand")
    )
    return [
        Task("commands", "commands", late, {"count": count, "turns": turns}),
        Task("clients", "clients", late, {"count": commands}),
        Task("cold", "cold", late, times=times),
        Task("list-100", "listing", late, {"command": "LIST", **hundred}),
        Task("mlsd-100", "listing", late, {"command": "MLSD", **hundred}),
        Task("list", "listing", late, {"command": "LIST", **thousand}, slow=True, once=True),
        Task("mlsd", "listing", late, {"command": "MLSD", **thousand}, slow=True, once=True),
        Task("stor", "upload", late),
        Task("retr", "download", late),
    ]


FORMS = {"plain": "S3StaticStorage", "manifest": "S3ManifestStaticStorage"}
PEERS = {"django": "django-storages", "fasta": "collectfasta"}  # what the peer collects with
NEAR = "-0ms"


def static_tasks(kind: Kind) -> list[Task]:
    """Against each peer, and ours anew, so that the two of a row share their conditions."""
    return [
        Task(
            f"{form}-{peer}{pace}",
            "collect",
            {} if pace else {"latency_ms": 20},
            {
                "backend": f"storages.backends.s3.{storage}",
                "manifest": form == "manifest",
                "peer_apps": ["collectfasta"] if peer == "fasta" else [],
                "files": kind.files,
                "peer_files": kind.peer_files if peer == "django" else 0,
            },
            slow=bool(pace),
            once=peer == "django",
        )
        for pace in ("", NEAR)
        for form, storage in FORMS.items()
        for peer in PEERS
    ]


WAYS = ("up", "down", "copy", "delete")
MOVERS = ("loop", "aws", "rclone")  # what the peer moves with; the first is django-storages
DELAYS = {"": 20, "-5ms": 5, "-50ms": 50}  # of the server, by what a task is called with it
LISTED_EACH = 100_000  # files on each side of a comparison


def moving_tasks(kind: Kind) -> list[Task]:
    """Against each mover, and ours anew, as with static files."""
    tasks = [
        Task(
            f"{way}-{mover}{pace}",
            "move",
            {"latency_ms": delay},
            {
                "way": way,
                "mover": mover,
                "files": kind.files,
                "peer_files": kind.peer_files if mover == "loop" else 0,
                "as_command": mover != "loop" and not pace,
            },
            slow=bool(pace),
            once=bool(pace) or mover == "loop",
        )
        for pace, delay in DELAYS.items()
        for way in WAYS
        for mover in MOVERS
        if mover == "loop" or not (way == "delete" and pace)
    ]
    listed = {"files": LISTED_EACH}
    return [*tasks, Task("compare", "compare", {"latency_ms": 20}, listed, alone=True)]
