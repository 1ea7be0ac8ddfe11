"""Tell a whole rollout of strong mapping in the terminal, on a simulated tenant.

Every command is run as it is printed, and its output is its own: nothing is made up or left out.
What stands in for Microsoft Graph is a file, and its clock is set forward so that nobody waits.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.control import Control
from rich.rule import Rule
from rich.segment import ControlType

from intune_scep.simulator import seed_database
from intune_scep.simulator.scenario import Scenario, build_scenario

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEVICES = 100
SHORT = "iOS user mail"
"""The profile of which fewer have a SID than are asked for."""
SHORT_RING = "Ring last users"
INTERRUPTED = 130
MEANING = {1: "failed", 2: "something to look at", 3: "nothing could be judged"}
"""Exit code of a command -> what README.md says of it, in short."""

ROLLOUT = """\
rollout: wifi-2026
strategy: in_place            # the profiles themselves are edited
rings:                        # opened in this order
  - {name: first, profiles: ["Windows user Wi-Fi"]}
  - {name: broad, profiles: ["iOS user Wi-Fi", "macOS user Wi-Fi"]}
gates:                        # what must hold before the next ring opens
  reissued: 90%               # of the devices seen since, those with a new certificate
  seen: 80%                   # of all devices, those seen since
  max_failed: {share: 5%, count: 3}
  soak: 24h
  connector: healthy
readiness: {users_with_sid: 95%}
load: {per_scep_host: 300/h}
answers:                      # to the questions of strong-mapping preflight
  no_mapping_events: {answer: no, by: "A. Example, directory", on: 2026-11-20}
  name_based_mapping: {answer: no, by: "A. Example, directory", on: 2026-11-20}
  explicit_mappings: {answer: no, by: "A. Example, directory", on: 2026-11-20}
  domain_controllers_2019: {answer: yes, by: "A. Example, directory", on: 2026-11-20}
  ca_in_ntauth: {answer: yes, by: "B. Example, PKI", on: 2026-11-20}
  ca_accepts_second_certificate: {answer: yes, by: "B. Example, PKI", on: 2026-11-20}
  ca_accepts_url_tag: {answer: yes, by: "B. Example, PKI", on: 2026-11-20}
  nac_reads_sid_uri: {answer: yes, by: "C. Example, network", on: 2026-11-20}
