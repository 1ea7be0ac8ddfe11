"""An administrator edits while a run goes on: no edit is lost unreported, and only one made between
a profile's own reading and the write can be lost at all."""

import shutil
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.length import LONG

from intune_scep.tenant.listing import list_configurations

from .kill_jobs import JOBS, do, opened, prepare
from .property_edits import LAGS, NEWEST, Administrator, Edit, edits, is_there, lost_to

ANY_EDITS = settings(
    deadline=None,
    max_examples=100 if LONG else 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return a function from a job to where it starts, its profiles and its number of requests."""
    made = {}

    def start(name):
        if name not in made:
            path = tmp_path_factory.mktemp("edited") / "start"
            path.mkdir()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("XDG_STATE_HOME", str(path.parent / "state"))
                prepare(name, path)
                copy = path.with_name("undisturbed")
                shutil.copytree(path, copy)
                tenant = opened(copy / "tenant.db")
                profiles = sorted(tenant.profiles())
                nobody = Administrator(tenant, ())
                assert not do(tenant, JOBS[name].run, copy).failed
                tenant.close()
            made[name] = path, profiles, nobody.count
        return made[name]

    return start


async def _everything(graph):
    found = {}
    async for page in graph.session.pages("deviceManagement/deviceConfigurations"):
        found |= {item["id"]: item for item in page}
    listed = await list_configurations(graph, (), lambda _: True, with_assignments=True)
    return found, {wire["id"]: wire["assignments"] for wire in listed.items}


def require_kept_or_told(tenant, report, administrator, *, lags, rolls_back):
    profiles, assignments = tenant.run(_everything)
    rows = {}
    for outcome in report.outcomes:
        for identifier in {outcome.id, outcome.action.id} - {None}:
            rows[identifier] = outcome
    for each in administrator.events:
        edit = each.edit
        if edit is None or each.lagged:
            continue
        if is_there(edit, profiles.get(edit.profile), assignments.get(edit.profile)):
            continue
        # A plan made on an edit may go over it; taking back a run must not.
        if administrator.is_planned_on(edit) and not rolls_back:
            continue
        if administrator.is_edited_again(edit):
            continue
        write, read = lost_to(edit, administrator.events)
        assert lags or not read, (edit, write, report.to_dict()["profiles"])
        # What was deleted or assigned does not show what was there an instant before.
        if write.sort == "PATCH":
            outcome = rows[edit.profile]
            told = {"conflict", "failed", "unknown"} if lags else {"conflict"}
            assert outcome.status in told, (edit, outcome)
            assert outcome.written
            assert outcome.message
            assert report.failed


@pytest.mark.parametrize("lagging", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("name", JOBS)
@ANY_EDITS
@given(data=st.data())
def test_an_edit_during_a_run_is_kept_or_told(begun, name, lagging, data):
    start, profiles, requests = begun(name)
    drawn = data.draw(edits([*profiles, NEWEST], requests))
    lags = data.draw(LAGS) if lagging else []
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", f"{directory}/state")
        path = shutil.copytree(start, f"{directory}/run")
        path = start.__class__(path)
        tenant = opened(path / "tenant.db")
        try:
            tenant.control("PUT", "faults", lags)
            administrator = Administrator(tenant, drawn)
            try:
                report = do(tenant, JOBS[name].run, path, began=administrator.begin)
            finally:
                administrator.leave()
            tenant.control("PUT", "faults", [])
            rolls_back = JOBS[name].rolls_back is not None
            require_kept_or_told(
                tenant, report, administrator, lags=bool(lags), rolls_back=rolls_back
            )
        finally:
            tenant.close()


@pytest.mark.parametrize("name", ["migration", "rollback of a migration"])
def test_an_edit_right_before_each_write_is_told(begun, tmp_path, name):
    """The one moment in which an edit can be lost, for each profile in turn."""
    start, profiles, requests = begun(name)
    lost = set()
    for nth in range(1, requests + 1):
        path = tmp_path / str(nth)
        shutil.copytree(start, path)
        tenant = opened(path / "tenant.db")
        drawn = [Edit(profile, "names", nth, "before") for profile in profiles]
        administrator = Administrator(tenant, drawn)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", str(path / "state"))
            report = do(tenant, JOBS[name].run, path, began=administrator.begin)
        administrator.leave()
        lost |= {o.id for o in report.outcomes if o.status == "conflict" and o.written}
        rolls_back = JOBS[name].rolls_back is not None
        require_kept_or_told(tenant, report, administrator, lags=False, rolls_back=rolls_back)
        tenant.close()
    assert lost == {outcome.id for outcome in report.outcomes if outcome.action.writes}


def test_what_was_assigned_after_a_rollback_was_planned_is_not_deleted(begun, tmp_path):
    start, profiles, _ = begun("rollback of a restore")
    path = tmp_path / "run"
    shutil.copytree(start, path)
    tenant = opened(path / "tenant.db")
    administrator = Administrator(tenant, ())

    def edit(*_):
        for profile in profiles:
            administrator.carry_out(Edit(profile, "assignments", 0, "before"))

    report = do(tenant, JOBS["rollback of a restore"].run, path, began=edit)
    administrator.leave()
    assert report.failed
    assert {outcome.status for outcome in report.outcomes} <= {"conflict", "held_back"}
    assert sorted(tenant.profiles()) == profiles
    tenant.close()
