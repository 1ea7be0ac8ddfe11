"""The devices in the hands of a test: in Python, by command, in long steps and in short ones."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from intune_scep.simulator import FleetDriver, SimulatorError, open_in_process, seed_database
from intune_scep.simulator.commands import app
from intune_scep.simulator.scenarios.rollout import RINGS, group_id, managed_device_id, scep_profile

from .conftest import CONFIGURATIONS, SID_URI, Clock, Graph

CYCLE = 8 * 3600
WIFI = str(scep_profile("Windows user Wi-Fi")["id"])
IOS = str(scep_profile("iOS user Wi-Fi")["id"])
DEVICES = 50


class Fleet:
    """One tenant, its driver and a caller of Graph."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        seed_database(path, "rollout", sizes={"devices": DEVICES}, now=self.clock())
        self.door = open_in_process(path, clock=self.clock)
        self.graph = Graph(self.door, self.clock)
        self.driver = FleetDriver(path, clock=self.clock)

    def edit(self, profile: str, **changes: Any) -> None:
        changes = changes or {"customSubjectAlternativeNames": [SID_URI]}
        assert self.graph.patch(self.graph.get(profile), **changes).status == 204

    def assign(self, profile: str, *rings: str) -> None:
        kind = "#microsoft.graph.groupAssignmentTarget"
        targets = [{"@odata.type": kind, "groupId": group_id(ring, "users")} for ring in rings]
        body = {"assignments": [{"target": target} for target in targets]}
        assert self.graph("POST", f"{CONFIGURATIONS}/{profile}/assign", body).status == 200

    def close(self) -> None:
        self.driver.close()
        self.door.close()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    present = Fleet(tmp_path / "tenant.db")
    yield present
    present.close()


def profile(fleet: Fleet, identifier: str) -> Any:
    return next(each for each in fleet.driver.truth()["profiles"] if each["id"] == identifier)


def story(fleet: Fleet, step: float) -> list[Any]:
    """A month with edits, assignments, failures and a dead connector, seen in the end."""

    def pass_time(seconds: float) -> None:
        while seconds > 0:
            fleet.driver.advance(min(step, seconds))
            seconds -= step

    fleet.edit(WIFI)
    pass_time(5 * 3600)
    fleet.assign(WIFI, "test", "first")
    fleet.driver.fail(IOS, 0.3)
    fleet.edit(IOS)
    pass_time(2 * CYCLE)
    fleet.assign(WIFI, *RINGS)
    fleet.driver.kill_connector("NDES 1", at=fleet.driver.now + 3 * 3600)
    pass_time(9 * 86_400)
    fleet.driver.revive_connector("NDES 1")
    fleet.driver.fail(IOS, 0)
    fleet.edit(IOS, renewalThresholdPercentage=30)
    pass_time(20 * 86_400)
    truth = fleet.driver.truth()
    columns = "profile_id, managed_device_id, via, edition, issued, error, ended, ended_as, host"
    rows = fleet.door.core.store.connection.execute(f"SELECT {columns} FROM certificate")
    kept = [
        tuple(round(each, 3) if isinstance(each, float) else each for each in row) for row in rows
    ]
    return [truth["profiles"], truth["enrolments"], sorted(kept, key=str)]


@pytest.mark.parametrize("step", [3600, 5 * 3600, CYCLE, 100_000])
def test_a_long_step_is_as_many_short_ones(tmp_path: Path, step: float) -> None:
    short, other = Fleet(tmp_path / "short.db"), Fleet(tmp_path / "other.db")
    assert story(other, step) == story(short, 1800)
    short.close()
    other.close()


def test_no_device_holds_two_certificates_of_one_kind_at_once(fleet: Fleet) -> None:
    story(fleet, 6 * 3600)
    overlaps = fleet.door.core.store.connection.execute(
        "SELECT count(*) FROM certificate AS one JOIN certificate AS other"
        " ON one.profile_id = other.profile_id AND one.managed_device_id = other.managed_device_id"
        " AND one.via IS other.via AND one.seq < other.seq AND one.error = 0 AND other.error = 0"
        " WHERE one.ended IS NULL OR one.ended > other.issued"
    ).fetchone()
    assert overlaps == (0,)


def test_an_assignment_taken_back_before_a_check_in_never_happened(fleet: Fleet) -> None:
    before = profile(fleet, WIFI)
    fleet.assign(WIFI, "test")
    assert profile(fleet, WIFI)["waiting"] > 0
    fleet.assign(WIFI, *RINGS)
    assert profile(fleet, WIFI) == before
    fleet.driver.advance(2 * CYCLE)
    certificates = fleet.door.core.store.connection.execute(
        "SELECT count(*) FROM certificate WHERE profile_id = ? AND ended_as = 'revoked'", (WIFI,)
    ).fetchone()
    assert certificates == (0,)


