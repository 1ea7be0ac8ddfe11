"""What changing each profile asks of SCEP hosts, by the certificates that are out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from intune_scep.profiles import Platform, ScepProfile
from intune_scep.rollout.model import Dependants
from intune_scep.rollout.pace import Burden
from intune_scep.rollout.resolution import Resolved, ResolvedBundle
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.rollout.words import Stage

_APPLE: Final = frozenset({Platform.IOS, Platform.MACOS})


def burdens_of(
    resolved: Resolved, state: RolloutState, stage: Stage = Stage.OPEN
) -> Mapping[tuple[str, str], Burden]:
    """Ring and profile id to what a stage asks for; of the rings that are entered.

    Pointing dependants elsewhere installs them anew, as their copies are installed beside them,
    which enrols on Apple's platforms alone. It is counted like a change of the profile, which is
    more than there are dependants.

    A device has as many certificates of a profile as are issued to it anew: on Apple's platforms
    one for each dependant (DOMAIN.md 4), so they are counted as they are.
    """
    found: dict[tuple[str, str], Burden] = {}
    for ring in resolved.rings:
        entered = state.ring(ring.ring.name)
        if not entered.is_entered:
            continue
        apart = frozenset() if ring.ring.back else state.devices_of_others(entered)
        for bundle in ring.bundles:
            identifier = bundle.profile.id or ""
            old, _ = ring.exchanged(state.clones)[identifier]
            count = _count(entered, old, apart) if bundle.verifiable else None
            if stage is not Stage.OPEN and not _enrols_again(bundle, stage):
                count = 0
            name = bundle.profile.display_name or identifier
            hosts = hosts_of(bundle.profile)
            found[entered.name, identifier] = Burden(identifier, name, count, hosts)
    return found


_BY: Final = {Stage.REPOINT: Dependants.REPOINT_AT_END, Stage.FOLLOW: Dependants.CLONE}


def _enrols_again(bundle: ResolvedBundle, stage: Stage) -> bool:
    if bundle.bundle is None or bundle.bundle.dependants is not _BY[stage]:
        return False
    used = stage is Stage.REPOINT or bool(bundle.dependants)
    return used and bundle.profile.profile_type.platform in _APPLE


def _count(ring: RingState, profile: str, apart: frozenset[str]) -> int | None:
    """The certificates of a profile on the devices of a ring; None where they were not read.

    Args:
        apart: Devices of other rings, of which none counts where the ring names none.
    """
    held = ring.before.held.get(profile.lower()) if ring.before is not None else None
    if held is None:
        return None
    return sum(
        len(serials)
        for device, serials in held.items()
        if (device in ring.devices if ring.devices is not None else device not in apart)
    )


def hosts_of(profile: ScepProfile) -> tuple[str, ...]:
    """The hosts of its SCEP server URLs, each once, in lower case."""
    urls = profile.scep_server_urls or ()
    hosts = [urlsplit(str(url)).netloc.rpartition("@")[2].lower() or str(url) for url in urls]
    return tuple(dict.fromkeys(hosts))