"""


@dataclass(frozen=True)
class Step:
    """One command of the story.

    Args:
        about: What it is for and what to look for.
        command: As a user types it in the checkout; `{demo}` is the directory of the demo.
        title: A heading above it, where a chapter begins.
        ends: The exit code that it must end with.
    """

    about: str
    command: str
    title: str = ""
    ends: int = 0


def _hours(number: int, why: str) -> Step:
    return Step(
        f"THE CLOCK IS MOVED FOR THE VIEWER: {number} hours. {why}",
        f"intune-scep simulator advance --hours {number}",
    )


STEPS = (
    Step(
        "Each SCEP profile gets a verdict. `required` are user certificates that domain controllers"
        " refuse without the SID; `opt_in` are changed only if you say so.",
        "intune-scep strong-mapping assess",
        "1. What is in the tenant?",
        ends=2,
    ),
    Step(
        "Who has no SID in Active Directory gets a new certificate without it. Look at the first"
        f" line: {SHORT} is short.",
        "intune-scep strong-mapping readiness --min-ready 95",
        "2. Who would get nothing?",
        ends=2,
    ),
    Step(
        "An edited profile issues every certificate again. Look at who is cut off first, at the"
        " load of each SCEP host, and at the echo.",
        "intune-scep strong-mapping impact",
        "3. What would it cost?",
    ),
    Step(
        "Nothing is written yet. Look at HELD BACK: the profile that is short stays as it is.",
        "intune-scep strong-mapping plan --min-ready 95",
        "4. What is held back",
        ends=2,
    ),
    Step(
        "What is risky goes in rings, and a gate stands after each.",
        "cat {demo}/strong-mapping.yml",
        "5. Two rings in one file",
    ),
    Step(
        "Every name in it is looked for in the tenant.",
        "intune-scep strong-mapping rollout check {demo}/strong-mapping.yml",
    ),
    Step(
        "The page for the change board: what, whom, in which order, what it costs, the way back.",
        "intune-scep strong-mapping rollout record {demo}/strong-mapping.yml --format html"
        " --to {demo}/before.html",
    ),
    Step(
        "The first ring is changed. It shows first what it would do; without --yes it asks.",
        "intune-scep strong-mapping rollout start {demo}/strong-mapping.yml"
        " --reason 'Change 4711' --yes",
        "6. Ring one",
    ),
    _hours(8, "Every device that is switched on checks in meanwhile."),
    Step(
        "The gate waits, and says why: not long enough, and Intune's report lags 6 hours behind.",
        "intune-scep strong-mapping rollout run {demo}/strong-mapping.yml",
    ),
    _hours(16, "Now 24 hours have gone by since the change."),
    Step(
        "The same command again, as a scheduler would call it: the gate passes, ring two opens.",
        "intune-scep strong-mapping rollout run {demo}/strong-mapping.yml",
        "7. Ring two",
    ),
    _hours(24, "The second ring gets its certificates."),
    Step(
        "The last gate passes.", "intune-scep strong-mapping rollout run {demo}/strong-mapping.yml"
    ),
    Step(
        "What the two rings came to. A device that was switched off all the time is not seen: it"
        " counts neither as success nor as failure.",
        "intune-scep strong-mapping rollout status {demo}/strong-mapping.yml",
    ),
    Step(
        "The rest needs no rings: one playbook. Look for CHANGED and for HELD BACK. What the rings"
        " did is mapped, and is not written again.",
        "ansible-playbook enforce-strong-mapping.yml -e strong_mapping_min_ready=95"
        " -e strong_mapping_journal={demo}/the-rest.jsonl",
        "8. The rest",
    ),
    _hours(24, "Check-ins of 8 hours and a report 6 hours old: 14 hours would do."),
    Step(
        "Re-issued is a serial number that was not there before the change, over the devices that"
        " were seen since.",
        "intune-scep strong-mapping verify --journal {demo}/the-rest.jsonl --certificates",
        "9. The proof",
    ),
    Step(
        "What was held back is all that is left; it waits for its accounts.",
        "intune-scep strong-mapping plan --min-ready 95",
        ends=2,
    ),
    Step(
        "The same page for the change board, with new certificates over time.",
        "intune-scep strong-mapping rollout record {demo}/strong-mapping.yml --format html"
        " --to {demo}/after.html",
    ),
)

LOOK_AT = (
    ("{demo}/after.html", "open it in a browser: the rollout with its curve"),
    ("{demo}/before.html", "the same page as the change board had it"),
    ("{demo}/strong-mapping.yml", "the rollout file; docs/rollout.md explains each line"),
    ("{demo}/the-rest.jsonl", "the journal of the playbook: the profiles as they were"),
    ("{demo}/tenant.db", "the simulated tenant"),
)
GO_ON = (
    ("First", "source {demo}/environment"),
    ("Which runs there were, and how to go back", "intune-scep runs"),
    (
        "What taking the rings back would do",
        "intune-scep strong-mapping rollout rollback {demo}/strong-mapping.yml --reason why"
        " --dry-run",
    ),
    ("Talk to the tenant as if it were Microsoft Graph", "intune-scep simulator serve --port 8080"),
)

console = Console(highlight=False, markup=False)


def tenant() -> Scenario:
    """The scenario `rollout`, with one profile that reaches too many without a SID.

    An account without a SID gets a certificate without it (DOMAIN.md 1), and reports are written
    at once.
    """
    made = build_scenario("rollout", {"devices": DEVICES})
    profile = next(each["id"] for each in made.profiles if each["displayName"] == SHORT)
    users = next(link.source_id for link in made.links if link.target_id == profile)
    group = next(each["id"] for each in made.groups if each["displayName"] == SHORT_RING)
    owners = {each["id"]: each["userId"] for each in made.managed_devices}
    only = tuple(each for each in made.assignments[profile] if each.get("groupId") == group)
    return replace(
        made,
        assignments={**made.assignments, profile: only, users: only},
        certificates=tuple(
            each
            for each in made.certificates
            if each.profile_id != profile or owners[each.managed_device_id] in made.members[group]
        ),
        settings={**made.settings, "missing_sid": "issues", "export_seconds": 0.0},
    )


def environment(demo: Path) -> dict[str, str]:
    """What the commands of the story need besides the environment of whoever runs it."""
    return {
        "INTUNE_SCEP_CLOUD": "simulator",
        "INTUNE_SCEP_SIMULATOR": str(demo / "tenant.db"),
        # The runs on this tenant are forgotten with it.
        "INTUNE_SCEP_STATE": str(demo / "state"),
    }


def for_ansible() -> dict[str, str]:
    """Where Ansible keeps what it makes: in this checkout."""
    temporary = str(ROOT / ".build" / "ansible" / "tmp")
    return {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "ANSIBLE_LOCAL_TEMP": temporary,
        "ANSIBLE_REMOTE_TMP": temporary,
    }


def prepare(demo: Path) -> None:
    """Make the directory anew: the tenant, the rollout file, and a file to source.

    Raises:
        SystemExit: there is something else in its place.
    """
    settings = demo / "environment"
    if demo.exists() and not settings.is_file() and not (demo.is_dir() and not any(demo.iterdir())):
        raise SystemExit(f"{demo} was not made by the demo: it is left alone. Name another.")
    shutil.rmtree(demo, ignore_errors=True)
    demo.mkdir(mode=0o700, parents=True)
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment(demo).items()]
    exports.append(f'export PATH={shlex.quote(str(BIN))}:"$PATH"')
    settings.write_text("\n".join(exports) + "\n", encoding="utf-8")
    (demo / "strong-mapping.yml").write_text(ROLLOUT, encoding="utf-8")
    seed_database(demo / "tenant.db", tenant())


def say(text: str) -> None:
    console.print(text)
    console.print()


def heading(text: str) -> None:
    console.print()
    console.print(Rule(text, align="left", style="bold"))
    console.print()


@contextmanager
def ended_with_us(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Whatever ends this program ends the command and what it started, without last words."""
    try:
        yield
    except BaseException:
        # It may have ended by itself in this moment.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _tidy_terminal()
        raise


