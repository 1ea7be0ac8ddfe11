"""Whether those whom a ring reaches have a SID: what is not known holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intune_scep.audience.readiness import ProfileReadiness
from intune_scep.profiles import CertificateType, ScepProfile
from intune_scep.rollout.model import ReadinessLimits
from intune_scep.strong_mapping.readiness import read_readiness
from intune_scep.tenant import Tenant


@dataclass(frozen=True)
class NotReady:
    """Why a ring is held.

    Attributes:
        short: Of profiles that reach too many without a SID, in sentences.
        unknown: Of those of which it is not known.
    """

    short: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


async def why_not_ready(
    tenant: Tenant, profiles: Sequence[ScepProfile], limits: ReadinessLimits
) -> NotReady | None:
    """Why a ring with these profiles may not be opened; None where it may.

    Raises:
        GraphError, GraphTransportError: the profiles could not be read.
    """
    if limits == ReadinessLimits():
        return None
    least = {
        CertificateType.USER: limits.users_with_sid,
        CertificateType.DEVICE: limits.hybrid_devices,
    }
    ids = {profile.id for profile in profiles}
    readiness = await read_readiness(tenant)
    asked = [item for item in readiness.profiles if item.profile.id in ids]
    short, unknown = [], []
    for item in asked:
        limit = least.get(item.of) if item.of is not None else None
        if item.of is not None and limit is None:
            continue
        if item.unsure:
            unknown.append(f"Who is ready for {_name(item)} is not known: {' '.join(item.unsure)}")
        elif limit is not None and item.is_short(limit):
            short.append(_too_few(item, limit))
    if not short and not unknown:
        return None
    return NotReady(tuple(short), tuple(unknown))


def _too_few(item: ProfileReadiness, limit: float) -> str:
    return (
        f"{_name(item)}: {item.with_sid:,} of {item.counted:,} have a SID"
        f" ({item.share or 0.0:.1f} %); {limit:g} % are asked for."
    )


def _name(item: ProfileReadiness) -> str:
    return repr(item.profile.display_name or item.profile.id)
