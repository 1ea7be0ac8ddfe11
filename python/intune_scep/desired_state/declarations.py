"""Declarations: what a person says a profile should be, checked before Graph is asked anything."""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from intune_scep.certificates import CertificateError, TrustedRootCertificate, load_trusted_root
from intune_scep.desired_state.accidents import template_accidents
from intune_scep.desired_state.errors import DeclarationError
from intune_scep.desired_state.options import (
    EXTENDED_KEY_USAGES,
    OPTIONS,
    Option,
    options_of,
)
from intune_scep.profiles import Platform, ProfileKind, ProfileType, profile_type_for

_INT32_MAX: Final = 2**31 - 1
_MAX_NAMES: Final = 500
_MAX_APPS: Final = 50
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_URL: Final = re.compile(r"https?://[^/\s?#]+[^\s]*", re.IGNORECASE)
_THUMBPRINT: Final = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")
_KIND_WORDS: Final = {
    ProfileKind.SCEP: "SCEP profile",
    ProfileKind.TRUSTED_ROOT: "trusted root profile",
}


def _one_of(option: Option) -> AfterValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str | int) and value in option.choices:
            return value
        raise PydanticCustomError(
            "choice",
            "must be one of {choices}; it is {value}",
            {"choices": ", ".join(map(str, option.choices)), "value": repr(value)},
        )

    return AfterValidator(check)


def _matches(pattern: re.Pattern[str], what: str) -> AfterValidator:
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


def _distinct(values: list[Any]) -> list[Any]:
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


Text = Annotated[str, AfterValidator(_not_blank)]
Number = Annotated[int, BeforeValidator(_not_bool)]
Identifier = Annotated[str, _matches(_ID, "an id of Graph")]
Rule = Annotated[str, _one_of(_suboption("applicability_rule_os_edition", "rule"))]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubjectAlternativeNameOption(_Strict):
    """One item of `subject_alternative_names`."""

    type: Annotated[str, _one_of(_suboption("subject_alternative_names", "type"))]
    value: Text


class ValidityOption(_Strict):
    """`validity`."""

    value: Annotated[Number, Field(ge=1, le=_INT32_MAX)]
    unit: Annotated[str, _one_of(_suboption("validity", "unit"))]


class ExtendedKeyUsageOption(_Strict):
    """An item of `extended_key_usages` that is not a well-known word."""

    name: str | None = None
    object_identifier: Annotated[str, _matches(_OID, "an object identifier such as 1.3.6.1.4.1.1")]


def _known_usage(value: str) -> str:
    if value in EXTENDED_KEY_USAGES:
        return value
    raise PydanticCustomError(
        "usage",
        "must be one of {choices}, or an object with name and object_identifier; it is {value}",
        {"choices": ", ".join(EXTENDED_KEY_USAGES), "value": repr(value)},
    )


_WORD, _OBJECT = "<word>", "<object>"
ExtendedKeyUsageItem = Annotated[
    Annotated[Annotated[str, AfterValidator(_known_usage)], Tag(_WORD)]
    | Annotated[ExtendedKeyUsageOption, Tag(_OBJECT)],
    Discriminator(lambda value: _WORD if isinstance(value, str) else _OBJECT),
]


class RootReference(_Strict):
    """`root_profile`: exactly one of the three."""

    name: Text | None = None
    id: Identifier | None = None
    thumbprint: (
        Annotated[
            str,
            BeforeValidator(_thumbprint),
            _matches(_THUMBPRINT, "a SHA-1 or SHA-256 thumbprint in hex"),
        ]
        | None
    ) = None

    def model_post_init(self, _context: Any) -> None:
        if sum(value is not None for value in (self.name, self.id, self.thumbprint)) != 1:
            raise PydanticCustomError("one", "must have exactly one of name, id, thumbprint")

    def __str__(self) -> str:
        [(word, value)] = [(k, v) for k, v in self.model_dump().items() if v is not None]
        return f"{word} {value!r}"


