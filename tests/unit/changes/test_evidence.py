"""What a job keeps of the time before its first write: carried, passed over, or refused."""

import asyncio

import pytest

from intune_scep.changes.evidence import Evidence, gathered
from intune_scep.changes.journal import new_journal, read_journal
from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.watch import Stop, Watch
from intune_scep.errors import JournalError
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce, plan_tenant

PLAN = Plan(Task.STRONG_MAPPING, "tenant", "public", (Action("1", "none", "", "Wi-Fi"),))


def journal_with(path, **values):
    with new_journal(path, PLAN.tenant, PLAN.cloud, PLAN.task) as writer:
        writer.write("plan", run=1, plan=PLAN.to_dict())
        writer.write("evidence", **values)
    return path


@pytest.mark.parametrize("content", [{}, {"any": ["thing", 1, None]}, {"nested": {"deep": []}}])
def test_it_is_kept_as_it_is(tmp_path, content):
    path = journal_with(tmp_path / "journal", run=1, of="weather", content=content)
    [kept] = read_journal(path).first.evidence
    assert (kept.kind, kept.content) == ("weather", content)
    assert kept.at


@pytest.mark.parametrize(
    "values",
    [
        {"run": 1, "of": "weather"},
        {"run": 1, "content": {}},
        {"run": 1, "of": 5, "content": {}},
        {"run": 1, "of": "weather", "content": []},
        {"run": 1, "of": "weather", "content": "text"},
        {"run": 1, "of": "weather", "content": None},
        {"run": 2, "of": "weather", "content": {}},
        {"run": "1", "of": "weather", "content": {}},
        {"of": "weather", "content": {}},
    ],
)
def test_what_is_not_of_that_form_is_damage(tmp_path, values):
    path = journal_with(tmp_path / "journal", **values)
    with pytest.raises(JournalError, match="is damaged"):
        read_journal(path)


def run_with(tenant, journal, evidence):
    async def gather(*_):
        return evidence

    async def work(graph):
        from intune_scep.changes.run import carry_out

        plan = await plan_tenant(graph, Choices())
        return await carry_out(graph, plan, journal=journal, gather=gather)

    return tenant.run(work)


def test_resume_rollback_and_verify_pass_over_what_they_do_not_know(simulated, tmp_path):
    from intune_scep.changes.run import roll_back, verify_journal

    tenant = simulated(bulk(3), name="bulk3")
    journal = tmp_path / "journal"
    evidence = Evidence("weather", [{"sunny": True}, {"windy": 3}], ("It was fine.",))
    report = run_with(tenant, journal, evidence)
    assert "It was fine." in report.notes
    assert [item.content for item in read_journal(journal).first.evidence] == evidence.records
    assert not tenant.run(lambda graph: verify_journal(graph, journal)).failed
    assert tenant.run(lambda graph: roll_back(graph, journal)).count("applied") == 3
    assert len(read_journal(journal).first.evidence) == 2


def test_a_journal_that_was_cut_inside_it_is_finished(simulated, tmp_path):
    tenant = simulated(bulk(3), name="bulk3")
    journal = tmp_path / "journal"
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))
    whole = journal.read_bytes()
    before = tenant.requests("PATCH")
    cut = whole.index(b'"evidence"') + 40
    again = tmp_path / "again"
    again.write_bytes(whole[:cut])
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=again))
    assert tenant.requests("PATCH") == before
    assert not report.failed


def test_gathering_ends_when_somebody_asks_to_stop(virtual_time):
    stop, cancelled = Stop(), []

    async def gather(_tenant, _plan, telling):
        telling("Waiting for ever")
        stop.request()
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def work():
        found = await gathered(gather, None, PLAN, Watch(stop=stop))
        await asyncio.sleep(0)
        return found

    assert virtual_time(work()) is None
    assert cancelled


@pytest.mark.parametrize("began", [False, True], ids=["nothing was sent", "a write was sent"])
def test_what_a_stop_kept_from_being_gathered_is_gathered_when_the_run_goes_on(
    simulated, tmp_path, began
):
    tenant = simulated(bulk(3), name="bulk3")
    journal, watch = tmp_path / "journal", Watch(stop=Stop())
    asked = []

    async def gather(*_):
        if not asked:
            asked.append("stopped")
            watch.stop.request()
            await asyncio.sleep(10_000)
        asked.append("gathered")
        return Evidence("weather", [{"sunny": True}], ())

    async def work(graph, gather, watch):
        from intune_scep.changes.run import carry_out

        return await carry_out(graph, plan, journal=journal, gather=gather, watch=watch)

    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))

    tenant.run(lambda graph: work(graph, gather, watch))
    assert not tenant.requests("PATCH")
    if began:
        stop = Stop()
        once = Watch(progress=lambda *_: stop.request(), stop=stop)
        tenant.run(lambda graph: work(graph, None, once))
        assert tenant.requests("PATCH")
    tenant.run(lambda graph: work(graph, gather, Watch()))
    kept = [item.content for item in read_journal(journal).first.evidence]
    assert kept == ([] if began else [{"sunny": True}])
    assert read_journal(journal).is_finished
