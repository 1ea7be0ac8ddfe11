"""Contoso's users: most come from Active Directory, partners exist in the cloud only."""

from collections.abc import Iterator
from dataclasses import dataclass

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.wire import stable_id

DOMAIN = "contoso.com"
DOMAIN_SID = "S-1-5-21-2857422465-1465058494-1690550294"

_FIRST_NAMES = (
    "Anna", "Lukas", "Miriam", "Jonas", "Petra", "Stefan", "Clara", "Tobias",
    "Elif", "Markus", "Sofia", "Henrik",
)  # fmt: skip
_LAST_NAMES = (
    "Adler", "Brandt", "Celik", "Dietrich", "Ebner", "Frei", "Gruber", "Hofmann",
    "Imhof", "Jansen", "Keller", "Lindner",
)  # fmt: skip
_PARTNERS = (
    ("Grace", "Okafor"), ("Diego", "Marin"), ("Yuki", "Tanabe"), ("Noor", "Haddad"),
    ("Liam", "Byrne"), ("Ines", "Duarte"), ("Pavel", "Novak"), ("Amara", "Diallo"),
    ("Oscar", "Lund"), ("Mei", "Chen"), ("Tom", "Reeves"), ("Zoe", "Marchand"),
)  # fmt: skip
_SITES = ("Munich", "Munich", "Zurich", "Vienna", "Leipzig Plant")
_DEPARTMENTS = ("Finance", "Engineering", "Sales", "Operations", "Marketing", "IT")


@dataclass(frozen=True)
class Person:
    """A user account.

    Args:
        number: Position in the list, from 0.
        given_name: First name.
        surname: Last name.
        site: Where the person works. None: a partner.
        department: As in the directory.
    """

    number: int
    given_name: str
    surname: str
    site: str | None
    department: str

    @property
    def id(self) -> str:
        """The user's id."""
        return stable_id("user", self.principal_name)

    @property
    def display_name(self) -> str:
        """Full name."""
        return f"{self.given_name} {self.surname}"

    @property
    def account_name(self) -> str:
        """The part before the @."""
        return f"{self.given_name}.{self.surname}".lower()

    @property
    def principal_name(self) -> str:
        """The user principal name."""
        domain = DOMAIN if self.site else f"partners.{DOMAIN}"
        return f"{self.account_name}@{domain}"

    @property
    def is_synchronised(self) -> bool:
        """Whether the account comes from Active Directory, and so has a SID."""
        return self.site is not None


def people() -> tuple[Person, ...]:
    """Everybody, staff first."""
    return (*_staff(), *_partners())


def _staff() -> Iterator[Person]:
    for number in range(96):
        first = number % len(_FIRST_NAMES)
        last = (number + number // len(_FIRST_NAMES)) % len(_LAST_NAMES)
        yield Person(
            number,
            _FIRST_NAMES[first],
            _LAST_NAMES[last],
            _SITES[number % len(_SITES)],
            _DEPARTMENTS[number % len(_DEPARTMENTS)],
        )


def _partners() -> Iterator[Person]:
    for offset, (given_name, surname) in enumerate(_PARTNERS):
        yield Person(96 + offset, given_name, surname, None, "External")


def user_wire(person: Person) -> Wire:
    """The `user` of a person."""
    user = {
        "id": person.id,
        "displayName": person.display_name,
        "givenName": person.given_name,
        "surname": person.surname,
        "userPrincipalName": person.principal_name,
        "mail": person.principal_name,
        "department": person.department if person.site else None,
        "accountEnabled": True,
    }
    if not person.is_synchronised:
        # Never synchronised accounts show null, not false (GRAPH.md 2).
        return user | {"onPremisesSyncEnabled": None, "onPremisesSecurityIdentifier": None}
    return user | {
        "onPremisesSyncEnabled": True,
        "onPremisesSecurityIdentifier": f"{DOMAIN_SID}-{1601 + person.number}",
        "onPremisesSamAccountName": person.account_name[:20],
        "onPremisesDomainName": f"corp.{DOMAIN}",
        "onPremisesUserPrincipalName": person.principal_name,
        "onPremisesDistinguishedName": (
            f"CN={person.display_name},OU={person.site},OU=Staff,DC=corp,DC=contoso,DC=com"
        ),
    }
