"""What the operator decides about a set of declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from intune_scep.desired_state.marker import is_marked, marker
from intune_scep.errors import StatePlanError
from intune_scep.profiles import Profile
from intune_scep.wording import option


@dataclass(frozen=True)
class PlanChoices:
    """What the operator decides about a set of declarations.

    Attributes:
        managed_by: Name of the set, written as a mark into the description of each of its
            profiles; None writes no mark.
        prune: Delete profiles that carry the mark of the set, or that `prune_list` names, and
            that no declaration is about.
        prune_list: Names or ids of profiles to prune besides.
    """

    managed_by: str | None = None
    prune: bool = False
    prune_list: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as a journal keeps it."""
        return {
            "managed_by": self.managed_by,
            "prune": self.prune,
            "prune_list": list(self.prune_list),
        }

    def given(self) -> dict[str, Any]:
        """Those that were chosen otherwise than by default."""
        default = PlanChoices().to_dict()
        return {name: value for name, value in self.to_dict().items() if value != default[name]}

    def check(self) -> None:
        """Refuse choices that contradict each other.

        Raises:
            StatePlanError: `prune` says nothing, or `prune_list` stands without it.
            MarkerError: `managed_by` cannot stand in a mark.
        """
        if self.managed_by is not None:
            marker(self.managed_by)
        if self.prune and self.managed_by is None and not self.prune_list:
            raise StatePlanError(
                f"{option('prune')} needs {option('managed_by')}, so that only profiles with that"
                f" mark in their description are deleted, or {option('prune_list')} with their"
                " names or ids."
            )
        if self.prune_list and not self.prune:
            raise StatePlanError(
                f"{option('prune_list')} deletes profiles only together with {option('prune')}."
            )

    def may_prune(self, profile: Profile) -> bool:
        """Whether a profile carries the mark of the set, or is named in the list."""
        if not self.prune:
            return False
        if self.managed_by is not None and is_marked(profile.description, self.managed_by):
            return True
        return profile.id in self.prune_list or profile.display_name in self.prune_list
