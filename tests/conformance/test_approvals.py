"""ROLLOUT.md 6: multi admin approval, which nobody has seen on `deviceConfigurations`."""

import base64
from typing import Any

import httpx
import pytest

from intune_scep.simulator.scenarios.rollout import group_id

from .bodies import SID_URI, group_target, scep
from .fleet import named
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, one

PROFILE = named("Windows user Wi-Fi")
REQUESTS = "deviceManagement/operationApprovalRequests"
DAY = 86_400
CHANGE = {
    "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile",
    "customSubjectAlternativeNames": [SID_URI],
}


def because(text: str = "Change 4711", **more: str) -> dict[str, str]:
    return {"x-msft-approval-justification": base64.b64encode(text.encode()).decode(), **more}


@pytest.fixture
def guarded(fleet: Graph) -> Graph:
    fleet.control("PUT", "settings", {"approvals": "412"})
    return fleet


def change(graph: Graph, headers: dict[str, str], body: Json | None = None) -> httpx.Response:
    return graph.send("PATCH", one(PROFILE), body or CHANGE, headers=headers)


def filed(graph: Graph, body: Json | None = None) -> str:
    answer = change(graph, because(), body)
    assert answer.status_code == 412, answer.text
    return answer.headers["x-msft-approval-code"]


def complete(graph: Graph, code: str, body: Json | None = None) -> httpx.Response:
    return change(graph, {"x-msft-approval-code": code}, body)


def decide(graph: Graph, code: str, decision: str) -> None:
    graph.control("PUT", "approvals", {"code": code, "decision": decision})


def status(graph: Graph, code: str) -> str:
    return str(graph.read(f"{REQUESTS}/{code}")["status"])


def is_changed(graph: Graph) -> bool:
    return bool(graph.read(one(PROFILE))["customSubjectAlternativeNames"] == [SID_URI])


def test_nothing_is_protected_unless_the_tenant_says_so(fleet: Graph) -> None:
    """ROLLOUT.md 6: by Microsoft's list, certificate profiles are not; the headers are ignored."""
    assert change(fleet, because()).status_code == 204
    assert fleet.all_of(REQUESTS) == []


