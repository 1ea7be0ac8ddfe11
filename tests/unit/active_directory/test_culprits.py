"""Events joined with the certificate report."""

import csv

import pytest
from tests.unit.active_directory.exports import DATA, SERIAL, THUMBPRINT, event

from intune_scep.active_directory import find_culprits, read_events
from intune_scep.active_directory.culprits import ADVICE, Found

OTHER = "B" * 40
COLUMNS = ["IssuerName", "PolicyId", "SerialNumber", "Thumbprint", "UPN"]
ROW = ["CN=CONTOSO-DC-CA, DC=contoso, DC=com", "p1", SERIAL, THUMBPRINT, "ann@contoso.com"]


@pytest.fixture
def culprits(tmp_path):
    def find(xml, *rows):
        (tmp_path / "events.xml").write_text(xml, encoding="utf-8")
        report = tmp_path / "report.csv"
        with report.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        return find_culprits(read_events(tmp_path / "events.xml"), report)

    return find


def row(**changes):
    return [changes.get(column, value) for column, value in zip(COLUMNS, ROW, strict=True)]


@pytest.mark.parametrize(
    ("rows", "found", "profile"),
    [
        ([row()], Found.THUMBPRINT, "p1"),
        ([row(Thumbprint=THUMBPRINT.lower(), SerialNumber="")], Found.THUMBPRINT, "p1"),
        ([row(Thumbprint=" ".join(THUMBPRINT))], Found.THUMBPRINT, "p1"),
        ([row(Thumbprint="")], Found.SERIAL_NUMBER, "p1"),
        ([row(Thumbprint="", SerialNumber=f"0x00{SERIAL.lower()}")], Found.SERIAL_NUMBER, "p1"),
        ([row(Thumbprint="", IssuerName="")], Found.SERIAL_NUMBER, "p1"),
        ([row(Thumbprint="", IssuerName="contoso-dc-ca")], Found.SERIAL_NUMBER, "p1"),
        ([row(Thumbprint="", IssuerName="CN=Other CA")], Found.NOT_IN_REPORT, None),
        ([row(Thumbprint=OTHER)], Found.NOT_IN_REPORT, None),
        ([row(), row()], Found.THUMBPRINT, "p1"),
        ([row(), row(PolicyId="p2")], Found.AMBIGUOUS, None),
        ([], Found.NOT_IN_REPORT, None),
        ([["x"], row()], Found.THUMBPRINT, "p1"),
    ],
)
def test_a_certificate_is_found_by_what_the_event_carries(culprits, rows, found, profile):
    [item] = culprits(event(39), *rows).culprits
    assert (item.found, item.policy_id) == (found, profile)
    assert (item.certificate is None) is (profile is None)


@pytest.mark.parametrize(
    ("rows", "found", "profile"),
    [
        ([row()], Found.ACCOUNT, "p1"),
        ([row(UPN="ANN@contoso.com"), row(Thumbprint=OTHER)], Found.ACCOUNT, "p1"),
        ([row(), row(PolicyId="p2")], Found.AMBIGUOUS, None),
        ([row(UPN="anna@contoso.com")], Found.NOT_IN_REPORT, None),
        ([row(UPN="")], Found.NOT_IN_REPORT, None),
    ],
)
def test_event_21_is_a_guess_by_the_account_and_says_so(culprits, rows, found, profile):
    result = culprits(event(21), *rows)
    [item] = result.culprits
    assert (item.found, item.policy_id, item.certificate) == (found, profile, None)
    assert result.groups[0].guessed == (found is Found.ACCOUNT)
    assert any("guessed" in note for note in result.notes) is (found is Found.ACCOUNT)


def test_groups_count_events_accounts_and_certificates(culprits):
    other = DATA[39] | {"AccountName": "bob", "Thumbprint": OTHER, "SerialNumber": "01"}
    xml = (
        event(39) * 3
        + event(45)
        + event(39, other)
        + event(41, DATA[41] | {"Thumbprint": "C" * 40, "SerialNumber": "9"})
    )
    result = culprits(xml, row(), row(PolicyId="P1", Thumbprint=OTHER, SerialNumber="01"))
    first, rest = result.groups
    assert (first.policy_id, first.events) == ("p1", {"39": 4, "45": 1})
    assert (first.accounts, first.certificates, first.issuers) == (2, 2, ("CONTOSO-DC-CA",))
    assert (rest.policy_id, rest.found, rest.events) == (None, Found.NOT_IN_REPORT, {"41": 1})
    assert [line[:3] for line in first.advice] == ["39:", "45:"]


@pytest.mark.parametrize("event_id", sorted(ADVICE))
def test_every_event_says_what_to_do(culprits, event_id):
    [group] = culprits(event(event_id), row()).groups
    [sentence] = group.advice
    assert sentence == f"{event_id}: {ADVICE[event_id]}"


@pytest.mark.parametrize(
    ("xml", "is_judged"),
    [
        (event(7036), True),
        (event(41, provider="Microsoft-Windows-Kernel-Power"), True),
        ("<Events></Events>", False),
        (event(7036) + event(39, {"Thumbprint": "?"}), False),
        (event(7036) + "<Event", False),
    ],
)
def test_none_is_an_answer_only_where_all_was_understood(culprits, xml, is_judged):
    result = culprits(xml)
    assert not result.culprits
    assert result.is_judged is is_judged
    assert bool(result.notes) is not is_judged
