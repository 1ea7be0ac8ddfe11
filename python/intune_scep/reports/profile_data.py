"""The profiles as the page's script reads them: each text once, named by its number. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from intune_scep.compliance import CheckedProfile
from intune_scep.reports.words import SEVERITIES
from intune_scep.rules import Finding
from intune_scep.texts import printable

T = TypeVar("T")
# What could end a script element, or begin a comment in it; JSON has them in texts only.
_MARKUP: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_FINDING: Final[Mapping[str, Callable[[Finding], str]]] = {
    "rule": lambda item: item.rule_id,
    "severity": lambda item: item.severity.value,
    "severity_words": lambda item: SEVERITIES[item.severity],
    "message": lambda item: item.message,
    "remedy": lambda item: item.remedy,
    "property": lambda item: item.property,
    "source": lambda item: item.source,
    "accepted": lambda item: (
        f"Accepted until {item.waived.expires}: {item.waived.reason}" if item.waived else ""
    ),
    "expired": lambda item: (
        f"Its waiver expired on {item.expired_waiver.expires}: {item.expired_waiver.reason}"
        if item.expired_waiver
        else ""
    ),
}


@dataclass(frozen=True)
class ProfileView:
    """A profile with what the page shows of it at a glance.

    Attributes:
        edge: How urgent it looks: a severity; `none` if there is nothing to do.
        verdict: Its words; empty for what is no SCEP profile.
        findings: The worst first.
    """

    profile: CheckedProfile
    name: str
    platform: str
    kind: str
    verdict: str
    edge: str
    errors: int
    warnings: int
    findings: tuple[Finding, ...]


class _Numbered(Generic[T]):
    """Values, each once, in the order of their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def of(self, value: T) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> list[T]:
        return list(self._numbers)


def profile_data(views: Sequence[ProfileView], roots: Mapping[str, int]) -> str:
    """JSON that may stand in a script element: a list of columns for each list of rows.

    Names and ids stand in their rows, every other text in `texts`. One row is one line.

    Args:
        views: In the order of the page.
        roots: Places of the trusted root profiles, by name.
    """
    texts: _Numbered[str] = _Numbered()
    findings: _Numbered[tuple[int, ...]] = _Numbered()

    def text(value: str | None) -> int | None:
        return None if value is None else texts.of(value)

    def several(values: Iterable[str] | None) -> list[int] | None:
        return None if values is None else [texts.of(value) for value in values]

    def finding(item: Finding) -> int:
        return findings.of(tuple(texts.of(read(item)) for read in _FINDING.values()))

    columns: Mapping[str, Callable[[ProfileView], Any]] = {
        "name": lambda view: printable(view.name),
        "id": lambda view: printable(view.profile.id or ""),
        "edge": lambda view: text(view.edge),
        "platform": lambda view: text(view.platform),
        "kind": lambda view: text(view.kind),
        "verdict": lambda view: text(view.profile.verdict and view.profile.verdict.value),
        "verdict_words": lambda view: text(view.verdict),
        "reason": lambda view: text(view.profile.reason),
        "certificate_type": lambda view: text(view.profile.certificate_type),
        "root": lambda view: text(view.profile.root),
        "root_row": lambda view: roots.get(view.profile.root or ""),
        "type": lambda view: text(view.profile.odata_type),
        "assigned": lambda view: several(view.profile.assignments),
        "used_by": lambda view: several(view.profile.used_by),
        "findings": lambda view: [finding(item) for item in view.findings],
    }
    rows = [tuple(read(view) for read in columns.values()) for view in views]
    parts = {
        "profile_columns": list(columns),
        "finding_columns": list(_FINDING),
        "texts": map(printable, texts.values()),
        "findings": findings.values(),
        "profiles": rows,
    }
    lines = ",\n".join(f"{_dumped(name)}:{_listed(values)}" for name, values in parts.items())
    return f"{{{lines}}}".translate(_MARKUP)


def _listed(values: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(map(_dumped, values)) + "]"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
