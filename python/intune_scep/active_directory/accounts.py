"""Where an account is in the directory: an export of Active Directory, by user principal name.

Known are the columns of `Get-ADUser | Export-Csv` (UserPrincipalName, DistinguishedName) and of
csvde (DN, userPrincipalName), which writes what is not ASCII as `X'…'`, its octets in UTF-8.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from intune_scep.active_directory.tables import open_table
from intune_scep.certificates.tables import Table, listed_columns, read_table
from intune_scep.errors import CertificateError

HOW_TO_EXPORT: Final = (
    "On a machine with the ActiveDirectory module: Get-ADUser -Filter * -Properties"
    " UserPrincipalName | Select-Object UserPrincipalName, DistinguishedName |"
    " Export-Csv accounts.csv -Encoding UTF8 -NoTypeInformation"
)
_UPN: Final = "userprincipalname"
_DN: Final = ("distinguishedname", "dn")
_OCTETS: Final = re.compile(r"X'((?:[0-9A-Fa-f]{2})+)'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Distinguished names by user principal name.

    Attributes:
        by_upn: Keys as `account_key` makes them. An empty value: the file names two accounts.
    """

    by_upn: Mapping[str, str]

    @classmethod
    def from_csv(cls, path: Path) -> "Accounts":
        """From an export. Accounts without a user principal name are left out.

        Raises:
            FileError: It cannot be read.
            CertificateError: It has not these columns, or is damaged.
        """
        file = open_table(path, "The list of accounts")
        try:
            return cls(_by_upn(read_table(file, {_UPN, *_DN})))
        except CertificateError as error:
            raise CertificateError(
                f"The list of accounts {path} cannot be used. {error.message}", hint=HOW_TO_EXPORT
            ) from error

    def find(self, upn: str) -> str | None:
        """The distinguished name; empty if two accounts have it, None if none has."""
        return self.by_upn.get(account_key(upn))


def account_key(upn: str) -> str:
    """A user principal name for comparison: Active Directory does not look at letter case."""
    return upn.strip().casefold()


def _by_upn(table: Table) -> dict[str, str]:
    upn_column = next((n for n, key in enumerate(table.keys) if key == _UPN), None)
    dn_column = next((table.keys.index(key) for key in _DN if key in table.keys), None)
    if upn_column is None or dn_column is None:
        raise CertificateError(
            "It needs the columns UserPrincipalName and DistinguishedName (csvde: DN)."
            f" Its columns are: {listed_columns(table.columns)}."
        )
    found: dict[str, str] = {}
    for upn, dn in _filled(table, upn_column, dn_column):
        known = found.setdefault(account_key(upn), dn)
        if known != dn:
            found[account_key(upn)] = ""
    return found


def _filled(table: Table, upn_column: int, dn_column: int) -> Iterator[tuple[str, str]]:
    for line, row in table.rows:
        if len(row) != len(table.keys):
            raise CertificateError(
                f"Line {line} has {len(row)} values for {len(table.keys)} columns."
            )
        upn, dn = (_as_text(row[column], line) for column in (upn_column, dn_column))
        if upn and dn:
            yield upn, dn


def _as_text(cell: str, line: int) -> str:
    match = _OCTETS.fullmatch(cell.strip())
    if match is None:
        return cell.strip()
    try:
        return bytes.fromhex(match[1]).decode()
    except UnicodeDecodeError as error:
        raise CertificateError(f"Line {line} holds octets that are no text.") from error
