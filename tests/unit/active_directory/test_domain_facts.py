"""The script of the preflight reads only, by its text; what it prints is understood or refused."""

import re

import pytest
from tests.domain_answers import CA, domain_answers, domain_controller

from intune_scep.active_directory.domain_facts import parse_domain_facts
from intune_scep.active_directory.domain_script import domain_script
from intune_scep.errors import AnswersError

TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    | (?P<single>'(?:[^']|'')*')
    | (?P<double>"(?:[^"`$]|`.|\$\((?:[^()]|\([^()]*\))*\)|\$)*")
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def bare(text):
    """A script without its comments and literal texts; expressions inside texts stay."""
    kept = []
    for match in TOKEN.finditer(text):
        if match["other"]:
            kept.append(match["other"])
        elif match["double"]:
            kept += re.findall(r"\$\(([^)]*\)?[^)]*)\)", match["double"])
    return "".join(kept)


def cmdlets(text):
    return set(re.findall(r"\b[A-Za-z]+-[A-Za-z]\w*", bare(text)))


def test_the_script_calls_nothing_but_get_and_prints_json():
    used = cmdlets(domain_script())
    assert {name for name in used if not name.startswith("Get-")} <= {"ConvertTo-Json"} | OPERATORS
    assert {"Get-ADForest", "Get-ADDomainController", "Get-WinEvent", "Get-ADObject"} <= used


# Operators begin with a blank, so that these are seen only where one is written without.
OPERATORS = set()


@pytest.mark.parametrize(
    "written",
    [
        "Set-ADUser -Identity x",
        "$x = @(Remove-Item y)",
        "if ($a) { Invoke-Command { 1 } }",
        "'x' | Out-File y",
        '"$(New-Item z)"',
        "foreach ($a in Start-Process) { }",
        "Get-Item a; Clear-Content b",
    ],
)
def test_a_cmdlet_that_writes_would_be_noticed(written):
    used = cmdlets(f"{domain_script()}\n{written}\n")
    assert any(not name.startswith("Get-") for name in used - {"ConvertTo-Json"})


WORDS_THAT_WRITE = (
    "SetValue",
    "CreateSubKey",
    "DeleteValue",
    "DeleteSubKey",
    "Invoke",
    "iex",
    "Start",
    "WriteAllText",
    ".Add(",
    ".Remove(",
    "$true)",
)


@pytest.mark.parametrize("word", WORDS_THAT_WRITE)
def test_no_method_that_writes_or_runs_is_called(word):
    assert word not in bare(domain_script()).replace("StartTime", "")


def test_the_registry_is_opened_to_be_read():
    opened = re.findall(r"\.OpenSubKey\(([^)]*)\)", domain_script())
    assert opened == ["$kdc"]


def test_brackets_and_quotes_are_balanced():
    left = bare(domain_script())
    assert "'" not in left
    for opening, closing in ("()", "{}", "[]"):
        assert left.count(opening) == left.count(closing) > 0
    depth = 0
    for character in left:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0


def test_the_script_is_short_ascii_and_says_that_nobody_ran_it():
    text = domain_script()
    lines = text.splitlines()
    assert text.isascii()
    assert len(lines) <= 75
    assert max(map(len, lines)) <= 120
    head = "\n".join(lines[:6])
    assert "It was run by nobody here" in head
    assert "changes nothing" in head
    assert lines[5].startswith("#Requires -Version 5.1 -Modules ActiveDirectory")


def test_what_the_script_prints_has_the_names_that_are_read():
    text = domain_script()
    answers = domain_answers()
    names = {*answers, *answers["domain_controllers"][0], *answers["ntauth"][0]}
    for name in names - {"accounts_with_explicit_mappings"}:
        assert re.search(rf"\b{name} = ", text), name
    for event in answers["domain_controllers"][0]["events"]:
        assert f"'{event}' = 0" in text
    assert answers["format"] in text


def test_the_answers_are_understood():
    facts = parse_domain_facts(
        domain_answers(
            domain_controller(counts={39: 7, 21: 2}, allow_ntauth_policy_bypass=1),
            domain_controller("dc2", build=14393, events=None, errors=["events: no"]),
        ),
        "f",
    )
    first, second = facts.domain_controllers
    assert (first.events[39], first.events[21], first.ntauth_bypass) == (7, 2, 1)
    assert (second.events, second.errors) == (None, ("events: no",))
    assert facts.ntauth[0].thumbprint == CA


