"""Rollout files as their user meets them: checked, written, refused; and groups divided."""

import csv
import json
import stat

import pytest

from .commands import refused, small_tenant

ROLLOUT = ("strong-mapping", "rollout")
FILE = "strong-mapping.yml"
WIFI = "iOS - SCEP - User - Corporate Wi-Fi"
SCANNER = "Android dedicated - SCEP - Device - Scanner Wi-Fi"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def contoso(use):
    return use("contoso")


def written(tmp_path, *rings, gates="gates: {seen: 80%}"):
    lines = [f"  - {ring}" for ring in rings]
    text = "\n".join(["rollout: r", "strategy: in_place", gates, "rings:", *lines, ""])
    (tmp_path / FILE).write_text(text, encoding="utf-8")


def wrote_nothing(tenant):
    return all(
        item["method"] == "GET" or item["path"].endswith("$batch") for item in tenant.requests()
    )


@pytest.mark.parametrize(
    "options",
    [(), ("--strategy", "clone", "--groups", "Partners", "--groups", "Executives")],
    ids=["in place", "by clone"],
)
def test_a_first_file_is_written_and_passes_its_check(contoso, cli, tmp_path, options):
    code, out, err = cli(*ROLLOUT, "init", *options)
    assert (code, err) == (0, "")
    assert "SIMULATOR" in out.splitlines()[0]
    assert "22 profiles in" in out
    assert "Left out: Windows - SCEP - User - PKI pilot: mapped: Carries the SID URI." in out
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    code, out, err = cli(*ROLLOUT, "check")
    assert (code, err) == (0, "")
    assert "strong-mapping.yml is right" in out
    assert contoso.door.tenant_id in out
    assert wrote_nothing(contoso)


def test_a_file_that_is_there_is_left_alone(contoso, cli, tmp_path):
    (tmp_path / FILE).write_text("mine", encoding="utf-8")
    refused(cli(*ROLLOUT, "init"), FILE, "is there already", "--overwrite")
    assert (tmp_path / FILE).read_text(encoding="utf-8") == "mine"
    assert cli(*ROLLOUT, "init", "--overwrite")[0] == 0
    assert "rollout: strong-mapping" in (tmp_path / FILE).read_text(encoding="utf-8")


def test_a_draft_as_data(contoso, cli):
    code, out, _ = cli(*ROLLOUT, "init", "pilot.yml", "--output", "json")
    told = json.loads(out)
    assert code == 0
    assert told["file"] == "pilot.yml"
    assert told["rollout"]["name"] == "pilot"
    assert len(told["taken"]) == 22
    assert all(item["why"] for item in told["left_out"])


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--strategy", "clone"), ("needs groups", "--groups")),
        (("--groups", "Partners"), ("--groups goes with --strategy clone",)),
        (("--strategy", "canary"), ("--strategy 'canary'", "in_place or clone")),
        (
            ("--strategy", "clone", "--groups", "Partnres"),
            ("No group has the name or id 'Partnres'", "'Partners' ("),
        ),
    ],
)
def test_a_draft_that_cannot_be_made(contoso, cli, tmp_path, options, parts):
    refused(cli(*ROLLOUT, "init", *options), *parts)
    assert not (tmp_path / FILE).exists()


def test_nothing_to_move_makes_no_file(use, cli, tmp_path):
    use(small_tenant(empty=True), name="empty")
    refused(cli(*ROLLOUT, "init"), "No SCEP profile needs strong mapping")
    assert not (tmp_path / FILE).exists()


def test_without_the_directory_a_draft_does_not_count(contoso, cli, tmp_path):
    rule = {"match": {"path": "users$"}, "when": "before", "effect": 403}
    contoso.control("PUT", "faults", [rule])
    code, out, _ = cli(*ROLLOUT, "init")
    assert code == 0
    assert "Not read: users: " in out
    assert "how many it reaches is not known" in (tmp_path / FILE).read_text(encoding="utf-8")


def test_a_wrong_file_is_refused_before_anybody_signs_in(cli, tmp_path, monkeypatch):
    monkeypatch.delenv("INTUNE_SCEP_CLOUD", raising=False)
    written(tmp_path, "{name: a, profiles: [X], gates: {reissue: 95%}}", "{name: A, groups: [G]}")
    code, out, err = cli(*ROLLOUT, "check")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "Error: strong-mapping.yml is refused: 3 mistakes.",
        "strong-mapping.yml, line 5: rings[0].gates.reissue is not known here. Similar: reissued.",
        "strong-mapping.yml, line 6: rings[1].groups cannot stand in a rollout in place: the one"
        " profile that everybody has is edited, so its rings are by profiles; write profiles, or"
        " strategy: clone.",
        "strong-mapping.yml, line 6: rings[1].name is the name of rings[0].name already; give each"
        " ring its own.",
    ]


