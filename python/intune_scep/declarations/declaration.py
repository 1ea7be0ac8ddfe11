"""Declarations: what a person says a profile should be, checked before Graph is asked anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, PrivateAttr, ValidationError, create_model

from intune_scep.certificates import TrustedRootCertificate, load_trusted_root
from intune_scep.declarations.emptied_values import template_accidents
from intune_scep.declarations.options import OPTIONS, options_of
from intune_scep.declarations.sentences import KIND_WORDS, label, option_path, sentence
from intune_scep.declarations.values import (
    AssignmentOption,
    Identifier,
    RootReference,
    Strict,
    Text,
    one_of,
    type_of,
)
from intune_scep.errors import CertificateError, DeclarationError, FileError
from intune_scep.files import read_regular
from intune_scep.profiles import Platform, ProfileKind, ProfileType, profile_type_for


class Declaration(Strict):
    """What a profile should be.

    Only what was given is managed: `given` has it. None given means: clear it. The options that
    stand here are those that somebody asks for by name; the rest come from the table of options.

    Attributes:
        source: Where it was read, for messages; empty if nowhere.
    """

    kind: ClassVar[ProfileKind]

    platform: Annotated[Platform, BeforeValidator(one_of(OPTIONS["platform"]).func)]
    name: Text | None = None
    id: Identifier | None = None
    state: Literal["present", "absent"] = "present"
    replace: bool = False
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
        dumped = self.model_dump(mode="json", exclude_unset=True)
        return {name: dumped[name] for name in OPTIONS if name in dumped}

    @property
    def accepted_rules(self) -> frozenset[str]:
        """Ids of rules whose errors the declaration itself accepts."""
        return frozenset()


class TrustedRootDeclaration(Declaration):
    """A trusted root profile. `trusted_root` is the certificate, checked; None if not given."""

    kind = ProfileKind.TRUSTED_ROOT

    certificate_path: Text | None = None
    certificate: Text | None = None
    allow_expired: bool = False

    _trusted_root: TrustedRootCertificate | None = PrivateAttr(default=None)

    @property
    def trusted_root(self) -> TrustedRootCertificate | None:
        return self._trusted_root

    @property
    def accepted_rules(self) -> frozenset[str]:
        """R-124 speaks of an expired certificate here; other faults are refused when reading."""
        return frozenset({"R-124"}) if self.allow_expired else frozenset()


class ScepDeclaration(Declaration):
    """A SCEP profile."""

    kind = ProfileKind.SCEP

    root_profile: RootReference | None = None


def _with_table(base: type[Declaration]) -> type[Declaration]:
    """A declaration with every option of its kind."""
    fields: dict[str, Any] = {
        option.name: (type_of(option) | None, None)
        for option in options_of(base.kind)
        if option.name not in base.model_fields
    }
    return create_model(base.__name__, __base__=base, __module__=__name__, **fields)


MODELS: Final[dict[ProfileKind, type[Declaration]]] = {
    base.kind: _with_table(base) for base in (TrustedRootDeclaration, ScepDeclaration)
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
        raise DeclarationError(
            source, ["A profile is declared by options with their values."], kind=kind.value
        )
    shown = label(kind, data.get("name") or data.get("id"), data.get("platform"), source)
    problems, model, sound = _check(data, kind)
    if sound is not None:
        problems += _cross_check(sound, data)
        if isinstance(sound, TrustedRootDeclaration):
            problems += _read_certificate(sound, Path(base or "."), now or datetime.now(UTC))
    if model is not None:
        model._source = source
    if problems or model is None:
        raise DeclarationError(
            shown,
            problems,
            kind=kind.value,
            name=_text(data.get("name")) or _text(data.get("id")),
            platform=_text(data.get("platform")),
        )
    return model


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _check(
    data: Mapping[str, Any], kind: ProfileKind
) -> tuple[list[str], Declaration | None, Declaration | None]:
    """What is wrong option by option, the declaration, and what of it is sound.

    The two are one where nothing is wrong; else the second has the sound options alone, so that
    what is wrong with these is told at the same time.
    """
    foreign = dict(_foreign_options(data, kind))
    accidents = template_accidents(data)
    model, errors = None, []
    sound: Declaration | None = None
    try:
        known = {name: value for name, value in data.items() if name not in foreign}
        model = sound = MODELS[kind].model_validate(known)
    except ValidationError as error:
        sound = _sound_part(known, kind, error)
        errors = error.errors(include_url=False, include_context=True, include_input=True)
    problems = [*foreign.values(), *accidents.values()]
    for detail in errors:
        option = option_path(detail["loc"])
        if option not in accidents:
            problems.append(sentence(option, detail, kind))
    return problems, model, sound


def _sound_part(
    known: Mapping[str, Any], kind: ProfileKind, error: ValidationError
) -> Declaration | None:
    wrong = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    try:
        return MODELS[kind].model_validate(
            {name: value for name, value in known.items() if name not in wrong}
        )
    except ValidationError:
        return None


def _foreign_options(data: Mapping[str, Any], kind: ProfileKind) -> Iterator[tuple[str, str]]:
    """Options that exist, but not for this kind or platform."""
    platform = str(data.get("platform"))
    for name in data:
        option = OPTIONS.get(name)
        if option is None:
            continue
        if kind not in option.kinds:
            yield name, f"{name} is an option of {KIND_WORDS[option.kinds[0]]}s only."
            continue
        platforms = option.platforms(kind)
        if platform in OPTIONS["platform"].choices and platform not in platforms:
            yield name, f"{name} exists only on: {', '.join(platforms)}."


def _cross_check(declaration: Declaration, data: Mapping[str, Any]) -> list[str]:
    problems = list(_not_clearable(declaration))
    if "name" not in data and data.get("id") is None:
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


_LARGEST_CERTIFICATE: Final = 1024 * 1024
_NEVER_NULL: Final = frozenset({"name", "id", "scope_tags", "certificate", "certificate_path"})


def _not_clearable(declaration: Declaration) -> Iterator[str]:
    for name, value in declaration.given.items():
        if value is not None:
            continue
        rows = [declaration.profile_type.properties_by_name[n] for n in OPTIONS[name].wire]
        if name in _NEVER_NULL or any(not row.nullable and not row.collection for row in rows):
            word = " Write not_configured for that." if OPTIONS[name].may_be_not_configured else ""
            yield f"{name} cannot be cleared; leave it out to leave it as it is.{word}"


def _read_certificate(declaration: TrustedRootDeclaration, base: Path, now: datetime) -> list[str]:
    if declaration.certificate is not None and declaration.certificate_path is not None:
        return ["certificate and certificate_path exclude each other."]
    if "-----BEGIN" in (declaration.certificate_path or ""):
        return ["certificate_path holds the certificate itself: give it as certificate."]
    option = "certificate" if declaration.certificate is not None else "certificate_path"
    try:
        data = _certificate_bytes(declaration, base)
        if data is not None:
            declaration._trusted_root = load_trusted_root(
                data, now=now, allow_expired=declaration.allow_expired
            )
    except FileError as error:
        return [f"{option} {declaration.certificate_path!r} cannot be read: {error.reason}."]
    except RuntimeError:
        return [f"{option} {declaration.certificate_path!r} names no home directory."]
    except CertificateError as error:
        hint = " Set allow_expired: true for that." if error.hint else ""
        return [f"{option} is refused: {error.message}{hint}"]
    return []


def _certificate_bytes(declaration: TrustedRootDeclaration, base: Path) -> bytes | None:
    if declaration.certificate_path is not None:
        path = base / Path(declaration.certificate_path).expanduser()
        return read_regular(path, what="certificate_path", most=_LARGEST_CERTIFICATE)
    if declaration.certificate is None:
        return None
    return declaration.certificate.encode(errors="replace")
