"""A root is taken in the same forms at every door, and managed by its bytes."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from intune_scep.certificates import (
    UnreadableCertificate,
    inspect_certificate,
    load_trusted_root,
    read_certificates,
)
from intune_scep.declarations import parse_declaration
from intune_scep.declarations.codecs import to_pem
from intune_scep.declarations.names import der_of
from intune_scep.errors import DeclarationError, TrustedRootRefusedError
from intune_scep.profiles import ProfileKind, parse_profile
from intune_scep.rules import Context, Severity, check
from intune_scep.rules.ca_certificates import read_ca_certificate

from .handmade import (
    CA,
    IA5,
    KEY,
    NOT_CA,
    OTHER_KEY,
    PRINTABLE,
    SEQUENCE,
    T61,
    UTF8,
    VALID,
    certificate,
    common_name,
    extension,
    name,
    tlv,
)
from .words import parser_words

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT = certificate(CA)
OTHER = certificate(CA, serial=b"\x02")


def pem(der, label="CERTIFICATE"):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def as_pkcs7(encoding=Encoding.DER, *ders):
    certificates = [x509.load_der_x509_certificate(der) for der in ders or (ROOT,)]
    return pkcs7.serialize_certificates(certificates, encoding)


def with_open_lengths(bundle):
    """The outermost lengths of a PKCS#7 bundle left open, as BER may."""
    content_type_end = 4 + 11
    inner = bundle[content_type_end + 4 :]
    return b"\x30\x80" + bundle[4:content_type_end] + b"\xa0\x80" + inner + b"\0\0\0\0"


TEXT = pem(ROOT)
TRUST_SETTINGS = tlv(SEQUENCE, tlv(SEQUENCE, tlv(0x06, b"\x2b\x06\x01\x05\x05\x07\x03\x01")))
FORMS = {
    "DER": ROOT,
    "DER and a line feed": ROOT + b"\n",
    "DER and blanks and zeros": ROOT + b"\r\n \0\0",
    "PEM": TEXT.encode(),
    "PEM without a last line feed": TEXT.strip().encode(),
    "PEM with text before it": b"subject=CN = Root\n\xe4 Bag Attributes\n" + TEXT.encode(),
    "PEM with text behind it": TEXT.encode() + b"\n-- \nKind regards\n",
    "PEM with CRLF": TEXT.replace("\n", "\r\n").encode(),
    "PEM with CR": TEXT.replace("\n", "\r").encode(),
    "PEM with a byte order mark": TEXT.encode("utf-8-sig"),
    "PEM in UTF-16": TEXT.encode("utf-16"),
    "PEM in big-endian UTF-16": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "PEM in UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "PEM in UTF-32": TEXT.encode("utf-32"),
    "PEM with escaped line feeds": TEXT.replace("\n", "\\n").encode(),
    "PEM with escaped CRLF": TEXT.replace("\n", "\\r\\n").encode(),
    "PEM with escaped slashes": TEXT.replace("\n", "\\n").replace("/", "\\/").encode(),
    "PEM in quotation marks": f'"{TEXT}"'.encode(),
    "PEM on one line": TEXT.replace("\n", " ").encode(),
    "PEM indented": "".join(f"    {line}\n" for line in TEXT.splitlines()).encode(),
    "PEM without padding": TEXT.replace("=", "").encode(),
    "PEM in quotation marks in UTF-16": f'"{TEXT}"'.encode("utf-16"),
    "PEM of OpenSSL with trust settings": pem(
        ROOT + TRUST_SETTINGS, "TRUSTED CERTIFICATE"
    ).encode(),
    "PEM of OpenSSL without trust settings": pem(ROOT, "TRUSTED CERTIFICATE").encode(),
    "PEM with the older label": pem(ROOT, "X509 CERTIFICATE").encode(),
    "base64": base64.b64encode(ROOT),
    "base64 in lines": base64.encodebytes(ROOT),
    "base64 in UTF-16": base64.b64encode(ROOT).decode().encode("utf-16"),
    "base64 in quotation marks": b'"' + base64.b64encode(ROOT) + b'"\n',
    "base64 with escaped line feeds": base64.encodebytes(ROOT).replace(b"\n", b"\\n"),
    "base64 without padding": base64.b64encode(ROOT).rstrip(b"="),
    "base64 of DER and a line feed": base64.b64encode(ROOT + b"\n"),
    "base64 of PEM": base64.b64encode(TEXT.encode()),
    "base64 of PEM in UTF-16": base64.b64encode(TEXT.encode("utf-16")),
    "base64 of base64": base64.b64encode(base64.b64encode(ROOT)),
    "base64 of PEM as PEM": pem(TEXT.encode()).encode(),
    "a data URL": b"data:application/x-x509-ca-cert;base64," + base64.b64encode(ROOT),
    "the same twice": (TEXT + TEXT).encode(),
    "the same twice in DER": ROOT + ROOT,
    "the same as PEM and with trust settings": (TEXT + pem(ROOT, "TRUSTED CERTIFICATE")).encode(),
    "PKCS#7": as_pkcs7(),
    "PKCS#7 as PEM": as_pkcs7(Encoding.PEM),
    "PKCS#7 in base64": base64.b64encode(as_pkcs7()),
    "PKCS#7 under the label of a certificate": pem(as_pkcs7()).encode(),
    "PKCS#7 with open lengths": with_open_lengths(as_pkcs7()),
    "PKCS#7 with the same twice": as_pkcs7(Encoding.DER, ROOT, ROOT),
}


