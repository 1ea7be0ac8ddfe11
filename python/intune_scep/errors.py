"""The root of every error a user may see."""


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


class PlanError(IntuneScepError):
    """A plan that cannot be used: damaged, edited, of another tenant, or too large."""


class TooManyChangesError(PlanError):
    """The run would write more than the operator allowed (`max_changes`)."""


class PermissionMissingError(IntuneScepError):
    """The token does not hold a permission that the run needs."""


class JournalError(IntuneScepError):
    """A journal that cannot be used or written, and why."""


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
