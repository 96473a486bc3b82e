"""One workload in a process of its own: `python workloads.py JOB`, with either package installed.

JOB is JSON: the workload's name, the storage's OPTIONS, the server's control port, and what the
workload needs. It works when a line comes in, and gives the turn back at the points that its
workload chooses (see Meter). The result is one line of JSON: a sample for each thing measured, or
{"problem": "..."}.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from meter import Meter, Sample, wait_for_turn

KIB, MIB = 1024, 1024 * 1024
SMALL = b"0123456789abcdef" * (10 * KIB // 16)

Job = dict[str, Any]
Samples = dict[str, Sample]


def set_up_django() -> None:
    import django
    from django.conf import settings

    settings.configure(SECRET_KEY="benchmark", USE_TZ=True)
    django.setup()


def new_storage(job: Job, **options: Any) -> Any:
    from storages.backends.s3 import S3Storage

    return S3Storage(**{**job["options"], **options})


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
    for operation in operations.values():
        operation(f"{job['folder']}/first.bin")
    samples = {
        label: meter.each(operation, names, job["turns"]) for label, operation in operations.items()
    }
    check(storage.exists(names[0]), False)
    return {**samples, "process": meter.process()}


def url(job: Job, meter: Meter) -> Samples:
    """A URL for each of many names, made without the server."""
    samples: Samples = {}
    for label, options, factor in (
        ("signed", {}, 1),
        ("unsigned", {"querystring_auth": False}, 2),
        ("custom domain", {"custom_domain": "cdn.example.com", "querystring_auth": False}, 20),
    ):
        storage = new_storage(job, **options)
        check("Signature=" in storage.url("photos/first.jpg"), label == "signed")
        names = [f"photos/2024/{number:06d}.jpg" for number in range(job["count"] * factor)]
        samples[label] = meter.each(storage.url, names, job["turns"])
    return samples


def cold(job: Job, meter: Meter) -> Samples:
    """Import, construct, save once, in a process that has Django set up and nothing else."""
    wall, cpu = time.perf_counter(), time.process_time()
    new_storage(job).save("cold/first.bin", content())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cold": {"cpu": cpu, "wall": wall, **meter.process()}}


def threads(job: Job, meter: Meter) -> Samples:
    """16 threads share one storage; each saves a file and reads it back, again and again."""
    storage, pairs, count = new_storage(job), job["count"], 16
    meeting = threading.Barrier(count + 1)

    def work(folder: str) -> None:
        try:
            save_and_read(storage, f"{folder}/first.bin")
            meeting.wait()  # all are warm
            meeting.wait()  # and measured from here
            for number in range(pairs):
                save_and_read(storage, f"{folder}/{number}.bin")
            meeting.wait()
        except BaseException:
            meeting.abort()
            raise

    folders = [f"{job['folder']}/{thread}" for thread in range(count)]
    workers = [threading.Thread(target=work, args=(folder,)) for folder in folders]
    for worker in workers:
        worker.start()
    meeting.wait()
    with meter.section(pairs * count) as sample:
        meeting.wait()
        meeting.wait()
    for worker in workers:
        worker.join()
    return {"pair": {**sample, **meter.process()}}


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
    storage.size("ten/" + storage.listdir("ten")[1][0])
    samples["listdir"] = meter.each(
        lambda name: check(len(storage.listdir(name)[1]), 10_000), ["ten-thousand"] * 3, turns=3
    )
    meter.next_turn()
    with meter.section() as samples["sizes"]:
        names = storage.listdir("thousand")[1]
        check(sum(storage.size(f"thousand/{name}") for name in names), 100_000)
    if hasattr(storage, "scan"):
        list(storage.scan("ten"))
        meter.next_turn()
        with meter.section() as samples["scan"]:
            check(sum(entry.size for entry in storage.scan("thousand")), 100_000)
    return {**samples, "process": meter.process()}


WORKLOADS = {
    call.__name__: call
    for call in (small, url, cold, threads, upload, write, download, member, listing)
}


def main() -> None:
    before = wait_for_turn()
    job = json.loads(sys.argv[1])
    set_up_django()
    try:
        samples = WORKLOADS[job["workload"]](job, Meter(job["control_port"], before))
    except Exception as problem:
        print(json.dumps({"problem": repr(problem)}))
        raise
    print(json.dumps(samples))


if __name__ == "__main__":
    main()
