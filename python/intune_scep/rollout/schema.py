"""The closed JSON Schema (2020-12) of a rollout file: the one table of what may stand in it.

`docs/schema/strong-mapping.schema.json` is written from it, for completion in editors, and
`structure.problems` judges files by it. What is not said by it, such as that two rings have two
names, is in `rollout.file`.

`errorMessage` is the cure, as the end of a sentence that begins with the place; editors that know
the word show it too.
"""

from __future__ import annotations

from typing import Any, Final

from intune_scep.rollout import values
from intune_scep.rollout.model import Dependants, Finish, Strategy

SCHEMA_ID: Final = "urn:intune-scep:strong-mapping:1"
Schema = dict[str, Any]


def _text(description: str, example: Any, pattern: str, cure: str, **more: Any) -> Schema:
    return {
        "description": description,
        "type": "string",
        "pattern": pattern,
        "errorMessage": cure,
        "examples": [example],
        **more,
    }


def _words(description: str, words: list[str], **more: Any) -> Schema:
    return {
        "description": description,
        "enum": words,
        "errorMessage": f"must be {_either(words)}",
        "examples": [words[0]],
        **more,
    }


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _share(description: str, pattern: str, cure: str, example: str) -> Schema:
    least = "minimum" if pattern == values.SHARE else "exclusiveMinimum"
    return {
        "description": description,
        "type": ["number", "string"],
        least: 0,
        "maximum": 100,
        "pattern": pattern,
        "errorMessage": cure,
        "examples": [example],
    }


def _gate_share(description: str, example: str) -> Schema:
    cure = f"must be a percentage above 0 and at most 100, such as {example}, or none"
    return _share(description, values.POSITIVE_SHARE_OR_NONE, cure, example)


def _object(
    description: str, properties: dict[str, Schema], required: tuple[str, ...] = (), **more: Any
) -> Schema:
    made: Schema = {
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "errorMessage": f"must be an object with {', '.join(properties)}",
    }
    return {**made, **({"required": list(required)} if required else {}), **more}


def _list(description: str, items: Schema, cure: str, **more: Any) -> Schema:
    made: Schema = {"description": description, "type": "array", "items": items, "minItems": 1}
    return {**made, "errorMessage": cure, **more}


def _absent(cure: str) -> Schema:
    """Must not be there."""
    return {"not": {}, "errorMessage": cure}


