"""A kind of step is one file: the engine carries it out, reads it back, takes it back and finishes
it without knowing it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from intune_scep.changes.expectation import PATIENCE, Beside
from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.run import carry_out, resume, roll_back, verify_journal
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Seen, Step
from intune_scep.changes.steps.base import changed_since
from intune_scep.changes.steps.writing import StepWrite
from intune_scep.errors import ProfileChangedError
from intune_scep.profiles import require_profile_type
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.tenant import read_profiles
from intune_scep.tenant.writes import patch_profile

IOS = "#microsoft.graph.iosScepCertificateProfile"


@dataclass(frozen=True)
class Describe(Step):
    """Give a profile another description, which this kind keeps apart from its properties."""

    kind: ClassVar[str] = "describe"
    noun: ClassVar[str] = "description"
    before: str | None
    after: str | None

    def write(self, setting):
        return DescribeWrite(self, setting)

    def expect(self, expected, before, root_id):
        expected = replace(expected, also=expected.also | {"description"})
        return expected.with_beside(self.kind, Described(self.after), before)

    def reverse(self, taken, now, roots):
        if now.description == taken.wire["description"]:
            return []
        if now.description != self.after:
            raise changed_since("its description")
        return [Describe(self.after, taken.wire["description"])]

    def to_dict(self):
        return {"kind": self.kind, "before": self.before, "after": self.after}

    @classmethod
    def from_dict(cls, data):
        return cls(data["before"], data["after"])


@dataclass(frozen=True)
class Described(Beside):
    wanted: str | None

    def lack(self, found):
        now = found.profile.description
        return None if now == self.wanted else f"{PATIENCE} does not show the description."


class DescribeWrite(StepWrite):
    def __init__(self, step, setting):
        super().__init__(setting)
        self.step = step

    async def look(self):
        now = await self._read()
        if self.before is None:
            self._require_planned(now)
        if now.description == self.step.after:
            return True
        if now.description != self.step.before:
            raise ProfileChangedError("The description was changed meanwhile.")
        if not self.begun:
            self.pre_image = replace(self.pre_image, wire=now.to_wire())
        self.before = now
        return None

    async def send(self):
        body = {"description": self.step.after}
        await patch_profile(self._tenant, self.subject.id, self.before.odata_type, body)
        return True


@pytest.fixture
def tenant(simulated):
    started = simulated(bulk(3, platforms=("ios",)), name="three")
    started.control("PUT", "settings", {"throttling": False})
    return started


async def plan_of(graph):
    snapshot = await read_profiles(graph, [require_profile_type(IOS)])
    actions = tuple(
        Action(
            key=profile.id,
            action="update",
            odata_type=profile.odata_type,
            name=profile.display_name,
            id=profile.id,
            status=Status.PLANNED,
            steps=(Describe(profile.description, "Another"),),
            seen=Seen(profile.version, profile.last_modified_date_time),
        )
        for profile in snapshot.profiles
    )
    return Plan(Task.DECLARED_STATE, graph.tenant_id, graph.cloud, actions)


def walked(tenant):
    async def walk(graph):
        plan = await plan_of(graph)
        read = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
        assert read == plan
        return await carry_out(graph, read)

    return tenant.run(walk)


def descriptions(tenant):
    profiles = tenant.profiles().values()
    return [item["description"] for item in profiles if item["@odata.type"] == IOS]


def statuses(report):
    return [outcome.status for outcome in report.outcomes]


def test_it_is_carried_out_recorded_and_taken_back(tenant):
    before = descriptions(tenant)
    report = walked(tenant)
    assert statuses(report) == [Status.APPLIED] * 3
    assert descriptions(tenant) == ["Another"] * 3
    journal = Path(report.journal)
    assert not tenant.run(lambda graph: verify_journal(graph, journal)).failed
    undone = tenant.run(lambda graph: roll_back(graph, journal))
    assert statuses(undone) == [Status.APPLIED] * 3
    assert descriptions(tenant) == before


def test_one_that_does_nothing_is_noticed(tenant):
    tenant.control("PUT", "faults", [{"match": {"method": "PATCH"}, "effect": "ignore"}])
    report = walked(tenant)
    assert statuses(report) == [Status.UNKNOWN, Status.HELD_BACK, Status.HELD_BACK]
    assert "description" in report.outcomes[0].message


def test_one_whose_answer_is_lost_is_finished_by_the_resumed_run(tenant):
    lost = {"match": {"method": "PATCH", "nth": [2]}, "when": "after", "effect": "close"}
    tenant.control("PUT", "faults", [lost])
    report = walked(tenant)
    assert statuses(report) == [Status.APPLIED] * 3
    again = tenant.run(lambda graph: resume(graph, Path(report.journal)))
    assert statuses(again) == [Status.UNCHANGED] * 3
    patches = [item for item in tenant.requests("PATCH") if item["committed"]]
    assert len(patches) == 3


def test_an_edit_since_is_left_alone(tenant):
    report = walked(tenant)
    edited = report.outcomes[0].action
    body = {"description": "By hand"}
    tenant.run(lambda graph: patch_profile(graph, edited.id, edited.odata_type, body))
    undone = tenant.run(lambda graph: roll_back(graph, Path(report.journal)))
    assert sorted(statuses(undone)) == [Status.APPLIED, Status.APPLIED, Status.CONFLICT]
    assert descriptions(tenant).count("By hand") == 1
