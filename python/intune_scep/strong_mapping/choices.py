"""What the operator decides about a migration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intune_scep.declarations.names import Candidates
from intune_scep.errors import SelectionError
from intune_scep.profiles import Profile, ProfileIndex
from intune_scep.rules.verdicts import Judgement
from intune_scep.strong_mapping.choice_fields import ChoiceFields
from intune_scep.strong_mapping.choice_table import CHOICES, Choice
from intune_scep.wording import option


@dataclass(frozen=True, repr=False)
class Choices(ChoiceFields):
    """The operator's choices: a field for each row of `choice_table`.

    Raises:
        SelectionError: a value cannot be.
    """

    def __post_init__(self) -> None:
        for choice in CHOICES.values():
            value = getattr(self, choice.attribute)
            _check(choice, value)
            if choice.type == "list":
                object.__setattr__(self, choice.attribute, tuple(value))
            if choice.type == "path" and value is not None:
                # A journal keeps it, and may be read from elsewhere.
                object.__setattr__(self, choice.attribute, str(Path(value).absolute()))

    def __repr__(self) -> str:
        given = [
            f"{choice.attribute}={value!r}"
            for choice in CHOICES.values()
            if (value := getattr(self, choice.attribute)) not in (choice.default, ())
        ]
        return f"Choices({', '.join(given)})"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, with the option names of modules and command line."""
        given = {name: getattr(self, choice.attribute) for name, choice in CHOICES.items()}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
        }

    def recorded(self) -> dict[str, Any]:
        """The choices that a journal keeps: those a resumed run must be given too."""
        return {name: value for name, value in self.to_dict().items() if CHOICES[name].in_journal}

    def given(self) -> dict[str, Any]:
        """Those of them that were chosen otherwise than by default."""
        default = Choices().recorded()
        return {name: value for name, value in self.recorded().items() if value != default[name]}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Choices:
        """Choices by the option names of modules and command line; what is missing is left out.

        Raises:
            SelectionError: a value cannot be, or a name is unknown.
        """
        unknown = sorted(set(given) - set(CHOICES))
        if unknown:
            raise SelectionError(f"There is no choice named {', '.join(unknown)}.")
        values = {CHOICES[name].attribute: value for name, value in given.items()}
        for choice in CHOICES.values():
            if choice.type == "list" and values.get(choice.attribute) is None:
                values[choice.attribute] = ()
        return cls(**values)


def _check(choice: Choice, value: Any) -> None:
    label = option(choice.name)
    if choice.type == "bool" and not isinstance(value, bool):
        raise SelectionError(f"{label} must be true or false, not {value!r}.")
    if choice.type == "int" and value is not None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise SelectionError(f"{label} must be a whole number, not {value!r}.")
        if choice.minimum is not None and value < choice.minimum:
            raise SelectionError(f"{label} must be {choice.minimum} or more.")
    if choice.type == "float" and value is not None:
        _check_share(label, choice, value)
    if choice.type == "path" and not isinstance(value, str | None):
        raise SelectionError(f"{label} must be a path, not {value!r}.")
    if choice.type == "list":
        _check_names(label, value)


def _check_share(label: str, choice: Choice, value: Any) -> None:
    # Written so that a number that is none (NaN) is refused too.
    fits = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (choice.minimum is None or value >= choice.minimum)
        and (choice.maximum is None or value <= choice.maximum)
    )
    if not fits:
        raise SelectionError(
            f"{label} must be a number from {choice.minimum} to {choice.maximum}, not {value!r}."
        )


def _check_names(label: str, value: Any) -> None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SelectionError(f"{label} must be a list of names, not {value!r}.")
    if not all(isinstance(name, str) for name in value):
        raise SelectionError(f"{label} holds something that is no name.")
    if any(not name.strip() for name in value):
        raise SelectionError(f"{label} has an empty name.")


class Selection:
    """What the choices mean for each profile of a tenant.

    Raises:
        SelectionError: a selector matches no profile, or several by name.
    """

    def __init__(self, choices: Choices, profiles: Sequence[Profile]) -> None:
        self._only = _resolve(option("only"), choices.only, profiles)
        self._except = _resolve(option("except"), choices.except_, profiles)
        self._reviewed = _resolve(option("include_review"), choices.include_review, profiles)
        self._has_only = bool(choices.only)
        self._choices = choices

    def leaves_out(self, identifier: str) -> str | None:
        """Return why a profile is not selected, or None if it is."""
        if identifier in self._except:
            return f"Left alone: named by {option('except')}."
        if self._has_only and identifier not in self._only:
            return f"Left alone: not named by {option('only')}."
        return None

    def holds_back(self, identifier: str, judgement: Judgement) -> str | None:
        """Return why a changeable profile stays as it is, or None if the choices allow it."""
        missing = sorted(need for need in judgement.needs if not self._allows(need, identifier))
        if not missing:
            return None
        options = " and ".join(map(option, missing))
        if missing == ["include_review"]:
            return f"Left alone unless you name it in {options}."
        return f"Left alone unless you choose {options}."

    def _allows(self, need: str, identifier: str) -> bool:
        if need == "include_review":
            return identifier in self._reviewed
        return bool(getattr(self._choices, need))

    def in_vain(self, judgements: Mapping[str, Judgement]) -> Iterator[str]:
        """Ids of the profiles that were named for review and do not need it."""
        for identifier in sorted(self._reviewed):
            if "include_review" not in judgements[identifier].needs:
                yield identifier


def _resolve(called: str, selectors: Sequence[str], profiles: Sequence[Profile]) -> frozenset[str]:
    index = ProfileIndex(profiles)
    return frozenset(_resolve_one(called, selector, index, profiles) for selector in selectors)


def _resolve_one(
    called: str, selector: str, index: ProfileIndex, profiles: Sequence[Profile]
) -> str:
    by_id = index.by_id(selector)
    if by_id is not None and by_id.id:
        return by_id.id
    found = index.called(selector)
    if len(found) == 1 and found[0].id:
        return found[0].id
    if not found:
        known = ((profile.id or "", profile.display_name or "") for profile in profiles)
        raise SelectionError(
            f"{called}: no SCEP profile has the name or id {selector!r}."
            f"{Candidates(known).listed(selector)}"
        )
    ids = ", ".join(sorted(profile.id or "?" for profile in found))
    raise SelectionError(
        f"{called}: {len(found)} SCEP profiles have the name {selector!r}.",
        hint=f"Give the id instead: {ids}.",
    )
