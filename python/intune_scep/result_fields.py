"""The table of what plans and runs return, for people who read documentation.

The documentation of the modules is made from it; run python dev/generate_results.py after a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALWAYS: Final = "always"
REACHED: Final = "when the tenant was reached"


@dataclass(frozen=True)
class Field:
    """One field of a result.

    Attributes:
        name: Its key.
        type: Ansible's word for its type.
        text: What it holds. V(…), O(…) and RV(…) are the marks of Ansible's documentation.
        returned: When it is there.
        elements: Type of the elements of a list.
        sample: An example, JSON-ready.
        contains: The fields of an object, or of each element.
    """

    name: str
    type: str
    text: str
    returned: str = ALWAYS
    elements: str | None = None
    sample: object = None
    contains: tuple[Field, ...] = ()


_ID: Final = Field("id", "str", "ID of the profile, or null where there is none.")
_NAME: Final = Field("name", "str", "Name of the profile.")
_KIND: Final = Field("kind", "str", "V(trusted_root) or V(scep).")
_PLATFORM: Final = Field("platform", "str", "The platform.", sample="ios")
_DIFF: Final = Field(
    "diff",
    "list",
    "Every property that changes, in the words of declarations.",
    elements="dict",
    contains=(
        Field("property", "str", "The property.", sample="key_size"),
        Field("before", "raw", "Its value before, or null."),
        Field("after", "raw", "Its value after, or null."),
    ),
)
_STATUS: Final = Field(
    "status",
    "str",
    "What became of the profile. One of V(unchanged) (it is as it should be), V(skipped) (left"
    " alone by choice, RV(profiles[].message) says which), V(planned) (check mode), V(applied)"
    " (done and seen), V(held_back) (not tried, or waiting, and why), V(conflict) (somebody else"
    " changed the profile meanwhile), V(failed), V(unknown) (it could not be learned whether the"
    " change was made).",
)
_MESSAGE: Final = Field(
    "message", "str", "Why the profile has this status, where there is something to say, else null."
)
_HOLD: Final = Field(
    "hold",
    "str",
    "Why the profile is held back. One of V(stopped), V(dependency), V(refused), V(approval),"
    " V(readiness).",
    "when RV(profiles[].status=held_back)",
)
_APPROVAL: Final = Field(
    "approval",
    "str",
    "Code of the request for the approval of another administrator, where one was filed.",
    "when the change needs an approval",
)
_WRITTEN: Final = Field("written", "bool", "Whether something was written, or may have been.")
_CERTIFICATE_TYPE: Final = Field(
    "certificate_type",
    "str",
    "V(user) or V(device), or null when the type does not say.",
)
_JUDGEMENT: Final = (
    _CERTIFICATE_TYPE,
    Field(
        "verdict",
        "str",
        "What strong mapping means for the profile. One of V(mapped), V(required), V(opt_in),"
        " V(not_applicable), V(unsupported), V(defective), V(review).",
    ),
    Field("reason", "str", "The reason for the verdict."),
    Field(
        "odata_type",
        "str",
        "Graph's type of the profile.",
        sample="#microsoft.graph.windows81SCEPCertificateProfile",
    ),
    Field("version", "int", "Graph's version number of the profile."),
)
_SHARE: Final = (
    Field(
        "assigned",
        "int",
        "How many users or devices it reaches; at most, where something is unknown.",
    ),
    Field("with_sid", "int", "How many of them have a SID and are not disabled."),
    Field(
        "percent_with_sid",
        "float",
        "Their share of all that are not disabled, or null if it is not known or there is nobody.",
    ),
    Field(
        "short",
        "dict",
        "How many would get nothing, by reason; every reason is a key.",
        sample={"cloud_only": 2, "guest": 0},
    ),
    Field("unknown", "list", "What could not be evaluated, in sentences.", elements="str"),
)
_DECLARED: Final = (
    Field(
        "reissues",
        "str",
        "Whether Intune issues the certificates of the profile again. V(yes), V(no), or"
        " V(probably_not), which is what is reported and nobody promises. What becomes of the old"
        " certificates on the platform is in RV(profiles[].notes).",
        returned="for declarations",
    ),
    Field(
        "notes",
        "list",
        "What is to be known about this change.",
        returned="for declarations",
        elements="str",
    ),
    Field(
        "warnings",
        "list",
        "What a person should read before agreeing to this change.",
        returned="for declarations",
        elements="str",
    ),
    Field(
        "findings",
        "list",
        "What the rules say of the profile as it will be, waived findings included.",
        returned="for declarations",
        elements="dict",
    ),
    Field(
        "problems",
        "list",
        "Why the profile cannot be as declared, each reason by itself.",
        returned="for declarations",
        elements="str",
    ),
)


_COSTS: Final = (
    Field("certificates", "int", "Certificates on devices that have not expired; null if unknown."),
    Field("devices", "int", "Devices that hold them; null if unknown."),
    Field("users", "int", "Users they were issued for; null if unknown."),
    Field("dependants", "int", "Profiles that use them (Wi-Fi, VPN and others); null if unknown."),
    Field(
        "enrolments",
        "int",
        "How often devices are reckoned to enrol; on iOS/iPadOS and macOS once more for each"
        " profile that uses the certificate. Null if unknown.",
    ),
)


def _action(words: str) -> Field:
    return Field("action", "str", f"What is to be done. One of {words}.")


def _row(action: Field, *more: Field) -> tuple[Field, ...]:
    return (
        _ID,
        _NAME,
        _KIND,
        _PLATFORM,
        action,
        _STATUS,
        _HOLD,
        _APPROVAL,
        _MESSAGE,
        _DIFF,
        _WRITTEN,
        *more,
    )


_TENANT: Final = (
    Field(
        "tenant",
        "str",
        "ID of the tenant.",
        REACHED,
        sample="3f2b8c1e-0d7a-4f43-9b0e-6f6a4f3c2d11",
    ),
    Field("cloud", "str", "The cloud the tenant lives in.", REACHED, sample="public"),
)
_NOTES: Final = Field(
    "notes", "list", "What the operator should know about this run.", REACHED, elements="str"
)
_RUN: Final = (
    Field(
        "msg",
        "str",
        "What happened, in one sentence.",
        sample="2 profiles changed (1 create, 1 update).",
    ),
    Field("text", "str", "What happened, as lines of text for people.", REACHED),
    *_TENANT,
    Field(
        "task",
        "str",
        "The job. One of V(strong_mapping), V(declared_state), V(restore), V(rollback),"
        " V(rollout).",
        REACHED,
    ),
    Field(
        "counts",
        "dict",
        "How many profiles there are of each kind.",
        REACHED,
        contains=(
            Field("actions", "dict", "By action; only actions that occur.", sample={"none": 40}),
            Field("statuses", "dict", "By status; every status is a key.", sample={"applied": 2}),
        ),
    ),
    Field(
        "journal",
        "str",
        "The file the run was recorded in, or null when nothing was to be written.",
        REACHED,
    ),
    Field(
        "journal_content",
        "str",
        "The text of the journal.",
        "when the journal lies where it goes away with the job",
    ),
    _NOTES,
)
_FAILURE_IDS: Final = (
    Field("status", "int", "HTTP status, when Graph answered."),
    Field("message", "str", "The message."),
    Field("request_id", "str", "Graph's request ID, for a support case."),
    Field("activity_id", "str", "Intune's activity ID, for a support case."),
)


def _failure(codes: str) -> Field:
    code = Field("code", "str", f"Graph's error code, {codes}.")
    return Field(
        "failure",
        "dict",
        "Why the task failed.",
        "on failure",
        contains=(code, *_FAILURE_IDS),
    )


_WRITING_FAILURE: Final = _failure(
    "V(profilesFailed) when single profiles failed, V(ephemeralJournal) when the journal would go"
    " away with the job, or V(badArgument)"
)


def _rows(text: str, *contains: Field) -> Field:
    return Field("profiles", "list", text, REACHED, elements="dict", contains=contains)


_DECLARED_STATE: Final = (
    *_RUN,
    _rows(
        "Every profile that the run is about, and what was done with it.",
        *_row(
            _action(
                "V(none), V(create), V(update), V(replace), V(delete), V(refused) (it cannot be as"
                " declared; then nothing at all is written)"
            ),
            *_DECLARED,
        ),
    ),
    _WRITING_FAILURE,
)

_PROOF: Final = Field(
    "proof",
    "dict",
    "Which devices have got a new certificate since the run of O(journal).",
    "when O(journal) is given",
    contains=(
        Field(
            "finish",
            "str",
            "V(complete) (every device that was seen since has one), V(pending) (one has none yet,"
            " or of something it cannot be told), V(failed) (a profile is not as the run left it)"
            " or V(not_judged) (of no certificate anything could be told).",
        ),
        Field("as_of", "str", "When the report of the certificates was asked for."),
        Field("before", "str", "When those before the change were read, or null."),
        Field("complete_at", "str", "Before this time no answer can be complete, or null."),
        Field("journal", "str", "The journal."),
        Field("tenant", "str", "ID of the tenant."),
        Field("cloud", "str", "The cloud the tenant lives in."),
        Field("notes", "list", "What could not be read, and why.", elements="str"),
        Field(
            "profiles",
            "list",
            "Each profile that the run changed; C(certificates) counts its devices.",
            elements="dict",
        ),
    ),
)

_WORD: Final = (
    Field("by", "str", "Who was signed in."),
    Field("reason", "str", "Why, in their words; may be empty."),
    Field("at", "str", "When, by the clock of the service."),
)
_STATES: Final = (
    "One of V(notActivated), V(activating), V(activated) (its gate is judged), V(paused),"
    " V(canceled), V(error) (frozen), V(completed)."
)


def _word(name: str, text: str) -> Field:
    return Field(name, "dict", text, REACHED, contains=_WORD)


_ROLLOUT: Final = (
    *_TENANT,
    Field("rollout", "str", "Name of the rollout.", REACHED),
    Field("strategy", "str", "V(in_place) or V(clone).", REACHED),
    Field("state", "str", f"How far it is. {_STATES}", REACHED, sample="activated"),
    Field("file", "str", "Where the file was when the rollout was started.", REACHED),
    _word("started", "Who started it, or null."),
    _word("paused", "Who paused it, or null."),
    _word("canceled", "Who canceled it, or null."),
    Field("frozen", "str", "Why it is frozen, or null.", REACHED),
    Field(
        "clones",
        "dict",
        "By clone: the id of each original, SCEP profile or dependant, to that of its copy.",
        REACHED,
    ),
    Field("finished_at", "str", "When the last ring was done with, or null.", REACHED),
    Field(
        "rings",
        "list",
        "The rings in their order.",
        REACHED,
        elements="dict",
        contains=(
            Field("name", "str", "Name of the ring."),
            Field("state", "str", f"How far it is. {_STATES}"),
            Field("profiles", "list", "IDs of its profiles, once it is opened.", elements="str"),
            Field("changed", "dict", "ID of a profile to when it was changed."),
            Field("entered_at", "str", "When it was opened, or null."),
            Field("passed_at", "str", "When its gate passed, or null."),
            Field("approved", "dict", "Who answered its approval, or null.", contains=_WORD),
            Field("promoted", "dict", "Name of a check to who opened the next ring over it."),
            Field(
                "gate",
                "dict",
                "Its gate as it was judged last, or null.",
                contains=(
                    Field("at", "str", "When."),
                    Field("answer", "str", "V(pass), V(wait), V(fail) or V(unknown)."),
                    Field("checks", "list", "What it asks for, one by one.", elements="dict"),
                    Field("devices", "dict", "How many C(held), were C(seen), are C(reissued)."),
                ),
            ),
            Field("runs", "list", "Journals of the runs that changed profiles.", elements="str"),
        ),
    ),
    Field("journal", "str", "Where the state is kept.", REACHED),
)

RESULTS: Final[dict[str, tuple[Field, ...]]] = {
    "strong_mapping": (
        *_RUN,
        Field(
            "impact",
            "dict",
            "What the change costs, each device and profile once.",
            "when something changes, unless O(no_impact)",
            contains=(
                *_COSTS,
                Field("unknown", "str", "Why a number is not known.", "where one is not"),
            ),
        ),
        _rows(
            "Every profile that was judged, and what was done with it.",
            *_row(
                _action("V(none), V(add_sid_uri), V(remove_sid_uri)"),
                *_JUDGEMENT,
                Field(
                    "findings",
                    "list",
                    "What the rules say of the change, waived findings included; nothing where"
                    " the profile does not change.",
                    elements="dict",
                ),
                Field(
                    "impact",
                    "dict",
                    "What the change of this profile costs; null where it does not change.",
                    "when something changes, unless O(no_impact)",
                    contains=(*_COSTS, Field("unknown", "str", "Why a number is not known.")),
                ),
                Field(
                    "readiness",
                    "dict",
                    "Whom the profile reaches and who of them has a SID.",
                    "when O(min_ready) is given and the profile would change",
                    contains=(
                        *_SHARE,
                        Field("min_ready", "float", "The share that was asked for."),
                    ),
                ),
            ),
        ),
        _WRITING_FAILURE,
    ),
    "strong_mapping_info": (
        Field("msg", "str", "The verdicts, counted, in one sentence."),
        *_TENANT,
        Field(
            "counts",
            "dict",
            "How many profiles there are of each kind.",
            REACHED,
            contains=(
                Field(
                    "verdicts",
                    "dict",
                    "By verdict; every verdict is a key.",
                    sample={"mapped": 9, "required": 12},
                ),
            ),
        ),
        Field("notes", "list", "What was not read, and why.", REACHED, elements="str"),
        _rows("Every profile that was judged.", _ID, _NAME, _KIND, _PLATFORM, *_JUDGEMENT),
        _PROOF,
        _failure("or V(badArgument)"),
    ),
    "strong_mapping_readiness_info": (
        Field("msg", "str", "How many profiles are short, in one sentence."),
        *_TENANT,
        Field(
            "min_ready", "float", "The share, in percent, below which a profile is short.", REACHED
        ),
        Field(
            "counts",
            "dict",
            "How many profiles there are of each kind.",
            REACHED,
            contains=(
                Field("profiles", "int", "Profiles to whose certificates a SID matters."),
                Field("short", "int", "Those of which it is known that too few have a SID."),
                Field("unknown", "int", "Those of which not everything could be evaluated."),
                Field("no_sid_needed", "int", "SCEP profiles besides, to which no SID matters."),
            ),
        ),
        Field(
            "requires_sid_alignment",
            "bool",
            "Whether certificate-based authentication of Microsoft Entra compares the SID of a"
            " certificate with the user's, or null if that is not known.",
            REACHED,
        ),
        Field("notes", "list", "What was not read, and why.", REACHED, elements="str"),
        _rows(
            "Every profile to whose certificates a SID matters.",
            _ID,
            _NAME,
            _PLATFORM,
            _CERTIFICATE_TYPE,
            *_SHARE,
            Field(
                "is_short", "bool", "Whether it is known that fewer have a SID than O(min_ready)."
            ),
        ),
        Field(
            "files",
            "list",
            "The file with everybody who would get nothing, where O(csv) names one.",
            REACHED,
            elements="str",
        ),
        _failure("or V(badArgument)"),
    ),
    "strong_mapping_impact_info": (
        Field("msg", "str", "What the change would cost, in a sentence or two."),
        *_TENANT,
        Field(
            "counts",
            "dict",
            "How many profiles there are of each kind.",
            REACHED,
            contains=(
                Field("profiles", "int", "Profiles that would change."),
                Field("unchanged", "int", "SCEP profiles that would not."),
            ),
        ),
        Field("totals", "dict", "All profiles together.", REACHED, contains=_COSTS),
        _rows(
            "Every profile that would change.",
            _ID,
            _NAME,
            _PLATFORM,
            Field(
                "revocation",
                "str",
                "What is known of Intune and the old certificates. V(documented) (Microsoft says"
                " that they are revoked), V(knox_only) (of Samsung Knox alone), V(unknown), or"
                " V(impossible) (Intune cannot).",
            ),
            *_COSTS,
            Field("unknown", "str", "Why a number is not known, else null."),
            Field("forecast", "int", "Enrolments by devices and dependants; null if unknown."),
            Field("groups", "list", "To whom it is assigned.", elements="str"),
            Field(
                "used_by",
                "list",
                "The profiles that use its certificates.",
                elements="dict",
                contains=(
                    _ID,
                    _NAME,
                    Field(
                        "use",
                        "str",
                        "V(wi_fi), V(vpn), V(wired), V(mail), V(single_sign_on) or V(other).",
                    ),
                ),
            ),
            Field(
                "certificate_for_each_dependant",
                "bool",
                "Whether each profile that uses it has a certificate of its own.",
            ),
            Field("hosts", "list", "Hosts of its SCEP URLs.", elements="str"),
            Field(
                "renewal_begins_after_days",
                "float",
                "When a certificate is due for renewal; null if validity or threshold are not"
                " sound.",
            ),
        ),
        Field(
            "hosts",
            "list",
            "What meets at each SCEP host, over all profiles.",
            REACHED,
            elements="dict",
        ),
        Field("start", "str", "When the change is taken to be made.", REACHED),
        Field("rings", "list", "What goes when; nothing here.", REACHED, elements="dict"),
        Field(
            "load",
            "dict",
            "Enrolments by host and hour, V(even) over a check-in of 8 h and V(at_once).",
            REACHED,
        ),
        Field("peak", "dict", "The fullest hour of each host, likewise.", REACHED),
        Field(
            "echo",
            "list",
            "The renewals that come back together, by profile.",
            REACHED,
            elements="dict",
        ),
        Field(
            "is_whole",
            "bool",
            "Whether everything that it costs is known.",
            REACHED,
        ),
        Field("notes", "list", "What was not read, and why.", REACHED, elements="str"),
        _failure("or V(badArgument)"),
    ),
    "strong_mapping_rollout": (
        Field("msg", "str", "What was done and why it goes no further, in sentences."),
        Field("text", "str", "The same with the rings, as lines of text for people.", REACHED),
        *_ROLLOUT,
        Field("dry_run", "bool", "Whether this is check mode.", REACHED),
        Field("did", "list", "What was done, in sentences.", REACHED, elements="str"),
        Field(
            "waits",
            "dict",
            "Why it goes no further, or null.",
            REACHED,
            contains=(
                Field(
                    "for",
                    "str",
                    "V(time) (it goes on by itself), V(person) (somebody must decide), V(evidence)"
                    " (something could not be learned, so nothing is opened), V(repair) (something"
                    " failed).",
                ),
                Field("ring", "str", "Whose turn it is, or null."),
                Field("said", "list", "Sentences for people.", elements="str"),
                Field("until", "str", "When it goes on by itself, or null."),
            ),
        ),
        Field("gate", "dict", "The gate as it was judged by this tick, or null.", REACHED),
        Field("plan", "dict", "What would be changed, in check mode, or null.", REACHED),
        Field(
            "reports",
            "list",
            "The runs that changed profiles, as M(intune.scep.strong_mapping) returns one.",
            REACHED,
            elements="dict",
        ),
        Field("notes", "list", "What the operator should know.", REACHED, elements="str"),
        Field(
            "journal_content",
            "str",
            "The text of the journal.",
            "when the journal lies where it goes away with the job",
        ),
        _failure(
            "V(rolloutFailed) when something failed or the rollout is frozen, V(ephemeralJournal)"
            " when the journal would go away with the job, or V(badArgument)"
        ),
    ),
    "strong_mapping_rollout_info": (
        Field("msg", "str", "How far it is, in one sentence."),
        Field("text", "str", "The rings, as lines of text for people.", REACHED),
        *_ROLLOUT,
        _failure("or V(badArgument)"),
    ),
    "certificate_profiles": _DECLARED_STATE,
    "trusted_root_profile": _DECLARED_STATE,
    "scep_profile": _DECLARED_STATE,
}
"""By module: the fields of its result."""
