"""altSecurityIdentities values against the published examples."""

import hashlib

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.certificates import AltSecurityForm, inspect_certificate


def values(der, form):
    identities = inspect_certificate(der).alt_security_identities
    return [identity.value for identity in identities if identity.form is form]


def distinguished_name(*parts):
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), text) for oid, text in parts])


def test_the_example_of_kb5014754(mint):
    der = mint(serial=0x2B0000000011AC0000000012)
    assert values(der, AltSecurityForm.ISSUER_SERIAL_NUMBER) == [
        "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B"
    ]


def test_the_example_of_the_federal_piv_guide(mint):
    # "46a65d49" is the reverse of 495da646; the order is the certificate's own.
    issuer = distinguished_name(
        ("2.5.4.6", "US"),
        ("2.5.4.10", "U.S. Government"),
        ("2.5.4.11", "Certification Authorities"),
        ("2.5.4.11", "Government Demonstration CA"),
    )
    der = mint(issuer=issuer, serial=0x495DA646)
    [value] = values(der, AltSecurityForm.ISSUER_SERIAL_NUMBER)
    assert (
        value.casefold()
        == (
            "X509:<I>C=US,O=U.S. Government,OU=Certification Authorities,"
            "OU=Government Demonstration CA<SR>46a65d49"
        ).casefold()
    )


def test_the_multi_valued_subject_of_the_federal_piv_guide(mint):
    parts = [("2.5.4.3", "JANE DOE"), ("0.9.2342.19200300.100.1.1", "47001003151020")]
    rdn = x509.RelativeDistinguishedName(
        [x509.NameAttribute(x509.ObjectIdentifier(oid), text) for oid, text in parts]
    )
    der = mint(subject=x509.Name([rdn]))
    assert values(der, AltSecurityForm.SUBJECT_ONLY) == [
        "X509:<S>CN=JANE DOE OID.0.9.2342.19200300.100.1.1=47001003151020"
    ]


def test_the_keys_are_those_of_windows(mint):
    issuer = distinguished_name(
        (NameOID.STATE_OR_PROVINCE_NAME.dotted_string, "Hessen"),
        (NameOID.EMAIL_ADDRESS.dotted_string, "ca@contoso.com"),
    )
    [value] = values(mint(issuer=issuer, serial=1), AltSecurityForm.ISSUER_SERIAL_NUMBER)
    assert value == "X509:<I>S=Hessen,E=ca@contoso.com<SR>01"


def test_a_name_that_needs_quotes_says_that_it_is_uncertain(mint):
    issuer = distinguished_name(("2.5.4.10", 'Contoso, "Inc"'))
    identity = inspect_certificate(mint(issuer=issuer, serial=1)).alt_security_identities[0]
    assert identity.value == 'X509:<I>O="Contoso, ""Inc"""<SR>01'
    assert any("quotes" in note for note in identity.notes)


def test_ski_is_taken_from_the_certificate_or_left_out(mint):
    ski = x509.SubjectKeyIdentifier(bytes.fromhex("ddde2ca4b86db8a908b95c6cbcc8bb1ac7a09a41"))
    assert values(mint(extensions=[ski]), AltSecurityForm.SKI) == [
        "X509:<SKI>ddde2ca4b86db8a908b95c6cbcc8bb1ac7a09a41"
    ]
    assert values(mint(), AltSecurityForm.SKI) == []


def test_both_readings_of_sha1_pukey_are_given_and_marked(mint, private_key):
    der = mint()
    identities = [
        identity
        for identity in inspect_certificate(der).alt_security_identities
        if identity.form is AltSecurityForm.SHA1_PUBLIC_KEY
    ]
    key_hash = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()).digest.hex()
    assert [identity.value for identity in identities] == [
        f"X509:<SHA1-PUKEY>{hashlib.sha1(der).hexdigest()}",
        f"X509:<SHA1-PUKEY>{key_hash}",
    ]
    assert all(any("disagree" in note for note in identity.notes) for identity in identities)


def test_weak_forms_are_marked_weak_and_come_last(mint):
    der = mint(sans=[x509.RFC822Name("ann@contoso.com")])
    identities = inspect_certificate(der).alt_security_identities
    weak = [identity for identity in identities if not identity.strong]
    assert [identity.value for identity in weak] == [
        "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<S>O=Contoso,CN=Ann",
        "X509:<S>O=Contoso,CN=Ann",
        "X509:<RFC822>ann@contoso.com",
    ]
    assert [identity.strong for identity in identities] == sorted(
        (identity.strong for identity in identities), reverse=True
    )
    assert all("Weak" in identity.notes[0] for identity in weak)


@pytest.mark.parametrize(
    ("serial", "reversed_hex"),
    [(1, "01"), (0x0102, "0201"), (0x80, "8000"), (0xABCDEF, "EFCDAB00")],
)
def test_the_bytes_are_those_of_the_der_integer(mint, serial, reversed_hex):
    [value] = values(mint(serial=serial), AltSecurityForm.ISSUER_SERIAL_NUMBER)
    assert value.partition("<SR>")[2] == reversed_hex


@given(st.integers(1, 2**159 - 1))
def test_reversing_the_bytes_again_gives_the_serial_number(mint, serial):
    [value] = values(mint(serial=serial), AltSecurityForm.ISSUER_SERIAL_NUMBER)
    assert int.from_bytes(bytes.fromhex(value.partition("<SR>")[2]), "little") == serial
