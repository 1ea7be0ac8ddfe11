"""What the preflight says before a rollout is started."""

from __future__ import annotations

from collections.abc import Iterator

from intune_scep.errors import PlanError
from intune_scep.rollout.resolution import Resolved
from intune_scep.strong_mapping.answers import Answers, read_answers
from intune_scep.strong_mapping.preflight import Point
from intune_scep.strong_mapping.preflight_reading import run_preflight
from intune_scep.strong_mapping.questions import Outcome
from intune_scep.tenant import Tenant


async def preflight_notes(tenant: Tenant, resolved: Resolved) -> tuple[str, ...]:
    """What is still to be answered of the profiles of a rollout, with the answers of its file.

    Raises:
        PlanError: something stands in the way.
        AnswersError: an answer of the file is none.
    """
    file = resolved.file
    answers = read_answers([file.path]) if file.answers else Answers()
    profiles = {item.profile.id or "" for item in resolved.bundles}
    found = await run_preflight(tenant, answers, only=profiles)
    stops = [point for point in found.points if point.outcome is Outcome.STOP]
    if stops:
        raise PlanError(
            f"The preflight says no. {' '.join(_told(stops))} Nothing was changed.",
            hint="`strong-mapping preflight` says more; `answers` in the file is where to answer.",
        )
    if not found.unanswered:
        return ()
    listed = ", ".join(found.unanswered)
    return (f"The preflight has no answer to: {listed}. It goes on all the same.",)


def _told(points: list[Point]) -> Iterator[str]:
    for point in points:
        said = point.means or " ".join(point.found)
        yield f"{point.question.id}: {said}"
