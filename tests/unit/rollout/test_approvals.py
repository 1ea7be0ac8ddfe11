"""A rollout waits for the approval of another administrator, and freezes on a refusal."""

from dataclasses import replace

import pytest

from intune_scep.rollout.tick import Exit
from intune_scep.rollout.verbs import resume_rollout, roll_back_rollout, run_rollout, start_rollout
from intune_scep.rollout.words import Need, State

from .world import TWELVE, World, in_place

WHY = "CHG0042"


@pytest.fixture
def guarded(simulated, tmp_path):
    made = World(simulated, tmp_path, in_place(TWELVE[:2]), devices=60, approvals="412")
    yield made
    made.driver.close()


def justified(verb):
    async def call(tenant, file, **options):
        return await verb(replace(tenant, justification=WHY), file, **options)

    return call


def decide(it, decision):
    for item in it.driver.approvals():
        if item["status"] == "needsApproval":
            getattr(it.driver, decision)(item["code"])


def test_a_tick_files_a_later_one_waits_and_one_after_the_approval_goes_on(guarded):
    it = guarded
    tick = it.do(justified(start_rollout))
    assert (tick.exit, tick.wait.need) == (Exit.PERSON, Need.PERSON)
    assert "Multi Admin Approval" in " ".join(tick.wait.said)
    tick = it.do(justified(run_rollout))
    assert (tick.exit, tick.wait.need) == (Exit.PERSON, Need.PERSON)
    assert len(it.driver.approvals()) == 1
    decide(it, "approve")
    tick = it.do(run_rollout)
    assert tick.state.state is State.ACTIVATED
    assert [item["status"] for item in it.driver.approvals()] == ["completed"]
    assert tick.state.rings[0].changed


@pytest.mark.parametrize(("how", "word"), [("reject", "was rejected"), ("expire", "expired")])
def test_a_refusal_and_an_expiry_freeze_until_somebody_resumes(guarded, how, word):
    it = guarded
    it.do(justified(start_rollout))
    if how == "reject":
        decide(it, "reject")
    else:
        it.driver.advance(3 * 86_400 + 60)
    tick = it.do(justified(run_rollout))
    assert (tick.exit, tick.state.state) == (Exit.FAILED, State.ERROR)
    assert word in tick.state.frozen
    assert it.do(justified(run_rollout)).state.state is State.ERROR
    assert len(it.driver.approvals()) == 1
    it.do(justified(resume_rollout), reason="agreed")
    it.do(justified(run_rollout))
    assert len(it.driver.approvals()) == 2
    decide(it, "approve")
    assert it.do(run_rollout).state.rings[0].changed


def test_a_rollback_that_waits_is_not_taken_for_done(guarded):
    it = guarded
    it.do(justified(start_rollout))
    decide(it, "approve")
    it.do(run_rollout)
    tick = it.do(justified(roll_back_rollout), reason="no")
    assert it.state.taken_back == []
    assert tick.exit is Exit.PERSON
    assert "1 run is not taken back yet" in tick.msg
    decide(it, "approve")
    it.do(justified(roll_back_rollout), reason="no")
    assert len(it.state.taken_back) == 1