@pytest.fixture
def doors(tmp_path):
    """Each door as a function from the bytes of a file to the DER that it finds."""

    def declared(**options):
        model = parse_declaration(
            {"name": "Root", "platform": "ios", **options},
            kind=ProfileKind.TRUSTED_ROOT,
            base=tmp_path,
            now=NOW,
        )
        return model.trusted_root.der

    def from_file(data):
        (tmp_path / "root").write_bytes(data)
        return declared(certificate_path="root")

    def from_text(data):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            # An inline value is a text: what is none comes as the base64 of it.
            text = base64.b64encode(data).decode()
        return declared(certificate=text)

    def from_inspection(data):
        (tmp_path / "root").write_bytes(data)
        [item] = read_certificates([tmp_path / "root"])
        assert not isinstance(item, UnreadableCertificate), item.reason
        return bytes.fromhex(item.facts.sha256_thumbprint)

    def from_tenant(data):
        facts = read_ca_certificate(base64.b64encode(data).decode()).facts
        return bytes.fromhex(facts.sha256_thumbprint)

    def from_export(data):
        return der_of(to_pem(base64.b64encode(data).decode()))

    return {
        "file": from_file,
        "text": from_text,
        "inspect": from_inspection,
        "tenant": from_tenant,
        "export": from_export,
    }


@pytest.mark.parametrize("door", ["file", "text", "inspect", "tenant", "export"])
@pytest.mark.parametrize("form", FORMS)
def test_every_door_takes_every_form(doors, form, door):
    found = doors[door](FORMS[form])
    assert found in {ROOT, hashlib.sha256(ROOT).digest()}


def csr():
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Contoso")])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(KEY, hashes.SHA256())


def crl(number=True):
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Contoso")])
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(NOW.replace(tzinfo=None))
        .next_update(NOW.replace(tzinfo=None, year=2027))
    )
    if number:
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def key(form=PrivateFormat.PKCS8, encoding=Encoding.DER, encryption=None):
    return KEY.private_bytes(encoding, form, encryption or NoEncryption())


def container(encryption):
    loaded = x509.load_der_x509_certificate(ROOT)
    return pkcs12.serialize_key_and_certificates(b"root", KEY, loaded, None, encryption)


