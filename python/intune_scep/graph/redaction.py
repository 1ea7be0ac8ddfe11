"""Keeping tokens and secrets out of every message, whoever repeats them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

REDACTED = "<redacted>"
# A JSON Web Token, or its beginning where somebody cut it off.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}")
# Shorter ones are no secrets, and would be found in the middle of words.
_SHORTEST = 4


class Redactor:
    """Knows the secrets of one connection, and takes them out of text.

    Args:
        secrets: Those that are known from the start; more come with `add`.
    """

    def __init__(self, *secrets: str | None) -> None:
        self._forms: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str | None) -> None:
        """Remember a secret, in each spelling in which an answer may repeat it."""
        plain = (secret or "").strip()
        if len(plain) >= _SHORTEST:
            self._forms |= {plain, quote(plain, safe=""), quote_plus(plain), repr(plain)[1:-1]}

    def clean(self, text: str) -> str:
        """Return the text without the secrets, and without anything that looks like a token."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, REDACTED)
        return _JWT.sub(REDACTED, text)

    def cause(self, error: BaseException) -> BaseException | None:
        """Return what may be shown as the cause of our error: nothing that repeats a secret."""
        seen: BaseException | None = error
        while seen is not None:
            if self.clean(str(seen)) != str(seen):
                return None
            seen = seen.__cause__ or seen.__context__
        return error

    def __repr__(self) -> str:
        return f"Redactor(<{len(self._forms)} forms>)"


@contextmanager
def unlogged(secret: str) -> Iterator[None]:
    """Keep httpx from logging a URL that is a secret itself, as it logs every other one."""

    def is_harmless(record: logging.LogRecord) -> bool:
        return secret not in record.getMessage()

    logger = logging.getLogger("httpx")
    logger.addFilter(is_harmless)
    try:
        yield
    finally:
        logger.removeFilter(is_harmless)
