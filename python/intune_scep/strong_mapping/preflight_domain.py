"""What follows from the answers of the script for the questions of the preflight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from intune_scep.active_directory.domain_facts import (
    MAPPING_EVENTS,
    NTAUTH_EVENTS,
    DomainController,
    DomainFacts,
)
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.preflight_facts import MOST_NAMED, Found, Seen
from intune_scep.texts import first_of

_ENFORCED: Final = 2
# For how many days no event must have been logged.
_QUIET_DAYS: Final = 30


def seen_in_domain(domain: DomainFacts | None, found: Found) -> dict[str, Seen]:
    """The answers that follow from what the script found, by question."""
    if domain is None:
        return {}
    return {
        "no_mapping_events": _mapping_events(domain),
        "domain_controllers_2019": _systems(domain),
        "ca_in_ntauth": _ntauth(domain, found),
        "explicit_mappings": _explicit(domain),
    }


def _count(item: DomainController, events: Iterable[int]) -> int:
    return sum((item.events or {}).get(number, 0) for number in events)


def _mapping_events(domain: DomainFacts) -> Seen:
    complaining = [item for item in domain.domain_controllers if _count(item, MAPPING_EVENTS)]
    if complaining:
        total = sum(_count(item, MAPPING_EVENTS) for item in complaining)
        names = first_of([item.name for item in complaining], most=MOST_NAMED)
        return False, (f"{total:,} of these events in {domain.days} days on {names}.",)
    unread = [item.name for item in domain.domain_controllers if item.events is None]
    unread += [f"all of {name}" for name in domain.unread_domains]
    if unread or not domain.domain_controllers:
        return None, (
            f"Events could not be read on: {first_of(unread or ['any'], most=MOST_NAMED)}.",
        )
    if domain.days < _QUIET_DAYS:
        return None, (f"The script looked at {domain.days} days only.",)
    number = counted(len(domain.domain_controllers), "domain controller")
    return True, (f"None of these events in {domain.days} days on {number}.",)


def _systems(domain: DomainFacts) -> Seen:
    everyone = domain.domain_controllers
    old = [
        f"{item.name} ({item.operating_system})" for item in everyone if item.reads_sid_uri is False
    ]
    if old:
        return False, (f"Older: {first_of(old, most=MOST_NAMED)}.",)
    unclear = [item.name for item in everyone if item.reads_sid_uri is None]
    unclear += [f"all of {name}" for name in domain.unread_domains]
    if unclear or not everyone:
        return None, (f"Not known of: {first_of(unclear or ['any'], most=MOST_NAMED)}.",)
    return True, (f"{counted(len(everyone), 'domain controller')}, all 2019 or later.",)


def _ntauth(domain: DomainFacts, found: Found) -> Seen:
    if domain.ntauth is None:
        return None, ("The NTAuth store could not be read.",)
    if not domain.ntauth:
        return False, ("The NTAuth store is empty.",)
    there = {item.thumbprint for item in domain.ntauth}
    listed = first_of([item.subject for item in domain.ntauth], most=MOST_NAMED)
    linked = [root.name for root in found.roots or () if root.thumbprint in there]
    besides = f" Of the trusted roots: {first_of(linked, most=MOST_NAMED)}." if linked else ""
    # A profile may link the root, and the issuing CA below it is what counts.
    return None, (
        f"In NTAuth: {listed}.{besides} Whether the issuing CA is among them, a person must see.",
    )


def _explicit(domain: DomainFacts) -> Seen:
    if domain.strong_mappings is None:
        return None, ("The accounts could not be counted.",)
    if not domain.strong_mappings:
        return False, ("No account has a strong explicit mapping.",)
    return None, (
        f"{counted(domain.strong_mappings, 'account')} with one; whether it is of the certificates"
        " in use, a person must see.",
    )


def told_by_domain(domain: DomainFacts | None) -> Iterator[str]:
    """What is not judged, in sentences."""
    if domain is None:
        return
    yield f"The script was run at {domain.made_at}."
    for item in domain.domain_controllers:
        refused = {number: (item.events or {}).get(number, 0) for number in NTAUTH_EVENTS}
        if any(refused.values()):
            told = " and ".join(f"{count:,} events {number}" for number, count in refused.items())
            yield (
                f"{item.name} logged {told}: certificates of an authority that is not in NTAuth."
                " Intune-scep certificate events says whose."
            )
        if item.binding_enforcement not in {None, _ENFORCED}:
            yield (
                f"{item.name}: StrongCertificateBindingEnforcement is {item.binding_enforcement};"
                " updates since September 2025 do not heed it."
            )
        if item.ntauth_bypass not in {None, _ENFORCED}:
            yield (
                f"{item.name}: AllowNtAuthPolicyBypass is {item.ntauth_bypass}; the bypass was"
                " removed by the updates of October 2025."
            )
        yield from (f"{item.name}: not read: {error}" for error in item.errors)
    yield from (f"Not read by the script: {error}" for error in domain.errors)
