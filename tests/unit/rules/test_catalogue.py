"""Every rule of Microsoft's documentation is in the catalogue, once."""

import json
from pathlib import Path

import pytest

from intune_scep.profiles import Platform
from intune_scep.rules import (
    ANSWERABLE,
    BEHAVIOURS,
    CATALOGUE,
    GROUPS,
    QUESTIONS,
    RULES,
    Behaviour,
    Configuration,
    Rule,
    Severity,
    review_questions,
)
from intune_scep.rules.pages import build_pages

ROOT = Path(__file__).resolve().parents[3]
FACTS = ROOT.parent / "shared" / "facts" / "rules.json"

NUMBERS = """
    001 002 003 004 005 006 007 010 011 012 013 014 015 016 017 018 019 020 021 022 023 024
    025 026 027 028 029 030 031 032 033 034 035 036 037 038 039 040 050 051 052 053 054 055
    056 057 058 059 060 061 062 070 071 072 073 074 075 076 077 078 079 080 081 082 083 084
    085 086 090 091 092 093 094 095 100 101 102 110 111 112 113 114 115 116 117 118 120 121
    122 123 124 125 126 127 130 131 132 133 134 140 141 142 143 150 151 152 153 154 155 156
    157 158 160 161 162 170 171 172 180 181 182 183 184 185 186 190 191 192 193 194 195 196
    197 198
"""
IDS = {f"R-{number}" for number in NUMBERS.split()}
# What Microsoft's pages say beside those, with numbers that the list leaves free.
ADDED = {"R-041", "R-042", "R-043", "R-087", "R-144", "R-159", "R-163", "R-199"}
# Where a rule's findings differ in severity, or the catalogue goes its own way for a reason.
OTHER_SEVERITY = {"R-051": Severity.ERROR, "R-062": Severity.WARNING, "R-075": Severity.WARNING,
                  "R-132": Severity.WARNING, "R-023": Severity.WARNING}  # fmt: skip


def test_all_134_rules_are_in_exactly_one_place() -> None:
    assert len(IDS) == 134
    places = [*RULES, *QUESTIONS, *BEHAVIOURS]
    assert sorted(places) == sorted(IDS | ADDED)
    assert list(CATALOGUE) == sorted(IDS | ADDED)


@pytest.mark.skipif(not FACTS.exists(), reason="the list the rules were read off is not here")
def test_agrees_with_the_list_the_rules_were_read_off() -> None:
    listed = {entry["id"]: entry for entry in json.loads(FACTS.read_text())}
    assert listed.keys() == IDS
    for rule in (item for item in RULES.values() if item.id in IDS):
        first = listed[rule.id]["severity"].split()[0].split("/")[0]
        assert rule.severity == OTHER_SEVERITY.get(rule.id, first), rule.id


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.id)
def test_every_entry_can_be_read_by_an_administrator(entry: object) -> None:
    assert not isinstance(entry, Behaviour) or entry.behaviour.endswith(".")
    texts = entry.to_dict()
    assert texts["title"] and not texts["title"].endswith(".")
    assert "seed" not in texts["source"] and texts["source"]
    assert texts["group"] in GROUPS
    if isinstance(entry, Rule):
        assert entry.description.endswith((".", ")")) and entry.description != entry.title
        assert entry.remedy.endswith(".")
        assert "\n" not in entry.description


def test_the_pages_in_the_documentation_are_up_to_date() -> None:
    """Mend with: intune-scep rules pages docs/rules."""
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == build_pages()


def test_the_configuration_that_the_pages_show_can_be_read() -> None:
    from intune_scep.rules.configuration_file import parse_configuration

    shown = build_pages()["index.md"].split("```yaml\n")[1].split("```")[0]
    configuration = parse_configuration(shown, "index.md")
    assert configuration.answers == {"R-080": True}
    assert configuration.waivers[0].profile == "Windows - SCEP - User - Lab"


def test_questions_are_open_until_they_are_answered() -> None:
    review = review_questions(Configuration(answers={"R-079": True}), [Platform.IOS])
    assert {question.id for question in review.open} == {"R-070", "R-080", "R-085", "R-095"}
    assert not review.findings


def test_the_answer_no_is_a_finding_about_the_tenant() -> None:
    configuration = Configuration(
        answers={"R-080": False, "R-070": False}, severities={"R-080": Severity.ERROR}
    )
    (finding,) = review_questions(configuration, list(Platform)).findings
    assert finding.rule_id == "R-080"
    assert finding.severity is Severity.ERROR
    assert finding.profile_id is None
    assert "Windows Server 2019" in finding.message


def test_a_disabled_question_is_not_asked() -> None:
    review = review_questions(Configuration(disabled=frozenset({"R-085"})), list(Platform))
    assert "R-085" not in {question.id for question in review.open}


def test_every_answerable_entry_has_a_question() -> None:
    assert {"R-080", "R-102", "R-156"} <= ANSWERABLE
    assert all(getattr(CATALOGUE[rule], "question", None) for rule in ANSWERABLE)