def test_a_deleted_profile_is_taken_from_every_device(fleet: Fleet) -> None:
    devices = profile(fleet, WIFI)["valid"]
    assert devices > 0
    fleet.graph("DELETE", f"{CONFIGURATIONS}/{WIFI}")
    assert fleet.driver.bundle([WIFI])["assigned"] == 0
    fleet.driver.advance(CYCLE + 1)
    found = fleet.driver.bundle([WIFI])
    assert found["valid"] == 0
    assert len(found["without_profile"]) == devices


def test_two_edits_before_a_check_in_cost_one_certificate(fleet: Fleet) -> None:
    for threshold in (30, 31, 32):
        fleet.edit(WIFI, renewalThresholdPercentage=threshold)
    devices = profile(fleet, WIFI)["assigned"]
    fleet.driver.advance(CYCLE + 1)
    [count] = fleet.door.core.store.connection.execute(
        "SELECT count(*) FROM certificate WHERE profile_id = ? AND edition > 1", (WIFI,)
    ).fetchone()
    assert 0 < count == devices


def states(fleet: Fleet, profile: str) -> Counter[tuple[str, str]]:
    kind = fleet.graph.get(profile)["@odata.type"].removeprefix("#")
    found = fleet.graph.list(f"{CONFIGURATIONS}/{profile}/{kind}/managedDeviceCertificateStates")
    return Counter(
        (each["certificateIssuanceState"], each["certificateRevokeStatus"]) for each in found
    )


def test_cycles_that_are_switched_off_leave_every_certificate_as_it_is(fleet: Fleet) -> None:
    fleet.driver.fail(IOS, 0.5)
    for changed in (WIFI, IOS):
        fleet.edit(changed)
    fleet.driver.advance(CYCLE / 2)
    before = {each: states(fleet, each) for each in (WIFI, IOS)}
    assert ("revoked", "revoked") in before[WIFI] and ("issueFailed", "none") in before[IOS]
    fleet.driver.change_settings(check_in_seconds=0)
    assert {each: states(fleet, each) for each in before} == before
    fleet.driver.advance(30 * 86_400)
    assert {each: states(fleet, each) for each in before} == before
    fleet.edit(WIFI, renewalThresholdPercentage=40)
    fleet.driver.advance(1000)
    assert sum(states(fleet, WIFI).values()) > sum(before[WIFI].values())


def test_cycles_that_come_back_begin_with_what_is_there(fleet: Fleet) -> None:
    fleet.edit(WIFI)
    fleet.driver.advance(CYCLE + 1)
    before = profile(fleet, WIFI)
    fleet.driver.change_settings(check_in_seconds=0)
    fleet.driver.change_settings(check_in_seconds=CYCLE)
    there = profile(fleet, WIFI)
    assert there["valid"] == before["valid"]
    assert states(fleet, WIFI)["issued", "none"] == before["valid"]
    fleet.edit(WIFI, renewalThresholdPercentage=40)
    fleet.driver.advance(CYCLE + 1)
    after = profile(fleet, WIFI)
    assert after["current"] == after["assigned"] - after["failed"] > 0