LOCK = BestAvailableEncryption(b"secret")
REFUSED = {
    "nothing": (b"", "empty"),
    "blanks": (b" \r\n\0", "empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf\r\n", "empty"),
    "a private key": (key(), "private key"),
    "a private key of SEC 1": (key(PrivateFormat.TraditionalOpenSSL), "private key"),
    "a locked private key": (key(encryption=LOCK), "private key"),
    "a private key as PEM": (key(encoding=Encoding.PEM), "private key"),
    "a private key in UTF-16": (
        key(encoding=Encoding.PEM).decode().encode("utf-16"),
        "private key",
    ),
    "a private key in base64": (base64.b64encode(key()), "private key"),
    "a root with its key": (TEXT.encode() + key(encoding=Encoding.PEM), "private key"),
    "a PKCS#12 container": (container(NoEncryption()), "PKCS#12"),
    "a locked PKCS#12 container": (container(LOCK), "PKCS#12"),
    "a PKCS#12 container in base64": (base64.b64encode(container(LOCK)), "PKCS#12"),
    "a request": (csr().public_bytes(Encoding.DER), "certificate request"),
    "a request as PEM": (csr().public_bytes(Encoding.PEM), "certificate request"),
    "a revocation list": (crl().public_bytes(Encoding.DER), "revocation list"),
    "a revocation list as PEM": (crl().public_bytes(Encoding.PEM), "revocation list"),
    "a public key": (
        KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "public key alone",
    ),
    "a web page": (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "web page"),
    "a web page in UTF-16": ("<html><head>".encode("utf-16"), "web page"),
    "XML": (b'<?xml version="1.0"?><a/>', "XML"),
    "a ZIP archive": (b"PK\x03\x04....", "ZIP"),
    "JSON": (b'{"trustedRootCertificate": "MIIB"}', "JSON"),
    "DER saved as text": (ROOT.decode("latin-1").encode(), "saved as text"),
    "DER saved as broken text": (ROOT.decode("utf-8", "replace").encode(), "saved as text"),
    "XHTML": (b'<?xml version="1.0"?>\n<!-- portal -->\n<!DOCTYPE html>\n<html>', "web page"),
    "a store of Windows": (b"\0\0\0\0CERT\x20\0\0\0", "store of certificates"),
    "a template": (b"{{ lookup('file', 'root.cer') }}", "template that nobody has resolved"),
    "a path": (b"/etc/ssl/certs/contoso-root.cer", "give a path as certificate_path"),
    "a path of Windows": (b"C:\\pki\\Root.CRT\r\n", "give a path as certificate_path"),
    "two roots": ((TEXT + pem(OTHER)).encode(), "bundle of 2 certificates"),
    "two roots in DER": (ROOT + OTHER, "bundle of 2 certificates"),
    "two roots in PKCS#7": (as_pkcs7(Encoding.DER, ROOT, OTHER), "bundle of 2 certificates"),
    "PEM cut off": (TEXT[:-30].encode(), "cut off"),
    "DER cut off": (ROOT[:-9], "cut off"),
    "PEM with a stray letter": (TEXT.replace("MII", "M*I", 1).encode(), "not base64"),
    "a sentence": (b"see the attachment", "neither PEM, nor"),
    "DER and something else": (ROOT + b"junk", "do not belong to it"),
    "an empty PKCS#7 bundle": (
        tlv(
            SEQUENCE,
            bytes.fromhex("06092a864886f70d010702"),
            tlv(0xA0, tlv(SEQUENCE, tlv(2, b"\x01"), tlv(0x31), tlv(SEQUENCE), tlv(0x31))),
        ),
        "without any certificate",
    ),
    "a SEQUENCE of nothing": (tlv(SEQUENCE), "not a DER certificate"),
    "another signed structure": (
        tlv(SEQUENCE, tlv(SEQUENCE, tlv(2, b"\1")), tlv(SEQUENCE), tlv(3, b"\0")),
        "not a DER certificate",
    ),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_root_is_named_at_every_door_in_one_sentence(doors, tmp_path, data, words):
    told = []
    with pytest.raises(TrustedRootRefusedError) as caught:
        load_trusted_root(data, now=NOW)
    told.append(str(caught.value))
    if data:
        for door in ("file", "text"):
            with pytest.raises(DeclarationError) as refused:
                doors[door](data)
            told.append(str(refused.value))
        told.append(read_ca_certificate(base64.b64encode(data).decode()).problem)
    for text in told:
        assert words in text
        assert parser_words(text) is None
    if "bundle of 2" not in words:
        (tmp_path / "file").write_bytes(data)
        reasons = [
            item.reason
            for item in read_certificates([tmp_path / "file"])
            if isinstance(item, UnreadableCertificate)
        ]
        assert any(words in reason for reason in reasons)


def test_a_certificate_given_as_a_path_is_told(doors):
    with pytest.raises(DeclarationError, match="give it as certificate") as caught:
        parse_declaration(
            {"name": "Root", "platform": "ios", "certificate_path": TEXT},
            kind=ProfileKind.TRUSTED_ROOT,
        )
    assert TEXT.splitlines()[1] not in str(caught.value)


def test_a_private_key_is_never_shown():
    text = key(encoding=Encoding.PEM).decode()
    for data in (text, TEXT + text, text.replace("\n", "\\n")):
        with pytest.raises(TrustedRootRefusedError) as caught:
            load_trusted_root(data.encode(), now=NOW)
        assert text.splitlines()[1] not in str(caught.value)


MANAGED = {
    "umlauts in a PrintableString": (
        certificate(CA, subject=common_name("Müller & Söhne", PRINTABLE)),
        "PrintableString holds letters beyond ASCII",
    ),
    "Latin-1 in a T61String": (
        certificate(CA, subject=common_name("Müller & Söhne", T61, "latin-1")),
        "T61String holds letters beyond ASCII",
    ),
    "umlauts in an IA5String": (
        certificate(
            CA, subject=name(("1.2.840.113549.1.9.1", IA5, "pki@münchen.example".encode()))
        ),
        "IA5String holds letters beyond ASCII",
    ),
    "a UTF8String that is Latin-1": (
        certificate(CA, subject=common_name("Müller", UTF8, "latin-1")),
        "UTF8String holds what is not UTF-8",
    ),
    "version 1": (certificate(version=None), "of version 1,"),
    "version 1, written out": (certificate(version=0), "of version 1,"),
    "version 3 without basic constraints": (certificate(), "has no basic constraints"),
    "version 1 with basic constraints": (certificate(CA, version=None), "has no extensions"),
    "version 9": (certificate(CA, version=8), "none that X.509 knows"),
    "a negative serial number": (certificate(CA, serial=b"\xff"), "not positive"),
    "the serial number 0": (certificate(CA, serial=b"\0"), "not positive"),
    "a serial number of nothing": (certificate(CA, serial=b""), "serial number cannot be read"),
    "an end in the thirteenth month": (
        certificate(CA, validity=(VALID[0], tlv(0x17, b"361301000000Z"))),
        "end of validity cannot be read",
    ),
    "an end without seconds": (
        certificate(CA, validity=(VALID[0], tlv(0x17, b"3601010000Z"))),
        "not written as RFC 5280",
    ),
    "an end in GeneralizedTime that should be UTCTime": (
        certificate(CA, validity=(VALID[0], tlv(0x18, b"20360101000000Z"))),
        "not written as RFC 5280",
    ),
    "a beginning with a fraction": (
        certificate(CA, validity=(tlv(0x18, b"20260101000000.5Z"), VALID[1])),
        "not written as RFC 5280",
    ),
    "a CA flag of 1 for true, with a bad neighbour": (
        certificate(
            extension("2.5.29.19", tlv(SEQUENCE, tlv(0x01, b"\x01"))),
            extension("2.5.29.14", tlv(0x05)),
        ),
        "subject key identifier",
    ),
    "basic constraints that cannot be read": (
        certificate(extension("2.5.29.19", tlv(UTF8, b"CA"))),
        "Whether the certificate is that of a CA cannot be read",
    ),
    "a name that is no name": (
        certificate(CA, subject=tlv(SEQUENCE, tlv(UTF8, b"Contoso"))),
        "subject cannot be read",
    ),
    "a signature that nobody here can check": (
        certificate(algorithm=tlv(SEQUENCE, bytes.fromhex("06092a864886f70d010102"))),
        "nobody here can check the signature",
    ),
}


@pytest.mark.parametrize(("der", "warning"), MANAGED.values(), ids=MANAGED)
def test_a_root_is_managed_by_its_bytes_with_a_warning_that_names_what_is_odd(der, warning):
    for data in (der, pem(der).encode(), base64.b64encode(der)):
        loaded = load_trusted_root(data, now=NOW)
        assert loaded.der == der
        assert any(warning in text for text in loaded.warnings), loaded.warnings
        assert loaded.facts.sha1_thumbprint == hashlib.sha1(der).hexdigest().upper()
        assert parser_words(" ".join(loaded.warnings)) is None


def finding(der):
    profile = parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosTrustedRootCertificate",
            "displayName": "Root",
            "trustedRootCertificate": base64.b64encode(der).decode(),
        }
    )
    result = check(Context(profile, NOW.date()))
    return [(item.severity, item.message) for item in result.findings if item.rule_id == "R-124"]


