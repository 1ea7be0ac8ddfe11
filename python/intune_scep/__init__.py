"""Trusted root and SCEP certificate profiles in Microsoft Intune.

Importing this package is cheap: the clients load Microsoft's SDK only when they are used.
"""

import logging
from typing import TYPE_CHECKING, Any

from intune_scep.version import __version__

__all__ = ["AsyncIntuneClient", "IntuneClient", "__version__"]

# Whoever wants to see what the library logs sets up logging; nobody else does.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from intune_scep.client import AsyncIntuneClient
    from intune_scep.sync_client import IntuneClient


def __getattr__(name: str) -> Any:
    if name == "AsyncIntuneClient":
        from intune_scep.client import AsyncIntuneClient

        return AsyncIntuneClient
    if name == "IntuneClient":
        from intune_scep.sync_client import IntuneClient

        return IntuneClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
