"""What a change costs: profiles, certificates and dependants in, numbers stated by hand out."""

from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.audience.impact import (
    NOT_REPORTED,
    count_in_use,
    echoes_of,
    host_impacts,
    impact_of,
    totals,
    waves_of,
)
from intune_scep.audience.load import Ring
from intune_scep.certificate_states import Presence
from intune_scep.profiles import parse_profile
from intune_scep.tenant.dependants import CERTIFICATE_LINKS, Use, UsedBy, use_of
from intune_scep.tenant.issued import IssuedCertificate

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
URL = "https://ndes.contoso.com/certsrv/mscep/mscep.dll"
TYPES = {
    "ios": "iosScepCertificateProfile",
    "macos": "macOSScepCertificateProfile",
    "windows": "windows81SCEPCertificateProfile",
    "aosp": "aospDeviceOwnerScepCertificateProfile",
    "cobo": "androidDeviceOwnerScepCertificateProfile",
}
MISSING = "DeviceManagementManagedDevices.Read.All is missing."


def profile(platform="ios", identifier="P1", *, urls=(URL,), assignments=(), **more):
    return parse_profile(
        {
            "@odata.type": f"#microsoft.graph.{TYPES[platform]}",
            "id": identifier,
            "displayName": f"Profile {identifier}",
            "scepServerUrls": list(urls),
            "certificateValidityPeriodValue": 1,
            "certificateValidityPeriodScale": "years",
            "renewalThresholdPercentage": 20,
            "assignments": [{"target": target} for target in assignments],
            **more,
        }
    )


def certificate(device, *, of="p1", user="", days=100, presence=Presence.HELD):
    until = None if days is None else NOW + timedelta(days=days)
    return IssuedCertificate(device, of, until, presence, user_id=user)


def user_of(number, kind="iosEnterpriseWiFiConfiguration"):
    return UsedBy(f"user-{number}", f"User {number}", f"#microsoft.graph.{kind}", ())


def impact(issued=(), dependants=(), the_profile=None, **names):
    the_profile = the_profile or profile()
    links = {the_profile.id: tuple(dependants)}
    return impact_of(the_profile, count_in_use(issued, NOW), links, names)


@pytest.mark.parametrize(
    ("found", "counted"),
    [
        (certificate("a"), True),
        (certificate("a", days=None), True),
        (certificate("a", days=1), True),
        (certificate("a", days=0), False),
        (certificate("a", days=-1), False),
        (certificate("a", presence=Presence.GONE), False),
        (certificate("a", presence=Presence.COMING), False),
        (certificate("a", of="another"), False),
    ],
)
def test_in_use_is_what_is_held_and_has_not_expired(found, counted):
    in_use = impact([found]).in_use
    assert (in_use.certificates, len(in_use.devices)) == ((1, 1) if counted else (0, 0))


@pytest.mark.parametrize(
    ("platform", "issued", "dependants", "forecast", "reckoned"),
    [
        # One device: its own, and one more for each of two dependants; three are out.
        ("ios", [certificate("a")] * 3, 2, 3, 3),
        ("ios", [certificate("a"), certificate("b")], 2, 6, 6),
        ("macos", [certificate("a")] * 5, 1, 2, 5),
        ("windows", [certificate("a"), certificate("b")], 3, 2, 2),
        # Two people with a certificate each on one Windows computer.
        ("windows", [certificate("a", user="x"), certificate("a", user="y")], 0, 2, 2),
        ("windows", [certificate("a", user="x")] * 2, 0, 1, 2),
        ("ios", [], 4, 0, 0),
    ],
)
def test_the_forecast_and_the_greater_of_it_and_the_report(
    platform, issued, dependants, forecast, reckoned
):
    found = impact(issued, map(user_of, range(dependants)), profile(platform))
    assert (found.forecast, found.enrolments) == (forecast, reckoned)
    assert found.differs == (forecast != len(issued))


@pytest.mark.parametrize("platform", ["aosp", "cobo"])
def test_what_intune_does_not_report_is_unknown_and_never_0(platform):
    found = impact([], the_profile=profile(platform))
    assert (found.in_use, found.forecast, found.enrolments) == (None, None, None)
    assert found.brief()["certificates"] is None
    assert found.unknown == NOT_REPORTED
    assert found.wave(NOW) is None
    assert impact([certificate("a")], the_profile=profile(platform)).in_use.certificates == 1


def test_what_may_not_be_read_is_unknown_and_names_the_permission():
    found = impact_of(profile(), None, {}, {}, why_unknown=MISSING)
    assert found.brief() == {
        "certificates": None,
        "devices": None,
        "users": None,
        "dependants": 0,
        "enrolments": None,
        "unknown": MISSING,
    }


def test_without_the_links_apple_is_unknown_and_windows_is_not():
    in_use = count_in_use([certificate("a")], NOW)
    assert impact_of(profile("ios"), in_use, None, {}).enrolments is None
    assert impact_of(profile("windows"), in_use, None, {}).enrolments == 1


@pytest.mark.parametrize(
    ("urls", "hosts"),
    [
        ([URL], ("ndes.contoso.com",)),
        ([URL, URL.replace("ndes", "ndes2")], ("ndes.contoso.com", "ndes2.contoso.com")),
        ([URL, URL.replace("https", "http")], ("ndes.contoso.com",)),
        ([URL.replace("ndes.contoso.com", "NDES.Contoso.com:8443")], ("ndes.contoso.com",)),
        (["https://{{CloudPKIFQDN}}/TrafficGateway/x"], ("{{CloudPKIFQDN}}",)),
        (["what is this"], ("what is this",)),
        ([], ()),
    ],
)
def test_hosts_of_urls(urls, hosts):
    assert impact(the_profile=profile(urls=urls)).hosts == hosts


