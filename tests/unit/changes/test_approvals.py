"""A write that needs the approval of another administrator is kept, and carried out once it is
approved; every other answer ends it with a word, and nothing is guessed."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from intune_scep.changes.journal import read_journal
from intune_scep.changes.run import resume, roll_back
from intune_scep.changes.status import Hold, Status
from intune_scep.errors import ConnectionOptionError, JournalError
from intune_scep.graph.approval import checked_justification
from intune_scep.simulator.driver import FleetDriver

from .jobs import COUNT, JOBS
from .meddling import Meddling
from .meddling import colleague as colleague_writes

DAY = 86_400
WHY = "Change 4711: strong mapping, agreed on Tuesday, Ümit"
MIGRATION = JOBS["migration"]


class Guarded:
    """A job in a tenant whose writes need an approval."""

    def __init__(self, ready, form="412"):
        self.ready = ready
        self.driver = FleetDriver(ready.tenant.path, clock=ready.tenant._now)
        self.driver.change_settings(approvals=form)

    def run(self, why=WHY, **options):
        return self.ready.tenant.run(
            lambda graph: self.ready.job.run(
                replace(graph, justification=why), self.ready, **options
            )
        )

    def resume(self, report, why=None):
        return self.ready.tenant.run(
            lambda graph: resume(replace(graph, justification=why), Path(report.journal))
        )

    def requests(self, *statuses):
        return [
            item for item in self.driver.approvals() if not statuses or item["status"] in statuses
        ]

    def approve_all(self):
        for item in self.requests("needsApproval"):
            self.driver.approve(item["code"])


@pytest.fixture
def guarded(start):
    made = []

    def make(job=MIGRATION, form="412"):
        made.append(Guarded(start(job), form))
        return made[-1]

    yield make
    for item in made:
        item.driver.close()


def writing(report):
    return [item for item in report.outcomes if item.action.writes]


def ends(report):
    return [item.status.value for item in writing(report)]


def waiting(report):
    return [item for item in writing(report) if item.hold is Hold.APPROVAL]


def to_its_end(it, report):
    """Approve and go on until nothing waits any more."""
    for _ in range(6):
        if not report.waits:
            return report
        it.approve_all()
        report = it.resume(report, WHY)
    raise AssertionError("it never ends")


@pytest.mark.parametrize("form", ["412", "403"])
@pytest.mark.parametrize("job", JOBS.values(), ids=repr)
def test_every_kind_of_write_is_filed_approved_and_completed_once(guarded, job, form):
    it = guarded(job, form)
    report = it.run()
    assert waiting(report), ends(report)
    assert not report.failed
    assert not report.stopped
    codes = {item["code"] for item in it.requests()}
    assert {item.approval for item in waiting(report) if item.approval} <= codes
    report = to_its_end(it, report)
    assert set(ends(report)) <= {"applied", "unchanged"}, [
        (item.status, item.message) for item in writing(report)
    ]
    it.driver.change_settings(approvals="off")
    assert it.ready.twice() == []
    assert it.ready.is_right
    assert {item["status"] for item in it.requests()} == {"completed"}


def test_nothing_waits_where_nothing_asks_and_no_justification_is_sent(guarded):
    it = guarded(form="off")
    seen = []
    Meddling(it.ready, lambda request: seen.append(dict(request.headers)))
    assert set(ends(it.run())) == {"applied"}
    assert len(seen) == COUNT
    assert not [name for headers in seen for name in headers if "approval" in name]


def test_the_record_holds_the_bytes_that_were_sent_and_the_three_days(guarded):
    it = guarded()
    bodies = {}
    Meddling(
        it.ready,
        lambda request: bodies.setdefault(str(request.url.path), []).append(request.content),
    )
    report = it.run()
    requests = read_journal(Path(report.journal)).first.requests
    assert len(requests) == COUNT
    for kept in requests.values():
        assert kept.body.encode() in bodies[f"/beta/{kept.path}"]
        assert kept.entity in kept.path
        span = datetime.fromisoformat(kept.expires_at) - datetime.fromisoformat(kept.filed_at)
        assert span.total_seconds() == 3 * DAY
        assert WHY not in json.dumps(kept.to_dict())
    for item in waiting(report):
        assert item.approval in item.message
        assert "Multi Admin Approval" in item.message
        assert "notifies nobody" in item.message
        assert "left" in item.message
        assert not item.written
        assert item.row()["approval"] == item.approval


def test_a_request_still_waits_with_what_is_left_of_its_days(guarded):
    it = guarded()
    report = it.run()
    it.driver.advance(DAY + 1800)
    again = it.resume(report)
    assert ends(again) == ["held_back"] * COUNT
    assert not again.failed
    assert "(1 d 23 h left)" in waiting(again)[0].message
    assert len(it.requests()) == COUNT


def test_without_a_justification_it_is_held_back_and_told_what_to_give(guarded):
    it = guarded()
    report = it.run(None)
    assert ends(report) == ["held_back"] * COUNT
    assert {item.hold for item in writing(report)} == {Hold.APPROVAL}
    assert "justification" in writing(report)[0].message
    assert not report.failed
    assert not report.changed
    assert it.requests() == []
    report = to_its_end(it, it.resume(report, WHY))
    assert ends(report) == ["applied"] * COUNT


def test_applied_again_it_goes_on_with_what_was_filed(guarded):
    """Another run, another plan, another journal, and no justification given any more."""
    it = guarded()
    first = it.run()
    it.approve_all()
    second = it.run(None)
    assert second.journal != first.journal
    assert ends(second) == ["applied"] * COUNT
    assert len(it.requests("completed")) == COUNT


@pytest.mark.parametrize(
    ("end", "word"), [("reject", "was rejected"), ("expire", "expired"), ("late", "expired")]
)
def test_what_is_refused_or_expired_fails_with_the_word_and_is_asked_anew(guarded, end, word):
    it = guarded()
    report = it.run()
    if end == "reject":
        for item in it.requests():
            it.driver.reject(item["code"])
    else:
        if end == "late":
            it.approve_all()
        it.driver.advance(3 * DAY + 60)
    again = it.resume(report)
    assert ends(again) == ["failed"] * COUNT
    assert again.failed
    assert all(word in item.message for item in writing(again))
    assert not again.changed
    assert it.ready.content() != it.ready.goal
    anew = it.resume(report, WHY)
    assert ends(anew) == ["held_back"] * COUNT
    assert len(it.requests()) == 2 * COUNT


WORDS = [
    ("rejected", Status.FAILED, "rejected"),
    ("Cancelled", Status.FAILED, "cancelled"),
    ("canceled", Status.FAILED, "cancelled"),
    ("EXPIRED", Status.FAILED, "expired"),
    ("needsApproval", Status.HELD_BACK, "still waits"),
    ("unknownFutureValue", Status.HELD_BACK, "unknownfuturevalue"),
    (None, Status.HELD_BACK, "state"),
]


@pytest.mark.parametrize(("status", "ending", "word"), WORDS)
def test_the_word_of_a_request_decides_and_no_other(guarded, status, ending, word):
    it = guarded()
    report = it.run()

    def act(request):
        code = str(request.url.path).rpartition("/")[2]
        return httpx.Response(200, json={"id": code.upper(), "status": status}, request=request)

    Meddling(it.ready, act, match={"method": "GET", "path": "operationApprovalRequests/"})
    again = it.resume(report)
    assert {item.status for item in writing(again)} == {ending}
    assert all(word in item.message for item in writing(again))


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_request_that_is_not_had_by_its_id_is_looked_for_in_the_list(guarded, status):
    it = guarded()
    report = it.run()
    it.approve_all()
    Meddling(
        it.ready,
        lambda request: httpx.Response(status, json={"error": {"code": "x"}}, request=request),
        match={"method": "GET", "path": "operationApprovalRequests/"},
    )
    assert ends(it.resume(report)) == ["applied"] * COUNT


def test_a_request_that_graph_forgot_fails_once_and_is_asked_anew(guarded):
    it = guarded()
    report = it.run()

    def act(request):
        listed = {"value": [{"id": "another", "status": "approved"}, None, 3]}
        found = str(request.url.path).endswith("operationApprovalRequests")
        return httpx.Response(200 if found else 404, json=listed if found else {}, request=request)

    Meddling(it.ready, act, match={"method": "GET", "path": "operationApprovalRequests"})
    again = it.resume(report)
    assert ends(again) == ["failed"] * COUNT
    assert "not known" in writing(again)[0].message
    for item in it.requests():
        it.driver.reject(item["code"])
    assert ends(it.resume(report, WHY)) == ["held_back"] * COUNT
    assert len(it.requests("needsApproval")) == COUNT


def test_where_requests_may_not_be_read_the_permission_is_named(guarded):
    it = guarded()
    report = it.run()
    Meddling(
        it.ready,
        lambda request: httpx.Response(
            403, json={"error": {"code": "Forbidden", "message": "No."}}, request=request
        ),
        match={"method": "GET", "path": "operationApprovalRequests"},
    )
    again = it.resume(report)
    assert ends(again) == ["held_back"] * COUNT
    assert "DeviceManagementRBAC.Read.All" in writing(again)[0].message
    assert not again.failed


def test_a_profile_that_was_changed_meanwhile_is_a_conflict_and_its_request_stale(guarded):
    it = guarded()
    report = it.run()
    it.driver.change_settings(approvals="off")
    victim = writing(report)[0]
    changes = {"@odata.type": victim.action.odata_type, "description": "Mine"}
    colleague_writes(it.ready, "PATCH", f"/{victim.action.id}", changes)
    it.driver.change_settings(approvals="412")
    it.approve_all()
    again = it.resume(report)
    assert ends(again) == ["conflict"] + ["applied"] * (COUNT - 1)
    assert "stale" in writing(again)[0].message
    assert victim.approval in writing(again)[0].message
    assert it.ready.tenant.profiles()[victim.action.id]["description"] == "Mine"


def test_another_request_for_the_same_profile_holds_this_one(guarded):
    it = guarded()
    plan = it.ready.plan()
    victim = plan.writing[0]

    async def file(graph):
        await graph.session.write(
            "PATCH",
            f"deviceManagement/deviceConfigurations/{victim.id}",
            {"@odata.type": victim.odata_type, "description": "Theirs"},
            headers={"x-msft-approval-justification": "VGhlaXJz"},
        )

    with pytest.raises(Exception, match="412"):
        it.ready.tenant.run(file)
    report = it.run()
    assert ends(report) == ["held_back"] * COUNT
    assert "Another change of it waits" in report.outcome(victim.id).message
    assert report.outcome(victim.id).approval is None
    assert not report.failed


def test_somebody_else_completing_it_is_read_back(guarded):
    it = guarded()
    report = it.run()
    it.approve_all()
    kept = list(read_journal(Path(report.journal)).first.requests.values())

    async def complete(graph):
        for item in kept:
            await graph.session.write(
                item.method,
                item.path,
                headers={"x-msft-approval-code": item.code},
                content=item.body.encode(),
            )

    it.ready.tenant.run(complete)
    before = len(it.ready.struck())
    again = it.resume(report)
    assert ends(again) == ["applied"] * COUNT
    assert len(it.ready.struck()) == before


def test_a_bare_403_to_an_approved_write_fails_its_profile_and_no_other(guarded):
    it = guarded()
    report = it.run()
    it.approve_all()
    Meddling(it.ready, lambda request: httpx.Response(403, request=request), {1})
    again = it.resume(report)
    assert sorted(ends(again)) == ["applied"] * (COUNT - 1) + ["failed"]
    [failed] = [item for item in writing(again) if item.status is Status.FAILED]
    assert "Only who filed it" in failed.message
    assert not again.stopped


@pytest.mark.parametrize("status", [400, 403, 409, 412])
def test_an_ordinary_refusal_stays_one(guarded, status):
    it = guarded(form="off")
    Meddling(
        it.ready,
        lambda request: httpx.Response(
            status, json={"error": {"code": "Nope", "message": "A refusal."}}, request=request
        ),
        {2},
    )
    report = it.run()
    assert sorted(ends(report)) == ["applied"] * (COUNT - 1) + ["failed"]
    assert report.failed


def test_a_stub_that_a_refused_create_left_is_not_made_twice(guarded):
    it = guarded(JOBS["create"])
    it.driver.change_settings(approvals="off")
    text = "Header 'x-msft-approval-justification' is required to request approval."

    def act(request):
        return httpx.Response(400, json={"error": {"code": "BadRequest", "message": text}})

    Meddling(it.ready, act, {1}, after=True)
    report = it.run()
    assert report.failed is False
    assert set(ends(report)) == {"applied"}
    assert it.ready.twice() == []
    assert it.ready.is_right


def test_a_stub_that_is_not_what_was_sent_is_told_and_left_alone(guarded):
    """Seen once for another kind of object (ROLLOUT.md 6)."""
    it = guarded(JOBS["create"])
    it.driver.change_settings(approvals="off")
    text = "Header 'x-msft-approval-justification' is required to request approval."
    made = []

    def act(request):
        body = json.loads(request.content)
        made.append(body["displayName"])
        colleague_writes(it.ready, "POST", "", {**body, "keySize": "size1024"})
        return httpx.Response(400, json={"error": {"code": "BadRequest", "message": text}})

    Meddling(it.ready, act, {2})
    report = it.run()
    [stub] = [item for item in writing(report) if item.status is not Status.APPLIED]
    assert stub.status is Status.CONFLICT, stub
    assert "stub" in stub.message
    assert [stub.action.name] == made
    assert len(it.ready.struck()) == COUNT - 1


def test_a_controller_that_died_after_the_approved_write_finds_it_done(guarded):
    it = guarded()
    report = it.run()
    it.approve_all()
    journal = Path(report.journal)
    kept = journal.read_bytes()
    assert ends(it.resume(report)) == ["applied"] * COUNT
    journal.write_bytes(kept)
    assert ends(it.resume(report)) == ["applied"] * COUNT
    assert it.ready.twice() == []


def test_a_rollback_waits_for_its_own_approvals(guarded):
    it = guarded()
    done = to_its_end(it, it.run())
    back = it.ready.tenant.run(
        lambda graph: roll_back(replace(graph, justification=WHY), Path(done.journal))
    )
    assert ends(back) == ["held_back"] * COUNT
    it.approve_all()
    back = it.ready.tenant.run(lambda graph: roll_back(graph, Path(done.journal)))
    assert ends(back) == ["applied"] * COUNT


def test_a_changed_body_in_the_journal_is_refused(guarded):
    it = guarded()
    report = it.run()
    journal = Path(report.journal)
    text = journal.read_text()
    assert "approval_needed" in text
    journal.write_text(text.replace("OnPremisesSecurityIdentifier", "AAD_Device_ID"))
    with pytest.raises(JournalError, match="damaged"):
        it.resume(report)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * 1025, "1,025 characters"),
        ("ü" * 2000, "2,000 characters"),
        (" \t", "is empty"),
        ("\n", "is empty"),
        ("\ud800", "no text"),
    ],
)
def test_a_justification_that_graph_would_not_take_is_refused_before_anything_is_sent(text, told):
    with pytest.raises(ConnectionOptionError, match=told):
        checked_justification(text)


@pytest.mark.parametrize("text", [None, "", "x", "ü" * 1024, "😀" * 1024])
def test_a_justification_of_1024_characters_is_one(text):
    assert checked_justification(text) == (text or None)
