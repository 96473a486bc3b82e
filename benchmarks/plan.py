"""What is measured, with which server, and the rows in which it is shown."""

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


@dataclass(frozen=True)
class Row:
    """One line of the verdict: a metric of a sample of a task; the peer's may be another sample."""

    title: str  # {bulk} stands for the size of the large file, {files} for how many are collected
    task: str
    sample: str
    metric: str = "cpu"
    peer_sample: str = ""


def sized(title: str, kind: Kind, task: str = "") -> str:
    """The title; with what the peer gets instead of the large file, where that is told."""
    part = kind.slow_peer.get(task)
    less = f"; peer: {part // MIB} MiB" if part else ""
    if kind.peer_files and task in SCALED:
        less = f"; peer: scaled from {kind.peer_files:,}"
    return title.format(bulk=f"{kind.bulk // MIB} MiB", files=f"{kind.files:,}") + less


SMALL = {
    "save": "save 10 KiB",
    "read": "open + read 10 KiB",
    "exists": "exists",
    "size": "size",
    "modified": "get_modified_time",
    "delete": "delete",
}

LARGE = {
    "upload": "save {bulk}",
    "write": 'open("wb") {bulk}',
    "download": "open + read {bulk}",
    "stor": "STOR {bulk}",
    "retr": "RETR {bulk}",
}

COMMANDS = {  # of FTP
    "STOR": "STOR 10 KiB",
    "RETR": "RETR 10 KiB",
    "SIZE": "SIZE",
    "MDTM": "MDTM",
    "DELE": "DELE",
    "LIST": "LIST of 10 files",
}

LISTINGS = {
    "list-100": "LIST of 100 files",
    "mlsd-100": "MLSD of 100 files",
    "list": "LIST of 1,000 files",
    "mlsd": "MLSD of 1,000 files",
}

COSTS = ((": wall", "wall"), (": requests", "requests"), ("", "cpu"))

COLLECTIONS = {  # of static files: the sides' tasks
    f"{form}-{peer}{pace}": f"{name}, {form}, {{files}} files, {delay} ms"
    for pace, delay in (("", 20), (NEAR, 0))
    for form in FORMS
    for peer, name in PEERS.items()
}

SCALED = {task for task in COLLECTIONS if "-django" in task}  # where the peer has fewer files

RUNS = {"first": "first run", "unchanged": "unchanged", "fresh": "fresh checkout"}

ROWS = [
    *(Row(title, "small", sample) for sample, title in SMALL.items()),
    *(Row(f"{title}, 20 ms", "small-20ms", sample) for sample, title in SMALL.items()),
    *(
        Row(f"{title}, round trip of 20 ms: wall", "small-rtt", sample, "wall")
        for sample, title in SMALL.items()
    ),
    *(Row(f"{title}: requests", "small", sample, "requests") for sample, title in SMALL.items()),
    *(
        Row(f"{each}: requests", "budgets", each, "requests")
        for each in ("save 8 MiB", "save 256 KiB", "read 256 KiB")
    ),
    Row("url(), signed", "url", "signed"),
    Row("one RSA signature alone", "url", "RSA alone"),
    Row("url(), unsigned", "url", "unsigned"),
    Row("url(), custom domain", "url", "custom domain"),
    Row("url() of a file", "link", "link"),
    Row("url() of a file: requests", "link", "link", "requests"),
    Row("cold start: import + first save", "cold", "cold"),
    Row("16 threads, 20 ms: memory", "threads", "pair", "memory"),
    Row("16 threads, 20 ms: connections", "threads", "pair", "connections"),
    Row("16 threads, 20 ms: save + read", "threads", "pair"),
    Row("16 threads, 20 ms: pairs per second", "threads", "pair", "rate"),
    Row("8 threads saving 1 MB, round trip of 20 ms: pace of one", "saving", "eight", "gain"),
    *(Row(f"{title}: speed", task, "large", "speed") for task, title in LARGE.items()),
    *(Row(title, task, "large") for task, title in LARGE.items()),
    *(Row(f"{title}: memory", task, "large", "memory") for task, title in LARGE.items()),
    Row("open + read {bulk}: first byte", "download", "large", "first_byte"),
    Row("RETR {bulk}: first byte", "retr", "large", "first_byte"),
    Row("save {bulk}, paced: speed", "upload-paced", "large", "speed"),
    Row('open("wb"), paced: speed', "write-paced", "large", "speed"),
    Row("open + read {bulk}, paced: speed", "download-paced", "large", "speed"),
    Row("open + read {bulk}, paced: first byte", "download-paced", "large", "first_byte"),
    Row("zip member of {bulk}, 20 ms: wall", "zip", "member", "wall"),
    Row("zip member: received", "zip", "member", "received"),
    Row("zip member: requests", "zip", "member", "requests"),
    Row("zip member: memory", "zip", "member", "memory"),
    Row("listdir of 10,000", "listing", "listdir"),
    Row("sizes of 1,000: listdir() + size()", "listing", "sizes"),
    Row("sizes of 1,000: scan(), peer as above", "listing", "scan", peer_sample="sizes"),
    *(
        Row(f"sizes of 10,000 (peer: from a sample){of}", "listing", "all sizes", metric)
        for of, metric in (("", "cpu"), (": wall", "wall"), (": requests", "requests"))
    ),
    *(
        Row(f"{title}{of}", "commands", command, metric)
        for of, metric in COSTS
        for command, title in COMMANDS.items()
    ),
    *(
        Row(f"{title}{of}", task, title[:4], metric)
        for task, title in LISTINGS.items()
        for of, metric in COSTS
    ),
    Row("8 clients: STOR, LIST, RETR, DELE: commands per second", "clients", "command", "rate"),
    Row("8 clients: CPU of a command", "clients", "command"),
    Row("8 clients: memory", "clients", "command", "memory"),
    *(
        Row(f"{title}, {run}{of}", task, sample, metric)
        for task, title in COLLECTIONS.items()
        for sample, run in RUNS.items()
        for of, metric in (
            (": wall", "wall"),
            (": requests", "requests"),
            (": beside the listings", "beside_listings"),
            (": CPU", "cpu"),
            (": memory", "memory"),
        )
        if metric != "beside_listings" or (task.startswith("plain") and sample != "first")
    ),
]

TITLES = {  # of tasks, for the table of everything measured
    "small": "10 KiB",
    "small-20ms": "10 KiB, 20 ms",
    "small-rtt": "10 KiB, round trip of 20 ms",
    "budgets": "budgets",
    "url": "url()",
    "link": "url() of a file",
    "cold": "cold start",
    "threads": "16 threads, 20 ms",
    "saving": "1 MB, round trip of 20 ms",
    "upload": "save {bulk}",
    "write": 'open("wb") {bulk}',
    "download": "open + read {bulk}",
    "upload-paced": "save {bulk}, paced",
    "write-paced": 'open("wb"), paced',
    "download-paced": "open + read {bulk}, paced",
    "zip": "zip member of {bulk}, 20 ms",
    "listing": "listing",
    "commands": "10 KiB",
    "clients": "8 clients",
    **LISTINGS,
    **COLLECTIONS,
    **{task: LARGE[task] for task in ("stor", "retr")},
}
