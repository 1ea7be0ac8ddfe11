# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of strong mapping, called as Ansible calls them, against a simulated tenant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.intune.scep.plugins.module_utils import _base
from ansible_collections.intune.scep.plugins.modules import (
    strong_mapping,
    strong_mapping_info,
    strong_mapping_readiness_info,
)

from intune_scep.changes import ephemeral
from intune_scep.result_fields import RESULTS
from intune_scep.simulator import seed_database

from .conftest import ModuleTenant

ONE = "iOS - SCEP - User - Corporate Wi-Fi"
SID_LINE = "uri: {{OnPremisesSecurityIdentifier}}\n"


@pytest.fixture(scope="session")
def seeded_contoso(tmp_path_factory):
    path = tmp_path_factory.mktemp("contoso") / "contoso.db"
    seed_database(path, "contoso")
    return path


@pytest.fixture
def contoso(seeded_contoso, tmp_path, monkeypatch, capsys):
    database = tmp_path / "contoso.db"
    shutil.copy2(seeded_contoso, database)
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(database))
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / "state"))
    return ModuleTenant(database, capsys)


def named(result, status):
    return [profile["name"] for profile in result["profiles"] if profile["status"] == status]


def test_check_mode_plans_a_run_changes_and_a_rollback_takes_it_back(contoso, tmp_path):
    journal = str(tmp_path / "run.jsonl")
    before = contoso.profiles()
    planned = contoso.run(strong_mapping, check_mode=True, only=[ONE], journal=journal)
    assert (planned["changed"], named(planned, "planned")) == (True, [ONE])
    assert contoso.writes() == []

    applied = contoso.run(strong_mapping, only=[ONE], journal=journal)
    assert (applied["changed"], named(applied, "applied")) == (True, [ONE])
    assert "failed" not in applied
    assert applied["diff"] == planned["diff"]
    assert applied["journal"] == journal
    assert "journal_content" not in applied
    assert f"Journal: {journal}" in applied["text"]
    assert len(contoso.writes()) == 1

    back = {"state": "rolled_back", "journal": journal}
    assert "max_changes" in contoso.run(strong_mapping, **back, max_changes=0)["msg"]
    assert contoso.run(strong_mapping, check_mode=True, **back)["changed"]
    assert contoso.writes() == []
    restored = contoso.run(strong_mapping, **back, max_changes=1)
    assert restored["changed"]
    name = "customSubjectAlternativeNames"
    assert contoso.profiles()[ONE][name] == before[ONE][name]


def test_the_choices_reach_the_library(contoso):
    every = contoso.run(strong_mapping, check_mode=True)
    wider = contoso.run(strong_mapping, check_mode=True, include_android=True)
    fewer = contoso.run(strong_mapping, check_mode=True, **{"except": [ONE]})
    assert set(named(every, "planned")) < set(named(wider, "planned"))
    assert set(named(every, "planned")) - set(named(fewer, "planned")) == {ONE}
    refused = contoso.run(strong_mapping, max_changes=1)
    assert refused["failed"]
    assert "max_changes" in refused["msg"]
    assert contoso.writes() == []


def test_diff_has_one_entry_for_each_profile_that_differs(contoso):
    result = contoso.run(strong_mapping, check_mode=True, only=[ONE])
    [diff] = result["diff"]
    assert diff["before_header"] == diff["after_header"]
    assert diff["before_header"].startswith(f"{ONE} (")
    assert diff["after"] == diff["before"] + SID_LINE


def test_one_failed_profile_fails_the_task_and_reports_the_rest(contoso):
    rule = {"match": {"method": "PATCH", "nth": [2]}, "when": "before", "effect": 400, "times": 1}
    contoso.ask("PUT", "_simulator/faults", [rule])
    result = contoso.run(strong_mapping)
    assert result["failed"] is True
    assert result["changed"] is True
    assert len(named(result, "failed")) == 1
    assert result["counts"]["statuses"]["applied"] == len(named(result, "applied")) > 1
    assert result["failure"]["code"] == "profilesFailed"
    assert result["failure"]["message"] == result["msg"]


def test_the_librarys_error_is_the_message_and_keeps_the_ids_for_support(contoso):
    rule = {"match": {"method": "GET"}, "when": "before", "effect": 403}
    contoso.ask("PUT", "_simulator/faults", [rule])
    result = contoso.run(strong_mapping)
    assert result["failed"] is True
    assert "403" in result["msg"]
    assert "exception" not in result
    failure = result["failure"]
    assert (failure["status"], failure["message"]) == (403, result["msg"])
    assert failure["request_id"]


@pytest.mark.parametrize(
    "module", [strong_mapping, strong_mapping_info, strong_mapping_readiness_info]
)
def test_a_simulator_is_not_mistaken_for_a_tenant(contoso, module):
    result = contoso.run(module, check_mode=True)
    assert result["msg"].startswith("SIMULATOR: ")
    assert "SIMULATOR: SIMULATOR" not in result["msg"]
    assert any("No real tenant was read or changed" in str(text) for text in result["warnings"])


