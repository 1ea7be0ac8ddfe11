"""What a profile's certificates say is read off the wire, shared by profiles that say the same, and
judged once; nobody can tell it from reading each profile for itself."""

from datetime import date
from typing import Any

import pytest

from intune_scep.profiles import PROFILE_TYPES, parse_profile
from intune_scep.rules import RULES, Context, judge, verdicts, wording
from intune_scep.rules.places import SANS
from intune_scep.rules.said import OfSettings
from intune_scep.rules.wording import wording_of

WINDOWS = "#microsoft.graph.windows81SCEPCertificateProfile"
UPN = {"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}
SID = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
LOGON = {"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}
BASE: dict[str, Any] = {
    "@odata.type": WINDOWS,
    "id": "1",
    "displayName": "Staff",
    "subjectNameFormatString": "CN={{UserName}}",
    "subjectAlternativeNameFormatString": None,
    "subjectAlternativeNameType": "none",
    "certificateStore": "user",
    "extendedKeyUsages": [LOGON],
    SANS: [UPN],
}


def profile(**changes: Any) -> Any:
    return parse_profile({**BASE, **changes})


SAYING_SOMETHING_ELSE = {
    "another type": {"@odata.type": "#microsoft.graph.iosScepCertificateProfile"},
    "another subject": {"subjectNameFormatString": "CN={{UserName}},O=Other"},
    "no subject": {"subjectNameFormatString": None},
    "a malformed subject": {"subjectNameFormatString": 5, "certificateStore": "machine"},
    "for devices": {"certificateStore": "machine"},
    "a malformed store": {"certificateStore": 5},
    "a store that nobody knows": {"certificateStore": "other"},
    "the SID URI": {SANS: [UPN, SID]},
    "the names in another order": {SANS: [SID, UPN]},
    "the variable in another type of name": {SANS: [{**SID, "sanType": "emailAddress"}]},
    "a name of another type": {SANS: [{**UPN, "sanType": "emailAddress"}]},
    "a name without a value": {SANS: [{"sanType": "userPrincipalName"}]},
    "no names": {SANS: []},
    "null for the names": {SANS: None},
    "malformed names": {SANS: [UPN, 5]},
    "a malformed name": {SANS: [{**UPN, "name": 5}]},
    "a legacy name": {"subjectAlternativeNameFormatString": "{{UserPrincipalName}}"},
    "a legacy type": {"subjectAlternativeNameType": "emailAddress,userPrincipalName"},
    "that type in another order": {"subjectAlternativeNameType": "userPrincipalName,emailAddress"},
    "a malformed legacy type": {"subjectAlternativeNameType": 5},
    "another usage": {"extendedKeyUsages": [{**LOGON, "objectIdentifier": "1.3.6.1.5.5.7.3.4"}]},
    "a usage of another name": {
        "extendedKeyUsages": [{"name": "Mail", "objectIdentifier": "1.3.6.1.5.5.7.3.4"}]
    },
    "a usage without an identifier": {"extendedKeyUsages": [{"name": "Mail"}]},
    "no usages": {"extendedKeyUsages": []},
    "malformed usages": {"extendedKeyUsages": {}},
    "a malformed usage": {"extendedKeyUsages": [{**LOGON, "name": []}]},
}


def judged_alone(found: Any) -> Any:
    wording._SHARED.clear()
    return judge(found)


@pytest.mark.parametrize("changes", SAYING_SOMETHING_ELSE.values(), ids=SAYING_SOMETHING_ELSE)
def test_a_profile_that_says_something_else_is_judged_for_itself(changes):
    changed = profile(**changes)
    alone, usual = judged_alone(changed), judged_alone(profile())
    everything = [profile(**item) for item in SAYING_SOMETHING_ELSE.values()]
    for item in (profile(), *everything):
        judge(item)
    assert judge(profile(**changes)) == alone
    assert judge(profile()) == usual


# To a verdict a null list is an empty one, and a list is malformed whatever of it is.
ALIKE = [
    {"no names", "null for the names"},
    {"malformed names", "a malformed name"},
    {"malformed usages", "a malformed usage"},
]


def test_nothing_else_of_those_shares_a_wording():
    named: dict[int, set[str]] = {}
    for name, changes in {"as it is": {}, **SAYING_SOMETHING_ELSE}.items():
        named.setdefault(id(wording_of(profile(**changes))), set()).add(name)
    assert [names for names in named.values() if len(names) > 1] == ALIKE


NOTHING_SAID = {
    "another id": {"id": "2"},
    "another name": {"displayName": "Other"},
    "another key size": {"keySize": "size4096"},
    "an unknown property": {"something": {"new": 1}},
    "an annotation at a name": {SANS: [{"@odata.type": "x", **UPN}]},
    "the keys of a name the other way round": {SANS: [dict(reversed(UPN.items()))]},
}


@pytest.mark.parametrize("changes", NOTHING_SAID.values(), ids=NOTHING_SAID)
def test_profiles_that_say_the_same_are_judged_once(changes, monkeypatch):
    judged = []
    work = verdicts._judge
    monkeypatch.setattr(verdicts, "_judge", lambda item: judged.append(item) or work(item))
    wording._SHARED.clear()
    assert judge(profile()) is judge(profile(**changes))
    assert len(judged) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"subjectNameFormatString": "CN=" + "x" * 5_000},
        {"subjectAlternativeNameFormatString": "x" * 5_000},
        {SANS: [{**UPN, "name": "x" * 5_000}]},
        {SANS: [UPN] * 500},
        {"extendedKeyUsages": [{**LOGON, "name": "x" * 5_000}]},
        {"extendedKeyUsages": [LOGON] * 500},
    ],
    ids=["subject", "legacy name", "one name", "many names", "one usage", "many usages"],
)
def test_what_is_long_is_not_kept(changes):
    wording._SHARED.clear()
    assert wording_of(profile(**changes)) is not wording_of(profile(**changes))
    assert not wording._SHARED
    assert judge(profile(**changes)) == judge(profile(**changes))


