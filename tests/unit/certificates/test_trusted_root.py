"""What may be delivered as a trusted root."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.certificates import load_trusted_root
from intune_scep.errors import TrustedRootRefusedError

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def refusal(data, **options):
    with pytest.raises(TrustedRootRefusedError) as caught:
        load_trusted_root(data, now=NOW, **options)
    return str(caught.value)


def test_pem_and_der_give_the_same_der(root):
    for data in (root, pem(root), b"Contoso Root CA\r\n" + pem(root).replace(b"\n", b"\r\n")):
        loaded = load_trusted_root(data, now=NOW)
        assert loaded.der == root
        assert loaded.facts.is_ca is True


def test_an_intermediate_ca_is_accepted(mint):
    assert load_trusted_root(mint(ca=True), now=NOW).facts.self_signed is False


def test_a_leaf_is_refused_and_named(mint):
    for der in (mint(), mint(ca=False)):
        message = refusal(pem(der))
        facts = load_trusted_root(mint(ca=True), now=NOW).facts
        assert "CA flag is not set" in message
        assert "CN=Ann,O=Contoso" in message
        assert facts.issuer in message
        assert "valid from 2026-01-01 00:00 UTC to 2027-01-01 12:30 UTC" in message
        assert message.count("SHA-") == 2


def test_an_expired_root_is_refused_unless_allowed(mint):
    der = mint(self_signed=True, ca=True, not_after=datetime(2026, 5, 31, tzinfo=UTC))
    message = refusal(der)
    assert "has expired" in message
    assert "CN=CONTOSO-DC-CA" in message
    assert load_trusted_root(der, now=NOW, allow_expired=True).der == der


def test_a_bundle_is_refused_and_its_certificates_named(mint, root):
    other = mint(ca=True)
    certificates = [x509.load_der_x509_certificate(der) for der in (root, other)]
    for data in (pem(root) + pem(other), pkcs7.serialize_certificates(certificates, Encoding.DER)):
        message = refusal(data)
        assert "bundle of 2 certificates" in message
        assert "CN=Ann,O=Contoso" in message


def test_private_keys_are_refused_without_being_shown(root, private_key):
    key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data in (key, pem(root) + key, key + pem(root)):
        message = refusal(data)
        assert "private key" in message
        assert key.split(b"\n")[1].decode() not in message


def test_pkcs12_and_garbage_are_refused(root, private_key):
    certificate = x509.load_der_x509_certificate(root)
    container = pkcs12.serialize_key_and_certificates(
        b"root", private_key, certificate, None, NoEncryption()
    )
    assert "PKCS#12" in refusal(container)
    assert "empty" in refusal(b"")
    assert "neither PEM" in refusal(b"\x00\x01")
    assert "neither PEM" in refusal(root[:-1])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_one_message(data):
    assert "\n" not in refusal(data)
