"""Let `ast.parse` be called by several threads on a Python that cannot bear it.

Before 3.11.8 and 3.12.2 one counter of the interpreter follows the depth of every parse
(https://github.com/python/cpython/issues/106905). Building a tree may start the garbage collector,
whose callbacks and finalizers let another thread run, or parse themselves, for instance to write a
traceback: the first parse then ends with `SystemError: AST constructor recursion depth mismatch`.
Hypothesis parses its callers' sources, and the servers of the wire door run in threads.
"""

import ast
import gc
import sys
from functools import wraps
from threading import RLock
from typing import Any

_PARSE = ast.parse
_ONE = RLock()


def install() -> None:
    """Guard `ast.parse` in this process where it is needed."""
    if sys.version_info < (3, 12, 2):
        ast.parse = _guarded


@wraps(_PARSE)
def _guarded(*arguments: Any, **options: Any) -> Any:
    with _ONE:
        collects = gc.isenabled()
        gc.disable()
        try:
            return _PARSE(*arguments, **options)
        finally:
            if collects:
                gc.enable()
