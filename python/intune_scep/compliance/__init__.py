"""The compliance job: verdicts, rules, drift since an approved baseline, roots, assignments."""

from intune_scep.compliance.baseline import Baseline, read_baseline
from intune_scep.compliance.drift import ProfileDrift, PropertyChange
from intune_scep.compliance.offline import check_files
from intune_scep.compliance.policy import (
    Outcome,
    Policy,
    Reason,
    Status,
    load_policy,
    make_policy,
)
from intune_scep.compliance.report import CheckedProfile, ComplianceReport, Step
from intune_scep.compliance.roots import RootHealth, RootStatus
from intune_scep.compliance.run import approve, check_tenant, unreachable
from intune_scep.errors import BaselineError, PolicyError, SourceError

__all__ = [
    "Baseline",
    "BaselineError",
    "CheckedProfile",
    "ComplianceReport",
    "Outcome",
    "Policy",
    "PolicyError",
    "ProfileDrift",
    "PropertyChange",
    "Reason",
    "RootHealth",
    "RootStatus",
    "SourceError",
    "Status",
    "Step",
    "approve",
    "check_files",
    "check_tenant",
    "load_policy",
    "make_policy",
    "read_baseline",
    "unreachable",
]
