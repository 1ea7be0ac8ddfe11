"""Certificates minted for the tests."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Mint = Callable[..., bytes]

_KEY = ec.generate_private_key(ec.SECP256R1())
_CA_KEY = ec.generate_private_key(ec.SECP256R1())


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


CA_NAME = name(
    (NameOID.DOMAIN_COMPONENT, "com"),
    (NameOID.DOMAIN_COMPONENT, "contoso"),
    (NameOID.COMMON_NAME, "CONTOSO-DC-CA"),
)
ANN = name((NameOID.ORGANIZATION_NAME, "Contoso"), (NameOID.COMMON_NAME, "Ann"))


def _mint(
    *,
    subject: x509.Name = ANN,
    issuer: x509.Name = CA_NAME,
    serial: int = 0x2B0000000011AC0000000012,
    sans: Sequence[x509.GeneralName] = (),
    sid_extension: bytes | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
    ca: bool | None = None,
    self_signed: bool = False,
    key: object = _KEY,
    signer: object = None,
    not_before: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    not_after: datetime = datetime(2027, 1, 1, 12, 30, tzinfo=UTC),
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(issuer if self_signed else subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    if sid_extension is not None:
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")
        builder = builder.add_extension(
            x509.UnrecognizedExtension(oid, sid_extension), critical=False
        )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    if ca is not None:
        constraints = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    certificate = builder.sign(signer or (key if self_signed else _CA_KEY), hashes.SHA256())
    return certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def mint() -> Mint:
    return _mint


@pytest.fixture(scope="session")
def root(mint: Mint) -> bytes:
    return mint(self_signed=True, ca=True)


@pytest.fixture(scope="session")
def private_key() -> ec.EllipticCurvePrivateKey:
    return _KEY
