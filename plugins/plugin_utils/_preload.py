# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""The library, imported once for a play.

Ansible loads an action plugin in its main process, and every worker is a fork of that. Nothing is
opened here: no event loop, no thread, no connection.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sys
import warnings
from pathlib import Path

from ansible.module_utils.parsing.convert_bool import boolean

SWITCH = "INTUNE_SCEP_IN_PROCESS"
"""Environment variable that switches tasks in process off for all plays."""

NEVER_OF_A_TASK = (
    "intune_scep.active_directory",
    "intune_scep.cli",
    "intune_scep.simulator.commands",
    "intune_scep.simulator.scenarios",
    "intune_scep.simulator.seed",
    "intune_scep.simulator.tls",
    "intune_scep.simulator.wire",
)
"""What commands have and tasks have not; each costs the first task of a play."""

IMPORTED_LATE = (
    "anyio._backends._asyncio",
    "anyio.streams.stapled",
    "anyio.streams.tls",
    "azure.core.pipeline.transport._requests_basic",
    "azure.identity",
    "filelock",
    "h2.connection",
    "httpcore",
    "httpx",
    "kiota_abstractions.native_response_handler",
    "kiota_abstractions.request_information",
    "kiota_http.middleware",
    "platformdirs.unix",
    "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
    "ansible.module_utils._internal._json._profiles._module_legacy_m2c",
)
"""What is imported when a tenant is reached. To miss one costs time and changes nothing."""


def preload():
    """Import what the jobs of the library need; return why tasks cannot run in process, or None."""
    if not boolean(os.environ.get(SWITCH) or True, strict=False):
        return f"{SWITCH} says so"
    if sys.platform == "darwin":
        return "system libraries of macOS do not survive a fork"
    if not hasattr(os, "fork"):
        return "this system has no fork"
    try:
        import_library()
    except Exception as error:  # the ordinary module tells what is wrong with the library
        return f"the Python library cannot be imported: {error}"
    return None


def import_library():
    """Import every room of the library that the job of a task may enter."""
    import intune_scep
    from intune_scep.graph.network import load_httpx
    from intune_scep.memory import collector_paused

    with warnings.catch_warnings(), collector_paused():
        warnings.simplefilter("ignore")
        load_httpx()
        for name in rooms(intune_scep):
            importlib.import_module(name)
        for name in IMPORTED_LATE:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def rooms(package):
    """The names of all modules of a package but those that no task needs."""
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if found.name in NEVER_OF_A_TASK:
            continue
        yield found.name
        if found.ispkg:
            yield from rooms(importlib.import_module(found.name))


def stamp():
    """What changes when another version of the library is installed over this one."""
    import intune_scep

    status = Path(intune_scep.__file__).stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


UNAVAILABLE = preload()
STAMP = None if UNAVAILABLE else stamp()
