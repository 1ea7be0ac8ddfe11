"""What Intune knows of its devices is read in few requests, and each part costs only itself."""

from dataclasses import replace

import httpx
import pytest

from intune_scep.rules.subject_name import _IDENTIFIERS, _SYNCED, _USER_ATTRIBUTES
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.wire import stable_id
from intune_scep.tenant import Wanted, read_snapshot
from intune_scep.tenant.devices import (
    IDENTIFIERS,
    Presence,
    _device,
    read_devices,
)
from intune_scep.tenant.directory import USER_ATTRIBUTES
from intune_scep.tenant.issued import _certificate

MANAGED = "/beta/deviceManagement/managedDevices"
ALL = ["DeviceManagementManagedDevices.Read.All", "Policy.Read.AuthenticationMethod"]


def test_every_attribute_that_a_rule_needs_is_read():
    """A rule whose facts nobody reads can never speak."""
    assert {*_USER_ATTRIBUTES.values(), *_SYNCED.values()} <= set(USER_ATTRIBUTES)
    assert set(_IDENTIFIERS.values()) <= set(IDENTIFIERS)


@pytest.mark.parametrize(
    ("sent", "lacking"),
    [
        ({"imei": "351234567890123"}, False),
        ({"imei": None}, True),
        ({"imei": ""}, True),
        ({"imei": "   "}, True),
        ({}, True),
        ({"imei": "000000000000000"}, True),
        ({"imei": 351234567890123}, False),
    ],
)
def test_an_identifier_without_a_value_is_lacking(sent, lacking):
    assert ("imei" in _device(sent).lacks) is lacking


@pytest.mark.parametrize(
    "empty", ["", None, "00000000-0000-0000-0000-000000000000", "  "], ids=repr
)
def test_a_device_without_a_user_or_an_object_in_the_directory_has_none(empty):
    found = _device({"userId": empty, "azureADDeviceId": empty})
    assert (found.user_id, found.entra_id) == ("", "")
    assert "azureADDeviceId" in found.lacks


@pytest.mark.parametrize(
    ("agent", "counts"),
    [
        ("mdm", True),
        ("easMdm", True),
        ("googleCloudDevicePolicyController", True),
        ("intuneAosp", True),
        ("configurationManagerClientMdm", True),
        ("unknown", True),
        (None, True),
        ("jamf", False),
        ("msSense", False),
        ("eas", False),
        ("CONFIGURATIONMANAGERCLIENT", False),
    ],
)
def test_a_device_that_somebody_else_manages_gets_no_profile_and_does_not_count(
    simulated, agent, counts
):
    answer = {"value": [{"id": "D1", "managementAgent": agent}]}
    found = with_odd(simulated("empty"), "managedDevices", answer)
    assert set(found.managed) == ({"d1"} if counts else set())


def test_a_device_that_is_listed_twice_is_one(simulated):
    answer = {"value": [{"id": "D1"}, {"id": "d1"}, {"id": "d2"}]}
    assert set(with_odd(simulated("empty"), "managedDevices", answer).managed) == {"d1", "d2"}


@pytest.mark.parametrize(
    ("status", "presence"),
    [
        ("issued", Presence.HELD),
        ("9", Presence.HELD),
        ("Active", Presence.HELD),
        ("", Presence.HELD),
        ("deleteFailed", Presence.HELD),
        ("renewalRequested", Presence.HELD),
        ("revoked", Presence.GONE),
        ("14", Presence.GONE),
        ("Removed From Collection", Presence.GONE),
        ("issueFailed", Presence.GONE),
        ("7", Presence.GONE),
        ("issuePending", Presence.COMING),
        ("Response Pending", Presence.COMING),
        ("22", Presence.COMING),
    ],
)
def test_a_state_says_whether_the_certificate_is_on_the_device(status, presence):
    assert certificate(CertificateStatus=status).presence is presence


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-21T10:00:00.0000000Z", 21),
        ("2026-11-21 10:00:00.0000000", 21),
        ("2026-11-21", 21),
        (" 2026-11-21T23:30:00+00:00 ", 21),
        ("", None),
        ("11/21/2026 10:00:00 AM", None),
        ("0001-01-01T00:00:00.0000000", None),
        ("never", None),
    ],
)
def test_an_end_of_validity_is_read_in_the_forms_of_reports(text, day):
    end = certificate(ValidTo=text).valid_to
    assert (end and end.day) == day
    assert end is None or end.tzinfo is not None


def certificate(**changes):
    return _certificate(row(**changes))


def row(**changes):
    """A line of the report."""
    line = {"DeviceId": "D", "PolicyId": "P", "CertificateStatus": "issued", "UserId": "U"}
    times = {"ValidFrom": "2026-01-01", "ValidTo": "2027-01-01"}
    return {**line, **times, "SerialNumber": "0A 1b:2C", **changes}


def test_a_serial_number_is_one_text_however_it_is_written():
    assert certificate().serial == "0A1B2C"
    assert certificate(SerialNumber="0a1b2c").serial == "0A1B2C"


class Odd(httpx.AsyncBaseTransport):
    """A Graph that answers one path with something else."""

    def __init__(self, inner, path, answer):
        self._inner = inner
        self._path = path
        self._answer = answer

    async def handle_async_request(self, request):
        if self._path in request.url.path:
            return httpx.Response(200, json=self._answer, request=request)
        return await self._inner.handle_async_request(request)


