"""What has to come out of the measurements: limits, by task, sample and metric."""

from collections.abc import Callable
from dataclasses import dataclass

from kinds import MIB, Kind
from rows import COLLECTIONS, COMMANDS, LARGE, LISTINGS, RUNS, SMALL, Row

BULK_TARGET_MEMORY = 96 * MIB
STATIC_TARGET_MEMORY = 95 * MIB  # 100 MB
COMPARING_TARGET_MEMORY = 143 * MIB  # 150 MB


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


def at_least_times(limit: float) -> Target:
    return Target(f"≥ {limit:g} x", lambda value: value >= limit, absolute=True)


def at_most_seconds(limit: float) -> Target:
    return Target(f"≤ {limit:g} s", lambda value: value <= limit, absolute=True)


def requests(limit: int) -> Target:
    return Target(f"≤ {limit}", lambda value: value <= limit, absolute=True)


Targets = dict[tuple[str, str, str], Target]


def small_targets(save: float, read: float, other: float, *tasks: str) -> Targets:
    """CPU of the small operations, in those tasks; `other` are those that ask about a file."""
    limits = {**dict.fromkeys(SMALL, other), "save": save, "read": read}
    return {(task, each, "cpu"): at_most(limits[each]) for task in tasks for each in SMALL}


def speed_targets(upload: float, download: float, paced: str = "") -> Targets:
    limits = {"upload": upload, "write": upload, "download": download}
    return {(task + paced, "large", "speed"): at_least(limit) for task, limit in limits.items()}


LARGE_MEMORY: Targets = {
    (task, "large", "memory"): below_bytes(BULK_TARGET_MEMORY) for task in LARGE
}

OBJECTS: Targets = {
    **{("small", sample, "requests"): requests(1) for sample in SMALL},
    ("budgets", "save 8 MiB", "requests"): requests(1),
    ("budgets", "save 256 KiB", "requests"): requests(1),
    ("budgets", "read 256 KiB", "requests"): requests(1),
    **LARGE_MEMORY,
    ("download", "large", "first_byte"): at_most(1 / 20),
    ("download-paced", "large", "first_byte"): at_most(1 / 20),
    ("zip", "member", "received"): below_bytes(MIB),
}

FILES: Targets = {
    **LARGE_MEMORY,
    ("upload", "large", "speed"): at_least(1),
    ("saving", "eight", "gain"): at_least_times(4),
}

REMOTE: Targets = {
    **LARGE_MEMORY,
    **{("small", each, "requests"): requests(1) for each in SMALL},
    ("budgets", "save 8 MiB", "requests"): requests(1),
    ("budgets", "save 256 KiB", "requests"): requests(1),
    ("budgets", "read 256 KiB", "requests"): requests(1),
    ("link", "link", "requests"): requests(1),
    ("upload", "large", "speed"): at_least(1),
    ("download", "large", "speed"): at_least(1),
    ("download", "large", "first_byte"): at_most(1 / 5),
}

TARGETS: dict[str, Targets] = {
    "s3": {
        **OBJECTS,
        **small_targets(0.4, 0.3, 0.7, "small", "small-20ms"),
        ("small", "exists", "cpu"): at_most(1.05),
        ("small-20ms", "exists", "cpu"): at_most(1.05),
        ("url", "signed", "cpu"): at_most(1 / 12),
        ("url", "unsigned", "cpu"): at_most(1 / 20),
        ("cold", "cold", "cpu"): at_most(0.85),
        ("threads", "pair", "memory"): at_most(1 / 4),
        **speed_targets(upload=1, download=1.5),
        **speed_targets(upload=1, download=1.5, paced="-paced"),
    },
    "gcs": {
        **OBJECTS,
        **small_targets(0.7, 0.6, 1.05, "small"),
        ("url", "signed", "cpu"): at_most(1),
        **speed_targets(upload=1, download=1),
        # A resumable upload is one connection, whose pace is the same for both.
        **speed_targets(upload=0.95, download=1, paced="-paced"),
    },
    "azure": {
        **OBJECTS,
        **small_targets(1.05, 1.05, 1.05, "small"),
        ("url", "signed", "cpu"): at_most(1 / 12),
        **speed_targets(upload=1, download=1),
        **speed_targets(upload=1, download=1, paced="-paced"),
    },
    "sftp": {
        **FILES,
        ("download", "large", "speed"): at_least(8),
        # 100 names come in an answer; some more answers are asked for before the end is known.
        ("listing", "all sizes", "requests"): requests(128),
    },
    "ftp": {
        **FILES,
        ("download", "large", "speed"): at_least(1.5),
        ("download", "large", "first_byte"): at_most(1 / 20),
        ("listing", "all sizes", "requests"): requests(3),
    },
    "dropbox": {
        **REMOTE,
        ("small", "delete", "requests"): requests(2),
        ("zip", "member", "received"): below_bytes(MIB),
        # A page has 2,000 entries at most.
        ("listing", "all sizes", "requests"): requests(6),
    },
    "libcloud": {
        **REMOTE,
        ("link", "link", "requests"): requests(0),
        ("zip", "member", "received"): below_bytes(MIB),
        # A page has 1,000 objects.
        ("listing", "listdir", "requests"): requests(11),
        ("download-paced", "large", "speed"): at_least(1),
        ("download-paced", "large", "first_byte"): at_most(1 / 5),
    },
    "ftpserver": {
        **LARGE_MEMORY,
        **{
            (task, title[:4], metric): at_most(1 / 50)
            for task, title in LISTINGS.items()
            for metric in ("wall", "requests")
        },
        **{("commands", each, "requests"): requests(1) for each in COMMANDS},
        ("commands", "DELE", "requests"): requests(2),  # whether there is such a file, first
        ("stor", "large", "speed"): at_least(1),
        ("retr", "large", "speed"): at_least(1),
        ("clients", "command", "rate"): at_least(4),
    },
    "static": {
        **{
            (task, run, "memory"): below_bytes(STATIC_TARGET_MEMORY)
            for task in COLLECTIONS
            for run in RUNS
        },
        **{(task, "first", "cpu"): at_most(1 / 4) for task in COLLECTIONS},
        ("plain-django", "first", "wall"): at_most(1 / 25),
        ("plain-fasta", "first", "wall"): at_most(1 / 7),
        ("manifest-django", "first", "wall"): at_most(1 / 40),
        ("manifest-fasta", "first", "wall"): at_most(1 / 7),
        ("manifest-fasta", "unchanged", "wall"): at_most(1 / 2),
        **{
            ("plain-fasta", run, metric): target
            for run in ("unchanged", "fresh")
            for metric, target in (("wall", at_most(1)), ("beside_listings", requests(2)))
        },
    },
    "moving": {
        **{
            (task, "files", "rate"): at_least(limit)
            for task, limit in {
                "up-loop": 12,
                "up-aws": 2.5,
                "up-rclone": 1.2,
                "down-loop": 30,
                "copy-loop": 40,
                "copy-aws": 1.5,
                "copy-rclone": 1.5,
                "delete-loop": 500,
            }.items()
        },
        ("compare", "side", "cpu"): at_most_seconds(10),
        ("compare", "side", "memory"): below_bytes(COMPARING_TARGET_MEMORY),
    },
}


def target_of(row: Row, kind: Kind) -> Target | None:
    if kind.is_quick and row.metric in ("wall", "rate"):
        return None
    return TARGETS[kind.name].get((row.task, row.sample, row.metric))
