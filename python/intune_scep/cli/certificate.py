"""intune-scep certificate: is an issued certificate strongly mapped, and to whom?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.options import Shared, with_shared_options

app = typer.Typer(
    no_args_is_help=True, help="Issued certificates: what they say and whom they are mapped to."
)


@app.callback()
def group() -> None:
    """Keeps `inspect` a command of its own while it is the only one."""


@app.command()
@with_shared_options
def inspect(
    shared: Shared,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="Certificates as PEM, DER, PKCS#7 or base64, directories of them, or Intune's"
            " certificate report as CSV.",
            show_default=False,
        ),
    ],
    *,
    expected: Annotated[
        Path | None,
        typer.Option(
            "--expected",
            metavar="CSV",
            help="Compare with the SIDs in this file: columns thumbprint, serial or upn, and sid,"
            " also by the names of Active Directory (UserPrincipalName, objectSid).",
            show_default=False,
        ),
    ] = None,
    expected_from_users: Annotated[
        bool,
        typer.Option(
            "--expected-from-users",
            help="Compare with the SIDs of the tenant's users, by UPN. Needs User.Read.All.",
        ),
    ] = False,
    alt_security_identities: Annotated[
        bool,
        typer.Option(
            "--alt-security-identities",
            help="Also show the strings for a mapping by hand in Active Directory.",
        ),
    ] = False,
) -> int:
    """Say of each certificate whether it is strongly mapped, and to which SID.

    Exit code 0 if every one is mapped, and to the SID expected of it where SIDs are given; 3 if
    none could be judged, or none could be compared; else 2, also where only some could be.
    """
    from intune_scep.cli.inspecting import inspect_files

    return inspect_files(
        shared,
        files,
        expected,
        expected_from_users=expected_from_users,
        with_identities=alt_security_identities,
    )
