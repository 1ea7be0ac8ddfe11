"""What every job promises, each as one check of a job that is ready.

A check disturbs the tenant, runs the job, and fails with an AssertionError where the promise is
broken. The mutants break the engine and run the same checks.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError

from intune_scep.changes.journal import read_journal
from intune_scep.changes.plan_file import load_plan, save_plan
from intune_scep.changes.status import Hold
from intune_scep.changes.watch import Stop, Watch
from intune_scep.errors import (
    FileInUseError,
    IntuneScepError,
    JournalError,
    PlanError,
    TooManyChangesError,
)
from intune_scep.files import tenant_lock
from intune_scep.graph import pacing
from intune_scep.graph.session import GraphSession
from intune_scep.graph.sign_in import TokenSource

from .jobs import (
    COUNT,
    JOBS,
    WRITES,
    Job,
    Ready,
    Rollback,
    is_kind,
    outcomes,
    statuses,
    told,
    written,
)
from .meddling import Meddling, colleague, lost

THEIRS = "Edited by a colleague"
Check = Callable[[Ready], None]


@dataclass(frozen=True)
class Promise:
    """A promise and the jobs that it concerns."""

    check: Check
    jobs: tuple[Job, ...]


PROMISES: dict[str, Promise] = {}


def promise(*kinds: str, but: Iterable[str] = ()) -> Callable[[Check], Check]:
    """Register a check for the jobs that write in one of these ways; for all without any."""

    def register(check: Check) -> Check:
        jobs = tuple(
            job
            for job in JOBS.values()
            if (not kinds or job.kind in kinds) and job.name not in set(but)
        )
        PROMISES[check.__name__] = Promise(check, jobs)
        return check

    return register


def victim(ready: Ready, number: int = 3) -> tuple[str, str]:
    """Name and id of the nth profile that the job would write."""
    action = ready.plan().writing[number - 1]
    ready.tenant.control("DELETE", "requests")
    return action.name, action.id or ""


def is_replacing(ready: Ready) -> bool:
    """Whether a profile is done only when another one is deleted at the end."""
    return ready.job.name.endswith("replace")


def ended(ready: Ready) -> str:
    """How a profile ends that was written before the run stopped."""
    return "held_back" if is_replacing(ready) else "applied"


def named(content: list[Any], name: str) -> list[Any]:
    return [item for item in content if item["name"] == name]


# Lost updates


@promise("patch", "link", "repoint", "assign", "delete")
def an_edit_before_the_own_reading_is_a_conflict(ready: Ready) -> None:
    """Somebody edits the third profile after the tenant was listed."""
    name, identifier = victim(ready)
    before = ready.content()
    ready.tenant.control("DELETE", "requests")
    ready.fault(
        {
            "match": {"method": "GET", "path": "deviceConfigurations$", "nth": [1]},
            "effect": "edit",
            "when": "after",
            "id": identifier,
            "set": {"description": THEIRS},
        }
    )
    report = ready.run()
    found = outcomes(report)
    assert found.pop(name) == "conflict"
    assert set(found.values()) == {"applied"}
    assert not [item for item in ready.writes() if identifier in item["path"]]
    assert not report.outcome(identifier).written
    assert report.failed
    [theirs] = named(ready.content(), name)
    [ours] = named(before, name)
    assert theirs == {**ours, "wire": {**ours["wire"], "description": THEIRS}}


@promise("create")
def a_profile_that_somebody_makes_meanwhile_is_a_conflict(ready: Ready) -> None:
    """Somebody makes a profile of that name and type after the tenant was listed."""
    plan = ready.plan()
    action = plan.writing[2]
    body = {"@odata.type": action.odata_type, "displayName": action.name}
    ready.tenant.control("DELETE", "requests")
    twins: list[str] = []

    def act(_: Any) -> None:
        twins.append(colleague(ready, "POST", "", body).json()["id"])

    match = {"method": "GET", "path": "deviceConfigurations$"}
    Meddling(ready, act, {1}, match=match, after=True)
    report = ready.run()
    found = outcomes(report)
    assert found.pop(action.name) == "conflict"
    assert set(found.values()) == {"applied"}
    assert not [i for i in ready.struck() if i["body"]["displayName"] == action.name]
    assert twins[0] in (report.outcome(action.key).message or "")
    assert twins[0] in ready.tenant.profiles()


@promise("patch", "delete")
def an_edit_while_graph_is_out_of_reach_is_a_conflict(ready: Ready) -> None:
    """The third write never leaves, and somebody edits its profile before Graph is back."""
    name, identifier = victim(ready)
    odata_type = ready.tenant.profiles()[identifier]["@odata.type"]
    body = {"@odata.type": odata_type, "description": THEIRS}

    def act(request: Any) -> None:
        colleague(ready, "PATCH", f"/{identifier}", body)
        raise httpx.ConnectError("Connection refused", request=request)

    Meddling(ready, act, {3})
    report = ready.run()
    found = outcomes(report)
    assert found.pop(name) == "conflict"
    assert set(found.values()) == {"applied"}
    assert not [item for item in ready.writes() if identifier in item["path"]]
    assert named(ready.content(), name)[0]["wire"]["description"] == THEIRS


@promise("create")
def a_profile_that_somebody_makes_while_graph_is_out_of_reach_is_a_conflict(ready: Ready) -> None:
    """The third create never leaves, and somebody else makes just that profile meanwhile."""
    twins: list[str] = []

    def act(request: Any) -> None:
        twins.append(colleague(ready, "POST", "", _body(request)).json()["id"])
        raise httpx.ConnectError("Connection refused", request=request)

    Meddling(ready, act, {3})
    report = ready.run()
    conflicts = [item for item in written(report) if item.status == "conflict"]
    assert len(conflicts) == 1, told(report)
    assert twins[0] in (conflicts[0].message or "")
    assert twins[0] in ready.tenant.profiles()


@promise("patch")
def an_edit_between_reading_and_write_is_told_with_both_editions(ready: Ready) -> None:
    name, identifier = victim(ready)
    version = ready.tenant.profiles()[identifier]["version"]
    ready.bend("edit", nth=[3], when="before", set={"description": THEIRS})
    report = ready.run()
    found = outcomes(report)
    outcome = report.outcome(identifier)
    assert found.pop(name) == "conflict"
    assert set(found.values()) == {"applied"}
    assert outcome.written
    assert outcome.row()["written"]
    assert re.search(rf"version {version} .* version {version + 2}\b", outcome.message or "")
    assert report.changed
    assert report.failed
    assert named(ready.content(), name)[0]["wire"]["description"] == THEIRS
    if not isinstance(ready.job, Rollback):
        back = ready.roll_back(report.journal or "", dry_run=True)
        assert outcomes(back).keys() | {name} == {*found, name}
        candidate = back.outcome(identifier)
        assert candidate.status == "conflict"
        assert "description" in (candidate.message or "")


@promise("patch", "link", "repoint", "assign", "delete")
def each_profile_is_read_right_before_its_write(ready: Ready) -> None:
    """Also when the write has to wait for its place: the reading follows the wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing, "WRITES", 1)
        report = ready.run()
    assert statuses(report) == ["applied"] * COUNT
    sent = ready.tenant.sent()
    moments = []
    for before, item in pairwise(sent):
        if not is_kind(item, ready.job.kind):
            continue
        moments.append(moment(item))
        identifier = re.findall(r"deviceConfigurations/([^/]+)", item["path"])[0]
        assert before["method"] == "GET"
        assert identifier in before["path"]
        assert (moment(item) - moment(before)).total_seconds() < 1
    assert len(moments) == COUNT
    assert (moments[-1] - moments[0]).total_seconds() > 15


