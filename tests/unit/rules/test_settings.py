"""What profiles set is read and judged once for all that set the same, whatever they are called and
whomever they are for; nobody can tell it from judging each for itself."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from intune_scep.profiles import PROFILE_TYPES, parse_profile
from intune_scep.rules import RULES, Configuration, Context, Waiver, check, settings, wording
from intune_scep.rules.said import OfSettings
from intune_scep.rules.settings import settings_of

from .cases import CASES

WINDOWS = "#microsoft.graph.windows81SCEPCertificateProfile"
MACOS = "#microsoft.graph.macOSScepCertificateProfile"
TODAY = date(2026, 1, 1)
URL = "https://ndes.contoso.com/certsrv/mscep/mscep.dll"
BASE: dict[str, Any] = {
    "@odata.type": WINDOWS,
    "id": "1",
    "displayName": "Staff",
    "description": "For staff",
    "version": 1,
    "roleScopeTagIds": ["0"],
    "keySize": "size1024",
    "keyUsage": "digitalSignature",
    "hashAlgorithm": "sha1",
    "certificateStore": "user",
    "certificateValidityPeriodScale": "years",
    "certificateValidityPeriodValue": 1,
    "renewalThresholdPercentage": 10,
    "scepServerUrls": [URL],
    "subjectNameFormatString": "CN={{UserName}}",
    "customSubjectAlternativeNames": [],
    "extendedKeyUsages": [],
}
EVERYONE = {"target": {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}}
OF_SETTINGS = [rule for rule in RULES.values() if isinstance(rule.judge, OfSettings)]


def profile(**changes: Any) -> Any:
    wire = {**BASE, **changes}
    return parse_profile({name: value for name, value in wire.items() if value is not ...})


@pytest.fixture(autouse=True)
def nothing_is_shared():
    forget()


def forget():
    settings._SHARED.clear()
    wording._SHARED.clear()


ITS_OWN = {
    "another id": {"id": "2"},
    "no id": {"id": ...},
    "another name": {"displayName": "Other"},
    "a malformed name": {"displayName": 5},
    "no description": {"description": None},
    "another version": {"version": 7},
    "other dates": {"createdDateTime": "2026-01-01T00:00:00Z", "lastModifiedDateTime": "x"},
    "other scope tags": {"roleScopeTagIds": ["1", "2"]},
    "assignments": {"assignments": [EVERYONE]},
    "an annotation": {"assignments@odata.context": "https://graph.microsoft.com/beta/$metadata"},
    "a link to statuses": {"deviceStatuses": [{"id": "1"}]},
}


def counting(work, asked):
    """A rule that notes what it is asked of."""

    def judge(given):
        asked.append(given)
        return work(given)

    return judge


@pytest.mark.parametrize("changes", ITS_OWN.values(), ids=ITS_OWN)
def test_profiles_that_set_the_same_are_judged_once(changes, monkeypatch):
    asked = []
    for rule in OF_SETTINGS:
        monkeypatch.setattr(rule.judge, "work", counting(rule.judge.work, asked))
    check(Context(profile(), TODAY))
    first = len(asked)
    check(Context(profile(**changes), TODAY))
    assert first > 50
    assert len(asked) == first


SET_OTHERWISE = {
    "another type": {"@odata.type": MACOS},
    "another key size": {"keySize": "size4096"},
    "no key size": {"keySize": ...},
    "null for the key size": {"keySize": None},
    "a malformed key size": {"keySize": 2048},
    "another hash": {"hashAlgorithm": "sha2"},
    "another store": {"certificateStore": "machine"},
    "another threshold": {"renewalThresholdPercentage": 20},
    "a text for the threshold": {"renewalThresholdPercentage": "10"},
    "a truth for the number of years": {"certificateValidityPeriodValue": True},
    "a fraction for the number of years": {"certificateValidityPeriodValue": 1.0},
    "another URL": {"scepServerUrls": ["http://other.example/scep"]},
    "the URL twice": {"scepServerUrls": [URL, URL]},
    "one text for the URLs": {"scepServerUrls": f"['{URL}']"},
    "another subject": {"subjectNameFormatString": "CN=Staff"},
    "what the type does not have": {"deploymentChannel": "deviceChannel"},
    "what nobody knows": {"something": {"new": 1}},
}


@pytest.mark.parametrize("changes", SET_OTHERWISE.values(), ids=SET_OTHERWISE)
def test_a_profile_that_sets_something_else_is_judged_for_itself(changes):
    assert settings_of(profile()) is not settings_of(profile(**changes))
    forget()
    alone = check(Context(profile(**changes), TODAY))
    forget()
    usual = check(Context(profile(), TODAY))
    for item in SET_OTHERWISE.values():
        check(Context(profile(**item), TODAY))
    assert check(Context(profile(**changes), TODAY)) == alone
    assert check(Context(profile(), TODAY)) == usual


def test_findings_name_the_profile_they_are_about_and_come_by_rule_id():
    first, second = (
        check(Context(profile(id=name, displayName=name), TODAY)) for name in ("one", "two")
    )
    assert {item.profile_id for item in first.findings} == {"one"}
    assert {item.profile_name for item in second.findings} == {"two"}
    for result in (first, second):
        for items in (result.findings, result.skipped):
            ids = [item.rule_id for item in items]
            assert ids == sorted(ids)
    assert {"R-112", "R-116", "R-141"} <= {item.rule_id for item in second.findings}


def found_by(configuration: Configuration) -> set[str]:
    """The rules about settings that find something and count."""
    result = check(Context(profile(), TODAY), configuration)
    return {item.rule_id for item in result.findings if item.waived is None} & {"R-112", "R-116"}


def test_what_one_configuration_leaves_out_another_still_finds():
    waived = Waiver("R-112", "1", "The CA is old.", date(2030, 1, 1))
    assert found_by(Configuration(disabled=frozenset({"R-116"}))) == {"R-112"}
    assert found_by(Configuration()) == {"R-112", "R-116"}
    assert found_by(Configuration(waivers=(waived,))) == {"R-116"}
    assert found_by(Configuration(disabled=frozenset({"R-112", "R-116"}))) == set()
    assert found_by(Configuration()) == {"R-112", "R-116"}


@pytest.mark.parametrize(
    "name", ["keySize", "keyUsage", "hashAlgorithm", "scepServerUrls", "extendedKeyUsages"]
)
def test_a_rule_that_reads_a_malformed_setting_is_skipped_for_each_profile(name):
    rules = {
        rule.id for rule in OF_SETTINGS if name in rule.reads and "windows" in rule.platforms
    } - Configuration().disabled
    for identifier in ("1", "2"):
        result = check(Context(profile(**{name: {"odd": 1}, "id": identifier}), TODAY))
        skipped = {item.rule_id for item in result.skipped if name in item.missing}
        assert rules <= skipped
        assert {item.profile_id for item in result.skipped} == {identifier}


DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "changes",
    [
        {"subjectNameFormatString": "CN=" + "x" * 9_000},
        {"scepServerUrls": [URL] * 500},
        {"something": {"new": "x" * 9_000}},
        {"keySize": "x" * 9_000},
        {"extendedKeyUsages": [{"name": "x", "objectIdentifier": "1.2.3"}] * 500},
        {"something": DEEP},
    ],
    ids=["subject", "URLs", "what nobody knows", "key size", "usages", "nested without sense"],
)
def test_what_is_long_or_deep_is_judged_but_not_kept(changes):
    one = parse_profile({**BASE, **changes})
    assert settings_of(one) is not settings_of(one)
    assert not settings._SHARED
    assert check(Context(one, TODAY)) == check(Context(one, TODAY))


def test_no_more_than_some_are_kept():
    for number in range(settings._MOST + 5):
        settings_of(profile(subjectNameFormatString=f"CN={number}"))
    assert len(settings._SHARED) == 5


@pytest.mark.parametrize("row", [row for row in PROFILE_TYPES if row.kind == "scep"], ids=str)
def test_a_profile_made_from_fields_sets_the_same_as_one_that_was_read(row):
    read = parse_profile({"@odata.type": row.odata_type, "id": "1", "keySize": "size1024"})
    made = type(read)(id="2", key_size="size1024")
    assert settings_of(made) is settings_of(read)


def test_settings_have_nothing_of_the_profile_they_were_read_off():
    own = settings_of(profile(assignments=[EVERYONE], deviceStatuses=[])).profile
    assert (own.id, own.display_name, own.description, own.version) == (None,) * 4
    assert (own.assignments, own.role_scope_tag_ids) == (None, None)
    assert "deviceStatuses" not in own.wire


def test_rules_find_the_same_whatever_was_judged_before():
    contexts = [item for case in CASES for item in (case.ok, case.bad) if item.kind == "scep"]
    assert len(contexts) > 100
    alone = []
    for context in contexts:
        forget()
        alone.append(check(replace(context)))
    assert [check(replace(context)) for context in contexts] == alone
