"""Microsoft's rules for certificate profiles as code: one pure function per rule.

`check` judges one profile; what was not read is never taken for fine, but listed as skipped.
"""

from typing import TYPE_CHECKING

from intune_scep.errors import ConfigurationError
from intune_scep.lazy import lazily

if TYPE_CHECKING:
    from intune_scep.rules.catalogue import (
        ANSWERABLE,
        BEHAVIOURS,
        CATALOGUE,
        QUESTIONS,
        RULES,
        Entry,
    )
    from intune_scep.rules.certificate_type import certificate_location
    from intune_scep.rules.configuration import Configuration, Waiver
    from intune_scep.rules.configuration_file import load_configuration
    from intune_scep.rules.context import (
        NOT_READ,
        Context,
        Dependant,
        DeviceFacts,
        DirectoryFacts,
        ForeignProfile,
        GroupFacts,
        NotRead,
        PlannedChange,
        TenantFacts,
        profile_to_check,
    )
    from intune_scep.rules.engine import (
        CheckResult,
        Finding,
        QuestionReview,
        Skipped,
        check,
        review_questions,
    )
    from intune_scep.rules.model import Behaviour, Need, Question, Rule, Severity
    from intune_scep.rules.registry import GROUPS
    from intune_scep.rules.verdicts import Judgement, Verdict, judge, reviewed

_HOMES = {
    "ANSWERABLE": "catalogue",
    "BEHAVIOURS": "catalogue",
    "Behaviour": "model",
    "CATALOGUE": "catalogue",
    "CheckResult": "engine",
    "Configuration": "configuration",
    "Context": "context",
    "Dependant": "context",
    "DeviceFacts": "context",
    "DirectoryFacts": "context",
    "Entry": "catalogue",
    "Finding": "engine",
    "ForeignProfile": "context",
    "GROUPS": "registry",
    "GroupFacts": "context",
    "Judgement": "verdicts",
    "NOT_READ": "context",
    "Need": "model",
    "NotRead": "context",
    "PlannedChange": "context",
    "QUESTIONS": "catalogue",
    "Question": "model",
    "QuestionReview": "engine",
    "RULES": "catalogue",
    "Rule": "model",
    "Severity": "model",
    "Skipped": "engine",
    "TenantFacts": "context",
    "Verdict": "verdicts",
    "Waiver": "configuration",
    "certificate_location": "certificate_type",
    "check": "engine",
    "judge": "verdicts",
    "load_configuration": "configuration_file",
    "profile_to_check": "context",
    "review_questions": "engine",
    "reviewed": "verdicts",
}

__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "ANSWERABLE",
    "BEHAVIOURS",
    "CATALOGUE",
    "GROUPS",
    "NOT_READ",
    "QUESTIONS",
    "RULES",
    "Behaviour",
    "CheckResult",
    "Configuration",
    "ConfigurationError",
    "Context",
    "Dependant",
    "DeviceFacts",
    "DirectoryFacts",
    "Entry",
    "Finding",
    "ForeignProfile",
    "GroupFacts",
    "Judgement",
    "Need",
    "NotRead",
    "PlannedChange",
    "Question",
    "QuestionReview",
    "Rule",
    "Severity",
    "Skipped",
    "TenantFacts",
    "Verdict",
    "Waiver",
    "certificate_location",
    "check",
    "judge",
    "load_configuration",
    "profile_to_check",
    "review_questions",
    "reviewed",
]
