"""What the preflight asks, as data: every question with what each answer means.

Sources: DOMAIN.md 2, 3 and 4, ROLLOUT.md 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intune_scep.records import Record


class Outcome(StrEnum):
    """What is said of a question, worst first."""

    STOP = "stop"
    UNKNOWN = "unknown"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Question(Record):
    """One question, which yes or no answers.

    Attributes:
        id: As in the `answers` of a rollout file.
        yes, no: What the answer means, as a sentence.
        fine: The answer with which nothing stands in the way.
        needless: Whether yes may make the re-issue needless.
    """

    id: str
    asks: str
    why: str
    source: str
    yes: str
    no: str
    fine: bool = True
    needless: bool = False


def _by_id(*questions: Question) -> Mapping[str, Question]:
    return {question.id: question for question in questions}


QUESTIONS: Final = _by_id(
    Question(
        "no_mapping_events",
        "Has no domain controller logged event 39, 40 or 41 in the last 30 days?",
        "They are logged for a certificate without a strong mapping. Where none is logged,"
        " certificates of these profiles are mapped already, or not used with Active Directory.",
        "Microsoft, Ask the Directory Services Team, 4451386",
        "No certificate was refused or complained of: the re-issue may be needless.",
        "Certificates are complained of: intune-scep certificate events says of which profiles.",
        fine=False,
        needless=True,
    ),
    Question(
        "name_based_mapping",
        "Do domain controllers accept these certificates by the policy for name-based strong"
        " mappings?",
        "The policy accepts user certificates of an issuer and an issuance policy by their names,"
        " on Windows Server 2019 or later.",
        "Microsoft, Ask the Directory Services Team, 4451386",
        "They are mapped strongly already: the re-issue may be needless.",
        "The policy does not map them.",
        fine=False,
        needless=True,
    ),
    Question(
        "explicit_mappings",
        "Do the accounts have strong explicit mappings (altSecurityIdentities) for the certificates"
        " in use?",
        "Such a mapping does without the SID. One by issuer and serial number ends with its"
        " certificate, so a re-issue breaks it.",
        "Microsoft, KB5014754",
        "They are mapped strongly already: the re-issue may be needless, and it breaks mappings by"
        " issuer and serial number.",
        "No mapping does without the SID.",
        fine=False,
        needless=True,
    ),
    Question(
        "reissue_wanted",
        "Is the re-issue wanted although it may be needless?",
        "For example because explicit mappings end with each renewal, or because Microsoft Entra is"
        " to compare the SID.",
        "your own decision",
        "It is wanted all the same.",
        "It is not wanted: there is nothing to migrate.",
    ),
    Question(
        "domain_controllers_2019",
        "Is every domain controller Windows Server 2019 or later?",
        "Windows Server 2016 does not read the SID in the subject alternative name, nor the policy"
        " for name-based strong mappings.",
        "Microsoft, Ask the Directory Services Team, 4451386",
        "All of them read the SID.",
        "An older one refuses the new certificates as it does the old ones: replace it first, or"
        " keep these clients away from it.",
    ),
    Question(
        "ca_accepts_second_certificate",
        "Does the certification authority issue a second certificate of the same name while the"
        " first is valid?",
        "A device asks for its new certificate while it still has the old one; some authorities"
        " refuse that.",
        "inverse-inc/packetfence, issue 7356",
        "A device gets its new certificate while it has the old one.",
        "Devices would get no new certificate while the old one is to be revoked: allow it first.",
    ),
    Question(
        "ca_accepts_url_tag",
        "Does the certification authority issue certificates with the SID as a URL tag in the"
        " subject alternative name?",
        "Microsoft warned that authorities which do not support the tag might fail to issue.",
        "Microsoft, third-party certification authorities in Intune (earlier text)",
        "Requests with the tag are issued.",
        "Every request would fail: change the authority, or let it add the SID as an extension.",
    ),
    Question(
        "ca_in_ntauth",
        "Is the issuing certification authority in the NTAuth store?",
        "Domain controllers refuse certificates of others since 2025-07 by default, and without a"
        " way round since 2025-10; explicit mappings need it too.",
        "Microsoft, KB5057784",
        "Its certificates are accepted.",
        "Its certificates are refused with or without the SID: publish it in NTAuth first.",
    ),
    Question(
        "nac_reads_sid_uri",
        "Is every network access control and VPN that sees these certificates known to read the SID"
        " in the subject alternative name?",
        "Cisco ISE 3.1 to patch 9, 3.2 to patch 6, 3.3 to patch 3 and 3.4 without patches fail to"
        " identify the device; a Cisco VPN client fails too.",
        "Cisco FN74227, CSCwk73785; TameMyCerts, issue 79",
        "None of them fails on it.",
        "Clients would lose the network: patch first.",
    ),
    Question(
        "connectors_healthy",
        "Is every certificate connector that these profiles need at work?",
        "Behind NDES no certificate is issued without it. Cloud PKI and third-party authorities"
        " need none.",
        "Microsoft Graph, deviceManagement/ndesConnectors",
        "What is needed is at work.",
        "Devices behind it would get no new certificate: bring it back first.",
    ),
    Question(
        "roots_valid",
        "Do the trusted roots of the profiles last longer than the certificates issued now?",
        "When a root is replaced, its certificates are issued once more.",
        "Microsoft Graph, the trusted root of each profile",
        "They last.",
        "Everything would be issued twice: replace the root first.",
    ),
    Question(
        "sid_alignment_considered",
        "Is it known what certificate-based authentication of Microsoft Entra asks of the SID?",
        "Where it compares the SID (requireCertificateSidAlignment), it refuses a certificate"
        " without one; no variable of Intune has the SID of accounts that exist in Entra only.",
        "Microsoft Graph, authenticationMethodConfigurations/x509Certificate",
        "It is known.",
        "Find out first: intune-scep strong-mapping readiness says who would be refused.",
    ),
)
"""By id, in the order in which they are asked: what may make the re-issue needless first."""
