"""Rollout files for tests: right ones, and wrong ones with where and how they are refused."""

from typing import NamedTuple

IN_PLACE = """\
rollout: user-certificates-2026
strategy: in_place
rings:
  - name: first
    profiles: [Windows user Wi-Fi]
  - name: broad
    profiles: [iOS user Wi-Fi, macOS user Wi-Fi]
    gates: {reissued: 90%, max_failed: {count: 3}}
  - name: last
    profiles: [Android kiosk]
    gates: {reissued: none, seen: none, approval: required}
gates:
  reissued: 95%
  seen: 80%
  max_failed: {share: 3%, count: 10}
  soak: 24h
"""
CLONE = """\
rollout: user-certificates-2026
strategy: clone
bundles:
  - profile: "Win user Wi-Fi"
    clone_name: "{name} (SID)"
    dependants: clone
    finish: retire_original
  - profile: 5f0f8a1e-1111-4222-8333-444455556666
rings:
  - {name: test, groups: [RG-Cert-Test]}
  - {name: first, groups: [RG-Cert-First]}
  - {name: broad, rest: true}
gates:
  reissued: 95%
  seen: 80
  max_failed: {share: 3%, count: 10}
  soak: 24h
  connector: healthy
  approval: none
  command: ./check-dc-events.sh
load: {per_scep_host: 300/h}
readiness: {users_with_sid: 95%, hybrid_devices: 95%}
windows: [{days: mon-thu, from: "08:00", to: "16:00", tz: Europe/Berlin}]
freeze: ["2026-12-18/2027-01-06"]
answers:
  domain_controllers_2019: {answer: yes, by: A. Example, on: 2026-11-20}
"""
SMALLEST = """\
rollout: r
strategy: in_place
rings: [{name: all, profiles: [Windows user Wi-Fi]}]
"""
BY_CLONE = """\
rollout: r
strategy: clone
bundles: [{profile: Windows user Wi-Fi}]
rings: [{name: all, rest: true}]
"""


def with_gates(gates):
    return f"{SMALLEST}gates: {{{gates}}}\n"


RIGHT = {
    "profiles in three rings": IN_PLACE,
    "clones for two groups and the rest": CLONE,
    "as little as possible, in place": SMALLEST,
    "as little as possible, by clone": BY_CLONE,
    "shares as numbers and with fractions": with_gates("reissued: 99.5, seen: '80.25 %'"),
    "a short soak with its reason": with_gates("soak: 90m, soak_under_14h: a laboratory"),
    "exactly fourteen hours": with_gates("soak: 14h"),
    "fourteen hours in minutes": with_gates("soak: 840m"),
    "a soak of days": with_gates("soak: 2d"),
    "a program with arguments": with_gates('command: [./check.sh, "--since", "1 h"]'),
    "nobody may fail": with_gates("max_failed: {share: 0%, count: 0}"),
    "every gate taken away": with_gates(
        "reissued: none, seen: none, max_failed: none, command: none, connector: none"
    ),
    "windows past midnight and on single days": f"""{BY_CLONE}
windows:
  - {{days: [fri, sun], from: 22:00, to: 04:00, tz: America/New_York}}
  - {{days: sat-mon, from: "00:00", to: "24:00", tz: UTC}}
""",
    "a freeze of one day": f"{BY_CLONE}freeze: [2026-12-24]\n",
    "answers of every form": f"""{BY_CLONE}
answers:
  name_based_mapping: {{answer: no, by: "Zo\u00eb", on: "2026-11-20"}}
  ca_takes_two: {{answer: true, by: x, on: 2026-11-20}}
  oldest_domain_controller: {{answer: 2019, by: x, on: 2026-11-20}}
""",
    "gates said once and used by a name of YAML": """
rollout: r
strategy: in_place
rings:
  - {name: one, profiles: [A], gates: &strict {reissued: 99%}}
  - {name: two, profiles: [B], gates: *strict}
""",
    "names that differ in letter case alone": """
rollout: r
strategy: in_place
rings: [{name: a, profiles: [Wi-Fi, WI-FI, "Wi-Fi "]}]
""",
    "JSON is YAML": '{"rollout": "r", "strategy": "in_place",'
    ' "rings": [{"name": "a", "profiles": ["P"]}]}',
}


class Wrong(NamedTuple):
    """A file in which one thing is wrong.

    Attributes:
        old, new: What of the text stands otherwise.
        place: Where the mistake is.
        cure: Words of the sentence that help.
        beyond: Whether no schema can tell.
    """

    base: str
    old: str
    new: str
    place: str
    cure: str
    beyond: bool = False

    @property
    def text(self):
        assert self.old in self.base
        return self.base.replace(self.old, self.new, 1)


