"""Whether a file that was edited may go on: rings that are entered stay as they were. Pure."""

from __future__ import annotations

from intune_scep.errors import PlanError
from intune_scep.rollout.model import RolloutFile
from intune_scep.rollout.state import RolloutState


def is_edited(file: RolloutFile, state: RolloutState) -> bool:
    """Whether the file is another one than the journal recorded last.

    Raises:
        PlanError: the edit touches a ring that is entered or the strategy, or adds rings when every
            ring is done with.
    """
    if file.digest == state.digest:
        return False
    if file.strategy is not state.strategy:
        raise _refused(file, f"`strategy` was {state.strategy.value}")
    entered = [ring for ring in state.rings if ring.is_entered]
    for place, ring in enumerate(entered):
        now = file.rings[place] if place < len(file.rings) else None
        if now is None or now.name != ring.name:
            raise _refused(file, f"ring {place + 1} was {ring.name!r}")
        if file.ring_digest(now) != ring.digest:
            raise _refused(file, f"the ring {ring.name!r} was changed, its gates or its bundles")
    if state.finished_at is not None and len(file.rings) > len(entered):
        raise PlanError(
            f"{file.path} has more rings now, but the rollout is completed. Nothing was changed.",
            hint="Give them in another file, with another name after `rollout`.",
        )
    return True


def _refused(file: RolloutFile, what: str) -> PlanError:
    return PlanError(
        f"{file.path} was edited where the rollout has been already: {what}. Nothing was changed.",
        hint="Take that part of the edit back. Rings that are not opened yet may be changed.",
    )
