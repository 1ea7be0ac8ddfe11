# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules, called as Ansible calls them, over a library that is replaced at its edge."""

from __future__ import annotations

import json
import sys
import types

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.intune.scep.plugins.module_utils import _base
from ansible_collections.intune.scep.plugins.modules import strong_mapping, strong_mapping_info

from intune_scep.strong_mapping import Choices
from intune_scep.texts import printable

UPN = {"san_type": "userPrincipalName", "name": "{{UserPrincipalName}}"}
SID = {"san_type": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}


class LibraryError(Exception):
    """Stands for the library's own error, as Graph's errors are: with ids for support."""

    code = "Forbidden"
    status = 403
    request_id = "11111111-0000-0000-0000-000000000000"
    activity_id = None


def profile(number, status, after):
    return {
        "id": f"id-{number}",
        "display_name": f"Wi-Fi {number}",
        "verdict": "required",
        "status": status,
        "before": [UPN],
        "after": after,
        "message": None,
    }


def report(cloud="public", failed=False, profiles=()):
    return {
        "tenant": "contoso",
        "cloud": cloud,
        "changed": True,
        "failed": failed,
        "msg": "1 of 2 profiles changed.",
        "summary": {"required": 2},
        "journal": None,
        "notes": [],
        "profiles": list(profiles),
    }


class Library:
    """Records what the module asked for, and answers what the test wants."""

    def __init__(self):
        self.calls = []
        self.answer = report()
        self.errors = []

    def client(self, options):
        self.calls.append(("connect", options))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return None

    def reply(self, *call):
        self.calls.append(call)
        for error in self.errors:
            raise error
        return types.SimpleNamespace(to_dict=lambda: dict(self.answer))

    def assess_strong_mapping(self):
        return self.reply("assess")

    def enforce_strong_mapping(self, choices, *, dry_run, journal):
        return self.reply("enforce", choices, dry_run, journal)

    def rollback_strong_mapping(self, journal, *, dry_run):
        return self.reply("rollback", journal, dry_run)


