"""The decorator that makes a function a rule, and the words common to many rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Final

from intune_scep.profiles import Platform, ProfileKind
from intune_scep.rules.model import Judge, Need, Rule, Severity
from intune_scep.rules.platforms import LIVING

SCEP: Final = frozenset({ProfileKind.SCEP.value})
TRUSTED_ROOT: Final = frozenset({ProfileKind.TRUSTED_ROOT.value})
BOTH_KINDS: Final = SCEP | TRUSTED_ROOT

GROUPS: Final = {
    "profile_type": "Profile type and basics",
    "certificate_type": "Certificate type and deployment channel",
    "subject_name": "Subject name",
    "subject_alternative_name": "Subject alternative name",
    "identity": "Identity",
    "strong_mapping": "Strong mapping (KB5014754)",
    "validity": "Validity",
    "keys": "Keys and hash",
    "trusted_root": "Trusted root",
    "usages": "Extended key usage",
    "renewal": "Renewal",
    "server_urls": "SCEP server URLs",
    "certificate_access": "Android certificate access",
    "applicability": "Applicability rules",
    "assignment": "Assignment",
    "platform_facts": "Platform facts a plan must show",
}
"""Groups of rules in the order of Microsoft's page; each is a module of that name."""

_RULES: dict[str, Rule] = {}


def registered_rules() -> dict[str, Rule]:
    """The rules registered so far, by id; `catalogue.RULES` has them all."""
    return _RULES


def rule(
    rule_id: str,
    severity: Severity,
    title: str,
    *,
    remedy: str,
    source: str,
    property: str,  # noqa: A002 - Graph's word
    kinds: frozenset[str] = SCEP,
    platforms: frozenset[Platform] = LIVING,
    needs: Iterable[Need] = (),
    asks: Need | None = None,
    reads: Iterable[str] | None = None,
    question: str | None = None,
) -> Callable[[Judge], Judge]:
    """Register a function as a rule; its docstring is the description: why it matters.

    Args:
        rule_id, severity, title, remedy, source, property, kinds, platforms, question: See `Rule`.
        needs: Beyond the profile itself.
        asks: One of them, if it is asked for first, whatever the profile is.
        reads: Properties without which it cannot judge; `property` if not given.

    Raises:
        ValueError: The id is taken, or what is asked for is no need.
    """

    def register(judge: Judge) -> Judge:
        if rule_id in _RULES:
            raise ValueError(f"{rule_id} is registered twice.")
        if asks is not None and asks not in needs:
            raise ValueError(f"{rule_id} asks for what it does not need.")
        _RULES[rule_id] = Rule(
            id=rule_id,
            severity=severity,
            title=title,
            description=" ".join(inspect.cleandoc(judge.__doc__ or title).split()),
            remedy=remedy,
            source=source,
            property=property,
            group=judge.__module__.rpartition(".")[2],
            kinds=kinds,
            platforms=platforms,
            needs=frozenset({Need.PROFILE, *needs}),
            asks=asks,
            reads=frozenset((property,) if reads is None else reads),
            question=question,
            judge=judge,
        )
        return judge

    return register


def page(section: str) -> str:
    """A section of the page that most rules are read off."""
    return f"Microsoft: SCEP certificate profiles, {section}"


TOOL_RULE: Final = "Rule of this tool"
TRUSTED_ROOT_PAGE: Final = "Microsoft: Trusted root certificate profiles"
INFRASTRUCTURE_PAGE: Final = "Microsoft: Configure infrastructure to support SCEP with Intune"
CLOUD_PKI_PAGE: Final = "Microsoft: Cloud PKI, configure a certification authority"
GRAPH_METADATA: Final = "Microsoft Graph beta metadata"
ADMIN_CENTER: Final = "Intune admin center"
SCEPMAN: Final = "SCEPman documentation (community)"
