"""What can be wrong with declarations, and with a plan made of them."""

from __future__ import annotations

from collections.abc import Sequence

from intune_scep.errors import IntuneScepError


class DeclarationError(IntuneScepError):
    """One or more declarations cannot be used.

    Attributes:
        problems: One sentence for each wrong option, in the order of the declarations.
    """

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        prefix = f"{where}: " if where else ""
        super().__init__(prefix + " ".join(self.problems))


class InexpressibleError(IntuneScepError):
    """A value on the wire has no form in a declaration.

    Attributes:
        wire_name: The wire property.
    """

    def __init__(self, wire_name: str, reason: str) -> None:
        super().__init__(f"{wire_name} {reason}")
        self.wire_name = wire_name
