"""From the bytes of a file to the certificates inside, in every form that people have them in.

One reader for all doors: files, inline texts, what a tenant holds. It takes what can be read
without guessing, and says of the rest what it looks like.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from intune_scep.certificates._der import (
    SEQUENCE,
    DerError,
    Element,
    element_at,
    with_closed_lengths,
)
from intune_scep.certificates.looks import describe_der, describe_text, pem_label_refused
from intune_scep.certificates.parts import take_apart
from intune_scep.certificates.pkcs7 import certificates_of_pkcs7
from intune_scep.errors import CertificateError, InvalidCertificateError

_BEGIN: Final = b"-----BEGIN "
_CERTIFICATE_LABELS: Final = frozenset(
    {"CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE", "TRUSTED CERTIFICATE"}
)
_PKCS7_LABELS: Final = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS", "CERTIFICATE CHAIN"})
_WITH_TRUST: Final = "TRUSTED CERTIFICATE"
_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DASHES: Final = "-----BEGIN"
# What editors, mail and shells leave behind a file; none of it can begin another element.
_BLANK: Final = b" \t\r\n\0\x1a"
_BLANKS: Final = re.compile(rb"[ \t\r\n\0\x1a]*")
_ESCAPES: Final = re.compile(rb"\\r\\n|\\n|\\r|\\t")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_DATA_URL: Final = re.compile(rb"\s*data:[\w.+/;=-]{0,100};base64,", re.IGNORECASE)
# Base64 of base64 of a certificate has been seen; more layers are nobody's accident.
_LAYERS: Final = 3


def certificates_in(data: bytes) -> Iterator[bytes | CertificateError]:
    """The DER of each certificate in a file, or what is wrong with that part of it.

    Args:
        data: The whole file: PEM (any number of certificates and PKCS#7 blocks, text around them),
            DER, one PKCS#7 bundle, or base64 of one of these without the lines of PEM; texts in
            UTF-8, or in UTF-16 or UTF-32 where the file says so. A certificate that is there more
            than once comes once.
    """
    seen: set[bytes] = set()
    for item in _items(data, _LAYERS):
        if isinstance(item, bytes):
            if item in seen:
                continue
            seen.add(item)
        yield item


def _items(data: bytes, layers: int) -> Iterator[bytes | CertificateError]:
    data = _plain_text(data)
    if not data.strip(_BLANK):
        yield InvalidCertificateError("It is empty.")
    elif _BEGIN in data:
        yield from _in_pem(data, layers)
    elif data[0] == SEQUENCE and (_is_whole(data) or not _BASE64.fullmatch(data)):
        yield from _in_der(data)
    else:
        inner = _unwrapped(data) if layers else None
        if inner is None:
            yield from _damaged(data, DerError("it begins as none of them does"))
        else:
            yield from _items(inner, layers - 1)


def _plain_text(data: bytes) -> bytes:
    """The same in a single-byte encoding without a byte order mark, if it is such a text."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").encode("utf-8", errors="replace")
    for encoding in ("utf-16-le", "utf-16-be"):
        if _DASHES.encode(encoding) in data[:64]:
            return data.decode(encoding, errors="replace").encode("utf-8", errors="replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _is_whole(data: bytes) -> bool:
    """Whether the bytes begin with a whole element; `0` is also a letter of base64."""
    try:
        element_at(data)
    except DerError:
        return False
    return True


def _unwrapped(data: bytes) -> bytes | None:
    """What base64 without the lines of PEM holds, if that is anything one could name."""
    letters = _base64_in(data)
    decoded = None if letters is None else _decode(letters)
    if decoded is None:
        return None
    text = _plain_text(decoded)
    is_known = (
        not text.strip(_BLANK)
        or text[0] == SEQUENCE
        or _BEGIN in text
        or _base64_in(text) is not None
        or describe_text(text) is not None
    )
    return decoded if is_known else None


def _base64_in(data: bytes) -> bytes | None:
    """The base64 that a text is, without what programs put around it; None if it is none."""
    match = _DATA_URL.match(data)
    text = _ESCAPES.sub(b"\n", data[match.end() if match else 0 :]).strip(_BLANK + b"\"'")
    return text if _BASE64.fullmatch(text) else None


def _decode(text: bytes) -> bytes | None:
    """Base64 with white space anywhere and the padding that belongs to it, or none."""
    letters = b"".join(text.split()).rstrip(b"=")
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _in_pem(data: bytes, layers: int) -> Iterator[bytes | CertificateError]:
    start = data.find(_BEGIN)
    while start != -1:
        following = data.find(_BEGIN, start + 1)
        block = data[start:following] if following != -1 else data[start:]
        yield from _read_pem_block(block, layers)
        start = following


def _read_pem_block(block: bytes, layers: int) -> Iterator[bytes | CertificateError]:
    """Read one BEGIN line and all that follows it up to the next one."""
    label_bytes, _, body = block.removeprefix(_BEGIN).partition(b"-----")
    label = label_bytes[:40].decode("ascii", errors="replace")
    refused = pem_label_refused(label)
    if refused is not None:
        yield refused
        return
    content, end, _ = body.partition(b"-----END " + label_bytes + b"-----")
    if not end:
        yield InvalidCertificateError("A PEM block has no matching END line: it is cut off.")
        return
    if label not in _CERTIFICATE_LABELS | _PKCS7_LABELS:
        yield InvalidCertificateError(f"A PEM block is a {label}, not a certificate.")
        return
    decoded = _decode(_ESCAPES.sub(b"\n", content).replace(b"\\/", b"/"))
    if decoded is None:
        yield InvalidCertificateError(
            f"A PEM block {label} cannot be read: between its lines stands what is not base64. "
            "Export the certificate once more."
        )
    elif _BEGIN in decoded and layers:
        yield from _in_pem(decoded, layers - 1)
    elif label == _WITH_TRUST:
        yield from _in_der(_first_of(decoded))
    else:
        yield from _in_der(decoded)


def _first_of(data: bytes) -> bytes:
    """The certificate, without the trust settings that OpenSSL writes behind it."""
    try:
        return element_at(data).encoded
    except DerError:
        return data


def _in_der(data: bytes) -> Iterator[bytes | CertificateError]:
    """The certificates in a row of elements, which is one nearly always, up to what is none."""
    if not data:
        yield InvalidCertificateError("It is empty.")
    place = 0
    while place < len(data):
        try:
            element = element_at(data, place)
        except DerError as error:
            yield from _damaged(data[place:], error)
            return
        found = list(_of_element(element))
        yield from found
        if not isinstance(found[-1], bytes):
            return
        place = _behind_blanks(data, place + len(element.encoded))
        if place < len(data) and data[place] != SEQUENCE:
            yield InvalidCertificateError(
                f"{len(data) - place} bytes follow the certificate that do not belong to it. "
                "Export the certificate once more."
            )
            return


def _behind_blanks(data: bytes, place: int) -> int:
    found = _BLANKS.match(data, place)
    return found.end() if found else place


def _of_element(element: Element) -> Iterator[bytes | CertificateError]:
    found = certificates_of_pkcs7(element)
    if found is not None:
        yield from found
        return
    other = describe_der(element)
    if other is not None:
        yield other
        return
    try:
        take_apart(element.encoded)
    except InvalidCertificateError as error:
        yield error
    else:
        yield element.encoded


def _damaged(data: bytes, error: DerError) -> Iterator[bytes | CertificateError]:
    """What is no DER: a bundle with open lengths, something else, or a certificate cut off."""
    try:
        bundle = certificates_of_pkcs7(element_at(with_closed_lengths(data)))
    except DerError:
        bundle = None
    if bundle is not None:
        yield from bundle
        return
    yield describe_text(data) or InvalidCertificateError(
        f"It is neither PEM, nor a DER certificate, nor a PKCS#7 bundle: {error}. "
        "Export the certificate alone as DER (.cer) or as PEM."
    )
