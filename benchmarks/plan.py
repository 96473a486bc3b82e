"""What is measured, with which server, and what has to come out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service import MEMBER, MEMBER_SIZE, MIB

BULK_TARGET_MEMORY = 96 * MIB
PACED = {"latency_ms": 20, "conn_mb_s": 40}  # a far service: 20 ms, 40 MB/s for a connection


@dataclass(frozen=True)
class Task:
    """A workload for both sides: the server's knobs, and what the workload is told."""

    name: str
    workload: str
    knobs: Mapping[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    times: int = 1  # in a round


def tasks(*, quick: bool) -> list[Task]:
    """In the order in which a round runs them."""
    small, slow, urls, pairs, colds = (60, 12, 800, 4, 2) if quick else (240, 30, 4000, 10, 4)
    turns, slow_turns = (4, 2) if quick else (12, 6)
    paced_size = (64 if quick else 128) * MIB  # written part by part, 128 MiB can take 4 s
    member = {"member": MEMBER, "member_size": MEMBER_SIZE}
    return [
        Task("small", "small", {}, {"count": small, "turns": turns}),
        Task("small-20ms", "small", {"latency_ms": 20}, {"count": slow, "turns": slow_turns}),
        Task("url", "url", {}, {"count": urls, "turns": turns}),
        Task("cold", "cold", times=colds),
        Task("threads", "threads", {"latency_ms": 20}, {"count": pairs}),
        Task("upload", "upload"),
        Task("write", "write", {}, {"size": 512 * MIB}),
        Task("download", "download"),
        Task("upload-paced", "upload", PACED),
        Task("write-paced", "write", PACED, {"size": paced_size}),
        Task("download-paced", "download", PACED),
        Task("zip", "member", {"latency_ms": 20}, member),
        Task("listing", "listing"),
    ]


@dataclass(frozen=True)
class Target:
    """A limit on ours / peer, or (`absolute`) on ours alone."""

    text: str
    met: Callable[[float], bool]
    absolute: bool = False


def at_most(limit: float) -> Target:
    shown = f"{limit:g}" if limit >= 0.3 else f"1/{1 / limit:g}"
    return Target(f"≤ {shown}", lambda value: value <= limit)


def at_least(limit: float) -> Target:
    return Target(f"≥ {limit:g}", lambda value: value >= limit)


def below_bytes(limit: int) -> Target:
    return Target(f"≤ {limit // MIB} MiB", lambda value: value <= limit, absolute=True)


@dataclass(frozen=True)
class Row:
    """One line of the verdict: a metric of a sample of a task; the peer's may be another sample."""

    title: str
    task: str
    sample: str
    metric: str = "cpu"
    target: Target | None = None
    peer_sample: str = ""


SMALL = (
    ("save", "save 10 KiB", at_most(0.4)),
    ("read", "open + read 10 KiB", at_most(0.3)),
    ("exists", "exists", at_most(1.05)),
    ("size", "size", at_most(0.7)),
    ("modified", "get_modified_time", at_most(0.7)),
    ("delete", "delete", at_most(0.7)),
)

LARGE = (
    ("upload", "save 512 MiB", at_least(1)),
    ("write", 'open("wb") 512 MiB', at_least(1)),
    ("download", "open + read 512 MiB", at_least(1.5)),
)

ROWS = [
    *(Row(title, "small", sample, target=target) for sample, title, target in SMALL),
    *(
        Row(f"{title}, 20 ms", "small-20ms", sample, target=target)
        for sample, title, target in SMALL
    ),
    Row("url(), signed", "url", "signed", target=at_most(1 / 12)),
    Row("url(), unsigned", "url", "unsigned", target=at_most(1 / 20)),
    Row("url(), custom domain", "url", "custom domain"),
    Row("cold start: import + first save", "cold", "cold", target=at_most(0.85)),
    Row("16 threads, 20 ms: memory", "threads", "pair", "memory", at_most(1 / 4)),
    Row("16 threads, 20 ms: connections", "threads", "pair", "connections"),
    Row("16 threads, 20 ms: save + read", "threads", "pair"),
    Row("16 threads, 20 ms: pairs per second", "threads", "pair", "rate"),
    *(Row(f"{title}: speed", task, "large", "speed", target) for task, title, target in LARGE),
    *(Row(title, task, "large") for task, title, _ in LARGE),
    *(
        Row(f"{title}: memory", task, "large", "memory", below_bytes(BULK_TARGET_MEMORY))
        for task, title, _ in LARGE
    ),
    Row(f"{LARGE[2][1]}: first byte", "download", "large", "first_byte", at_most(1 / 20)),
    Row("save 512 MiB, paced: speed", "upload-paced", "large", "speed", at_least(1)),
    Row('open("wb"), paced: speed', "write-paced", "large", "speed", at_least(1)),
    Row("open + read 512 MiB, paced: speed", "download-paced", "large", "speed", at_least(1.5)),
    Row(
        "open + read 512 MiB, paced: first byte",
        "download-paced",
        "large",
        "first_byte",
        at_most(1 / 20),
    ),
    Row("zip member of 512 MiB, 20 ms: wall", "zip", "member", "wall"),
    Row("zip member: received", "zip", "member", "received", below_bytes(MIB)),
    Row("zip member: requests", "zip", "member", "requests"),
    Row("zip member: memory", "zip", "member", "memory"),
    Row("listdir of 10,000", "listing", "listdir"),
    Row("sizes of 1,000: listdir() + size()", "listing", "sizes"),
    Row("sizes of 1,000: scan(), peer as above", "listing", "scan", peer_sample="sizes"),
]

TITLES = {  # of tasks, for the table of everything measured
    "small": "10 KiB",
    "small-20ms": "10 KiB, 20 ms",
    "url": "url()",
    "cold": "cold start",
    "threads": "16 threads, 20 ms",
    "upload": "save 512 MiB",
    "write": 'open("wb") 512 MiB',
    "download": "open + read 512 MiB",
    "upload-paced": "save 512 MiB, paced",
    "write-paced": 'open("wb"), paced',
    "download-paced": "open + read 512 MiB, paced",
    "zip": "zip member of 512 MiB, 20 ms",
    "listing": "listing",
}
