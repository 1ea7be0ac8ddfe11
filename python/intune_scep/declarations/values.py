"""What the values of options must look like, those of nested options included."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)
from pydantic_core import PydanticCustomError

from intune_scep.declarations.options import (
    EXTENDED_KEY_USAGES,
    NOT_CONFIGURED,
    OPTIONS,
    Option,
)

_INT32_MAX: Final = 2**31 - 1
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_THUMBPRINT: Final = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")


def one_of(option: Option) -> AfterValidator:
    def check(value: Any) -> Any:
        given = _number_of(value) if option.type == "int" else value
        if isinstance(given, str | int) and not isinstance(given, bool) and given in option.words:
            return given
        nearest = difflib.get_close_matches(str(value), map(str, option.words), n=1)
        raise PydanticCustomError(
            "choice",
            "must be one of {choices}; it is {value}{nearest}",
            {
                "choices": ", ".join(map(str, option.words)),
                "value": repr(value),
                "nearest": f", and {nearest[0]} is nearest" if nearest else "",
            },
        )

    return AfterValidator(check)


def _number_of(value: Any) -> Any:
    """A whole number that came as text, as Ansible passes it where words may be given too."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value


def matches(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise PydanticCustomError(
            "form", "must be {what}; it is {value}", {"what": what, "value": repr(value[:80])}
        )

    return AfterValidator(check)


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int", "must be a whole number; it is {v}", {"v": str(value)})
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("empty", "must not be empty")
    return value


def distinct(values: list[Any]) -> list[Any]:
    seen: list[Any] = []
    for value in values:
        if value in seen:
            raise PydanticCustomError("twice", "has {value} twice", {"value": repr(value)})
        seen.append(value)
    return values


def _thumbprint(value: Any) -> Any:
    return re.sub(r"[\s:]", "", value).upper() if isinstance(value, str) else value


def _suboption(option: str, name: str) -> Option:
    return next(item for item in OPTIONS[option].suboptions if item.name == name)


def alone(values: list[Any]) -> list[Any]:
    if NOT_CONFIGURED in values and len(values) > 1:
        raise PydanticCustomError("alone", "must hold not_configured alone, or other words")
    return values


def _listed(value: Any) -> Any:
    return [value] if value == NOT_CONFIGURED else value


Text = Annotated[str, AfterValidator(_not_blank)]
Number = Annotated[int, BeforeValidator(_not_bool)]
Identifier = Annotated[str, matches(_ID, "an id of Graph")]
Rule = Annotated[str, one_of(_suboption("applicability_rule_os_edition", "rule"))]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def type_of(option: Option) -> Any:
    """The type that pydantic checks an option against, from its row in the table."""
    if option.name in _OBJECTS:
        return _limited(_OBJECTS[option.name], option)
    if option.type == "list":
        item = _scalar(option, option.elements)
        kind = _limited(Annotated[list[item], AfterValidator(distinct)], option)  # type: ignore[valid-type]  # made from the table
        if not option.may_be_not_configured:
            return kind
        return Annotated[kind, BeforeValidator(_listed), AfterValidator(alone)]
    return _scalar(option, option.type)


def _scalar(option: Option, kind: str) -> Any:
    if option.choices:
        return Annotated[Any if kind == "int" else str, one_of(option)]
    if kind == "bool":
        return bool
    if kind == "int":
        return Annotated[Number, Field(ge=option.least, le=option.most)]
    text = str if option.may_be_blank else Text
    if not option.form:
        return text
    return Annotated[text, matches(re.compile(option.form), option.form_words)]


def _limited(kind: Any, option: Option) -> Any:
    if option.type != "list" or (option.least is None and option.most is None):
        return kind
    return Annotated[kind, Field(min_length=option.least, max_length=option.most)]


class SubjectAlternativeNameOption(Strict):
    """One item of `subject_alternative_names`."""

    type: Annotated[str, one_of(_suboption("subject_alternative_names", "type"))]
    value: Text


class ValidityOption(Strict):
    """`validity`."""

    value: Annotated[Number, Field(ge=1, le=_INT32_MAX)]
    unit: Annotated[str, one_of(_suboption("validity", "unit"))]


class ExtendedKeyUsageOption(Strict):
    """An item of `extended_key_usages` that is not a well-known word."""

    name: str | None = None
    object_identifier: Annotated[str, matches(_OID, "an object identifier such as 1.3.6.1.4.1.1")]


def _known_usage(value: str) -> str:
    if value in EXTENDED_KEY_USAGES:
        return value
    raise PydanticCustomError(
        "usage",
        "must be one of {choices}, or an object with name and object_identifier; it is {value}",
        {"choices": ", ".join(EXTENDED_KEY_USAGES), "value": repr(value)},
    )


WORD, OBJECT = "<word>", "<object>"
ExtendedKeyUsageItem = Annotated[
    Annotated[Annotated[str, AfterValidator(_known_usage)], Tag(WORD)]
    | Annotated[ExtendedKeyUsageOption, Tag(OBJECT)],
    Discriminator(lambda value: WORD if isinstance(value, str) else OBJECT),
]


class RootReference(Strict):
    """`root_profile`: exactly one of the three."""

    name: Text | None = None
    id: Identifier | None = None
    thumbprint: (
        Annotated[
            str,
            BeforeValidator(_thumbprint),
            matches(_THUMBPRINT, "a SHA-1 or SHA-256 thumbprint in hex"),
        ]
        | None
    ) = None

    def model_post_init(self, _context: Any) -> None:
        if sum(value is not None for value in (self.name, self.id, self.thumbprint)) != 1:
            raise PydanticCustomError("one", "must have exactly one of name, id, thumbprint")

    def __str__(self) -> str:
        [(word, value)] = [(k, v) for k, v in self.model_dump().items() if v is not None]
        return f"{word} {value!r}"


class AssignmentOption(Strict):
    """One item of `assignments`."""

    group: Text | None = None
    exclude: bool = False
    all_users: bool = False
    all_devices: bool = False
    configuration_manager_collection: Text | None = None
    filter: Text | None = None
    filter_type: Annotated[str, one_of(_suboption("assignments", "filter_type"))] | None = None

    def model_post_init(self, _context: Any) -> None:
        whom = (self.group, self.all_users, self.all_devices, self.configuration_manager_collection)
        if sum(map(bool, whom)) != 1:
            raise PydanticCustomError(
                "one",
                "must have exactly one of group, all_users, all_devices,"
                " configuration_manager_collection",
            )
        if self.exclude and not self.group:
            raise PydanticCustomError("exclude", "can exclude only a group")
        if self.exclude and self.filter:
            raise PydanticCustomError(
                "filter",
                "cannot have the filter {filter} on an excluded group: Intune has filters on"
                " included targets only",
                {"filter": repr(self.filter)},
            )
        if (self.filter is None) != (self.filter_type is None):
            raise PydanticCustomError("filter", "must have filter and filter_type together")


class OsEditionRule(Strict):
    """`applicability_rule_os_edition`."""

    rule: Rule
    name: str | None = None
    editions: Annotated[
        list[Annotated[str, one_of(_suboption("applicability_rule_os_edition", "editions"))]],
        Field(min_length=1),
        AfterValidator(distinct),
    ]


class OsVersionRule(Strict):
    """`applicability_rule_os_version`."""

    rule: Rule
    name: str | None = None
    minimum: str | None = None
    maximum: str | None = None


class DeviceModeRule(Strict):
    """`applicability_rule_device_mode`."""

    rule: Rule
    name: str | None = None
    mode: Annotated[str, one_of(_suboption("applicability_rule_device_mode", "mode"))]


_OBJECTS: Final[dict[str, Any]] = {
    "subject_alternative_names": list[SubjectAlternativeNameOption],
    "validity": ValidityOption,
    "extended_key_usages": list[ExtendedKeyUsageItem],
    "applicability_rule_os_edition": OsEditionRule,
    "applicability_rule_os_version": OsVersionRule,
    "applicability_rule_device_mode": DeviceModeRule,
}
"""The options whose values are objects."""