class Word(str):
    """A text that is not plainly one."""


ODD = {
    "a text": "x",
    "no list": {},
    "an empty list": [],
    "null": None,
    "a null item": [None],
    "a text in the list": [UPN, "x"],
    "a number": [{"name": 1}],
    "a truth": [{"name": True}],
    "a list for a text": [{"name": []}],
    "an unknown property": [{"name": "x", "other": 5}],
    "an empty object": [{}],
    "null for a text": [{"name": None}],
    "a text of another class": [{"name": Word("x")}],
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("field", ["custom_subject_alternative_names", "extended_key_usages"])
@pytest.mark.parametrize("kind", [row for row in PROFILE_TYPES if row.kind == "scep"][:3], ids=str)
def test_texts_read_without_models_are_those_of_the_models(kind, field, value):
    name = {"extended_key_usages": "extendedKeyUsages"}.get(field, SANS)
    wire = {"@odata.type": kind.odata_type, name: value}
    models = getattr(parse_profile(wire), field)
    rows = None if models is None else tuple(tuple(vars(item).values()) for item in models)
    assert parse_profile(wire).texts_of(field) == rows


def test_a_profile_made_from_fields_says_the_same_as_one_that_was_read():
    read = profile(**{SANS: [UPN, SID]})
    given = {name: value for name, value in read if name in read.model_fields_set}
    made = type(read)(**given)
    assert wording_of(made) is wording_of(read)
    assert judge(made) is judge(read)


OF_WORDING = [
    rule
    for rule in RULES.values()
    if isinstance(rule.judge, OfSettings) and hasattr(rule.judge.work, "__wrapped__")
]


@pytest.mark.parametrize("rule", OF_WORDING, ids=lambda rule: rule.id)
def test_a_rule_about_what_certificates_say_is_asked_once(rule):
    wire = {**BASE, SANS: [UPN, SID]}
    first, second = (
        Context(parse_profile({**wire, "keySize": size}), date(2026, 1, 1))
        for size in ("size2048", "size4096")
    )
    assert rule.judge(first) is rule.judge(second)


def test_there_are_such_rules():
    assert len(OF_WORDING) > 30
