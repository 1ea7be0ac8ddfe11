"""Any plan, walked and undone: the tenant is as it was; walked again: as after the first walk."""

import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, event, given, settings
from tests.conftest import SimulatedTenant
from tests.length import LONG
from tests.unit.backup.tenants import content

from intune_scep.changes.plan import Plan
from intune_scep.changes.run import carry_out, roll_back, verify_journal
from intune_scep.simulator import seed_database

from .property_plans import cases, plan_of

ANY_PLAN = settings(
    deadline=None,
    max_examples=400 if LONG else 30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@contextmanager
def tenant_of(case):
    """A fresh tenant in a fresh state directory."""
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", f"{directory}/state")
        path = Path(directory) / "tenant.db"
        seed_database(path, case.scenario)
        tenant = SimulatedTenant(path)
        tenant.control("PUT", "settings", {"throttling": False})
        try:
            yield tenant
        finally:
            tenant.close()


def walk(tenant, case):
    """Plan and carry out what can be carried out; the report."""
    plan = tenant.run(lambda graph: plan_of(graph, case))
    read = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert read == plan
    assert read.digest == plan.digest
    report = tenant.run(lambda graph: carry_out(graph, read))
    assert not report.failed, report.msg
    return report


def facts(tenant):
    """By id: all that a profile is, but for what each write changes."""
    return {
        identifier: {
            name: value
            for name, value in profile.items()
            if name not in {"version", "lastModifiedDateTime"}
        }
        for identifier, profile in tenant.profiles().items()
    }


@ANY_PLAN
@given(case=cases())
def test_a_plan_that_is_undone_leaves_the_tenant_as_it_was(case):
    with tenant_of(case) as tenant:
        before, known = tenant.run(content), facts(tenant)
        report = walk(tenant, case)
        after = tenant.run(content)
        if report.journal is None:
            assert after == before
            return
        for action in report.plan.writing:
            event(action.action)
        undone = tenant.run(lambda graph: roll_back(graph, Path(report.journal)))
        assert not undone.failed, (undone.msg, undone.to_dict()["profiles"])
        assert tenant.run(content) == before
        gone = {action.id for action in report.plan.writing if action.deletes}
        now = facts(tenant)
        for identifier in known.keys() - gone:
            assert now[identifier] == known[identifier]
        assert not now.keys() & gone
        assert len(now) == len(known)
        walk(tenant, case)
        assert tenant.run(content) == after


@ANY_PLAN
@given(case=cases())
def test_a_plan_that_was_walked_says_so_and_is_found_as_it_was_left(case):
    with tenant_of(case) as tenant:
        report = walk(tenant, case)
        if report.journal is None:
            return
        found = tenant.run(lambda graph: verify_journal(graph, Path(report.journal)))
        assert not found.failed, (found.msg, found.to_dict()["profiles"])
        assert not [r for r in tenant.requests() if r["method"] == "PATCH" and not r["committed"]]
