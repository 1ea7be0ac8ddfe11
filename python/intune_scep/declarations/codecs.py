"""Both directions between a declaration's options and Graph's wire properties.

Each option that stands for wire properties has a codec: from its row in the table of options or,
where it has a form of its own, from the table at the end. What the tenant must be asked for (scope
tags, groups, the root) is in `names`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.declarations.names import der_of
from intune_scep.declarations.options import (
    EXTENDED_KEY_USAGES,
    NOT_CONFIGURED,
    OPTIONS,
    PROPERTIES,
    SAN_TYPES,
    Option,
)
from intune_scep.errors import InexpressibleError
from intune_scep.profiles import Flags

Wire = dict[str, Any]
ABSENT: Final = object()
"""What decoding gives for a property that is null or not there."""

_USAGE_WORDS: Final = {pair: word for word, pair in EXTENDED_KEY_USAGES.items()}
_PEM_WIDTH: Final = 64
_PLAIN_TYPES: Final = {"str": str, "int": int, "bool": bool}


@dataclass(frozen=True)
class Codec:
    """How one option is written on the wire.

    Attributes:
        encode: Option value, never None -> wire properties.
        decode: Wire object -> option value or ABSENT; raises InexpressibleError.
        cleared: The wire properties that clear the option.
    """

    encode: Callable[[Any], Wire]
    decode: Callable[[Mapping[str, Any]], Any]
    cleared: Wire


def encode_option(name: str, value: Any) -> Wire:
    """The wire properties of one option; None clears it."""
    codec = CODECS[name]
    return dict(codec.cleared) if value is None else codec.encode(value)


def decode_option(name: str, wire: Mapping[str, Any]) -> Any:
    """The value of one option as the profile has it; ABSENT where it has none.

    Raises:
        InexpressibleError: The profile holds a value that the option has no words for.
    """
    return CODECS[name].decode(wire)


def codec_of(option: Option) -> Codec:
    """The codec of an option that stands for one property, in the form that its row says."""
    if option.elements and option.choices:
        return _flags(option)
    if option.elements:
        return _collection(option, lambda text: text, lambda name, text: _checked(name, text, str))
    return _choice(option) if option.choices else _plain(option)


def _plain(option: Option) -> Codec:
    [wire_name] = option.wire
    kind = _PLAIN_TYPES[option.type]

    def decode(wire: Mapping[str, Any]) -> Any:
        value = wire.get(wire_name)
        if value is None:
            return ABSENT
        return _checked(wire_name, value, kind)

    return Codec(lambda value: {wire_name: value}, decode, {wire_name: None})


def _checked(wire_name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InexpressibleError(wire_name, f"has a value of an unexpected form: {value!r}.")
    return value


def _word_for(wire_name: str, choices: Mapping[Any, str], member: Any) -> Any:
    for word, known in choices.items():
        if known == member:
            return word
    raise InexpressibleError(wire_name, f"has a member that no option names: {member!r}.")


def _choice(option: Option) -> Codec:
    [wire_name] = option.wire

    def decode(wire: Mapping[str, Any]) -> Any:
        member = wire.get(wire_name)
        if member is None:
            return _unset(option, wire, NOT_CONFIGURED)
        return _word_for(wire_name, option.choices, member)

    def encode(word: Any) -> Wire:
        return {wire_name: None if word == NOT_CONFIGURED else option.choices[word]}

    return Codec(encode, decode, {wire_name: None})


def _unset(option: Option, wire: Mapping[str, Any], word: Any) -> Any:
    """What null means: the admin center's word where it has one."""
    said = option.may_be_not_configured and option.wire[0] in wire
    return word if said else ABSENT


def _flags(option: Option) -> Codec:
    [wire_name] = option.wire
    members = PROPERTIES[wire_name].enum
    assert members is not None

    def encode(words: list[str]) -> Wire:
        if words == [NOT_CONFIGURED]:
            return {wire_name: None}
        given = [option.choices[word] for word in words] or ["none"]
        return {wire_name: Flags.of(given, members).wire}

    def decode(wire: Mapping[str, Any]) -> Any:
        value = wire.get(wire_name)
        if value is None:
            return _unset(option, wire, [NOT_CONFIGURED])
        flags = Flags(_checked(wire_name, value, str))
        ordered = [member.value for member in members if member.value in flags]
        ordered += sorted(flags.members - set(ordered))
        return [_word_for(wire_name, option.choices, member) for member in ordered]

    return Codec(encode, decode, {wire_name: None})


def _collection(
    option: Option, encode_item: Callable[[Any], Any], decode_item: Callable[[str, Any], Any]
) -> Codec:
    [wire_name] = option.wire

    def decode(wire: Mapping[str, Any]) -> Any:
        items = wire.get(wire_name)
        if items is None:
            return ABSENT
        return [decode_item(wire_name, item) for item in _checked(wire_name, items, list)]

    return Codec(
        lambda items: {wire_name: [encode_item(item) for item in items]}, decode, {wire_name: []}
    )


def _members(wire_name: str, item: Any, *names: str) -> tuple[Any, ...]:
    """The values of an object that has these members and no others, annotations aside."""
    known = _checked(wire_name, item, dict)
    others = {name for name in known if "@" not in name} - set(names)
    if others:
        raise InexpressibleError(wire_name, f"holds what no option names: {sorted(others)}.")
    return tuple(known.get(name) for name in names)


