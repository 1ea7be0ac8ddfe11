"""Request bodies checked against the schema table and brought into the form Graph returns."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.graph_errors import GraphError, bad_request, internal_error
from intune_scep.simulator.messages import Request, dump_json, finite_float
from intune_scep.simulator.schema import (
    DEVICE_CONFIGURATION,
    EnumType,
    PropertyType,
    StructuredType,
    complex_type,
    entity_type,
    enum_type,
    strip_namespace,
)

READ_ONLY = frozenset(
    {"id", "createdDateTime", "creationDateTime", "lastModifiedDateTime", "version"}
)
"""Properties Graph sets itself and ignores in a body."""

NOT_CONFIGURED = frozenset({"hashAlgorithm", "keySize", "keyStorageProvider", "keyUsage"})
"""Properties of certificate profiles that take null, "Not configured" in the admin center.

The metadata forbids it, the admin center's own form offers it (DOMAIN.md 5.1); of `keyUsage` no
source says so.
"""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LARGEST = {
    "customSubjectAlternativeNames": 500,
    "subjectAlternativeNameFormats": 500,
    "extendedKeyUsages": 500,
    "silentCertificateAccessDetails": 50,
}
_RANGES = {"renewalThresholdPercentage": range(1, 100)}
_SUBJECT_ALTERNATIVE_NAMES = frozenset(
    {"customSubjectAlternativeName", "windows10XCustomSubjectAlternativeName"}
)


def read_object(request: Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object."""
    try:
        content = json.loads(
            request.body, parse_constant=_refuse_constant, parse_float=finite_float
        )
        # A lone surrogate is JSON and yet no text.
        dump_json(content).encode()
    except (ValueError, RecursionError):
        raise bad_request("Unable to read JSON request payload.") from None
    if not isinstance(content, dict):
        raise bad_request("Unable to read JSON request payload: an object is expected.")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def read_type(body: Mapping[str, Any], base: str) -> StructuredType:
    """The concrete type a body declares, which must derive from `base`."""
    declared = body.get("@odata.type")
    if not isinstance(declared, str) or not declared:
        raise bad_request(
            f"Must have valid @odata.type: cannot create an abstract class of type '{base}'."
        )
    name = strip_namespace(declared)
    kind = entity_type(name)
    if kind is None or not kind.is_a(base):
        raise bad_request(
            f"A type named 'microsoft.graph.{name}' could not be resolved by the model. When a"
            " model is available, each type name must resolve to a valid type."
        )
    if kind.abstract:
        raise bad_request(f"Cannot create an abstract class: 'microsoft.graph.{name}'.")
    return kind


def new_entity(
    kind: StructuredType, body: Mapping[str, Any], computed: Mapping[str, Any]
) -> dict[str, Any]:
    """The stored form of a created entity: every declared property, in the table's order.

    Args:
        kind: Its type.
        body: Properties sent, annotations aside.
        computed: Properties Graph sets itself.
    """
    given = checked_properties(kind, body)
    entity: dict[str, Any] = {"@odata.type": kind.wire_name}
    for name, declared in kind.properties.items():
        if name in computed:
            entity[name] = computed[name]
        elif name in given:
            entity[name] = given.pop(name)
        else:
            entity[name] = _unset(kind, name, declared)
    return entity | given


def checked_properties(kind: StructuredType, body: Mapping[str, Any]) -> dict[str, Any]:
    """The writable properties of a body, checked and normalised.

    Raises:
        GraphError: 400 for what the model does not allow, 500 for an empty subject alternative
            name (GRAPH.md 3.2).
    """
    checked: dict[str, Any] = {}
    for name, value in body.items():
        if "@" in name or name in READ_ONLY:
            continue
        declared = kind.properties.get(name)
        if declared is not None:
            checked[name] = _checked(name, value, declared)
        elif name in kind.navigation or not kind.partial:
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind.name}'. Make"
                " sure to only use property names that are defined by the type."
            )
        else:
            checked[name] = value
    return checked


def _unset(kind: StructuredType, name: str, declared: PropertyType) -> Any:
    if declared.collection:
        return ["0"] if name == "roleScopeTagIds" else []
    if declared.nullable:
        return None
    if declared.name in ("Edm.String", "Edm.Binary"):
        raise bad_request(
            f"The property '{name}' of 'microsoft.graph.{kind.name}' is required and was not sent."
        )
    if name == "supportsScopeTags":
        return kind.is_a(DEVICE_CONFIGURATION)
    return default_value(declared)


def default_value(declared: PropertyType) -> Any:
    """What a non-nullable property holds when nobody set it: its type's zero, as .NET has it."""
    if declared.collection:
        return []
    enum = enum_type(declared.name)
    if enum is not None:
        return enum.members[0]
    return {"Edm.Boolean": False, "Edm.DateTimeOffset": "0001-01-01T00:00:00Z"}.get(
        declared.name, 0 if declared.name.startswith("Edm.Int") else ""
    )


