"""The names of a tenant's groups, filters, scope tags and roots, both ways, loudly (law 5)."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from intune_scep.errors import CertificateError, UnresolvedNameError
from intune_scep.profiles import Platform, Profile
from intune_scep.profiles.targets import FILTER_PLATFORMS, Target, TargetKind, filter_fits

_MOST_SHOWN: Final = 10
_NEIGHBOURS: Final = 50
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class NameIndex:
    """What is known of one kind of thing.

    Attributes:
        what: For messages, for example `group`.
        entries: Pairs of id and name.
    """

    what: str
    entries: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _known(self) -> dict[str, tuple[str, str]]:
        return {identifier.lower(): (identifier, name) for identifier, name in self.entries}

    @cached_property
    def _ids(self) -> dict[str, list[str]]:
        ids: dict[str, list[str]] = {}
        for identifier, name in self.entries:
            ids.setdefault(name, []).append(identifier)
        return ids

    def resolve(self, reference: str) -> str:
        """The id that a name or an id stands for.

        Raises:
            UnresolvedNameError: Nothing has it, or several things have the name; with the
                candidates and their ids.
        """
        if (known := self._known.get(reference.lower())) is not None:
            return known[0]
        found = self._ids.get(reference, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise UnresolvedNameError(
                f"{len(found)} {self.what}s have the name {reference!r}:"
                f" {', '.join(sorted(found))}.",
                hint="Give the id instead.",
            )
        raise UnresolvedNameError(
            f"No {self.what} has the name or id {reference!r}.{self._candidates.listed(reference)}"
        )

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self.entries)

    def name_of(self, identifier: str) -> str | None:
        """The name that goes with an id, if it is known."""
        known = self._known.get(identifier.lower())
        return known[1] if known is not None else None

    def reference_to(self, identifier: str) -> str:
        """What a declaration calls a thing: its name where only it has it, else its id."""
        name = self.name_of(identifier)
        unique = name is not None and len(self._ids[name]) == 1 and name.lower() not in self._known
        return name if unique and name is not None else identifier


class Candidates:
    """What a name that leads to nothing may have meant.

    Thousands of names may lead to nothing in one run, so each is compared with its neighbours only:
    those beside it in the order of the names, read from the beginning and from the end.

    Args:
        entries: Pairs of id and name.
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._entries: dict[str, list[tuple[str, str]]] = {}
        for entry in sorted(set(entries), key=lambda entry: (entry[1], entry[0])):
            self._entries.setdefault(entry[1], []).append(entry)
        self._forwards = list(self._entries)
        self._backwards = sorted(name[::-1] for name in self._entries)
        self._told: dict[str, str] = {}

    def listed(self, wanted: str) -> str:
        """A sentence with the candidates and their ids; of many the nearest. Empty without any."""
        if wanted not in self._told:
            self._told[wanted] = self._sentence(wanted)
        return self._told[wanted]

    def _sentence(self, wanted: str) -> str:
        names = self._forwards
        if sum(len(self._entries[name]) for name in names[: _MOST_SHOWN + 1]) > _MOST_SHOWN:
            names = difflib.get_close_matches(wanted, self._neighbours(wanted), n=_MOST_SHOWN)
        known = [entry for name in names for entry in self._entries[name]][:_MOST_SHOWN]
        if not known:
            return ""
        return (
            f" Candidates: {', '.join(f'{name!r} ({identifier})' for identifier, name in known)}."
        )

    def _neighbours(self, wanted: str) -> list[str]:
        near = _around(self._forwards, wanted)
        near += [name[::-1] for name in _around(self._backwards, wanted[::-1])]
        return list(dict.fromkeys(near))


def _around(names: list[str], wanted: str) -> list[str]:
    place = bisect(names, wanted)
    return names[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]


@dataclass(frozen=True)
class Names:
    """Everything that declarations may call by name."""

    groups: NameIndex = NameIndex("group")
    filters: NameIndex = NameIndex("assignment filter")
    scope_tags: NameIndex = NameIndex("scope tag")
    filter_platforms: Mapping[str, str] = field(default_factory=dict)
    """Graph's word for the platform of a filter, by its id in lower case."""

    @property
    def shown(self) -> dict[str, str]:
        """Id (lower case) of a group or assignment filter to its name."""
        entries = (*self.groups.entries, *self.filters.entries)
        return {identifier.lower(): name for identifier, name in entries}


def looks_like_id(reference: str) -> bool:
    """Whether a reference to a group or filter is an id rather than a name."""
    return _GUID.fullmatch(reference) is not None


