"""Expected SIDs compared with what certificates carry."""

import pytest
from cryptography import x509
from cryptography.hazmat import asn1

from intune_scep.certificates import SID_TAG, ComparisonStatus, ExpectedSids, read_certificates
from intune_scep.errors import ExpectedSidsError

SID = "S-1-5-21-1-2-3-4"
OTHER = "S-1-5-21-1-2-3-5"


@pytest.fixture
def record(mint, tmp_path):
    def make(sid=SID, upn="Ann@contoso.com"):
        upn_name = x509.OtherName(
            x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), asn1.encode_der(upn)
        )
        uris = [x509.UniformResourceIdentifier(SID_TAG + sid)] if sid else []
        path = tmp_path / "certificate.cer"
        path.write_bytes(mint(sans=[upn_name, *uris], serial=0x0ABC))
        [item] = read_certificates([path])
        return item

    return make


def from_text(tmp_path, text):
    path = tmp_path / "expected.csv"
    path.write_text(text)
    return ExpectedSids.from_csv(path)


@pytest.mark.parametrize("column", ["upn", "UPN", "userPrincipalName", "User Principal Name"])
def test_a_certificate_is_found_by_upn_whatever_the_letter_case(record, tmp_path, column):
    expected = from_text(tmp_path, f"{column},sid\nANN@contoso.com,{SID}\n")
    assert expected.compare(record()).status is ComparisonStatus.AS_EXPECTED


@pytest.mark.parametrize("serial", ["0ABC", "abc", "00:0a:bc", "0x0abc"])
def test_a_certificate_is_found_by_serial_number_however_it_is_written(record, tmp_path, serial):
    expected = from_text(tmp_path, f"Serial Number,SID\n{serial},{SID}\n")
    assert expected.compare(record()).status is ComparisonStatus.AS_EXPECTED


def test_a_certificate_is_found_by_either_thumbprint_as_windows_copies_it(record):
    item = record()
    sha1 = item.facts.sha1_thumbprint
    copied = "\u200e" + " ".join(sha1[place : place + 2].lower() for place in range(0, 40, 2))
    for key in (copied, item.facts.sha256_thumbprint):
        expected = ExpectedSids.from_mappings(by_thumbprint={key: SID})
        assert expected.compare(item).status is ComparisonStatus.AS_EXPECTED


@pytest.mark.parametrize(
    ("expected", "found", "status"),
    [
        (SID, SID, ComparisonStatus.AS_EXPECTED),
        (None, None, ComparisonStatus.AS_EXPECTED),
        (SID, OTHER, ComparisonStatus.DIFFERENT),
        (SID, None, ComparisonStatus.MISSING),
        (None, SID, ComparisonStatus.UNEXPECTED),
    ],
)
def test_users_of_graph_as_the_source(record, expected, found, status):
    users = ExpectedSids.from_mappings(by_upn={"ann@contoso.com": expected})
    comparison = users.compare(record(sid=found))
    assert (comparison.status, comparison.expected, comparison.found) == (status, expected, found)
    assert comparison.to_dict()["status"] == status.value


def test_the_thumbprint_outranks_the_upn(record):
    item = record()
    expected = ExpectedSids.from_mappings(
        by_thumbprint={item.facts.sha1_thumbprint: SID}, by_upn={"ann@contoso.com": OTHER}
    )
    assert expected.compare(item).status is ComparisonStatus.AS_EXPECTED


def test_a_certificate_the_list_does_not_know(record):
    comparison = ExpectedSids.from_mappings(by_upn={"bob@contoso.com": SID}).compare(record())
    assert comparison.status is ComparisonStatus.NO_EXPECTATION
    assert comparison.found == SID


def test_a_row_of_the_report_cannot_be_compared(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("Thumbprint,SerialNumber,UPN\nAA,0ABC,ann@contoso.com\n")
    [item] = read_certificates([path])
    comparison = ExpectedSids.from_mappings(by_upn={"ann@contoso.com": SID}).compare(item)
    assert comparison.status is ComparisonStatus.NOT_JUDGED
    assert "does not contain SANs" in comparison.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs the column sid"),
        ("upn,name\na,b\n", "needs the column sid"),
        (f"sid\n{SID}\n", "at least one of thumbprint"),
        ("upn,sid\nann@contoso.com,nobody\n", "row 2: “nobody” is not a SID"),
        (f"upn,sid\n,{SID}\n", "row 2: no thumbprint, serial or upn"),
        (f"upn,sid\na,{SID},c\n", "row 2: 3 values for 2 columns"),
        (f"thumbprint,sid\nxyz,{SID}\n", "“xyz” is not a thumbprint"),
        (f"upn,sid\nann,{SID}\nANN,{OTHER}\n", "row 3: a second, different SID for upn"),
    ],
)
def test_a_list_that_cannot_be_used_names_the_row(tmp_path, text, words):
    with pytest.raises(ExpectedSidsError) as caught:
        from_text(tmp_path, text)
    assert words in str(caught.value)


def test_a_missing_list_is_one_clear_error(tmp_path):
    with pytest.raises(ExpectedSidsError, match="cannot be read"):
        ExpectedSids.from_csv(tmp_path / "nothing.csv")
