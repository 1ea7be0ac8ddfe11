"""Is this certificate strongly mapped, and to whom: the judgement over the SIDs it carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from intune_scep.certificates._json import JsonReady
from intune_scep.certificates.sid import (
    SID_EXTENSION_OID,
    SID_TAG,
    SidForm,
    SidOccurrence,
    is_domain_account_sid,
)

NOTE_URI_NEEDS_2019 = (
    "The SID stands in the URI form only: domain controllers read it on Windows Server 2019 or "
    "later; Windows Server 2016 refuses such a certificate (Microsoft: Ask the Directory "
    "Services Team, techcommunity 4451386)."
)
NOTE_BOTH_FORMS = "The SID stands in the URI and in the extension, and both agree."
REASON_REPORT_HAS_NO_SANS = (
    "The report does not contain SANs: strong mapping cannot be judged from it. "
    "Inspect the certificate itself."
)

_REASON_NOTHING = (
    f"The certificate carries no SID: neither a URI {SID_TAG}<SID> nor the extension "
    f"{SID_EXTENSION_OID}. Domain controllers refuse it unless the account holds a strong "
    "altSecurityIdentities value for it (KB5014754)."
)


class MappingStatus(StrEnum):
    """What strong mapping is for one certificate."""

    MAPPED = "mapped"
    NOT_MAPPED = "not_mapped"
    CONFLICTING = "conflicting"
    MALFORMED = "malformed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class StrongMapping(JsonReady):
    """The judgement.

    Attributes:
        status: `not_judged` where no certificate was seen (a row of Intune's report) or its
            extensions cannot be read.
        sid: The SID the certificate is mapped to; None unless the status is `mapped`.
        reasons: Why, in whole sentences; never empty.
        notes: What else an administrator should know.
    """

    status: MappingStatus
    sid: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


NOT_JUDGED_FROM_REPORT = StrongMapping(MappingStatus.NOT_JUDGED, None, (REASON_REPORT_HAS_NO_SANS,))


def judge_strong_mapping(occurrences: Sequence[SidOccurrence]) -> StrongMapping:
    """Judge a certificate by what it says about SIDs.

    A damaged extension beside a good URI counts as malformed: nobody has documented which of the
    two a domain controller then believes, so the tool takes the safe side.

    Args:
        occurrences: Every SID, or attempt at one, found in the certificate.
    """
    sids = list(dict.fromkeys(item.sid for item in occurrences if item.sid is not None))
    notes = tuple(_notes(occurrences, sids))
    defects = tuple(_defect(item) for item in occurrences if _is_defect(item))
    remarks = (*notes, *defects)
    if len(sids) > 1:
        reason = f"The certificate names different SIDs: {_where(occurrences)}."
        return _result(MappingStatus.CONFLICTING, reason, notes=remarks)
    if defects and (not sids or _has_broken_extension(occurrences)):
        return _result(MappingStatus.MALFORMED, *defects, notes=notes)
    if not sids:
        return _result(MappingStatus.NOT_MAPPED, _REASON_NOTHING, notes=notes)
    if not is_domain_account_sid(sids[0]):
        return _result(MappingStatus.NOT_MAPPED, _foreign_authority(sids[0]), notes=remarks)
    reason = f"Strongly mapped to {sids[0]} by the {_forms(occurrences)}."
    return _result(MappingStatus.MAPPED, reason, sid=sids[0], notes=remarks)


def mapping_without_extensions(problem: str, *, duplicate: bool) -> StrongMapping:
    """The judgement where the extensions could not be read, and with them no SID.

    Args:
        problem: What the parser said.
        duplicate: An extension appears twice, which RFC 5280 4.2 forbids. Anything else may be an
            unrelated extension that only this parser refuses, so nothing is claimed then.
    """
    status = MappingStatus.MALFORMED if duplicate else MappingStatus.NOT_JUDGED
    reason = f"The extensions cannot be read, so no SID can be read either: {problem}."
    return _result(status, reason)


def _result(
    status: MappingStatus, *reasons: str, sid: str | None = None, notes: tuple[str, ...] = ()
) -> StrongMapping:
    return StrongMapping(status, sid, reasons, notes)


def _is_defect(item: SidOccurrence) -> bool:
    return item.problem is not None and item.form is not SidForm.FOREIGN_URI


def _has_broken_extension(occurrences: Sequence[SidOccurrence]) -> bool:
    return any(item.form is SidForm.EXTENSION and item.sid is None for item in occurrences)


def _defect(item: SidOccurrence) -> str:
    return f"{_FORM_NAMES[item.form]} “{item.text}”: {item.problem}."


_FORM_NAMES = {
    SidForm.URI: "URI",
    SidForm.EXTENSION: "SID extension",
    SidForm.SAN_OTHER_NAME: "SAN otherName",
    SidForm.FOREIGN_URI: "URI",
}


def _where(occurrences: Sequence[SidOccurrence]) -> str:
    return ", ".join(
        f"{item.sid} in the {_FORM_NAMES[item.form]}" for item in occurrences if item.sid
    )


def _forms(occurrences: Sequence[SidOccurrence]) -> str:
    names = dict.fromkeys(_FORM_NAMES[item.form] for item in occurrences if item.sid)
    return " and the ".join(names)


def _foreign_authority(sid: str) -> str:
    if sid.startswith("S-1-12-1-"):
        return (
            f"{sid} is a cloud SID of Entra ID: no account of an Active Directory domain has it, "
            "so domain controllers find nobody for this certificate."
        )
    return f"{sid} is not the SID of an account of an Active Directory domain (S-1-5-21-…)."


def _notes(occurrences: Sequence[SidOccurrence], sids: Sequence[str]) -> list[str]:
    forms = [item.form for item in occurrences if item.sid]
    notes = []
    if sids and SidForm.EXTENSION not in forms:
        notes.append(NOTE_URI_NEEDS_2019)
    if len(sids) == 1 and len(set(forms)) > 1:
        notes.append(NOTE_BOTH_FORMS)
    if len(sids) == 1 and forms.count(SidForm.URI) > 1:
        notes.append("The SID URI appears more than once with the same SID; one is enough.")
    notes += [_defect(item) for item in occurrences if item.form is SidForm.FOREIGN_URI]
    return notes
