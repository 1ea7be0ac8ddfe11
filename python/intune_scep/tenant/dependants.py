"""Which profiles use the certificates of which SCEP profiles (DOMAIN.md 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from intune_scep.errors import GraphError, GraphTransportError, IntuneScepError, PlanError
from intune_scep.graph.batch import BatchAnswer, read_batch
from intune_scep.graph.session import checked_id
from intune_scep.profiles.dependants import (
    CERTIFICATE_LINKS,
    COLLECTIONS,
    links_of,
    name_of_dependant,
)
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant

LedTo = str | tuple[str, ...] | IntuneScepError | None
"""Id of what a link leads to, None for nothing, all ids where it may lead to several, or why it
could not be read."""


class Use(StrEnum):
    """What a dependant does with a certificate."""

    WI_FI = "wi_fi"
    VPN = "vpn"
    WIRED = "wired"
    MAIL = "mail"
    SINGLE_SIGN_ON = "single_sign_on"
    OTHER = "other"


USE_WORDS: Final[Mapping[Use, str]] = {
    Use.WI_FI: "Wi-Fi",
    Use.VPN: "VPN",
    Use.WIRED: "wired network",
    Use.MAIL: "mail",
    Use.SINGLE_SIGN_ON: "single sign-on",
    Use.OTHER: "other",
}
"""What each is called, for people."""

# What the names of their types have in them, in lower case; DOMAIN.md 5.3 lists the types.
_IN_NAMES: Final = {
    "wifi": Use.WI_FI,
    "vpn": Use.VPN,
    "wired": Use.WIRED,
    "eas": Use.MAIL,
    "email": Use.MAIL,
    "devicefeatures": Use.SINGLE_SIGN_ON,
}


def use_of(odata_type: str) -> Use:
    """What a profile of a type uses a certificate for."""
    name = odata_type.rsplit(".", 1)[-1].lower()
    return next((use for part, use in _IN_NAMES.items() if part in name), Use.OTHER)


@dataclass(frozen=True)
class UsedBy:
    """A profile that uses the certificates of another one.

    Attributes:
        odata_type: With prefix, as it came.
        assignments: Wire objects.
        links: Names of the navigation properties by which it does.
        version, last_modified: Its edition, as it was listed.
    """

    id: str
    name: str
    odata_type: str
    assignments: Sequence[Mapping[str, Any]]
    links: tuple[str, ...] = ()
    version: int | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class DependantLinks:
    """Who uses which SCEP profile.

    Attributes:
        by_profile: SCEP profile id to the profiles that use it, in the order of the listing.
        failures: (profile name, error) of every link that could not be read.
    """

    by_profile: Mapping[str, tuple[UsedBy, ...]] = field(default_factory=dict)
    failures: tuple[tuple[str, IntuneScepError], ...] = ()


async def read_dependants(
    tenant: Tenant, configurations: Iterable[Mapping[str, Any]]
) -> DependantLinks:
    """Follow the certificate links of Wi-Fi, VPN, wired, mail and single sign-on profiles.

    The links are no part of a plain GET, so each is read through the cast to its type, 20 a
    request.

    Args:
        configurations: Wire objects of a listing with assignments; other types are passed over.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
    """
    questions = [
        (configuration, name, link)
        for configuration in configurations
        if (name := _type_name(configuration))
        for link in CERTIFICATE_LINKS[name]
    ]
    paths = [
        certificate_link_path(str(configuration.get("id") or ""), name, link)
        for configuration, name, link in questions
    ]
    found: dict[str, dict[str, UsedBy]] = {}
    failures: list[tuple[str, IntuneScepError]] = []
    for (configuration, _, link), answer in zip(
        questions, await read_batch(tenant.session, paths), strict=True
    ):
        user = _used_by(configuration)
        if answer.not_found:
            continue
        if answer.error is not None:
            failures.append((user.name, answer.error))
        elif isinstance(answer.body, dict) and isinstance(answer.body.get("id"), str):
            users = found.setdefault(answer.body["id"], {})
            known = users.setdefault(user.id, user)
            users[user.id] = replace(known, links=(*known.links, link))
        else:
            failures.append((user.name, _no_profile(answer.path)))
    by_profile = {identifier: tuple(each.values()) for identifier, each in found.items()}
    return DependantLinks(by_profile, tuple(failures))


async def read_link(tenant: Tenant, identifier: str, odata_type: str, link: str) -> str | None:
    """Id of the certificate profile that a dependant points at; None where there is none.

    Args:
        link: Name of the navigation property.

    Raises:
        GraphError, GraphTransportError: it could not be read.
        PlanError: the type has no such link.
    """
    path = single_link_path(identifier, odata_type, link)
    try:
        body = await tenant.session.read(path)
    except GraphError as error:
        if error.status == 404:
            return None
        raise
    if isinstance(body, dict) and isinstance(body.get("id"), str):
        return str(body["id"])
    raise _no_profile(path)


async def read_links(
    tenant: Tenant, links: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str], LedTo]:
    """Read where links lead, 20 a request.

    Args:
        links: Id and type of the dependant, and name of the navigation property.

    Returns:
        By id and name of the link.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
        PlanError: a type has no such link.
    """
    answers = await read_batch(tenant.session, [certificate_link_path(*link) for link in links])
    return {
        (identifier, link): _all_led_to(answer) if link in COLLECTIONS else _led_to(answer)
        for (identifier, _, link), answer in zip(links, answers, strict=True)
    }


def _led_to(answer: BatchAnswer) -> str | IntuneScepError | None:
    if answer.not_found:
        return None
    if answer.error is not None:
        return answer.error
    found = answer.body.get("id") if isinstance(answer.body, dict) else None
    return found if isinstance(found, str) else _no_profile(answer.path)


def _all_led_to(answer: BatchAnswer) -> tuple[str, ...] | IntuneScepError:
    if answer.not_found:
        return ()
    if answer.error is not None:
        return answer.error
    try:
        return _ids_in(answer.path, answer.body)
    except GraphTransportError as error:
        return error


def _ids_in(path: str, body: Any) -> tuple[str, ...]:
    items = body.get("value") if isinstance(body, dict) else None
    if not isinstance(items, list) or body.get("@odata.nextLink"):
        raise _no_profile(path)
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(each, str) for each in ids):
        raise _no_profile(path)
    return tuple(str(each) for each in ids)


async def read_collection_link(
    tenant: Tenant, identifier: str, odata_type: str, link: str
) -> tuple[str, ...]:
    """Ids of every profile that a link leads to which may lead to several.

    Raises:
        GraphError, GraphTransportError: it could not be read.
        PlanError: the type has no such link.
    """
    path = collection_link_path(identifier, odata_type, link)
    try:
        return _ids_in(path, await tenant.session.read(path))
    except GraphError as error:
        if error.status == 404:
            return ()
        raise


def single_link_path(identifier: str, odata_type: str, link: str) -> str:
    """As `certificate_link_path`, of a link that leads to one profile at most.

    Raises:
        PlanError: the type has no such link.
    """
    return _path_of_kind(identifier, odata_type, link, several=False)


def collection_link_path(identifier: str, odata_type: str, link: str) -> str:
    """As `certificate_link_path`, of a link that may lead to several profiles.

    Raises:
        PlanError: the type has no such link.
    """
    return _path_of_kind(identifier, odata_type, link, several=True)


def _path_of_kind(identifier: str, odata_type: str, link: str, *, several: bool) -> str:
    path = certificate_link_path(identifier, odata_type, link)
    if (link in COLLECTIONS) is not several:
        what = "several certificate profiles" if several else "one certificate profile"
        raise PlanError(f"The link {link!r} is none that leads to {what}.")
    return path


def certificate_link_path(identifier: str, odata_type: str, link: str) -> str:
    """Where a link to certificate profiles is read and written: through the cast to its type.

    Raises:
        PlanError: the type has no such link.
    """
    name = name_of_dependant(odata_type)
    if name is None or link not in links_of(name):
        raise PlanError(f"A profile of the type {odata_type!r} has no certificate link {link!r}.")
    return f"{CONFIGURATIONS}/{checked_id(identifier)}/microsoft.graph.{name}/{link}"


def _no_profile(path: str) -> GraphTransportError:
    return GraphTransportError(
        f"The answer to GET {path} is not a certificate profile.", hides_commit=False
    )


def has_certificate_links(odata_type: str) -> bool:
    """Whether profiles of a type may point at a certificate profile."""
    return name_of_dependant(odata_type) is not None


def _type_name(configuration: Mapping[str, Any]) -> str | None:
    return name_of_dependant(configuration.get("@odata.type"))


def _used_by(configuration: Mapping[str, Any]) -> UsedBy:
    version, modified = configuration.get("version"), configuration.get("lastModifiedDateTime")
    return UsedBy(
        id=str(configuration.get("id")),
        name=str(configuration.get("displayName") or configuration.get("id")),
        odata_type=str(configuration.get("@odata.type")),
        assignments=tuple(configuration.get("assignments") or ()),
        version=version if type(version) is int else None,
        last_modified=modified if isinstance(modified, str) else None,
    )
