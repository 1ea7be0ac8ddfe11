"""A declared state with every kind of write in one plan, disturbed at each of its writes."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from intune_scep.changes.run import resume, roll_back
from intune_scep.changes.watch import Stop, Watch
from intune_scep.declarations import parse_declaration
from intune_scep.declarations.codecs import to_pem
from intune_scep.desired_state import PlanChoices, apply_declarations
from intune_scep.profiles import ProfileKind
from intune_scep.simulator.scenarios.wire import root_body, root_certificate, scep_body

from .jobs import (
    IOS_ROOT,
    LENIENT,
    MAC_ROOT,
    NEW,
    OTHER_ROOT,
    URL,
    content,
    everybody,
    tenant_of,
    told,
)
from .meddling import Meddling, lost

CHOICES = PlanChoices(prune=True, prune_list=("Old", "Old root"))
ANY = {"path": "deviceConfigurations"}
WRITES = (
    "POST New root",
    "PATCH Staff",
    "POST assign Staff",
    "PUT $ref Linked",
    "POST Mac",
    "POST assign Mac",
    "POST New",
    "POST assign New",
    "DELETE Mac",
    "DELETE Old",
    "DELETE Old root",
)


def scenario():
    old_root = root_body("ios", "Old root", "contoso-wifi-root-2016")
    staff, linked, old = (scep_body("ios", name, urls=[URL]) for name in ("Staff", "Linked", "Old"))
    mac = scep_body("macos", "Mac", urls=[URL])
    roots = [IOS_ROOT, OTHER_ROOT, old_root, MAC_ROOT]
    return replace(
        tenant_of([*roots, staff, linked, old, mac]),
        root_links={
            staff["id"]: IOS_ROOT["id"],
            linked["id"]: IOS_ROOT["id"],
            old["id"]: old_root["id"],
            mac["id"]: MAC_ROOT["id"],
        },
        assignments={old["id"]: everybody(), mac["id"]: everybody()},
    )


def declared(kind, name, platform="ios", **values):
    return parse_declaration({"name": name, "platform": platform, **values}, kind=kind)


def declarations():
    root, scep = ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP
    certificate = to_pem(root_certificate("contoso-root-ca-2021"))
    mine = {"assignments": [{"group": "Staff"}]}
    new = {**NEW, "root_profile": {"name": "New root"}, **mine}
    return [
        declared(scep, "New", **new),
        declared(root, "New root", certificate=certificate, certificate_file_name="new.cer"),
        declared(scep, "Staff", renewal_threshold=40, **mine),
        declared(scep, "Linked", root_profile={"name": "Other root"}),
        declared(scep, "Mac", "macos", deployment_channel="device", replace=True),
    ]


@pytest.fixture
def mixed(simulated):
    tenant = simulated(scenario(), name="mixed")
    return SimpleNamespace(tenant=tenant, job=SimpleNamespace(kind="patch"))


def apply(mixed, **options):
    return mixed.tenant.run(
        lambda graph: apply_declarations(graph, declarations(), CHOICES, rules=LENIENT, **options)
    )


@pytest.fixture(scope="session")
def _goals():
    return {}


@pytest.fixture
def goal(_goals, simulated):
    """What the tenant holds after an undisturbed run."""
    if "goal" not in _goals:
        tenant = simulated(scenario(), name="mixed")
        undisturbed = SimpleNamespace(tenant=tenant)
        assert not apply(undisturbed).failed
        _goals["goal"] = tenant.run(content)
    return _goals["goal"]


def writes(mixed):
    """Each write that was sent, in order."""
    names = {item["id"]: item["displayName"] for item in scenario().profiles}
    names |= {key: item["displayName"] for key, item in mixed.tenant.profiles().items()}
    found = []
    for item in mixed.tenant.sent():
        if item["method"] == "GET" or item["path"].endswith(("$batch", "exportJobs")):
            continue
        *_, identifier = item["path"].partition("deviceConfigurations")[2].split("/")[:2]
        word = item["path"].rpartition("/")[2]
        known = [word] if word in {"assign", "$ref"} else []
        name = names[identifier] if identifier else item["body"]["displayName"]
        found.append(" ".join([item["method"], *known, name]))
    return found


def test_everything_goes_in_its_order(mixed, goal):
    report = apply(mixed)
    assert not report.failed, told(report)
    sent = writes(mixed)
    assert sorted(sent) == sorted(WRITES)
    place = {write: number for number, write in enumerate(sent)}
    # Each profile by itself, a root before who points at it, deletions last and roots last of all.
    for earlier, later in pairwise(
        ["POST New root", "POST New", "POST assign New", "DELETE Mac", "DELETE Old root"]
    ):
        assert place[earlier] < place[later]
    assert place["PATCH Staff"] < place["POST assign Staff"]
    assert place["POST Mac"] < place["POST assign Mac"] < place["DELETE Mac"]
    assert sent[-3:] == ["DELETE Mac", "DELETE Old", "DELETE Old root"]
    assert {action.action for action in report.plan.writing} == {
        "create",
        "update",
        "replace",
        "delete",
    }
    assert mixed.tenant.run(content) == goal


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, len(WRITES) + 1))
def test_an_answer_that_is_lost_anywhere_leaves_no_trace(mixed, goal, nth, after):
    Meddling(mixed, lost, {nth}, match=ANY, after=after)
    report = apply(mixed)
    assert not report.failed, told(report)
    assert not [note for note in report.notes if "have the name" in note]
    assert len(writes(mixed)) == len(WRITES)
    assert mixed.tenant.run(content) == goal


@pytest.mark.parametrize("nth", range(1, len(WRITES) + 1))
def test_a_run_that_is_stopped_anywhere_is_finished_or_taken_back(mixed, goal, nth):
    before = mixed.tenant.run(content)
    stop = Stop()
    Meddling(mixed, lambda _: stop.request(15), {nth}, match=ANY, after=True)
    report = apply(mixed, watch=Watch(stop=stop))
    if nth % 2:
        again = mixed.tenant.run(lambda graph: resume(graph, report_path(report)))
        assert not again.failed, told(again)
        assert mixed.tenant.run(content) == goal
    else:
        back = mixed.tenant.run(lambda graph: roll_back(graph, report_path(report)))
        assert not back.failed, told(back)
        assert mixed.tenant.run(content) == before


def report_path(report):
    return Path(report.journal)


def test_what_was_done_is_taken_back_as_a_whole(mixed):
    before = mixed.tenant.run(content)
    report = apply(mixed)
    back = mixed.tenant.run(lambda graph: roll_back(graph, report_path(report)))
    assert not back.failed, told(back)
    assert mixed.tenant.run(content) == before
