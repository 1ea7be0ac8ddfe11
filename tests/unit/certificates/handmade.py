"""Certificates put together octet by octet: what no library would write, but people have."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())

UTF8, PRINTABLE, T61, IA5, VISIBLE, BMP = 0x0C, 0x13, 0x14, 0x16, 0x1A, 0x1E
OCTETS, INTEGER, SEQUENCE, SET = 0x04, 0x02, 0x30, 0x31


def tlv(tag, *contents):
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(chunk))
    return tlv(0x06, bytes(octets))


def name(*parts):
    """A distinguished name: type, tag and octets of each part."""
    return tlv(
        SEQUENCE,
        *(tlv(SET, tlv(SEQUENCE, oid(kind), tlv(tag, octets))) for kind, tag, octets in parts),
    )


def common_name(text, tag=UTF8, encoding="utf-8"):
    return name(("2.5.4.3", tag, text.encode(encoding)))


def extension(dotted, value, *, critical=None):
    flag = b"" if critical is None else tlv(0x01, critical)
    return tlv(SEQUENCE, oid(dotted), flag, tlv(OCTETS, value))


def general_names(*names):
    return tlv(SEQUENCE, *names)


def uri(text):
    return tlv(0x86, text.encode("latin-1"))


def other_name(type_id, value):
    return tlv(0xA0, oid(type_id), tlv(0xA0, value))


CA = extension("2.5.29.19", tlv(SEQUENCE, tlv(0x01, b"\xff")), critical=b"\xff")
NOT_CA = extension("2.5.29.19", tlv(SEQUENCE))
VALID = (tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z"))
_ECDSA_SHA256 = tlv(SEQUENCE, oid("1.2.840.10045.4.3.2"))


def certificate(
    *extensions,
    version=2,
    serial=b"\x01",
    issuer=None,
    subject=None,
    validity=VALID,
    key=None,
    signer=KEY,
    extension_list=None,
    algorithm=_ECDSA_SHA256,
):
    """A signed certificate of these parts; `version` as encoded, None to leave it out."""
    subject = common_name("Contoso Root") if subject is None else subject
    listed = extension_list or (tlv(SEQUENCE, *extensions) if extensions else None)
    signed = tlv(
        SEQUENCE,
        b"" if version is None else tlv(0xA0, tlv(INTEGER, bytes([version]))),
        tlv(INTEGER, serial),
        algorithm,
        subject if issuer is None else issuer,
        tlv(SEQUENCE, *validity),
        subject,
        key or KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        b"" if listed is None else tlv(0xA3, listed),
    )
    signature = signer.sign(signed, ec.ECDSA(hashes.SHA256()))
    return tlv(SEQUENCE, signed, algorithm, tlv(0x03, b"\0", signature))
