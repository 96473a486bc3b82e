"""A certificate authority of one day, and the certificate of a server that it vouches for."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .wire import HOST

DAY = timedelta(days=1)


def certify(folder: Path, *hosts: str) -> tuple[Path, Path, Path]:
    """Files of the authority, of the certificate for 127.0.0.1 and these hosts, and of its key.

    A host is a name or an address.
    """
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = _name("storehouse tests")
    root = _builder(name, name, authority.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    root = root.add_extension(_signs_certificates(), critical=True)
    names = [_host(host) for host in dict.fromkeys((HOST, "localhost", *hosts))]
    leaf = _builder(_name(HOST), name, key.public_key())
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    # Since Python 3.13 a certificate has to say whose key has signed it.
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    leaf = leaf.add_extension(signer, critical=False)
    pem = serialization.Encoding.PEM
    files = folder / "authority.pem", folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(pem))
    files[1].write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[2].write_bytes(key.private_bytes(pem, pkcs8, plain))
    return files


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    identity = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(identity, critical=False)
    )
