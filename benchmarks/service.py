"""The fake S3 as a process of its own, over HTTPS, and what it is filled with."""

import datetime
import http.client
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

MIB = 1024 * 1024
BUCKET = "bench"
ARCHIVE = "archive.zip"
MEMBER, MEMBER_SIZE = "reports/summary.txt", 100_000  # of the archive; bytes
BULK = 512 * MIB  # bytes in the archive, beside that member and its directory
PART = 8 * MIB  # bytes in each of the archive's other members


class Service:
    """A running fasts3; its temporary directory holds the certificate and the archive."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-")
        self.folder = Path(self._folder.name)
        self.certificate = self.folder / "certificate.pem"
        self.archive = self.folder / ARCHIVE

    def __enter__(self) -> "Service":
        key = self.folder / "key.pem"
        make_certificate(self.certificate, key)
        program = Path(__file__).with_name("fasts3.py")
        command: list[str | Path] = [
            sys.executable,
            program,
            "--cert",
            self.certificate,
            "--key",
            key,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._folder.cleanup()
            raise SystemExit("The server did not start; is uvloop installed?")
        ports = json.loads(line)
        self.port: int = ports["port"]
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
        """Steer the server (see fasts3.py); the counters."""
        found = self._request("POST", f"/_ctl/{action}?{urlencode(query)}")
        counters: dict[str, int] = json.loads(found)
        return counters

    def fill(self) -> None:
        """Put the archive and the directories to list into the bucket."""
        make_archive(self.archive)
        with self.archive.open("rb") as content:
            self._request("PUT", f"/{BUCKET}/{ARCHIVE}", content)
        for prefix, count in (("ten-thousand/", 10_000), ("thousand/", 1_000), ("ten/", 10)):
            self.control("fill", bucket=BUCKET, prefix=prefix, count=count, size=100)

    def _request(self, method: str, target: str, body: object = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, blocksize=MIB)
        try:
            headers = {"content-length": str(self.archive.stat().st_size)} if body else {}
            connection.request(method, target, body, headers)  # type: ignore[arg-type]
            return connection.getresponse().read()
        finally:
            connection.close()


def make_archive(path: Path) -> None:
    """A zip of 64 stored members of 8 MiB, with one small compressed member in their middle."""
    block = os.urandom(MIB) * (PART // MIB)
    text = b"".join(b"%06d: a line of a report\n" % i for i in range(MEMBER_SIZE))[:MEMBER_SIZE]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(BULK // PART):
            if number == BULK // PART // 2:
                archive.writestr(MEMBER, text, zipfile.ZIP_DEFLATED)
            archive.writestr(f"media/{number:03d}.bin", block)


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
