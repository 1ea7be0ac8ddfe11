"""A run may write a dependant, by the step that is for it; other types are refused as before."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.run import carry_out, roll_back
from intune_scep.changes.status import Status
from intune_scep.changes.steps import PreImage
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.attach import Attach
from intune_scep.changes.steps.repoint import Repoint
from intune_scep.errors import PlanError, UnknownProfileTypeError
from intune_scep.profiles.dependants import CERTIFICATE_LINKS, name_of_dependant
from intune_scep.simulator.scenario import NavigationLink
from intune_scep.simulator.scenarios.wire import scep_body
from intune_scep.tenant.dependants import (
    certificate_link_path,
    collection_link_path,
    read_link,
    single_link_path,
)
from intune_scep.tenant.profiles import read_profile

from .jobs import IOS_ROOT, URL, dependant, tenant_of

MAIL = "iosEasEmailProfileConfiguration"
FIRST, SECOND = (scep_body("ios", name, urls=[URL]) for name in ("First", "Second"))
BOX = dependant("Mailbox", MAIL)
LINKS = CERTIFICATE_LINKS[MAIL]
FOREIGN = (
    "#microsoft.graph.iosGeneralDeviceConfiguration",
    "#microsoft.graph.windows10GeneralConfiguration",
    "#microsoft.graph.iosPkcsCertificateProfile",
    "#microsoft.graph.windowsWifiConfiguration",
    "#microsoft.graph.iosEnterpriseWiFiConfigurationX",
    "microsoft.graph",
    "#",
)


@pytest.fixture
def tenant(simulated):
    scenario = replace(
        tenant_of([IOS_ROOT, FIRST, SECOND, BOX], root=IOS_ROOT),
        links=tuple(NavigationLink(BOX["id"], link, FIRST["id"]) for link in LINKS[:2]),
    )
    return simulated(scenario, name="mailbox")


def action(*steps, odata_type=BOX["@odata.type"]):
    return Action("box", "update", odata_type, "Mailbox", BOX["id"], Status.PLANNED, steps=steps)


def plan(*steps, tenant_id="t", cloud="simulator", **more):
    return Plan(Task.ROLLOUT, tenant_id, cloud, (action(*steps, **more),))


def done(tenant, *steps):
    async def walk(graph):
        wanted = plan(*steps, tenant_id=graph.tenant_id, cloud=graph.cloud)
        return await carry_out(graph, Plan.from_dict(json.loads(json.dumps(wanted.to_dict()))))

    return tenant.run(walk)


def uses(tenant):
    async def read(graph):
        return [await read_link(graph, BOX["id"], BOX["@odata.type"], link) for link in LINKS]

    return tenant.run(read)


@pytest.mark.parametrize("odata_type", FOREIGN)
def test_a_plan_about_another_type_is_refused(odata_type):
    written = json.loads(json.dumps(plan(Assign((), ()), odata_type=odata_type).to_dict()))
    with pytest.raises(PlanError):
        Plan.from_dict(written)
    with pytest.raises(UnknownProfileTypeError):
        PreImage.of_wire({"@odata.type": odata_type})


@pytest.mark.parametrize("name", CERTIFICATE_LINKS)
def test_a_plan_about_a_dependant_survives_its_file(name):
    wanted = plan(
        Repoint(CERTIFICATE_LINKS[name][0], "a", "b"), odata_type=f"#microsoft.graph.{name}"
    )
    assert Plan.from_dict(json.loads(json.dumps(wanted.to_dict()))) == wanted
    assert name_of_dependant(f"#MICROSOFT.graph.{name}") == name


NO_LINKS = {
    "of another type": (BOX["@odata.type"], "identityCertificateForClientAuthentication"),
    "a path": (BOX["@odata.type"], "identityCertificate/../.."),
    "none": (BOX["@odata.type"], ""),
    "the root of a SCEP profile": (FIRST["@odata.type"], "rootCertificate"),
    "in another letter case": (BOX["@odata.type"], "IDENTITYCERTIFICATE"),
    "roots for the server of another type": (
        "#microsoft.graph.iosVpnConfiguration",
        "rootCertificatesForServerValidation",
    ),
}


@pytest.mark.parametrize(("odata_type", "link"), NO_LINKS.values(), ids=NO_LINKS.keys())
def test_a_link_that_a_type_does_not_have_never_leaves(tenant, odata_type, link):
    with pytest.raises(PlanError, match="has no certificate link"):
        certificate_link_path(BOX["id"], odata_type, link)
    if odata_type == BOX["@odata.type"]:
        report = done(tenant, Repoint(link, FIRST["id"], SECOND["id"]))
        assert report.failed
    assert [item for item in tenant.requests() if item["method"] == "PUT"] == []


WI_FI = "#microsoft.graph.iosEnterpriseWiFiConfiguration"
WRONG_VERBS = {
    "one of several is replaced": (single_link_path, WI_FI, "rootCertificatesForServerValidation"),
    "the same on a Mac": (
        single_link_path,
        "#microsoft.graph.macOSEnterpriseWiFiConfiguration",
        "rootCertificatesForServerValidation",
    ),
    "a further one where one may be": (
        collection_link_path,
        WI_FI,
        "identityCertificateForClientAuthentication",
    ),
    "a further root where one may be": (
        collection_link_path,
        "#microsoft.graph.iosWiredNetworkConfiguration",
        "rootCertificateForServerValidation",
    ),
    "a further one of a type that has none": (
        collection_link_path,
        BOX["@odata.type"],
        "rootCertificatesForServerValidation",
    ),
    "a further one that is a path": (
        collection_link_path,
        WI_FI,
        "rootCertificatesForServerValidation/..",
    ),
}


@pytest.mark.parametrize(("path", "kind", "link"), WRONG_VERBS.values(), ids=WRONG_VERBS.keys())
def test_a_link_is_not_written_in_the_way_of_another_kind_of_link(path, kind, link):
    """Graph has no route for PUT on a link that may lead to several (GRAPH.md 3.4)."""
    with pytest.raises(PlanError, match="link"):
        path(BOX["id"], kind, link)


@pytest.mark.parametrize(
    "step",
    [
        Attach("identityCertificate", SECOND["id"]),
        Attach("rootCertificatesForServerValidation", FIRST["id"]),
        Repoint("rootCertificatesForServerValidation", None, FIRST["id"]),
    ],
)
def test_a_step_of_such_a_link_sends_nothing(tenant, step):
    assert done(tenant, step).failed
    assert not [
        item
        for item in tenant.requests()
        if item["method"] != "GET" and item["path"].endswith("$ref")
    ]


def test_a_profile_is_a_dependant_only_where_one_is_asked_for(tenant):
    with pytest.raises(UnknownProfileTypeError):
        tenant.run(lambda graph: read_profile(graph, BOX["id"]))
    with pytest.raises(UnknownProfileTypeError):
        other = "#microsoft.graph.iosVpnConfiguration"
        tenant.run(lambda graph: read_profile(graph, BOX["id"], odata_type=other))
    found = tenant.run(lambda graph: read_profile(graph, BOX["id"], odata_type=BOX["@odata.type"]))
    assert (found.odata_type, found.display_name) == (BOX["@odata.type"], "Mailbox")


def test_two_links_of_one_profile_are_changed_and_taken_back_each(tenant):
    first, second = FIRST["id"], SECOND["id"]
    report = done(tenant, *(Repoint(link, first, second) for link in LINKS[:2]))
    assert not report.failed, report.msg
    assert uses(tenant) == [second, second, None]
    back = tenant.run(lambda graph: roll_back(graph, Path(report.journal)))
    assert not back.failed, back.msg
    assert uses(tenant) == [first, first, None]


TURNS = {
    "to another one": (0, FIRST["id"], SECOND["id"]),
    "to none": (0, FIRST["id"], None),
    "from none": (2, None, SECOND["id"]),
}


@pytest.mark.parametrize(("number", "before", "after"), TURNS.values(), ids=TURNS.keys())
def test_a_link_may_lead_from_and_to_nothing(tenant, number, before, after):
    was = uses(tenant)
    report = done(tenant, Repoint(LINKS[number], before, after))
    assert not report.failed, report.msg
    assert uses(tenant)[number] == after
    tenant.run(lambda graph: roll_back(graph, Path(report.journal)))
    assert uses(tenant) == was


def test_a_link_that_somebody_changed_meanwhile_is_left_alone(tenant):
    report = done(tenant, Repoint(LINKS[0], SECOND["id"], FIRST["id"]))
    assert report.outcomes[0].status is Status.UNCHANGED
    report = done(tenant, Repoint(LINKS[0], None, SECOND["id"]))
    assert report.outcomes[0].status is Status.CONFLICT
    assert uses(tenant)[0] == FIRST["id"]


def test_a_link_that_somebody_changed_since_is_not_taken_back(tenant):
    journal = Path(done(tenant, Repoint(LINKS[0], FIRST["id"], SECOND["id"])).journal)
    done(tenant, Repoint(LINKS[0], SECOND["id"], None))
    back = tenant.run(lambda graph: roll_back(graph, journal))
    assert back.outcomes[0].status is Status.CONFLICT
    assert "certificate profile" in back.outcomes[0].message
    assert uses(tenant)[0] is None


def test_a_dependant_that_is_gone_is_a_conflict(tenant):
    async def delete(graph):
        await graph.session.write("DELETE", f"deviceManagement/deviceConfigurations/{BOX['id']}")

    tenant.run(delete)
    report = done(tenant, Repoint(LINKS[0], FIRST["id"], SECOND["id"]))
    assert report.outcomes[0].status in {Status.CONFLICT, Status.FAILED}