def moment(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", entry["at"]))


@promise("patch")
def a_tenant_that_counts_by_two_is_told_and_gone_on_with(ready: Ready) -> None:
    _counts_otherwise(ready, 2)


@promise("patch")
def a_tenant_that_does_not_count_is_told_and_gone_on_with(ready: Ready) -> None:
    _counts_otherwise(ready, 0)


def _counts_otherwise(ready: Ready, step: int) -> None:
    ready.tenant.control("PUT", "settings", {"version_step": step})
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT
    assert not report.failed
    assert any("does not count changes by one" in note for note in report.notes)
    assert ready.is_right


# Two runs, and one profile listed twice


@promise()
def two_runs_on_one_tenant_exclude_each_other(ready: Ready) -> None:
    with (
        tenant_lock(ready.tenant.door.tenant_id, job="another job"),
        pytest.raises(FileInUseError, match=r"another job .*since|since .*another job"),
    ):
        ready.run()
    assert ready.writes() == []
    assert not ready.run().failed


@promise()
def a_profile_that_is_listed_twice_is_written_once(ready: Ready) -> None:
    ready.tenant.control("PUT", "settings", {"page_size": 2})
    ready.fault({"match": {}, "effect": "overlap"})
    report = _run_to_its_end(ready)
    assert statuses(report) == ["applied"] * COUNT
    assert ready.twice() == []
    assert len(ready.struck()) == COUNT
    assert ready.is_right


@promise(
    "patch",
    "link",
    "repoint",
    "assign",
    "delete",
    but=[n for n in JOBS if n.startswith("rollback")],
)
def a_stale_copy_in_a_listing_is_not_planned_on(ready: Ready) -> None:
    """The listing names profiles again, as they were before somebody edited them."""
    for action in ready.plan().writing:
        body = {"@odata.type": action.odata_type, "description": THEIRS}
        colleague(ready, "PATCH", f"/{action.id}", body)
    ready.tenant.control("DELETE", "requests")
    ready.tenant.control("PUT", "settings", {"page_size": 2})
    ready.fault({"match": {}, "effect": "overlap", "stale": True})
    report = _run_to_its_end(ready)
    assert statuses(report) == ["applied"] * COUNT
    assert len(ready.struck()) == COUNT
    assert ready.twice() == []


# Patience


@promise()
def writes_that_show_late_are_applied(ready: Ready) -> None:
    ready.bend("lag", seconds=20)
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert not report.failed
    assert ready.twice() == []
    assert ready.is_right


@promise()
def later_writes_that_show_late_are_settled_at_the_end(ready: Ready) -> None:
    ready.bend("lag", nth=range(2, COUNT + 1), seconds=45)
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert ready.twice() == []
    assert ready.is_right


@promise()
def a_first_write_that_shows_too_late_is_unknown_and_no_other_is_tried(ready: Ready) -> None:
    ready.bend("lag", seconds=600)
    report = ready.run()
    _only_the_first_was_tried(ready, report)


@promise()
def a_first_write_that_does_nothing_is_unknown_and_no_other_is_tried(ready: Ready) -> None:
    ready.bend("ignore")
    report = ready.run()
    _only_the_first_was_tried(ready, report)


def _only_the_first_was_tried(ready: Ready, report: Any) -> None:
    assert statuses(report) == ["unknown"] + ["held_back"] * (COUNT - 1), told(report)
    assert report.failed
    assert report.changed
    assert report.stopped
    assert len(ready.struck()) == 1
    first, *others = written(report)
    assert first.written
    assert not any(item.written for item in others)
    assert {item.hold for item in others} == {Hold.STOPPED}


@promise()
def a_later_write_that_does_nothing_is_unknown_and_the_others_are_applied(ready: Ready) -> None:
    ready.bend("ignore", nth=[COUNT])
    report = ready.run()
    assert statuses(report) == ["applied"] * (COUNT - 1) + ["unknown"], told(report)
    assert report.failed
    assert len(ready.struck()) == COUNT


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def rollback_takes_back_an_unknown_write_that_landed(ready: Ready) -> None:
    before = ready.content()
    ready.tenant.control("DELETE", "requests")
    ready.bend("lag", nth=[1], seconds=600)
    report = ready.run()
    assert written(report)[0].status == "unknown"
    assert ready.content() != before
    back = ready.roll_back(report.journal or "")
    assert back.count("applied") == 1, told(back)
    assert not back.failed
    assert ready.content() == before


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def rollback_leaves_an_unknown_write_that_did_not_land(ready: Ready) -> None:
    before = ready.content()
    ready.bend("ignore", nth=[1])
    report = ready.run()
    assert written(report)[0].status == "unknown"
    ready.tenant.control("DELETE", "requests")
    back = ready.roll_back(report.journal or "")
    assert [item.status.value for item in back.outcomes] == ["unchanged"], told(back)
    assert not back.changed
    assert ready.writes() == []
    assert ready.content() == before


# More than was asked


@promise("patch", "link", "repoint", "assign", "create")
def more_than_was_asked_is_a_failure_that_names_it_and_ends_the_run(ready: Ready) -> None:
    ready.bend("more", set={"description": "Lost"})
    report = ready.run()
    first, *others = written(report)
    assert first.status == "failed", told(report)
    assert "description" in (first.message or "")
    assert {item.status.value for item in others} == {"held_back"}
    assert len(ready.struck()) == 1
    assert report.failed


@promise("patch", "link", "repoint", "assign", "create")
def more_than_was_asked_is_told_of_a_later_write_too(ready: Ready) -> None:
    ready.bend("more", nth=[3], set={"description": "Lost"})
    report = ready.run()
    assert statuses(report) == ["applied", "applied", "failed", "applied", "applied"]
    assert "description" in (written(report)[2].message or "")
    assert report.failed


# Lost answers


@promise()
def an_answer_that_is_lost_after_the_effect_repeats_nothing(ready: Ready) -> None:
    _lose(ready, "after")
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert len(ready.struck()) == COUNT
    assert ready.twice() == []
    assert ready.is_right


@promise()
def an_answer_that_is_lost_before_the_effect_is_made_up_for(ready: Ready) -> None:
    _lose(ready, "before")
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert ready.twice() == []
    assert ready.is_right


@promise()
def answers_that_are_always_lost_are_made_up_for_by_reading(ready: Ready) -> None:
    ready.bend(500, when="after")
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert all("re-read" in (item.message or "") for item in written(report))
    assert ready.twice() == []
    assert len(ready.struck()) == COUNT
    assert ready.is_right


@promise()
def a_write_that_never_takes_effect_is_unknown_and_ends_the_run(ready: Ready) -> None:
    ready.bend(503)
    report = ready.run()
    assert statuses(report) == ["unknown"] + ["held_back"] * (COUNT - 1), told(report)
    assert report.changed
    assert report.failed
    assert report.stopped


def _lose(ready: Ready, when: str) -> None:
    effects = ({"effect": "close"}, {"effect": 500}, {"effect": "html_502"}, {"effect": "truncate"})
    rules = [{"match": {**ready.match, "nth": [1]}, "when": when, **each} for each in effects]
    ready.fault(*rules)


@promise()
def an_answer_that_is_lost_while_reads_are_stale_repeats_nothing(ready: Ready) -> None:
    """The write took effect, no answer came, and reads do not show it for 20 s."""
    ready.bend("lag", nth=[3], seconds=20)
    Meddling(ready, lost, {3}, after=True)
    report = ready.run()
    assert statuses(report) == ["applied"] * COUNT, told(report)
    assert len(ready.struck()) == COUNT
    assert ready.is_right


@promise()
def a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_written(ready: Ready) -> None:
    """The third write lands unseen, its answer is lost, and the second attempt is refused."""
    ready.bend("lag", nth=[3], seconds=600)

    third_time: list[Any] = []

    def act(request: Any) -> Any:
        again = request.method, request.url.path, request.content
        if meddling.count == 3:
            third_time.append(again)
            lost(request)
        if again not in third_time:
            return None
        return httpx.Response(400, json={"error": {"code": "BadRequest"}}, request=request)

    meddling = Meddling(ready, act, after=True)
    report = ready.run()
    third = written(report)[2]
    assert third.status == "unknown", told(report)
    assert third.written


@promise("create")
def twins_are_shown_at_the_end(ready: Ready) -> None:
    """Somebody makes a profile of the same name while the run goes on."""
    twins: list[str] = []

    def act(request: Any) -> None:
        twins.append(colleague(ready, "POST", "", _body(request)).json()["id"])

    Meddling(ready, act, {3}, after=True)
    report = ready.run()
    made = written(report)[2]
    assert any(twins[0] in note and str(made.id) in note for note in report.notes)


def _body(request: Any) -> Any:
    sent = json.loads(request.content)
    return {name: value for name, value in sent.items() if "@odata.bind" not in name}


# Answers about others, refusals, approvals


@promise("patch", "link", "repoint", "assign", "delete")
def an_answer_about_another_profile_is_refused(ready: Ready) -> None:
    name, identifier = victim(ready)
    ready.fault({"match": {"method": "GET", "path": f"{identifier}$"}, "effect": "other_id"})
    report = ready.run()
    found = outcomes(report)
    assert found.pop(name) == "failed", told(report)
    assert "answered about" in (report.outcome(identifier).message or "")
    assert set(found.values()) == {"applied"}
    assert not [item for item in ready.writes() if identifier in item["path"]]


ODD = (None, {"id": "x"}, {"@odata.type": "#microsoft.graph.iosScepCertificateProfile"}, 3)


@promise()
def an_odd_item_of_a_listing_costs_itself(ready: Ready) -> None:
    ready.fault(
        *({"match": {"nth": [1]}, "effect": "odd_item", "item": item, "times": 1} for item in ODD)
    )
    report = _run_to_its_end(ready)
    assert statuses(report) == ["applied"] * COUNT
    assert ready.is_right


@promise()
def a_refusal_of_the_first_write_ends_the_run(ready: Ready) -> None:
    ready.bend(403)
    report = ready.run()
    assert statuses(report) == ["failed"] + ["held_back"] * (COUNT - 1), told(report)
    assert len(ready.struck()) == 1
    assert not report.changed
    assert report.stopped


@promise()
def three_refusals_in_a_row_end_the_run(ready: Ready) -> None:
    ready.bend(403, nth=[2, 3, 4])
    report = ready.run()
    expected = [ended(ready), "failed", "failed", "failed", "held_back"]
    assert statuses(report) == expected, told(report)
    assert len(ready.struck()) == COUNT - 1
    assert report.stopped


@promise()
def a_single_later_refusal_costs_its_profile(ready: Ready) -> None:
    ready.bend(403, nth=[3])
    report = ready.run()
    expected = ["applied", "applied", "failed", "applied", "applied"]
    assert statuses(report) == expected, told(report)
    assert not report.stopped
    assert not written(report)[2].written


@promise()
def what_waits_for_an_approval_is_held_back_and_no_refusal(ready: Ready) -> None:

    def act(request: Any) -> Any:
        headers = {"x-msft-approval-code": "APPROVE-7"}
        body = {"error": {"code": "Forbidden", "message": "Approval is needed."}}
        return httpx.Response(403, headers=headers, json=body, request=request)

    Meddling(ready, act, {1, 2, 3, 4})
    report = ready.run()
    expected = ["held_back"] * (COUNT - 1) + ["applied"]
    assert statuses(report) == expected, told(report)
    assert {item.hold for item in written(report)[:-1]} == {Hold.APPROVAL}
    assert {item.approval for item in written(report)[:-1]} == {"APPROVE-7"}
    assert not report.failed
    assert not report.stopped
    assert [item.written for item in written(report)] == [False] * (COUNT - 1) + [True]


# The journal


@promise()
def a_write_is_announced_before_it_is_sent(ready: Ready) -> None:
    """Each write, when it leaves, stands in the journal on disk."""
    seen: list[int] = []
    paths: list[Any] = []

    def act(_: Any) -> None:
        run = read_journal(paths[0]).last
        seen.append(sum(len(record.steps) for record in run.actions.values()))

    Meddling(ready, act)
    ready.run(watch=Watch(began=lambda path, _: paths.append(path)))
    assert len(seen) == COUNT
    assert seen[0] >= 1
    assert all(later > earlier for earlier, later in pairwise(seen))


@promise()
def a_journal_that_cannot_announce_ends_the_run_before_the_write(ready: Ready) -> None:
    report = _with_a_full_disk(ready, "intention", 3, struck=2)
    # What is linked and assigned after it was made is at that when the third is announced.
    unfinished = ready.job.name in {"restore", "rollback of delete"}
    first = "held_back" if unfinished else ended(ready)
    assert statuses(report) == [first] * 2 + ["held_back"] * 3, told(report)
    assert [item.written for item in written(report)] == [True] * 2 + [False] * 3


@promise()
def a_journal_that_cannot_record_an_outcome_ends_the_run(ready: Ready) -> None:
    report = _with_a_full_disk(ready, "outcome", 3, struck=3)
    assert statuses(report)[-2:] == ["held_back"] * 2, told(report)
    assert [item.written for item in written(report)] == [True] * 3 + [False] * 2


def _with_a_full_disk(ready: Ready, record: str, nth: int, *, struck: int) -> Any:
    """The disk fills up in the middle of the nth profile's first record of that kind."""
    begun: list[str] = []
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if not data.startswith(b'{"seq"'):
            return write(descriptor, data)
        line = json.loads(data)
        if line["record"] == record and line["action"] not in begun:
            begun.append(line["action"])
        if len(begun) >= nth:
            write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", full)
        report = ready.run()
    assert len(ready.struck()) == struck
    assert report.changed
    assert report.failed
    assert "No space left" in (report.stopped or "")
    assert "No space left" in report.msg
    again = ready.resume(report.journal or "")
    assert not again.failed, told(again)
    assert ready.twice() == []
    assert ready.is_right
    return report


# Limits


@promise()
def max_changes_refuses_before_the_first_write(ready: Ready) -> None:
    with pytest.raises(TooManyChangesError, match=r"5 profiles .* allows 4"):
        ready.run(max_changes=COUNT - 1)
    assert ready.writes() == []
    assert not ready.run(max_changes=COUNT).failed


@promise()
def max_changes_of_a_resumed_run_counts_what_is_left(ready: Ready) -> None:
    report = _stopped_after(ready, 2)
    ready.tenant.control("DELETE", "requests")
    left = COUNT if is_replacing(ready) else 3
    with pytest.raises(TooManyChangesError, match=rf"{left} profiles .* allows {left - 1}"):
        ready.resume(report.journal or "", max_changes=left - 1)
    assert ready.writes() == []
    again = ready.resume(report.journal or "", max_changes=left)
    assert again.count("applied") == left
    assert ready.is_right


@promise(but=[name for name in JOBS if name.startswith("rollback") or name == "restore"])
def a_resumed_run_refuses_other_choices_and_names_both(ready: Ready) -> None:
    journal = ready.directory / "journal"
    report = _stopped_after(ready, 2, journal=journal)
    assert report.failed
    ready.tenant.control("DELETE", "requests")
    name, now = ready.job.other_choices
    with pytest.raises(JournalError) as caught:
        ready.run(journal=journal, **{name: now})
    assert f"{name} was" in str(caught.value)
    assert f"not {now!r}" in str(caught.value)
    assert f"{COUNT if is_replacing(ready) else 3} of its {COUNT}" in str(caught.value)
    assert ready.writes() == []
    again = ready.run(journal=journal)
    assert not again.failed, told(again)
    assert ready.is_right


# Being stopped


@promise()
def a_stop_finishes_the_write_in_flight_and_the_rest_is_resumed(ready: Ready) -> None:
    """The stop comes during the second write, whose answer is lost as well."""
    report = _stopped_after(ready, 2, answer=lost)
    left = COUNT if is_replacing(ready) else 3
    assert statuses(report) == [ended(ready)] * 2 + ["held_back"] * 3, told(report)
    assert [item.written for item in written(report)] == [True] * 2 + [False] * 3
    assert report.failed
    assert report.stopped
    assert report.interrupted_by == 15
    assert len(ready.struck()) == 2
    content = read_journal(_path(report))
    assert not content.is_finished
    assert len(content.last.left) == left
    again = ready.resume(_path(report))
    assert again.count("applied") == left, told(again)
    assert again.count("unchanged") == report.count("unchanged") + COUNT - left
    assert [item for item in written(again) if item.written] == written(again)[COUNT - left :]
    assert not again.failed
    assert ready.twice() == []
    assert ready.is_right


def _stopped_after(ready: Ready, nth: int, answer: Any = lambda _: None, **options: Any) -> Any:
    stop = Stop()

    def act(request: Any) -> Any:
        stop.request(15)
        return answer(request)

    Meddling(ready, act, {nth}, after=True)
    return ready.run(watch=Watch(stop=stop), **options)


def _path(report: Any) -> Path:
    return Path(report.journal)


# Foreign exceptions


@promise()
def memory_that_runs_out_costs_its_profile(ready: Ready) -> None:
    """While the third write is prepared: nothing of it is sent."""

    def act(_: Any) -> Any:
        raise MemoryError

    Meddling(ready, act, {3})
    report = _run_to_its_end(ready)
    found = statuses(report)
    assert found[:2] == ["applied"] * 2, told(report)
    assert found[2] in {"unknown", "applied"}
    assert found[3:] == ["applied"] * 2
    assert ready.twice() == []


@promise()
def a_token_that_cannot_be_had_costs_its_profile(ready: Ready) -> None:
    """The sign-in fails when the third profile is to be written, and works again after it."""
    refresh, request = TokenSource.refresh, TokenSource._request
    writing: list[str] = []

    async def expired(self: TokenSource) -> Any:
        if len(writing) == 3:
            self._token = None
        return await refresh(self)

    async def failing(self: TokenSource, **claims: str) -> Any:
        if len(writing) == 3:
            raise ClientAuthenticationError("The credential is locked.")
        return await request(self, **claims)

    write = GraphSession.write

    async def counted(self: GraphSession, method: str, path: str, *rest: Any, **more: Any) -> Any:
        mine = is_kind({"method": method, "path": path}, ready.job.kind)
        if mine:
            writing.append(path)
        try:
            return await write(self, method, path, *rest, **more)
        finally:
            if mine and len(writing) == 3:
                writing.append("")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TokenSource, "refresh", expired)
        patch.setattr(TokenSource, "_request", failing)
        patch.setattr(GraphSession, "write", counted)
        report = _run_to_its_end(ready)
    expected = ["applied", "applied", "failed", "applied", "applied"]
    assert statuses(report) == expected, told(report)
    assert "The credential is locked" in (written(report)[2].message or "")
    assert not written(report)[2].written


