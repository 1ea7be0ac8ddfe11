"""The copies that a rollout leaves in the tenant when it is ended where it is."""

from __future__ import annotations

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.session import checked_id
from intune_scep.rollout.state import RolloutState
from intune_scep.tenant import Tenant
from intune_scep.tenant.profiles import CONFIGURATIONS


async def copies_left(tenant: Tenant, state: RolloutState) -> tuple[str, ...]:
    """The copies of SCEP profiles and of dependants that are there, in a sentence; by their ids
    where their names cannot be read."""
    ids = list(state.clones.values())
    if not ids:
        return ()
    called = dict(zip(ids, ids, strict=True))
    paths = [f"{CONFIGURATIONS}/{checked_id(each)}?$select=id,displayName" for each in ids]
    try:
        answers = await read_batch(tenant.session, paths)
    except IntuneScepError:
        answers = []
    for identifier, answer in zip(ids, answers, strict=False):
        if answer.not_found:
            del called[identifier]
        elif isinstance(answer.body, dict) and isinstance(answer.body.get("displayName"), str):
            called[identifier] = f"{answer.body['displayName']!r} ({identifier})"
    if not called:
        return ()
    copies = "1 copy stays" if len(called) == 1 else f"{len(called):,} copies stay"
    return (f"{copies}: {', '.join(called.values())}.",)