def _decode_san(wire_name: str, item: Any) -> dict[str, Any]:
    san_type, name = _members(wire_name, item, "sanType", "name")
    return {"type": _word_for(wire_name, SAN_TYPES, san_type), "value": name}


def _encode_usage(item: Any) -> Wire:
    if isinstance(item, str):
        name, oid = EXTENDED_KEY_USAGES[item]
        return {"name": name, "objectIdentifier": oid}
    return {"name": item.get("name"), "objectIdentifier": item["object_identifier"]}


def _decode_usage(wire_name: str, item: Any) -> Any:
    name, oid = _members(wire_name, item, "name", "objectIdentifier")
    for text in (name, oid):
        _checked(wire_name, "" if text is None else text, str)
    if word := _USAGE_WORDS.get((name, oid)):
        return word
    return {**({"name": name} if name is not None else {}), "object_identifier": oid}


def _decode_app(wire_name: str, item: Any) -> Any:
    [package] = _members(wire_name, item, "packageId")
    return package


def _validity() -> Codec:
    value_name, scale_name = OPTIONS["validity"].wire
    units = {word: word for word in ("days", "months", "years")}

    def decode(wire: Mapping[str, Any]) -> Any:
        value, scale = wire.get(value_name), wire.get(scale_name)
        if value is None and scale is None:
            return ABSENT
        return {
            "value": _checked(value_name, value, int),
            "unit": _word_for(scale_name, units, scale),
        }

    return Codec(
        lambda given: {value_name: given["value"], scale_name: given["unit"]},
        decode,
        {value_name: None, scale_name: None},
    )


def _certificate(name: str) -> Codec:
    [wire_name] = OPTIONS[name].wire

    def decode(wire: Mapping[str, Any]) -> Any:
        value = wire.get(wire_name)
        return ABSENT if value is None else to_pem(_checked(wire_name, value, str))

    return Codec(lambda der: {wire_name: base64.b64encode(der).decode()}, decode, {wire_name: None})


def to_pem(encoded: str) -> str:
    """A `trustedRootCertificate` as PEM; what is not one certificate stands in it as it is."""
    der = der_of(encoded)
    text = "".join(encoded.split()) if der is None else base64.b64encode(der).decode()
    lines = [text[i : i + _PEM_WIDTH] for i in range(0, len(text), _PEM_WIDTH)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _rule(name: str, members: Mapping[str, str]) -> Codec:
    """An applicability rule: an object whose members are options themselves."""
    option = OPTIONS[name]
    [wire_name] = option.wire
    choices = {item.name: item.choices for item in option.suboptions if item.choices}

    def encode(given: Mapping[str, Any]) -> Wire:
        rule: Wire = {}
        for word, member in members.items():
            value = given.get(word)
            known = choices.get(word, {})
            if isinstance(value, list):
                rule[member] = [known[item] for item in value]
            else:
                rule[member] = known.get(value, value)
        return {wire_name: rule}

    def decode(wire: Mapping[str, Any]) -> Any:
        rule = wire.get(wire_name)
        if rule is None:
            return ABSENT
        values = dict(zip(members, _members(wire_name, rule, *members.values()), strict=True))
        return {
            word: _decode_member(wire_name, choices.get(word), value)
            for word, value in values.items()
            if value is not None
        }

    return Codec(encode, decode, {wire_name: None})


def _decode_member(wire_name: str, choices: Mapping[Any, str] | None, value: Any) -> Any:
    if choices is None:
        return value
    if isinstance(value, list):
        return [_word_for(wire_name, choices, item) for item in value]
    return _word_for(wire_name, choices, value)


_RULE: Final = {"rule": "ruleType", "name": "name"}

_OWN_FORMS: Final[dict[str, Codec]] = {
    "certificate": _certificate("certificate"),
    "subject_alternative_names": _collection(
        OPTIONS["subject_alternative_names"],
        lambda san: {"sanType": SAN_TYPES[san["type"]], "name": san["value"]},
        _decode_san,
    ),
    "validity": _validity(),
    "extended_key_usages": _collection(
        OPTIONS["extended_key_usages"], _encode_usage, _decode_usage
    ),
    "certificate_access_apps": _collection(
        OPTIONS["certificate_access_apps"], lambda app: {"packageId": app}, _decode_app
    ),
    "applicability_rule_os_edition": _rule(
        "applicability_rule_os_edition", {**_RULE, "editions": "osEditionTypes"}
    ),
    "applicability_rule_os_version": _rule(
        "applicability_rule_os_version",
        {**_RULE, "minimum": "minOSVersion", "maximum": "maxOSVersion"},
    ),
    "applicability_rule_device_mode": _rule(
        "applicability_rule_device_mode", {**_RULE, "mode": "deviceMode"}
    ),
}
_RESOLVED: Final = frozenset({"certificate_path", "scope_tags"})
"""A file has to be read, or the tenant asked, to know what they stand for."""

CODECS: Final[dict[str, Codec]] = {
    name: _OWN_FORMS[name] if name in _OWN_FORMS else codec_of(option)
    for name, option in OPTIONS.items()
    if option.wire and name not in _RESOLVED
}
"""One codec for each option that stands for wire properties and needs no names."""