@pytest.mark.parametrize(("der", "warning"), MANAGED.values(), ids=MANAGED)
def test_check_warns_of_the_same_in_a_tenant(der, warning):
    found = finding(der)
    assert {severity for severity, _ in found} == {Severity.WARNING}
    assert any(warning in message for _, message in found)


def test_a_sound_root_has_no_warning():
    assert finding(ROOT) == []
    assert load_trusted_root(ROOT, now=NOW).warnings == ()


def test_the_letters_of_a_name_are_shown_as_they_were_meant():
    for tag, encoding in ((PRINTABLE, "utf-8"), (T61, "latin-1"), (UTF8, "latin-1")):
        der = certificate(CA, subject=common_name("Müller", tag, encoding))
        assert inspect_certificate(der).subject == "CN=Müller"


CONTOSO = common_name("Contoso Issuing CA")
NO_ROOTS = {
    "a flag that is not set": certificate(NOT_CA),
    "a flag that says no": certificate(
        extension("2.5.29.19", tlv(SEQUENCE, tlv(0x01, b"\0"))), version=2
    ),
    "none, and signed by another": certificate(issuer=CONTOSO, signer=OTHER_KEY),
    "none, version 1, and signed by another": certificate(
        version=None, issuer=CONTOSO, signer=OTHER_KEY
    ),
    "none, and the signature of another key": certificate(signer=OTHER_KEY),
}


