"""What is read from a certificate, compared with what openssl prints, and hostile input."""

import ipaddress
import json
import random
import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from intune_scep.certificates import SID_TAG, inspect_certificate
from intune_scep.errors import InvalidCertificateError

SID = "S-1-5-21-1-2-3-4"
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def rich(mint):
    """A certificate with about everything in it."""
    sid_value = x509.OtherName(
        x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2.1"), asn1.encode_der(SID.encode())
    )
    return mint(
        subject=x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Müller, Söhne & Co"),
                x509.NameAttribute(NameOID.COMMON_NAME, "Ann"),
            ]
        ),
        serial=0xC4FE,
        sans=[
            x509.DNSName("a.contoso.com"),
            x509.RFC822Name("ann@contoso.com"),
            x509.UniformResourceIdentifier(SID_TAG + SID),
            x509.IPAddress(ipaddress.ip_address("10.0.0.7")),
            x509.OtherName(
                x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"),
                asn1.encode_der("ann@contoso.com"),
            ),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
            x509.OtherName(x509.ObjectIdentifier("1.2.3.5"), b"\x05\x00"),
        ],
        sid_extension=x509.SubjectAlternativeName([sid_value]).public_bytes(),
        extensions=[
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.6")]
            ),
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=True,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            x509.SubjectKeyIdentifier(b"\x0a\x0b\x0c"),
            x509.AuthorityKeyIdentifier(b"\x01\x02", None, None),
        ],
    )


def openssl(der, *options):
    command = [OPENSSL, "x509", "-inform", "DER", "-noout", *options]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()


@needs_openssl
def test_openssl_reads_the_same(rich):
    facts = inspect_certificate(rich)
    assert openssl(rich, "-serial").strip() == f"serial={facts.serial_number}"
    for algorithm in ("sha1", "sha256"):
        printed = openssl(rich, "-fingerprint", f"-{algorithm}").strip().partition("=")[2]
        assert printed.replace(":", "") == getattr(facts, f"{algorithm}_thumbprint")
    dates = openssl(rich, "-dates", "-dateopt", "iso_8601").split("\n")
    assert dates[0] == f"notBefore={facts.not_before:%Y-%m-%d %H:%M:%SZ}"
    assert dates[1] == f"notAfter={facts.not_after:%Y-%m-%d %H:%M:%SZ}"
    for part in ("subject", "issuer"):
        printed = openssl(rich, f"-{part}", "-nameopt", "RFC2253,-esc_msb,utf8").strip()
        assert printed == f"{part}={getattr(facts, part)}"


@needs_openssl
def test_openssl_sees_the_same_sans_purposes_and_keys(rich):
    facts = inspect_certificate(rich)
    names = facts.subject_alternative_names
    text = openssl(rich, "-text", "-certopt", "ext_parse")
    san = re.search(r"Subject Alternative Name: \n\s*(.*)\n", text)[1].split(", ")
    assert [name.removeprefix("DNS:") for name in san if name.startswith("DNS:")] == [*names.dns]
    assert [name.removeprefix("email:") for name in san if name.startswith("email:")] == [
        *names.email
    ]
    assert f"URI:{names.uri[0]}" in text
    assert f"IP Address:{names.ip[0]}" in san
    assert f"Registered ID:{names.registered_id[0]}" in san
    assert "TLS Web Client Authentication, 1.2.3.6" in text
    assert facts.extended_key_usages[0].name == "Client Authentication"
    assert facts.extended_key_usages[1].object_identifier == "1.2.3.6"
    assert "Digital Signature, Key Encipherment" in text
    assert facts.key_usage == ("digital_signature", "key_encipherment")
    assert "Public-Key: (256 bit)" in text
    assert (facts.key_algorithm, facts.key_size) == ("EC secp256r1", 256)
    assert facts.subject_key_identifier == "0A0B0C"
    assert "0A:0B:0C" in text
    assert facts.authority_key_identifier == "0102"


def test_the_sans_are_sorted_by_type(rich):
    names = inspect_certificate(rich).subject_alternative_names
    assert names.upn == ("ann@contoso.com",)
    assert names.uri == (SID_TAG + SID,)
    assert [(name.type_id, name.value_hex) for name in names.other] == [("1.2.3.5", "0500")]