class AssignmentOption(_Strict):
    """One item of `assignments`."""

    group: Text | None = None
    exclude: bool = False
    all_users: bool = False
    all_devices: bool = False
    configuration_manager_collection: Text | None = None
    filter: Text | None = None
    filter_type: Annotated[str, _one_of(_suboption("assignments", "filter_type"))] | None = None

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
        if (self.filter is None) != (self.filter_type is None):
            raise PydanticCustomError("filter", "must have filter and filter_type together")


class OsEditionRule(_Strict):
    """`applicability_rule_os_edition`."""

    rule: Rule
    name: str | None = None
    editions: Annotated[
        list[Annotated[str, _one_of(_suboption("applicability_rule_os_edition", "editions"))]],
        Field(min_length=1),
        AfterValidator(_distinct),
    ]


class OsVersionRule(_Strict):
    """`applicability_rule_os_version`."""

    rule: Rule
    name: str | None = None
    minimum: str | None = None
    maximum: str | None = None


class DeviceModeRule(_Strict):
    """`applicability_rule_device_mode`."""

    rule: Rule
    name: str | None = None
    mode: Annotated[str, _one_of(_suboption("applicability_rule_device_mode", "mode"))]


class Declaration(_Strict):
    """What a profile should be.

    Only what was given is managed: `given` has it. None given means: clear it.

    Attributes:
        source: Where it was read, for messages; empty if nowhere.
    """

    kind: ClassVar[ProfileKind]

    platform: Annotated[Platform, BeforeValidator(_one_of(OPTIONS["platform"]).func)]
    name: Text | None = None
    id: Identifier | None = None
    state: Literal["present", "absent"] = "present"
    replace: bool = False
    description: str | None = None
    deployment_channel: Annotated[str, _one_of(OPTIONS["deployment_channel"])] | None = None
    applicability_rule_os_edition: OsEditionRule | None = None
    applicability_rule_os_version: OsVersionRule | None = None
    applicability_rule_device_mode: DeviceModeRule | None = None
    scope_tags: Annotated[list[Text], Field(min_length=1), AfterValidator(_distinct)] | None = None
    assignments: list[AssignmentOption] | None = None

    _source: str = PrivateAttr(default="")

    @property
    def source(self) -> str:
        return self._source

    @cached_property
    def profile_type(self) -> ProfileType:
        """The type of profile it is about."""
        return profile_type_for(self.kind, self.platform)

    @cached_property
    def given(self) -> dict[str, Any]:
        """The options as given, in plain values; what was left out is not there."""
        return self.model_dump(mode="json", exclude_unset=True)

    @property
    def label(self) -> str:
        """How messages speak of it, for example `SCEP profile "Staff" (ios)`."""
        return _label(self.kind, self.name or self.id, self.platform.value, self.source)


class TrustedRootDeclaration(Declaration):
    """A trusted root profile. `trusted_root` is the certificate, checked; None if not given."""

    kind = ProfileKind.TRUSTED_ROOT

    certificate_path: Text | None = None
    certificate: Text | None = None
    certificate_file_name: Text | None = None
    allow_expired: bool = False
    destination_store: Annotated[str, _one_of(OPTIONS["destination_store"])] | None = None

    _trusted_root: TrustedRootCertificate | None = PrivateAttr(default=None)

    @property
    def trusted_root(self) -> TrustedRootCertificate | None:
        return self._trusted_root