_PROFILE: Final = _text(
    "A SCEP profile: its name, exactly as in Intune, or its id.",
    "Windows user Wi-Fi",
    values.TEXT,
    "must be the name or the id of a SCEP profile, as text; put a number in quotes",
)
_GROUP: Final = _text(
    "A group: its name, exactly as in Entra, or its id.",
    "RG-Cert-Test",
    values.TEXT,
    "must be the name or the id of a group, as text; put a number in quotes",
)
_SOAK_CURE: Final = (
    "must be a time such as 24h, 2d or 90m: a number of at most four digits and m, h or d"
)
_UNDER_14H: Final = (
    "is less than 14 hours: devices check in about every 8 hours and Intune's report of"
    " certificates can be 6 hours late, so such a gate may measure the report; wait 14h or longer,"
    " or say beside it why not: soak_under_14h: REASON"
)
_GATES: Final = _object(
    "What must hold after a ring was changed, before the next one opens.",
    {
        "reissued": _gate_share(
            "Of the devices that Intune saw since the change, the share that got a new certificate"
            " at least; none to not ask.",
            "95%",
        ),
        "seen": _gate_share(
            "Of the devices of the ring, the share that Intune saw since the change at least; none"
            " to not ask.",
            "80%",
        ),
        "max_failed": {
            "description": "How many devices may fail: share, count or both, and the stricter"
            " wins; none to not ask.",
            "type": ["object", "string"],
            "pattern": values.whole(values.NONE),
            "properties": {
                "share": _share(
                    "Of the devices of the ring.",
                    values.SHARE,
                    "must be a percentage from 0 to 100, such as 3%",
                    "3%",
                ),
                "count": {
                    "description": "Devices.",
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 10_000_000,
                    "errorMessage": "must be a whole number of devices, such as 10",
                    "examples": [10],
                },
            },
            "additionalProperties": False,
            "minProperties": 1,
            "errorMessage": "must be {share: 3%, count: 10}, one of the two, or none",
            "examples": [{"share": "3%", "count": 10}],
        },
        "soak": _text(
            "How long to wait after the change at least: minutes, hours or days; 24h if not given.",
            "24h",
            values.DURATION,
            _SOAK_CURE,
            default="24h",
        ),
        "soak_under_14h": _text(
            "Why soak may be less than 14 hours; stands beside it.",
            "Lab devices that are synchronised by hand",
            values.TEXT,
            "must be the reason, as text",
        ),
        "connector": _words(
            "Whether the certificate connectors must be healthy; none for Cloud PKI and"
            " certification authorities of others, which have none.",
            ["healthy", values.NONE],
            default=values.NONE,
        ),
        "approval": _words(
            "Whether a person must approve: strong-mapping rollout promote.",
            ["required", values.NONE],
            default=values.NONE,
        ),
        "command": {
            "description": "A program that decides: exit code 0 passes, 1 fails, 75 waits. No"
            " shell runs it. A path with a slash begins at the directory of this file. A list"
            " holds the program and its arguments; none to not ask.",
            "type": ["string", "array"],
            "pattern": values.whole(r"[^\s]+"),
            "items": {
                "type": "string",
                "minLength": 1,
                "errorMessage": "must be text, not empty; put a number in quotes",
            },
            "minItems": 1,
            "errorMessage": "must be one program without blanks, such as ./check.sh, or a list of"
            ' the program and its arguments, such as ["./check.sh", "all"]; no shell takes it'
            " apart",
            "examples": ["./check.sh"],
        },
    },
    dependentRequired={"soak_under_14h": ["soak"]},
    allOf=[
        {
            "if": {
                "required": ["soak"],
                "properties": {
                    "soak": {
                        "type": "string",
                        "pattern": values.DURATION,
                        "not": {"pattern": values.LONG_DURATION},
                    }
                },
                "not": {"required": ["soak_under_14h"]},
            },
            "then": {"properties": {"soak": _absent(_UNDER_14H)}},
        }
    ],
)
_WHO: Final = ("profiles", "groups", "rest")
_RING: Final = _object(
    "What goes together: exactly one of profiles, groups and rest says who.",
    {
        "name": _text(
            "What it is called; each ring otherwise.",
            "first",
            values.whole(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,98}[^\s\x00-\x1f])?"),
            "must be a name of at most 100 characters, as text on one line",
        ),
        "profiles": _list(
            "In place: the profiles that are edited in it.",
            {"$ref": "#/$defs/profile"},
            "must be a list of names or ids of SCEP profiles, not empty",
        ),
        "groups": _list(
            "Clone: the groups that get the copies in it.",
            {"$ref": "#/$defs/group"},
            "must be a list of names or ids of groups, not empty",
        ),
        "rest": {
            "description": "Clone: everybody whom the originals reach and no ring before took. The"
            " last ring alone can be that.",
            "const": True,
            "errorMessage": "must be true; leave the key out in the other rings",
            "examples": [True],
        },
        "gates": {"$ref": "#/$defs/gates"},
    },
    ("name",),
    allOf=[
        {
            "oneOf": [{"required": [word]} for word in _WHO],
            "errorMessage": "must have exactly one of profiles, groups and rest",
        }
    ],
)
_BUNDLE: Final = _object(
    "A SCEP profile that is cloned, with its root and its dependants.",
    {
        "profile": {"$ref": "#/$defs/profile"},
        "clone_name": _text(
            "Name of the copy; {name} stands for that of the original.",
            "{name} (SID)",
            values.CLONE_NAME,
            'must be a name, in which {name} may stand for that of the original, such as "{name}'
            ' (SID)", and no other brace',
            default="{name} (SID)",
        ),
        "dependants": _words(
            "What becomes of the Wi-Fi, VPN, wired, mail and sign-on profiles that use it: each"
            " gets a copy beside it, or is pointed at the copy when the last ring is done, or is"
            " left alone.",
            [item.value for item in Dependants],
            default=Dependants.REPOINT_AT_END.value,
        ),
        "finish": _words(
            "What becomes of the original when the last ring is done: it is taken away, it stays,"
            " or it is changed too and takes over again.",
            [item.value for item in Finish],
            default=Finish.KEEP_BOTH.value,
        ),
    },
    ("profile",),
)
_LEAST: Final = "must be a percentage above 0 and at most 100, such as 95%"
_WINDOW: Final = _object(
    "A time of the week in which rings may be opened. It may pass midnight.",
    {
        "days": {
            "description": "Days on which it begins: mon, mon-thu, or a list of such.",
            "type": ["string", "array"],
            "pattern": values.DAYS_OF_WEEK,
            "items": {
                "type": "string",
                "pattern": values.DAYS_OF_WEEK,
                "errorMessage": "must be mon, tue, wed, thu, fri, sat or sun, or a range such as"
                " mon-thu",
            },
            "minItems": 1,
            "errorMessage": "must be mon, tue, wed, thu, fri, sat or sun, a range such as mon-thu,"
            " or a list of such",
            "examples": ["mon-thu"],
        },
        "from": _text(
            "When it begins, by the clock of tz.",
            "08:00",
            values.START,
            'must be a time of 24 hours with two digits each, such as "08:00"',
        ),
        "to": _text(
            "When it ends, by the clock of tz; on the next day where that is not after from.",
            "16:00",
            values.END,
            'must be a time of 24 hours with two digits each, such as "16:00" or "24:00"',
        ),
        "tz": _text(
            "The time zone, by its name in the IANA database.",
            "Europe/Berlin",
            values.ZONE,
            "must be the name of a time zone, such as Europe/Berlin or UTC",
        ),
    },
    ("days", "from", "to", "tz"),
)
_ANSWER: Final = _object(
    "What was answered, by whom and when.",
    {
        "answer": {
            "description": "yes, no, or what was asked for.",
            "type": ["boolean", "string", "number"],
            "pattern": values.TEXT,
            "errorMessage": "must be yes, no, or a text",
            "examples": ["yes"],
        },
        "by": _text("Who answered.", "A. Example", values.TEXT, "must be a name, as text"),
        "on": _text("When.", "2026-11-20", values.DATE, "must be a day, such as 2026-11-20"),
    },
    ("answer", "by", "on"),
)
_ONLY_CLONE: Final = (
    "cannot stand in a rollout in place: the one profile that everybody has is edited, so its rings"
    " are by profiles; write profiles, or strategy: clone"
)
SCHEMA: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": SCHEMA_ID,
    "title": "Rollout of strong certificate mapping",
    **_object(
        "In what order the SCEP profiles of a tenant move to strong mapping, and what must hold"
        " before it goes on.",
        {
            "rollout": _text(
                "What the rollout is called. Its journal has this name.",
                "user-certificates-2026",
                values.NAME,
                "must be a name of letters, digits, dots, dashes and underscores, at most 64 of"
                " them, such as user-certificates-2026",
            ),
            "strategy": _words(
                "in_place edits each profile, for everybody who has it at once. clone lets a copy"
                " take over group by group. Two strategies are two files.",
                [item.value for item in Strategy],
            ),
            "bundles": _list(
                "Clone: the profiles that are copied.",
                {"$ref": "#/$defs/bundle"},
                "must be a list of objects with profile, not empty",
                examples=[[{"profile": "Windows user Wi-Fi"}]],
            ),
            "rings": _list(
                "Who goes together, in this order.",
                {"$ref": "#/$defs/ring"},
                "must be a list of rings, not empty",
                examples=[[{"name": "first", "profiles": ["Windows user Wi-Fi"]}]],
            ),
            "gates": {"$ref": "#/$defs/gates"},
            "load": _object(
                "How much the certification authorities may be asked for.",
                {
                    "per_scep_host": _text(
                        "Enrolments an hour at each host of a SCEP URL, those of dependants"
                        " included.",
                        "300/h",
                        values.RATE,
                        "must be a number of enrolments an hour, such as 300/h",
                    )
                },
                ("per_scep_host",),
            ),
            "readiness": _object(
                "What must hold before a ring opens, of those whom its profiles reach.",
                {
                    "users_with_sid": _share(
                        "Least share of users with a SID.", values.POSITIVE_SHARE, _LEAST, "95%"
                    ),
                    "hybrid_devices": _share(
                        "Least share of devices that are hybrid joined.",
                        values.POSITIVE_SHARE,
                        _LEAST,
                        "95%",
                    ),
                },
                minProperties=1,
            ),
            "windows": _list(
                "When rings may be opened; at any time if not given.",
                {"$ref": "#/$defs/window"},
                "must be a list of objects with days, from, to and tz, not empty",
            ),
            "freeze": _list(
                "Days on which no ring is opened, in the zone of the first window, or UTC.",
                _text(
                    "A day, or the first and the last of several.",
                    "2026-12-18/2027-01-06",
                    values.SPAN,
                    'must be a day or two, such as "2026-12-18/2027-01-06"',
                ),
                'must be a list of days, such as ["2026-12-18/2027-01-06"], not empty',
            ),
            "answers": {
                "description": "What was answered to questions of the preflight, each once.",
                "type": "object",
                "patternProperties": {values.QUESTION: {"$ref": "#/$defs/answer"}},
                "additionalProperties": False,
                "errorMessage": "must be an object with a question, such as"
                " domain_controllers_2019, and its answer",
            },
        },
        ("rollout", "strategy", "rings"),
    ),
    "allOf": [
        {
            "if": {
                "required": ["strategy"],
                "properties": {"strategy": {"const": Strategy.IN_PLACE.value}},
            },
            "then": {
                "properties": {
                    "bundles": _absent(
                        "cannot stand in a rollout in place: nothing is copied; name the profiles"
                        " in the rings, or write strategy: clone"
                    ),
                    "rings": {
                        "items": {
                            "properties": {
                                "groups": _absent(_ONLY_CLONE),
                                "rest": _absent(_ONLY_CLONE),
                            }
                        }
                    },
                }
            },
        },
        {
            "if": {
                "required": ["strategy"],
                "properties": {"strategy": {"const": Strategy.CLONE.value}},
            },
            "then": {
                "required": ["bundles"],
                "properties": {
                    "rings": {
                        "items": {
                            "properties": {
                                "profiles": _absent(
                                    "cannot stand in a rollout by clone: every ring gets the copies"
                                    " of all bundles; write groups, or rest: true in the last ring"
                                )
                            }
                        },
                        "contains": {"required": ["rest"]},
                        "minContains": 0,
                        "maxContains": 1,
                        "errorMessage": "have rest more than once; the last ring alone takes the"
                        " rest, the others name groups",
                    }
                },
            },
        },
    ],
    "$defs": {
        "profile": _PROFILE,
        "group": _GROUP,
        "gates": _GATES,
        "ring": _RING,
        "bundle": _BUNDLE,
        "window": _WINDOW,
        "answer": _ANSWER,
    },
}
