"""What every model does: read a wire object without loss and give it back."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from pydantic.alias_generators import to_camel

from intune_scep.profiles.flags import Flags
from intune_scep.profiles.wire import copy_json

_IRREGULAR = {"min_os_version": "minOSVersion", "max_os_version": "maxOSVersion"}


def _wire_name(field: str) -> str:
    return _IRREGULAR.get(field) or to_camel(field)


class WireModel(BaseModel):
    """A JSON object of Graph with typed fields over it.

    The object is kept as it came, so that nothing is lost; the fields are a read-only view of it.
    A field is None when the property is null, absent or malformed: `to_wire()` tells which.
    Fields are named like the wire properties, in Python style; properties that have no field are
    in `unknown`. A model may also be made from fields and then holds exactly what was given.
    """

    model_config = ConfigDict(
        alias_generator=_wire_name,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        defer_build=True,
    )

    _wire: dict[str, Any] | None = PrivateAttr(default=None)
    _malformed: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Read a wire object. No value of it raises: see `malformed`."""
        own = copy_json(dict(wire))
        try:
            model = cls.model_validate(own, by_alias=True, by_name=False, extra="ignore")
        except ValidationError as error:
            model = cls._from_malformed(own, error)
        model._wire = own
        model._adopt_nested(own)
        return model

    @classmethod
    def _from_malformed(cls, own: dict[str, Any], error: ValidationError) -> Self:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = {detail["loc"][0] for detail in details}
        sound = {name: value for name, value in own.items() if name not in wrong}
        model = cls.model_validate(sound, by_alias=True, by_name=False, extra="ignore")
        model._malformed = tuple(name for name in own if name in wrong)
        return model

    def _adopt_nested(self, own: dict[str, Any]) -> None:
        """Let nested models, too, give back the wire objects they came from."""
        for field, wire_name in _nested_fields(type(self)):
            value = getattr(self, field)
            if isinstance(value, WireModel):
                value._wire = own[wire_name]
            elif value:
                for item, item_wire in zip(value, own[wire_name], strict=True):
                    item._wire = item_wire

    @property
    def malformed(self) -> tuple[str, ...]:
        """Wire names of the properties whose value has an unexpected JSON type.

        Their fields are None; `to_wire()` has the values.
        """
        return self._malformed

    @property
    def unknown(self) -> dict[str, Any]:
        """The properties and annotations this model has no field for, as a copy."""
        known = {"@odata.type", *_wire_names(type(self))}
        wire = self._wire or {}
        return {name: copy_json(value) for name, value in wire.items() if name not in known}

    def to_wire(self) -> dict[str, Any]:
        """The wire object, equal to the one read in every value and in the order of keys.

        A copy: changing it does not change the model.
        """
        wire: dict[str, Any] = copy_json(self._from_fields() if self._wire is None else self._wire)
        return wire

    def __eq__(self, other: object) -> bool:
        """Equal JSON, whatever the order of keys (1 is not 1.0); for meaning: `normal_form`."""
        if not isinstance(other, WireModel):
            return NotImplemented
        return type(self) is type(other) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def _canonical(self) -> str:
        return json.dumps(self.to_wire(), sort_keys=True)

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
        return self.from_wire({**self.to_wire(), **changes})


@cache
def _wire_names(model: type[WireModel]) -> dict[str, str]:
    """Wire name to field name, in the order of declaration."""
    return {str(info.alias): field for field, info in model.model_fields.items()}


@cache
def _nested_fields(model: type[WireModel]) -> tuple[tuple[str, str], ...]:
    """Field and wire name of the fields that hold models."""
    return tuple(
        (field, wire_name)
        for wire_name, field in _wire_names(model).items()
        if _holds_models(model.model_fields[field].annotation)
    )


def _holds_models(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return True
    return any(_holds_models(argument) for argument in get_args(annotation))


def _to_json(value: Any) -> Any:
    if isinstance(value, WireModel):
        return value.to_wire()
    if isinstance(value, Flags):
        return value.to_json()
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value
