"""Journals of the first format, as the first engine wrote them, are resumed and rolled back."""

import hashlib
import json

import pytest

from intune_scep.changes.journal import read_journal
from intune_scep.changes.run import roll_back
from intune_scep.errors import JournalError

from .jobs import COUNT, JOBS, outcomes, told

SANS = "customSubjectAlternativeNames"
SID = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
CHOICES = {
    "only": [],
    "except": [],
    "include_android": False,
    "include_device_certificates": False,
    "include_legacy_san": False,
    "max_changes": None,
}


class FirstFormat:
    """Writes what a run of the first engine left, record by record."""

    def __init__(self, path, ready, profiles):
        self.path = path
        self._ready = ready
        self._profiles = profiles
        self._seq = 0
        content = {
            "format": "intune-scep/strong-mapping-plan/1",
            "tenant": ready.tenant.door.tenant_id,
            "cloud": "simulator",
            "choices": CHOICES,
            "actions": [self._action(profile) for profile in profiles],
            "left_alone": {},
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        plan = {**content, "digest": hashlib.sha256(canonical.encode()).hexdigest()}
        self.write(
            "journal",
            format="intune-scep/journal/1",
            tool="intune-scep 0.1.0",
            tenant=content["tenant"],
            cloud="simulator",
            plan=plan,
        )

    @staticmethod
    def _action(profile):
        return {
            "id": profile["id"],
            "display_name": profile["displayName"],
            "odata_type": profile["@odata.type"],
            "version": profile["version"],
            "last_modified_date_time": profile["lastModifiedDateTime"],
            "before": profile[SANS],
            "after": [*(profile[SANS] or []), SID],
            "action": "add_sid_uri",
        }

    def write(self, record, **values):
        self._seq += 1
        line = {"seq": self._seq, "record": record, "time": "2026-06-01T08:00:00.000+00:00"}
        line |= values
        digest = hashlib.sha256(json.dumps(line).encode("ascii")).hexdigest()
        with self.path.open("a") as file:
            file.write(json.dumps({**line, "sha256": digest}) + "\n")

    def intend(self, profile):
        after = [*(profile[SANS] or []), SID]
        self.write("intention", id=profile["id"], pre_image=profile, patch={SANS: after})

    def carry_out(self, profile):
        """Send the change as the first engine did."""
        body = {"@odata.type": profile["@odata.type"], SANS: [*(profile[SANS] or []), SID]}
        path = f"deviceManagement/deviceConfigurations/{profile['id']}"
        self._ready.tenant.run(lambda graph: graph.session.write("PATCH", path, body))

    def end(self, profile, status="applied"):
        self.write("outcome", id=profile["id"], status=status, message=None)

    def verify(self, profile):
        version = profile["version"] + 1
        date = self._ready.tenant.profiles()[profile["id"]]["lastModifiedDateTime"]
        self.write(
            "verified",
            id=profile["id"],
            status="applied",
            message=None,
            version=version,
            last_modified_date_time=date,
        )


@pytest.fixture
def cut_short(start, tmp_path):
    """A run of the first engine that was killed: two changes are recorded, the third landed, the
    fourth was announced and did not, the fifth was not begun."""
    ready = start(JOBS["migration"])
    profiles = [p for p in ready.tenant.profiles().values() if "Scep" in p["@odata.type"]]
    ready.before = ready.content()
    journal = FirstFormat(tmp_path / "first.jsonl", ready, profiles)
    for profile in profiles[:2]:
        journal.intend(profile)
        journal.carry_out(profile)
        journal.end(profile)
    journal.intend(profiles[2])
    journal.carry_out(profiles[2])
    journal.intend(profiles[3])
    ready.tenant.control("DELETE", "requests")
    return ready, journal, profiles


def test_a_run_of_the_first_engine_is_resumed_to_its_end(cut_short):
    ready, journal, profiles = cut_short
    foreseen = ready.run(journal=journal.path, dry_run=True)
    assert foreseen.count("planned") == COUNT
    report = ready.run(journal=journal.path)
    assert outcomes(report) == dict.fromkeys((p["displayName"] for p in profiles), "applied")
    assert not report.failed
    assert len(ready.struck()) == 2
    assert ready.is_right
    content = read_journal(journal.path)
    assert content.is_finished
    ready.tenant.control("DELETE", "requests")
    assert not ready.run(journal=None).changed


def test_what_the_first_engine_had_verified_is_not_looked_at_again(cut_short):
    ready, journal, profiles = cut_short
    for profile in profiles[:2]:
        journal.verify(profile)
    report = ready.resume(journal.path)
    assert list(outcomes(report).values()) == ["unchanged", "unchanged"] + ["applied"] * 3
    assert ready.is_right


def test_a_run_of_the_first_engine_is_rolled_back_by_what_the_tenant_shows(cut_short):
    ready, journal, profiles = cut_short
    report = ready.roll_back(journal.path)
    found = {item.id: item.status.value for item in report.outcomes}
    expected = [*["applied"] * 3, "unchanged"]
    assert [found[profile["id"]] for profile in profiles[:4]] == expected, told(report)
    assert profiles[4]["id"] not in found
    assert not report.failed
    assert ready.content() == ready.before


def test_a_resumed_run_of_the_first_engine_is_rolled_back_as_a_whole(cut_short):
    ready, journal, _ = cut_short
    assert not ready.resume(journal.path).failed
    report = ready.roll_back(journal.path)
    assert report.count("applied") == COUNT, told(report)
    assert ready.content() == ready.before


def test_a_profile_edited_since_the_first_engine_wrote_it_is_left_alone(cut_short):
    ready, journal, profiles = cut_short
    edited = profiles[0]
    path = f"deviceManagement/deviceConfigurations/{edited['id']}"
    body = {"@odata.type": edited["@odata.type"], "description": "theirs"}
    ready.tenant.run(lambda graph: graph.session.write("PATCH", path, body))
    report = ready.roll_back(journal.path)
    outcome = report.outcome(edited["id"])
    assert outcome.status == "conflict"
    assert "description" in outcome.message
    assert report.count("applied") == 2


def test_a_rollback_that_the_first_engine_began_is_finished(cut_short):
    ready, journal, profiles = cut_short
    first = profiles[0]
    journal.write("rollback_intention", id=first["id"], patch={SANS: first[SANS]})
    path = f"deviceManagement/deviceConfigurations/{first['id']}"
    body = {"@odata.type": first["@odata.type"], SANS: first[SANS]}
    ready.tenant.run(lambda graph: graph.session.write("PATCH", path, body))
    report = ready.roll_back(journal.path)
    assert report.outcome(first["id"]).status == "unchanged"
    assert report.count("applied") == 2
    assert ready.content() == ready.before


def test_other_choices_are_refused_for_a_run_of_the_first_engine(cut_short):
    ready, journal, _ = cut_short
    with pytest.raises(JournalError, match="include_android was False, not True"):
        ready.run(journal=journal.path, include_android=True)


def test_a_journal_of_the_first_engine_that_was_edited_is_refused(cut_short):
    ready, journal, _ = cut_short
    text = journal.path.read_text()
    journal.path.write_text(text.replace("pre_image", "prX_image", 1))
    with pytest.raises(JournalError, match="not as it was written"):
        ready.roll_back(journal.path)


def test_another_tenant_is_refused(cut_short, simulated):
    _, journal, _ = cut_short
    other = simulated("contoso")
    with pytest.raises(JournalError, match="is the journal of tenant"):
        other.run(lambda graph: roll_back(graph, journal.path))
