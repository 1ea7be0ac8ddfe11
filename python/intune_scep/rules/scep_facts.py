"""A SCEP profile taken apart once, for the rules that look at the same things."""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

from intune_scep.memory import once
from intune_scep.profiles.sid_uri import SID_VARIABLE
from intune_scep.profiles.variables import fold
from intune_scep.rules.places import Place, Used
from intune_scep.rules.settings import settings_of
from intune_scep.rules.wording import Wording

if TYPE_CHECKING:
    from intune_scep.profiles import ScepProfile

_T = TypeVar("_T")

SID_FOLDED: Final = fold(SID_VARIABLE.strip("{}"))
"""The name of the SID variable without brackets and letter case."""


def _worded(fact: once[_T]) -> once[_T]:
    """A fact of the wording as one of the profile."""
    name = fact.work.__name__

    @wraps(fact.work)
    def look_up(facts: ScepFacts) -> _T:
        found: _T = getattr(facts.wording, name)
        return found

    return once(look_up)


class ScepFacts:
    """What rules ask of a SCEP profile; each answer is worked out once.

    Args:
        profile: The profile.

    Attributes:
        settings: What it sets; other profiles may share it.
    """

    is_user = _worded(Wording.is_user)
    is_device = _worded(Wording.is_device)
    subject = _worded(Wording.subject)
    subject_parts = _worded(Wording.subject_parts)
    sans = _worded(Wording.sans)
    legacy_san = _worded(Wording.legacy_san)
    legacy_san_types = _worded(Wording.legacy_san_types)
    alternative_names = _worded(Wording.alternative_names)
    places = _worded(Wording.places)
    all_used = _worded(Wording.all_used)
    sid_uris = _worded(Wording.sid_uris)
    misuses_sid = _worded(Wording.misuses_sid)
    usages = _worded(Wording.usages)
    logs_on = _worded(Wording.logs_on)
    is_device_off_windows = _worded(Wording.is_device_off_windows)

    def __init__(self, profile: ScepProfile) -> None:
        self.profile = profile
        self.settings = settings_of(profile)

    @once
    def wording(self) -> Wording:
        """What its certificates say and whom they are for; other profiles may share it."""
        return self.settings.wording

    def used(self, folded: Container[str]) -> Iterator[tuple[Place, Used]]:
        """Yield every use of some variables.

        Args:
            folded: Their names without letter case.
        """
        return self.wording.used(folded)
