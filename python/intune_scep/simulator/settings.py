"""The switches of a tenant, kept in its file."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

RETRY_AFTER_FORMS = ("integer", "fractional", "date", "absent")
COUNT_FORMS = ("collection", "page", "absent", "refused")
APPROVAL_FORMS = ("off", "412", "403")
LEAVING_FORMS = ("revoked", "removed")
MISSING_SID_FORMS = ("fails", "issues")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "retry_after": RETRY_AFTER_FORMS,
    "count": COUNT_FORMS,
    "approvals": APPROVAL_FORMS,
    "leaving": LEAVING_FORMS,
    "missing_sid": MISSING_SID_FORMS,
}
_MOST = 1_000_000_000
_MAY_BE_ZERO = frozenset(
    {"issuance_seconds", "version_step", "check_in_seconds", "report_lag_seconds", "export_seconds"}
)


@dataclass(frozen=True)
class Settings:
    """How the tenant behaves.

    Args:
        page_size: Most items on one page. Graph's own is unknown (GRAPH.md 7); the portal asks
            for 1,000.
        documented_statuses: Answer PATCH 200, DELETE 204 and assign 200 with a body, as
            documented, instead of 204, 200 and 200 empty, as observed (GRAPH.md 3.1).
        read_only: Refuse every write of Graph data.
        throttling: Apply the published limits.
        window_seconds: Length of the sliding window of the limits.
        application_writes: Writes per window for one application.
        application_requests: Requests per window for one application.
        tenant_writes: Writes per window for all applications together.
        tenant_requests: Requests per window for all applications together.
        retry_after: How a throttled answer says when to come back.
        count: What `$count=true` on a listing of profiles gets: how many the collection has, how
            many the page has, no count, or 400. What Graph does is unknown.
        version_step: By how much an edit counts a profile's `version` up; 0 is not at all.
        issuance_seconds: From an edit of a SCEP profile to its new certificates, without
            check-in cycles.
        check_in_seconds: Every managed device checks in once in so many seconds, and what changed
            reaches it then; 0 is at once, as edits alone do.
        report_lag_seconds: How old the state is that export jobs show, with check-in cycles.
        leaving: What becomes of a certificate whose profile leaves the device, with check-in
            cycles; Microsoft's pages and what administrators measured differ.
        missing_sid: What a profile with the SID variable does for an account without a SID;
            Microsoft's pages differ.
        refuse_mixed_targets: Refuse All Users or All Devices beside included groups.
        approvals: Whether writes of `deviceConfigurations` need multi admin approval, and with
            which status a filed request is answered; Microsoft's page and captures differ.
        export_seconds: How long an export job takes; 0 for one that is finished in its own answer.
        export_tenant_jobs: Export jobs that may be asked for in a minute, in the whole tenant.
        export_application_jobs: The same by one application.
        export_user_jobs: The same by one user.
        certificate_sign_in: Whether certificate-based authentication of Entra is enabled.
        sid_alignment: `requireCertificateSidAlignment` of it.
    """

    page_size: int = 1000
    documented_statuses: bool = False
    read_only: bool = False
    throttling: bool = True
    window_seconds: float = 20.0
    application_writes: int = 100
    application_requests: int = 1000
    tenant_writes: int = 200
    tenant_requests: int = 2000
    retry_after: str = "integer"
    count: str = "collection"
    version_step: int = 1
    issuance_seconds: float = 900.0
    certificate_sign_in: bool = False
    sid_alignment: bool = False
    check_in_seconds: float = 0.0
    report_lag_seconds: float = 0.0
    leaving: str = "revoked"
    missing_sid: str = "fails"
    refuse_mixed_targets: bool = False
    approvals: str = "off"
    export_seconds: float = 5.0
    export_tenant_jobs: int = 100
    export_application_jobs: int = 48
    export_user_jobs: int = 8

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)


def change_settings(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with `changes` applied.

    Raises:
        ValueError: A name is unknown or a value does not fit, said in one line.
    """
    kinds = {each.name: type(each.default) for each in fields(Settings)}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"There is no setting {name!r}; they are {', '.join(kinds)}.")
        _check(name, value, kinds[name])
    return replace(settings, **changes)


def _check(name: str, value: Any, kind: type) -> None:
    if kind is bool or isinstance(value, bool):
        if kind is bool and isinstance(value, bool):
            return
        raise ValueError(f"The setting {name!r} takes {kind.__name__}, not {value!r}.")
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted):
        raise ValueError(f"The setting {name!r} takes {kind.__name__}, not {value!r}.")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"The setting {name!r} is one of {', '.join(_CHOICES[name])}.")
    if not isinstance(value, int | float):
        return
    if not math.isfinite(value):
        raise ValueError(f"The setting {name!r} is a finite number.")
    least = 0 if name in _MAY_BE_ZERO else 1
    if not least <= value <= _MOST:
        raise ValueError(f"The setting {name!r} is at least {least}, and at most {_MOST}.")
