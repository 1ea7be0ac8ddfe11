"""A rollout file says what it is read as, and a wrong one is refused with place and cure."""

import os
from datetime import date, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from intune_scep.errors import RolloutFileError
from intune_scep.rollout.file import (
    Answer,
    Bundle,
    Dependants,
    Finish,
    Freeze,
    Gates,
    Load,
    MaxFailed,
    ReadinessLimits,
    Ring,
    Strategy,
    Window,
    load_rollout,
    parse_rollout,
)

from .files import BY_CLONE, CLONE, IN_PLACE, RIGHT, SMALLEST, WRONG, with_gates

DAY = timedelta(days=1)


def refused(text):
    with pytest.raises(RolloutFileError) as caught:
        parse_rollout(text)
    return caught.value


def gates_of(text):
    return [ring.gates for ring in parse_rollout(text).rings]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_right_file_is_read(text):
    assert parse_rollout(text).rings


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_place_and_cure(wrong):
    error = refused(wrong.text)
    told = [item for item in error.problems if f": {wrong.place} " in item]
    assert told, error
    assert wrong.cure in told[0]
    assert told[0].startswith("strong-mapping.yml, line ")
    assert told[0].endswith(".")


def test_there_are_enough_of_both():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 10


def test_everything_that_a_file_by_clone_says(tmp_path):
    path = tmp_path / "strong-mapping.yml"
    path.write_text(CLONE, encoding="utf-8")
    file = load_rollout(path)
    gates = Gates(
        reissued=95,
        seen=80,
        max_failed=MaxFailed(3, 10),
        soak=DAY,
        connector=True,
        command=("./check-dc-events.sh",),
    )
    assert file.name == "user-certificates-2026"
    assert file.strategy is Strategy.CLONE
    assert file.bundles == (
        Bundle("Win user Wi-Fi", "{name} (SID)", Dependants.CLONE, Finish.RETIRE_ORIGINAL),
        Bundle("5f0f8a1e-1111-4222-8333-444455556666"),
    )
    assert file.rings == (
        Ring("test", 1, groups=("RG-Cert-Test",), gates=gates),
        Ring("first", 2, groups=("RG-Cert-First",), gates=gates),
        Ring("broad", 3, rest=True, gates=gates),
    )
    assert file.load == Load(300)
    assert file.readiness == ReadinessLimits(95, 95)
    weekdays = frozenset({0, 1, 2, 3})
    assert file.windows == (Window(weekdays, time(8), time(16), ZoneInfo("Europe/Berlin")),)
    assert file.freeze == (Freeze(date(2026, 12, 18), date(2027, 1, 6)),)
    assert file.answers == {
        "domain_controllers_2019": Answer(True, "A. Example", date(2026, 11, 20))
    }
    assert file.path == path


def test_a_ring_overrides_the_gates_of_the_file_one_by_one():
    first, broad, last = gates_of(IN_PLACE)
    assert first == Gates(95, 80, MaxFailed(3, 10), DAY)
    assert broad == Gates(90, 80, MaxFailed(None, 3), DAY)
    assert last == Gates(None, None, MaxFailed(3, 10), DAY, approval=True)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("24h", DAY), ("2d", 2 * DAY), ("840m", timedelta(hours=14)), ("14h", timedelta(hours=14))],
)
def test_a_soak(said, meant):
    assert gates_of(with_gates(f"soak: {said}")) == [Gates(soak=meant)]


def test_without_gates_a_ring_waits_a_day():
    assert gates_of(SMALLEST) == [Gates(soak=DAY)]
    assert gates_of(SMALLEST)[0].is_time_alone
    assert not any(gates.is_time_alone for gates in gates_of(IN_PLACE))


def test_a_reason_goes_with_the_soak_that_it_stands_beside():
    text = f"{SMALLEST}gates: {{soak: 1h, soak_under_14h: laboratory}}\n"
    [inherited] = gates_of(text)
    assert (inherited.soak, inherited.soak_under_14h) == (timedelta(hours=1), "laboratory")
    own = text.replace("Wi-Fi]", "Wi-Fi], gates: {soak: 2d}")
    assert gates_of(own) == [Gates(soak=2 * DAY)]
    short = text.replace("Wi-Fi]", "Wi-Fi], gates: {soak: 2h}")
    assert "rings[0].gates.soak is less than 14 hours" in str(refused(short))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("mon", {0}),
        ("mon-thu", {0, 1, 2, 3}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sun-sun", {6}),
        ("[tue, thu]", {1, 3}),
        ("[mon-tue, sat]", {0, 1, 5}),
    ],
)
def test_days_of_a_window(said, meant):
    text = f"{BY_CLONE}windows: [{{days: {said}, from: 22:00, to: 24:00, tz: UTC}}]\n"
    [window] = parse_rollout(text).windows
    assert window == Window(frozenset(meant), time(22), time(0), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yes", True),
        ("true", True),
        ("'yes'", True),
        ("No", False),
        ("false", False),
        ("2019", "2019"),
        ("not yet", "not yet"),
    ],
)
def test_an_answer(said, meant):
    text = f"{BY_CLONE}answers: {{asked: {{answer: {said}, by: x, on: 2026-11-20}}}}\n"
    assert parse_rollout(text).answers["asked"].answer == meant


def test_every_mistake_is_told_in_the_order_of_the_lines():
    text = IN_PLACE.replace("strategy: in_place", "strategy: place").replace(
        "name: broad", "name: first"
    )
    error = refused(text.replace("seen: 80%", "sene: 80%").replace("24h", "1h"))
    assert [item.partition(" is ")[0].partition(" must ")[0] for item in error.problems] == [
        "strong-mapping.yml, line 2: strategy",
        "strong-mapping.yml, line 6: rings[1].name",
        "strong-mapping.yml, line 14: gates.sene",
        "strong-mapping.yml, line 16: gates.soak",
    ]


