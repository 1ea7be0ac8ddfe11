"""Fault matrix: whatever Graph suffers, the end state is right, nothing is written twice, and
every outcome is reported as what it was (law 4)."""

import functools
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.changes.journal import new_journal, read_journal
from intune_scep.changes.run import roll_back as rollback
from intune_scep.changes.steps import PreImage
from intune_scep.errors import IntuneScepError
from intune_scep.files import tenant_lock
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, enforce, plan_tenant

SANS = "customSubjectAlternativeNames"
SID = "{{OnPremisesSecurityIdentifier}}"
ITEM = r"deviceConfigurations/[^/]+$"
REQUESTS = {
    "list": {"method": "GET", "path": "deviceConfigurations$"},
    "batch": {"method": "POST", "path": r"\$batch$"},
    "patch": {"method": "PATCH", "path": ITEM},
}
EFFECTS = {
    "429": {"effect": 429, "retry_after": 2},
    "429 fractional": {"effect": 429, "retry_after": 2.128},
    "429 date": {"effect": 429, "retry_after": "date"},
    "429 without Retry-After": {"effect": 429},
    "500": {"effect": 500},
    "500 empty": {"effect": 500, "form": "empty"},
    "502": {"effect": 502},
    "502 HTML": {"effect": "html_502"},
    "503": {"effect": 503, "retry_after": 3},
    "504 nested twice": {"effect": 504, "form": "nested_twice"},
    "closed": {"effect": "close"},
    "cut short": {"effect": "truncate"},
    "slow": {"effect": "slow"},
    "drip": {"effect": "drip"},
}
MALFORMED = {"malformed JSON": {"effect": "malformed_json"}}
BATCH_ITEMS = {
    f"item {status}": {"effect": "batch_item", "item": 3, "status": status, "retry_after": 1}
    for status in (429, 500, 503, 504)
}
CASES = [
    pytest.param(kind, when, rule, id=f"{kind}-{when}-{name}")
    for kind in REQUESTS
    for when in ("before", "after")
    for name, rule in {
        **EFFECTS,
        **(MALFORMED if kind != "patch" else {}),
        **(BATCH_ITEMS if kind == "batch" else {}),
    }.items()
]
COUNT = 25
FIRST_VERSIONS = {wire["id"]: wire["version"] for wire in bulk(40).profiles}


@pytest.fixture
def tenant(simulated):
    return simulated(bulk(COUNT), name="bulk25")


def fault(tenant, *rules):
    tenant.control("PUT", "faults", list(rules))


def run(tenant, tmp_path):
    journal = tmp_path / "journal"
    return tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal))


def state(tenant):
    """By SCEP profile id: (how many SID URIs, how many edits)."""
    fault(tenant)
    return {
        identifier: (
            sum(san["name"] == SID for san in profile[SANS]),
            profile["version"] - FIRST_VERSIONS[identifier],
        )
        for identifier, profile in tenant.profiles().items()
        if "Scep" in profile["@odata.type"] or "SCEP" in profile["@odata.type"]
    }


def commits(tenant):
    """How often a write of each profile took effect."""
    counts = {}
    for item in tenant.requests("PATCH"):
        if item["committed"]:
            counts[item["path"]] = counts.get(item["path"], 0) + 1
    return counts


@pytest.mark.parametrize(("kind", "when", "rule"), CASES)
def test_passing_faults_leave_no_trace(tenant, tmp_path, kind, when, rule):
    fault(tenant, {"match": {**REQUESTS[kind], "nth": [1, 2, 7]}, "when": when, **rule})
    report = run(tenant, tmp_path)
    written = commits(tenant)
    assert report.counts["statuses"]["applied"] == COUNT
    assert not report.failed
    assert set(written.values()) == {1}
    assert set(state(tenant).values()) == {(1, 1)}


@pytest.mark.parametrize(
    "rule",
    [
        {**EFFECTS, **MALFORMED}[name]
        for name in ("500", "503", "429", "closed", "slow", "malformed JSON")
    ],
)
def test_a_listing_that_keeps_failing_changes_nothing_and_says_so(tenant, tmp_path, rule):
    fault(tenant, {"match": REQUESTS["list"], **rule})
    with pytest.raises(IntuneScepError) as caught:
        run(tenant, tmp_path)
    assert str(caught.value)
    assert set(state(tenant).values()) == {(0, 0)}
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("name", EFFECTS)
def test_a_write_that_is_never_seen_is_not_called_done(tenant, tmp_path, name):
    """One profile's PATCH fails for good before it takes effect; the others go on. Only a refusal
    for rate says surely that nothing was done."""
    victim = sorted(state(tenant))[7]
    fault(tenant, {"match": {"method": "PATCH", "path": victim}, **EFFECTS[name]})
    report = run(tenant, tmp_path)
    statuses = {row["id"]: row["status"] for row in report.to_dict()["profiles"]}
    after = state(tenant)
    assert statuses.pop(victim) == ("failed" if name.startswith("429") else "unknown")
    assert after.pop(victim) == (0, 0)
    assert set(statuses.values()) == {"applied"}
    assert set(after.values()) == {(1, 1)}
    assert report.failed


