"""What is asked before a re-issue: every question, every answer, and the last word."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from tests.domain_answers import CA, domain_answers, domain_controller

from intune_scep.active_directory.domain_facts import parse_domain_facts
from intune_scep.strong_mapping.answers import Answer, Answers
from intune_scep.strong_mapping.preflight import judge_preflight
from intune_scep.strong_mapping.preflight_facts import Found, Root
from intune_scep.strong_mapping.preflight_reading import read_found, run_preflight
from intune_scep.strong_mapping.questions import QUESTIONS, Outcome
from intune_scep.tenant.connectors import Connector

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
CONNECTOR = Connector("c1", "NDES 1", "active", "6.2510.3.2002", NOW - timedelta(hours=1))
ROOT = Root("Root", "CN=Root", CA, True, NOW + timedelta(days=3000), 365, ("Wi-Fi",))
HEALTHY = Found((CONNECTOR,), (ROOT,), (), 3, False, False)
NEEDLESS = {key for key, question in QUESTIONS.items() if question.needless}
FINE = {key: Answer(item.fine) for key, item in QUESTIONS.items() if key != "reissue_wanted"}


def judged(found=HEALTHY, given=None, domain=None, **answers):
    chosen = FINE if given is None else given
    said = {**chosen, **{key: Answer(value) for key, value in answers.items()}}
    facts = parse_domain_facts(domain, "f") if domain else None
    return judge_preflight("t", "public", found, Answers(said, facts), NOW)


def outcome(result, identifier):
    [point] = [item for item in result.points if item.question.id == identifier]
    return point.outcome


def found_of(result, identifier):
    [point] = [item for item in result.points if item.question.id == identifier]
    return " ".join(point.found)


def test_where_all_is_answered_well_nothing_stands_in_the_way():
    result = judged()
    assert result.is_fine
    assert result.msg == "Nothing stands in the way. Nothing says that the re-issue is needless."
    assert "reissue_wanted" not in {point.question.id for point in result.points}


@pytest.mark.parametrize("identifier", [*FINE])
def test_the_other_answer_stops_and_is_named_in_the_last_word(identifier):
    result = judged(**{identifier: not QUESTIONS[identifier].fine})
    expected = {Outcome.STOP}
    if identifier in {"connectors_healthy", "roots_valid", "sid_alignment_considered"}:
        # Graph says otherwise, so the two must look again.
        expected = {Outcome.UNKNOWN}
    assert {outcome(result, identifier)} == expected
    assert identifier in result.msg
    assert not result.is_fine


@pytest.mark.parametrize("identifier", [*FINE])
@pytest.mark.parametrize("answer", [None, "missing"])
def test_what_nobody_answered_is_unknown(identifier, answer):
    given = {key: value for key, value in FINE.items() if key != identifier}
    if answer is None:
        given[identifier] = Answer(None)
    result = judged(Found(), given)
    assert outcome(result, identifier) is Outcome.UNKNOWN or identifier in {
        "sid_alignment_considered"
    }
    assert not result.is_fine or identifier == "sid_alignment_considered"


@pytest.mark.parametrize("identifier", sorted(NEEDLESS))
@pytest.mark.parametrize(
    ("wanted", "ending"),
    [(None, Outcome.STOP), (False, Outcome.STOP), (True, Outcome.FINE)],
)
def test_what_may_be_needless_stops_until_it_is_wanted_all_the_same(identifier, wanted, ending):
    more = {} if wanted is None else {"reissue_wanted": wanted}
    result = judged(**{identifier: True}, **more)
    assert outcome(result, identifier) is ending
    assert result.needless == (identifier,)
    assert f"The re-issue may be needless: {identifier}." in result.msg
    assert result.is_fine is bool(wanted)


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, Outcome.FINE),
        ({"connectors": ()}, Outcome.UNKNOWN),
        ({"connectors": None, "unread": {"connectors": "no"}}, Outcome.UNKNOWN),
        ({"connectors": (CONNECTOR, replace(CONNECTOR, state="inactive"))}, Outcome.UNKNOWN),
        ({"connectors": (replace(CONNECTOR, state="inactive"),)}, Outcome.UNKNOWN),
        ({"connectors": (replace(CONNECTOR, state=""),)}, Outcome.UNKNOWN),
        ({"connectors": (CONNECTOR, replace(CONNECTOR, name="NDES 2"))}, Outcome.FINE),
    ],
)
def test_connectors(changes, ending):
    given = {key: value for key, value in FINE.items() if key != "connectors_healthy"}
    result = judged(replace(HEALTHY, **changes), given)
    assert outcome(result, "connectors_healthy") is ending
    # A person knows which of them are needed.
    assert outcome(judged(replace(HEALTHY, **changes)), "connectors_healthy") is Outcome.FINE


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("6.2510.3.2002", ()),
        ("6.2510.3.2003", ()),
        ("7.1.0.1", ()),
        ("6.2406.0.2002", ("out of support",)),
        ("6.2406.0.1001", ("out of support",)),
        ("6.2406.0.1000", ("strong mapping of PKCS", "out of support")),
        ("6.2301.1.0", ("strong mapping of PKCS", "out of support")),
        ("", ("cannot be understood",)),
        ("6.x", ("cannot be understood",)),
    ],
)
def test_the_version_of_a_connector_is_told_and_not_judged(version, told):
    result = judged(replace(HEALTHY, connectors=(replace(CONNECTOR, version=version),)))
    about = [sentence for sentence in result.told if sentence.startswith("Connector ")]
    assert len(about) == len(told)
    for sentence, word in zip(about, told, strict=True):
        assert word in sentence
    assert result.is_fine


@pytest.mark.parametrize(
    ("today", "supported"),
    [
        (datetime(2026, 2, 18, tzinfo=UTC), True),
        (datetime(2026, 8, 18, tzinfo=UTC), True),
        (datetime(2026, 9, 1, tzinfo=UTC), False),
        (datetime(2028, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_release_is_supported_for_six_months_after_the_next(today, supported):
    old = replace(CONNECTOR, version="6.2406.0.2002", last_connection=today)
    found = replace(HEALTHY, connectors=(old,))
    told = judge_preflight("t", "public", found, Answers(FINE), today).told
    assert any("out of support" in sentence for sentence in told) is not supported


@pytest.mark.parametrize(
    ("quiet", "told"), [(timedelta(hours=23), False), (timedelta(hours=25), True), (None, False)]
)
def test_an_active_connector_that_is_quiet_is_told(quiet, told):
    last = None if quiet is None else NOW - quiet
    result = judged(replace(HEALTHY, connectors=(replace(CONNECTOR, last_connection=last),)))
    assert any("quiet for more than a day" in sentence for sentence in result.told) is told


@pytest.mark.parametrize(
    ("roots", "ending"),
    [
        ((ROOT,), Outcome.FINE),
        ((), Outcome.FINE),
        ((replace(ROOT, not_after=NOW - timedelta(days=1)),), Outcome.STOP),
        ((replace(ROOT, not_after=NOW + timedelta(days=364)),), Outcome.STOP),
        ((replace(ROOT, not_after=NOW + timedelta(days=366)),), Outcome.FINE),
        (
            (replace(ROOT, not_after=NOW + timedelta(days=1), longest_validity_days=None),),
            Outcome.FINE,
        ),
        ((replace(ROOT, not_after=None),), Outcome.UNKNOWN),
        ((ROOT, replace(ROOT, not_after=NOW - timedelta(days=1))), Outcome.STOP),
        (None, Outcome.UNKNOWN),
    ],
)
def test_roots(roots, ending):
    given = {key: value for key, value in FINE.items() if key != "roots_valid"}
    result = judged(replace(HEALTHY, roots=roots), given)
    assert outcome(result, "roots_valid") is ending


def test_profiles_that_point_at_no_root_are_not_taken_for_sound():
    given = {key: value for key, value in FINE.items() if key != "roots_valid"}
    result = judged(replace(HEALTHY, roots=(), without_root=("Wi-Fi",)), given)
    assert outcome(result, "roots_valid") is Outcome.UNKNOWN
    assert "points at a trusted root" in found_of(result, "roots_valid")


def test_some_roots_that_could_not_be_read_are_not_taken_for_sound():
    given = {key: value for key, value in FINE.items() if key != "roots_valid"}
    result = judged(replace(HEALTHY, unread={"roots": "the trusted root of A: no"}), given)
    assert outcome(result, "roots_valid") is Outcome.UNKNOWN
    assert "the trusted root of A" in found_of(result, "roots_valid")


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"requires_alignment": True}, Outcome.FINE),
        ({"requires_alignment": False}, Outcome.FINE),
        ({"requires_alignment": None}, Outcome.FINE),
        (
            {"requires_alignment": None, "unread": {"alignment": "Policy.Read"}},
            Outcome.UNKNOWN,
        ),
    ],
)
def test_alignment(changes, ending):
    given = {key: value for key, value in FINE.items() if key != "sid_alignment_considered"}
    result = judged(replace(HEALTHY, **changes), given)
    assert outcome(result, "sid_alignment_considered") is ending


@pytest.mark.parametrize(
    ("has", "unread", "words"),
    [
        (True, {}, "uses Microsoft's own deployments"),
        (False, {}, "does not use Microsoft's own deployments"),
        (None, {}, "is not known"),
        (None, {"deployments": "refused"}, "Not read: refused"),
    ],
)
def test_microsofts_own_deployments_are_told_and_never_judged(has, unread, words):
    result = judged(replace(HEALTHY, has_deployments=has, unread=unread))
    assert any(words in sentence for sentence in result.told)
    assert result.is_fine


def test_nothing_to_change_is_told():
    assert "No profile would change." in judged(replace(HEALTHY, changing=0)).msg


# What the script found

DC = domain_controller()
OLD = domain_controller("old", build=14393, operating_system="Windows Server 2016 Standard")
DEAF = domain_controller("deaf", events=None, errors=["events: refused"])
STRANGE = domain_controller("samba", operating_system="Samba", operating_system_version="4.19")
LOUD = domain_controller("loud", counts={39: 3, 41: 1})
NONE_READ = {key: value for key, value in FINE.items() if key in {"name_based_mapping"}}


@pytest.mark.parametrize(
    ("identifier", "domain", "answer"),
    [
        ("no_mapping_events", domain_answers(DC), True),
        ("no_mapping_events", domain_answers(DC, LOUD), False),
        ("no_mapping_events", domain_answers(LOUD, DEAF), False),
        ("no_mapping_events", domain_answers(DC, DEAF), None),
        ("no_mapping_events", domain_answers(DC, unread_domains=["child"]), None),
        ("no_mapping_events", domain_answers(DC, days=29), None),
        ("no_mapping_events", domain_answers(domain_controllers=[]), None),
        ("no_mapping_events", domain_answers(domain_controller(counts={45: 9, 21: 9})), True),
        ("domain_controllers_2019", domain_answers(DC, DC), True),
        ("domain_controllers_2019", domain_answers(DC, OLD), False),
        ("domain_controllers_2019", domain_answers(OLD, STRANGE), False),
        ("domain_controllers_2019", domain_answers(DC, STRANGE), None),
        ("domain_controllers_2019", domain_answers(DC, unread_domains=["child"]), None),
        ("domain_controllers_2019", domain_answers(domain_controllers=[]), None),
        ("ca_in_ntauth", domain_answers(ntauth=[]), False),
        ("ca_in_ntauth", domain_answers(ntauth=None), None),
        ("ca_in_ntauth", domain_answers(), None),
        ("explicit_mappings", domain_answers(), False),
        (
            "explicit_mappings",
            domain_answers(accounts_with_explicit_mappings={"strong": 4, "any": 9}),
            None,
        ),
        (
            "explicit_mappings",
            domain_answers(accounts_with_explicit_mappings={"strong": 0, "any": 9}),
            False,
        ),
        (
            "explicit_mappings",
            domain_answers(accounts_with_explicit_mappings={"strong": None, "any": None}),
            None,
        ),
    ],
)
def test_what_follows_from_the_script(identifier, domain, answer):
    result = judged(given={}, domain=domain)
    [point] = [item for item in result.points if item.question.id == identifier]
    assert point.answer is answer
    assert point.found


def test_the_script_and_a_person_who_differ_are_both_to_look_again():
    result = judged(domain=domain_answers(DC, OLD))
    assert outcome(result, "domain_controllers_2019") is Outcome.UNKNOWN
    assert "The answer given is yes; what was read says no." in found_of(
        result, "domain_controllers_2019"
    )


def test_what_a_person_adds_to_the_script_counts():
    result = judged(domain=domain_answers(DC, LOUD))
    assert outcome(result, "ca_in_ntauth") is Outcome.FINE
    assert "Of the trusted roots: Root." in found_of(result, "ca_in_ntauth")
    assert result.is_fine


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"counts": {45: 3}}, "3 events 45"),
        ({"counts": {21: 2}}, "2 events 21"),
        ({"strong_certificate_binding_enforcement": 1}, "StrongCertificateBindingEnforcement is 1"),
        ({"allow_ntauth_policy_bypass": 0}, "AllowNtAuthPolicyBypass is 0"),
        ({"errors": ["registry: refused"]}, "not read: registry: refused"),
    ],
)
def test_what_is_odd_on_a_domain_controller_is_told(changes, told):
    result = judged(domain=domain_answers(domain_controller(**changes)))
    assert any(told in sentence for sentence in result.told)


@pytest.mark.parametrize("value", [None, 2])
def test_what_is_usual_is_not_told(value):
    usual = domain_controller(
        strong_certificate_binding_enforcement=value, allow_ntauth_policy_bypass=value
    )
    assert not any("dc1" in sentence for sentence in judged(domain=domain_answers(usual)).told)


def test_the_json_has_every_question_with_who_answered():
    given = {**FINE, "nac_reads_sid_uri": Answer(True, "Ann", date(2026, 11, 20))}
    data = json.loads(json.dumps(judged(given=given).to_dict()))
    [row] = [row for row in data["questions"] if row["id"] == "nac_reads_sid_uri"]
    assert (row["answer"], row["by"], row["on"]) == (True, "Ann", "2026-11-20")
    assert row["outcome"] == data["outcome"] == "fine"
    assert data["connectors"][0]["last_connection"] == "2026-11-28T08:00:00Z"
    assert data["roots"][0]["not_after"].startswith("2035-")


# What is read of a tenant


class Answering(httpx.AsyncBaseTransport):
    """A Graph that answers some paths by itself."""

    def __init__(self, inner, answers):
        self._inner, self._answers = inner, answers

    async def handle_async_request(self, request):
        for path, (status, body) in self._answers.items():
            if request.url.path.endswith(path):
                return httpx.Response(status, json=body, request=request)
        return await self._inner.handle_async_request(request)


def answering(tenant, **answers):
    tenant.door.transport = Answering(tenant.door.transport, answers)
    return tenant


REFUSED = (403, {"error": {"code": "Forbidden", "message": "no"}})
ACTIVE = (200, {"value": [{"id": "c", "displayName": "NDES", "state": "active"}]})


def test_everything_is_read_of_a_tenant(simulated):
    tenant = answering(
        simulated("contoso"), ndesConnectors=ACTIVE, deployments=(200, {"value": [{"id": "d"}]})
    )
    found = tenant.run(read_found)
    assert [item.name for item in found.connectors] == ["NDES"]
    assert found.has_deployments is True
    assert found.requires_alignment is False
    assert {root.name: root.is_root for root in found.roots}[
        "Windows - Intermediate - Contoso Issuing CA 1"
    ] is False
    assert found.without_root == ("Windows - SCEP - User - Lab",)
    assert found.changing > 20
    assert found.unread == {}
    assert all(item["method"] == "GET" or "batch" in item["path"] for item in tenant.sent())


@pytest.mark.parametrize(
    ("path", "what", "permission"),
    [
        ("ndesConnectors", "connectors", "DeviceManagementConfiguration.Read.All"),
        ("deployments", "deployments", "DeviceManagementConfiguration.Read.All"),
        ("x509Certificate", "alignment", "Policy.Read.AuthenticationMethod"),
        ("deviceConfigurations", "roots", "DeviceManagementConfiguration.Read.All"),
    ],
)
def test_each_reading_costs_only_itself_and_names_its_permission(simulated, path, what, permission):
    fine = {"ndesConnectors": ACTIVE, "deployments": (404, {})}
    tenant = answering(simulated("contoso"), **{**fine, path: REFUSED})
    found = tenant.run(read_found)
    assert set(found.unread) == {what}
    assert permission in found.unread[what]
    result = tenant.run(run_preflight)
    assert not result.is_fine


def test_a_graph_without_connectors_and_deployments_is_told(simulated):
    tenant = answering(
        simulated("contoso"),
        ndesConnectors=(400, {"error": {"code": "BadRequest", "message": "no segment"}}),
        deployments=(404, {}),
    )
    result = tenant.run(run_preflight)
    assert outcome(result, "connectors_healthy") is Outcome.UNKNOWN
    assert any("deployments is not known" in sentence for sentence in result.told)
