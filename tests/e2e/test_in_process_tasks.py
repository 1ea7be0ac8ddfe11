"""A task that runs in process has the result that the ordinary module has, to the letter."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from intune_scep.simulator import seed_database

from .commands import small_tenant, until
from .playbooks import ROOT, Result, Tenant, copy_of, run_ansible

CALLBACKS = Path(__file__).with_name("callbacks")
PASSWORD = "correct horse"
IN_PROCESS = "in process"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-?\d\d-?\d\dT[\d:.]+(?:Z|\+00:00)?|\d{8}-\d{6}\S*?(?=\.jsonl)")
IGNORED = re.compile(r"^Exception ignored in: .*?^\w+Error: [^\n]*\n?", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^intune\.scep\.\w+ runs (?:as an ordinary module: )?(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Play:
    """How a play ended, with what each task was."""

    code: int
    output: str
    records: list[dict[str, Any]]

    def results(self, task: str) -> list[dict[str, Any]]:
        """What reached the callbacks of a task, items first."""
        return [record for record in self.records if record["task"] == task]

    def marks(self, task: str) -> list[str]:
        """In process, or why not, each time the module ran."""
        part = self.output.partition(f"TASK [{task}] ")[2].partition("\nTASK [")[0]
        assert part, self.output
        return MARK.findall(part)


@dataclass(frozen=True)
class Task:
    """One task of the play, and how it is to run."""

    name: str
    text: str
    how: str = IN_PROCESS

    def __str__(self) -> str:
        return self.name


def encrypted(text: str) -> str:
    secret = VaultSecret(PASSWORD.encode())
    secret.load()
    content = VaultLib([("default", secret)]).encrypt(text, secret, "default").decode()
    return "!vault |\n" + "".join(f"      {line}\n" for line in content.splitlines())


PROFILE = """\
    name: Staff - iOS
    platform: ios
    certificate_type: user
    subject_name_format: !unsafe "CN={{UserName}},E={{EmailAddress}}"
    subject_alternative_names: [{type: uri, value: !unsafe "{{OnPremisesSecurityIdentifier}}"}]
    validity: {value: 1, unit: years}
    key_usage: [digital_signature, "key_encipherment"]
    key_size: 2048
    extended_key_usages: [client_authentication]
    root_profile: {name: Root of staff}
    scep_server_urls: [https://ndes.contoso.com/certsrv/mscep/mscep.dll]
"""
ROOT_PROFILE = f"""\
  intune.scep.trusted_root_profile:
    name: Root of staff
    platform: ios
    certificate_path: {ROOT}/docs/examples/profiles/contoso-root.cer
"""
TASKS = (
    Task("a reading", "intune.scep.strong_mapping_info: {}"),
    Task(
        "a reading of the directory", "intune.scep.strong_mapping_readiness_info: {min_ready: 95}"
    ),
    Task("a rollout without its file", "intune.scep.strong_mapping_rollout: {action: start}"),
    Task("a decision without its reason", "intune.scep.strong_mapping_rollout: {action: pause}"),
    Task("where it stands", "intune.scep.strong_mapping_rollout_info: {file: no/such.yml}"),
    Task(
        "check mode with diff", "intune.scep.strong_mapping: {}\n  check_mode: true\n  diff: true"
    ),
    Task("a root that is made", ROOT_PROFILE.strip() + "\n  diff: true"),
    Task("check mode of a new profile", f"intune.scep.scep_profile:\n{PROFILE}  check_mode: true"),
    Task("a new profile", f"intune.scep.scep_profile:\n{PROFILE}  diff: true"),
    Task("the same again", f"intune.scep.scep_profile:\n{PROFILE}  diff: true"),
    Task(
        "a change of it",
        f"intune.scep.scep_profile:\n{PROFILE}    renewal_threshold: 25\n  diff: true",
    ),
    Task("a listing by filters", "intune.scep.scep_profile_info: {platforms: [ios]}"),
    Task(
        "numbers, truths and letters as texts",
        "intune.scep.scep_profile_info: {names: [1, true, 2.50, Grüße, '007', \"a\\tb\"]}",
    ),
    Task("options that are null", "intune.scep.scep_profile_info: {names: null, ids: null}"),
    Task("a bad argument", "intune.scep.strong_mapping_info: {cloud: mars}"),
    Task("an option nobody knows", "intune.scep.strong_mapping: {onyl: [A]}"),
    Task("a type that does not fit", "intune.scep.strong_mapping: {max_changes: many}"),
    Task("an option that is missing", "intune.scep.strong_mapping: {state: rolled_back}"),
    Task("a list with an empty name", "intune.scep.strong_mapping: {only: ['', B]}"),
    Task("a file that is not there", "intune.scep.strong_mapping_info: {rules_path: no/such/file}"),
    Task(
        "a path below the playbook",
        "intune.scep.strong_mapping: {journal: runs/journal.jsonl}\n  diff: true",
    ),
    Task("a secret that is wrong", "intune.scep.strong_mapping_info: {access_token: hush-hush}"),
    Task("no_log", "intune.scep.strong_mapping_info: {}\n  no_log: true"),
    Task(
        "a failure under no_log", "intune.scep.strong_mapping_info: {cloud: mars}\n  no_log: true"
    ),
    Task(
        "words of a role",
        "intune.scep.strong_mapping: {only: []}\n"
        "  environment: {INTUNE_SCEP_ROLE_PREFIX: strong_mapping_}",
    ),
    Task(
        "an environment of a list",
        "intune.scep.strong_mapping_info: {}\n"
        "  environment: [{INTUNE_SCEP_SIMULATOR: nowhere.db}, {TZ: Asia/Tokyo}]",
    ),
    Task(
        "an environment that matters early",
        "intune.scep.strong_mapping_info: {}\n  environment: {PYTHONUTF8: '1'}",
        "the environment has PYTHONUTF8",
    ),
    Task(
        "items with an environment each",
        "intune.scep.scep_profile_info: {}\n"
        '  environment: {INTUNE_SCEP_SIMULATOR: "{{ item }}"}\n'
        "  loop: ['{{ database }}', 'nowhere.db', '{{ database }}']",
    ),
    Task(
        "items that fail, warn and work",
        'intune.scep.scep_profile_info: {names: "{{ item }}"}\n'
        "  loop: [[], ['No such profile'], null, ['Staff - iOS']]",
    ),
    Task(
        "items of secrets",
        'intune.scep.strong_mapping_info: {access_token: "{{ item }}"}\n'
        "  loop: [hush-one, hush-two]\n  loop_control: {label: secret}",
    ),
    Task(
        "until it is so",
        "intune.scep.scep_profile_info: {}\n  register: seen\n"
        "  until: seen.attempts == 2\n  retries: 3\n  delay: 0",
    ),
    Task(
        "on the machine of Ansible", "intune.scep.scep_profile_info: {}\n  delegate_to: localhost"
    ),
    Task(
        "on another machine",
        "intune.scep.scep_profile_info: {}\n  delegate_to: elsewhere",
        "the connection is ssh",
    ),
    Task(
        "in the background",
        "intune.scep.scep_profile_info: {}\n  async: 60\n  poll: 1",
        "it is asynchronous",
    ),
    Task(
        "as somebody else",
        "intune.scep.scep_profile_info: {}\n  become: true\n  become_method: ansible.builtin.su",
        "it becomes another user",
    ),
    Task(
        "with another interpreter",
        "intune.scep.scep_profile_info: {}\n"
        "  vars: {ansible_python_interpreter: /usr/bin/python-of-nobody}",
        "the interpreter is /usr/bin/python-of-nobody",
    ),
    Task(
        "with another name of the interpreter",
        "intune.scep.scep_profile_info: {}\n"
        f"  vars: {{ansible_python_interpreter: {Path(sys.executable).with_name('python3')}}}",
    ),
    Task(
        "with a shell of its own",
        "intune.scep.scep_profile_info: {}\n  vars: {ansible_shell_executable: /bin/bash -l}",
        "the shell may do more than to start a module",
    ),
    Task(
        "switched off",
        "intune.scep.scep_profile_info: {}\n  vars: {intune_scep_in_process: 'no'}",
        "intune_scep_in_process says so",
    ),
    Task("an undefined variable", 'intune.scep.scep_profile_info: {names: "{{ nowhere }}"}', ""),
    Task(
        "a variable of Intune without !unsafe",
        'intune.scep.scep_profile: {name: A, platform: ios, subject_name_format: "{{UserName}}"}',
        "",
    ),
    Task(
        "an undefined variable in the environment",
        'intune.scep.scep_profile_info: {}\n  environment: {HOME: "{{ nowhere }}"}',
        "",
    ),
    Task("a secret of the vault", 'intune.scep.scep_profile_info: {names: ["{{ vaulted }}"]}'),
    Task(
        "a vaulted text in the task",
        f"intune.scep.scep_profile_info:\n    names:\n    - {encrypted('Staff - iOS')}",
    ),
    Task("only where it is wanted", "intune.scep.scep_profile_info: {}\n  when: false", ""),
)
INVENTORY = """\
all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
    elsewhere: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
"""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("in-process") / "tenant.db"
    seed_database(database, small_tenant())
    return database


def playbook(tasks: str, **keywords: Any) -> str:
    """A play of tasks on localhost, the options of the simulator given once for all modules."""
    head = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/intune.scep.all": {"cloud": "simulator"}},
        **keywords,
    }
    text = "".join(f"  {line}\n" for line in yaml.safe_dump(head).splitlines())
    tasks = "".join(f"  {line}\n" if line else "\n" for line in tasks.splitlines())
    return "-" + text[1:] + "  tasks:\n" + tasks


def run(
    tenant: Tenant, book: str, *arguments: str, inventory: str = INVENTORY, **more: str
) -> Play:
    """Run a play and write down what reached its callbacks."""
    directory = tenant.database.parent
    (directory / "play.yml").write_text(book)
    (directory / "hosts.yml").write_text(inventory)
    (directory / "password").write_text(PASSWORD)
    record = directory / "record.jsonl"
    record.unlink(missing_ok=True)
    result: Result = run_ansible(
        "ansible-playbook",
        str(directory / "play.yml"),
        *("-i", str(directory / "hosts.yml"), "--vault-password-file", str(directory / "password")),
        *("-e", f"database={tenant.database}", "-vvvv", *arguments),
        cwd=directory,
        **{
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "INTUNE_SCEP_SIMULATOR": str(tenant.database),
            "INTUNE_SCEP_PATIENCE": "1",
            "RECORD": str(record),
            **more,
        },
    )
    lines = record.read_text().splitlines() if record.exists() else []
    return Play(result.code, result.output, [json.loads(line) for line in lines])


def plain(record: dict[str, Any], directory: Path) -> dict[str, Any]:
    """A record without what is another each time: ids of requests, times, where the test runs."""
    text = json.dumps(record).replace(str(directory), "DIRECTORY")
    text = TIME.sub("TIME", GUID.sub("ID", text))
    text = re.sub(
        r'"(ansible_job_id|results_file|delta|start|end)": "[^"]*"', '"VOLATILE": ""', text
    )
    return json.loads(text)


def without_tracebacks(value: Any) -> Any:
    """A value that says only whether there are tracebacks, since they name files of the wrapper."""
    if isinstance(value, list):
        return [without_tracebacks(item) for item in value]
    if isinstance(value, dict):
        return {
            name: bool(item) if name == "exception" else without_tracebacks(item)
            for name, item in value.items()
        }
    return value


def both_ways(
    small: Path, tmp_path: Path, book: str, start: Callable[..., Play] = run
) -> tuple[tuple[Play, Path], tuple[Play, Path]]:
    """The same play in process and by ordinary modules, on tenants that are equal."""
    plays = []
    for name, switch in (("in-process", "true"), ("ordinary", "false")):
        tenant = copy_of(small, tmp_path / name)
        play = start(tenant, book, INTUNE_SCEP_IN_PROCESS=switch)
        plays.append((play, tmp_path / name))
    return plays[0], plays[1]


def test_tasks_in_process_end_as_ordinary_modules_do(small: Path, tmp_path: Path) -> None:
    """One test, because its two plays cost more than all that is said of them."""
    tasks = "".join(
        f"- name: {task.name}\n  {task.text.rstrip()}\n  ignore_errors: true\n"
        "  ignore_unreachable: true\n"
        for task in TASKS
    )
    book = playbook(tasks).replace(
        "  tasks:\n", f"  vars:\n    vaulted: {encrypted('Staff - iOS')}  tasks:\n", 1
    )
    (here, hither), (there, thither) = both_ways(small, tmp_path, book)
    assert {task.name for task in TASKS} == {record["task"] for record in here.records}
    differences = [
        (one, other)
        for task in TASKS
        for one, other in zip_longest(here.results(task.name), there.results(task.name))
        if one is None or other is None or plain(one, hither) != plain(other, thither)
    ]
    assert not differences
    marks = {task.name: here.marks(task.name) for task in TASKS}
    assert {name for name, found in marks.items() if found} == {t.name for t in TASKS if t.how}
    assert not [(task, marks[task.name]) for task in TASKS if not fits(task, marks[task.name])]
    assert not re.search("runs in process$", there.output, re.MULTILINE)
    for play in (here, there):
        assert "hush-hush" not in play.output


def fits(task: Task, marks: list[str]) -> bool:
    """Whether a task ran as it was to run, each time."""
    return all(task.how in mark for mark in marks)


BREAKING = Path(__file__).with_name("breaking")
WAYS_TO_BREAK = (
    "error",
    "error_of_three",
    "memory",
    "recursion",
    "unusual",
    "leave",
    "leave_with_words",
    "leave_at_once",
    "segfault",
    "kill",
    "half_a_result",
    "chatter",
    "words_at_the_end",
    "complain",
    "half_a_letter",
    "litter",
)
HARMLESS = ("chatter", "words_at_the_end", "complain", "half_a_letter", "litter")


def breaking(tenant: Tenant, book: str, *arguments: str, **more: str) -> Play:
    """Run a play with a library that breaks as INTUNE_SCEP_BREAK says."""
    path = os.pathsep.join([str(BREAKING), *filter(None, [os.environ.get("PYTHONPATH")])])
    notes = str(tenant.database.parent / "notes")
    return run(tenant, book, *arguments, PYTHONPATH=path, INTUNE_SCEP_NOTES=notes, **more)


def told(record: dict[str, Any], directory: Path) -> dict[str, Any]:
    """A record without tracebacks, which name other files, and without the words of a shell."""
    result = plain(record, directory)["result"]
    # A program also tells what it could not clear away at its end.
    errors = IGNORED.sub("", result.pop("module_stderr", "")).splitlines()[-1:]
    killed = result.get("rc", 0) > 128
    return {**record, "result": result, "last words": None if killed else errors}


def test_a_crash_in_the_library_fails_its_task_only_and_with_the_same_words(
    small: Path, tmp_path: Path
) -> None:
    """Each way to break, with a sound item after it."""
    tasks = "".join(
        f"- name: broken by {way}\n  intune.scep.strong_mapping_info: {{}}\n"
        f"  environment: {{INTUNE_SCEP_BREAK: '{{{{ item }}}}'}}\n  loop: [{way}, '']\n"
        "  ignore_errors: true\n"
        for way in WAYS_TO_BREAK
    )
    plays = both_ways(small, tmp_path, playbook(tasks), breaking)
    for way in WAYS_TO_BREAK:
        here, there = (
            [told(record, directory) for record in play.results(f"broken by {way}")[:2]]
            for play, directory in plays
        )
        assert here == there
        assert plays[0][0].marks(f"broken by {way}") == [IN_PROCESS, IN_PROCESS]
        first, sound = here
        assert (first["event"] == "item failed") == (way not in HARMLESS), first
        assert sound["event"] == "item ok"
        assert sound["result"]["cloud"] == "simulator"


def test_the_library_is_imported_once_for_the_play(
    small: Path, tmp_path: Path, served: Any
) -> None:
    tenant = copy_of(small, tmp_path / "tenant")
    elsewhere = (
        f"{{INTUNE_SCEP_ENDPOINT: '{served.url}', INTUNE_SCEP_ACCESS_TOKEN: {served.token()}}}"
    )
    tasks = (
        "- intune.scep.strong_mapping: {}\n"
        f"- intune.scep.scep_profile_info: {{}}\n{ROOT_PROFILE.replace('  intune', '- intune', 1)}"
        "- intune.scep.strong_mapping_info: {access_token: wrong}\n  ignore_errors: true\n"
        f"- intune.scep.strong_mapping_info: {{cloud: public}}\n  environment: {elsewhere}\n"
    )
    play = breaking(tenant, playbook(tasks), INTUNE_SCEP_BREAK="count_imports")
    assert play.code == 0, play.output
    notes = (tenant.database.parent / "notes").read_text().splitlines()
    imported = {name.partition(".")[0] for name in notes}
    # anyio looks for sniffio each time, where that is not installed.
    assert imported <= {"ansible", "encodings", "sniffio"}, sorted(set(notes))


@pytest.mark.parametrize(
    ("library", "reason", "message"),
    [
        ("missing", "cannot be imported", "Failed to import the required Python library"),
        ("old", "the library is too old", "Only 0.0.9 was found"),
    ],
)
def test_without_the_library_the_ordinary_module_says_so(
    small: Path, tmp_path: Path, library: str, reason: str, message: str
) -> None:
    tenant = copy_of(small, tmp_path / "tenant")
    book = playbook("- name: asked\n  intune.scep.strong_mapping_info: {}\n")
    play = breaking(tenant, book, INTUNE_SCEP_LIBRARY=library)
    assert play.code == 2
    [mark] = play.marks("asked")
    assert reason in mark
    assert message in play.records[0]["result"]["msg"]


def test_a_timeout_ends_the_module_with_the_task(small: Path, tmp_path: Path) -> None:
    tenant = copy_of(small, tmp_path / "tenant")
    tasks = (
        "- name: hung\n  intune.scep.strong_mapping_info: {}\n  timeout: 3\n  ignore_errors: true\n"
    )
    tasks += "- name: next\n  intune.scep.strong_mapping_info: {cloud: mars}\n"
    play = breaking(tenant, playbook(tasks), INTUNE_SCEP_BREAK="sleep")
    assert re.search(r"Timed out after 3 second|in the expected time frame \(3\)", play.output)
    assert [record["event"] for record in play.records] == ["failed", "failed"]
    assert gone(tenant)


def test_an_interrupted_play_ends_and_its_module_too(small: Path, tmp_path: Path) -> None:
    tenant = copy_of(small, tmp_path / "tenant")
    directory = tenant.database.parent
    book = playbook("- intune.scep.strong_mapping_info: {}\n")
    (directory / "play.yml").write_text(book)
    path = os.pathsep.join([str(BREAKING), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [Path(sys.executable).with_name("ansible-playbook"), "play.yml"],
        cwd=directory,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(directory / "ansible"),
            "INTUNE_SCEP_BREAK": "sleep",
            "INTUNE_SCEP_NOTES": str(directory / "notes"),
            "INTUNE_SCEP_SIMULATOR": str(tenant.database),
            "PYTHONPATH": path,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        until((directory / "notes").exists)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) != 0
    assert gone(tenant)


def gone(tenant: Tenant) -> bool:
    """Whether the module that noted its process has ended, now or in a moment."""
    [number] = (tenant.database.parent / "notes").read_text().split()

    def ended() -> bool:
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            return True
        return False

    until(ended)
    return True


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_twenty_tenants_as_hosts_are_told_apart(tmp_path: Path, strategy: str) -> None:
    hosts = {}
    for number in range(1, 21):
        database = tmp_path / f"{number}.db"
        tenant_id = f"00000000-0000-4000-8000-{number:012d}"
        if number != 13:
            seed_database(database, replace(small_tenant(), tenant_id=tenant_id))
        hosts[f"tenant-{number}"] = {"file": str(database), "expected": tenant_id}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = yaml.safe_dump({"all": {"vars": local, "hosts": hosts}})
    tasks = (
        "- name: asked\n  intune.scep.strong_mapping: {}\n"
        '  environment: {INTUNE_SCEP_SIMULATOR: "{{ file }}"}\n  register: answer\n'
        "- name: told\n  ansible.builtin.assert: {that: answer.tenant == expected}\n"
    )
    directory = tmp_path / "play"
    directory.mkdir()
    book = playbook(tasks, hosts="all", strategy=strategy)
    play = run(Tenant(directory / "none.db"), book, "--forks", "7", inventory=inventory)
    assert play.output.count("intune.scep.strong_mapping runs in process") == 20
    events = Counter((record["task"], record["event"]) for record in play.records)
    assert events == {("asked", "ok"): 19, ("asked", "failed"): 1, ("told", "ok"): 19}
    [failed] = [record for record in play.records if record["event"] == "failed"]
    assert failed["host"] == "tenant-13"


def test_a_switch_that_is_neither_is_refused(small: Path, tmp_path: Path) -> None:
    tenant = copy_of(small, tmp_path / "tenant")
    task = "- intune.scep.strong_mapping_info: {}\n  vars: {intune_scep_in_process: perhaps}\n"
    play = run(tenant, playbook(task))
    assert play.code == 2
    assert "intune_scep_in_process must be true or false" in play.records[0]["result"]["msg"]