@pytest.fixture
def library(monkeypatch):
    fake = Library()
    options = types.SimpleNamespace(from_environment=lambda **given: given)
    modules = {
        "intune_scep": {"__version__": "0.1.0", "IntuneClient": fake.client},
        "intune_scep.errors": {"IntuneScepError": LibraryError},
        "intune_scep.connection": {"ConnectionOptions": options},
        "intune_scep.strong_mapping": {"Choices": Choices},
        "intune_scep.texts": {"printable": printable},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(_base, "intune_scep", sys.modules["intune_scep"])
    return fake


def run(module, capsys, check_mode=False, diff=False, **options):
    """Run a module's main and return its result."""
    arguments = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": diff}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)


def test_choices_and_connection_reach_the_library_as_given(library, capsys):
    result = run(
        strong_mapping,
        capsys,
        **{"only": ["A"], "except": ["B"], "include_android": True, "max_changes": 5},
        tenant="contoso.com",
        journal="/tmp/run.journal",
    )
    connect, enforce = library.calls
    assert connect[1]["tenant"] == "contoso.com"
    assert {name for name, value in connect[1].items() if value is not None} == {"tenant"}
    assert enforce == (
        "enforce",
        Choices(only=("A",), except_=("B",), include_android=True, max_changes=5),
        False,
        "/tmp/run.journal",
    )
    assert result["changed"] is True
    assert "failed" not in result


@pytest.mark.parametrize("check_mode", [True, False])
def test_check_mode_is_a_dry_run(library, capsys, check_mode):
    run(strong_mapping, capsys, check_mode=check_mode)
    run(strong_mapping, capsys, check_mode=check_mode, state="rolled_back", journal="/tmp/j")
    assert library.calls[1][2] is check_mode
    assert library.calls[3] == ("rollback", "/tmp/j", check_mode)


def test_diff_has_one_entry_for_each_profile_that_differs(library, capsys):
    changed, unchanged = profile(1, "applied", [UPN, SID]), profile(2, "unchanged", [UPN])
    library.answer = report(profiles=[changed, unchanged])
    result = run(strong_mapping, capsys, diff=True)
    assert result["diff"] == [
        {
            "before_header": "Wi-Fi 1 (id-1)",
            "after_header": "Wi-Fi 1 (id-1)",
            "before": "userPrincipalName: {{UserPrincipalName}}\n",
            "after": "userPrincipalName: {{UserPrincipalName}}\n"
            "universalResourceIdentifier: {{OnPremisesSecurityIdentifier}}\n",
        }
    ]


def test_one_failed_profile_fails_the_task_and_reports_the_rest(library, capsys):
    applied, failed = profile(1, "applied", [UPN, SID]), profile(2, "failed", [UPN])
    library.answer = report(failed=True, profiles=[applied, failed])
    result = run(strong_mapping, capsys)
    assert result["failed"] is True
    assert result["changed"] is True
    assert [item["status"] for item in result["profiles"]] == ["applied", "failed"]
    assert result["failure"]["code"] == "profilesFailed"
    assert result["failure"]["message"] == result["msg"]


def test_the_librarys_error_is_the_message_and_keeps_the_ids_for_support(library, capsys):
    library.errors = [LibraryError("Graph answered 403.")]
    result = run(strong_mapping, capsys)
    assert result["failed"] is True
    assert result["msg"] == "Graph answered 403."
    assert "exception" not in result
    assert result["failure"] == {
        "code": "Forbidden",
        "status": 403,
        "request_id": "11111111-0000-0000-0000-000000000000",
        "activity_id": None,
        "message": "Graph answered 403.",
    }


@pytest.mark.parametrize("module", [strong_mapping, strong_mapping_info])
def test_a_simulator_is_not_mistaken_for_a_tenant(library, capsys, module):
    library.answer = report(cloud="simulator")
    result = run(module, capsys)
    assert result["msg"].startswith("SIMULATOR: ")
    assert any("No real tenant was read or changed" in str(text) for text in result["warnings"])


def test_info_changes_nothing_and_counts_the_verdicts(library, capsys):
    library.answer = {"tenant": "t", "cloud": "public", "summary": {"required": 2}, "profiles": []}
    result = run(strong_mapping_info, capsys)
    assert library.calls[1] == ("assess",)
    assert result["changed"] is False
    assert "2 required" in result["msg"]


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
        ({"exclude": ["A"]}, "exclude"),
    ],
)
def test_a_bad_argument_is_one_message_and_no_connection(library, capsys, options, complaint):
    result = run(strong_mapping, capsys, **options)
    assert result["failed"] is True
    assert complaint in result["msg"]
    assert library.calls == []


def test_a_missing_library_is_named(capsys, monkeypatch):
    monkeypatch.setattr(_base, "intune_scep", None)
    result = run(strong_mapping, capsys)
    assert "intune-scep >= 0.1.0" in result["msg"]


def test_an_old_library_is_named_with_its_place(library, capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["intune_scep"], "__version__", "0.0.9")
    monkeypatch.setattr(sys.modules["intune_scep"], "__file__", "/old/intune_scep", raising=False)
    result = run(strong_mapping, capsys)
    assert "0.0.9" in result["msg"]
    assert "/old/intune_scep" in result["msg"]


def test_secrets_are_not_in_the_result(library, capsys):
    library.errors = [LibraryError("The secret tell-nobody was refused.")]
    with patch_module_args({"secret": "tell-nobody"}), pytest.raises(SystemExit):
        strong_mapping.main()
    assert "tell-nobody" not in capsys.readouterr().out


def test_what_people_are_shown_has_nothing_that_a_terminal_obeys(library, capsys):
    library.answer = {**report(), "msg": "Changed \x9b2J\u202e.", "text": "Zürich \x1b[31m\n"}
    result = run(strong_mapping, capsys)
    assert (result["msg"], result["text"]) == ("Changed \\x9b2J\\u202e.", "Zürich \\x1b[31m\n")
    library.errors = [LibraryError("No profile \x1b]0;owned\x07.")]
    failed = run(strong_mapping, capsys)
    assert failed["msg"] == failed["failure"]["message"] == "No profile \\x1b]0;owned\\x07."
