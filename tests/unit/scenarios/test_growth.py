"""Four times the profiles are four times the work, in every job and in every function of it.

Counted in lines of the library that the interpreter runs, loops inside one line included, never in
time. The simulator and the packages that are used are not counted.
"""

import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.conftest import SimulatedTenant

import intune_scep
from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.export import export_profiles
from intune_scep.backup.restore import plan_restoring, restore_backup
from intune_scep.backup.sources import read_source
from intune_scep.changes import readback
from intune_scep.changes.plan import Plan
from intune_scep.changes.run import roll_back, verify_journal
from intune_scep.compliance import check_tenant
from intune_scep.compliance.offline import check_files
from intune_scep.declarations import parse_declaration
from intune_scep.desired_state.listing import list_profiles
from intune_scep.desired_state.run import apply_declarations, plan_declarations
from intune_scep.profiles import ProfileKind
from intune_scep.reports.formats import FORMATS, render
from intune_scep.reports.runs import plan_lines, run_lines
from intune_scep.rules import settings
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import assess_tenant
from intune_scep.strong_mapping import run as strong_mapping
from intune_scep.strong_mapping.choices import Choices

LIBRARY = str(Path(intune_scep.__file__).parent)
SIMULATOR = str(Path(LIBRARY, "simulator"))
FEW, MANY = 8, 32
TIMES = MANY / FEW
# What a function may run for each profile beyond what it did for fewer: there are no whole batches
# of few, and one root for every platform where there are none.
SPARE = 3


# Whoever waits for a place among the writes looks at the clock; the rules of a type and what they
# ask of all roots are worked out once, which is more where there are more types.
BESIDE = (
    "/graph/pacing.py: ",
    "/graph/window.py: ",
    "/changes/gate.py: ",
    "/changes/watch.py: Stop.requested",
    "/rules/engine.py: _selected",
    "/rules/tenant_profiles.py: ",
)


def lines_of(work):
    """How many lines each function of the library runs, and what the work gives.

    What profiles set is read for each work anew, once for all that set the same.
    """
    settings._SHARED.clear()
    counts = Counter()

    def trace(frame, event, _argument):
        name = frame.f_code.co_filename
        if not name.startswith(LIBRARY) or name.startswith(SIMULATOR):
            return None
        if event == "line":
            counts[frame.f_code] += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = work()
    finally:
        sys.settrace(before)
    named = Counter()
    for code, count in counts.items():
        named[f"{code.co_filename.removeprefix(LIBRARY)}: {code.co_qualname}"] += count
    return named, result


def gone(declaration):
    """The declaration that takes away what another one declares."""
    wanted = {"name": declaration.name, "platform": declaration.platform, "state": "absent"}
    return parse_declaration(wanted, kind=declaration.kind)


