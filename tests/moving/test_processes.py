"""`manage.py storages` in a process of its own: pipes, terminals, interruptions, memory."""

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from storages import bulk
from tests.aliases import CLASSES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manage(tmp_path):
    """Starts `manage.py storages` in a process of its own."""

    def start(storages, *arguments, **more):
        settings = {"SECRET_KEY": "x", "INSTALLED_APPS": ["storages"], "STORAGES": storages}
        lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
        (tmp_path / "site_settings.py").write_text("".join(lines))
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "site_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "src")]),
            "PYTHONIOENCODING": "utf-8",
        }
        command = [sys.executable, "-m", "django", "storages", *arguments]
        return subprocess.Popen(command, env=env, cwd=tmp_path, **more)

    return start


def test_a_reader_that_leaves(manage, config):
    media = config("files")
    folder = Path(media["OPTIONS"]["location"])
    folder.mkdir()
    for number in range(3000):
        (folder / f"a-file-with-quite-a-long-name-{number}").touch()
    for arguments in (["ls", "live:"], ["ls", "-lR", "live:"]):
        process = manage(
            {"live": media}, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(60) == 1


def test_cat_writes_bytes(manage, config):
    media = config("files")
    content = os.urandom(700_000)
    folder = Path(media["OPTIONS"]["location"])
    folder.mkdir()
    (folder / "a.bin").write_bytes(content)
    with manage({"live": media}, "cat", "live:a.bin", stdout=subprocess.PIPE) as process:
        assert process.stdout.read() == content
    assert process.returncode == 0


def test_a_terminal(manage, config):
    media = config("files")
    folder = Path(media["OPTIONS"]["location"])
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    main, other = pty.openpty()
    process = manage(
        {"live": media, "copy": config("files")}, "sync", "live:", "copy:", stdout=other
    )
    os.close(other)
    seen = b""
    while True:
        try:
            chunk = os.read(main, 4096)
        except OSError:  # the process has ended
            break
        if not chunk:
            break
        seen += chunk
    os.close(main)
    assert process.wait(60) == 0
    assert b"\r[####" in seen
    assert seen.endswith(b"seconds.\r\n")


@pytest.mark.parametrize("way", ["up", "down"])
def test_an_interrupted_run_leaves_nothing_half_done(
    manage, config, moto, moto_bucket, fault_proxy, way
):
    proxy = fault_proxy(moto, rtt=0.02)
    location = "there"
    remote = config("s3") | {"OPTIONS": moto.options(moto_bucket, via=proxy, location=location)}
    files = config("files")
    folder = Path(files["OPTIONS"]["location"])
    content = os.urandom(20 << 20)
    names = {"big.bin": content} | {f"{number}.bin": content[:300_000] for number in range(60)}
    folder.mkdir()
    direct = {"BACKEND": CLASSES["s3"], "OPTIONS": moto.options(moto_bucket, location=location)}
    for name, data in names.items():
        (folder / name).write_bytes(data)
    if way == "down":
        assert bulk.sync(f"{folder}/", made(direct)).counts["copied"] == len(names)
        files = config("files")
        folder = Path(files["OPTIONS"]["location"])
    begun = threading.Event()

    def look(request):
        if "partNumber=2" in request or (request.startswith("GET") and "/big.bin" in request):
            begun.set()

    proxy.listeners.add(look)
    places = ("files:", "s3:") if way == "up" else ("s3:", "files:")
    process = manage(
        {"files": files, "s3": remote},
        "sync",
        *places,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert begun.wait(120)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, (out, err)
    assert err == "Interrupted: what was being sent has been given up.\n"
    if way == "up":
        client = moto.client()
        assert "Uploads" not in client.list_multipart_uploads(Bucket=moto_bucket)
        stored = {entry.name: entry.size for entry in made(direct).scan()}
    else:
        stored = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert stored.items() <= {name: len(data) for name, data in names.items()}.items()


def made(entry):
    return import_string(entry["BACKEND"])(**entry["OPTIONS"])
