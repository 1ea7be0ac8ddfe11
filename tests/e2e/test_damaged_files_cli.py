"""Plans and journals whose digests fit, but not their content: one message, and nothing sent."""

import hashlib
import json

import pytest
from tests.unit.changes.jobs import LENIENT
from tests.unit.changes.test_mixed import CHOICES, declarations, scenario

from intune_scep.changes.plan_file import save_plan
from intune_scep.changes.watch import Stop, Watch
from intune_scep.desired_state import apply_declarations, plan_declarations

from .commands import refused, writes


def sealed(plan):
    """A plan with the digest that fits it."""
    content = {name: value for name, value in plan.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {**content, "digest": hashlib.sha256(text.encode()).hexdigest()}


def at(*path, to):
    """Put a value where this path leads."""

    def damage(data):
        *way, last = path
        for step in way:
            data = data[step]
        if to is GONE:
            del data[last]
        else:
            data[last] = to

    return damage


GONE = object()


def with_step(wanted, **values):
    """Change the first step of that kind."""

    def damage(plan):
        steps = [step for action in plan["actions"] for step in action["steps"]]
        next(step for step in steps if step["kind"] == wanted).update(values)

    return damage


def action_with(plan, kind):
    return next(item for item in plan["actions"] if [s["kind"] for s in item["steps"]] == [kind])


def wait_for_each_other(plan):
    first, second = [item for item in plan["actions"] if item["steps"]][:2]
    first["after"], second["after"] = [second["key"]], [first["key"]]


def delete_each_other_first(plan):
    [first, second] = [
        item for item in plan["actions"] if [s["kind"] for s in item["steps"]] == ["delete"]
    ]
    first["steps"][0]["after"], second["steps"][0]["after"] = [second["key"]], [first["key"]]


def make_twice(plan):
    steps = next(i["steps"] for i in plan["actions"] if i["steps"] and i["action"] == "create")
    steps.append(steps[0])


def two_of_one_key(plan):
    plan["actions"][1]["key"] = plan["actions"][0]["key"]


def two_of_one_profile(plan):
    first, second = [item for item in plan["actions"] if item["id"]][:2]
    second["id"] = first["id"].upper()


def of_no_profile(plan):
    action_with(plan, "link")["id"] = None


def said_again(plan):
    plan["actions"][0]["details"]["platform"] = None


PLANS = {
    "of another form": at("format", to="intune-scep/plan/3"),
    "of an unknown job": at("task", to="tidying"),
    "without actions": at("actions", to=GONE),
    "with a text for its actions": at("actions", to="none"),
    "with nothing for an action": at("actions", 0, to=None),
    "with a list for its choices": at("choices", to=[["prune", True]]),
    "with a word for a flag": at("all_or_nothing", to="yes"),
    "with a text for a number": at("pages", to="1"),
    "with a text for its notes": at("notes", to="one, two"),
    "with a note that is none": at("notes", to=[7]),
    "with an action without status": at("actions", 0, "status", to=GONE),
    "with an unknown status": at("actions", 0, "status", to="soon"),
    "with a profile of an unknown type": at("actions", 0, "odata_type", to="#microsoft.graph.pkcs"),
    "with a number for a name": at("actions", 0, "name", to=7),
    "with a number for an id": at("actions", 0, "id", to=7),
    "with an object for a message": at("actions", 0, "message", to={"text": "x"}),
    "with a word for an action's flag": at("actions", 0, "whole", to="no"),
    "with a number for its steps": at("actions", 0, "steps", to=2),
    "with a difference of nothing": at("actions", 0, "diff", to=[{}]),
    "with an edition that is a word": at("actions", 0, "seen", to={"version": "new"}),
    "with a list for its details": at("actions", 0, "details", to=[]),
    "with a number for notes in details": at("actions", 0, "details", "notes", to=7),
    "with a list for a word in details": at("actions", 0, "details", "reissues", to=["yes"]),
    "with details that say the platform again": said_again,
    "with an unknown kind of step": with_step("patch", kind="burn"),
    "with a step of no kind": with_step("patch", kind=None),
    "with a patch of a list": with_step("patch", after=[1]),
    "with a create of a text": with_step("create", body="all"),
    "with a root without a name": with_step("create", root={"id": "x", "action": None}),
    "with assignments that are words": with_step("assign", after=["Staff"]),
    "with a deletion that waits for a number": with_step("delete", after=7),
    "with actions that wait for each other": wait_for_each_other,
    "with deletions that wait for each other": delete_each_other_first,
    "with an action that waits for one it lacks": at("actions", 0, "after", to=["nobody"]),
    "with two actions of one key": two_of_one_key,
    "with two actions of one profile": two_of_one_profile,
    "with a change of no profile": of_no_profile,
    "with a profile that is made twice": make_twice,
}


def damaged_in_its_plan(records):
    wait_for_each_other(records[1]["plan"])


def of_two_tenants(records):
    records[1]["plan"]["tenant"] = "00000000-0000-0000-0000-000000000001"


def first(kind, to, *path):
    """Put a value into the first record of a kind."""

    def damage(records):
        at(*path, to=to)(next(record for record in records if record["record"] == kind))

    return damage


def without_an_intention(records):
    records.remove(next(record for record in records if record["record"] == "intention"))


def begun_twice(records):
    records.append({**records[1], "run": 3})


JOURNALS = {
    "of another form": at(0, "format", to="intune-scep/journal/3"),
    "of no tenant": at(0, "tenant", to=GONE),
    "with a damaged plan": damaged_in_its_plan,
    "with a text for its plan": at(1, "plan", to="x"),
    "with a plan of another tenant": of_two_tenants,
    "with a plan for a run that is not the next": begun_twice,
    "with a record of no kind": at(2, "record", to=None),
    "with a record of an unknown kind": at(2, "record", to="wish"),
    "with a record of no run": first("intention", GONE, "run"),
    "with a record of run 0": first("intention", 0, "run"),
    "with a record of a run it lacks": first("intention", 2, "run"),
    "with a record of an action it lacks": first("intention", "nobody", "action"),
    "with a record of a step it lacks": first("intention", 99, "step"),
    "with a record of a step below all": first("intention", -2, "step"),
    "with a text for a step": first("intention", "0", "step"),
    "with a number for an id": first("intention", 7, "id"),
    "without what was there": first("intention", GONE, "pre_image"),
    "with a text for what was there": first("intention", "x", "pre_image"),
    "with a list for a profile": first("intention", [], "pre_image", "wire"),
    "with a profile of an unknown type": first(
        "intention", {"@odata.type": "#x"}, "pre_image", "wire"
    ),
    "with a profile of no type": first("intention", {"id": "x"}, "pre_image", "wire"),
    "with an outcome of nothing announced": without_an_intention,
    "with an unknown status": first("outcome", "soon", "status"),
    "with an object for a message": first("outcome", {}, "message"),
    "with a text for a version": first("ending", "new", "version"),
    "with an ending without an id": first("ending", GONE, "id"),
}


@pytest.fixture
def mixed(use):
    """A tenant on which one plan has every kind of step."""
    return use(scenario(), "mixed")


@pytest.fixture
def plan(mixed, tmp_path):
    """A plan file for it, as data."""
    made = mixed.run(lambda graph: plan_declarations(graph, declarations(), CHOICES, rules=LENIENT))
    save_plan(tmp_path / "sound.json", made)
    return json.loads((tmp_path / "sound.json").read_text())


@pytest.fixture
def journal(mixed, tmp_path):
    """The records of a run of it that was stopped after three profiles."""
    stop, path = Stop(), tmp_path / "sound.jsonl"
    watch = Watch(stop=stop, progress=lambda done, *_: done == 3 and stop.request(15))
    report = mixed.run(
        lambda graph: apply_declarations(
            graph, declarations(), CHOICES, rules=LENIENT, journal=path, watch=watch
        )
    )
    assert report.count("held_back")
    mixed.control("DELETE", "requests")
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_journal(path, records):
    """Write records with digests that fit, numbered anew."""
    lines = []
    for number, record in enumerate(records, 1):
        content = {name: value for name, value in record.items() if name != "sha256"}
        content["seq"] = number
        if isinstance(content.get("plan"), dict):
            content["plan"] = sealed(content["plan"])
        digest = hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()
        lines.append(json.dumps({**content, "sha256": digest}) + "\n")
    path.write_text("".join(lines))


def test_what_is_sealed_again_undamaged_is_taken(mixed, plan, cli, tmp_path):
    path = tmp_path / "plan.json"
    assert sealed(plan) == plan
    path.write_text(json.dumps(sealed(plan)))
    assert cli("plans", "show", path)[0] == 0
    assert cli("profiles", "apply", "--plan", path, "--yes")[0] == 0


def test_what_is_written_again_undamaged_is_gone_on_with(mixed, journal, cli, tmp_path):
    path = tmp_path / "journal.jsonl"
    write_journal(path, journal)
    assert path.read_text() == (tmp_path / "sound.jsonl").read_text()
    assert cli("profiles", "apply", "--journal", path, "--yes")[0] == 0


@pytest.mark.parametrize("how", PLANS)
def test_a_plan_is_refused(mixed, plan, cli, tmp_path, how):
    PLANS[how](plan)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(sealed(plan)))
    mixed.control("DELETE", "requests")
    answers = [
        cli("profiles", "apply", "--plan", path, "--yes"),
        cli("strong-mapping", "apply", "--plan", path, "--yes"),
        cli("plans", "show", path),
    ]
    for answer in answers:
        refused(answer, f"--plan {path}: ")
        assert "digest" not in answer[2]
        assert "defect" not in answer[2]
    assert mixed.requests() == []


@pytest.mark.parametrize("how", JOURNALS)
def test_a_journal_is_refused(mixed, journal, cli, tmp_path, how):
    JOURNALS[how](journal)
    path = tmp_path / "journal.jsonl"
    write_journal(path, journal)
    for words in (
        ("apply", "--yes"),
        ("rollback", "--yes"),
        ("rollback", "--dry-run"),
        ("verify",),
    ):
        answer = cli("profiles", *words, "--journal", path)
        refused(answer, str(path))
        assert "not as it was written" not in answer[2]
        assert "defect" not in answer[2]
    assert writes(mixed) == []
    assert mixed.requests() == []