def gate(text, place, cure):
    return Wrong(SMALLEST, "rings:", f"gates: {{{text}}}\nrings:", place, cure)


def more(text, place, cure, *, beyond=False):
    return Wrong(BY_CLONE, "rings:", f"{text}\nrings:", place, cure, beyond)


def window(place, cure, *, beyond=False, **keys):
    said = {"days": "mon", "from": "'08:00'", "to": "'16:00'", "tz": "UTC", **keys}
    text = ", ".join(f"{key}: {value}" for key, value in said.items() if value is not None)
    return more(f"windows: [{{{text}}}]", place, cure, beyond=beyond)


def answer(text, place, cure, *, beyond=False):
    return more(f"answers: {{asked: {{{text}}}}}", place, cure, beyond=beyond)


_HOURS = "14h or longer"
WRONG = {
    # What must be there.
    "no name": Wrong(SMALLEST, "rollout: r\n", "", "rollout", "for example rollout: "),
    "no strategy": Wrong(SMALLEST, "strategy: in_place\n", "", "strategy", "strategy: in_place"),
    "no rings": Wrong(BY_CLONE, "rings: [{name: all, rest: true}]", "", "rings", "is missing"),
    "a ring without a name": Wrong(SMALLEST, "name: all, ", "", "rings[0].name", "name: first"),
    "a ring of nobody": Wrong(
        SMALLEST, ", profiles: [Windows user Wi-Fi]", "", "rings[0]", "exactly one of profiles"
    ),
    "a clone without bundles": Wrong(
        BY_CLONE, "bundles: [{profile: Windows user Wi-Fi}]\n", "", "bundles", "is missing"
    ),
    "a bundle without a profile": Wrong(
        BY_CLONE, "profile: Windows", "clone_name: Windows", "bundles[0].profile", "is missing"
    ),
    # Keys that nobody knows.
    "a key that is misspelt": Wrong(SMALLEST, "rings:", "rnigs:", "rnigs", "Similar: rings"),
    "a key of a ring that is misspelt": Wrong(
        CLONE, "groups: [RG-Cert-Test]", "group: [RG-Cert-Test]", "rings[0].group", "groups"
    ),
    "a gate that is misspelt": gate("reissue: 95%", "gates.reissue", "Similar: reissued"),
    "a key in other letter case": Wrong(
        SMALLEST, "strategy:", "Strategy:", "Strategy", "Similar: strategy"
    ),
    "a key like no other": more("zzz: 1", "zzz", "what is: rollout, strategy"),
    "a key of a bundle": Wrong(
        BY_CLONE, "{profile:", "{finsh: keep_both, profile:", "bundles[0].finsh", "Similar: finish"
    ),
    "a key of a window": window("windows[0].timezone", "what is: days", timezone="UTC"),
    "a key of an answer": answer(
        "answer: yes, by: x, on: 2026-11-20, when: now", "answers.asked.when", "what is: answer"
    ),
    "a key that is a number": more("7: 1", "7", "what is: rollout"),
    "a merge key": more("<<: {load: {per_scep_host: 1/h}}", "<<", "what is: rollout"),
    # In place or by clone.
    "groups in place": Wrong(
        SMALLEST, "profiles: [Windows user Wi-Fi]", "groups: [G]", "rings[0].groups", "by profiles"
    ),
    "the rest in place": Wrong(
        SMALLEST, "profiles: [Windows user Wi-Fi]", "rest: true", "rings[0].rest", "by profiles"
    ),
    "bundles in place": Wrong(
        SMALLEST, "rings:", "bundles: [{profile: X}]\nrings:", "bundles", "strategy: clone"
    ),
    "profiles by clone": Wrong(
        BY_CLONE, "rest: true", "profiles: [X]", "rings[0].profiles", "write groups"
    ),
    "two kinds in one ring": Wrong(
        BY_CLONE, "rest: true", "rest: true, groups: [G]", "rings[0]", "exactly one of"
    ),
    "an unknown strategy": Wrong(SMALLEST, "in_place", "in-place", "strategy", "in_place or clone"),
    "the rest twice": Wrong(
        CLONE, "groups: [RG-Cert-First]", "rest: true", "rings", "the last ring alone"
    ),
    "the rest before others": Wrong(
        BY_CLONE,
        "[{name: all, rest: true}]",
        "[{name: all, rest: true}, {name: more, groups: [G]}]",
        "rings[0].rest",
        "move the ring to the end",
        beyond=True,
    ),
    "a rest that is none": Wrong(BY_CLONE, "rest: true", "rest: false", "rings[0].rest", "true"),
    # What stands twice.
    "two rings of a name": Wrong(
        CLONE, "name: first", "name: Test", "rings[1].name", "its own", beyond=True
    ),
    "a profile in two rings": Wrong(
        IN_PLACE, "Android kiosk", "iOS user Wi-Fi", "rings[2].profiles[0]", "one ring", beyond=True
    ),
    "a profile twice in a ring": Wrong(
        IN_PLACE,
        "iOS user Wi-Fi, ",
        "macOS user Wi-Fi, ",
        "rings[1].profiles[1]",
        "one ring",
        beyond=True,
    ),
    "a group in two rings": Wrong(
        CLONE, "RG-Cert-First", "RG-Cert-Test", "rings[1].groups[0]", "one ring", beyond=True
    ),
    "a profile in two bundles": Wrong(
        CLONE,
        "5f0f8a1e-1111-4222-8333-444455556666",
        "Win user Wi-Fi",
        "bundles[1].profile",
        "one bundle",
        beyond=True,
    ),
    "one name for two copies": Wrong(
        BY_CLONE,
        "{profile: Windows user Wi-Fi}",
        "{profile: A, clone_name: C}, {profile: B, clone_name: C}",
        "bundles[1].clone_name",
        "write {name} in it",
        beyond=True,
    ),
    # Values of a wrong kind.
    "a name with a path": Wrong(SMALLEST, "rollout: r", "rollout: ../r", "rollout", "letters"),
    "a name that is a number": Wrong(SMALLEST, "rollout: r", "rollout: 2026", "rollout", "letters"),
    "a profile that is a number": Wrong(
        SMALLEST, "Windows user Wi-Fi", "12", "rings[0].profiles[0]", "in quotes"
    ),
    "a profile instead of a list": Wrong(
        SMALLEST, "[Windows user Wi-Fi]", "Windows user Wi-Fi", "rings[0].profiles", "a list"
    ),
    "no profile at all": Wrong(
        SMALLEST, "[Windows user Wi-Fi]", "[]", "rings[0].profiles", "not empty"
    ),
    "rings as an object": Wrong(
        SMALLEST, "[{name: all, profiles: [Windows user Wi-Fi]}]", "{all: {}}", "rings", "a list"
    ),
    "a ring that is text": Wrong(
        SMALLEST, "{name: all, profiles: [Windows user Wi-Fi]}", "all", "rings[0]", "an object"
    ),
    "no gates after their key": Wrong(SMALLEST, "rings:", "gates:\nrings:", "gates", "an object"),
    "a clone's name with another brace": Wrong(
        CLONE, '"{name} (SID)"', '"{nmae} (SID)"', "bundles[0].clone_name", "no other brace"
    ),
    "a clone without name": Wrong(
        CLONE, '"{name} (SID)"', '" "', "bundles[0].clone_name", "{name}"
    ),
    "unknown dependants": Wrong(
        CLONE, "dependants: clone", "dependants: copy", "bundles[0].dependants", "repoint_at_end"
    ),
    "an unknown finish": Wrong(
        CLONE, "retire_original", "delete", "bundles[0].finish", "retire_original, keep_both"
    ),
    "a ring's name on two lines": Wrong(
        SMALLEST, "name: all", 'name: "a\\nb"', "rings[0].name", "on one line"
    ),
    # Gates.
    "a share above all": gate("reissued: 101%", "gates.reissued", "at most 100"),
    "a share of nothing": gate("reissued: 0%", "gates.reissued", "above 0"),
    "a share of nothing as a number": gate("seen: 0", "gates.seen", "or none"),
    "a negative share": gate("seen: -5", "gates.seen", "above 0"),
    "a share as a word": gate("seen: most", "gates.seen", "such as 80%"),
    "a share that is true": gate("seen: true", "gates.seen", "such as 80%"),
    "a gate without a value": gate("seen:", "gates.seen", "or none"),
    "failures as one share": gate("max_failed: 3%", "gates.max_failed", "{share: 3%, count: 10}"),
    "failures of nothing": gate("max_failed: {}", "gates.max_failed", "one of the two"),
    "failures in parts": gate("max_failed: {count: 1.5}", "gates.max_failed.count", "whole number"),
    "fewer than no failures": gate("max_failed: {count: -1}", "gates.max_failed.count", "whole"),
    "too large a share of failures": gate(
        "max_failed: {share: 200%}", "gates.max_failed.share", "from 0 to 100"
    ),
    "a soak without a unit": gate("soak: 24", "gates.soak", "24h, 2d or 90m"),
    "a soak in weeks": gate("soak: 1w", "gates.soak", "m, h or d"),
    "a soak of two units": gate("soak: 1d12h", "gates.soak", "m, h or d"),
    "a short soak": gate("soak: 13h", "gates.soak", _HOURS),
    "a short soak in minutes": gate("soak: 839m", "gates.soak", _HOURS),
    "no soak at all": gate("soak: 0d", "gates.soak", _HOURS),
    "a short soak of one ring": Wrong(
        IN_PLACE, "{reissued: 90%", "{soak: 2h, reissued: 90%", "rings[1].gates.soak", _HOURS
    ),
    "a reason for nothing": gate("soak_under_14h: lab", "gates.soak_under_14h", "needs soak"),
    "an empty reason": gate("soak: 1h, soak_under_14h: ''", "gates.soak_under_14h", "the reason"),
    "an unknown state of connectors": gate("connector: ok", "gates.connector", "healthy or none"),
    "connectors that are true": gate("connector: true", "gates.connector", "healthy or none"),
    "an approval for another ring": gate(
        "approval: {ring: broad}", "gates.approval", "required or none"
    ),
    "a command line": gate("command: ./check.sh --all", "gates.command", "a list of the program"),
    "a command of nothing": gate("command: []", "gates.command", "one program"),
    "an argument that is a number": gate("command: [a, 5]", "gates.command[1]", "in quotes"),
    # Load, readiness, calendar, answers.
    "a load without its time": more("load: {per_scep_host: 300}", "load.per_scep_host", "300/h"),
    "a load by the minute": more("load: {per_scep_host: 5/m}", "load.per_scep_host", "an hour"),
    "no load": more("load: {per_scep_host: 0/h}", "load.per_scep_host", "300/h"),
    "readiness of nothing": more("readiness: {}", "readiness", "users_with_sid"),
    "readiness above all": more(
        "readiness: {users_with_sid: 120}", "readiness.users_with_sid", "at most 100"
    ),
    "a window without a zone": window("windows[0].tz", "tz: Europe/Berlin", tz=None),
    "a window without an end": window("windows[0].to", "to: 16:00", to=None),
    "a zone that does not exist": window(
        "windows[0].tz", "Similar: Europe/Berlin", tz="Europe/Berlni", beyond=True
    ),
    "a continent as a zone": window("windows[0].tz", "IANA", tz="Europe", beyond=True),
    "a path as a zone": window("windows[0].tz", "such as Europe/Berlin", tz="../../etc/passwd"),
    "days in another language": window("windows[0].days", "mon, tue", days="Montag"),
    "days with a dash of typography": window("windows[0].days", "mon-thu", days="mon\u2013thu"),
    "no days": window("windows[0].days", "mon-thu", days="[]"),
    "an hour of one digit": window("windows[0].from", "two digits", **{"from": "'8:00'"}),
    "an hour that no day has": window("windows[0].to", "24:00", to="'25:00'"),
    "a window without length": window(
        "windows[0].to", '"00:00" to "24:00"', to="'08:00'", beyond=True
    ),
    "a freeze that ends first": more(
        "freeze: [2027-01-06/2026-12-18]", "freeze[0]", "earlier day first", beyond=True
    ),
    "a day that no calendar has": more(
        "freeze: [2027-02-30]", "freeze[0]", "as 2026-12-18", beyond=True
    ),
    "a freeze in words": more("freeze: [christmas]", "freeze[0]", "2026-12-18/2027-01-06"),
    "a freeze that is no list": more("freeze: 2026-12-24", "freeze", "a list of days"),
    "an answer of nobody": answer(
        "answer: yes, on: 2026-11-20", "answers.asked.by", "for example by: "
    ),
    "an answer of no day": answer("answer: yes, by: x", "answers.asked.on", "on: 2026-11-20"),
    "an answer on no day of the calendar": answer(
        "answer: yes, by: x, on: 2026-11-31", "answers.asked.on", "2026-12-18", beyond=True
    ),
    "an answer in German order": answer(
        "answer: yes, by: x, on: 20.11.2026", "answers.asked.on", "such as 2026-11-20"
    ),
    "an answer alone": more("answers: {asked: yes}", "answers.asked", "answer, by, on"),
    "a question in capitals": more("answers: {Asked: {}}", "answers.Asked", "small letters"),
}