class ScepDeclaration(Declaration):
    """A SCEP profile."""

    kind = ProfileKind.SCEP

    certificate_type: Annotated[str, _one_of(OPTIONS["certificate_type"])] | None = None
    subject_name_format: Text | None = None
    subject_name_format_type: (
        Annotated[str, _one_of(OPTIONS["subject_name_format_type"])] | None
    ) = None
    subject_alternative_names: (
        Annotated[list[SubjectAlternativeNameOption], Field(max_length=_MAX_NAMES)] | None
    ) = None
    legacy_subject_alternative_names: (
        Annotated[
            list[Annotated[str, _one_of(OPTIONS["legacy_subject_alternative_names"])]],
            AfterValidator(_distinct),
        ]
        | None
    ) = None
    legacy_subject_alternative_name_format: Text | None = None
    validity: ValidityOption | None = None
    key_storage_provider: Annotated[str, _one_of(OPTIONS["key_storage_provider"])] | None = None
    key_usage: (
        Annotated[
            list[Annotated[str, _one_of(OPTIONS["key_usage"])]],
            Field(min_length=1),
            AfterValidator(_distinct),
        ]
        | None
    ) = None
    key_size: Annotated[Number, _one_of(OPTIONS["key_size"])] | None = None
    hash_algorithms: (
        Annotated[
            list[Annotated[str, _one_of(OPTIONS["hash_algorithms"])]],
            Field(min_length=1),
            AfterValidator(_distinct),
        ]
        | None
    ) = None
    root_profile: RootReference | None = None
    extended_key_usages: (
        Annotated[list[ExtendedKeyUsageItem], Field(max_length=_MAX_NAMES)] | None
    ) = None
    renewal_threshold: Annotated[Number, Field(ge=1, le=99)] | None = None
    scep_server_urls: (
        Annotated[
            list[Annotated[Text, _matches(_URL, "a whole http or https URL")]],
            AfterValidator(_distinct),
        ]
        | None
    ) = None
    allow_all_apps_access: bool | None = None
    certificate_access: Annotated[str, _one_of(OPTIONS["certificate_access"])] | None = None
    certificate_access_apps: (
        Annotated[list[Text], Field(max_length=_MAX_APPS), AfterValidator(_distinct)] | None
    ) = None


MODELS: Final[dict[ProfileKind, type[Declaration]]] = {
    ProfileKind.TRUSTED_ROOT: TrustedRootDeclaration,
    ProfileKind.SCEP: ScepDeclaration,
}


def parse_declaration(
    data: Any,
    *,
    kind: ProfileKind,
    source: str = "",
    base: str | os.PathLike[str] | None = None,
    now: datetime | None = None,
) -> Declaration:
    """Check a declaration; for a trusted root also read its certificate.

    Args:
        data: The options by name.
        kind: What it declares.
        source: Where it comes from, for messages.
        base: Directory that `certificate_path` is relative to; by default the current one.
        now: Aware time against which the certificate's expiry is judged; by default the present.

    Returns:
        A `TrustedRootDeclaration` or a `ScepDeclaration`.

    Raises:
        DeclarationError: Some options are wrong; one message names each of them.
    """
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        raise DeclarationError(source, ["A profile is declared by options with their values."])
    shown = _label(kind, data.get("name") or data.get("id"), data.get("platform"), source)
    problems, model = _check(data, kind)
    if model is not None:
        model._source = source
        problems += _cross_check(model)
        if isinstance(model, TrustedRootDeclaration):
            problems += _read_certificate(model, Path(base or "."), now or datetime.now(UTC))
    if problems or model is None:
        raise DeclarationError(shown, problems)
    return model


def _label(kind: ProfileKind, name: Any, platform: Any, source: str) -> str:
    called = f' "{name}"' if isinstance(name, str) and name else ""
    where = f" ({platform})" if isinstance(platform, str) else ""
    return f"{_KIND_WORDS[kind]}{called}{where}" + (f" in {source}" if source else "")


def _check(data: Mapping[str, Any], kind: ProfileKind) -> tuple[list[str], Declaration | None]:
    foreign = dict(_foreign_options(data, kind))
    accidents = template_accidents(data)
    model, errors = None, []
    try:
        known = {name: value for name, value in data.items() if name not in foreign}
        model = MODELS[kind].model_validate(known)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True, include_input=True)
    problems = [*foreign.values(), *accidents.values()]
    for detail in errors:
        option = _path(detail["loc"])
        if option not in accidents:
            problems.append(_sentence(option, detail, kind))
    return problems, model


