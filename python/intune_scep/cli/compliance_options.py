"""What `check`, `report` and `baseline` share: their options, and running the check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep.cli.options import Shared, extended
from intune_scep.errors import ConnectionOptionError, IntuneScepError

_PANEL = "What counts"


@dataclass(frozen=True)
class Asked:
    """What a run is asked for.

    Attributes:
        source: Files instead of a tenant.
        rules, policy, baseline: Files.
        directory: Also read users, devices and group members.
        devices: Also read managed devices, their certificates and what Entra asks of a SID.
    """

    source: Path | None
    rules: Path | None
    policy: Path | None
    baseline: Path | None
    directory: bool
    devices: bool


_ASKED: dict[str, tuple[Any, Any]] = {
    "source": (
        Annotated[
            Path | None,
            typer.Argument(
                metavar="[PATH]",
                help="Files to check without a network: declarations in YAML, the directory of a"
                " JSON backup, or certificate profiles as Graph, IntuneManagement, IntuneCD or"
                " Microsoft365DSC have them, one, a list or a directory. Without it the tenant is"
                " checked.",
                show_default=False,
            ),
        ],
        None,
    ),
    "rules": (
        Annotated[
            Path | None,
            typer.Option(
                "--rules",
                metavar="FILE",
                help="Severities, waivers and answers for the rules (YAML).",
                rich_help_panel=_PANEL,
                show_default=False,
            ),
        ],
        None,
    ),
    "policy": (
        Annotated[
            Path | None,
            typer.Option(
                "--policy",
                metavar="FILE",
                help="What makes the run fail (YAML). By default: errors, required or defective"
                " profiles, expired roots in use, anything new since the baseline.",
                rich_help_panel=_PANEL,
                show_default=False,
            ),
        ],
        None,
    ),
    "baseline": (
        Annotated[
            Path | None,
            typer.Option(
                "--baseline",
                metavar="FILE",
                help="Approved state to compare with (see: intune-scep baseline approve).",
                rich_help_panel=_PANEL,
                show_default=False,
            ),
        ],
        None,
    ),
    "directory": (
        Annotated[
            bool,
            typer.Option(
                "--directory",
                help="Also read group members, users and devices: who lacks a SID or another"
                " attribute. Needs GroupMember.Read.All, User.Read.All and Device.Read.All.",
                rich_help_panel=_PANEL,
            ),
        ],
        False,
    ),
    "devices": (
        Annotated[
            bool,
            typer.Option(
                "--devices",
                help="Also read the devices that Intune manages, the certificates on them, and"
                " whether Entra compares the SID: how devices are enrolled, what they lack, what"
                " has expired. Needs DeviceManagementManagedDevices.Read.All and"
                " Policy.Read.AuthenticationMethod; with --directory also the devices of groups.",
                rich_help_panel=_PANEL,
            ),
        ],
        False,
    ),
}


def with_asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options; its `asked` receives them."""

    def call(values: dict[str, Any]) -> Any:
        return command(asked=Asked(**{name: values.pop(name) for name in _ASKED}), **values)

    return extended(command, "asked", _ASKED, call)


def run_check(shared: Shared, asked: Asked) -> Any:
    """Check the tenant or the files, and return the `ComplianceReport`.

    A tenant that cannot be reached makes a report that says so; wrong options and wrong files are
    errors.

    Raises:
        IntuneScepError: an option or a file is wrong.
    """
    for name, given in (("--directory", asked.directory), ("--devices", asked.devices)):
        if asked.source is not None and given:
            raise IntuneScepError(
                f"Give {name} or the path {asked.source}, but not both: files have no users and no"
                " devices."
            )
    from intune_scep import IntuneClient
    from intune_scep.compliance import (
        Policy,
        check_files,
        load_policy,
        read_baseline,
        unreachable,
    )
    from intune_scep.rules import Configuration, load_configuration

    policy = load_policy(asked.policy) if asked.policy else Policy()
    configuration = load_configuration(asked.rules) if asked.rules else Configuration()
    baseline = read_baseline(asked.baseline) if asked.baseline else None
    if asked.source is not None:
        return check_files(asked.source, policy, configuration=configuration, baseline=baseline)
    options = shared.connection()
    client = IntuneClient(options)
    try:
        client.__enter__()
    except ConnectionOptionError:
        raise
    except IntuneScepError as error:
        return unreachable(options.tenant or "", options.cloud, error, policy=policy)
    with client:
        return client.compliance.check(
            policy,
            configuration=configuration,
            baseline=baseline,
            with_directory=asked.directory,
            with_devices=asked.devices,
        )