def test_info_changes_nothing_and_counts_the_verdicts(contoso):
    result = contoso.run(strong_mapping_info)
    assert result["changed"] is False
    verdicts = result["counts"]["verdicts"]
    assert sum(verdicts.values()) == len(result["profiles"])
    assert f"{verdicts['required']} required" in result["msg"]
    assert contoso.writes() == []
    assert "proof" not in result


def test_info_says_who_has_a_new_certificate_since_a_run(contoso, tmp_path):
    journal = str(tmp_path / "journal")
    contoso.run(strong_mapping, journal=journal)
    told = contoso.run(strong_mapping_info, journal=journal)
    [documented] = [item for item in RESULTS["strong_mapping_info"] if item.name == "proof"]
    assert told["proof"].keys() == {item.name for item in documented.contains}
    assert told["proof"]["finish"] == "pending"
    assert sum(item["certificates"]["devices"] for item in told["proof"]["profiles"])
    assert told["changed"] is False


@pytest.mark.parametrize(("keep", "finish"), [(True, "pending"), (False, "not_judged")])
def test_certificates_before_are_kept_unless_they_are_not_wanted(contoso, tmp_path, keep, finish):
    journal = str(tmp_path / "journal")
    contoso.run(strong_mapping, journal=journal, certificates_before=keep)
    told = contoso.run(strong_mapping_info, journal=journal)
    assert told["proof"]["finish"] == finish


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"only": []}, "only is an empty list"),
        ({"only": [" "]}, "only holds an empty name"),
        ({"except": [""]}, "except holds an empty name"),
        ({"only": ["A", "B"], "except": ["B"]}, "only and except both name B"),
        ({"max_changes": -1}, "max_changes must not be negative"),
        ({"state": "rolled_back", "journal": "j", "only": ["A"]}, "only has no meaning"),
        ({"state": "rolled_back"}, "journal"),
        ({"state": "present"}, "state"),
        ({"cloud": "mars"}, "cloud"),
        ({"max_changes": "many"}, "max_changes"),
        ({"state": "rolled_back", "journal": "j", "max_changes": -1}, "must not be negative"),
        ({"exclude": ["A"]}, "exclude"),
    ],
)
def test_a_bad_argument_is_one_message_and_no_connection(contoso, options, complaint):
    result = contoso.run(strong_mapping, **options)
    assert result["failed"] is True
    assert complaint in result["msg"]
    assert contoso.requests() == []


def test_a_missing_library_is_named(contoso, monkeypatch):
    monkeypatch.setattr(_base, "intune_scep", None)
    assert "intune-scep >= 0.1.0" in contoso.run(strong_mapping)["msg"]


def test_an_old_library_is_named_with_its_place(contoso, monkeypatch):
    monkeypatch.setattr(_base.intune_scep, "__version__", "0.0.9")
    monkeypatch.setattr(_base.intune_scep, "__file__", "/old/intune_scep")
    result = contoso.run(strong_mapping)
    assert "0.0.9" in result["msg"]
    assert "/old/intune_scep" in result["msg"]


def test_secrets_are_not_in_the_result(contoso):
    result = contoso.run(strong_mapping, only=["The secret tell-nobody"], secret="tell-nobody")
    assert result["failed"]
    assert "tell-nobody" not in str(result)


def test_what_people_are_shown_has_nothing_that_a_terminal_obeys(contoso):
    path = f"beta/deviceManagement/deviceConfigurations/{contoso.profiles()[ONE]['id']}"
    kind = contoso.profiles()[ONE]["@odata.type"]
    contoso.ask("PATCH", path, {"@odata.type": kind, "displayName": "Z\u00fcrich \x9b2J\u202e"})
    result = contoso.run(strong_mapping, check_mode=True)
    shown = "Z\u00fcrich \\x9b2J\\u202e"
    assert shown in named(result, "planned")
    assert shown in result["text"]
    assert any(shown in item["before_header"] for item in result["diff"])
    failed = contoso.run(strong_mapping, only=["No profile \x1b]0;owned\x07"])
    assert "No profile \\x1b]0;owned\\x07" in failed["msg"]
    assert failed["failure"]["message"] == failed["msg"]
    for answer in (result, failed):
        del answer["invocation"]
        assert not set(texts_of(answer)) & {"\x9b", "\u202e", "\x1b"}


def texts_of(value):
    """Every text inside a value, as it is."""
    if isinstance(value, dict):
        return "".join(map(texts_of, value.values()))
    if isinstance(value, list):
        return "".join(map(texts_of, value))
    return str(value)


@pytest.fixture
def going_away(tmp_path, monkeypatch):
    """A directory that goes away with the job."""
    monkeypatch.setattr(ephemeral, "RUNNER", tmp_path)
    return tmp_path