class Jobs:
    """Every job on a tenant of some SCEP profiles and a quarter as many roots, counted."""

    def __init__(self, size, directory):
        self.lines = {}
        self._directory = directory
        seed_database(directory / "full.db", bulk(size, size // 4))
        seed_database(directory / "empty.db", bulk(0))
        self._full = SimulatedTenant(directory / "full.db")
        self._empty = SimulatedTenant(directory / "empty.db")
        try:
            self._run(size)
        finally:
            self._full.close()
            self._empty.close()

    def _count(self, name, work):
        self.lines[name], result = lines_of(work)
        return result

    def _in(self, tenant, name, work):
        return self._count(name, lambda: tenant.run(work))

    def _changed(self, declared):
        """The directory of declarations with another description in each of SCEP."""
        other = self._directory / "changed"
        shutil.copytree(declared, other)
        for path in other.glob("scep-*.yml"):
            path.write_text(
                re.sub(r"(?m)^  name:", "  description: Other\n  name:", path.read_text())
            )
        return read_source([other]).whole()

    def _run(self, size):
        full, empty, place = self._full, self._empty, self._directory
        declared, backed_up = place / "declared", place / "backed-up"
        self._in(full, "export", lambda t: export_profiles(t, declared))
        self._in(full, "export again", lambda t: export_profiles(t, declared))
        self._in(full, "backup", lambda t: back_up_profiles(t, backed_up))
        same = self._count("reading declarations", lambda: read_source([declared]).whole())
        other = self._changed(declared)
        listing = self._in(full, "list", list_profiles)
        self._count("listing as data", listing.to_dict)
        plan = self._in(full, "converged plan", lambda t: plan_declarations(t, same))
        assert plan.is_empty
        self._in(full, "converged apply", lambda t: apply_declarations(t, same))
        plan = self._in(full, "plan of changes", lambda t: plan_declarations(t, other))
        assert len(plan.writing) == size
        self._count("saved plan", lambda: Plan.from_dict(plan.to_dict()))
        self._count("plan as text", lambda: plan_lines(plan))
        self._written(full, "apply", size, lambda t, j: apply_declarations(t, other, journal=j))
        plan = self._in(empty, "plan of creates", lambda t: plan_declarations(t, other))
        made = len(plan.writing)
        assert made >= size
        self._written(empty, "create", made, lambda t, j: apply_declarations(t, other, journal=j))
        backup = self._count("reading a backup", lambda: read_backup(backed_up))
        self._in(empty, "plan of a restore", lambda t: plan_restoring(t, backup))
        self._written(empty, "restore", made, lambda t, j: restore_backup(t, backup, journal=j))
        self._in(full, "assess", assess_tenant)
        self._in(full, "plan of strong mapping", lambda t: strong_mapping.plan_tenant(t, Choices()))
        enforce = strong_mapping.enforce
        self._written(
            full,
            "strong mapping",
            size,
            lambda t, j: enforce(t, Choices(), None, dry_run=False, journal=j),
        )
        report = self._in(full, "check", check_tenant)
        for form in FORMATS:
            self._count(f"report as {form}", lambda form=form: render(form, report))
        self._count("check of a backup", lambda: check_files(backed_up))
        self._count("check of declarations", lambda: check_files(declared))
        absent = [gone(item) for item in same if item.kind is ProfileKind.SCEP]
        self._written(full, "delete", size, lambda t, j: apply_declarations(t, absent, journal=j))

    def _written(self, tenant, name, changes, work):
        """A run that writes, its report, its journal read back and taken back."""
        journal = self._directory / f"{name}.jsonl"
        report = self._in(tenant, name, lambda t: work(t, journal))
        assert report.counts["statuses"]["applied"] == changes
        self._count(f"{name}: report", lambda: (report.to_dict(), run_lines(report)))
        seen = self._in(tenant, f"{name}: verify", lambda t: verify_journal(t, journal))
        assert seen.counts["statuses"]["applied"] == changes
        back = self._in(tenant, f"{name}: rollback", lambda t: roll_back(t, journal))
        assert back.counts["statuses"]["applied"] == changes


NAMES = (
    *("export", "export again", "backup", "reading declarations", "list", "listing as data"),
    *("converged plan", "converged apply", "plan of changes", "saved plan", "plan as text"),
    *("plan of creates", "reading a backup", "plan of a restore", "assess", "check"),
    *("plan of strong mapping", "check of a backup", "check of declarations"),
    *(f"report as {form}" for form in FORMATS),
    *(
        f"{job}{what}"
        for job in ("apply", "create", "restore", "strong mapping", "delete")
        for what in ("", ": report", ": verify", ": rollback")
    ),
)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """The jobs of few profiles and of many; what is loaded at the first use counts for neither."""
    with pytest.MonkeyPatch.context() as patch:
        found = []
        for size in (4, FEW, MANY):
            directory = tmp_path_factory.mktemp("growth")
            # However many they are, they are read back in one listing.
            patch.setattr(readback, "BATCH_SIZE", 1)
            patch.setenv("XDG_STATE_HOME", str(directory / "state"))
            found.append(Jobs(size, directory).lines)
    return found[1:]


def test_every_job_is_looked_at(counted):
    assert {*counted[0]} == {*counted[1]} == {*NAMES}


@pytest.mark.parametrize("job", NAMES)
def test_no_function_of_a_job_grows_faster_than_the_number_of_profiles(job, counted):
    few, many = (lines[job] for lines in counted)
    assert few
    grown = {
        name: (few[name], count)
        for name, count in many.items()
        if count > TIMES * few[name] * 1.2 + SPARE * MANY and not name.startswith(BESIDE)
    }
    assert not grown