@pytest.mark.parametrize("name", EFFECTS)
def test_a_write_whose_answer_is_always_lost_is_found_by_reading(tenant, tmp_path, name):
    victim = sorted(state(tenant))[7]
    rule = {"match": {"method": "PATCH", "path": victim}, "when": "after", **EFFECTS[name]}
    fault(tenant, rule)
    report = run(tenant, tmp_path)
    row = next(row for row in report.to_dict()["profiles"] if row["id"] == victim)
    assert row["status"] == "applied"
    assert "re-read" in row["message"]
    assert set(commits(tenant).values()) == {1}
    assert set(state(tenant).values()) == {(1, 1)}


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_cannot_be_read_back_is_unknown(tenant, tmp_path, when):
    """The first read succeeds, the write's answer is lost, and every later read fails."""
    victim = sorted(state(tenant))[7]
    later = list(range(2, 60))
    fault(
        tenant,
        {"match": {"method": "PATCH", "path": victim}, "when": when, "effect": 504},
        {"match": {"method": "GET", "path": f"{victim}$", "nth": later}, "effect": 503},
        {"match": {**REQUESTS["list"], "nth": later}, "effect": 503},
    )
    report = run(tenant, tmp_path)
    row = next(row for row in report.to_dict()["profiles"] if row["id"] == victim)
    assert row["status"] == "unknown"
    assert "could not be read back" in row["message"]
    assert report.failed
    assert len(tenant.sent("PATCH")) <= COUNT
    assert state(tenant)[victim] == ((1, 1) if when == "after" else (0, 0))


def test_an_edit_by_somebody_else_during_the_run_is_kept(tenant, tmp_path):
    """A lost answer, and a colleague edits before the re-read: a conflict, not a second write."""
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    victim = plan.writing[3]
    fault(tenant, {"match": {"method": "PATCH", "path": victim.id, "nth": [1]}, "effect": 504})

    async def both(graph):
        original, count = graph.session.write, 0

        async def write(method, path, body=None, **more):
            nonlocal count
            try:
                return await original(method, path, body, **more)
            except IntuneScepError:
                if victim.id in path and not count:
                    count += 1
                    edit = {"@odata.type": victim.odata_type, "description": "Edited"}
                    await original("PATCH", path, edit)
                raise

        graph.session.write = write
        return await enforce(graph, Choices(), dry_run=False, journal=tmp_path / "journal")

    report = tenant.run(both)
    row = next(row for row in report.to_dict()["profiles"] if row["id"] == victim.id)
    assert row["status"] == "conflict"
    assert state(tenant)[victim.id] == (0, 1)


# --- runs that are cut short -------------------------------------------------------------------

RUN = """
    import sys
    from intune_scep import IntuneClient
    from intune_scep.connection import ConnectionOptions
    from intune_scep.strong_mapping import Choices

    options = ConnectionOptions.from_environment(cloud="simulator", simulator=sys.argv[1])
    with IntuneClient(options) as client:
        report = client.strong_mapping.enforce(Choices(), journal=sys.argv[2])
    print(report.msg)
"""


def in_a_process(tenant, journal):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RUN), str(tenant.path), str(journal)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def boundaries(count):
    """Every write boundary in the long form (make test-long), else a spread of them."""
    long = os.environ.get("INTUNE_SCEP_TEST_PROFILE") == "long"
    chosen = range(1, count + 1) if long else (1, 20, count)
    return [(nth, when) for nth in chosen for when in ("before", "after")]


@pytest.mark.parametrize(("nth", "when"), boundaries(40))
def test_a_killed_run_is_resumed_to_the_same_end(simulated, tmp_path, nth, when):
    """SIGKILL just before or just after the nth PATCH takes effect, in a process of its own."""
    tenant = simulated(bulk(40), name="bulk40")
    tenant.control("PUT", "settings", {"throttling": False})
    journal = tmp_path / "journal"
    rule = {"match": {**REQUESTS["patch"], "nth": [nth]}, "when": when, "effect": "kill"}
    fault(tenant, rule)
    killed = in_a_process(tenant, journal)
    assert killed.returncode == -signal.SIGKILL
    fault(tenant)
    resumed = run(tenant, tmp_path)
    assert not resumed.failed
    assert resumed.counts["statuses"]["applied"] == 40
    assert set(commits(tenant).values()) == {1}
    assert set(state(tenant).values()) == {(1, 1)}
    tenant.control("DELETE", "requests")
    assert not tenant.run(
        lambda graph: enforce(graph, Choices(), dry_run=False, journal=journal)
    ).changed


