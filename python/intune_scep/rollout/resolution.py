from __future__ import annotations

from dataclasses import dataclass

from intune_scep.profiles import ScepProfile
from intune_scep.rollout.file import Bundle, Ring, RolloutFile
from intune_scep.tenant import Snapshot


@dataclass(frozen=True)
class ResolvedBundle:
    profile: ScepProfile
    bundle: Bundle | None
    verifiable: bool


@dataclass(frozen=True)
class ResolvedRing:
    ring: Ring
    bundles: tuple[ResolvedBundle, ...]
    group_ids: tuple[str, ...]


@dataclass(frozen=True)
class Resolved:
    file: RolloutFile
    bundles: tuple[ResolvedBundle, ...]
    rings: tuple[ResolvedRing, ...]
    notes: tuple[str, ...]


def resolve(file: RolloutFile, snapshot: Snapshot) -> Resolved:
    raise NotImplementedError
