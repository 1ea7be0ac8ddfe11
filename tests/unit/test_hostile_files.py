"""Whatever stands in a file that a user names: an answer or one message, never a traceback.

Seeds are damaged at random, in their bytes and in their trees, and given to the readers. With
INTUNE_SCEP_TEST_PROFILE=long at least 20,000 files are read, else some 500.
"""

import copy
import hashlib
import json
import random
from collections import Counter
from datetime import UTC, date, datetime

import pytest
import yaml
from tests.length import LONG
from tests.unit.backup.foreign import (
    DSC,
    ROOT_NAME,
    SCEP_NAME,
    URL,
    assigned,
    bound,
    referring,
    root_wire,
    scep_wire,
)

from intune_scep.backup.graph_declarations import declarations_of
from intune_scep.backup.graph_files import GraphFiles
from intune_scep.backup.sources import read_source
from intune_scep.changes.journal import new_journal, read_journal
from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.plan_file import load_plan
from intune_scep.changes.run import resume_report
from intune_scep.changes.status import Status
from intune_scep.changes.steps.create import Create
from intune_scep.changes.undo import Now, undo
from intune_scep.cli.app import run
from intune_scep.compliance import approve, check_files, load_policy, read_baseline
from intune_scep.errors import IntuneScepError
from intune_scep.files import canonical_json, digest
from intune_scep.reports.terminal import terminal_report
from intune_scep.rules import load_configuration

ROUNDS = 40 if LONG else 1
FILES_A_ROUND = 12
KINDS = 8
SEED_COUNT = 6
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ROOT = root_wire()
DECLARED = {
    "scep_profiles": [
        {
            "name": "Staff",
            "platform": "windows",
            "certificate_type": "user",
            "subject_name_format": "CN={{UserName}}",
            "subject_alternative_names": [
                {"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"}
            ],
            "key_usage": ["digital_signature", "key_encipherment"],
            "key_size": 2048,
            "validity": {"value": 1, "unit": "years"},
            "renewal_threshold": 20,
            "scep_server_urls": [URL],
            "scope_tags": ["Default"],
            "root_profile": {"name": "Root"},
            "applicability_rule_os_version": {
                "rule": "include",
                "minimum": "10.0.19045",
                "maximum": "10.0.26100",
            },
            "assignments": [{"group": "Staff"}, {"all_users": True}],
        }
    ],
    "trusted_root_profiles": [
        {
            "name": "Root",
            "platform": "windows",
            "certificate": ROOT["trustedRootCertificate"],
            "destination_store": "computer_root",
        }
    ],
}
GRAPH = [
    {"value": [ROOT, referring(assigned(scep_wire()), ROOT)], "@odata.nextLink": None},
    {"responses": [{"body": bound(scep_wire("B", "ios"), ROOT)}]},
    [{"Id": "1", "DisplayName": "S", "AdditionalProperties": scep_wire("C", "macos")}],
    {"TenantId": "t", "Objects": [{"Id": "g", "DisplayName": "G", "Type": "Group"}]},
    {"root": {"id": "x", "name": "y"}, "profile": scep_wire("D", "android_device_owner")},
    {**scep_wire("E"), "rootCertificate": ROOT},
]
POLICY = {
    "fail_on": {"errors": True, "drift": False},
    "warnings_are_errors_from": date(2027, 1, 1),
    "root_expiry_days": 90,
}
RULES = {
    "severities": {"R-006": "warning"},
    "disabled": ["R-005"],
    "waivers": [{"rule": "R-090", "profile": "Lab", "reason": "x", "expires": date(2027, 3, 31)}],
    "answers": {"R-080": True},
}


def _plan():
    wire = {name: value for name, value in scep_wire().items() if name != "id"}
    action = Action(
        key="a",
        action="create",
        odata_type=wire["@odata.type"],
        name="S",
        status=Status.PLANNED,
        steps=(Create(wire, None),),
        diff=(Difference("name", None, "S"),),
        details={"notes": []},
    )
    return Plan(Task.DECLARED_STATE, "t", "public", (action,), made_at="2026-01-01").to_dict()


def _journal(path):
    """The records of a run that made a profile, and of a rollback that was cut short."""
    plan = Plan.from_dict(_plan())
    with new_journal(path, plan.tenant, plan.cloud, plan.task) as writer:
        taken = {"wire": None, "root_id": None, "root_read": False}
        writer.write("plan", run=1, plan=plan.to_dict())
        of_step = {"run": 1, "action": "a", "step": 0}
        writer.write("intention", **of_step, id=None, pre_image=taken)
        writer.write("outcome", **of_step, status="applied", message=None, id="1")
        ending = {"status": "applied", "message": None, "version": 1, "id": "1"}
        writer.write("ending", run=1, action="a", **ending)
        writer.write("end", run=1)
        writer.write("plan", run=2, plan=undo(read_journal(path), Now({})).to_dict())
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """By kind: the trees to be damaged, and whether a digest has to be mended afterwards."""
    place = tmp_path_factory.mktemp("seeds")
    path = place / "list.json"
    path.write_text(json.dumps(GRAPH[0]).replace('"@odata.nextLink": null', '"x": null'))
    approve(check_files(path, now=NOW), place / "baseline.json")
    return {
        "declarations": [DECLARED, [DECLARED], {"scep_profile": DECLARED["scep_profiles"][0]}],
        "graph": GRAPH,
        "dsc": [
            DSC.format(
                root=ROOT_NAME,
                scep=SCEP_NAME,
                url=URL,
                certificate=ROOT["trustedRootCertificate"],
            )
        ],
        "plan": [_plan()],
        "baseline": [json.loads((place / "baseline.json").read_text())],
        "policy": [POLICY],
        "rules": [RULES],
        "journal": [_journal(place / "journal")],
    }