@pytest.mark.parametrize(
    ("nth", "when"), [(1, "before"), (1, "after"), (9, "before"), (9, "after")]
)
def test_a_killed_rollback_is_resumed_to_the_same_end(simulated, tmp_path, nth, when):
    tenant = simulated(bulk(10), name="bulk10")
    journal = tmp_path / "journal"
    run(tenant, tmp_path)
    rule = {"match": {**REQUESTS["patch"], "nth": [nth]}, "when": when, "effect": "kill"}
    fault(tenant, rule)
    script = textwrap.dedent(RUN).replace(
        "strong_mapping.enforce(Choices(), journal=", "strong_mapping.rollback("
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tenant.path), str(journal)], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    fault(tenant)
    resumed = tenant.run(lambda graph: rollback(graph, journal, dry_run=False))
    assert not resumed.failed
    assert set(state(tenant).values()) == {(0, 2)}


def test_a_journal_cut_at_any_byte_is_resumed_or_refused_clearly(simulated, tmp_path):
    """As after a crash or a full disk: what was written is never written again."""
    tenant = simulated(bulk(3), name="bulk3")
    run(tenant, tmp_path)
    whole = (tmp_path / "journal").read_bytes()
    first_line = whole.index(b"\n") + 1
    plan = whole.index(b"\n", first_line) + 1
    edges = {first_line - 1, first_line, plan - 1, plan, len(whole) - 1}
    for cut in sorted({*range(0, len(whole), 97), *edges}):
        journal = tmp_path / "cut"
        journal.write_bytes(whole[:cut])
        work = functools.partial(enforce, choices=Choices(), dry_run=False, journal=journal)
        if cut < first_line:
            with pytest.raises(IntuneScepError, match="cut off inside its first record"):
                tenant.run(work)
            continue
        if cut < plan:
            with pytest.raises(IntuneScepError, match="cut off before its plan"):
                tenant.run(work)
            continue
        tenant.run(work)
        assert read_journal(journal).torn is False
    assert set(commits(tenant).values()) == {1}
    assert set(state(tenant).values()) == {(1, 1)}


def test_a_torn_journal_is_rolled_back_by_what_the_tenant_shows(simulated, tmp_path):
    tenant = simulated(bulk(3), name="bulk3")
    run(tenant, tmp_path)
    journal = tmp_path / "journal"
    journal.write_bytes(journal.read_bytes()[:-5])
    report = tenant.run(lambda graph: rollback(graph, journal))
    assert report.count("applied") == 3
    assert set(state(tenant).values()) == {(0, 2)}


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_journal_is_refused_or_harmless(simulated, tmp_path, data):
    """Any one byte changed: a clear error, a torn last line, or the same content."""
    source = tmp_path / "journal"
    if not source.exists():
        run(simulated(bulk(3), name="bulk3"), tmp_path)
    whole = bytearray(source.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(whole)
    try:
        content = read_journal(damaged)
    except IntuneScepError as error:
        assert "damaged" in str(error) or "cut off" in str(error)
    else:
        intact = read_journal(source)
        assert content.torn or content.last.actions == intact.last.actions
        assert content.first.plan.digest == intact.first.plan.digest


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (b'"pre_image"', b'"prX_image"'),
        (b'"status"', b'"stXtus"'),
        (b"intune-scep/journal/2", b"intune-scep/journal/1"),
        (b'"name": "{{', b'"name": "{['),
        (b'"tenant": "', b'"tenant": "0'),
    ],
)
def test_a_record_that_was_edited_is_refused(simulated, tmp_path, written, changed):
    run(simulated(bulk(3), name="bulk3"), tmp_path)
    journal = tmp_path / "journal"
    whole = journal.read_bytes()
    assert written in whole
    journal.write_bytes(whole.replace(written, changed, 1))
    with pytest.raises(IntuneScepError, match="damaged: line"):
        read_journal(journal)


def test_a_journal_keeps_text_that_is_no_unicode(simulated, tmp_path):
    """JSON can carry half a surrogate pair; the pre-image must survive it."""
    tenant = simulated(bulk(3), name="bulk3")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    path, key = tmp_path / "journal", plan.writing[0].key
    kind = plan.writing[0].odata_type
    image = PreImage(wire={"@odata.type": kind, "displayName": "\ud800"})
    with new_journal(path, plan.tenant, plan.cloud, plan.task) as writer:
        writer.write("plan", run=1, plan=plan.to_dict())
        writer.write("intention", run=1, action=key, step=0, id=key, pre_image=image.to_dict())
    assert read_journal(path).first.actions[key].steps[0].pre_image == image


def test_two_runs_on_one_tenant_exclude_each_other(simulated, tmp_path):
    tenant = simulated(bulk(3), name="bulk3")
    with (
        tenant_lock(tenant.door.tenant_id, job="a test"),
        pytest.raises(IntuneScepError, match=r"Another run is at work .* a test \(process \d+"),
    ):
        run(tenant, tmp_path)
    assert set(state(tenant).values()) == {(0, 0)}
    assert not run(tenant, tmp_path).failed