WRITES: list[tuple[str, str, Json | None]] = [
    ("POST", DEVICE_CONFIGURATIONS, scep()),
    ("PATCH", one(PROFILE), CHANGE),
    ("DELETE", one(PROFILE), None),
    ("POST", one(PROFILE, "assign"), {"assignments": [group_target(group_id("test", "users"))]}),
    (
        "DELETE",
        one(PROFILE, "microsoft.graph.windows81SCEPCertificateProfile/rootCertificate/$ref"),
        None,
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_protected_write_needs_a_justification_and_then_an_approval(
    guarded: Graph, method: str, path: str, body: Json | None
) -> None:
    """ROLLOUT.md 6: 400 without the header, 412 with it, and the tenant is untouched."""
    before = guarded.all_of(DEVICE_CONFIGURATIONS)
    error = assert_refused(guarded.send(method, path, body), 400)
    assert "Header 'x-msft-approval-justification' is required" in error["message"]
    assert guarded.all_of(REQUESTS) == []
    answer = guarded.send(method, path, body, headers=because())
    error = assert_refused(answer, 412)
    code = answer.headers["x-msft-approval-code"]
    assert code in error["message"]
    assert guarded.all_of(DEVICE_CONFIGURATIONS) == before
    [request] = guarded.all_of(REQUESTS)
    assert (request["id"], request["status"]) == (code, "needsApproval")
    assert request["requestJustification"] == "Change 4711"
    decide(guarded, code, "approve")
    assert guarded.all_of(DEVICE_CONFIGURATIONS) == before
    sent = guarded.send(method, path, body, headers={"x-msft-approval-code": code})
    assert sent.is_success
    assert status(guarded, code) == "completed"


def test_reading_is_never_protected(guarded: Graph) -> None:
    """ROLLOUT.md 6."""
    assert guarded.get(one(PROFILE)).status_code == 200
    job = {"reportName": "AllDeviceCertificates"}
    assert guarded.send("POST", "deviceManagement/reports/exportJobs", job).status_code == 201


def test_a_filed_request_may_be_answered_403(guarded: Graph) -> None:
    """ROLLOUT.md 6: Microsoft's page says 403 `ApprovalRequired`, captures show 412."""
    guarded.control("PUT", "settings", {"approvals": "403"})
    answer = change(guarded, because())
    assert assert_refused(answer, 403)["code"] == "ApprovalRequired"
    assert status(guarded, answer.headers["x-msft-approval-code"]) == "needsApproval"


@pytest.mark.parametrize(
    "given", ["plain text!", base64.b64encode(b"\xff\xfe").decode(), "", because("x" * 1025)]
)
def test_a_justification_is_base64_of_at_most_1024_characters(guarded: Graph, given: Any) -> None:
    """ROLLOUT.md 6: otherwise 400, and nothing is filed."""
    headers = given if isinstance(given, dict) else {"x-msft-approval-justification": given}
    assert_refused(change(guarded, headers), 400)
    assert guarded.all_of(REQUESTS) == []
    assert change(guarded, because("ü" * 1024)).status_code == 412


def test_one_object_has_one_request_at_a_time(guarded: Graph) -> None:
    """ROLLOUT.md 6: 409 for every other write of it; other objects are free."""
    code = filed(guarded)
    assert_refused(change(guarded, because()), 409)
    assert_refused(guarded.send("DELETE", one(PROFILE), headers=because()), 409)
    other = one(named("Windows user VPN"))
    assert guarded.send("DELETE", other, headers=because()).status_code == 412
    decide(guarded, code, "approve")
    both = because() | {"x-msft-approval-code": code}
    assert_refused(change(guarded, both), 409)
    decide_again = complete(guarded, code)
    assert decide_again.status_code == 204
    assert change(guarded, because()).status_code == 412


@pytest.mark.parametrize("case", ["body", "address", "person", "too early", "unknown", "twice"])
def test_only_the_identical_request_of_the_same_person_completes_it(
    guarded: Graph, fleet_tenant: Any, case: str
) -> None:
    """ROLLOUT.md 6: anything else is a bare 403, and the profile stays as it is."""
    code = filed(guarded)
    if case != "too early":
        decide(guarded, code, "approve")
    if case == "twice":
        assert complete(guarded, code).status_code == 204
        refused = complete(guarded, code)
    elif case == "body":
        refused = complete(guarded, code, {**CHANGE, "description": "more"})
    elif case == "address":
        headers = {"x-msft-approval-code": code}
        refused = guarded.send(
            "PATCH", f"{DEVICE_CONFIGURATIONS}('{PROFILE}')", CHANGE, headers=headers
        )
    elif case == "person":
        token = fleet_tenant.door.access_token(user="0000000a-0000-4000-8000-000000000000")
        refused = complete(guarded.with_token(token), code)
    else:
        refused = complete(guarded, code if case == "too early" else "0" * 8 + code[8:])
    assert assert_refused(refused, 403)["message"] == ""
    assert is_changed(guarded) == (case == "twice")


def test_a_refused_request_is_over(guarded: Graph) -> None:
    """ROLLOUT.md 6."""
    code = filed(guarded)
    decide(guarded, code, "reject")
    assert status(guarded, code) == "rejected"
    assert_refused(complete(guarded, code), 403)
    assert not is_changed(guarded)
    assert filed(guarded) != code


@pytest.mark.parametrize("approved", [False, True])
def test_a_request_expires_after_three_days(guarded: Graph, approved: bool) -> None:
    """ROLLOUT.md 6: three days, by the tenant's clock."""
    code = filed(guarded)
    if approved:
        decide(guarded, code, "approve")
    guarded.control("POST", "clock", {"advance": 3 * DAY - 60})
    assert status(guarded, code) == ("approved" if approved else "needsApproval")
    guarded.control("POST", "clock", {"advance": 120})
    assert status(guarded, code) == "expired"
    assert_refused(complete(guarded, code), 403)
    assert not is_changed(guarded)
    assert filed(guarded) != code


def test_requests_are_listed_and_have_no_request_id(guarded: Graph) -> None:
    """ROLLOUT.md 6: the code is the id; Microsoft's page filters by a property it does not have."""
    code = filed(guarded)
    waiting = guarded.all_of(f"{REQUESTS}?$filter=status eq 'needsApproval'")
    assert [each["id"] for each in waiting] == [code]
    assert "requestId" not in waiting[0]
    assert_refused(guarded.get(f"{REQUESTS}?$filter=requestId eq '{code}'"), 400)
    assert_refused(guarded.get(f"{REQUESTS}/00000000-0000-4000-8000-000000000000"), 404)
