"""The rows in which the measurements are shown."""

from dataclasses import dataclass

from kinds import MIB, Kind
from plan import DELAYS, FORMS, LISTED_EACH, MOVERS, NEAR, PEERS, WAYS


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

MOVES = {  # the sides' tasks
    f"{way}-{mover}{pace}": f"{title}, {delay} ms, {name}"
    for pace, delay in DELAYS.items()
    for way, title in zip(
        WAYS, ("disk to S3", "S3 to disk", "bucket to bucket", "delete"), strict=True
    )
    for mover, name in zip(MOVERS, ("django-storages", "aws", "rclone"), strict=True)
}

COMPARISON = f"{LISTED_EACH:,} files compared with as many"

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
    *(Row(f"{title}: files/s", task, "files", "rate") for task, title in MOVES.items()),
    *(
        Row(f"{title}: files/s, as a command", task, "command", "rate", peer_sample="files")
        for task, title in MOVES.items()
        if task.endswith(MOVERS[1:])
    ),
    *(
        Row(f"{title}: {of}", task, "files", metric)
        for task, title in MOVES.items()
        if task.endswith(MOVERS)
        for of, metric in (
            ("requests per file", "requests"),
            ("CPU per file", "cpu"),
            ("memory", "memory"),
        )
    ),
    Row(f"{COMPARISON}, 20 ms: CPU per side", "compare", "side"),
    Row(f"{COMPARISON}, 20 ms: requests per side", "compare", "side", "requests"),
    Row(f"{COMPARISON}, 20 ms: memory", "compare", "side", "memory"),
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
    **MOVES,
    "compare": f"{COMPARISON}, 20 ms",
    **{task: LARGE[task] for task in ("stor", "retr")},
}