def test_a_tenant_without_cycles_can_begin_them(tmp_path: Path) -> None:
    path, clock = tmp_path / "tenant.db", Clock()
    seed_database(path, "contoso")
    with FleetDriver(path, clock=clock) as driver:
        driver.change_settings(check_in_seconds=CYCLE)
        before = driver.truth()
        assert sum(each["valid"] for each in before["profiles"]) > 0
        assert sum(each["waiting"] for each in before["profiles"]) > 0
        driver.advance(2 * CYCLE)
        waiting = sum(each["waiting"] - each["failed"] for each in driver.truth()["profiles"])
        assert waiting == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda driver: driver.advance(-1), "'advance' is a number"),
        (lambda driver: driver.advance(float("nan")), "'advance' is a number"),
        (lambda driver: driver.advance(10_001 * CYCLE), "smaller steps"),
        (lambda driver: driver.kill_connector("NDES 9"), "there are NDES 1, NDES 2, NDES 3"),
        (lambda driver: driver.kill_connector("NDES 1", at=1.0), "lies in the past"),
        (lambda driver: driver.fail("nobody", 0.5), "'profile' is the id"),
        (lambda driver: driver.fail(WIFI, 1.5), "'share' is a number from 0 to 1"),
        (lambda driver: driver.silence(["nobody"]), "There is no managed device 'nobody'"),
        (lambda driver: driver.approve("nothing"), "There is no approval request 'nothing'"),
        (lambda driver: driver.change_settings(leaving="fly"), "one of revoked, removed"),
        (lambda driver: driver.change_settings(check_in_seconds=-1), "at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(fleet: Fleet, call: Any, told: str) -> None:
    with pytest.raises(SimulatorError) as refusal:
        call(fleet.driver)
    assert told in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("PUT", "connectors", {"dead": True}, "'connector' is"),
        ("PUT", "connectors", {"connector": "NDES 1", "dead": 1}, "true or false"),
        ("PUT", "connectors", {"connector": "NDES 1", "hosts": "x"}, "list of names"),
        ("PUT", "connectors", {"connector": "NDES 1", "since": "x"}, "without 'dead'"),
        ("PUT", "connectors", {"connector": "NDES 1", "dead": True, "since": "x"}, "an instant"),
        ("PUT", "connectors", {"connector": "NDES 1", "alive": True}, "there is no 'alive'"),
        ("PUT", "failures", [], "JSON object"),
        ("PUT", "failures", {"profile": WIFI}, "'share' is"),
        ("PUT", "silent", {}, "either 'devices' or 'share'"),
        ("PUT", "silent", {"devices": "all"}, "list of ids"),
        ("PUT", "approvals", {"code": "x", "decision": "maybe"}, "approve, reject"),
        ("PUT", "approvals", {"code": 1, "decision": "approve"}, "'code' is"),
    ],
)
def test_a_control_request_that_is_misread_is_refused(
    fleet: Fleet, method: str, path: str, body: Any, told: str
) -> None:
    answer = fleet.graph.ask_control(method, path, json.dumps(body).encode())
    assert answer.status == 400
    assert told in answer.json()["error"]


@pytest.mark.parametrize("query", ["since=yesterday", "sinc=1", "bundle=x&more=y"])
def test_a_question_about_the_fleet_that_is_misread_is_refused(fleet: Fleet, query: str) -> None:
    answer = fleet.graph.ask_control("GET", "fleet", query=query)
    assert answer.status == 400 and "isoformat" not in answer.json()["error"]


def test_the_driver_and_the_control_api_tell_the_same(fleet: Fleet) -> None:
    fleet.driver.silence([managed_device_id(3)])
    fleet.driver.fail(WIFI, 0.2)
    fleet.driver.map_connector("NDES 2", ["one.example"])
    assert fleet.graph.control("GET", "silent") == fleet.driver.silent() == [managed_device_id(3)]
    assert fleet.graph.control("GET", "connectors") == fleet.driver.connectors()
    assert fleet.graph.control("GET", "failures") == [{"profile": WIFI, "share": 0.2}]
    fleet.driver.silence_share(0.5)
    fleet.driver.advance(3 * 3600)
    assert fleet.graph.control("GET", "fleet") == fleet.driver.truth()
    bundle = fleet.graph.control("GET", "fleet", query=f"bundle={WIFI}")
    assert bundle == fleet.driver.bundle([WIFI])
    since = fleet.driver.truth()["now"]
    assert fleet.graph.control("GET", "fleet", query=f"since={since}") == fleet.driver.truth(
        fleet.driver.now
    )


def test_the_commands_move_the_clock_and_break_connectors(tmp_path: Path) -> None:
    database = ["--database", str(tmp_path / "tenant.db")]

    def run(*arguments: str) -> str:
        answer = CliRunner().invoke(app, [*arguments, *database])
        assert answer.exit_code == 0, answer.output
        return answer.output

    run("seed", "--scenario", "rollout", "--devices", "20")
    before = json.loads(run("fleet"))["now"]
    run("connector", "NDES 1", "--dead")
    assert run("advance", "--hours", "9").strip() > before
    told = json.loads(run("fleet"))["connectors"]
    assert [each["dead"] for each in told] == [True, False, False]
    run("connector", "NDES 1", "--alive")
    assert not any(each["dead"] for each in json.loads(run("fleet"))["connectors"])
    assert json.loads(run("fleet", "--bundle", WIFI))["profiles"] == [WIFI]
    for wrong in (
        ["connector", "NDES 9", "--dead"],
        ["advance", "--hours", "-1"],
        ["approval", "x", "--reject"],
    ):
        answer = CliRunner().invoke(app, [*wrong, *database])
        assert answer.exit_code == 1
        assert answer.output.startswith("Error: ") and answer.output.count("\n") == 1
