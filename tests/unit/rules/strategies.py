"""Profiles in the neighbourhood of sound ones."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from intune_scep.profiles import PROFILE_TYPES, Platform, ProfileKind

from .material import SID, Wire, device, root, scep

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes on a busy machine proves nothing."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def damaged_wires(draw: st.DrawFn) -> Wire:
    """A profile of any type, some of whose properties hold any JSON value."""
    row = draw(st.sampled_from(PROFILE_TYPES))
    makers = [root] if row.kind is ProfileKind.TRUSTED_ROOT else [scep, device]
    wire = draw(st.sampled_from(makers))(row.platform.value)
    names = draw(st.lists(st.sampled_from([p.name for p in row.properties]), max_size=3))
    return {**wire, **{name: draw(JSON) for name in names}}


_SID_TEXTS = st.sampled_from(
    [
        SID,
        SID.lower(),
        f" {SID} ",
        f"tag:microsoft.com,2022-09-14:sid:{SID}",
        SID[2:-2],
        SID[1:-1],
        "{{ OnPremisesSecurityIdentifier }}",
        "CN={{onpremisessecurityidentifier}}",
        "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500",
        "s-1-5-21-9",
        "{{UserPrincipalName}}",
        "IntuneDeviceId://{{DeviceId}}",
        "",
    ]
)
_TEXTS = st.none() | _SID_TEXTS | st.text(max_size=12)
_SAN_TYPES = st.sampled_from(
    [
        "universalResourceIdentifier",
        "universalResourceIdentifier",
        "userPrincipalName",
        "domainNameService",
        "emailAddress",
        "none",
        "UniversalResourceIdentifier",
    ]
)
_USAGES = st.sampled_from(
    ["1.3.6.1.5.5.7.3.2", " 1.3.6.1.5.5.7.3.2 ", "1.3.6.1.4.1.311.20.2.2", "2.5.29.37.0",
     "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4", "", None]
)  # fmt: skip


@st.composite
def logon_wires(draw: st.DrawFn) -> Wire:
    """SCEP profiles of every platform that differ in what strong mapping depends on."""
    wire = scep(draw(st.sampled_from([platform.value for platform in Platform])))
    san = st.fixed_dictionaries({"sanType": _SAN_TYPES, "name": _TEXTS})
    usage = st.fixed_dictionaries({"name": st.just("x"), "objectIdentifier": _USAGES})
    values: dict[str, st.SearchStrategy[Any]] = {
        "certificateStore": st.sampled_from(["user", "machine", None, "DeviceCertificate", 5]),
        "customSubjectAlternativeNames": st.lists(san, max_size=3) | st.sampled_from([None, "x"]),
        "extendedKeyUsages": st.lists(usage, max_size=3) | st.sampled_from([None, "x"]),
        "subjectNameFormatString": st.just("CN={{UserName}}") | _TEXTS,
        "subjectAlternativeNameFormatString": st.none() | _TEXTS,
        "subjectAlternativeNameType": st.sampled_from([None, "none", "emailAddress", 3]),
    }
    for name in draw(st.sets(st.sampled_from(list(values)))):
        if name in wire:
            wire[name] = draw(values[name])
    if draw(st.integers(0, 15)) == 0:
        wire.pop("customSubjectAlternativeNames", None)
    return wire
