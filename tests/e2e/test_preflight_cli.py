"""The preflight as its user asks for it: questions, answers, the script, the exit codes."""

import json

import pytest
from tests.domain_answers import domain_answers, domain_controller

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping.questions import QUESTIONS

from .commands import refused

ASK = ("strong-mapping", "preflight")


@pytest.fixture
def tenant(use):
    return use(bulk(3, n_users=9, n_devices=9))


def answers_file(tmp_path, leave=(), **changes):
    wanted = {key: item.fine for key, item in QUESTIONS.items() if key not in leave} | changes
    path = tmp_path / "answers.yml"
    lines = "".join(
        f"  {key}: {{answer: {'yes' if value else 'no'}, by: Ann, on: 2026-11-20}}\n"
        for key, value in wanted.items()
    )
    path.write_text(f"answers:\n{lines}")
    return path


def test_without_answers_it_asks_and_says_why(tenant, cli):
    code, out, err = cli(*ASK)
    assert (code, err) == (2, "")
    assert "SIMULATOR" in out
    for identifier in ("no_mapping_events", "ca_accepts_second_certificate", "nac_reads_sid_uri"):
        assert QUESTIONS[identifier].asks in out
        assert QUESTIONS[identifier].why in out
    last = out.strip().splitlines()[-1]
    assert "Still to be answered: no_mapping_events, name_based_mapping" in last
    assert "Whether the re-issue is needless is not known." in last
    assert tenant.requests("PATCH") == []


def test_with_every_answer_it_is_exit_code_0(tenant, cli, tmp_path):
    path = answers_file(tmp_path)
    code, out, _ = cli(*ASK, "--answers", path)
    assert code == 0, out
    assert "Nothing stands in the way." in out.splitlines()[-1]
    assert "Answered by Ann, 2026-11-20." in out


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"domain_controllers_2019": False}, "In the way: domain_controllers_2019."),
        ({"ca_accepts_second_certificate": False}, "In the way: ca_accepts_second_certificate."),
        ({"ca_accepts_url_tag": False}, "In the way: ca_accepts_url_tag."),
        ({"nac_reads_sid_uri": False}, "In the way: nac_reads_sid_uri."),
        ({"no_mapping_events": True, "reissue_wanted": False}, "may be needless"),
    ],
)
def test_an_answer_that_stops_is_exit_code_2(tenant, cli, tmp_path, changes, word):
    code, out, _ = cli(*ASK, "--answers", answers_file(tmp_path, **changes))
    assert code == 2
    assert word in out.splitlines()[-1]


def test_the_answers_of_the_script_are_taken(tenant, cli, tmp_path):
    script = tmp_path / "domain.json"
    loud = domain_controller("dc2.contoso.com", counts={39: 4})
    script.write_bytes(json.dumps(domain_answers(domain_controller(), loud)).encode("utf-16"))
    answered = ("no_mapping_events", "domain_controllers_2019", "explicit_mappings")
    mine = answers_file(tmp_path, leave=answered)
    code, out, _ = cli(*ASK, "--answers", script, "--answers", mine, "--output", "json")
    data = json.loads(out)
    assert (code, data["outcome"], data["unanswered"]) == (0, "fine", [])
    rows = {row["id"]: row for row in data["questions"]}
    assert rows["domain_controllers_2019"]["answer"] is True
    assert rows["no_mapping_events"]["found"] == [
        "4 of these events in 30 days on dc2.contoso.com."
    ]


def test_the_script_is_printed_without_a_tenant(cli, monkeypatch):
    monkeypatch.delenv("INTUNE_SCEP_CLOUD", raising=False)
    code, out, err = cli(*ASK, "--script")
    assert (code, err) == (0, "")
    assert out.startswith("# Made by intune-scep")
    assert "run by nobody here" in out
    assert "Get-ADDomainController" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("answers: {domain_controlers_2019: yes}", ("Did you mean domain_controllers_2019?",)),
        ("answers: {ca_in_ntauth: perhaps}", ("answers.ca_in_ntauth: this must be yes, no",)),
        ("answers: {", ("line 1",)),
        ('{"format": "intune-scep/domain-facts/1"}', ("this key is missing",)),
        ("nothing: here", ("it has no answers", "--script")),
    ],
)
def test_a_file_that_is_wrong_is_named_before_anything_is_read(
    tenant, cli, tmp_path, content, words
):
    path = tmp_path / "answers.yml"
    path.write_text(content)
    refused(cli(*ASK, "--answers", path), "answers.yml", *words)
    assert tenant.requests() == []


def test_what_does_not_go_together_or_is_not_there_is_refused(tenant, cli, tmp_path):
    path = answers_file(tmp_path)
    refused(cli(*ASK, "--script", "--answers", path), "--script, or --answers, but not both")
    refused(cli(*ASK, "--answers", tmp_path / "none.yml"), "--answers", "none.yml")


def test_names_of_others_reach_no_terminal_as_they_are(tenant, cli, tmp_path):
    script = tmp_path / "domain.json"
    hostile = domain_controller("dc\u001b[31m\u202e", counts={39: 1})
    script.write_text(json.dumps(domain_answers(hostile)))
    _, out, _ = cli(*ASK, "--answers", script)
    assert "\u001b" not in out
    assert "\u202e" not in out
    assert "dc\\x1b" in out