HOSTILE = (
    None,
    True,
    0,
    -1,
    7,
    10**60,
    1e300,
    0.5,
    "",
    " ",
    "x" * 5000,
    "\x1b[31m",
    "\u202e\u200b",
    "\ud800",
    "{{UserName}}",
    "2027-13-45",
    "@{a=b}",
    "\x00",
    [],
    [[]],
    [None],
    ["x", 1, {}],
    {},
    {"": {}},
    {"@odata.type": 5},
    {"@odata.type": "#microsoft.graph.iosScepCertificateProfile"},
    {"@odata.type": "#microsoft.graph.group", "value": [1]},
)


def spots(tree, found=None):
    """Every place in a tree, as its container and key."""
    found = [] if found is None else found
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        found.append((tree, key))
        if isinstance(value, dict | list):
            spots(value, found)
    return found


def damage_tree(tree, chance):
    """Change one to four places of a tree in one of several ways."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice([1, 1, 2, 4])):
        places = spots(tree)
        if not places:
            break
        container, key = chance.choice(places)
        match chance.randint(0, 6):
            case 0 | 1:
                container[key] = copy.deepcopy(chance.choice(HOSTILE))
            case 2:
                del container[key]
            case 3:
                other, name = chance.choice(places)
                container[key] = copy.deepcopy(other[name])
            case 4 if isinstance(container, dict):
                name = chance.choice(["id", "x", "@odata.type", "é", "a@b", str(key).upper()])
                container[name] = container.pop(key)
            case 5:
                container[key] = [container[key]] * chance.randint(1, 3)
            case 6:
                container[key] = {"value": container[key]}
    return tree


def damage_bytes(data, chance):
    """Change a few bytes, cut, repeat, or encode otherwise."""
    for _ in range(chance.randint(1, 3)):
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randint(0, 7):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[min(end, at + 40) :]
            case 2:
                data = data[:at] + data[at : at + 60] + data[at:]
            case 3:
                data = data[:at] + bytes([chance.randint(0, 255)]) + data[at + 1 :]
            case 4:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 5:
                text = data.decode("utf-8", "replace")
                data = text.encode(chance.choice(["utf-16", "utf-16-be", "utf-32", "utf-7"]))
            case 6:
                data = b"\xef\xbb\xbf" + data
            case 7:
                data = data[: at // 2] + b"\n" + data[end:]
    return data


PIECES = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\t", b"\x00", b"\\", b"\\u12", b"NaN", b"1e999",
    b"9" * 6000, b"-----BEGIN CERTIFICATE-----", b"<html>", b"&a *a", b"!!python/name:os", b"@(",
    b"!!timestamp x", b"? [a]\n: b\n", b"- ", b"<<: [1]\n", b"---\n", b"%YAML 9\n", b"#>", b"<#",
    b"!!int x", b"$x", b"\xff\xfe", b"!!binary x", b"!!set {a}", b"!!omap [a]", b"0x", b"1:2:3",
    b"'", b"`",
)  # fmt: skip


def mended(kind, tree):
    """A damaged plan or baseline with the digest of what it says now, so that more is read."""
    if kind not in {"plan", "baseline"} or not isinstance(tree, dict) or "digest" not in tree:
        return tree
    content = {name: value for name, value in tree.items() if name != "digest"}
    prefix = "sha256:" if kind == "baseline" else ""
    return {**content, "digest": prefix + digest(canonical_json(content))}


def sealed(record):
    """A record of a journal with the digest of what it says now, and its plan likewise."""
    if not isinstance(record, dict):
        return record
    content = {name: value for name, value in record.items() if name != "sha256"}
    if "plan" in content:
        content["plan"] = mended("plan", content["plan"])
    sha256 = hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()
    return {**content, "sha256": sha256}


def made(kind, seed, chance):
    """The name and content of one hostile file."""
    if kind == "journal":
        records = damage_tree(seed, chance) if chance.random() < 0.8 else seed
        data = b"".join(json.dumps(sealed(item)).encode() + b"\n" for item in records)
        return "journal", data if chance.random() < 0.8 else damage_bytes(data, chance)
    if isinstance(seed, str):
        return "file.ps1", damage_bytes(seed.encode(), chance)
    form = (
        chance.choice(["json", "yaml"])
        if kind in {"declarations", "graph"}
        else ("yaml" if kind in {"policy", "rules"} else "json")
    )
    tree = mended(kind, damage_tree(seed, chance)) if chance.random() < 0.8 else seed
    if form == "json":
        data = json.dumps(tree, default=str).encode()
    else:
        data = yaml.safe_dump(tree, allow_unicode=False).encode()
    return f"file.{form}", data if chance.random() < 0.6 else damage_bytes(data, chance)


def judge(path):
    report = check_files(path, now=NOW)
    json.dumps(report.to_dict())
    terminal_report(report)


def declare(path):
    source = read_source([path])
    if isinstance(source, GraphFiles):
        declarations_of(source)
    judge(path)


def follow(path):
    """Read a journal, and say what a resumed run and a rollback would do."""
    content = read_journal(path)
    resume_report(content).to_dict()
    undo(content, Now({})).to_dict()


READERS = {
    "declarations": declare,
    "graph": declare,
    "dsc": declare,
    "plan": load_plan,
    "baseline": lambda path: check_baseline(path, read_baseline(path)),
    "policy": load_policy,
    "rules": load_configuration,
    "journal": follow,
}


def check_baseline(path, baseline):
    """Compare files with a baseline; nothing that it holds may hurt."""
    beside = path.with_name("one.json")
    if not beside.exists():
        beside.write_text(json.dumps(ROOT))
    report = check_files(beside, baseline=baseline, now=NOW)
    json.dumps(report.to_dict())
    terminal_report(report)


PARSER_WORDS = (
    "Traceback", "<stream", "<block", "<document", "unicode string", "Expecting", "Extra data",
    "Input should", "pydantic", "ParseError", "asn1", "ASN.1", "NoneType", "codec", "Errno",
    "KeyError", "while parsing", "while scanning", "no attribute", "unhashable", "JSONDecode",
    "constructor", "set_int_max", "positional argument", "not subscriptable", "Expected `",
    "invalid literal", "out of range", "surrogates",
)  # fmt: skip


def complaint_about(message):
    """What is wrong with a message, or None."""
    if "\n" in message or not message.strip():
        return "it is not one line"
    return next((f"it says {word}" for word in PARSER_WORDS if word in message), None)


def commands(kind, path):
    """The command that a user would give such a file to."""
    good = path.with_name("one.json")
    return {
        "plan": ["plans", "show", path],
        "baseline": ["check", good, "--baseline", path],
        "policy": ["check", good, "--policy", path],
        "rules": ["check", good, "--rules", path],
        "journal": ["plans", "show", path],
    }.get(kind, ["check", path])


@pytest.mark.parametrize("round_number", range(ROUNDS))
@pytest.mark.parametrize("kind", READERS)
def test_a_damaged_file_gives_an_answer_or_one_plain_message(
    kind, round_number, seeds, tmp_path, capsys
):
    chance = random.Random(f"{kind} {round_number}")  # to be the same in every run
    (tmp_path / "one.json").write_text(json.dumps(ROOT))
    endings = Counter()
    for number in range(FILES_A_ROUND * SEED_COUNT):
        seed = seeds[kind][number % len(seeds[kind])]
        name, data = made(kind, seed, chance)
        path = tmp_path / name
        path.write_bytes(data)
        try:
            READERS[kind](path)
            endings["read"] += 1
        except IntuneScepError as error:
            wrong = complaint_about(str(error))
            assert wrong is None, f"{wrong}: {str(error)!r}\n{data[:3000]!r}"
            endings["refused"] += 1
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n{data[:3000]!r}") from error
        if number % FILES_A_ROUND == 0:
            code = run([str(word) for word in commands(kind, path)])
            captured = capsys.readouterr()
            assert code in {0, 1, 2, 3}
            assert "Traceback" not in captured.err + captured.out
            assert "defect" not in captured.err
            assert code == 1 or not captured.err
            assert not captured.err or complaint_about(captured.err.strip()) is None, captured.err
    assert endings["refused"], endings
    assert endings["read"], endings


@pytest.mark.parametrize("kind", READERS)
def test_the_seeds_themselves_are_read(kind, seeds, tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(ROOT))
    for number, seed in enumerate(seeds[kind]):
        if isinstance(seed, dict) and "Objects" in seed:
            continue
        path = tmp_path / ("file.ps1" if isinstance(seed, str) else f"{number}.yaml")
        path.write_text(seed if isinstance(seed, str) else yaml.safe_dump(seed))
        if kind in {"plan", "baseline"}:
            path.write_text(json.dumps(mended(kind, seed)))
        if kind == "journal":
            path.write_bytes(b"".join(json.dumps(item).encode() + b"\n" for item in seed))
        READERS[kind](path)


def test_the_long_form_reads_at_least_twenty_thousand_files():
    assert 40 * KINDS * FILES_A_ROUND * SEED_COUNT >= 20_000
    assert len(READERS) == KINDS
