"""Who is in which group of Contoso."""

from collections.abc import Callable, Mapping

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.contoso.machines import Machine
from intune_scep.simulator.scenarios.contoso.people import Person
from intune_scep.simulator.scenarios.contoso.targets import GROUPS, group_id

_NESTED: Mapping[str, tuple[str, ...]] = {
    "All Staff": ("Staff Munich", "Staff Zurich", "Staff Vienna", "Staff Leipzig Plant"),
    "Engineering": ("Build Team",),
    "VPN Users": ("Executives", "Engineering"),
}

_PEOPLE: Mapping[str, Callable[[Person], bool]] = {
    "Staff Munich": lambda person: person.site == "Munich",
    "Staff Zurich": lambda person: person.site == "Zurich",
    "Staff Vienna": lambda person: person.site == "Vienna",
    "Staff Leipzig Plant": lambda person: person.site == "Leipzig Plant",
    "Partners": lambda person: person.site is None,
    "Executives": lambda person: person.number < 6,
    "Engineering": lambda person: person.department == "Engineering",
    "Build Team": lambda person: person.number in (13, 19, 25),
    "Design Team": lambda person: person.department == "Marketing",
    "Sales Field Force": lambda person: person.department == "Sales",
    "VPN Users": lambda person: person.department in ("Finance", "IT"),
    "VPN Exceptions": lambda person: person.number in (17, 42, 71),
    # A pilot with a partner in it: the case in which a certificate comes without a SID.
    "PKI Pilot": lambda person: person.number in (5, 11, 23, 29, 97),
    "BYOD Phones": lambda person: person.number % 6 == 3 or 96 <= person.number < 100,
}


def group_wires() -> tuple[Wire, ...]:
    """The groups as wire dicts."""
    return tuple(
        {
            "id": group_id(name),
            "displayName": name,
            "description": description,
            "groupTypes": [],
            "mailEnabled": False,
            "mailNickname": name.replace(" ", "").replace("&", ""),
            "securityEnabled": True,
        }
        for name, description in GROUPS.items()
    )


def members(
    everybody: tuple[Person, ...], every_machine: tuple[Machine, ...]
) -> dict[str, tuple[str, ...]]:
    """Group id -> ids of its direct members."""
    return {group_id(name): _direct(name, everybody, every_machine) for name in GROUPS}


def _direct(
    name: str, everybody: tuple[Person, ...], every_machine: tuple[Machine, ...]
) -> tuple[str, ...]:
    belongs = _PEOPLE.get(name)
    return (
        *(group_id(child) for child in _NESTED.get(name, ())),
        *(person.id for person in everybody if belongs and belongs(person)),
        *(machine.id for machine in every_machine if machine.model.group == name),
    )
