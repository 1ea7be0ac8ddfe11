"""Whether those whom a ring reaches have a SID: what is not known holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intune_scep.audience.readiness import ProfileReadiness
from intune_scep.profiles import CertificateType, ScepProfile
from intune_scep.rollout.model import ReadinessLimits
from intune_scep.strong_mapping.readiness import read_readiness
from intune_scep.tenant import Tenant


@dataclass(frozen=True)
class RingReadiness:
    """Who is ready for a ring, as far as it was asked for.

    Attributes:
        short: Of profiles that reach too many without a SID, in sentences.
        unknown: Of those of which it is not known.
        without_sid: Id of a profile to the managed devices, as Intune names them, for which no SID
            is there; a profile is missing where it is not known whom it reaches.
    """

    short: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    without_sid: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the ring may not be opened."""
        return bool(self.short or self.unknown)


async def ring_readiness(
    tenant: Tenant, profiles: Sequence[ScepProfile], limits: ReadinessLimits
) -> RingReadiness:
    """Who is ready for a ring with these profiles; nothing is read where there are no limits.

    Raises:
        GraphError, GraphTransportError: the profiles could not be read.
    """
    if limits == ReadinessLimits():
        return RingReadiness()
    least = {
        CertificateType.USER: limits.users_with_sid,
        CertificateType.DEVICE: limits.hybrid_devices,
    }
    ids = {profile.id for profile in profiles}
    readiness = await read_readiness(tenant)
    asked = [item for item in readiness.profiles if item.profile.id in ids]
    short, unknown = [], []
    without_sid: dict[str, frozenset[str]] = {}
    for item in asked:
        if not item.unsure and item.of is not None:
            without_sid[item.profile.id or ""] = readiness.devices_without_sid(item)
        limit = least.get(item.of) if item.of is not None else None
        if item.of is not None and limit is None:
            continue
        if item.unsure:
            unknown.append(f"Who is ready for {_name(item)} is not known: {' '.join(item.unsure)}")
        elif limit is not None and item.is_short(limit):
            short.append(_too_few(item, limit))
    return RingReadiness(tuple(short), tuple(unknown), without_sid)


def _too_few(item: ProfileReadiness, limit: float) -> str:
    return (
        f"{_name(item)}: {item.with_sid:,} of {item.counted:,} have a SID"
        f" ({item.share or 0.0:.1f} %); {limit:g} % are asked for."
    )


def _name(item: ProfileReadiness) -> str:
    return repr(item.profile.display_name or item.profile.id)
