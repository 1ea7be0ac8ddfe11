"""Every error a user may see.

IntuneScepError
    ConnectionOptionError
    AuthenticationError
    PermissionMissingError
    GraphError
    GraphTransportError
    OutcomeUnknownError
    UnsafeLinkError
    InvalidIdError
    SelectionError
    UnknownProfileTypeError
    DeclarationError
    InexpressibleError
    UnresolvedNameError
    MarkerError
    StatePlanError
    ConfigurationError
    RolloutFileError
    AnswersError
    PolicyError
    SourceError
    BaselineError
    CertificateError
        InvalidCertificateError
        TrustedRootRefusedError
        ExpectedSidsError
    PlanError
        TooManyChangesError
    JournalError
    ProfileChangedError
    FileError
        FileInUseError
    BackupError
    ExportError
    ReportFileError
    WebhookError
KeyboardInterrupt
    RunInterruptedError
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_REQUEST_TIMEOUT: Final = 408
_TOO_MANY_REQUESTS: Final = 429


class IntuneScepError(Exception):
    """Something a person must know about, said in one clear message.

    Args:
        message: What happened, naming the option, file or profile concerned.
        hint: The way out, when there is one.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConnectionOptionError(IntuneScepError):
    """A connection option is missing, contradicts another one or has an impossible value."""


class AuthenticationError(IntuneScepError):
    """No token could be had."""


class PermissionMissingError(IntuneScepError):
    """The token does not hold a permission that the run needs."""


class GraphError(IntuneScepError):
    """Graph answered with an error status.

    Attributes:
        status: HTTP status.
        code: Graph's error code, for example `Forbidden`; empty when it sent none.
        detail: The unwrapped message (GRAPH.md 3.7: Intune nests JSON in it up to twice).
        request_id: The id of the request, for Microsoft's support.
        activity_id: Intune's own id inside the message; the one its support needs.
        retry_after: The Retry-After header as it came.
        hides_commit: Whether the request may have taken effect all the same (law 4).
        needs: The permission whose lack a 403 tells of.
        approval: Code of the approval by another administrator that it waits for, if it does.
        approval_asked: Whether it was refused for want of a justification for an approval.
        approval_active: Whether another change of the same object waits for its approval.
        sent: The body that was sent, where the answer is about an approval (ROLLOUT.md 6).
    """

    def __init__(
        self,
        *,
        method: str,
        path: str,
        status: int,
        code: str = "",
        detail: str = "",
        request_id: str | None = None,
        activity_id: str | None = None,
        retry_after: str | None = None,
        needs: str | None = None,
        approval: str | None = None,
        approval_asked: bool = False,
        approval_active: bool = False,
    ) -> None:
        self.needs = needs
        self.approval = approval
        self.approval_asked = approval_asked
        self.approval_active = approval_active
        self.sent: bytes | None = None
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.activity_id = activity_id
        self.retry_after = retry_after
        super().__init__(self._describe(), hint=self._way_out())

    @property
    def hides_commit(self) -> bool:
        return self.status >= 500 or self.status in {_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS}

    @property
    def is_about_approval(self) -> bool:
        return self.approval_asked or self.approval_active or self.approval is not None

    @property
    def is_throttling(self) -> bool:
        return self.status == _TOO_MANY_REQUESTS

    def _describe(self) -> str:
        what = f"Graph answered {self.status}" + (f" {self.code}" if self.code else "")
        ids = [
            f"{label} {value}"
            for label, value in (("request id", self.request_id), ("activity id", self.activity_id))
            if value
        ]
        said = f": {self.detail}" if self.detail else ""
        known_as = f" [{', '.join(ids)}]" if ids else ""
        return f"{what} to {self.method} {self.path}{said}{known_as}"

    def _way_out(self) -> str | None:
        if self.status == _UNAUTHORIZED:
            return "The token is missing, expired or not for this cloud. Sign in again."
        if self.status != _FORBIDDEN or self.needs is None:
            return None
        return f"The application needs the Graph permission {self.needs} with admin consent."


