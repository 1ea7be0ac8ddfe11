"""The command as a shell starts it, what it says, and the small tenants it is tried on."""

import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

from intune_scep.simulator.scenario import build_scenario

COMMAND = [sys.executable, "-m", "intune_scep.cli.app"]
SID = "{{OnPremisesSecurityIdentifier}}"
SHARED_IPADS = "iOS - SCEP - Device - Shared iPads"


def small_tenant(*, empty=False):
    """The directory of contoso with one root and one SCEP profile, or without profiles."""
    scenario = build_scenario("contoso")
    [scep] = [wire for wire in scenario.profiles if wire["displayName"] == SHARED_IPADS]
    ids = {scep["id"], scenario.root_links[scep["id"]]}
    return replace(
        scenario,
        profiles=() if empty else tuple(w for w in scenario.profiles if w["id"] in ids),
        root_links={} if empty else {k: v for k, v in scenario.root_links.items() if k in ids},
        assignments={} if empty else {k: v for k, v in scenario.assignments.items() if k in ids},
        links=(),
        certificates=(),
        resource_access_profiles=(),
    )


def refused(answer, *parts):
    """One clear message on standard error, exit code 1, nothing else."""
    code, out, err = answer
    assert code == 1
    assert "Traceback" not in err + out
    assert err.startswith("Error: "), out
    assert len(err.strip().splitlines()) == 1
    for part in parts:
        assert part in err


def printed_command(text, words):
    """The arguments of the command that the output names after these words."""
    [line] = [line for line in text.splitlines() if line.strip().startswith(f"{words}: ")]
    program, *arguments = shlex.split(line.partition(": ")[2])
    assert program == "intune-scep"
    return arguments


@contextmanager
def running(*arguments, **environment):
    """The command in a process of its own."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def journal_of(process):
    """The journal that a running command says it keeps, before its first write."""
    word, _, path = process.stderr.readline().strip().partition(": ")
    assert word == "Journal", path
    return path


def keep_waiting(tenant):
    """Let the next write of a profile not show, so that its run waits for it until `let_go`."""
    rule = {"match": {"nth": [1]}, "effect": "lag", "seconds": 600}
    tenant.control("PUT", "faults", [rule])


def let_go(tenant):
    """Let show what was written."""
    tenant.control("DELETE", "faults")


def writes(tenant):
    """The writes that a tenant received."""
    return [
        item
        for item in tenant.requests()
        if item["method"] != "GET" and not item["path"].endswith(("$batch", "exportJobs"))
    ]


def mapped(tenant):
    """How many profiles carry the SID URI."""
    return sum(SID in json.dumps(wire) for wire in tenant.profiles().values())


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
