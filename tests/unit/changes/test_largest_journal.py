"""A journal is read back whatever it was allowed to keep."""

import pytest

from intune_scep.changes import record_log
from intune_scep.changes.journal import new_journal, read_journal
from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.errors import JournalError

LIMIT = 20_000


def plan_of(size):
    actions = tuple(Action(str(number), "none", "", "x" * 100) for number in range(size))
    return Plan(Task.RESTORE, "tenant", "public", actions)


@pytest.mark.parametrize("size", [0, 1, 10, 40, 60, 61, 70, 100, 1_000])
def test_what_a_journal_takes_can_be_read_again(tmp_path, monkeypatch, size):
    monkeypatch.setattr(record_log, "_MOST_LINE", LIMIT)
    path, plan = tmp_path / "journal.jsonl", plan_of(size)
    try:
        with new_journal(path, plan.tenant, plan.cloud, plan.task) as writer:
            writer.write("plan", run=1, plan=plan.to_dict())
    except JournalError as error:
        assert "Nothing of it was sent" in str(error)
        assert error.hint == "Change fewer profiles in one run."
        assert path.stat().st_size < LIMIT
        assert size > 40
    else:
        assert read_journal(path).first.plan == plan
        assert size < 100


def test_a_plan_of_thirty_thousand_new_profiles_fits():
    """What one takes, times as many: a body of a few kilobytes with a root's certificate."""
    assert record_log._MOST_LINE > 30_000 * 6 * 2**10
