"""Cryptography's warnings about odd certificates, kept off the user's terminal."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_parser() -> Iterator[None]:
    """Silence warnings while a certificate is parsed.

    What they say (a serial number that is not positive, for one) is reported as a problem of the
    certificate instead. Never keep it open across a `yield`: the filters are the process's own.
    """
    with warnings.catch_warnings(action="ignore"):
        yield
