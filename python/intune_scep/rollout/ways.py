"""How a verb of a rollout is said by whoever is speaking."""

from __future__ import annotations

from intune_scep.wording import face, option


def way_on(verb: str) -> str:
    """What the reader does next: a command, a call, or the option of a module or a role."""
    speaker = face()
    if speaker.dashes:
        return f"`intune-scep strong-mapping rollout {verb}`"
    if speaker.runs_commands:
        return f"`client.rollout.{verb}`"
    return f"{option('rollout_action')}: {verb}"