def test_the_facts_are_json_with_times_in_utc(rich):
    parsed = json.loads(json.dumps(inspect_certificate(rich).to_dict()))
    assert parsed["not_after"] == "2027-01-01T12:30:00Z"
    assert parsed["strong_mapping"]["status"] == "mapped"
    assert parsed["sids"][0]["sid"] == SID


def test_ca_and_self_signed(mint, root, private_key):
    assert inspect_certificate(root).is_ca is True
    assert inspect_certificate(root).self_signed is True
    leaf = inspect_certificate(mint())
    assert (leaf.is_ca, leaf.self_signed) == (False, False)


def test_a_forged_self_signature_is_not_self_signed(mint):
    der = bytearray(mint(self_signed=True, ca=True))
    der[-1] ^= 1
    assert inspect_certificate(bytes(der)).self_signed is False


@pytest.mark.parametrize(
    ("make", "algorithm", "size"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), "RSA", 2048),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519", 256),
    ],
)
def test_key_kinds(mint, make, algorithm, size):
    facts = inspect_certificate(mint(key=make()))
    assert (facts.key_algorithm, facts.key_size) == (algorithm, size)


def test_the_last_second_of_9999_means_no_end(mint):
    forever = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert inspect_certificate(mint(not_after=forever)).not_after == forever


def test_a_negative_serial_number_is_reported_not_refused(mint):
    der = mint(serial=0x7F)
    negative = der.replace(b"\x02\x01\x7f", b"\x02\x01\x81", 1)
    assert negative != der
    facts = inspect_certificate(negative)
    assert facts.serial_number == "-7F"
    assert any("not positive" in problem for problem in facts.problems)


def test_an_unknown_kind_of_key_leaves_the_rest_readable(mint):
    der = mint(sans=[x509.UniformResourceIdentifier(SID_TAG + SID)])
    ec_public_key = bytes.fromhex("06072a8648ce3d0201")
    odd = der.replace(ec_public_key, bytes.fromhex("06072a8648ce3d027f"), 1)
    facts = inspect_certificate(odd)
    assert facts.key_algorithm == "1.2.840.10045.2.127"
    assert facts.key_size is None
    assert facts.strong_mapping.sid == SID
    assert any("public key" in problem for problem in facts.problems)


@pytest.mark.parametrize("data", [b"", b"\x30", b"garbage", b"\x30\x80\x00\x00", b"\xff" * 1000])
def test_garbage_is_one_clear_error(data):
    with pytest.raises(InvalidCertificateError, match="not a DER certificate"):
        inspect_certificate(data)


def test_a_truncated_certificate_is_one_clear_error(rich):
    for length in range(0, len(rich), 7):
        with pytest.raises(InvalidCertificateError):
            inspect_certificate(rich[:length])


def mutated(der, chooser):
    """One to six edits at random places: change, delete, insert, cut off."""
    data = bytearray(der)
    for _ in range(chooser.randint(1, 6)):
        place = chooser.randrange(len(data) or 1)
        match chooser.randrange(8):
            case 0:
                del data[place : place + chooser.randint(1, 8)]
            case 1:
                data[place:place] = chooser.randbytes(chooser.randint(1, 4))
            case 2:
                del data[place + 1 :]
            case _:
                data[place : place + 1] = chooser.randbytes(1)
    return bytes(data)


def test_ten_thousand_damaged_certificates_give_facts_or_one_clear_error(rich):
    chooser = random.Random(20250911)
    outcomes = set()
    for _ in range(10_000):
        try:
            facts = inspect_certificate(mutated(rich, chooser))
        except InvalidCertificateError as error:
            assert str(error)
            outcomes.add("refused")
        else:
            json.dumps(facts.to_dict())
            outcomes.add("partly read" if facts.problems else "read")
    assert outcomes == {"refused", "partly read", "read"}


@given(st.data())
@settings(max_examples=300)
def test_one_changed_byte_never_escapes(rich, data):
    place = data.draw(st.integers(0, len(rich) - 1))
    changed = rich[:place] + bytes([data.draw(st.integers(0, 255))]) + rich[place + 1 :]
    try:
        json.dumps(inspect_certificate(changed).to_dict())
    except InvalidCertificateError as error:
        assert str(error)
