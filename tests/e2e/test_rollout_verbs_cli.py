"""A verb that does not fit says in words how the rollout stands."""

import pytest
import yaml

from intune_scep.simulator import FleetDriver
from intune_scep.simulator.scenario import build_scenario

from .commands import refused

ROLLOUT = ("strong-mapping", "rollout")
SAID = ("--reason", "why", "--yes")


@pytest.fixture
def rollout(use, cli, tmp_path, monkeypatch):
    """A rollout of one profile, of whose devices none may fail and some will."""
    monkeypatch.chdir(tmp_path)
    content = {
        "rollout": "users",
        "strategy": "in_place",
        "rings": [
            {"name": "first", "profiles": ["Windows user Wi-Fi"]},
            {"name": "last", "profiles": ["iOS user Wi-Fi"]},
        ],
        "gates": {"soak": "24h", "max_failed": {"count": 0}},
    }
    (tmp_path / "strong-mapping.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return use(build_scenario("rollout", {"devices": 60}), name="rollout-60")


def begun(_tenant, _cli):
    pass


def started(_tenant, cli):
    assert cli(*ROLLOUT, "start", *SAID)[0] == 0


def frozen(tenant, cli):
    started(tenant, cli)
    FleetDriver(tenant.path, clock=tenant._now).advance(24 * 3600)
    assert cli(*ROLLOUT, "run")[0] == 1


def paused(tenant, cli):
    started(tenant, cli)
    assert cli(*ROLLOUT, "pause", *SAID[:2])[0] in {0, 2}


def canceled(tenant, cli):
    started(tenant, cli)
    assert cli(*ROLLOUT, "cancel", *SAID)[0] == 0


@pytest.mark.parametrize(
    ("stand", "verb", "words"),
    [
        (begun, "pause", "it is not started"),
        (begun, "promote", "it is not started"),
        (started, "start", "it is activated"),
        (started, "resume", "it is activated"),
        (frozen, "start", "it is frozen"),
        (frozen, "promote", "it is frozen"),
        (paused, "promote", "it is paused"),
        (canceled, "pause", "it is canceled"),
        (canceled, "promote", "it is canceled"),
        (canceled, "resume", "it is canceled"),
    ],
)
def test_a_verb_that_does_not_fit_says_how_it_stands(rollout, cli, stand, verb, words):
    stand(rollout, cli)
    said = SAID if verb in {"start", "promote"} else SAID[:2]
    refused(cli(*ROLLOUT, verb, *said), words)


def test_what_a_promotion_opens_is_shown_before_it_is_asked_for(rollout, cli):
    started(rollout, cli)
    promote = (*ROLLOUT, "promote", "--reason", "why")

    code, out, _ = cli(*promote, "--dry-run")
    assert code == 0, out
    assert "Ring 'first' is promoted over " in out
    assert "1 profile would be changed." in out
    refused(cli(*promote), "Nobody can be asked here", "Give --yes.")
    assert "'last'" not in cli(*ROLLOUT, "run")[1], "the preview is kept nowhere"

    code, out, _ = cli(*promote, "--yes")
    assert code == 0, out
    assert "Ring 'last': 1 profile changed." in out


@pytest.mark.parametrize(("stand", "ends"), [(started, 2), (frozen, 2), (paused, 2), (canceled, 2)])
def test_a_dry_run_of_going_back_ends_alike_however_the_rollout_stands(rollout, cli, stand, ends):
    stand(rollout, cli)
    code, out, _ = cli(*ROLLOUT, "rollback", *SAID[:2], "--dry-run")
    assert code == ends, out
    assert "1 profile would be rolled back." in out
    assert "WOULD CHANGE" in out
    assert "- uri: {{OnPremisesSecurityIdentifier}}" in out
    assert out.count("What was revoked stays revoked.") == 1