UNREADABLE = {
    "nothing": ("", "holds nothing"),
    "a comment": ("# nothing\n", "holds nothing"),
    "two documents": (f"{SMALLEST}---\n{SMALLEST}", "more than one document"),
    "a list": ("- a\n", "the file must be an object with rollout, strategy"),
    "a word": ("strong\n", "the file must be an object with rollout, strategy"),
    "a tab": ("rollout: r\n\tstrategy: clone\n", "line 2"),
    "a key twice": (f"{SMALLEST}rollout: s\n", "'rollout' stands twice"),
    "a bracket that stays open": ("rollout: [a\n", "not closed"),
    "aliases without end": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdefgh")),
        "is no valid YAML",
    ),
    "a tag of Python": ("rollout: !!python/name:os.system\n", "a tag is not known here"),
    "a day with a tag": (
        SMALLEST.replace("rollout: r", "rollout: !!timestamp 2026-01-01"),
        "rollout must be a name",
    ),
}


@pytest.mark.parametrize(("text", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_rollout_file_is_refused(text, reason):
    error = refused(text)
    assert reason in str(error)
    assert str(error).startswith("strong-mapping.yml")


HOSTILE = {
    "a key with a line break": '"x\\nError: all is well": 1\n',
    "a key with colours": '"\\e[31mx": 1\n',
    "a very long key": f"{'x' * 100_000}: 1\n",
    "a key that turns the line": '"\\u202ex": 1\n',
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_refusal_is_one_short_line_that_deceives_nobody(line):
    [problem] = refused(SMALLEST + line).problems
    assert problem.isprintable()
    assert "\u202e" not in problem
    assert len(problem) < 300


def test_of_very_many_mistakes_the_first_are_told():
    error = refused(SMALLEST + "".join(f"x{number}: 1\n" for number in range(2_000)))
    assert len(error.problems) == 200


def test_a_list_that_holds_itself_is_refused():
    assert "is no valid YAML" in str(refused("rings: &a [*a]\n"))


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "binary", "large"])
def test_only_a_regular_file_of_sane_size_is_read(tmp_path, kind):
    path = tmp_path / "strong-mapping.yml"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00\xd8\x00")
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(17 * 2**20)
    with pytest.raises(RolloutFileError, match="cannot be read"):
        load_rollout(path)


SAME = {
    "comments and blank lines": lambda text: f"# why\n\n{text}",
    "another form of a share": lambda text: text.replace("reissued: 95%", "reissued: 95.0"),
    "another unit": lambda text: text.replace("soak: 24h", "soak: 1d"),
    "a default written out": lambda text: text.replace(
        "  - profile: 5f0f", "  - finish: keep_both\n    profile: 5f0f"
    ),
    "days in another order": lambda text: text.replace("mon-thu", "[thu, mon, wed, tue]"),
    "gates in each ring": lambda text: text.replace(
        "rest: true}", "rest: true, gates: {reissued: 95%}}"
    ),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_the_digest_is_of_what_is_said_not_of_how(edit):
    assert parse_rollout(edit(CLONE)).digest == parse_rollout(CLONE).digest


OTHER = {
    "a name": ("user-certificates-2026", "other"),
    "a bundle": ("dependants: clone", "dependants: none"),
    "a gate": ("seen: 80", "seen: 81"),
    "the load": ("300/h", "301/h"),
    "a window": ("16:00", "17:00"),
    "a zone": ("Europe/Berlin", "Europe/Paris"),
    "a freeze": ("2027-01-06", "2027-01-07"),
    "an answer": ("answer: yes", "answer: no"),
    "readiness": ("users_with_sid: 95%", "users_with_sid: 96%"),
}


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER)
def test_another_content_has_another_digest(old, new):
    assert parse_rollout(CLONE.replace(old, new)).digest != parse_rollout(CLONE).digest


TOUCHES = {
    # edit: the rings that it touches
    "the name of the first ring": ("name: test", "name: tests", {1}),
    "a group of the second ring": ("RG-Cert-First", "RG-Cert-Second", {2}),
    "a gate of the last ring": ("rest: true", "rest: true, gates: {seen: 1%}", {3}),
    "a gate of the file": ("reissued: 95%", "reissued: 94%", {1, 2, 3}),
    "a bundle": ("dependants: clone", "dependants: none", {1, 2, 3}),
    "the load, which may be changed at any time": ("300/h", "400/h", set()),
    "a ring in between": (
        "  - {name: first",
        "  - {name: more, groups: [M]}\n  - {name: first",
        {2, 3},
    ),
    "a window": ("16:00", "17:00", set()),
    "an answer": ("answer: yes", "answer: no", set()),
    "the readiness that is asked for": ("hybrid_devices: 95%", "hybrid_devices: 90%", set()),
}


@pytest.mark.parametrize(("old", "new", "touched"), TOUCHES.values(), ids=TOUCHES)
def test_an_edit_touches_the_rings_that_it_matters_to(old, new, touched):
    assert old in CLONE
    before, after = parse_rollout(CLONE), parse_rollout(CLONE.replace(old, new))
    left = {after.ring_digest(ring) for ring in after.rings}
    gone = {ring.order for ring in before.rings if before.ring_digest(ring) not in left}
    assert gone == touched


def test_the_json_form_has_every_digest():
    file = parse_rollout(CLONE)
    told = file.to_dict()
    assert told["digest"] == file.digest
    assert told["ring_digests"] == [file.ring_digest(ring) for ring in file.rings]
    assert told["rings"][0]["gates"]["soak"] == 86400