WIFI = stable_id("iosScepCertificateProfile", "iOS - SCEP - User - Corporate Wi-Fi")


def read(tenant, *profiles):
    return tenant.run(lambda graph: read_devices(graph, certificates_of=profiles or (WIFI,)))


def with_odd(tenant, path, answer):
    tenant.door.transport = Odd(tenant.door.transport, path, answer)
    return read(tenant)


def test_everything_is_read_of_contoso(simulated):
    found = read(simulated("contoso"))
    assert not found.failures
    assert len(found.managed) > 150
    assert {item.kind for item in found.managed.values()} >= {"iphone", "androidforwork"}
    assert len(found.certificates) > 40
    assert {item.profile_id for item in found.certificates} == {WIFI}
    assert found.requires_sid_alignment is False


@pytest.mark.parametrize("item", [None, 7, "text", [], {}, {"id": None}, {"id": 7}], ids=repr)
def test_an_item_that_is_no_device_costs_itself_and_is_told(simulated, item):
    answer = {"value": [{"id": "d1", "operatingSystem": "iOS"}, item, {"id": "d2"}]}
    found = with_odd(simulated("contoso"), "managedDevices", answer)
    assert set(found.managed) == {"d1", "d2"}
    [(what, error)] = found.failures
    assert what == "some of the managed devices"
    assert "sent 1 of them without an id" in error.message


@pytest.mark.parametrize(
    ("answer", "required"),
    [
        ({"requireCertificateSidAlignment": True, "state": "enabled"}, True),
        ({"requireCertificateSidAlignment": True}, True),
        ({"requireCertificateSidAlignment": True, "state": "disabled"}, False),
        ({"requireCertificateSidAlignment": False, "state": "enabled"}, False),
        ({"state": "enabled"}, None),
        ({"requireCertificateSidAlignment": None}, None),
        ({"requireCertificateSidAlignment": "true"}, None),
        ([], None),
    ],
)
def test_a_setting_that_graph_does_not_have_is_not_taken_for_off(simulated, answer, required):
    found = with_odd(simulated("contoso"), "x509Certificate", answer)
    assert found.requires_sid_alignment is required
    assert not found.failures
    assert bool(found.notes) is (required is None)


def test_certificates_whose_end_nobody_can_read_are_told(simulated, monkeypatch):
    rows = [
        row(PolicyId="p", ValidTo="soon"),
        row(PolicyId="p"),
        row(PolicyId="p", CertificateStatus="issueFailed", ValidTo=""),
        row(PolicyId="q", ValidTo="soon"),
    ]

    async def export(*_):
        return rows

    monkeypatch.setattr("intune_scep.tenant.issued.read_export", export)
    [(what, error)] = read(simulated("contoso"), "p").failures
    assert what == "the certificates on devices"
    assert error.message.startswith("Of 1 of them")


@pytest.mark.parametrize(
    ("roles", "failed"),
    [
        (ALL, set()),
        (ALL[:1], {"certificate-based authentication of Microsoft Entra"}),
        (ALL[1:], {"the managed devices", "the certificates on devices"}),
        (["DeviceManagementConfiguration.Read.All", ALL[1]], {"the managed devices"}),
    ],
)
def test_a_permission_that_is_missing_is_named_and_costs_its_part_only(simulated, roles, failed):
    tenant = simulated("contoso")
    token = tenant.door.access_token(roles, expires_in=100_000_000)
    tenant.door.access_token = lambda *_, **__: token
    found = read(tenant)
    assert {what for what, _ in found.failures} == failed
    named = {
        "the managed devices": ALL[0],
        "the certificates on devices": ALL[0],
        "certificate-based authentication of Microsoft Entra": ALL[1],
    }
    assert all(named[what] in str(error) for what, error in found.failures)
    assert (found.managed is None) is ("the managed devices" in failed)
    assert (found.certificates is None) is ("the certificates on devices" in failed)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 2500])
def test_devices_cost_a_request_for_999_and_two_more_things_for_the_tenant(simulated, count):
    contoso = build_scenario("contoso")
    device = dict(contoso.managed_devices[0])
    many = tuple({**device, "id": f"{number:032x}"} for number in range(count))
    scenario = replace(contoso, managed_devices=many, certificates=())
    tenant = simulated(scenario, name=f"devices{count}")
    found = read(tenant)
    assert len(found.managed) == count
    paths = [item["path"].split("(")[0] for item in tenant.sent()]
    assert paths.count(MANAGED) == max(1, -(-count // 999))
    assert [item["method"] for item in tenant.sent()].count("POST") == 1
    others = [path for path in paths if path != MANAGED and not path.endswith("exportJobs")]
    assert len(others) == 1


@pytest.mark.parametrize("platforms", [("windows",), ("ios",), ("macos", "windows"), ()])
def test_the_report_of_certificates_is_asked_for_only_where_there_are_profiles_for_apple(
    simulated, platforms
):
    from intune_scep.simulator.scenarios.bulk import bulk

    name = f"bulk-{'-'.join(platforms)}"
    tenant = simulated(bulk(8 if platforms else 0, platforms=platforms or ("windows",)), name=name)
    snapshot = tenant.run(lambda graph: read_snapshot(graph, Wanted(devices=True)))
    apple = bool({"ios", "macos"} & set(platforms))
    assert len(tenant.sent("POST")) == apple
    assert (snapshot.devices.certificates is not None) is apple
