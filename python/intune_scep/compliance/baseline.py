"""A baseline: what somebody approved, as a lossless snapshot with a digest."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from intune_scep.errors import BaselineError, FileError
from intune_scep.files import (
    canonical_json,
    digest,
    parse_json,
    read_regular,
    write_new_private,
    write_private,
)
from intune_scep.profiles import Profile
from intune_scep.texts import json_text
from intune_scep.version import __version__
from intune_scep.wording import option

FORMAT: Final = "intune-scep/baseline/1"
_LARGEST: Final = 256 * 1024 * 1024
_REQUIRED: Final = {
    "tenant": str,
    "cloud": str,
    "approved_at": str,
    "profiles": list,
    "root_links": dict,
    "findings": list,
    "not_judged": list,
}

FindingKey = tuple[str, str, str]
"""Profile id, rule id and wire property: the same complaint in two runs has the same key."""
JudgementKey = tuple[str, str]
"""Profile id and rule id."""


@dataclass(frozen=True)
class Baseline:
    """An approved state.

    Attributes:
        approved_at: ISO 8601, with its offset.
        approved_by: Who, as they said; None if nobody said.
        comment: Why, as they said.
        profiles: Wire objects of the certificate profiles with their assignments, untouched.
        root_links: SCEP profile id to the id of its trusted root, or None.
        findings: The complaints that were there when it was approved.
        not_judged: Rules that were not judged then for want of facts, by profile; what they say
            later may have been true before.
        digest: `sha256:` and the hexadecimal digest of everything else.
    """

    tenant: str
    cloud: str
    approved_at: str
    approved_by: str | None
    comment: str | None
    profiles: tuple[Mapping[str, Any], ...]
    root_links: Mapping[str, str | None]
    findings: frozenset[FindingKey]
    not_judged: frozenset[JudgementKey]
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """Who approved what when; without the snapshot itself."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "approved_at": self.approved_at,
            "approved_by": self.approved_by,
            "comment": self.comment,
            "profiles": len(self.profiles),
            "findings": len(self.findings),
            "digest": self.digest,
        }


def make_baseline(
    *,
    tenant: str,
    cloud: str,
    approved_at: str,
    approved_by: str | None,
    comment: str | None,
    profiles: Sequence[Profile],
    root_links: Mapping[str, str | None],
    findings: Iterable[FindingKey],
    not_judged: Iterable[JudgementKey],
) -> dict[str, Any]:
    """The content of a baseline file, with its digest."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "tool_version": __version__,
        "tenant": tenant,
        "cloud": cloud,
        "approved_at": approved_at,
        "approved_by": approved_by,
        "comment": comment,
        "profiles": [profile.to_wire() for profile in profiles],
        "root_links": dict(root_links),
        "findings": [list(key) for key in sorted(set(findings))],
        "not_judged": [list(key) for key in sorted(set(not_judged))],
    }
    return {**content, "digest": _digest(content)}


def _digest(content: Mapping[str, Any]) -> str:
    return f"sha256:{digest(canonical_json(content))}"


def write_baseline(path: Path, content: Mapping[str, Any], *, replace: bool = False) -> None:
    """Write a baseline file, mode 0600, whole or not at all.

    Args:
        replace: Overwrite a file that is there.

    Raises:
        BaselineError: there is a file, or it cannot be written.
    """
    data = json_text(content, indent=1).encode() + b"\n"
    try:
        (write_private if replace else write_new_private)(path, data)
    except FileExistsError as error:
        raise BaselineError(
            f"{path} is there already.",
            hint=f"Give {option('replace')} to approve a new baseline over it.",
        ) from error
    except OSError as error:
        raise BaselineError(f"{path} cannot be written: {error.strerror}.") from error


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file and check that nobody changed it.

    Raises:
        BaselineError: it cannot be read, is something else, or was changed.
    """
    content = _load(path)
    if content.get("format") != FORMAT:
        raise BaselineError(f"{path} is not a baseline of this version ({FORMAT}).")
    wrong = [name for name, kind in _REQUIRED.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise BaselineError(f"{path} is damaged: {', '.join(wrong)} is missing or not as expected.")
    stored = content.pop("digest", None)
    if not isinstance(stored, str) or not hmac.compare_digest(stored, _digest(content)):
        raise BaselineError(
            f"{path} was changed after it was approved: its digest does not fit.",
            hint="Restore the file, or approve a new baseline.",
        )
    return _baseline(path, content, stored)


def _baseline(path: Path, content: Mapping[str, Any], stored: str) -> Baseline:
    try:
        made = Baseline(
            tenant=content["tenant"],
            cloud=content["cloud"],
            approved_at=content["approved_at"],
            approved_by=content.get("approved_by"),
            comment=content.get("comment"),
            profiles=tuple(content["profiles"]),
            root_links=content["root_links"],
            findings=frozenset((key[0], key[1], key[2]) for key in content["findings"]),
            not_judged=frozenset((key[0], key[1]) for key in content["not_judged"]),
            digest=stored,
        )
    except (TypeError, LookupError) as error:
        raise BaselineError(f"{path} is damaged: its findings are not as expected.") from error
    texts = [*made.root_links.values(), made.approved_by, made.comment]
    texts += [text for key in (*made.findings, *made.not_judged) for text in key]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise BaselineError(f"{path} is damaged: a text is not as expected.")
    if not all(map(_is_profile, made.profiles)):
        raise BaselineError(f"{path} is damaged: a profile is not as expected.")
    return made


def _is_profile(wire: Any) -> bool:
    return isinstance(wire, dict) and all(
        isinstance(wire.get(name), str) for name in ("@odata.type", "id")
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(read_regular(path, what="Baseline", most=_LARGEST), f"Baseline {path}")
    except FileError as error:
        raise BaselineError(error.message) from error
    if not isinstance(content, dict):
        raise BaselineError(f"{path} is not a baseline: it holds no object.")
    return content
