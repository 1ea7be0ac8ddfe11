"""A private CA and a server certificate for loopback, made once and kept in a directory."""

import ipaddress
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from intune_scep.simulator.errors import SimulatorError

CA_FILE = "ca.pem"
_CERTIFICATE_FILE = "server.pem"
_KEY_FILE = "server.key"
_LIFETIME = timedelta(days=90)


def ensure_certificate(directory: Path, names: Iterable[str] = ()) -> tuple[Path, Path]:
    """The server certificate and key in `directory`, made with their CA (`ca.pem`) if missing.

    Args:
        directory: Where they are kept.
        names: DNS names and addresses the certificate must have besides loopback's.

    Raises:
        SimulatorError: The directory cannot be written, or a name is no DNS name.
    """
    files = directory / _CERTIFICATE_FILE, directory / _KEY_FILE
    wanted = {"localhost", "127.0.0.1", "::1", *names}
    complete = all(each.is_file() for each in (*files, directory / CA_FILE))
    if complete and _is_current(files[0], wanted):
        return files
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(directory, wanted)
    except ValueError as error:
        raise SimulatorError(f"No certificate can be made for these names: {error}.") from error
    except OSError as error:
        raise SimulatorError(
            f"Cannot write certificates to {directory}: {error.strerror}."
        ) from error
    return files


def _is_current(certificate: Path, wanted: Collection[str]) -> bool:
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    if not set(wanted) <= {*names.get_values_for_type(x509.DNSName), *addresses}:
        return False
    return loaded.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)


def _make(directory: Path, names: Iterable[str]) -> None:
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = _name("Simulator CA")
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in sorted(names)])
    server = (
        _builder(_name("localhost"), ca_name, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    # The CA's key is not kept: nothing else can ever be signed with it.
    _write(directory / CA_FILE, ca.public_bytes(Encoding.PEM))
    _write(directory / _CERTIFICATE_FILE, server.public_bytes(Encoding.PEM))
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(directory / _KEY_FILE, key)


def _alternative(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