@pytest.mark.parametrize(
    ("system", "version", "reads"),
    [
        ("Windows Server 2022 Standard", "10.0 (20348)", True),
        ("Windows Server 2019 Datacenter", "10.0 (17763)", True),
        ("Windows Server 2025 Standard", "10.0 (26100)", True),
        ("Windows Server 2016 Standard", "10.0 (14393)", False),
        ("Windows Server 2012 R2 Standard", "6.3 (9600)", False),
        ("Windows Server\u00ae 2008 Standard", "6.0 (6003)", False),
        ("Samba", "4.19", None),
        ("", "10.0 (20348)", None),
        ("Windows Server 2022", "10.0", None),
        ("Windows Server 2022", "", None),
        ("Windows Server 2022", "10.0 (\u0661\u0662)", None),
    ],
)
def test_which_domain_controllers_read_the_sid(system, version, reads):
    answers = domain_answers(
        domain_controller(operating_system=system, operating_system_version=version)
    )
    [found] = parse_domain_facts(answers, "f").domain_controllers
    assert found.reads_sid_uri is reads


@pytest.mark.parametrize(
    ("listed", "count"),
    [
        (domain_controller(), 1),
        ({"value": [domain_controller(), domain_controller("dc2")], "Count": 2}, 2),
        ([], 0),
        (None, 0),
        ([domain_controller()], 1),
    ],
    ids=["one alone", "value and Count", "empty", "null", "a list"],
)
def test_lists_as_windows_powershell_writes_them(listed, count):
    facts = parse_domain_facts(domain_answers(domain_controllers=listed), "f")
    assert len(facts.domain_controllers) == count


@pytest.mark.parametrize(("value", "read"), [(2, 2), ("1", 1), (" 0 ", 0), (None, None)])
def test_a_setting_of_the_registry_may_be_a_text(value, read):
    answers = domain_answers(domain_controller(strong_certificate_binding_enforcement=value))
    assert parse_domain_facts(answers, "f").domain_controllers[0].binding_enforcement == read


def without(name):
    return {key: value for key, value in domain_answers().items() if key != name}


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([], "f: this must be what the script prints"),
        ({"format": "other"}, "f: this must be what the script prints"),
        (without("days"), "f: days: this key is missing"),
        (domain_answers(days=-1), "f: days: this must be a whole number"),
        (domain_answers(days=True), "f: days: this must be a whole number"),
        (domain_answers(days=30.5), "f: days: this must be a whole number"),
        (domain_answers(made_at=7), "f: made_at: this must be a text"),
        (domain_answers(errors=[1]), "f: errors[0]: this must be a text"),
        (domain_answers(errors=["x" * 5_000]), "f: errors[0]: this must be a text"),
        (domain_answers("dc1"), "f: domain_controllers[0]: this must be an object"),
        (
            domain_answers(domain_controller(events={"39": 1})),
            "f: domain_controllers[0].events.40: this key is missing",
        ),
        (
            domain_answers(domain_controller(counts={39: -1})),
            "f: domain_controllers[0].events.39: this must be a whole number",
        ),
        (
            domain_answers(domain_controller(allow_ntauth_policy_bypass="off")),
            "f: domain_controllers[0].allow_ntauth_policy_bypass: this must be a whole number",
        ),
        (
            domain_answers(ntauth=[{"subject": "CN=x", "thumbprint": "12"}]),
            "f: ntauth[0].thumbprint: this must be 40 digits in hex",
        ),
        (
            domain_answers(ntauth={"value": 7, "Count": 1}),
            "f: ntauth: this must be a list",
        ),
        (
            domain_answers(accounts_with_explicit_mappings=[]),
            "f: accounts_with_explicit_mappings: this must be an object",
        ),
        (
            domain_answers(domain_controllers=[domain_controller()] * 10_001),
            "f: domain_controllers: there must be 10,000 at most",
        ),
    ],
)
def test_what_the_script_does_not_print_is_refused_with_its_place(answers, told):
    with pytest.raises(AnswersError, match=re.escape(told)):
        parse_domain_facts(answers, "f")