def _tidy_terminal() -> None:
    """Take away a progress bar that was left behind, and bring back the cursor that it hid."""
    errors = Console(stderr=True)
    if errors.is_terminal:
        line_begins = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
        errors.control(line_begins, Control.show_cursor(True))


def run(command: str, demo: Path) -> int:
    """Run a command of the story in the checkout, its output going where ours goes."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    # In a session of its own a command does not see Ctrl-C, of which this program says one line.
    process = subprocess.Popen(
        shlex.split(command),
        cwd=ROOT,
        env={**os.environ, **for_ansible(), **environment(demo), "PATH": path},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    with ended_with_us(process):
        return process.wait()


def play(step: Step, demo: Path, place: str) -> None:
    """Say what a step is for, show its command, run it.

    Raises:
        SystemExit: it did not end as it must.
    """
    if step.title:
        heading(step.title)
    say(step.about)
    command = step.command.format(demo=place)
    console.print(f"$ {command}", style="bold", soft_wrap=True)
    code = run(command, demo)
    if code != step.ends:
        raise SystemExit(f"The demo ends here: exit code {code}, not {step.ends}, of: {command}")
    console.print(f"(exit code {code}: {MEANING[code]})\n" if code else "")


def tell_the_end(place: str, seconds: float) -> None:
    heading("What is left to look at")
    for path, about in LOOK_AT:
        console.print(f"{path.format(demo=place)}: {about}", soft_wrap=True)
    console.print()
    for about, command in GO_ON:
        console.print(f"# {about}", style="dim")
        console.print(f"{command.format(demo=place)}\n", soft_wrap=True)
    say(f"SIMULATOR: nothing left this machine. It took {seconds:.0f} s.")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--into", type=Path, default=ROOT / ".demo", help="a directory, which is made anew"
    )
    demo: Path = parser.parse_args(arguments).into.resolve()
    place = os.path.relpath(demo, ROOT) if demo.is_relative_to(ROOT) else str(demo)
    began = time.monotonic()
    heading("SIMULATOR: a rollout of strong mapping, from the first look to the proof")
    prepare(demo)
    say(
        f"The tenant is the simulator's scenario `rollout` with {DEVICES} devices, in"
        f" {place}/tenant.db. A simulator answers for Microsoft Graph, nothing leaves this machine,"
        " and nothing here was compared with a live tenant. The commands are those for a real one."
    )
    say(
        f"Made different for this story: {SHORT} is assigned to {SHORT_RING} alone, of whom more"
        " have no SID; reports are written at once; an account without a SID gets a certificate"
        " without it, as one of Microsoft's pages says (in the simulator's default it gets none)."
    )
    for step in STEPS:
        play(step, demo, place)
    tell_the_end(place, time.monotonic() - began)


def _terminated(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    # A reader that goes away ends the demo as it ends any tool.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        main()
    except OSError as error:
        raise SystemExit(f"The demo ends here: {error}") from None
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: the demo ends here. make demo begins anew.\n")
        raise SystemExit(INTERRUPTED) from None