def _checked(name: str, value: Any, declared: PropertyType) -> Any:
    if value is None:
        if declared.nullable:
            return [] if declared.collection and name != "roleScopeTagIds" else None
        if name in NOT_CONFIGURED and not declared.collection:
            return None
        raise bad_request(
            f"A null value was found for the property named '{name}', which has the expected type"
            f" '{declared.name}[Nullable=False]'."
        )
    if not declared.collection:
        return _checked_item(name, value, declared)
    if not isinstance(value, list):
        raise bad_request(f"The property '{name}' is a collection; an array is expected.")
    if len(value) > _LARGEST.get(name, len(value)):
        raise bad_request(f"The property '{name}' can contain at most {_LARGEST[name]} elements.")
    return [_checked_item(name, item, declared) for item in value]


def _checked_item(name: str, value: Any, declared: PropertyType) -> Any:
    check = _PRIMITIVES.get(declared.name)
    if check is not None:
        return check(name, value)
    enum = enum_type(declared.name)
    if enum is not None:
        return _checked_enum(name, value, enum)
    return checked_complex(name, value, declared.name)


def _checked_enum(name: str, value: Any, enum: EnumType) -> str:
    if not isinstance(value, str):
        raise _unconvertible(name, value, enum.name)
    chosen = [part.strip() for part in value.split(",")] if enum.flags else [value]
    if not all(part in enum.members for part in chosen):
        raise bad_request(
            f"Requested value '{value}' was not found in 'microsoft.graph.{enum.name}' for the"
            f" property '{name}'."
        )
    # Flags come back in bit order, whatever order they were sent in.
    return ",".join(member for member in enum.members if member in chosen)


def checked_complex(name: str, value: Any, declared: str) -> dict[str, Any]:
    """A complex value, checked; of a derived type when it says so."""
    if not isinstance(value, dict):
        raise _unconvertible(name, value, declared)
    kind = _complex_kind(name, value, declared)
    for key in value:
        if "@" not in key and key not in kind.properties:
            raise bad_request(
                f"The property '{key}' does not exist on type 'microsoft.graph.{kind.name}'."
            )
    complex_value: dict[str, Any] = {}
    if kind.name != declared:
        complex_value["@odata.type"] = kind.wire_name
    for key, inner in kind.properties.items():
        if key in value:
            complex_value[key] = _checked(key, value[key], inner)
        elif inner.nullable:
            complex_value[key] = None
        elif inner.name == "Edm.String" or kind.name in _SUBJECT_ALTERNATIVE_NAMES:
            raise bad_request(f"The property '{key}' in '{name}' is required and was not sent.")
        else:
            complex_value[key] = default_value(inner)
    if kind.name in _SUBJECT_ALTERNATIVE_NAMES and not (complex_value["name"] or "").strip():
        raise internal_error()
    return complex_value


def _complex_kind(name: str, value: Mapping[str, Any], declared: str) -> StructuredType:
    wanted = value.get("@odata.type", declared)
    kind = complex_type(strip_namespace(wanted)) if isinstance(wanted, str) else None
    if kind is None or not kind.is_a(declared):
        raise bad_request(f"A type named '{wanted}' could not be resolved by the model ('{name}').")
    if kind.abstract:
        raise bad_request(f"The value of '{name}' must have a valid @odata.type.")
    return kind


def _string(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _unconvertible(name, value, "Edm.String")


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _unconvertible(name, value, "Edm.Boolean")


def _integer(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
        raise _unconvertible(name, value, "Edm.Int32")
    allowed = _RANGES.get(name)
    if allowed is not None and value not in allowed:
        raise bad_request(f"{name} must be between {allowed[0]} and {allowed[-1]}.")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _unconvertible(name, value, "Edm.Double")


def _binary(name: str, value: Any) -> str:
    try:
        base64.b64decode(_string(name, value), validate=True)
    except binascii.Error:
        raise _unconvertible(name, value, "Edm.Binary") from None
    if not value:
        raise bad_request(f"The property '{name}' is empty.")
    return str(value)


def _instant(name: str, value: Any) -> str:
    try:
        return format_instant(parse_instant(_string(name, value)))
    except ValueError:
        raise _unconvertible(name, value, "Edm.DateTimeOffset") from None


def _guid(name: str, value: Any) -> str:
    if isinstance(value, str) and _GUID.fullmatch(value):
        return value.lower()
    raise _unconvertible(name, value, "Edm.Guid")


def _unconvertible(name: str, value: Any, wanted: str) -> GraphError:
    shown = json.dumps(value)[:80]
    return bad_request(
        f"Cannot convert the value {shown} of '{name}' to the expected type '{wanted}'."
    )


_PRIMITIVES: Mapping[str, Callable[[str, Any], Any]] = {
    "Edm.String": _string,
    "Edm.Boolean": _boolean,
    "Edm.Int32": _integer,
    "Edm.Int64": _integer,
    "Edm.Double": _number,
    "Edm.Binary": _binary,
    "Edm.DateTimeOffset": _instant,
    "Edm.Guid": _guid,
}
