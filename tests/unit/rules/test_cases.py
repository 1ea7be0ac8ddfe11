"""Every rule that is code finds what it must and passes what it must."""

import pytest

from intune_scep.rules import RULES, Finding, check

from .cases import CASES, Case


def found(case_context: object, rule: str) -> list[Finding]:
    result = check(case_context)
    assert rule not in {item.rule_id for item in result.skipped}
    return [finding for finding in result.findings if finding.rule_id == rule]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_finds_the_bad_and_passes_the_good(case: Case) -> None:
    findings = found(case.bad, case.rule)
    assert [finding.severity for finding in findings[:1]] == [case.severity]
    assert findings[0].profile_id == case.bad.profile.id
    assert findings[0].message.endswith(".")
    assert not found(case.ok, case.rule)


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} == set(RULES)
