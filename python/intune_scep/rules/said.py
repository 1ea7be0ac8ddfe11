"""Rules about nothing but what certificates say: profiles that say the same are judged once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intune_scep.rules.context import Context
    from intune_scep.rules.model import Complaint, Judge
    from intune_scep.rules.wording import Wording


def of_wording(work: Callable[[Wording], Iterable[Complaint]]) -> Judge:
    """Make a rule of a function that is given what the certificates say, and so can read no more.

    Args:
        work: A pure function. What it finds is kept with the wording.
    """

    def find(wording: Wording) -> tuple[Complaint, ...]:
        return tuple(work(wording))

    @wraps(work)
    def judge(context: Context) -> tuple[Complaint, ...]:
        return context.scep.wording.make(find)

    return judge