def _foreign_options(data: Mapping[str, Any], kind: ProfileKind) -> Iterator[tuple[str, str]]:
    """Options that exist, but not for this kind or platform."""
    platform = str(data.get("platform"))
    for name in data:
        option = OPTIONS.get(name)
        if option is None:
            continue
        if kind not in option.kinds:
            yield name, f"{name} is an option of {_KIND_WORDS[option.kinds[0]]}s only."
            continue
        platforms = option.platforms(kind)
        if platform in OPTIONS["platform"].choices and platform not in platforms:
            yield name, f"{name} exists only on: {', '.join(platforms)}."


def _path(location: Sequence[int | str]) -> str:
    parts = [part for part in location if part not in (_WORD, _OBJECT)]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


_MESSAGES: Final = {
    "missing": "is required",
    "string_type": "must be text",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be an object with options",
    "model_attributes_type": "must be an object with options",
}


def _sentence(option: str, detail: ErrorDetails, kind: ProfileKind) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"{option} is no option{_suggestion(option, kind)}."
        case "greater_than_equal" | "less_than_equal":
            limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return f"{option} must be {limit}; it is {detail['input']!r}."
        case "too_short":
            return f"{option} must have at least {context['min_length']} item."
        case "too_long":
            return f"{option} must have at most {context['max_length']} items."
        case "literal_error":
            return f"{option} must be {context['expected']}; it is {detail['input']!r}."
    return f"{option} {_MESSAGES.get(detail['type'], detail['msg'])}."


def _suggestion(option: str, kind: ProfileKind) -> str:
    close = difflib.get_close_matches(option, [item.name for item in options_of(kind)], n=1)
    return f" of {_KIND_WORDS[kind]}s" + (f"; {close[0]} is" if close else "")


def _cross_check(declaration: Declaration) -> list[str]:
    problems = list(_not_clearable(declaration))
    if "name" not in declaration.given and declaration.id is None:
        problems.append("name is required, unless id is given.")
    format_type = OPTIONS["subject_name_format_type"]
    word = declaration.given.get(format_type.name)
    row = declaration.profile_type.properties_by_name.get("subjectNameFormat")
    if word is not None and row is not None and format_type.choices[word] not in row.choices:
        allowed = [key for key, member in format_type.choices.items() if member in row.choices]
        problems.append(
            f"{format_type.name} {word!r} does not exist on {declaration.platform};"
            f" there it is one of {', '.join(allowed)}."
        )
    return problems


_NEVER_NULL: Final = frozenset({"name", "id", "scope_tags", "certificate", "certificate_path"})


def _not_clearable(declaration: Declaration) -> Iterator[str]:
    for name, value in declaration.given.items():
        if value is not None:
            continue
        rows = [declaration.profile_type.properties_by_name[n] for n in OPTIONS[name].wire]
        if name in _NEVER_NULL or any(not row.nullable and not row.collection for row in rows):
            yield f"{name} cannot be cleared; leave it out to leave it as it is."


def _read_certificate(declaration: TrustedRootDeclaration, base: Path, now: datetime) -> list[str]:
    if declaration.certificate is not None and declaration.certificate_path is not None:
        return ["certificate and certificate_path exclude each other."]
    option = "certificate" if declaration.certificate is not None else "certificate_path"
    try:
        data = _certificate_bytes(declaration, base)
        if data is not None:
            declaration._trusted_root = load_trusted_root(
                data, now=now, allow_expired=declaration.allow_expired
            )
    except OSError as error:
        return [f"{option} {declaration.certificate_path!r} cannot be read: {error.strerror}."]
    except CertificateError as error:
        hint = " Set allow_expired: true for that." if error.hint else ""
        return [f"{option} is refused: {error.message}{hint}"]
    return []


def _certificate_bytes(declaration: TrustedRootDeclaration, base: Path) -> bytes | None:
    if declaration.certificate_path is not None:
        return (base / Path(declaration.certificate_path).expanduser()).read_bytes()
    if declaration.certificate is None:
        return None
    text = declaration.certificate
    if "-----BEGIN" in text:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
