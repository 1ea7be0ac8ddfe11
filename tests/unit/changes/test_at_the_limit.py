"""A run that has to wait for its place among the writes, at the limits that Microsoft publishes."""

from collections import Counter
from itertools import pairwise

from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.restore import restore_backup
from intune_scep.declarations import parse_declaration
from intune_scep.desired_state import PlanChoices, apply_declarations
from intune_scep.profiles import ProfileKind
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.wire import scep_body
from intune_scep.strong_mapping import Choices, enforce

from .jobs import IOS_ROOT, LENIENT, NEW, OTHER_ROOT, URL, WRITES, is_kind, tenant_of, told
from .promises import moment

COUNT = 120
EACH = 40
LOST = 60
MOST_WRITES = 100
"""In 20 seconds, as Microsoft publishes it."""
WINDOW_SECONDS = 20
WAIT = 0.2


def test_a_long_run_reads_each_profile_after_its_wait_and_meets_no_refusal_for_rate(simulated):
    tenant = simulated(bulk(COUNT, platforms=("ios",)), name="bulk120 ios")
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert report.count("applied") == COUNT
    sent = tenant.sent()
    assert not [item for item in sent if item["status"] == 429]
    pairs = [(before, item) for before, item in pairwise(sent) if item["method"] == "PATCH"]
    assert len(pairs) == COUNT
    assert all((read["method"], read["path"]) == ("GET", item["path"]) for read, item in pairs)
    # A busy machine may be slow now and then; nine in ten tell where the waiting is done.
    between = [seconds(read, item) > WAIT for read, item in pairs]
    assert sum(between) < COUNT / 10
    whole = seconds(pairs[0][1], pairs[-1][1])
    assert whole > WINDOW_SECONDS, "The run did not have to wait, so it shows nothing."


def test_a_declared_state_with_every_kind_of_write_meets_no_refusal_for_rate(simulated):
    standing = [scep_body("ios", name, urls=[URL]) for name in (*names("Link"), *names("Assign"))]
    tenant = simulated(tenant_of([IOS_ROOT, OTHER_ROOT, *standing], root=IOS_ROOT))
    mine = {"assignments": [{"group": "Staff"}]}
    wanted = [
        *(declared(name, **NEW, **mine) for name in names("New")),
        *(declared(name, root_profile={"name": "Other root"}) for name in names("Link")),
        *(declared(name, renewal_threshold=35, **mine) for name in names("Assign")),
    ]
    report = tenant.run(
        lambda graph: apply_declarations(graph, wanted, PlanChoices(), rules=LENIENT)
    )
    assert report.count("applied") == 3 * EACH, told(report)
    assert_nothing_was_refused_for_rate(
        tenant, {"create": EACH, "assign": 2 * EACH, "link": EACH, "patch": EACH}
    )


def test_a_restore_meets_no_refusal_for_rate(simulated, tmp_path):
    profiles = [scep_body("ios", name, urls=[URL]) for name in names("Lost", LOST)]
    source = simulated(tenant_of([IOS_ROOT, *profiles], root=IOS_ROOT, assigned=True))
    source.run(lambda graph: back_up_profiles(graph, tmp_path / "backup"))
    tenant = simulated(tenant_of([IOS_ROOT], assigned=True))
    report = tenant.run(lambda graph: restore_backup(graph, read_backup(tmp_path / "backup")))
    assert report.count("applied") == LOST, told(report)
    assert_nothing_was_refused_for_rate(tenant, {"create": LOST, "assign": LOST})


def names(word, count=EACH):
    return [f"{word} {number}" for number in range(count)]


def declared(name, **values):
    data = {"name": name, "platform": "ios", **values}
    return parse_declaration(data, kind=ProfileKind.SCEP)


def assert_nothing_was_refused_for_rate(tenant, kinds):
    """The run sent each kind of write so often, and fewer in any 20 seconds than are allowed."""
    sent = tenant.sent()
    assert not [item for item in sent if item["status"] == 429]
    writes = [item for item in sent if kind_of(item) is not None]
    assert Counter(map(kind_of, writes)) == kinds
    times = [moment(item) for item in writes]
    within = [sum(0 <= (time - start).total_seconds() < 20 for time in times) for start in times]
    assert max(within) <= MOST_WRITES
    assert max(within) < len(writes), "The run did not have to wait, so it shows nothing."


def kind_of(item):
    return next((kind for kind in WRITES if is_kind(item, kind)), None)


def seconds(earlier, later):
    return (moment(later) - moment(earlier)).total_seconds()