def test_a_refusal_as_data(contoso, cli, tmp_path):
    written(tmp_path, "{name: a, profiles: [Nothing like it]}")
    code, out, err = cli(*ROLLOUT, "check", "--output", "json")
    [problem] = json.loads(out)["problems"]
    assert code == 1
    assert "rings[0].profiles[0] cannot be used" in problem
    assert "1 mistake." in err


def test_a_file_that_is_not_there(cli):
    code, out, err = cli(*ROLLOUT, "check", "none.yml", "--offline")
    assert (code, out) == (1, "")
    assert "none.yml cannot be read: No such file or directory." in err
    assert "rollout init" in err


@pytest.mark.parametrize(
    ("gates", "code", "told"),
    [
        ("", 1, "must have approval: required or a command"),
        (", gates: {approval: required}", 1, "rings[0].gates.seen can never be known"),
        (", gates: {approval: required, seen: none}", 0, "strong-mapping.yml is right"),
        (", gates: {command: ./check.sh, seen: none}", 0, "strong-mapping.yml is right"),
    ],
)
def test_what_cannot_be_verified_needs_somebody_who_can_tell(
    contoso, cli, tmp_path, gates, code, told
):
    written(tmp_path, f'{{name: scanners, profiles: ["{SCANNER}"]{gates}}}')
    found, out, err = cli(*ROLLOUT, "check")
    assert found == code
    assert told in out + err


def test_notes_of_a_file_that_is_right(contoso, cli, tmp_path):
    rings = f'{{name: a, profiles: ["{WIFI}", "Windows - SCEP - User - PKI pilot"]}}'
    written(tmp_path, rings, gates="")
    code, out, _ = cli(*ROLLOUT, "check")
    assert code == 0
    assert "'Windows - SCEP - User - PKI pilot' stays as it is (mapped)" in out
    assert "Ring 'a' is judged by time alone" in out
    assert "Not in this rollout, although they need strong mapping: " in out


def test_offline_says_what_it_did_not_look_at(cli, tmp_path, monkeypatch):
    monkeypatch.delenv("INTUNE_SCEP_CLOUD", raising=False)
    written(tmp_path, "{name: a, profiles: [Nothing like it]}")
    code, out, err = cli(*ROLLOUT, "check", "--offline")
    assert (code, err) == (0, "")
    assert "Whether its names exist was not looked at." in out
    code, out, _ = cli(*ROLLOUT, "check", "--offline", "-o", "json")
    assert json.loads(out)["resolved"] is None
    assert json.loads(out)["rollout"]["rings"][0]["profiles"] == ["Nothing like it"]


def test_a_group_is_divided_and_stays_so(contoso, cli, tmp_path):
    ask = (*ROLLOUT, "shard", "--group", "All Staff", "--percent", "5,20")
    code, out, err = cli(*ask, "--csv", "shards.csv")
    assert (code, err) == (0, "")
    assert "no permission to write groups is asked for" in out
    with (tmp_path / "shards.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["shard"] for row in rows} == {"1", "2", "3"}
    told = json.loads(cli(*ask, "--output", "json")[1])
    assert told["group"]["name"] == "All Staff"
    assert [(str(s["number"]), "user", i) for s in told["shards"] for i in s["users"]] == [
        tuple(row.values()) for row in rows
    ]
    refused(cli(*ask, "--csv", "shards.csv"), "is there already", "--overwrite")
    assert wrote_nothing(contoso)


@pytest.mark.parametrize(
    ("group", "percent", "parts"),
    [
        ("All Staff", "60,40", ("--percent '60,40'", "such as 5,20")),
        ("All Staff", "many", ("--percent 'many'",)),
        ("Nobody at all", "5", ("--group: No group has the name or id 'Nobody at all'",)),
    ],
)
def test_a_group_that_cannot_be_divided(contoso, cli, group, percent, parts):
    refused(cli(*ROLLOUT, "shard", "--group", group, "--percent", percent), *parts)


def test_a_directory_is_no_rollout_file(cli, tmp_path):
    (tmp_path / "d").mkdir()
    code, _, err = cli(*ROLLOUT, "check", "d", "--offline")
    assert code == 1
    assert "it is a directory, not a regular file" in err
