"""One Graph object as a file of another tool has it, made into what Graph itself would send. Pure.

What the tools add or take away is known from their sources: IntuneManagement
(github.com/Micke-K/IntuneManagement, `Extensions/MSGraph.psm1`) adds `#CustomRef_` keys with the
name and type of what a link leads to; IntuneCD (github.com/almenscorner/IntuneCD,
`intunecdlib/BaseBackupModule.py` and `BaseGraphModule.py`) takes the ids out and writes names in
their place; the PowerShell SDK puts what its classes do not know under `AdditionalProperties`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from intune_scep.declarations.names import looks_like_id
from intune_scep.declarations.strangers import ODATA_TYPE, odata_type_of
from intune_scep.profiles import ProfileType, find_profile_type
from intune_scep.profiles.targets import FILTER_ID
from intune_scep.profiles.wire import is_annotation

Wire = dict[str, Any]
_CUSTOM_REFERENCE: Final = "#customref_rootcertificate"
_REFERENCE_PARTS: Final = "|:|"
_BIND: Final = "rootcertificate@odata.bind"
_ROOT: Final = "rootcertificate"
_ROOT_ID: Final = "rootcertificateid"
_ROOT_NAME: Final = "rootcertificatedisplayname"
_ROOT_KEYS: Final = frozenset({_CUSTOM_REFERENCE, _BIND, _ROOT, _ROOT_ID, _ROOT_NAME})
_MORE: Final = "AdditionalProperties"
_LINKED_ID: Final = re.compile(r"deviceConfigurations(?:\('|/)([0-9A-Za-z-]{1,64})", re.IGNORECASE)
_TYPE_NAME: Final = re.compile(r"microsoft\.graph\.\w+")
_ID_IN_NAME: Final = re.compile(r"_([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")
_CUT: Final = re.compile(r"@\{.*|System\.(?:Object\[\]|Collections\..*|Management\..*)", re.DOTALL)
_TAGS: Final = "roleScopeTagIds"


@dataclass(frozen=True)
class RootHint:
    """What a file says of the trusted root that a SCEP profile points at.

    Attributes:
        odata_type: Type of the root beside `name`.
        wire: The root itself, where it stands inside the profile.
        unbound: The file says that there is none; the rest is None then.
    """

    id: str | None = None
    name: str | None = None
    odata_type: str | None = None
    wire: Mapping[str, Any] | None = None
    unbound: bool = False

    def __str__(self) -> str:
        return repr(self.name) if self.name else f"id {self.id}" if self.id else "one without name"


@dataclass(frozen=True)
class GraphObject:
    """A certificate profile out of a file.

    Attributes:
        wire: As Graph would send it.
        hint: None if the file says nothing of its root.
        groups, filters, scope_tags: By id the names that the file itself has. Where it has a name
            in place of an id, the name stands for both.
        cut: Wire properties whose value was lost when it was exported.
    """

    wire: Wire
    hint: RootHint | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    scope_tags: Mapping[str, str] = field(default_factory=dict)
    cut: tuple[str, ...] = ()


def plain(value: Any) -> Any:
    """What YAML may hold as JSON would: keys are text, and so are days and times."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float) else str(value)


def unfolded(entry: Mapping[str, Any]) -> Wire:
    """An object as the PowerShell SDK shows it, in Graph's form; any other as it is."""
    if not isinstance(entry.get(_MORE), Mapping):
        return dict(entry)
    return {name: value for name, value in _unfold(entry).items() if value is not None}


