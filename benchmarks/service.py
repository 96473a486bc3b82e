"""A fake service as a process of its own, over HTTPS, and what it is filled with."""

import datetime
import http.client
import ipaddress
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from kinds import BUCKET, MIB, Kind

ARCHIVE, SHORT = "archive.zip", "short.bin"
MEMBER, MEMBER_SIZE = "reports/summary.txt", 100_000  # of the archive; bytes
PART = 8 * MIB  # bytes in each of the archive's other members
MEDIA, MEDIA_SIZE = "media", 20_000  # the directory of files to move; bytes of each
PER_FOLDER = 100
LISTED = {  # directories of so many files
    "ten-thousand": 10_000,
    "thousand": 1_000,
    "hundred": 100,
    "ten": 10,
}

# glibc's: memory once touched stays with the process, so that large bodies go into it at once.
TUNED = {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776"}


class Service:
    """A running fake; its temporary directory holds the certificate, a key, and the archive."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.title = kind, kind.title
        self.port = 0
        self.endpoint: str = ""
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-")
        self.folder = Path(self._folder.name)
        self.certificate: Path = self.folder / "certificate.pem"
        self.archive, self.short = self.folder / ARCHIVE, self.folder / SHORT
        self.media = self.folder / MEDIA
        self.signing_key = self.folder / "signing-key.pem"

    def __enter__(self) -> "Service":
        key = self.folder / "key.pem"
        make_certificate(self.certificate, key)
        if self.kind.signs_with_rsa:
            make_signing_key(self.signing_key)
        command = [
            sys.executable,
            "-m",
            "fake",
            self.kind.dialect,
            "--warm",
            str(3 * self.kind.bulk),
        ]
        self.process = subprocess.Popen(
            [*command, "--cert", self.certificate, "--key", key],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
            env={**os.environ, **TUNED},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._folder.cleanup()
            raise SystemExit("The server did not start.")
        ports = json.loads(line)
        self.port = ports["port"]
        self.endpoint = f"https://127.0.0.1:{ports['tls_port']}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.communicate()
        self._folder.cleanup()

    def control(self, action: str = "", /, **query: Any) -> dict[str, int]:
        """Steer the server (see fake/__init__.py); the counters."""
        found = self._request("POST", f"/_ctl/{action}?{urlencode(query)}")
        counters: dict[str, int] = json.loads(found)
        return counters

    def fill(self) -> None:
        """Put the archive and the directories to list into the bucket."""
        make_archive(self.archive, self.kind.bulk)
        make_short(self.short, self.archive, self.kind)
        files = [self.archive, self.short]
        if self.kind.stocked:
            files += make_media(self.media, self.kind.files)
        for file in files:
            query = urlencode({"bucket": BUCKET, "key": file.relative_to(self.folder).as_posix()})
            self._request("PUT", f"/_ctl/put?{query}", file)
        for folder, count in LISTED.items():
            self.control("fill", bucket=BUCKET, prefix=f"{folder}/", count=count, size=100)

    def _request(self, method: str, target: str, file: Path | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, blocksize=MIB)
        with ExitStack() as stack:
            stack.callback(connection.close)
            body = stack.enter_context(file.open("rb")) if file else None
            headers = {"content-length": str(file.stat().st_size)} if file else {}
            connection.request(method, target, body, headers)
            return connection.getresponse().read()


def make_archive(path: Path, bulk: int) -> None:
    """A zip of stored members of 8 MiB, `bulk` in all, one small amid them."""
    block = os.urandom(MIB) * (PART // MIB)
    text = b"".join(b"%06d: a line of a report\n" % i for i in range(MEMBER_SIZE))[:MEMBER_SIZE]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(bulk // PART):
            if number == bulk // PART // 2:
                archive.writestr(MEMBER, text, zipfile.ZIP_DEFLATED)
            archive.writestr(f"media/{number:03d}.bin", block)


def make_short(path: Path, archive: Path, kind: Kind) -> None:
    """The beginning of the archive, for a side that is slow; empty where none is."""
    with archive.open("rb") as content:
        path.write_bytes(content.read(max(kind.slow_peer.values(), default=0)))


def make_media(folder: Path, count: int) -> list[Path]:
    """Files of 20 KB that are the same each time, and all different."""
    chance = random.Random(1)
    made = [folder / f"{number // PER_FOLDER:02d}/{number:05d}.jpg" for number in range(count)]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(MEDIA_SIZE))
    return made


def make_certificate(path: Path, key_path: Path) -> None:
    """A self-signed certificate for 127.0.0.1, which is its own CA."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.SubjectAlternativeName([address]), False),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(key, hashes.SHA256())
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))


def make_signing_key(path: Path) -> None:
    """An RSA key as those of service accounts."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
