"""intune-scep certificate: what certificates say, what to tell Active Directory, what it says."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.options import Shared, with_shared_options

app = typer.Typer(
    no_args_is_help=True, help="Issued certificates: what they say and whom they are mapped to."
)


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


class BridgeFormat(StrEnum):
    """For whom the mappings are written."""

    LDIF = "ldif"
    POWERSHELL = "powershell"


@app.command()
@with_shared_options
def bridge(
    shared: Shared,
    report: Annotated[
        Path,
        typer.Argument(
            metavar="REPORT",
            help="Intune's certificate report as CSV: AllDeviceCertificates or"
            " CertificatesByRAPolicy.",
            show_default=False,
        ),
    ],
    *,
    form: Annotated[
        BridgeFormat, typer.Option("--format", help="What to write: a script, or LDIF for ldifde.")
    ] = BridgeFormat.POWERSHELL,
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where the two files are written."),
    ] = Path(),
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts",
            metavar="CSV",
            help="An export of Active Directory with UserPrincipalName and DistinguishedName"
            " (Get-ADUser | Export-Csv, or csvde). LDIF needs it; a script finds accounts by it"
            " instead of by user principal name.",
            show_default=False,
        ),
    ] = None,
    ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            help="The issuing CA's certificate, so that its name is taken as it is encoded and not"
            " concluded from the text of the report. May be repeated.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="ID",
            help="Only certificates of this profile: its id, or its name where the report has a"
            " column of names. May be repeated.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over files of an earlier run.")
    ] = False,
) -> int:
    """Map certificates that are already out by hand in Active Directory: time without a re-issue.

    Writes values of altSecurityIdentities for all certificates of the report that are valid and on
    their devices, and the undo beside them. Nothing is sent anywhere. The CA must be in the NTAuth
    store, and each renewal needs a new value.

    Examples:

      intune-scep certificate bridge report.csv --ca issuing-ca.cer

      intune-scep certificate bridge report.csv --format ldif --accounts accounts.csv

    Exit code 0 if every certificate that is valid and on its device got a value, 2 if some did
    not, 3 if none did.
    """
    from intune_scep.cli.active_directory import write_bridge

    return write_bridge(
        shared,
        report,
        form.value,
        output_dir,
        accounts=accounts,
        authorities=ca or (),
        profiles=profile or (),
        replace=replace,
    )


@app.command()
@with_shared_options
def events(
    shared: Shared,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Events of domain controllers: XML of Event Viewer or wevtutil, CSV of"
            " Get-WinEvent | Export-Csv or of Event Viewer.",
            show_default=False,
        ),
    ],
    *,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="CSV",
            help="Intune's certificate report, which tells the profile of each certificate.",
            show_default=False,
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="With --report: the journal of a migration, which tells whether a certificate is"
            " from before it; with --rollout that of the rollout, if it is kept elsewhere.",
            show_default=False,
        ),
    ] = None,
    rollout: Annotated[
        Path | None,
        typer.Option(
            "--rollout",
            metavar="FILE",
            help="With --report: the file of a rollout, whose journal tells the ring of each"
            " certificate and what to do.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write every event into this file, with its certificate and what to do.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
) -> int:
    """Say which profiles' certificates domain controllers complain about, and what to do.

    Reads events 39, 40, 41, 45 and 21 of the source Kerberos-Key-Distribution-Center from the
    System log of domain controllers. Nothing is sent anywhere. Collect the events of every domain
    controller, for example:

      Get-WinEvent -FilterHashtable @{LogName='System'; Id=39,40,41,45,21} | Export-Csv events.csv

      intune-scep certificate events events.csv --report report.csv

      intune-scep certificate events events.csv --report report.csv --rollout strong-mapping.yml

    Exit code 2 if there are such events, 0 if there are none, 3 if that could not be judged.
    """
    from intune_scep.cli.active_directory import show_events

    return show_events(shared, file, report, journal, rollout=rollout, csv=csv, overwrite=overwrite)