@pytest.mark.parametrize("der", NO_ROOTS.values(), ids=NO_ROOTS)
def test_check_finds_the_same_an_error(der):
    assert [severity for severity, _ in finding(der)] == [Severity.ERROR]


@pytest.mark.parametrize("der", NO_ROOTS.values(), ids=NO_ROOTS)
def test_what_denies_to_be_a_ca_or_was_signed_by_another_without_saying_so_is_refused(der):
    with pytest.raises(TrustedRootRefusedError, match="CA flag is not set"):
        load_trusted_root(der, now=NOW)


def test_an_intermediate_that_says_so_is_accepted():
    der = certificate(CA, issuer=CONTOSO, signer=OTHER_KEY)
    assert load_trusted_root(der, now=NOW).warnings == ()


def test_an_unusual_form_in_the_tenant_is_read_and_told():
    for form, words in (("base64 of PEM", "PEM text inside"), ("PKCS#7", "not stored as DER")):
        inner = base64.b64decode(FORMS[form]) if form.startswith("base64") else FORMS[form]
        certificate_ = read_ca_certificate(base64.b64encode(inner).decode())
        assert certificate_.facts.is_ca
        assert words in certificate_.problem
    assert read_ca_certificate(base64.b64encode(ROOT).decode()).problem is None
