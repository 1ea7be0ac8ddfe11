"""The simulator's own table of Graph types, read from `schema.json` beside this file.

Certificate types: CSDL of Graph beta (GRAPH.md 0). Types marked `partial` (Wi-Fi, VPN, wired,
e-mail, device features, PKCS) are there so that a dependant and its links can exist: their
properties are not complete, so unknown ones are kept as sent.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

NAMESPACE = "microsoft.graph."
DEVICE_CONFIGURATION = "deviceConfiguration"
RESOURCE_ACCESS_PROFILE = "deviceManagementResourceAccessProfileBase"


@dataclass(frozen=True)
class PropertyType:
    """Type of a structural property: `name` is `Edm.*`, a complex type or an enum."""

    name: str
    collection: bool
    nullable: bool


@dataclass(frozen=True)
class Navigation:
    """A navigation property: the type it leads to and whether it is a collection."""

    target: str
    collection: bool


@dataclass(frozen=True)
class EnumType:
    """An enum: members in the order of their values, and whether they combine."""

    name: str
    members: tuple[str, ...]
    flags: bool


@dataclass(frozen=True)
class StructuredType:
    """An entity or complex type with everything it inherits.

    Args:
        name: Without namespace.
        chain: The type and its bases, the most derived first.
        abstract: No instance has exactly this type.
        partial: The table does not know every property of the type.
        binds: What happens to `@odata.bind` on create: `kept`, `dropped` or `rejected`
            (GRAPH.md 3.4).
        properties: Own and inherited, base first.
        navigation: Own and inherited.
        only_on_select: Properties shown only when `$select` names them.
    """

    name: str
    chain: tuple[str, ...]
    abstract: bool
    partial: bool
    binds: str
    properties: Mapping[str, PropertyType]
    navigation: Mapping[str, Navigation]
    only_on_select: frozenset[str]

    @property
    def wire_name(self) -> str:
        """The `@odata.type` of an instance."""
        return f"#{NAMESPACE}{self.name}"

    def is_a(self, name: str) -> bool:
        """Whether the type is `name` or derives from it."""
        return name in self.chain


@cache
def _table() -> Mapping[str, Any]:
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


@cache
def entity_type(name: str) -> StructuredType | None:
    """The entity type called `name` (no namespace), or None."""
    return _structured(name, _table()["entities"])


@cache
def complex_type(name: str) -> StructuredType | None:
    """The complex type called `name` (no namespace), or None."""
    return _structured(name, _table()["complex"])


@cache
def enum_type(name: str) -> EnumType | None:
    """The enum called `name` (no namespace), or None."""
    row = _table()["enums"].get(name)
    if row is None:
        return None
    return EnumType(name=name, members=tuple(row["members"]), flags=row["flags"])


def require_entity_type(name: str) -> StructuredType:
    """The entity type called `name`.

    Raises:
        KeyError: The table does not have it.
    """
    found = entity_type(name)
    if found is None:
        raise KeyError(name)
    return found


def entity_names() -> Iterator[str]:
    """Names of every entity type."""
    return iter(_table()["entities"])


@cache
def derived_names(name: str) -> tuple[str, ...]:
    """Names of the concrete types that are `name` or derive from it."""
    rows = _table()["entities"]
    return tuple(
        each
        for each, row in rows.items()
        if not row.get("abstract", False) and name in _chain(each, rows)
    )


def strip_namespace(type_name: str) -> str:
    """`#microsoft.graph.x`, `microsoft.graph.x` and `x` all become `x`."""
    return type_name.removeprefix("#").removeprefix(NAMESPACE)


def _structured(name: str, rows: Mapping[str, Any]) -> StructuredType | None:
    if name not in rows:
        return None
    chain = tuple(_chain(name, rows))
    properties: dict[str, PropertyType] = {}
    navigation: dict[str, Navigation] = {}
    for ancestor in reversed(chain):
        row = rows[ancestor]
        properties |= {key: _property(text) for key, text in row["properties"].items()}
        navigation |= {key: _navigation(text) for key, text in row.get("navigation", {}).items()}
    row = rows[name]
    return StructuredType(
        name=name,
        chain=chain,
        abstract=row.get("abstract", False),
        partial=any(rows[each].get("partial", False) for each in chain),
        binds=row.get("binds", "kept"),
        properties=properties,
        navigation=navigation,
        only_on_select=frozenset(row.get("onlyOnSelect", ())),
    )


def _chain(name: str | None, rows: Mapping[str, Any]) -> Iterator[str]:
    while name is not None:
        yield name
        name = rows[name]["base"]


def _property(text: str) -> PropertyType:
    nullable = text.endswith("?")
    name = text.removesuffix("?")
    collection = name.startswith("[")
    return PropertyType(name=name.strip("[]"), collection=collection, nullable=nullable)


def _navigation(text: str) -> Navigation:
    return Navigation(target=text.strip("[]"), collection=text.startswith("["))