def encode_target(item: dict[str, Any], names: Names) -> dict[str, Any]:
    """The target on the wire of one item of `assignments`.

    Raises:
        UnresolvedNameError: Its group or filter is not there, or not the only one.
    """
    group, chosen = item.get("group"), item.get("filter")
    return Target(
        _kind_of(item),
        group_id=names.groups.resolve(group) if group else "",
        collection_id=item.get("configuration_manager_collection") or "",
        filter_id=names.filters.resolve(chosen) if chosen else "",
        filter_type=item["filter_type"] if chosen else "",
    ).to_wire()


def target_problems(
    items: Sequence[Mapping[str, Any]], platform: Platform, names: Names
) -> Iterator[str]:
    """What is wrong with each item of `assignments`, names that lead to nothing included."""
    for number, item in enumerate(items):
        for word, known in (("group", names.groups), ("filter", names.filters)):
            try:
                found = known.resolve(item[word]) if item.get(word) else None
            except UnresolvedNameError as error:
                yield f"assignments[{number}].{word}: {error}"
                continue
            if word == "filter" and found is not None:
                yield from _filter_problem(number, found, platform, names)
    whom = [_whom(item, names) for item in items]
    if len(set(whom)) < len(whom):
        yield "assignments names the same target more than once."


def _filter_problem(number: int, filter_id: str, platform: Platform, names: Names) -> Iterator[str]:
    of = names.filter_platforms.get(filter_id.lower(), "")
    if not filter_fits(of, platform):
        name = names.filters.name_of(filter_id) or filter_id
        fitting = " or ".join(FILTER_PLATFORMS[platform])
        yield (
            f"assignments[{number}].filter: the assignment filter {name!r} is for {of}, the profile"
            f" for {platform}; Intune matches its devices only with filters for {fitting}."
        )


def _whom(item: Mapping[str, Any], names: Names) -> tuple[str, str]:
    group = str(item.get("group") or "")
    with suppress(UnresolvedNameError):
        group = names.groups.resolve(group).lower() if group else ""
    collection = str(item.get("configuration_manager_collection") or "").lower()
    if group or collection:
        return "", group or collection
    return _kind_of(dict(item)).value, ""


def _kind_of(item: dict[str, Any]) -> TargetKind:
    if item.get("group"):
        return TargetKind.EXCLUDED_GROUP if item.get("exclude") else TargetKind.GROUP
    if item.get("all_users"):
        return TargetKind.ALL_USERS
    return TargetKind.ALL_DEVICES if item.get("all_devices") else TargetKind.COLLECTION


def decode_target(wire: dict[str, Any], names: Names) -> dict[str, Any]:
    """One item of `assignments` for a target on the wire, with names where they are unique.

    A target of an unknown type comes back as `{"unknown": <its type>}`, which no declaration
    takes.
    """
    target = Target.of(wire)
    item = _decode_whom(target, names)
    if target.filter_id and not target.is_exclusion:
        item["filter"] = names.filters.reference_to(target.filter_id)
        item["filter_type"] = target.filter_type
    return item


def _decode_whom(target: Target, names: Names) -> dict[str, Any]:
    match target.kind:
        case TargetKind.GROUP:
            return {"group": names.groups.reference_to(target.group_id)}
        case TargetKind.EXCLUDED_GROUP:
            return {"group": names.groups.reference_to(target.group_id), "exclude": True}
        case TargetKind.ALL_USERS:
            return {"all_users": True}
        case TargetKind.ALL_DEVICES:
            return {"all_devices": True}
        case TargetKind.COLLECTION:
            return {"configuration_manager_collection": target.collection_id}
        case _:
            return {"unknown": target.type_name or None}


def root_certificate(profile: Profile) -> bytes:
    """The DER in a trusted root profile; empty where it is no base64."""
    value = str(profile.to_wire().get("trustedRootCertificate") or "")
    try:
        return der_of(value) or base64.b64decode(value)
    except (binascii.Error, ValueError):
        return b""


def der_of(encoded: str) -> bytes | None:
    """The DER that a `trustedRootCertificate` means; None where it is not one certificate."""
    # Reading certificates is not paid for by what reads none.
    from intune_scep.certificates import only_certificate

    try:
        return only_certificate(encoded.encode(errors="replace"))
    except CertificateError:
        return None


def thumbprints(der: bytes) -> tuple[str, str]:
    """SHA-1 and SHA-256 of a certificate, upper-case hex."""
    sha1 = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    return sha1, hashlib.sha256(der).hexdigest().upper()


def with_names(text: str, names: Mapping[str, str]) -> str:
    """A text with every id that has a name replaced by the quoted name.

    Args:
        names: By id in lower case.
    """

    def name(match: re.Match[str]) -> str:
        found = names.get(match[0].lower())
        return f"“{found}”" if found else match[0]

    return _GUID.sub(name, text)
