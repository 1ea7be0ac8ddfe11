"""Events after a migration: about certificates from before it, or about newer ones."""

import json
from types import SimpleNamespace

import pytest

from intune_scep.active_directory.culprits import Culprit, Found
from intune_scep.active_directory.events import DomainControllerEvent
from intune_scep.certificates import ReportedCertificate
from intune_scep.changes.journal import read_journal
from intune_scep.changes.run import roll_back
from intune_scep.simulator.scenarios.rollout import build, profile_id
from intune_scep.strong_mapping import Choices, enforce
from intune_scep.strong_mapping.keeping import kept_in
from intune_scep.strong_mapping.since_run import since_run

WINDOWS = profile_id("Windows user Wi-Fi")


@pytest.fixture
def migrated(simulated, tmp_path):
    """Return a function that migrates a tenant: the tenant, its journal, serial numbers before."""

    def migrate(**options):
        tenant, path = simulated(build(40), name="rollout40"), tmp_path / "journal"
        tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=path, **options))
        before = kept_in(read_journal(path)).before
        serials = sorted(before.serials(WINDOWS)) if before is not None else []
        return SimpleNamespace(tenant=tenant, path=path, serials=serials)

    return migrate


def culprit(serial, *, number=39, profile=WINDOWS, reported=True):
    event = DomainControllerEvent(1, number, serial_number=None if reported else serial)
    certificate = ReportedCertificate(serial_number=serial) if reported else None
    return Culprit(event, Found.THUMBPRINT, profile, certificate)


OLD, NEW = "old", "ffff"


@pytest.mark.parametrize(
    ("complaints", "counts"),
    [
        ([{"serial": OLD}], (1, 0, 0)),
        ([{"serial": OLD}, {"serial": OLD}], (1, 0, 0)),
        ([{"serial": OLD}, {"serial": OLD, "number": 41}], (1, 0, 0)),
        ([{"serial": OLD, "reported": False}], (1, 0, 0)),
        ([{"serial": OLD, "profile": WINDOWS.upper()}], (1, 0, 0)),
        ([{"serial": NEW, "number": 40}], (0, 1, 0)),
        ([{"serial": OLD}, {"serial": NEW}, {"serial": ""}], (1, 1, 1)),
        ([{"serial": ""}], (0, 0, 1)),
        ([{"serial": OLD, "number": 45}], None),
        ([{"serial": OLD, "number": 21}], None),
        ([{"serial": OLD, "profile": None}], None),
        ([{"serial": OLD, "profile": "another"}], None),
        ([], None),
    ],
)
def test_certificates_of_events_are_old_or_new_or_not_known(migrated, complaints, counts):
    run = migrated()
    made = [
        culprit(**{**item, "serial": item["serial"].replace(OLD, run.serials[0].lower())})
        for item in complaints
    ]
    found = since_run(made, read_journal(run.path))
    assert [(item.before, item.after, item.unknown) for item in found] == (
        [] if counts is None else [counts]
    )
    for item in found:
        assert len(item.advice) == sum(map(bool, counts))
        assert item.name == "Windows user Wi-Fi"
        assert json.dumps(item.to_dict())


def test_without_a_snapshot_nothing_is_called_old_or_new(migrated):
    run = migrated(certificates_before=False)
    [found] = since_run([culprit(NEW)], read_journal(run.path))
    assert (found.before, found.after, found.unknown) == (0, 0, 1)


def test_a_profile_that_was_taken_back_is_left_out(migrated):
    run = migrated()
    run.tenant.run(lambda graph: roll_back(graph, run.path))
    assert since_run([culprit(NEW)], read_journal(run.path)) == ()
