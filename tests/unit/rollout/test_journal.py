"""How far a rollout is stands in its journal, and nothing else says so."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.audience.reissued import Before
from intune_scep.certificate_states import Presence
from intune_scep.errors import JournalError
from intune_scep.rollout.journal import journal_path, open_journal, read_state
from intune_scep.rollout.model import Gates, Ring, RolloutFile, Strategy
from intune_scep.rollout.state import Word
from intune_scep.rollout.words import Answer, Stage, State
from intune_scep.tenant.issued import IssuedCertificate

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
WORD = Word("anna@contoso.com", "CHG0042", AT)


def ring(name, order, *profiles):
    return Ring(name, order, profiles, gates=Gates(approval=True))


FILE = RolloutFile(
    "users-2026", Strategy.IN_PLACE, (), (ring("test", 1, "a"), ring("broad", 2, "b", "c"))
)


def opened(path, *, dry_run=False, file=FILE):
    return open_journal(path, "tenant", "public", file, AT, dry_run=dry_run)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rollout.jsonl"


def enter(journal, name, *profiles):
    journal.note_before(name, before(*profiles), AT)
    journal.note("entered", AT, ring=name, profiles=list(profiles), devices=None)


def before(*profiles):
    issued = [
        IssuedCertificate(device, profile, None, Presence.HELD, serial)
        for profile in profiles
        for device, serial in (("d1", "01"), ("d2", "02"), ("d2", "03"))
    ]
    return Before.of(issued, profiles, AT)


STORY = [
    (State.NOT_ACTIVATED, lambda journal: None),
    (State.ACTIVATED, lambda journal: journal.note_word("started", WORD)),
    (State.ACTIVATING, lambda journal: enter(journal, "test", "a")),
    (
        State.ACTIVATING,
        lambda journal: journal.note("opening", AT, ring="test", stage="open", run="/run1"),
    ),
    (
        State.ACTIVATED,
        lambda journal: journal.note("changed", AT, ring="test", stage="open", profiles=["a"]),
    ),
    (
        State.ACTIVATED,
        lambda journal: journal.note(
            "gate", AT, ring="test", answer="wait", checks=[], counts={"held": 2}
        ),
    ),
    (State.PAUSED, lambda journal: journal.note_word("paused", WORD)),
    (State.ACTIVATED, lambda journal: journal.note_word("resumed", WORD)),
    (State.ERROR, lambda journal: journal.note("frozen", AT, ring="test", reason="it fails")),
    (State.ACTIVATED, lambda journal: journal.note_word("resumed", WORD)),
    (State.ACTIVATED, lambda journal: journal.note_word("approved", WORD, ring="test")),
    (State.ACTIVATED, lambda journal: journal.note("passed", AT, ring="test")),
    (State.ACTIVATED, lambda journal: journal.note("closed", AT, ring="test")),
    (State.ACTIVATING, lambda journal: enter(journal, "broad", "b", "c")),
    (
        State.ACTIVATED,
        lambda journal: journal.note(
            "changed", AT, ring="broad", stage="open", profiles=["b", "c"]
        ),
    ),
    (State.ACTIVATED, lambda journal: journal.note("closed", AT, ring="broad")),
    (State.COMPLETED, lambda journal: journal.note("finished", AT)),
]


def test_the_state_is_what_the_records_lead_to_at_every_step_and_after_reopening(path):
    for expected, step in STORY:
        with opened(path) as journal:
            step(journal)
            assert journal.state.state is expected
            now = journal.state.to_dict()
        assert read_state(path).to_dict() == now


def test_what_was_out_before_the_change_is_kept_whole(path):
    with opened(path) as journal:
        enter(journal, "broad", "b", "c")
    ring = read_state(path).ring("broad")
    assert ring.before == before("b", "c")
    assert ring.left(Stage.OPEN) == ("b", "c")
    assert ring.changed_at is None


def test_a_snapshot_that_was_cut_short_is_not_taken_for_a_whole_one(path):
    with opened(path) as journal:
        pieces = list(before("b").to_records(most=1))
        for number, piece in enumerate(pieces[:2]):
            journal.note("evidence", AT, ring="broad", first=number == 0, certificates=piece)
    with opened(path) as journal:
        enter(journal, "broad", "b")
    assert read_state(path).ring("broad").before == before("b")


def test_a_dry_run_makes_no_file(path):
    with opened(path, dry_run=True) as journal:
        journal.note_word("started", WORD)
        assert journal.state.started == WORD
    assert not path.exists()
    assert read_state(path) is None


def test_a_journal_is_private_and_keeps_who_decided_what(path):
    with opened(path) as journal:
        journal.note_word("started", WORD)
    assert path.stat().st_mode & 0o777 == 0o600
    state = read_state(path)
    assert str(state.started) == "anna@contoso.com: CHG0042"
    assert state.started.at == AT


def test_a_journal_of_another_rollout_or_tenant_is_refused(path):
    with opened(path):
        pass
    other = replace(FILE, name="other")
    with (
        pytest.raises(JournalError, match="is the journal of the rollout 'users-2026'"),
        opened(path, file=other),
    ):
        pass
    with (
        pytest.raises(JournalError, match="is the journal of tenant tenant"),
        open_journal(path, "else", "public", FILE, AT, dry_run=False),
    ):
        pass


DAMAGES = {
    "another format": lambda lines: lines[0].update(format="intune-scep/journal/2"),
    "a record of no kind that is known": lambda lines: lines[1].update(record="cheered"),
    "a record of a ring that is not there": lambda lines: lines[2].update(ring="moon"),
    "a time without its zone": lambda lines: lines[2].update(at="2026-11-02T08:00:00"),
    "a stage that is not known": lambda lines: lines[3].update(stage="later"),
    "a list that is a text": lambda lines: lines[3].update(profiles="a"),
    "a record that is missing": lambda lines: lines.pop(1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_journal_is_refused_in_one_sentence(path, damage):
    from intune_scep.changes.record_log import _digest

    with opened(path) as journal:
        journal.note_word("started", WORD)
        journal.note("entered", AT, ring="test", profiles=["a"], devices=None)
        journal.note("changed", AT, ring="test", stage="open", profiles=["a"])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    damage(lines)
    for line in lines:
        line.pop("sha256")
        line["sha256"] = _digest(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(JournalError) as raised:
        read_state(path)
    assert str(path) in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_a_torn_last_line_is_nothing_that_was_done(path):
    with opened(path) as journal:
        journal.note_word("started", WORD)
    with path.open("ab") as file:
        file.write(b'{"seq": 3, "record": "fin')
    assert read_state(path).state is State.ACTIVATED
    with opened(path) as journal:
        journal.note("finished", AT)
    assert read_state(path).state is State.COMPLETED


@pytest.mark.parametrize(
    "name", ["users-2026", "Users 2026", "../../etc/passwd", "ü", "con", "a" * 300, "a/b", "."]
)
def test_a_journal_lies_in_the_state_of_its_tenant_whatever_its_name_is(
    name, tmp_path, monkeypatch
):
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path))
    path = journal_path("tenant", name)
    assert path.parent == tmp_path / "tenant"
    assert path.name.endswith(".rollout.jsonl")
    assert len(path.name) < 100


def test_samples_tell_how_it_went_over_time(path):
    with opened(path) as journal:
        for hour, held in enumerate((2, 2, 2)):
            at = AT + timedelta(hours=hour)
            counts = {"held": held, "seen": hour, "reissued": hour}
            journal.note("gate", at, ring="test", answer="wait", checks=[], counts=counts)
    samples = read_state(path).ring("test").samples
    assert [item.counts["reissued"] for item in samples] == [0, 1, 2]
    assert {item.answer for item in samples} == {Answer.WAIT}