def test_hosts_over_all_profiles_with_those_that_do_not_change():
    both = [URL, URL.replace("ndes", "ndes2")]
    changing = [
        impact([certificate("a")], [user_of(1)]),
        impact([certificate("a", of="p2")], the_profile=profile("windows", "P2", urls=both)),
    ]
    others = [
        impact([certificate("b", of="p3")], the_profile=profile("windows", "P3")),
        impact(the_profile=profile("aosp", "P4", urls=both[1:])),
    ]
    first, second = host_impacts(changing, others)
    assert (first.host, first.certificates, first.enrolments, first.profiles) == (
        "ndes.contoso.com",
        3,
        3,
        2,
    )
    assert (first.shared, first.is_whole, first.is_foreseen) == (True, True, True)
    # A profile of which nothing is known does not change there, so the forecast stands.
    assert (second.certificates, second.enrolments, second.is_whole, second.is_foreseen) == (
        1,
        1,
        False,
        True,
    )
    [unknown] = host_impacts([impact(the_profile=profile("aosp"))])
    assert (unknown.is_whole, unknown.is_foreseen) == (False, False)


@pytest.mark.parametrize(
    ("validity", "scale", "threshold", "days"),
    [
        (1, "years", 20, 292),
        (2, "years", 50, 365),
        (12, "months", 20, 288),
        (100, "days", 99, 1),
        (1, "Years", 1, 361.35),
        (0, "years", 20, None),
        (1, "decades", 20, None),
        (1, "years", None, None),
        (1, "years", 0, None),
        (1, "years", 100, None),
    ],
)
def test_the_echo_comes_when_the_renewal_threshold_is_reached(validity, scale, threshold, days):
    found = impact(
        [certificate("a")],
        the_profile=profile(
            certificateValidityPeriodValue=validity,
            certificateValidityPeriodScale=scale,
            renewalThresholdPercentage=threshold,
        ),
    )
    echoes = echoes_of([found], NOW)
    if days is None:
        assert echoes == ()
    else:
        [echo] = echoes
        assert echo.first == NOW + timedelta(days=days)
        assert echo.last == echo.first + timedelta(hours=16)
        assert echo.enrolments == 1


def test_rings_say_when_what_goes_and_what_is_in_none_does_not_go():
    items = [
        impact([certificate("a", of=f"p{n}")], the_profile=profile("windows", f"P{n}"))
        for n in (1, 2, 3)
    ]
    rings = [
        Ring("first", NOW, ("p1",)),
        Ring("second", NOW + timedelta(days=7), ("P2", "not there")),
    ]
    assert [wave.start for wave in waves_of(items, NOW, rings)] == [NOW, NOW + timedelta(days=7)]
    assert [echo.profile_id for echo in echoes_of(items, NOW, rings)] == ["p1", "p2"]
    assert len(waves_of(items, NOW)) == 3


def test_together_each_device_user_and_dependant_counts_once():
    shared = user_of(1)
    items = [
        impact([certificate("a", user="x"), certificate("b", user="y")], [shared]),
        impact(
            [certificate("a", of="p2", user="x")],
            [shared, user_of(2, "iosVpnConfiguration")],
            profile("ios", "P2"),
        ),
        impact(the_profile=profile("aosp", "P3")),
    ]
    assert totals(items) == {
        "certificates": 3,
        "devices": 2,
        "users": 2,
        "dependants": 2,
        "by_use": {"wi_fi": 1, "vpn": 1},
        "enrolments": 7,
        "profiles": 3,
        "unknown_profiles": 1,
        "why_unknown": [NOT_REPORTED],
    }
    alone = totals(items[2:])
    assert (alone["certificates"], alone["devices"], alone["enrolments"]) == (None, None, None)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}, "All users"),
        ({"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}, "All devices"),
        ({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "G1"}, "Staff"),
        (
            {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": "G1"},
            "not Staff",
        ),
        ({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g2"}, "g2"),
    ],
)
def test_groups_are_named(target, told):
    assert impact(the_profile=profile(assignments=[target]), g1="Staff").groups == (told,)


@pytest.mark.parametrize("kind", CERTIFICATE_LINKS)
def test_every_type_that_has_certificate_links_is_used_for_something(kind):
    assert use_of(f"#microsoft.graph.{kind}") is not Use.OTHER


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("windowsWifiEnterpriseEAPConfiguration", Use.WI_FI),
        ("windowsWiredNetworkConfiguration", Use.WIRED),
        ("windows10VpnConfiguration", Use.VPN),
        ("iosikEv2VpnConfiguration", Use.VPN),
        ("iosEasEmailProfileConfiguration", Use.MAIL),
        ("androidWorkProfileGmailEasConfiguration", Use.MAIL),
        ("macOSDeviceFeaturesConfiguration", Use.SINGLE_SIGN_ON),
        ("somethingOfTomorrow", Use.OTHER),
    ],
)
def test_what_a_dependant_uses_a_certificate_for(kind, use):
    assert use_of(f"#microsoft.graph.{kind}") is use
