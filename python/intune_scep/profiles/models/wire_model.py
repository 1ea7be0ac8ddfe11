"""What every model does: read a wire object without loss and give it back."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, get_args

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel

from intune_scep.profiles.flags import Flags
from intune_scep.profiles.models.readers import Reader, read_texts, reader_of
from intune_scep.profiles.vocabulary import Texts
from intune_scep.profiles.wire import copy_json

_IRREGULAR: Final = {"min_os_version": "minOSVersion", "max_os_version": "maxOSVersion"}
_FIELDS_SET: Final = "__pydantic_fields_set__"
# What pydantic keeps in slots of its own, and a model that was read has no use for.
_NEVER_SET: Final = frozenset({"_sent", "__pydantic_extra__", "__pydantic_private__"})
_set: Final = object.__setattr__


def _wire_name(field: str) -> str:
    return _IRREGULAR.get(field) or to_camel(field)


class WireModel(BaseModel):
    """A JSON object of Graph with typed fields over it.

    The object is kept as it came, so that nothing is lost; the fields are a read-only view of it.
    A field is None when the property is null, absent or malformed: `to_wire()` tells which.
    Fields are named like the wire properties, in Python style; properties that have no field are
    in `unknown`. A model may also be made from fields and then holds exactly what was given.

    A model that was read validates a property when its field is first asked for. Doing so twice
    at once, in two threads, is harmless.
    """

    __slots__ = ("_malformed", "_sent")

    model_config = ConfigDict(
        alias_generator=_wire_name,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        defer_build=True,
    )

    if TYPE_CHECKING:
        _sent: dict[str, Any] | None  # The wire object that was read; None if made from fields.
        _malformed: tuple[str, ...]
    else:

        def __getattr__(self, name: str) -> Any:
            """What is not there yet: a field of a model that was read, or what is known of all."""
            if name in _NEVER_SET:
                return None
            wire = self._sent
            field = None if wire is None else _fields(type(self)).get(name)
            if field is not None:
                value = wire.get(field[0])
                return self.__dict__.setdefault(name, None if value is None else field[1](value))
            if name == "_malformed":
                found = self._validate()
            elif name == _FIELDS_SET and wire is not None:
                names = _wire_names(type(self))
                found = {names[item] for item in wire if item in names} - {
                    names[item] for item in self.malformed
                }
            else:
                return super().__getattr__(name)
            _set(self, name, found)
            return found

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any], *, copy: bool = True) -> Self:
        """Read a wire object. No value of it raises: see `malformed`.

        Args:
            copy: False where nobody else has the object or will change it: a `dict`, which is then
                kept itself.
        """
        model = cls.__new__(cls)
        _set(model, "_sent", copy_json(dict(wire)) if copy else wire)
        return model

    @classmethod
    def sound_from(cls, wire: dict[str, Any]) -> Self | None:
        """Read an object that nobody else has, whole and at once; None if it has a malformed value.

        For the small objects inside profiles, of which there are many.
        """
        model = cls.__new__(cls)
        _set(model, "_sent", wire)
        known = model.__dict__
        for field, (wire_name, read) in _fields(cls).items():
            value = wire.get(wire_name)
            if value is not None:
                value = read(value)
                if value is None:
                    return None
            known[field] = value
        return model

    @property
    def malformed(self) -> tuple[str, ...]:
        """Wire names of the properties whose value has an unexpected JSON type.

        Their fields are None; `to_wire()` has the values.
        """
        return self._malformed

    def malformed_of(self, wire_names: Iterable[str]) -> list[str]:
        """Which of some properties are among `malformed`, without looking at the others."""
        wire, fields = self._sent or {}, _wire_names(type(self))
        return [
            name
            for name in wire_names
            if wire.get(name) is not None and name in fields and getattr(self, fields[name]) is None
        ]

    def values_of(self, fields: Iterable[str]) -> list[Any]:
        """Some fields at once, which costs less than one by one."""
        wire = self._sent
        if wire is None:
            return [getattr(self, field) for field in fields]
        known, readers = self.__dict__, _fields(type(self))
        found = []
        for field in fields:
            if field in known:
                found.append(known[field])
                continue
            wire_name, read = readers[field]
            value = wire.get(wire_name)
            value = known[field] = None if value is None else read(value)
            found.append(value)
        return found

    def texts_of(self, field: str) -> Texts | None:
        """What a list of objects says whose fields are all texts, without a model of each.

        Returns:
            The fields of each object in the order of declaration; None where the field is.
        """
        wire_name, fields, names = _texts_in(type(self), field)
        sent = self._sent
        value = (self._from_fields() if sent is None else sent).get(wire_name)
        if value is None:
            return None
        rows = read_texts(names, value)
        if rows is not None:
            return rows
        objects: list[WireModel] | None = getattr(self, field)
        if objects is None:
            return None
        return tuple([tuple(item.values_of(fields)) for item in objects])

    @property
    def unknown(self) -> dict[str, Any]:
        """The properties and annotations this model has no field for, as a copy."""
        known = {"@odata.type", *_wire_names(type(self))}
        wire = self._sent or {}
        return {name: copy_json(value) for name, value in wire.items() if name not in known}

    @property
    def wire(self) -> Mapping[str, Any]:
        """The wire object to look at, not to change: `to_wire()` is a copy."""
        return MappingProxyType(self._held())

    def _held(self) -> dict[str, Any]:
        return self._from_fields() if self._sent is None else self._sent

    def to_wire(self) -> dict[str, Any]:
        """The wire object, equal to the one read in every value and in the order of keys.

        A copy: changing it does not change the model.
        """
        wire: dict[str, Any] = copy_json(self._held())
        return wire

    def __eq__(self, other: object) -> bool:
        """Equal JSON, whatever the order of keys (1 is not 1.0); for meaning: `normal_form`."""
        if not isinstance(other, WireModel):
            return NotImplemented
        return type(self) is type(other) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def _canonical(self) -> str:
        return json.dumps(self._held(), sort_keys=True)

    def _from_fields(self) -> dict[str, Any]:
        return {
            wire_name: _to_json(getattr(self, field))
            for wire_name, field in _wire_names(type(self)).items()
            if field in self.model_fields_set
        }

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A model with some fields changed; everything else, unknown properties too, stays.

        Raises:
            KeyError: A name in `update` is not a field.
        """
        names = {field: wire_name for wire_name, field in _wire_names(type(self)).items()}
        changes = {names[field]: _to_json(value) for field, value in (update or {}).items()}
        # The values that stay are shared: no model ever changes its wire object.
        return self.from_wire({**self._held(), **copy_json(changes)}, copy=deep)

    def _validate(self) -> tuple[str, ...]:
        """Read every field, and give the wire names of those whose value is not of its type."""
        wire = self._sent
        if wire is None:
            return ()
        known = self.__dict__
        odd = []
        for field, (wire_name, read) in _fields(type(self)).items():
            value = wire.get(wire_name)
            if field not in known:
                known.setdefault(field, None if value is None else read(value))
            if value is not None and known[field] is None:
                odd.append(wire_name)
        return tuple(name for name in wire if name in odd) if odd else ()

    def _read_all(self) -> None:
        """Have every field there, and in the order of declaration, for what walks them all."""
        if self._sent is not None:
            _set(self, "__dict__", {field: getattr(self, field) for field in _fields(type(self))})

    @model_serializer(mode="wrap")  # Without a type of its own, so that the schema stays.
    def _serialize(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        self._read_all()
        return handler(self)

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        self._read_all()
        yield from super().__iter__()

    def __repr_args__(self) -> Any:
        self._read_all()
        return super().__repr_args__()

    def __copy__(self) -> Self:
        if self._sent is None:
            return super().__copy__()
        return self.from_wire(self._sent, copy=False)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        if self._sent is None:
            return super().__deepcopy__(memo)
        return self.from_wire(self._sent)

    def __getstate__(self) -> dict[Any, Any]:
        return super().__getstate__() if self._sent is None else {"sent": self._sent}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        if "sent" in state:
            _set(self, "_sent", state["sent"])
        else:
            super().__setstate__(state)


@cache
def _fields(model: type[WireModel]) -> dict[str, tuple[str, Reader]]:
    """Field to wire name and to what reads a value of it, in the order of declaration."""
    return {
        field: (wire_name, reader_of(_type_of(model, field)))
        for wire_name, field in _wire_names(model).items()
    }


@cache
def _texts_in(model: type[WireModel], field: str) -> tuple[str, list[str], list[str]]:
    """The wire name of a list of objects, and the fields and wire names of those."""
    [listed, _] = get_args(_type_of(model, field))
    [item] = get_args(listed)
    names = _wire_names(item)
    return _fields(model)[field][0], [*names.values()], [*names]


def _type_of(model: type[WireModel], field: str) -> Any:
    return model.model_fields[field].annotation


@cache
def _wire_names(model: type[WireModel]) -> dict[str, str]:
    """Wire name to field name, in the order of declaration."""
    return {info.alias or _wire_name(field): field for field, info in model.model_fields.items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, WireModel):
        return value.to_wire()
    if isinstance(value, Flags):
        return value.to_json()
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value
