"""The writes an action is made of: each kind in its own file, which holds all that differs.

A kind says what it expects before (`writing`), what it sends, what there is afterwards
(`expectation`) and what undoes it. Nothing outside its file knows a kind by name in order to carry
it out, read it back or record it; a new file in this room is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from intune_scep.changes.steps.base import (
    Assignments,
    PreImage,
    Reference,
    Seen,
    Step,
    Wire,
    id_of,
)
from intune_scep.changes.values import object_of, text_of
from intune_scep.errors import PlanError

__all__ = [
    "Assignments",
    "PreImage",
    "Reference",
    "Seen",
    "Step",
    "Wire",
    "id_of",
    "step_from_dict",
]


@cache
def _load_kinds() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def step_from_dict(data: Any) -> Step:
    """Read a step back.

    Raises:
        PlanError: there is no such kind.
        NotAsWrittenError: it is not one.
    """
    _load_kinds()
    name = text_of(object_of(data)["kind"])
    kind = Step.kinds.get(name)
    if kind is None:
        raise PlanError(f"The plan is damaged: there is no step of the kind {name[:40]!r}.")
    return kind.from_dict(data)
