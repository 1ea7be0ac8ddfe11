"""GRAPH.md 5: what an edit of a SCEP profile costs."""

from collections import Counter
from urllib.parse import quote

import pytest

from .bodies import SID_URI
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, one

PROFILE = "iOS - SCEP - User - S/MIME signing"
CAST = "microsoft.graph.iosScepCertificateProfile"


def profile_of(contoso: Graph, name: str) -> Json:
    expression = quote(f"displayName eq '{name}'")
    (found,) = contoso.all_of(f"{DEVICE_CONFIGURATIONS}?$filter={expression}")
    return found


def states(contoso: Graph, profile: Json) -> Counter[str]:
    path = one(profile["id"], CAST, "managedDeviceCertificateStates")
    return Counter(each["certificateIssuanceState"] for each in contoso.all_of(path))


def edit(contoso: Graph, profile: Json, **changes: object) -> None:
    body = {"@odata.type": profile["@odata.type"], **changes}
    assert contoso.send("PATCH", one(profile["id"]), body).status_code == 204


def test_editing_the_sans_reissues_and_then_revokes(contoso: Graph) -> None:
    """GRAPH.md 5: documented for iOS; the course of states over time is inferred."""
    profile = profile_of(contoso, PROFILE)
    before = states(contoso, profile)
    sans = [*profile["customSubjectAlternativeNames"], SID_URI]
    edit(contoso, profile, customSubjectAlternativeNames=sans)
    during = states(contoso, profile)
    assert sum(during.values()) > sum(before.values())
    assert set(during) - set(before)
    contoso.control("POST", "clock", {"advance": 1800})
    after = states(contoso, profile)
    assert after["revoked"] >= before["issued"]
    assert after["issued"] >= before["issued"]


@pytest.mark.parametrize("changes", [{"displayName": "Renamed"}, {"description": "x"}])
def test_editing_what_no_certificate_bears_changes_no_certificate(
    contoso: Graph, changes: Json
) -> None:
    """A public vendor's page lists these as not re-enrolling; Microsoft's says any change."""
    profile = profile_of(contoso, PROFILE)
    before = states(contoso, profile)
    edit(contoso, profile, **changes)
    contoso.control("POST", "clock", {"advance": 1800})
    assert states(contoso, profile) == before


def test_new_certificates_have_a_new_issuance_date(contoso: Graph) -> None:
    """Issue behaviour: a person must see what the edit cost."""
    profile = profile_of(contoso, PROFILE)
    path = one(profile["id"], CAST, "managedDeviceCertificateStates")
    newest = max(each["certificateIssuanceDateTime"] for each in contoso.all_of(path))
    edit(contoso, profile, customSubjectAlternativeNames=[SID_URI])
    contoso.control("POST", "clock", {"advance": 1800})
    issued = [each for each in contoso.all_of(path) if each["certificateIssuanceState"] == "issued"]
    assert issued
    assert all(each["certificateIssuanceDateTime"] > newest for each in issued)


def test_who_has_no_sid_fails_to_get_a_certificate(contoso: Graph) -> None:
    """GRAPH.md 5: a variable without a value fails the profile on that device.

    Microsoft's What's new of October 2024 says that a certificate without the SID is issued
    instead: the documents differ, and the simulator shows the dearer outcome. The profile reaches
    twelve partners, whose accounts exist in the cloud only; one of them had failed before.
    """
    profile = profile_of(contoso, "Windows - SCEP - User - Entra joined (Cloud PKI)")
    path = one(
        profile["id"],
        "microsoft.graph.windows81SCEPCertificateProfile",
        "managedDeviceCertificateStates",
    )
    before = Counter(each["certificateIssuanceState"] for each in contoso.all_of(path))
    edit(contoso, profile, customSubjectAlternativeNames=[SID_URI])
    contoso.control("POST", "clock", {"advance": 1800})
    after = Counter(each["certificateIssuanceState"] for each in contoso.all_of(path))
    assert after["issueFailed"] == before["issueFailed"] + 11
    assert after["issued"] == before["issued"] - 11


def test_assigning_reissues_nothing(contoso: Graph) -> None:
    """GRAPH.md 7.9: unknown."""
    profile = profile_of(contoso, PROFILE)
    before = states(contoso, profile)
    body: Json = {"assignments": []}
    assert contoso.send("POST", one(profile["id"], "assign"), body).status_code == 200
    contoso.control("POST", "clock", {"advance": 1800})
    assert states(contoso, profile) == before
