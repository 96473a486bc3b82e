"""One workload in a process of its own: `python workloads.py JOB`, with either package installed.

JOB is JSON: the workload's name, the storage's OPTIONS, the server's control port, and what the
workload needs. It works when a line comes in, and gives the turn back at the points that its
workload chooses (see Meter). The result is one line of JSON: a sample for each thing measured, or
{"problem": "..."}.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from meter import Meter, Sample, wait_for_turn

KIB, MIB = 1024, 1024 * 1024
SMALL = b"0123456789abcdef" * (10 * KIB // 16)

Job = dict[str, Any]
Samples = dict[str, Sample]


def set_up_django(job: Job) -> None:
    import django
    from django.conf import settings

    settings.configure(SECRET_KEY="benchmark", USE_TZ=True, **job["settings"])
    django.setup()


def new_storage(job: Job, **options: Any) -> Any:
    from importlib import import_module

    if job["signing_key"]:
        options["credentials"] = google_credentials(job)
    if job["registers_driver"]:
        from libcloud_driver import register

        register()
    module, _, name = job["backend"].rpartition(".")
    return getattr(import_module(module), name)(**{**job["options"], **options})


def google_credentials(job: Job) -> Any:
    from gcs_credentials import KeyCredentials

    return KeyCredentials(Path(job["signing_key"]))


def content(data: bytes = SMALL) -> Any:
    from django.core.files.base import ContentFile

    return ContentFile(data)


def check(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def read(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        data: bytes = file.read()
    return data


def offered(operation: Callable[[str], object], name: str) -> bool:
    """Do it once; whether the package has it at all."""
    try:
        operation(name)
    except NotImplementedError:
        return False
    return True


def save_and_read(storage: Any, name: str) -> None:
    storage.save(name, content())
    check(read(storage, name), SMALL)


# Each workload sets itself up, does everything once, then measures.


def small(job: Job, meter: Meter) -> Samples:
    """Files of 10 KiB, one operation at a time."""
    storage = new_storage(job)
    operations = {
        "save": lambda name: check(storage.save(name, content()), name),
        "read": lambda name: check(read(storage, name), SMALL),
        "exists": lambda name: check(storage.exists(name), True),
        "size": lambda name: check(storage.size(name), len(SMALL)),
        "modified": lambda name: check(storage.get_modified_time(name).tzinfo is None, False),
        "delete": storage.delete,
    }
    names = [f"{job['folder']}/{number:05d}.bin" for number in range(job["count"])]
    first = f"{job['folder']}/first.bin"
    samples = {
        label: meter.each(operation, names, job["turns"])
        for label, operation in [each for each in operations.items() if offered(each[1], first)]
    }
    check(storage.exists(names[0]), False)
    return {**samples, "process": meter.process()}


def url(job: Job, meter: Meter) -> Samples:
    """A URL for each of many names, made without the server."""
    samples: Samples = {}
    factors = {"signed": 1, "unsigned": 4, "custom domain": 40}
    for label, options in job["urls"].items():
        storage = new_storage(job, **options)
        signed = bool(job["signature"]) and job["signature"] in storage.url("photos/first.jpg")
        check(signed, label == "signed")
        names = [f"photos/2024/{n:06d}.jpg" for n in range(job["count"] * factors[label])]
        samples[label] = meter.each(storage.url, names, job["turns"])
    if job["signing_key"]:
        sign, texts = google_credentials(job).sign_bytes, [SMALL[:640]] * job["count"]
        samples["RSA alone"] = meter.each(sign, texts, job["turns"])
    return samples


def budgets(job: Job, meter: Meter) -> Samples:
    """What should take one request: to save a part, and to read a small file."""
    storage, part, small_file = new_storage(job), SMALL[:KIB] * (8 * KIB), SMALL[:KIB] * 256
    names = [f"{job['folder']}/{number}.bin" for number in range(job["count"])]
    parts = [f"{job['folder']}/{number}-part.bin" for number in range(job["count"])]

    def save(name: str, data: bytes) -> None:
        check(storage.save(name, content(data)), name)

    operations: dict[str, tuple[Callable[[str], None], list[str]]] = {
        "save 8 MiB": (lambda name: save(name, part), parts),
        "save 256 KiB": (lambda name: save(name, small_file), names),
        "read 256 KiB": (lambda name: check(read(storage, name), small_file), names),
    }
    for operation, chosen in operations.values():
        operation(f"{chosen[0]}.first")
    return {label: meter.each(*each, turns=2) for label, each in operations.items()}


def link(job: Job, meter: Meter) -> Samples:
    """A URL for each of some files, which the service may have to be asked for."""
    storage = new_storage(job)
    first, *names = (f"{job['folder']}/{number}.bin" for number in range(job["count"] + 1))
    for name in (first, *names):
        storage.save(name, content())
    check(storage.url(first).startswith("https://"), True)
    return {"link": meter.each(storage.url, names, job["turns"])}


def cold(job: Job, meter: Meter) -> Samples:
    """Import, construct, save once, in a process that has Django set up and nothing else."""
    wall, cpu = time.perf_counter(), time.process_time()
    new_storage(job).save(f"{job['folder']}/first.bin", content())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cold": {"cpu": cpu, "wall": wall, **meter.process()}}


def threads(job: Job, meter: Meter) -> Samples:
    """16 threads share one storage; each saves a file and reads it back, again and again."""
    storage, pairs, count = new_storage(job), job["count"], 16

    def begin(thread: int) -> str:
        save_and_read(storage, f"{job['folder']}/{thread}/first.bin")
        return f"{job['folder']}/{thread}"

    def go_on(folder: str) -> None:
        for number in range(pairs):
            save_and_read(storage, f"{folder}/{number}.bin")

    sample = meter.crowd(count, begin, go_on, operations=pairs * count)
    return {"pair": {**sample, **meter.process()}}


def saving(job: Job, meter: Meter) -> Samples:
    """Files of 1 MB, saved by one thread, and by eight that share its storage."""
    storage, data, turns = new_storage(job), bytes(1_000_000), 3

    def save(folder: str) -> None:
        for number in range(job["count"]):
            storage.save(f"{job['folder']}/{folder}/{number}.bin", content(data))

    walls: dict[int, float] = dict.fromkeys((1, 8), 0)
    with ThreadPoolExecutor(8) as threads:
        for turn in range(-1, turns):  # the first opens the connections
            for count in (8, 1):
                started = time.perf_counter()
                list(threads.map(save, [f"{turn}-{count}-{thread}" for thread in range(count)]))
                walls[count] += (time.perf_counter() - started) / count if turn >= 0 else 0
    files = turns * job["count"]
    return {
        "one": {"wall": walls[1] / files},
        "eight": {"wall": walls[8] / files, "gain": walls[1] / walls[8], **meter.process()},
    }


def upload(job: Job, meter: Meter) -> Samples:
    """save() of a file on disk."""
    from django.core.files import File

    storage, source = new_storage(job), Path(job["file"])
    storage.save("large/first.bin", content())
    with meter.section() as sample, source.open("rb") as file:
        storage.save(f"{job['folder']}/upload.bin", File(file))
    return large(meter, sample, storage.size(f"{job['folder']}/upload.bin"), source.stat().st_size)


def write(job: Job, meter: Meter) -> Samples:
    """open("wb") and writes of 1 MiB."""
    storage, piece = new_storage(job), SMALL[:KIB] * KIB
    storage.save("large/first.bin", content())
    with meter.section() as sample, storage.open(f"{job['folder']}/write.bin", "wb") as file:
        for _ in range(job["size"] // MIB):
            file.write(piece)
    return large(meter, sample, storage.size(f"{job['folder']}/write.bin"), job["size"])


def download(job: Job, meter: Meter) -> Samples:
    """open(), the first byte, then reads of 1 MiB."""
    storage, name = new_storage(job), Path(job["file"]).name
    storage.save("large/first.bin", content())
    check(read(storage, "large/first.bin"), SMALL)
    with meter.section() as sample:
        started = time.perf_counter()
        with storage.open(name) as file:
            got = len(file.read(1))
            first_byte = time.perf_counter() - started
            while piece := file.read(MIB):
                got += len(piece)
    sample["first_byte"] = first_byte
    return large(meter, sample, got, Path(job["file"]).stat().st_size)


def large(meter: Meter, sample: Sample, got: int, wanted: int) -> Samples:
    check(got, wanted)
    sample["speed"] = wanted / sample["wall"]
    return {"large": {**sample, **meter.process()}}


def member(job: Job, meter: Meter) -> Samples:
    """One small member of a large zip archive."""
    from zipfile import ZipFile

    storage, name = new_storage(job), Path(job["file"]).name
    storage.save("large/first.bin", content())
    with meter.section() as sample, storage.open(name) as file, ZipFile(file) as archive:
        data = archive.read(job["member"])
    check(len(data), job["member_size"])
    return {"member": {**sample, **meter.process()}}


def listing(job: Job, meter: Meter) -> Samples:
    """listdir() of 10,000 files; the sizes of 1,000, by name and (where there is one) by scan()."""
    storage = new_storage(job)
    samples: Samples = {}
    storage.size(files_in(storage, "ten")[0])
    samples["listdir"] = meter.each(
        lambda name: check(len(storage.listdir(name)[1]), 10_000),
        ["ten-thousand"] * job["turns"],
        job["turns"],
    )
    meter.next_turn()
    with meter.section() as samples["sizes"]:
        check(sum(map(storage.size, files_in(storage, "thousand"))), 100_000)
    if hasattr(storage, "scan"):
        list(storage.scan("ten"))
        meter.next_turn()
        with meter.section() as samples["scan"]:
            check(sum(entry.size for entry in storage.scan("thousand")), 100_000)
    return {**samples, "process": meter.process()}


def sizes(job: Job, meter: Meter) -> Samples:
    """listdir() of 10,000 files; their sizes by scan(), or by name: then those of a sample."""
    storage, folder, count = new_storage(job), "ten-thousand", 10_000
    storage.size(files_in(storage, "ten")[0])
    samples: Samples = {}
    names = [f"{folder}/{number:06d}.bin" for number in range(count)]
    if job["lists"]:
        meter.next_turn()
        with meter.section() as samples["listdir"]:
            found = files_in(storage, folder)
        check(sorted(found), names)
    meter.next_turn()
    if hasattr(storage, "scan"):
        with meter.section() as every:
            check(sum(entry.size for entry in storage.scan(folder)), count * 100)
    else:
        chosen = names[:: count // job["sample"]]
        with meter.section(len(chosen)) as each:
            check(sum(map(storage.size, chosen)), len(chosen) * 100)
        listed = samples.get("listdir", {})
        every = {name: listed.get(name, 0) + count * cost for name, cost in each.items()}
    return {**samples, "all sizes": every, "process": meter.process()}


def files_in(storage: Any, folder: str) -> list[str]:
    """Their whole names, which is what django-storages lists on Azure."""
    names = storage.listdir(folder)[1]
    return [name if name.startswith(f"{folder}/") else f"{folder}/{name}" for name in names]


WORKLOADS = {
    call.__name__: call
    for call in (
        *(small, budgets, url, link, cold, threads, saving, upload, write, download, member),
        *(listing, sizes),
    )
}


def main(workloads: Mapping[str, Callable[[Job, Meter], Samples]]) -> None:
    before = wait_for_turn()
    job = json.loads(sys.argv[1])
    set_up_django(job)
    try:
        samples = workloads[job["workload"]](job, Meter(job["control_port"], before))
    except Exception as problem:
        print(json.dumps({"problem": repr(problem)}))
        raise
    print(json.dumps(samples))


if __name__ == "__main__":
    main(WORKLOADS)