def _unfold(value: Any) -> Any:
    if isinstance(value, list):
        return [_unfold(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    more = value.get(_MORE)
    own = {f"{name[:1].lower()}{name[1:]}": _unfold(item) for name, item in value.items()}
    own.pop(f"{_MORE[:1].lower()}{_MORE[1:]}", None)
    return {**own, **(_unfold(more) if isinstance(more, Mapping) else {})}


def type_of(entry: Mapping[str, Any], context: object = None) -> str | None:
    """The type of an object; where it has none, that of the listing which it is from.

    Args:
        context: `@odata.context` of the answer it stands in.
    """
    found = odata_type_of(entry)
    if found is not None:
        return found
    for text in (entry.get("@odata.context"), context):
        names = _TYPE_NAME.findall(text) if isinstance(text, str) else []
        if names and find_profile_type(names[-1]) is not None:
            return f"#{names[-1]}"
    return None


def graph_object(entry: Mapping[str, Any], odata_type: str, file: Path) -> GraphObject:
    """Read an object whose type is a certificate profile.

    Args:
        file: Where it is from: IntuneCD writes the id into the name of the file, and only there.
    """
    row = find_profile_type(odata_type)
    wire: Wire = {ODATA_TYPE: odata_type}
    for name, value in entry.items():
        if not _is_added(name, row):
            wire[name] = value
    if not wire.get("id") and (match := _ID_IN_NAME.search(file.stem)) is not None:
        wire["id"] = match[1]
    groups, filters = _name_targets(wire)
    return GraphObject(
        wire,
        _hint(entry) if row is not None else None,
        groups,
        filters,
        _scope_tags(wire),
        tuple(_cut(wire)),
    )


def _is_added(name: str, row: ProfileType | None) -> bool:
    """Whether a key is none of a profile: annotations, actions, and what tools add."""
    if row is not None and row.has(name):
        return False
    return name.startswith("#") or is_annotation(name) or name.lower() in _ROOT_KEYS


def _hint(entry: Mapping[str, Any]) -> RootHint | None:
    given = {name.lower(): value for name, value in entry.items() if value not in (None, "", [])}
    inside = given.get(_ROOT)
    wire = inside if isinstance(inside, Mapping) else {}
    reference = given.get(_CUSTOM_REFERENCE)
    parts = reference.split(_REFERENCE_PARTS) if isinstance(reference, str) else []
    linked = [given.get(_BIND), wire.get("@odata.id"), *parts[2:]]
    ids = [match for text in linked for match in _ids_in(text)]
    ids += [value for value in (wire.get("id"), given.get(_ROOT_ID)) if isinstance(value, str)]
    names = [*parts[:1], wire.get("displayName"), given.get(_ROOT_NAME)]
    named = [name for name in names if isinstance(name, str) and name]
    if not ids and not named and not wire:
        return None
    types = [*parts[1:2], odata_type_of(wire)]
    return RootHint(
        ids[0] if ids else None,
        named[0] if named else None,
        next((name for name in types if name), None),
        wire or None,
    )


def _ids_in(value: Any) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        match = _LINKED_ID.search(text) if isinstance(text, str) else None
        if match is not None:
            yield match[1]


def _name_targets(wire: Wire) -> tuple[dict[str, str], dict[str, str]]:
    """Take names that stand in assignments for ids, in place, and say which they are."""
    groups: dict[str, str] = {}
    filters: dict[str, str] = {}
    assignments = wire.get("assignments")
    for item in assignments if isinstance(assignments, list) else ():
        target = item.get("target") if isinstance(item, dict) else None
        if not isinstance(target, dict):
            continue
        name = target.pop("groupName", None) or target.pop("groupDisplayName", None)
        if isinstance(name, str) and name:
            groups[str(target.setdefault("groupId", name) or name)] = name
        chosen = target.get(FILTER_ID)
        if isinstance(chosen, str) and chosen and not looks_like_id(chosen):
            filters[chosen] = chosen
    return groups, filters


def _scope_tags(wire: Wire) -> dict[str, str]:
    tags = wire.get(_TAGS)
    texts = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    return {tag: tag for tag in texts if tag and not tag.isdecimal()}


def _cut(wire: Wire) -> Iterator[str]:
    """Properties of which PowerShell's ConvertTo-Json wrote only the name of a class."""
    for name, value in wire.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(item, str) and _CUT.fullmatch(item) for item in values):
            yield name
