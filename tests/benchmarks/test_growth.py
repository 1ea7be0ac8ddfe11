"""Ten times the profiles take ten times the work, in every job: CPU of many against CPU of few."""

import re
import shutil

import pytest
from tests.conftest import SimulatedTenant

from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.export import export_profiles
from intune_scep.backup.restore import restore_backup
from intune_scep.backup.sources import read_source
from intune_scep.compliance.offline import check_files
from intune_scep.desired_state.run import apply_declarations, plan_declarations
from intune_scep.reports.formats import FORMATS, render
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenarios.bulk import bulk

from .ratios import Row, cpu

FEW, MANY = 1_000, 10_000
# What is written is written a tenth as often: the simulator takes its time over each request.
FEW_WRITTEN, MANY_WRITTEN = 300, 3_000
GOAL = 11
# It has a row of its own.
FORMS = [name for name in FORMATS if name != "html"]


class Site:
    """A tenant with a root for every hundred SCEP profiles, an empty one, and a directory."""

    def __init__(self, size, directory):
        self.size = size
        self.declared, self.backed_up = directory / "declared", directory / "backed-up"
        self.report = None
        seed_database(directory / "full.db", bulk(size, max(4, size // 100)))
        seed_database(directory / "empty.db", bulk(0))
        self.full = SimulatedTenant(directory / "full.db")
        self.empty = SimulatedTenant(directory / "empty.db")

    def close(self):
        self.full.close()
        self.empty.close()

    def export(self):
        shutil.rmtree(self.declared, ignore_errors=True)
        report = self.full.run(lambda t: export_profiles(t, self.declared))
        assert len(report.profiles) >= self.size

    def back_up(self):
        self.full.run(lambda t: back_up_profiles(t, self.backed_up, overwrite=True))

    def plan(self):
        declared = read_source([self.declared]).whole()
        assert self.full.run(lambda t: plan_declarations(t, declared)).is_empty

    def check(self):
        self.report = check_files(self.backed_up)
        assert len(self.report.profiles) >= self.size

    def render(self):
        for form in FORMS:
            assert render(form, self.report)

    def apply(self):
        for path in self.declared.glob("scep-*.yml"):
            text = path.read_text()
            path.write_text(re.sub(r"(?m)^  name:", "  description: Other\n  name:", text))
        declared = read_source([self.declared]).whole()
        report = self.full.run(lambda t: apply_declarations(t, declared))
        assert report.counts["statuses"]["applied"] == self.size

    def restore(self):
        backup = read_backup(self.backed_up)
        report = self.empty.run(lambda t: restore_backup(t, backup))
        assert report.counts["statuses"]["applied"] >= self.size


@pytest.fixture
def sites(tmp_path):
    """Return a function from sizes to sites, from which everything was read once."""
    made = []

    def build(*sizes):
        for size in sizes:
            directory = tmp_path / str(size)
            directory.mkdir()
            made.append(Site(size, directory))
        return made[-len(sizes) :]

    yield build
    for site in made:
        site.close()


def show(work, few, many, job):
    ours, theirs = cpu(lambda: job(many)), cpu(lambda: job(few))
    Row(f"{work} {many.size:,} profiles", f"{few.size:,}", GOAL).show([ours], [theirs])


def test_reading_jobs(sites):
    warm, few, many = sites(40, FEW, MANY)
    for job in (Site.export, Site.plan, Site.back_up, Site.check, Site.render):
        job(warm)
    show("Exporting", few, many, Site.export)
    show("Planning the whole directory of", few, many, Site.plan)
    show("Backing up", few, many, Site.back_up)
    show("Checking the backup of", few, many, Site.check)
    show("Reporting, in every form but HTML, on", few, many, Site.render)


def test_writing_jobs(sites):
    warm, few, many = sites(40, FEW_WRITTEN, MANY_WRITTEN)
    for site in (warm, few, many):
        site.export()
        site.back_up()
    warm.apply()
    warm.restore()
    show("Applying changes to", few, many, Site.apply)
    show("Restoring", few, many, Site.restore)