def _run_to_its_end(ready: Ready) -> Any:
    try:
        return ready.run()
    except (MemoryError, IntuneScepError) as error:
        raise AssertionError("What went wrong with one profile ended the run.") from error


# Saved plans


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def a_saved_plan_is_carried_out_once(ready: Ready) -> None:
    path = ready.directory / "plan.json"
    save_plan(path, ready.plan())
    plan = load_plan(path)
    report = ready.carry_out(plan)
    assert statuses(report) == ["applied"] * COUNT
    assert ready.is_right
    ready.tenant.control("DELETE", "requests")
    with pytest.raises(PlanError, match=r"carried out already") as caught:
        ready.carry_out(load_plan(path))
    assert str(report.journal) in str(caught.value)
    assert ready.writes() == []


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def a_saved_plan_that_was_edited_is_refused(ready: Ready) -> None:
    path = ready.directory / "plan.json"
    save_plan(path, ready.plan())
    with pytest.raises(PlanError, match="is there already"):
        save_plan(path, ready.plan())
    text = path.read_text()
    assert text.count("Staff 2") + text.count("Bulk SCEP 000002")
    path.write_text(text.replace("Staff 2", "Staff 7").replace("SCEP 000002", "SCEP 000007"))
    with pytest.raises(PlanError, match="digest"):
        load_plan(path)


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def a_saved_plan_that_was_cut_short_is_gone_on_with(ready: Ready) -> None:
    path = ready.directory / "plan.json"
    save_plan(path, ready.plan())
    stop = Stop()
    Meddling(ready, lambda _: stop.request(15), {2}, after=True)
    first = ready.carry_out(load_plan(path), watch=Watch(stop=stop))
    assert first.count("held_back")
    again = ready.carry_out(load_plan(path))
    assert not again.failed, told(again)
    assert again.journal == first.journal
    assert ready.twice() == []
    assert ready.is_right


@promise(but=[name for name in JOBS if name.startswith("rollback")])
def the_next_run_of_a_job_that_was_cut_short_ends_right(ready: Ready) -> None:
    """It finds what was begun by itself."""
    report = _stopped_after(ready, 2)
    assert report.failed
    again = ready.run()
    assert not again.failed, told(again)
    assert ready.twice() == []
    assert ready.is_right


# Order


@promise("create", but=["create", "restore", "rollback of delete"])
def the_old_profile_goes_when_everything_else_is_done(ready: Ready) -> None:
    report = ready.run()
    assert not report.failed
    methods = [item["method"] for item in ready.writes()]
    assert methods.count("DELETE") == COUNT
    assert methods[-COUNT:] == ["DELETE"] * COUNT


@promise("create", but=["create", "replace", "rollback of delete", "rollback of replace"])
def a_profile_that_is_not_whole_is_taken_away_again(ready: Ready) -> None:
    ready.fault({"match": {**WRITES["assign"], "nth": [3]}, "effect": 400})
    report = ready.run()
    assert statuses(report) == ["applied", "applied", "failed", "applied", "applied"]
    outcome = written(report)[2]
    assert outcome.id is None
    assert not outcome.written
    assert outcome.action.name not in ready.ids()
