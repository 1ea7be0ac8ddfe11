"""Breaking the product on purpose."""

import sys
from typing import Any

import pytest


def wherever_it_is_called(patch: pytest.MonkeyPatch, function: Any, instead: Any) -> None:
    """Replace a function in every module of the package that imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("intune_scep.") and vars(module).get(function.__name__) is function:
            patch.setattr(module, function.__name__, instead)


async def nothing(*_: Any, **__: Any) -> None:
    """In the place of something that is to be left out."""
    return
