"""Moving SCEP profiles to strong mapping (KB5014754): judge, plan, apply, verify, roll back."""

from intune_scep.rules.verdicts import Judgement, Verdict, judge
from intune_scep.strong_mapping.choices import Choices, SelectionError, TooManyChangesError
from intune_scep.strong_mapping.journal import JournalError, read_journal
from intune_scep.strong_mapping.plan import (
    Assessment,
    Plan,
    PlanFileError,
    append_sid_uri,
    assess,
    make_plan,
)
from intune_scep.strong_mapping.report import EnforcementReport, Outcome, Status
from intune_scep.strong_mapping.run import (
    apply_plan,
    assess_tenant,
    enforce,
    plan_tenant,
    resume,
    rollback,
    verify_journal,
)

__all__ = [
    "Assessment",
    "Choices",
    "EnforcementReport",
    "JournalError",
    "Judgement",
    "Outcome",
    "Plan",
    "PlanFileError",
    "SelectionError",
    "Status",
    "TooManyChangesError",
    "Verdict",
    "append_sid_uri",
    "apply_plan",
    "assess",
    "assess_tenant",
    "enforce",
    "judge",
    "make_plan",
    "plan_tenant",
    "read_journal",
    "resume",
    "rollback",
    "verify_journal",
]