def test_where_the_journal_goes_away_with_the_job_its_content_is_returned(contoso, going_away):
    result = contoso.run(strong_mapping, only=[ONE])
    assert named(result, "applied") == [ONE]
    assert result["journal_content"] == Path(result["journal"]).read_text(encoding="utf-8")
    assert "Keep journal_content" in str(result["warnings"])


def test_where_the_journal_goes_away_with_the_job_a_run_is_refused_if_asked(contoso, going_away):
    strict = {"allow_ephemeral_journal": False}
    refused = contoso.run(strong_mapping, **strict)
    assert refused["failure"]["code"] == "ephemeralJournal"
    assert "outlives the job" in refused["msg"]
    assert contoso.requests() == []
    planned = contoso.run(strong_mapping, check_mode=True, **strict)
    assert named(planned, "planned")
    assert "journal_content" not in planned


def test_a_journal_that_is_kept_is_not_refused(contoso, tmp_path, monkeypatch):
    monkeypatch.setattr(ephemeral, "RUNNER", tmp_path / "state")
    kept = {"journal": str(tmp_path / "kept.jsonl"), "allow_ephemeral_journal": False}
    result = contoso.run(strong_mapping, only=[ONE], **kept)
    assert named(result, "applied") == [ONE]
    assert "journal_content" not in result


LAB = "Windows - SCEP - User - Lab"


def waiver_of(tmp_path, rule="R-120"):
    rules = tmp_path / "rules.yml"
    rules.write_text(
        f"waivers:\n  - {{rule: {rule}, profile: '{LAB}', reason: By hand, expires: 2030-01-01}}\n"
    )
    return str(rules)


def row_of(result, name):
    [row] = [item for item in result["profiles"] if item["name"] == name]
    return row


def test_a_profile_with_an_error_is_changed_only_if_it_is_named(contoso):
    left = contoso.run(strong_mapping, check_mode=True)
    assert row_of(left, LAB)["status"] == "skipped"
    named = contoso.run(strong_mapping, include_review=[LAB], check_mode=True)
    assert row_of(named, LAB)["status"] == "planned"


def test_a_waiver_counts_in_both_modules(contoso, tmp_path):
    rules = waiver_of(tmp_path)
    assert row_of(contoso.run(strong_mapping_info), LAB)["verdict"] == "review"
    waived = contoso.run(strong_mapping_info, rules_path=rules)
    assert row_of(waived, LAB)["verdict"] == "required"
    planned = contoso.run(strong_mapping, rules_path=rules, check_mode=True)
    assert row_of(planned, LAB)["status"] == "planned"


# Who has a SID


PARTNERS = "Windows - SCEP - User - Partner portal"


def test_readiness_is_what_the_command_prints_as_json(contoso, tmp_path):
    path = tmp_path / "short.csv"
    result = contoso.run(strong_mapping_readiness_info, min_ready=80, csv=str(path))
    assert (result["changed"], result["min_ready"]) == (False, 80)
    assert "of 48 profiles short, 3 unknown" in result["msg"]
    row = row_of(result, PARTNERS)
    assert (row["assigned"], row["percent_with_sid"], row["is_short"]) == (12, 0, True)
    assert result["files"] == [str(path)]
    assert "@partners.contoso.com" in path.read_text(encoding="utf-8-sig")
    assert contoso.writes() == []
    again = contoso.run(strong_mapping_readiness_info, csv=str(path))
    assert again["failed"]
    assert "csv" in again["msg"]
    assert "overwrite" in again["msg"]
    assert not contoso.run(strong_mapping_readiness_info, csv=str(path), overwrite=True)["changed"]


@pytest.mark.parametrize("wrong", [-1, 100.5, "many", "nan"])
@pytest.mark.parametrize("module", [strong_mapping, strong_mapping_readiness_info])
def test_a_share_that_is_no_percentage_fails_and_names_the_option(contoso, module, wrong):
    result = contoso.run(module, min_ready=wrong)
    assert result["failed"] is True
    assert "min_ready" in result["msg"]
    assert "exception" not in result
    assert contoso.writes() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_profile_that_waits_is_no_failure_and_no_difference(contoso, check_mode):
    result = contoso.run(strong_mapping, check_mode, only=[PARTNERS], min_ready=50)
    assert "failed" not in result
    assert result["changed"] is False
    row = row_of(result, PARTNERS)
    assert (row["status"], row["hold"]) == ("held_back", "readiness")
    assert row["readiness"]["with_sid"] == 0
    assert result["diff"] == []
    assert "1 profile held back" in result["msg"]
    assert contoso.writes() == []


def test_a_threshold_has_no_meaning_where_a_run_is_taken_back(contoso):
    result = contoso.run(strong_mapping, state="rolled_back", journal="j", min_ready=95)
    assert "min_ready has no meaning" in result["msg"]
