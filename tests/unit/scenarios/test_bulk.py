"""Large tenants: the right size and shape."""

from intune_scep.simulator.scenarios.bulk import PLATFORMS, bulk

SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}


def test_ten_thousand_profiles_have_ten_thousand_ids_and_names() -> None:
    scenario = bulk(10_000, n_root=40)
    assert len(scenario.profiles) == 10_040
    assert len({profile["id"] for profile in scenario.profiles}) == 10_040
    assert len({profile["displayName"] for profile in scenario.profiles}) == 10_040
    assert len(scenario.root_links) == 10_000


def test_every_profile_is_a_logon_certificate_for_users_without_a_sid_uri() -> None:
    scep = [p for p in bulk(50).profiles if "scep" in p["@odata.type"].lower()]
    assert len({p["@odata.type"] for p in scep}) == len(set(PLATFORMS))
    for profile in scep:
        assert profile["certificateStore"] == "user"
        assert [usage["name"] for usage in profile["extendedKeyUsages"]] == [
            "Client Authentication"
        ]
        assert SID_URI not in profile["customSubjectAlternativeNames"]


def test_some_may_be_mapped_already() -> None:
    scep = [p for p in bulk(20, mapped=6).profiles if "scep" in p["@odata.type"].lower()]
    mapped = [SID_URI in profile["customSubjectAlternativeNames"] for profile in scep]
    assert mapped == [True] * 6 + [False] * 14


def test_roots_match_the_platform_of_their_profiles() -> None:
    scenario = bulk(30, platforms=("macos", "android_work_profile"))
    kind = {profile["id"]: profile["@odata.type"] for profile in scenario.profiles}
    pairs = {(kind[scep], kind[root]) for scep, root in scenario.root_links.items()}
    assert pairs == {
        (
            "#microsoft.graph.macOSScepCertificateProfile",
            "#microsoft.graph.macOSTrustedRootCertificate",
        ),
        (
            "#microsoft.graph.androidWorkProfileScepCertificateProfile",
            "#microsoft.graph.androidWorkProfileTrustedRootCertificate",
        ),
    }
