"""CSV as the world writes it, for the certificate report and for the expected SIDs alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.certificates import (
    CertificateRecord,
    ExpectedSids,
    UnreadableCertificate,
    read_certificates,
)
from intune_scep.errors import ExpectedSidsError

from .words import parser_words

SID = "S-1-5-21-1004336348-1177238915-682003330-1157"
OTHER = "S-1-5-21-1004336348-1177238915-682003330-1158"
REPORT = [
    ["DeviceName", "UPN", "Thumbprint", "SerialNumber", "SubjectName"],
    ["LAPTOP-1", "mira.voss@contoso.example", "AB" * 20, "5F00AA11BB", "CN=Mira Voß"],
]
LIST = [["upn", "sid"], ["mira.voss@contoso.example", SID]]


def quoted(rows, separator, end="\r\n"):
    return "".join(separator.join(f'"{value}"' for value in row) + end for row in rows)


def plain(rows, separator, end="\n"):
    return "".join(separator.join(row) + end for row in rows)


WRITTEN = {
    "commas": (plain, ",", "utf-8", ""),
    "semicolons": (plain, ";", "utf-8", ""),
    "semicolons of Excel": (plain, ";", "utf-8-sig", ""),
    "tabs": (plain, "\t", "utf-8", ""),
    "tabs in UTF-16, Excel's Unicode text": (plain, "\t", "utf-16", ""),
    "quoted commas": (quoted, ",", "utf-8", ""),
    "quoted semicolons": (quoted, ";", "utf-8-sig", ""),
    "a line that names the separator": (plain, ";", "utf-8", "sep=;\n"),
    "the same with a byte order mark": (plain, ";", "utf-8-sig", "sep=;\r\n"),
    "the same in UTF-16": (plain, ";", "utf-16", "SEP=;\r\n"),
    "a separator that only its line tells": (plain, "^", "utf-8", "sep=^\n"),
    "a quoted line that names the separator": (plain, ";", "utf-8", '"sep=;"\n'),
    "PowerShell's line of the type": (quoted, ",", "utf-8", "#TYPE Selected.ADUser\r\n"),
    "blank lines first": (plain, ",", "utf-8", "\n\n"),
    "UTF-16 without a mark": (plain, ",", "utf-16-le", ""),
    "big-endian UTF-16 without a mark": (plain, ",", "utf-16-be", ""),
    "big-endian UTF-16": (plain, ",", "utf-16-be", "\ufeff"),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_both_kinds_of_table_are_read_however_they_are_written(tmp_path, way):
    write, separator, encoding, before = WRITTEN[way]
    report, expected = tmp_path / "report.csv", tmp_path / "expected.csv"
    report.write_bytes((before + write(REPORT, separator)).encode(encoding))
    expected.write_bytes((before + write(LIST, separator)).encode(encoding))
    [record] = read_certificates([report])
    assert isinstance(record, CertificateRecord), record
    assert record.reported.subject_name == "CN=Mira Voß"
    assert record.position == 2 + before.count("\n")
    assert ExpectedSids.from_csv(expected).by_upn == {"mira.voss@contoso.example": SID}


@pytest.mark.parametrize("said", ["sep=x", 'sep="', "sep= ", "sep=", "sep=;;", "separator=;"])
def test_a_line_that_names_no_separator_is_none(tmp_path, said):
    path = tmp_path / "expected.csv"
    path.write_text(f"{said}\n{plain(LIST, ';')}")
    with pytest.raises(ExpectedSidsError, match="Its columns are: "):
        ExpectedSids.from_csv(path)


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.title, "{} ".format])
def test_the_columns_of_the_report_are_known_in_any_spelling(tmp_path, spelling):
    path = tmp_path / "report.csv"
    path.write_text(plain([list(map(spelling, REPORT[0])), REPORT[1]], ","))
    [record] = read_certificates([path])
    assert record.reported.serial_number == "5F00AA11BB"


@pytest.mark.parametrize("column", ["Serial number", "serial_number", "Serial-Number"])
def test_the_columns_of_the_admin_center_are_known(tmp_path, column):
    path = tmp_path / "report.csv"
    path.write_text(f"Device name,Thumbprint,{column}\nL,AB,0A\n")
    [record] = read_certificates([path])
    assert (record.reported.device_name, record.reported.serial_number) == ("L", "0A")


@pytest.mark.parametrize(
    "column",
    [
        "sid",
        "SID",
        "objectSid",
        "ObjectSID",
        "ObjectSid.Value",
        "SID.Value",
        "onPremisesSecurityIdentifier",
        "On-Premises Security Identifier",
        "Security Identifier",
        "userSid",
    ],
)
@pytest.mark.parametrize("key", ["UPN", "UserPrincipalName", "userPrincipalName"])
def test_the_columns_of_active_directory_are_known(tmp_path, column, key):
    path = tmp_path / "expected.csv"
    rows = [["sAMAccountName", key, column], ["mira", "mira.voss@contoso.example", SID]]
    path.write_text(quoted(rows, ";"))
    assert ExpectedSids.from_csv(path).by_upn == {"mira.voss@contoso.example": SID}


ROUNDED = ["5.94E+11", "5,94E+11", "5.94e+11", "6E+11", "4.0803303878E+11", " 5.94E+11 "]


@pytest.mark.parametrize("serial", ROUNDED)
def test_a_serial_number_that_a_spreadsheet_rounded_is_refused_with_the_way_out(tmp_path, serial):
    report = tmp_path / "report.csv"
    report.write_text(quoted([REPORT[0], [*REPORT[1][:3], serial, ""], REPORT[1]], ";"))
    unreadable, record = read_certificates([report])
    expected = tmp_path / "expected.csv"
    expected.write_text(quoted([["serial", "sid"], [serial, SID]], ";"))
    with pytest.raises(ExpectedSidsError) as caught:
        ExpectedSids.from_csv(expected)
    for text in (unreadable.reason, str(caught.value)):
        assert serial.strip() in text
        assert "scientific notation" in text
        assert "formatted as text" in text
    assert record.reported.serial_number == "5F00AA11BB"


@pytest.mark.parametrize("serial", ["5E11", "5E0011AA", "12E4", "0E11", "594000000000"])
def test_a_serial_number_with_an_e_is_a_serial_number(tmp_path, serial):
    path = tmp_path / "expected.csv"
    path.write_text(f"serial,sid\n{serial},{SID}\n")
    assert len(ExpectedSids.from_csv(path).by_serial) == 1


@pytest.mark.parametrize(
    ("octets", "sid"),
    [
        (
            "X'010500000000000515000000 8c7ddc3b 57912b46 23c2a628 85040000'",
            "S-1-5-21-1004305804-1177260375-682017315-1157",
        ),
        ("X'0105000000000005150000000100000002000000030000000400000 0'", "S-1-5-21-1-2-3-4"),
        ("x'010100000000000512000000'", "S-1-5-18"),
        ("X'01050000000000051500000001000000020000000300000004000000'", "S-1-5-21-1-2-3-4"),
        (f" {SID} ", SID),
    ],
)
def test_a_sid_as_the_tools_of_active_directory_write_it(tmp_path, octets, sid):
    path = tmp_path / "expected.csv"
    text = octets if octets.startswith(" ") else octets.replace(" ", "")
    path.write_text(f'DN,objectSid,userPrincipalName\n"CN=Mira,DC=x",{text},mira@x.example\n')
    assert ExpectedSids.from_csv(path).by_upn == {"mira@x.example": sid}


@pytest.mark.parametrize("tail", [";", ";;;", "; ;"])
@pytest.mark.parametrize("where", ["header", "rows", "both"])
def test_blank_columns_at_the_end_do_not_count(tmp_path, tail, where):
    header = tail * (where != "rows")
    rest = tail * (where != "header")
    report, expected = tmp_path / "report.csv", tmp_path / "expected.csv"
    for path, rows in ((report, REPORT), (expected, LIST)):
        lines = plain(rows, ";").splitlines()
        path.write_text(f"{lines[0]}{header}\n{lines[1]}{rest}\n{rest}\n")
    [record] = read_certificates([report])
    assert isinstance(record, CertificateRecord)
    assert len(ExpectedSids.from_csv(expected).by_upn) == 1


UNUSABLE = {
    "the report": (plain(REPORT, ","), "is Intune's certificate report"),
    "only the account's name": (
        f"SamAccountName,SID\nmira,{SID}\n",
        "export UserPrincipalName beside it",
    ),
    "strange columns": (f"Benutzer;Kennung\nmira;{SID}\n", "“Benutzer”, “Kennung”"),
    "nothing": ("", "Its columns are: none"),
    "a SID as PowerShell shows bytes": (
        "UserPrincipalName,objectSid\nmira@contoso.example,System.Byte[]\n",
        "export the property SID.Value",
    ),
    "a SID in small letters": (
        f"upn,sid\nmira@contoso.example,{SID.lower()}\n",
        "It is not written as S-1-…",
    ),
    "a SID with an invisible character": (
        f"upn,sid\nmira@contoso.example,{SID}\u200b\n",
        "U+200B",
    ),
    "octets that are cut off": (
        "upn,objectSid\nmira@contoso.example,X'0105000000000005'\n",
        "“X'0105000000000005'” is not a SID",
    ),
    "two columns of SIDs that differ": (
        f"upn,SID,objectSid\nmira@contoso.example,{SID},{OTHER}\n",
        "two different SIDs",
    ),
    "a quotation mark that is never closed": (
        f'upn,sid\n"mira@contoso.example,{SID}\n' + "x" * 200_000,
        "quotation mark is never closed",
    ),
}


@pytest.mark.parametrize(("text", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_list_that_cannot_be_used_says_why_and_what_was_seen(tmp_path, text, words):
    path = tmp_path / "expected.csv"
    path.write_text(text)
    with pytest.raises(ExpectedSidsError) as caught:
        ExpectedSids.from_csv(path)
    assert words in str(caught.value)
    assert parser_words(str(caught.value).replace(str(path), "")) is None


NO_REPORT = {
    "a list of expected SIDs": (plain(LIST, ","), "give it with expected"),
    "one of Active Directory": (
        f'"UserPrincipalName";"objectSid"\n"mira@contoso.example";"{SID}"\n',
        "give it with expected",
    ),
    "something else": ("Name;Ort\nMira;Bonn\n", "The columns are: “Name”, “Ort”"),
    "nothing": ("", "The columns are: none"),
    "a line of 200000 letters": ("x" * 200_000, "longer than 128 KiB"),
    "many columns": (",".join(f"c{n}" for n in range(99)), "and 87 more"),
}


@pytest.mark.parametrize(("text", "words"), NO_REPORT.values(), ids=NO_REPORT)
def test_a_table_that_is_no_report_says_what_it_is(tmp_path, text, words):
    path = tmp_path / "report.csv"
    path.write_text(text)
    [item] = read_certificates([path])
    assert isinstance(item, UnreadableCertificate)
    assert words in item.reason


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850"])
def test_another_encoding_is_refused_with_the_way_out(tmp_path, encoding):
    report, expected = tmp_path / "report.csv", tmp_path / "expected.csv"
    report.write_bytes(plain(REPORT, ",").encode(encoding))
    expected.write_bytes(plain([["name", *LIST[0]], ["Voß", *LIST[1]]], ",").encode(encoding))
    [item] = read_certificates([report])
    with pytest.raises(ExpectedSidsError) as caught:
        ExpectedSids.from_csv(expected)
    for text in (item.reason, str(caught.value)):
        assert "Save it as “CSV UTF-8”" in text


@given(
    st.lists(st.text("ab ;,\t\"'|", max_size=8), min_size=5, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_the_values_hold_the_separator_is_found(
    tmp_path_factory, row, separator, encoding
):
    row = ["A", *row[1:]]
    path = tmp_path_factory.mktemp("table") / "report.csv"
    escaped = [[value.replace('"', '""') for value in line] for line in (REPORT[0], row)]
    path.write_bytes(quoted(escaped, separator).encode(encoding))
    [record] = read_certificates([path])
    assert record.reported.device_name == row[0]
    assert record.reported.subject_name == row[4]
