"""Plans in files: what is shown, approved and carried out later."""

from __future__ import annotations

import json
from pathlib import Path

from intune_scep.changes.plan import Plan
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.files import MOST_JSON, parse_json, read_regular, save_private
from intune_scep.wording import option


def save_plan(path: Path, plan: Plan, *, overwrite: bool = False) -> None:
    """Write a plan for approval, readable by its owner only.

    Args:
        overwrite: Write over a file that is there.

    Raises:
        PlanError: the file is there already, or cannot be written.
    """
    data = (json.dumps(plan.to_dict(), indent=2) + "\n").encode("ascii")
    unless = None if overwrite else option("overwrite")
    save_private(path, data, called=option("plan"), overwrite=unless, error=PlanError)


def load_plan(path: Path) -> Plan:
    """Read a plan back.

    Raises:
        PlanError: it cannot be read, is no plan, or was edited.
    """
    try:
        data = read_regular(path, what=option("plan"), most=MOST_JSON)
        content = parse_json(data, f"{option('plan')} {path}", most=MOST_JSON)
    except IntuneScepError as error:
        raise PlanError(str(error)) from error
    try:
        return Plan.from_dict(content)
    except PlanError as error:
        raise PlanError(f"{option('plan')} {path}: {error.message}", hint=error.hint) from error
