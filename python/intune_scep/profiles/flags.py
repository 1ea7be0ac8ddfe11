"""The value of a flags property: a comma-separated string on the wire, a set in meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from intune_scep.memory import remembered

if TYPE_CHECKING:
    from enum import StrEnum

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Flags:
    """Members of a flags enumeration, with the spelling and order in which they were sent.

    Two values are equal when they have the same members (letter case counts): Graph returns
    `keyEncipherment,digitalSignature` whatever order it was sent (GRAPH.md 3.2). Unknown members
    are members like any other. `none` is a member, so `Flags("none") != Flags("")`.

    Args:
        wire: The string as it is on the wire.
    """

    __slots__ = ("_wire",)

    def __init__(self, wire: str) -> None:
        self._wire = wire

    @property
    def wire(self) -> str:
        """The string as it came."""
        return self._wire

    @classmethod
    def of(cls, members: Iterable[str], known: type[StrEnum]) -> Self:
        """Build a value from members, in the bit order of `known`, duplicates once.

        Members that `known` does not have come last, in the order given.

        Raises:
            ValueError: No member is given; an empty flags string has no meaning to Graph.
        """
        given = dict.fromkeys(str(member) for member in members)
        if not given:
            raise ValueError("a flags value needs at least one member")
        ordered = [member.value for member in known if member.value in given]
        ordered += [member for member in given if member not in ordered]
        return cls(",".join(ordered))

    @property
    def members(self) -> frozenset[str]:
        """The members, without surrounding blanks."""
        return _members(self._wire)

    def to_json(self) -> str | list[str]:
        """The value as Graph's JSON has it."""
        return self._wire

    def __contains__(self, member: object) -> bool:
        return member in self.members

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.members))

    def __len__(self) -> int:
        return len(self.members)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flags):
            return NotImplemented
        return self.members == other.members

    def __hash__(self) -> int:
        return hash(self.members)

    def __str__(self) -> str:
        return self._wire

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.union_schema(
            [
                core_schema.no_info_after_validator_function(
                    cls, core_schema.str_schema(strict=True)
                ),
                core_schema.is_instance_schema(cls),
            ],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_json),
        )


@remembered
def _members(wire: str) -> frozenset[str]:
    return frozenset(part.strip() for part in wire.split(",") if part.strip())


class FlagsCollection(Flags):
    """Flags that the wire carries as a JSON array (`hashAlgorithm` of windows10X)."""

    __slots__ = ()

    def to_json(self) -> list[str]:
        """The members as Graph's JSON array."""
        return [part.strip() for part in self._wire.split(",") if part.strip()]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.union_schema(
            [
                core_schema.no_info_after_validator_function(
                    lambda members: cls(",".join(members)),
                    core_schema.list_schema(core_schema.str_schema(strict=True), strict=True),
                ),
                core_schema.is_instance_schema(cls),
            ],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_json),
        )
