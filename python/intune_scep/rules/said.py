"""Rules about nothing but what profiles set or say: those that do the same are judged once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper, wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intune_scep.rules.context import Context
    from intune_scep.rules.model import Complaint
    from intune_scep.rules.settings import Settings
    from intune_scep.rules.wording import Wording


class OfSettings:
    """A rule that is given what a profile sets, and so can read no more of it.

    Args:
        work: A pure function. What it finds is kept with the settings.
    """

    def __init__(self, work: Callable[[Settings], Iterable[Complaint]]) -> None:
        self.work = work
        update_wrapper(self, work)

    def __call__(self, context: Context) -> Iterable[Complaint]:
        return self.work(context.scep.settings)


def of_settings(work: Callable[[Settings], Iterable[Complaint]]) -> OfSettings:
    """Make a rule of a function of what a profile sets."""
    return OfSettings(work)


def of_wording(work: Callable[[Wording], Iterable[Complaint]]) -> OfSettings:
    """Make a rule of a function of what the certificates say, which is part of what is set.

    Args:
        work: A pure function. What it finds is kept with the wording, which more profiles share.
    """

    def find(wording: Wording) -> tuple[Complaint, ...]:
        return tuple(work(wording))

    @wraps(work)
    def judge(settings: Settings) -> tuple[Complaint, ...]:
        return settings.wording.make(find)

    return OfSettings(judge)