class GraphTransportError(IntuneScepError):
    """No whole answer came: unreachable, cut off, too slow, or not what Graph speaks.

    Attributes:
        hides_commit: False only where the request surely never left.
        may_repeat: Whether trying again can help (a bad certificate stays bad).
        retry_after: Always None; the same name as on `GraphError`.
    """

    retry_after: str | None = None
    is_throttling = False

    def __init__(
        self, message: str, *, hides_commit: bool, may_repeat: bool = True, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.hides_commit = hides_commit
        self.may_repeat = may_repeat


class OutcomeUnknownError(IntuneScepError):
    """A write may or may not have happened and could not be read back (law 4)."""


class UnsafeLinkError(IntuneScepError):
    """Graph sent a link to another host; it is not followed (law 7)."""


class InvalidIdError(IntuneScepError):
    """An id that must not enter a URL: empty, or with characters no id has."""


class SelectionError(IntuneScepError):
    """A name or id that selects no profile, or more than one (law 5)."""


class UnknownProfileTypeError(IntuneScepError):
    """An entity is not one of the certificate profile types of the registry."""


class DeclarationError(IntuneScepError):
    """One or more declarations cannot be used.

    Attributes:
        where: Which declaration or file; empty for several.
        problems: One sentence for each wrong option, in the order of the declarations.
        kind, name, platform: What the declaration says of itself; empty where it does not.
    """

    def __init__(
        self,
        where: str,
        problems: Sequence[str],
        *,
        kind: str = "",
        name: str = "",
        platform: str = "",
    ) -> None:
        self.where = where
        self.problems = tuple(problems)
        self.kind, self.name, self.platform = kind, name or where, platform
        prefix = f"{where}: " if where else ""
        super().__init__(prefix + " ".join(self.problems))


class InexpressibleError(IntuneScepError):
    """A value on the wire has no form in a declaration.

    Attributes:
        wire_name: The wire property.
    """

    def __init__(self, wire_name: str, reason: str) -> None:
        super().__init__(f"{wire_name} {reason}")
        self.wire_name = wire_name


class UnresolvedNameError(IntuneScepError):
    """A name or id that leads to nothing, or a name that leads to several things.

    Attributes:
        may_come: Whether it is a name that nothing has, so that something may have it later.
    """

    def __init__(self, message: str, *, hint: str | None = None, may_come: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.may_come = may_come


class MarkerError(IntuneScepError):
    """The name of a set of declarations cannot stand in a mark."""


class StatePlanError(IntuneScepError):
    """The choices for a plan contradict each other, or the plan is of another tenant."""


class ConfigurationError(IntuneScepError):
    """The configuration of the rules cannot be used; the message names file and line."""


class RolloutFileError(IntuneScepError):
    """A rollout file cannot be used.

    Attributes:
        where: Its path.
        problems: One sentence for each mistake, with file, line, place and cure.
    """

    def __init__(self, where: str, problems: Sequence[str], *, hint: str | None = None) -> None:
        self.where = where
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems), hint=hint)


class AnswersError(IntuneScepError):
    """Answers to the questions of the preflight cannot be used; the message names the place."""


class PolicyError(IntuneScepError):
    """A policy file cannot be used."""


class SourceError(IntuneScepError):
    """A directory or file that should stand for a tenant cannot be used."""


class BaselineError(IntuneScepError):
    """A baseline cannot be used or written."""


class CertificateError(IntuneScepError):
    """Base of the errors of this room."""


class InvalidCertificateError(CertificateError):
    """The bytes are not an X.509 certificate that can be parsed."""


class TrustedRootRefusedError(CertificateError):
    """The file is not something to deliver as a trusted root; the message says what it is."""


class ExpectedSidsError(CertificateError):
    """The list of expected SIDs cannot be used: a column is missing, a SID or key is wrong."""


class PlanError(IntuneScepError):
    """A plan that cannot be used: damaged, edited, of another tenant, or too large."""


class TooManyChangesError(PlanError):
    """The run would write more than the operator allowed (`max_changes`)."""


class JournalError(IntuneScepError):
    """A journal that cannot be used or written, and why."""


class NotStartedError(JournalError):
    """A rollout that nobody has started: a person must act."""

    exit_code = 2


class SeveralRolloutsError(JournalError):
    """Several tenants have a rollout of one name, and nobody said which is meant."""


class ProfileChangedError(IntuneScepError):
    """Somebody else changed the profile meanwhile (law 6)."""


class RunInterruptedError(KeyboardInterrupt):
    """Ctrl-C stopped a run in good order.

    Attributes:
        report: What became of it.
    """

    def __init__(self, report: object) -> None:
        super().__init__("The run was stopped; its report says what is done.")
        self.report = report


class FileError(IntuneScepError):
    """A file that cannot be used, and why.

    Attributes:
        reason: Why, as the end of a sentence and without a full stop.
    """

    def __init__(self, message: str, *, reason: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class FileInUseError(FileError):
    """Another run holds the lock of a tenant."""


class BackupError(IntuneScepError):
    """A backup that cannot be used, and why."""


class ExportError(IntuneScepError):
    """An export or a backup that cannot be written or read, and why."""


class ReportFileError(IntuneScepError):
    """A report cannot be written."""


class WebhookError(IntuneScepError):
    """A report was not delivered. The URL, which often is a secret itself, is never shown."""
