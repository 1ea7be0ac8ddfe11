"""Any damage to certificates and tables: an outcome that is documented, in words for people."""

import base64
import csv
import io
import json
import os
import random
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime

import pytest

from intune_scep.certificates import (
    SID_TAG,
    CertificateRecord,
    ExpectedSids,
    load_trusted_root,
    read_certificates,
)
from intune_scep.cli.app import run
from intune_scep.errors import CertificateError, ExpectedSidsError

from .handmade import (
    CA,
    OCTETS,
    PRINTABLE,
    T61,
    UTF8,
    certificate,
    common_name,
    extension,
    general_names,
    other_name,
    tlv,
    uri,
)
from .words import parser_words

LONG = os.environ.get("INTUNE_SCEP_TEST_PROFILE") == "long"
ROUNDS = 40 if LONG else 1
EACH = 300
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SID = "S-1-5-21-1004336348-1177238915-682003330-1157"
SAN = extension("2.5.29.17", general_names(uri(SID_TAG + SID), tlv(0x82, b"pc.contoso.example")))
SID_EXTENSION = extension(
    "1.3.6.1.4.1.311.25.2",
    general_names(other_name("1.3.6.1.4.1.311.25.2.1", tlv(OCTETS, SID.encode()))),
)


def pem(der, label="CERTIFICATE"):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


LEAF = certificate(SAN, SID_EXTENSION)
ROOT = certificate(CA, subject=common_name("Müller", PRINTABLE))
CERTIFICATES = [
    LEAF,
    ROOT,
    certificate(version=None, subject=common_name("Müller", T61, "latin-1")),
    certificate(SAN, extension("2.5.29.32", tlv(UTF8, b"\xff"))),
    pem(LEAF).encode(),
    (pem(ROOT) + pem(LEAF)).encode(),
    pem(ROOT).encode("utf-16"),
    pem(ROOT).replace("\n", "\\n").encode(),
    pem(ROOT, "TRUSTED CERTIFICATE").encode(),
    base64.b64encode(LEAF),
    base64.b64encode(pem(ROOT).encode()),
    b"<html><head>",
]


def table(rows, separator):
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows(rows)
    return file.getvalue()


_REPORT = [
    ["DeviceName", "UPN", "Thumbprint", "SerialNumber", "SubjectName"],
    ["LAPTOP; 1", "mira@contoso.example", "AB" * 20, "5F00AA11BB", 'CN="Voß, Mira"'],
    ["LAPTOP, 2", "", "CD" * 20, "5.94E+11", "CN=Jo"],
]
_LIST = [["UserPrincipalName", "serial", "objectSid"], ["mira@contoso.example", "01", SID]]
TABLES = [
    ("sep=;\n" * (separator == ";") + table(rows, separator)).encode(encoding)
    for rows in (_REPORT, _LIST)
    for separator in ",;\t"
    for encoding in ("utf-8-sig", "utf-16")
]
_SPLINTERS = [
    b"",
    b"\0",
    b"\n",
    b"\xff",
    b"0\x80",
    b"\x30\x84\xff\xff\xff\xff",
    b"-----BEGIN ",
    b"-----END CERTIFICATE-----",
    b'"',
    b"sep=",
    b";",
    b"\xff\xfe",
    b"S-1-5-21-",
    b"tag:microsoft.com,",
    b"{{SID}}",
    b"\\n",
    b"E+11",
]


def damaged(data, chooser):
    """The same after one to five edits: change, delete, repeat, put in a splinter, cut off."""
    octets = bytearray(data)
    for _ in range(chooser.randint(1, 5)):
        place = chooser.randrange(len(octets) + 1)
        match chooser.randrange(7):
            case 0:
                del octets[place : place + chooser.randint(1, 12)]
            case 1:
                octets[place:place] = chooser.choice(_SPLINTERS)
            case 2:
                octets[place:place] = octets[place : place + chooser.randint(1, 40)]
            case 3 if chooser.random() < 0.3:
                del octets[place:]
            case _:
                octets[place : place + 1] = chooser.randbytes(1)
    return bytes(octets)


def texts_of(item):
    """What a person is told of an item, without what others wrote into the certificate."""
    if not isinstance(item, CertificateRecord):
        return [item.reason]
    return [*(item.facts.problems if item.facts else ()), *item.strong_mapping.reasons]


def assert_for_people(texts):
    for text in texts:
        assert text.strip()
        assert text[-1] in ".!?"
        assert parser_words(text) is None, text


def inspected(path, *options):
    """Exit code and output of the command, which never raises."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["certificate", "inspect", str(path), *map(str, options), "--output", "json"])
    assert "Traceback" not in err.getvalue()
    return code, out.getvalue()


HUGE = {
    "zeros as text": b"0" * 2_000_000,
    "empty elements": b"\x30\x00" * 1_000_000,
    "open lengths": b"\x30\x80" * 1_000_000,
    "half an element": b"\x30\x82" * 1_000_000,
    "letters": b"a" * 2_000_000 + b"!",
    "blanks": b" " * 2_000_000 + b"!",
    "escapes": b"\\n" * 1_000_000,
    "the beginning of a page": b"<" * 2_000_000,
    "base64 in base64": base64.b64encode(base64.b64encode(base64.b64encode(LEAF * 2_000))),
    "a certificate and line feeds": LEAF + b"\n" * 2_000_000,
    "the same certificate": LEAF * 2_000,
}


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE)
def test_what_is_huge_gives_one_answer(tmp_path, data):
    path = tmp_path / "huge"
    path.write_bytes(data)
    [item] = read_certificates([path])
    assert_for_people(texts_of(item))


@pytest.mark.parametrize("start", range(ROUNDS))
def test_damaged_certificates_end_in_facts_or_in_one_sentence(tmp_path, start):
    chooser = random.Random(start)
    path = tmp_path / "damaged"
    told = set()
    for number in range(EACH):
        data = damaged(chooser.choice(CERTIFICATES), chooser)
        path.write_bytes(data)
        items = list(read_certificates([path]))
        assert items
        for item in items:
            json.dumps(item.to_dict())
            assert_for_people(texts_of(item))
            told.add(type(item).__name__)
        try:
            loaded = load_trusted_root(data, now=NOW)
        except CertificateError as error:
            assert_for_people([str(error)])
        else:
            assert_for_people(loaded.warnings)
            told.add("root")
        if number % 20 == 0:
            code, out = inspected(path)
            assert code in {0, 2, 3}
            summary = json.loads(out)["summary"]
            assert code == 0 if set(summary) == {"mapped"} else code in {2, 3}
    assert told == {"CertificateRecord", "UnreadableCertificate", "root"}


@pytest.mark.parametrize("start", range(ROUNDS))
def test_damaged_tables_end_in_rows_or_in_one_sentence(tmp_path, start):
    chooser = random.Random(start)
    path, good = tmp_path / "damaged.csv", tmp_path / "good.cer"
    good.write_bytes(LEAF)
    told = set()
    for number in range(EACH):
        path.write_bytes(damaged(chooser.choice(TABLES), chooser))
        for item in read_certificates([path]):
            json.dumps(item.to_dict())
            assert_for_people(texts_of(item))
            told.add(type(item).__name__)
        try:
            ExpectedSids.from_csv(path)
            told.add("list")
        except ExpectedSidsError as error:
            assert_for_people([str(error).replace(str(path), "list")])
        if number % 20 == 0:
            assert inspected(path)[0] in {2, 3}
            assert inspected(good, "--expected", path)[0] in {0, 1, 2, 3}
    assert told == {"CertificateRecord", "UnreadableCertificate", "list"}
