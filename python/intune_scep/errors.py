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
