"""A tenant to bring to its declared state."""

from collections.abc import Sequence
from typing import Any

import pytest

from intune_scep.desired_state import PlanChoices, apply_declarations, plan_declarations

from . import declared

WRITES = ("POST", "PATCH", "PUT", "DELETE")


class DeclaredTenant:
    """What tests of this room ask of a simulated tenant."""

    def __init__(self, simulated: Any) -> None:
        self.simulated = simulated

    def plan(self, declarations: Sequence[Any], *, rules: Any = None, **choices: Any) -> Any:
        return self.simulated.run(
            lambda graph: plan_declarations(
                graph, declarations, PlanChoices(**choices), rules=rules
            )
        )

    def apply(
        self,
        declarations: Sequence[Any],
        *,
        rules: Any = None,
        journal: Any = None,
        max_changes: int | None = None,
        **choices: Any,
    ) -> Any:
        return self.simulated.run(
            lambda graph: apply_declarations(
                graph,
                declarations,
                PlanChoices(**choices),
                rules=rules,
                journal=journal,
                max_changes=max_changes,
            )
        )

    def applied(self, declarations: Sequence[Any], **choices: Any) -> Any:
        """Apply what must succeed, and forget the requests."""
        report = self.apply(declarations, **choices)
        assert not report.failed, report.msg
        self.forget()
        return report

    def forget(self) -> None:
        self.simulated.control("DELETE", "requests")

    def fault(self, *rules: Any) -> None:
        self.simulated.control("PUT", "faults", list(rules))

    def writes(self) -> list[dict[str, Any]]:
        """Writes of profiles the tenant received, in order."""
        return [
            item
            for item in self.simulated.requests()
            if item["method"] in WRITES and not item["path"].endswith("$batch")
        ]

    def profile(self, name: str) -> dict[str, Any]:
        [found] = [p for p in self.simulated.profiles().values() if p["displayName"] == name]
        return found

    def names(self) -> list[str]:
        return sorted(p["displayName"] for p in self.simulated.profiles().values())


@pytest.fixture
def tenant(simulated):
    """An empty tenant with groups, filters and scope tags."""
    return DeclaredTenant(simulated(declared.scenario(), name="declared"))


@pytest.fixture
def tenant_with(simulated):
    """Return a function from profiles to a tenant that has them."""

    def start(profiles: Any, **more: Any) -> DeclaredTenant:
        return DeclaredTenant(simulated(declared.scenario(profiles, **more)))

    return start
