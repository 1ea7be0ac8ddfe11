"""The command where another administrator must approve: filed, waited for, carried out."""

import json

import pytest

from intune_scep.simulator.driver import FleetDriver
from intune_scep.simulator.scenarios.bulk import bulk

from .commands import refused

APPLY = ("strong-mapping", "apply", "--yes", "--output", "json")
WHY = ("--justification", "CHG0042")


@pytest.fixture
def guarded(use):
    tenant = use(bulk(2, 1, platforms=("ios",)), "guarded")
    tenant.control("PUT", "settings", {"approvals": "412"})
    return tenant


@pytest.fixture
def driver(guarded):
    with FleetDriver(guarded.path) as found:
        yield found


def applied(answer):
    code, out, err = answer
    assert "Traceback" not in err
    return code, json.loads(out)


def test_a_change_is_filed_and_carried_out_by_the_same_command_later(cli, driver):
    code, report = applied(cli(*APPLY, *WHY))
    assert code == 0
    assert [row["hold"] for row in report["profiles"]] == ["approval"] * 2
    assert {row["approval"] for row in report["profiles"]} == {
        item["code"] for item in driver.approvals()
    }
    assert {item["justification"] for item in driver.approvals()} == {"CHG0042"}
    for item in driver.approvals():
        driver.approve(item["code"])
    code, report = applied(cli(*APPLY, "--journal", report["journal"]))
    assert (code, report["counts"]["statuses"]["applied"]) == (0, 2)
    assert {item["status"] for item in driver.approvals()} == {"completed"}


def test_a_rejection_fails_the_command_with_the_word(cli, driver):
    _, report = applied(cli(*APPLY, *WHY))
    for item in driver.approvals():
        driver.reject(item["code"])
    code, report = applied(cli(*APPLY, "--journal", report["journal"]))
    assert code == 1
    assert all("was rejected" in row["message"] for row in report["profiles"])


def test_without_a_justification_the_option_is_named(cli, guarded):
    code, out, _ = cli("strong-mapping", "apply", "--yes")
    assert code == 0
    assert "--justification" in out
    assert "2 profiles held back" in out


@pytest.mark.parametrize(
    "command",
    [
        ("strong-mapping", "apply", "--yes"),
        ("strong-mapping", "rollback", "--journal", "x.jsonl", "--yes"),
        ("profiles", "apply", "x.yml", "--yes"),
        ("profiles", "rollback", "--journal", "x.jsonl", "--yes"),
        ("strong-mapping", "rollout", "run", "x.yml"),
    ],
)
def test_a_justification_that_is_too_long_is_refused_with_the_count(
    cli, guarded, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yml").write_text(
        "rollout: x\nstrategy: in_place\nrings: [{name: first, profiles: [Wi-Fi]}]\n"
        "gates: {soak: 24h, approval: required}\n"
    )
    before = len(guarded.requests())
    refused(cli(*command, "--justification", "ü" * 1025), "--justification has 1,025 characters")
    assert len(guarded.requests()) == before
