"""What is worked out once, and when Python looks for garbage."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, Final, Generic, ParamSpec, Self, TypeVar, overload

_P = ParamSpec("_P")
_T = TypeVar("_T")

_MOST_TEXTS: Final = 4096
_LONGEST: Final = 2000


def remembered(read: Callable[_P, _T]) -> Callable[_P, _T]:
    """Remember what a pure function made of its texts: the profiles of a tenant repeat theirs.

    Of each function the last few thousand results are kept. Long texts are read each time, so that
    what others write cannot fill the memory.

    Args:
        read: Takes texts or None, by position. What it returns is shared and so must never change.
    """
    kept = lru_cache(maxsize=_MOST_TEXTS)(read)

    @wraps(read)
    def call(*texts: _P.args, **named: _P.kwargs) -> _T:
        for text in texts:
            if text and len(text) > _LONGEST:  # type: ignore[arg-type]  # a text
                return read(*texts, **named)
        return kept(*texts, **named)  # type: ignore[arg-type]  # texts are hashable

    return call


class once(Generic[_T]):  # noqa: N801 - used like `property`
    """A property that is worked out when it is first asked for, and kept.

    `functools.cached_property` without its lock, which up to Python 3.11 costs more than most of
    what is asked of a profile: in two threads at once it may be worked out twice, to the same.
    """

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self.work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> _T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> Self | _T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self.work(instance)
        return value


class _Pauses:
    """How many pieces of work, in whatever threads, want no garbage looked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._resumes = False

    def begin(self) -> None:
        with self._lock:
            if not self._open:
                self._resumes = gc.isenabled()
                gc.disable()
            self._open += 1

    def end(self) -> None:
        with self._lock:
            self._open -= 1
            if not self._open and self._resumes:
                gc.enable()

    def forget(self) -> None:
        """In the child of a fork, to which the threads that paused do not belong."""
        if self._open and self._resumes:
            gc.enable()
        self._lock, self._open = Lock(), 0


_PAUSES: Final = _Pauses()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_PAUSES.forget)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let no garbage be looked for while much is made that stays.

    Python looks through everything again and again as it grows, and finds nothing: plain data has
    no circles. For work that takes its time on the processor, never for waiting. Pauses may lie in
    one another and overlap in threads; the collector is as it was after the last, errors or not.
    """
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()
