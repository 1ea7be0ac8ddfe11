"""Trusted root and SCEP certificate profiles in Microsoft Intune.

`IntuneClient` is the front door for scripts, `AsyncIntuneClient` its asynchronous twin. Each name
loads when it is first used.

Example:
    >>> from intune_scep import Choices, IntuneClient
    >>> with IntuneClient() as client:
    ...     plan = client.strong_mapping.plan(Choices(only=("Wi-Fi",)))
"""

from __future__ import annotations

from intune_scep.errors import (
    AuthenticationError,
    BackupError,
    BaselineError,
    CertificateError,
    ConfigurationError,
    ConnectionOptionError,
    DeclarationError,
    ExpectedSidsError,
    ExportError,
    FileError,
    FileInUseError,
    GraphError,
    GraphTransportError,
    InexpressibleError,
    IntuneScepError,
    InvalidCertificateError,
    InvalidIdError,
    JournalError,
    MarkerError,
    OutcomeUnknownError,
    PermissionMissingError,
    PlanError,
    PolicyError,
    ProfileChangedError,
    ReportFileError,
    RunInterruptedError,
    SelectionError,
    SourceError,
    StatePlanError,
    TooManyChangesError,
    TrustedRootRefusedError,
    UnknownProfileTypeError,
    UnresolvedNameError,
    UnsafeLinkError,
    WebhookError,
)
from intune_scep.version import __version__

# Not typing's: importing that alone would double the time of `intune-scep --version`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from intune_scep.changes.plan import Action, Plan
    from intune_scep.changes.plan_file import load_plan, save_plan
    from intune_scep.changes.report import Outcome, RunReport
    from intune_scep.changes.status import Status
    from intune_scep.changes.watch import Stop, Watch
    from intune_scep.client import AsyncIntuneClient
    from intune_scep.compliance import Policy, read_baseline
    from intune_scep.connection import ConnectionOptions
    from intune_scep.declarations import read_declarations
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.rules import Configuration, load_configuration
    from intune_scep.rules.verdicts import Verdict
    from intune_scep.strong_mapping.assessment import Assessment
    from intune_scep.strong_mapping.choices import Choices
    from intune_scep.strong_mapping.readiness import Readiness
    from intune_scep.sync_client import IntuneClient

_HOMES = {
    "Action": "changes.plan",
    "Assessment": "strong_mapping.assessment",
    "AsyncIntuneClient": "client",
    "Choices": "strong_mapping.choices",
    "Configuration": "rules",
    "ConnectionOptions": "connection",
    "IntuneClient": "sync_client",
    "Outcome": "changes.report",
    "Plan": "changes.plan",
    "PlanChoices": "desired_state.choices",
    "Policy": "compliance",
    "Readiness": "strong_mapping.readiness",
    "RunReport": "changes.report",
    "Status": "changes.status",
    "Stop": "changes.watch",
    "Verdict": "rules.verdicts",
    "Watch": "changes.watch",
    "load_configuration": "rules",
    "load_plan": "changes.plan_file",
    "read_baseline": "compliance",
    "read_declarations": "declarations",
    "save_plan": "changes.plan_file",
}

__all__ = [
    "Action",
    "Assessment",
    "AsyncIntuneClient",
    "AuthenticationError",
    "BackupError",
    "BaselineError",
    "CertificateError",
    "Choices",
    "Configuration",
    "ConfigurationError",
    "ConnectionOptionError",
    "ConnectionOptions",
    "DeclarationError",
    "ExpectedSidsError",
    "ExportError",
    "FileError",
    "FileInUseError",
    "GraphError",
    "GraphTransportError",
    "InexpressibleError",
    "IntuneClient",
    "IntuneScepError",
    "InvalidCertificateError",
    "InvalidIdError",
    "JournalError",
    "MarkerError",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionMissingError",
    "Plan",
    "PlanChoices",
    "PlanError",
    "Policy",
    "PolicyError",
    "ProfileChangedError",
    "Readiness",
    "ReportFileError",
    "RunInterruptedError",
    "RunReport",
    "SelectionError",
    "SourceError",
    "StatePlanError",
    "Status",
    "Stop",
    "TooManyChangesError",
    "TrustedRootRefusedError",
    "UnknownProfileTypeError",
    "UnresolvedNameError",
    "UnsafeLinkError",
    "Verdict",
    "Watch",
    "WebhookError",
    "__version__",
    "load_configuration",
    "load_plan",
    "read_baseline",
    "read_declarations",
    "save_plan",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"intune_scep.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
