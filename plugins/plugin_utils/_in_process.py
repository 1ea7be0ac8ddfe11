# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""Tasks that run their module in a fork of Ansible's worker, with the library already imported.

A module of its own costs an interpreter and the imports each time. Only what starts the module is
replaced here: arguments are made, and results are read, by the normal action of the Ansible that
runs. Wherever a result could differ, the ordinary module runs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import site
import sys
from itertools import chain
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible_collections.intune.scep.plugins.module_utils._base import (
    MINIMUM_LIBRARY,
    found_version,
)
from ansible_collections.intune.scep.plugins.plugin_utils import _fork, _preload

SWITCH = _preload.SWITCH.lower()
"""The variable that switches tasks in process off for a play, a host or a task."""

PROFILE = "legacy"
"""How arguments and results are written as JSON; the only way of modules in Python."""

PLAIN_SHELLS = ("sh", "dash", "bash")
HARMLESS_OPTIONS = set("sPuB")
"""Options of the interpreter that change nothing where there are no packages of the user's own."""

READ_WHEN_NEEDED = ("AZURE_", "INTUNE_SCEP_", "IDENTITY_", "MSI_", "AWX_", "TOWER_", "XDG_")
READ_WHEN_NEEDED_EXACTLY = {
    *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    *("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "JOB_ID", "TF_BUILD"),
    *("HOME", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"),
}
"""Variables that are read when a job runs. Others may count when an interpreter starts."""

OF_DEBUGGERS = (
    *("_ANSIBLE_COVERAGE_CONFIG", "_ANSIBLE_ANSIBALLZ_COVERAGE_CONFIG"),
    *("_ANSIBLE_ANSIBALLZ_DEBUGPY_CONFIG", "_ANSIBLE_ANSIBALLZ_PYDEVD_CONFIG"),
)
OF_THE_CONTROLLER = ("ansible.module_utils._internal", "ansible.module_utils.common.warnings")


class InProcessAction(NormalAction):
    """The module as it is, in a fork of the worker wherever that cannot be told from outside."""

    module = None
    """The Python module of the same name, set by each plugin."""

    _in_process = False
    _arguments = None

    def _execute_module(self, module_name=None, module_args=None, **kwargs):
        if module_name is not None or module_args is not None:
            return super()._execute_module(module_name, module_args, **kwargs)
        reason = self.why_ordinary(kwargs.get("task_vars") or {})
        how = f"as an ordinary module: {reason}" if reason else "in process"
        self._display.vvvv(f"{self._task.action} runs {how}")
        self._in_process = reason is None
        try:
            return super()._execute_module(**kwargs)
        finally:
            self._in_process, self._arguments = False, None

    def _is_pipelining_enabled(self, *args, **kwargs):
        # Nothing is laid down in a file, and so no directory is needed for it.
        return self._in_process or super()._is_pipelining_enabled(*args, **kwargs)

    def _configure_module(self, module_name, module_args, task_vars):
        if not self._in_process:
            return super()._configure_module(module_name, module_args, task_vars)
        self._arguments = encoded(module_args)
        return built(self.module.__file__)

    def _low_level_execute_command(self, *args, **kwargs):
        if self._arguments is None:
            return super()._low_level_execute_command(*args, **kwargs)
        arguments, self._arguments = self._arguments, None
        code, out, err = _fork.run(
            lambda: run_module(self.module, arguments),
            self._loader.get_basedir(),
            {name: str(value) for name, value in self.environment().items()},
        )
        stdout, stderr = (to_text(text, errors="surrogate_then_replace") for text in (out, err))
        return {
            "rc": code,
            "stdout": stdout,
            "stdout_lines": stdout.splitlines(),
            "stderr": stderr,
            "stderr_lines": stderr.splitlines(),
        }

    def environment(self):
        """The variables that the play gives to this task."""
        found = {}
        self._compute_environment_string(found)
        return found

    def why_ordinary(self, task_vars):
        """Why the ordinary module runs, or None.

        Raises:
            AnsibleActionFail: The switch is neither true nor false.
        """
        switch = self.switch(task_vars)
        if switch is not None:
            return switch
        try:
            return next(self.reasons(task_vars), None)
        except Exception as error:  # told by the ordinary module, if it is one
            return f"{type(error).__name__}: {error}"

    def switch(self, task_vars):
        """The reason that somebody gave by hand, or None."""
        value = self._templar.template(task_vars.get(SWITCH, True))
        try:
            return None if boolean(value) else f"{SWITCH} says so"
        except TypeError as error:
            raise AnsibleActionFail(f"{SWITCH} must be true or false. It is {value!r}.") from error

    def reasons(self, task_vars):
        """Each thing that could make a result differ."""
        return chain(
            self.reasons_of_the_task(task_vars),
            self.reasons_of_the_interpreter(task_vars),
            self.reasons_of_the_library(),
        )

    def reasons_of_the_task(self, task_vars):
        """What the play asks for that an ordinary module does better, or alone can do."""
        if self._task.async_val:
            yield "it is asynchronous"
        if self._connection.become or self._play_context.become:
            yield "it becomes another user"
        if self._connection.__class__ is not LocalConnection:
            yield f"the connection is {self._connection.transport}"
        if constants.DEFAULT_KEEP_REMOTE_FILES:
            yield "its files are to be kept"
        if constants.config.get_config_value("PYTHON_MODULE_RLIMIT_NOFILE", variables=task_vars):
            yield "the number of its open files is set"
        if any(os.environ.get(name) for name in OF_DEBUGGERS):
            yield "a debugger or the coverage of modules is wanted"
        if not all(plain(shell) for shell in self.shells()):
            yield "the shell may do more than to start a module"

    def reasons_of_the_interpreter(self, task_vars):
        """What a module would find there that is not here."""
        if started_otherwise():
            yield "Ansible's own interpreter was started with options"
        if not same_interpreter(self.interpreter(task_vars)):
            yield f"the interpreter is {self.interpreter(task_vars)}"
        early = sorted(name for name in self.environment() if not read_when_needed(name))
        if early:
            yield f"the environment has {', '.join(early)}"

    def reasons_of_the_library(self):
        """Why the code that was imported is not the code that a module would import."""
        if _preload.UNAVAILABLE:
            yield _preload.UNAVAILABLE
        if _preload.stamp() != _preload.STAMP:
            yield "the library was installed anew during the play"
        if found_version() < MINIMUM_LIBRARY:
            yield "the library is too old"
        if self.path_of_module() != self.module.__file__:
            yield f"the module is {self.path_of_module()}"

    def shells(self):
        """The programs that would start the module."""
        yield self._connection._shell.SHELL_FAMILY
        yield self._play_context.executable or "sh"
        yield constants.DEFAULT_EXECUTABLE or "sh"

    def interpreter(self, task_vars):
        """The interpreter that an ordinary module would have.

        Raises:
            InterpreterDiscoveryRequiredError: It is to be discovered.
        """
        delegate = self._task.delegate_to
        variables = task_vars["ansible_delegated_vars"][delegate] if delegate else task_vars
        return module_common._get_shebang("/usr/bin/python", variables, self._templar)[1]

    def path_of_module(self):
        """The file that an ordinary module would be."""
        loader = self._shared_loader_obj.module_loader
        collections = self._task.collections
        found = loader.find_plugin_with_context(
            self._task.action, ".py", collection_list=collections
        )
        return found.plugin_resolved_path


def plain(shell):
    """Whether a shell does nothing but to start a program."""
    name = Path(shell).name
    return name in PLAIN_SHELLS and not (name == "bash" and os.environ.get("BASH_ENV"))


def started_otherwise():
    """Whether modules are imported from other places here than in a module's process."""
    option = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
    if not option.startswith("-"):
        return False
    of_the_user = sys.prefix == sys.base_prefix and Path(site.getusersitepackages()).is_dir()
    return of_the_user or not set(option[1:]) <= HARMLESS_OPTIONS


def same_interpreter(path):
    """Whether a path leads to the interpreter that runs Ansible, in the same environment."""
    mine, other = Path(sys.executable), Path(path)
    return other.is_absolute() and (
        (mine.parent.resolve(), mine.resolve()) == (other.parent.resolve(), other.resolve())
    )


def read_when_needed(name):
    """Whether a variable counts when a job runs, and not when its interpreter starts."""
    return name.startswith(READ_WHEN_NEEDED) or name.upper() in READ_WHEN_NEEDED_EXACTLY


def encoded(arguments):
    """The arguments as Ansible gives them to a module."""
    given = {"ANSIBLE_MODULE_ARGS": arguments}
    try:
        from ansible.module_utils.common.json import Direction, get_module_encoder
    except ImportError:  # ansible-core 2.18 and before
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        return json.dumps(given, cls=AnsibleJSONEncoder, vault_to_text=True).encode()
    encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    return json.dumps(given, cls=encoder).encode()


def built(path):
    """What Ansible makes of a module before it runs it, without the archive of its source."""
    shebang = f"#!{sys.executable}"
    try:
        bits = module_common._BuiltModule(
            b_module_data=b"", module_style="new", shebang=shebang, serialization_profile=PROFILE
        )
    except AttributeError:  # ansible-core 2.18 and before
        return "new", shebang, b"", path
    return bits, path


def run_module(module, arguments):
    """Run a module as the wrapper does that Ansible puts around it.

    Raises:
        SystemExit: When it is done.
    """
    leave_the_controller()
    sys.argv = [module.__file__]
    basic._ANSIBLE_ARGS = arguments
    basic._ANSIBLE_PROFILE = PROFILE
    try:
        module.main()
    except Exception as error:
        tell(error)
        raise


def leave_the_controller():
    """Let Ansible's code behave as on a target, where warnings go into the result."""
    for name in OF_THE_CONTROLLER:
        if name in sys.modules:
            importlib.reload(sys.modules[name])
    tracebacks = sys.modules.get("ansible.module_utils._internal._traceback")
    if tracebacks:
        tracebacks._is_traceback_enabled = tracebacks._is_module_traceback_enabled


def tell(error):
    """Tell an error that a module did not catch, as Ansible's wrapper does, and exit.

    Before ansible-core 2.19 the wrapper leaves that to the interpreter.
    """
    with contextlib.suppress(ImportError):
        from ansible.module_utils._internal._ansiballz import _loader

        _loader._handle_exception(error, PROFILE)
