"""All of Microsoft's rules: those that are code, questions for people, and ways of this tool."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from intune_scep.rules import (
    applicability,
    assignment,
    certificate_access,
    certificate_type,
    identity,
    keys,
    platform_facts,
    profile_type,
    renewal,
    server_urls,
    strong_mapping,
    subject_alternative_name,
    subject_name,
    trusted_root,
    usages,
    validity,
)
from intune_scep.rules.model import Behaviour, Question, Rule, Severity
from intune_scep.rules.platforms import DEVICE_OWNER, LIVING, WINDOWS
from intune_scep.rules.registry import (
    INFRASTRUCTURE_PAGE,
    page,
    registered_rules,
)

_MODULES: Final = (
    profile_type,
    certificate_type,
    subject_name,
    subject_alternative_name,
    identity,
    strong_mapping,
    validity,
    keys,
    trusted_root,
    usages,
    renewal,
    server_urls,
    certificate_access,
    applicability,
    assignment,
    platform_facts,
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(dict(sorted(registered_rules().items())))
"""Every rule that is code, by id."""

_QUESTIONS: Final = (
    Question(
        "R-070",
        None,
        "Which certificates need strong mapping",
        "Are the certificates of these profiles used to log on to Active Directory (Kerberos, NPS,"
        " RDP, smart card logon)?",
        "Strong mapping is for certificates that are used against a domain controller: user"
        " certificates on all platforms, device certificates on hybrid-joined Windows. Services"
        " that do not ask Active Directory need no SID. With the answer yes, rule R-075 is an"
        " error.",
        "Leave profiles whose certificates no domain controller sees as they are, and waive R-075"
        " for them.",
        page("Strong mapping requirements for KB5014754"),
        "strong_mapping",
        LIVING,
    ),
    Question(
        "R-079",
        Severity.WARNING,
        "The CA accepts the SID URI",
        "Does every CA behind the SCEP URLs accept a URI of the form tag:microsoft.com in the"
        " subject alternative name?",
        "Active Directory Certificate Services with the update does. A third-party CA that does not"
        " may refuse the request, and the profile's certificates stop being issued.",
        "Ask the CA's maker, and try one profile with a small group first.",
        "Microsoft: Third-party certification authorities with SCEP",
        "strong_mapping",
        LIVING,
    ),
    Question(
        "R-080",
        Severity.WARNING,
        "Domain controllers read the SID URI",
        "Do all domain controllers that authenticate these users and devices run Windows Server"
        " 2019 or later?",
        "Windows Server 2016 and older do not read the SID from a URI. They honour the SID"
        " extension or an explicit mapping only, and refuse a correct certificate with event 39.",
        "Upgrade them, or write altSecurityIdentities for the accounts they authenticate.",
        "Microsoft: Ask the Directory Services Team, techcommunity 4451386",
        "strong_mapping",
        LIVING,
    ),
    Question(
        "R-085",
        Severity.WARNING,
        "Network access control takes a second URI",
        "Does the network access control that reads these certificates accept a second URI (for"
        " Cisco ISE: 3.1 patch 10, 3.2 patch 7, 3.3 patch 4, or a patched 3.4)?",
        "Older Cisco ISE fails to identify devices through Intune once the SID URI is there, and"
        " some Cisco VPN clients reject the certificate.",
        "Patch it first.",
        "Cisco field notice FN74227; GitHub: TameMyCerts issue 79",
        "strong_mapping",
        LIVING,
    ),
    Question(
        "R-095",
        Severity.INFO,
        "The CA honours a validity of the profile",
        "Does the issuing CA allow end dates from the request (EDITF_ATTRIBUTEENDDATE)?",
        "Otherwise certificates last as long as the template says, whatever the profile asks for.",
        "Set the flag on the CA, or set the validity in the template.",
        f"{INFRASTRUCTURE_PAGE}; {page('step 7, Certificate validity period')}",
        "validity",
        LIVING,
    ),
    Question(
        "R-185",
        Severity.INFO,
        "Co-managed devices take certificates from Intune",
        "Is the workload Resource Access Policies of co-managed devices set to Intune or Pilot"
        " Intune (yes also if there is no co-management)?",
        "With the workload on Configuration Manager the devices never start a request.",
        "Move the slider of the workload.",
        page("Assign the certificate profile"),
        "assignment",
        WINDOWS,
    ),
    Question(
        "R-192",
        Severity.INFO,
        "No app authentication on dedicated devices",
        "Do dedicated Android devices use these certificates for Wi-Fi, VPN and authentication"
        " only, and not inside apps?",
        "On Android Enterprise dedicated devices SCEP certificates are not supported for app"
        " authentication.",
        "Give the app another way to authenticate.",
        page("step 3, Android Enterprise"),
        "platform_facts",
        DEVICE_OWNER,
    ),
)

QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({item.id: item for item in _QUESTIONS})
"""Every rule that only a person can judge, by id."""

_BEHAVIOURS: Final = (
    Behaviour(
        "R-007",
        "One profile, one platform",
        "Profiles are listed, planned and reported for the one platform they were made for; no"
        " profile is expected to serve two.",
        page("Assign the certificate profile"),
        "profile_type",
    ),
    Behaviour(
        "R-012",
        "User certificates may use device variables",
        "No rule complains about a device variable in a user certificate because of its kind.",
        page("step 7, Certificate type: User"),
        "certificate_type",
    ),
    Behaviour(
        "R-024",
        "Letter case of variables means nothing",
        "Variables are compared without letter case, and an existing spelling is never rewritten.",
        page("step 7, Subject name format (which mixes spellings itself)"),
        "subject_name",
    ),
)

BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {item.id: item for item in _BEHAVIOURS}
)
"""Every rule that the tool keeps by what it does, by id."""

Entry = Rule | Question | Behaviour

_ENTRIES: Final[dict[str, Entry]] = {**RULES, **QUESTIONS, **BEHAVIOURS}

CATALOGUE: Final[Mapping[str, Entry]] = MappingProxyType(
    {key: _ENTRIES[key] for key in sorted(_ENTRIES)}
)
"""All entries by id."""

ANSWERABLE: Final = frozenset(QUESTIONS) | {item.id for item in RULES.values() if item.question}
"""Ids that may have an answer in a configuration."""
