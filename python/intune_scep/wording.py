"""An option in the words of who is speaking: a flag, an option of a module, a variable of a role.

The library knows each option by one name, and asks here how it is called when a sentence names it.
Whoever speaks to a person says once who it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Face:
    """Who speaks.

    Attributes:
        prefix: What the name of every option begins with.
        dashes: Whether options are flags of a command line.
        own: Options that are called otherwise here.
        lacks: Options that this face does not have; the environment may.
        runs_commands: Whether a command line is what a reader would type next.
    """

    prefix: str = ""
    dashes: bool = False
    own: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()
    runs_commands: bool = True

    def option(self, name: str) -> str:
        """What an option is called here."""
        called = self.own.get(name, name)
        if self.dashes:
            return f"--{called.replace('_', '-')}"
        return f"{self.prefix}{called}"


_ROLLOUT: Final = {"rollout_action": "action", "rollout_reason": "reason"}
PYTHON: Final = Face(own={"except": "except_", "rules_path": "rules", **_ROLLOUT})
COMMAND: Final = Face(
    dashes=True,
    own={"rules_path": "rules", **_ROLLOUT},
    lacks=frozenset({"secret", "access_token", "authority", "timeout"}),
)
MODULE: Final = Face(
    own=_ROLLOUT,
    lacks=frozenset({"endpoint", "simulator", "authority", "timeout"}),
    runs_commands=False,
)
CONNECTION: Final = frozenset(
    {
        "cloud",
        "tenant",
        "client_id",
        "secret",
        "x509_certificate_path",
        "oidc_token_file_path",
        "access_token",
        "auth_source",
        "patience",
    }
)
"""What a role leaves to the environment."""

_speaking: ContextVar[Face] = ContextVar("speaking", default=PYTHON)


def role(prefix: str) -> Face:
    """The face of a role whose variables begin with a prefix."""
    return Face(prefix=prefix, lacks=MODULE.lacks | CONNECTION, runs_commands=False)


@contextmanager
def speaking(face: Face) -> Iterator[None]:
    """Let every sentence be made in the words of a face."""
    token = _speaking.set(face)
    try:
        yield
    finally:
        _speaking.reset(token)


def face() -> Face:
    """Who is speaking; Python where nobody said."""
    return _speaking.get()


def option(name: str) -> str:
    """An option by the name it has with whoever is speaking."""
    return face().option(name)


def setting(name: str, variable: str) -> str:
    """A connection option, with the environment variable that stands for it."""
    return variable if name in face().lacks else f"{option(name)} ({variable})"
