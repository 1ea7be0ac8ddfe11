"""Is this certificate strongly mapped, and to whom: the judgement over the SIDs it carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from intune_scep.certificates.sid import (
    SID_EXTENSION_OID,
    SidForm,
    SidOccurrence,
    is_domain_account_sid,
)
from intune_scep.profiles.sid_text import SID_TAG
from intune_scep.records import Record

NOTE_URI_NEEDS_2019 = (
    "The SID stands in the URI form only: domain controllers read it on Windows Server 2019 or "
    "later; Windows Server 2016 refuses such a certificate."
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
_REASON_UNREAD = "Whether the certificate carries a SID, and which, cannot be said."


class MappingStatus(StrEnum):
    """What strong mapping is for one certificate."""

    MAPPED = "mapped"
    NOT_MAPPED = "not_mapped"
    CONFLICTING = "conflicting"
    MALFORMED = "malformed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class StrongMapping(Record):
    """The judgement.

    Attributes:
        status: `not_judged` where no certificate was seen (a row of Intune's report), or where
            what could hold the SID cannot be read.
        sid: The SID the certificate is mapped to; None unless the status is `mapped`.
        reasons: Why, in whole sentences; never empty.
        notes: What else an administrator should know.
    """

    status: MappingStatus
    sid: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


NOT_JUDGED_FROM_REPORT = StrongMapping(MappingStatus.NOT_JUDGED, None, (REASON_REPORT_HAS_NO_SANS,))


def judge_strong_mapping(
    occurrences: Sequence[SidOccurrence],
    *,
    doubled: Sequence[str] = (),
    unread: Sequence[str] = (),
    damage: str | None = None,
    neighbours: Sequence[str] = (),
) -> StrongMapping:
    """Judge a certificate by what it says about SIDs.

    Whatever is wrong beside a good SID, in the places that domain controllers read, counts as
    malformed: nobody has documented which of the two a domain controller then believes, so the
    tool takes the safe side.

    Args:
        occurrences: Every SID, or attempt at one, found in the certificate.
        doubled: A sentence for each extension about SIDs that stands there twice.
        unread: A sentence for each extension that might hold a SID and cannot be read.
        damage: Where the list of extensions, or of names, breaks off; None if it is whole.
        neighbours: A sentence for each damage to what cannot hold a SID.
    """
    sids = list(dict.fromkeys(item.sid for item in occurrences if item.sid is not None))
    notes = tuple(dict.fromkeys((*_notes(occurrences, sids), *neighbours)))
    defects = (*(_defect(item) for item in occurrences if _is_defect(item, sids)), *doubled)
    remarks = (*notes, *defects)
    if len(sids) > 1:
        reason = f"The certificate names different SIDs: {_where(occurrences)}."
        return _result(MappingStatus.CONFLICTING, reason, notes=remarks)
    if damage is not None or (unread and not sids and not defects):
        reasons = (*((damage,) if damage else ()), *unread, _REASON_UNREAD)
        return _result(MappingStatus.NOT_JUDGED, *reasons, notes=remarks)
    if defects:
        beside = (_beside(sids[0]),) if sids else ()
        return _result(MappingStatus.MALFORMED, *defects, *beside, notes=notes)
    if not sids:
        return _result(MappingStatus.NOT_MAPPED, _REASON_NOTHING, notes=notes)
    if not is_domain_account_sid(sids[0]):
        return _result(MappingStatus.NOT_MAPPED, _foreign_authority(sids[0]), notes=remarks)
    reason = f"Strongly mapped to {sids[0]} by the {_forms(occurrences)}."
    return _result(MappingStatus.MAPPED, reason, sid=sids[0], notes=(*remarks, *unread))


def _result(
    status: MappingStatus, *reasons: str, sid: str | None = None, notes: tuple[str, ...] = ()
) -> StrongMapping:
    return StrongMapping(status, sid, reasons, notes)


def _is_defect(item: SidOccurrence, sids: Sequence[str]) -> bool:
    """Whether it speaks against a mapping: in a place where nobody looks only if alone."""
    if item.problem is None or item.form in _IGNORED:
        return False
    return item.form is not SidForm.SAN_OTHER_NAME or not sids


def _defect(item: SidOccurrence) -> str:
    shown = "".join(map(_visible, item.text))
    return f"{_FORM_NAMES[item.form]} “{shown}”: {item.problem}."


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _beside(sid: str) -> str:
    return (
        f"{sid} stands in the certificate too, but which of them a domain controller then believes"
        " is not documented."
    )


_IGNORED = frozenset({SidForm.FOREIGN_URI, SidForm.ELSEWHERE})
_FORM_NAMES = {
    SidForm.URI: "URI",
    SidForm.EXTENSION: "SID extension",
    SidForm.SAN_OTHER_NAME: "SAN otherName",
    SidForm.FOREIGN_URI: "URI",
    SidForm.ELSEWHERE: "Name",
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
    notes += [_defect(item) for item in occurrences if item.problem and not _is_defect(item, sids)]
    return notes
