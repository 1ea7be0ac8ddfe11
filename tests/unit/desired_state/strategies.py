"""Valid declarations of every type, made from the table of options."""

from typing import Any

from hypothesis import strategies as st

from intune_scep.declarations import OPTIONS, Option, options_of
from intune_scep.declarations.options import CREATABLE_PLATFORMS, EXTENDED_KEY_USAGES
from intune_scep.profiles import KNOWN_VARIABLES, Platform, ProfileKind, profile_type_for

from .declared import FILTERS, OTHER_PEM, ROOT_PEM, TAGS

VARIABLES = st.sampled_from([f"{{{{{known.name}}}}}" for known in KNOWN_VARIABLES])
WORDS = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), max_codepoint=0x2FFF), min_size=1
).filter(str.strip)
PLAIN = st.text("abcdefghijkäöü 0123456789'&+%#/", min_size=1, max_size=12).filter(str.strip)
TEXTS = st.one_of(PLAIN, VARIABLES, st.builds("{}.{}".format, VARIABLES, PLAIN))
OIDS = st.lists(st.integers(0, 99999), min_size=1, max_size=6).map(
    lambda arcs: ".".join(map(str, [1, *arcs]))
)
SUBJECTS = st.lists(
    st.builds("{}={}".format, st.sampled_from(["CN", "E", "OU"]), VARIABLES), min_size=1
).map(",".join)
URLS = st.builds("https://{}.example/{}".format, st.sampled_from("abc"), st.integers(0, 9))
WHOM = st.lists(
    st.sampled_from(["All Staff", "Contractors", "Pilot", None, ...]), max_size=4, unique=True
)


@st.composite
def assignments(draw: Any) -> list[dict[str, Any]]:
    items = []
    for whom in draw(WHOM):
        if whom is None:
            item: dict[str, Any] = {"all_users": True}
        elif whom is ...:
            item = {"all_devices": True}
        else:
            item = {"group": whom, "exclude": draw(st.booleans())}
        if not item.get("exclude") and draw(st.booleans()):
            item |= {
                "filter": draw(st.sampled_from(sorted(FILTERS))),
                "filter_type": draw(st.sampled_from(["include", "exclude"])),
            }
        items.append(item)
    return items


SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "description": WORDS | st.none(),
    "certificate": st.sampled_from([ROOT_PEM, OTHER_PEM]),
    "deployment_channel": st.just("device"),
    "subject_name_format": SUBJECTS,
    "subject_alternative_names": st.lists(
        st.fixed_dictionaries({"type": st.sampled_from(["email", "upn", "dns"]), "value": TEXTS})
        | st.fixed_dictionaries(
            {
                "type": st.just("uri"),
                "value": VARIABLES | st.builds("urn:contoso:{}".format, VARIABLES),
            }
        ),
        max_size=4,
    ),
    "legacy_subject_alternative_name_format": TEXTS,
    "validity": st.fixed_dictionaries(
        {"value": st.integers(1, 24), "unit": st.sampled_from(["days", "months", "years"])}
    ),
    "root_profile": st.sampled_from([{"name": "Root"}, {"name": "Next"}, None]),
    "extended_key_usages": st.lists(
        st.sampled_from(sorted(EXTENDED_KEY_USAGES))
        | st.builds(lambda oid, name: {"object_identifier": oid, "name": name}, OIDS, WORDS)
        | st.builds(lambda oid: {"object_identifier": oid}, OIDS),
        max_size=4,
        unique_by=lambda item: (
            EXTENDED_KEY_USAGES[item][1] if isinstance(item, str) else item["object_identifier"]
        ),
    ),
    "scep_server_urls": st.lists(URLS, max_size=3, unique=True),
    "scope_tags": st.lists(st.sampled_from(sorted(TAGS.values())), min_size=1, unique=True),
    "assignments": assignments(),
    "applicability_rule_os_version": st.fixed_dictionaries(
        {"rule": st.sampled_from(["include", "exclude"])},
        optional={"minimum": PLAIN, "maximum": PLAIN, "name": PLAIN},
    ),
}
NOT_GENERATED = {"id", "name", "platform", "state", "replace", "certificate_path", "allow_expired"}
NEEDED = {"certificate", "key_usage", "extended_key_usages", "scep_server_urls", "root_profile"}


def plain_values(option: Option) -> st.SearchStrategy[Any]:
    """Valid values of an option without words of its own."""
    if option.type == "int":
        return st.integers(option.least, option.most)
    if option.type == "list":
        return st.lists(PLAIN, min_size=option.least or 0, max_size=3, unique=True)
    return PLAIN


def values(option: Option, platform: Platform, kind: ProfileKind) -> st.SearchStrategy[Any]:
    """Valid values of one option on one platform."""
    if option.name in SPECIAL:
        return SPECIAL[option.name]
    if option.type == "bool":
        return st.booleans()
    if option.type == "dict":
        return st.fixed_dictionaries(
            {item.name: values(item, platform, kind) for item in option.suboptions if item.required}
        )
    if not option.choices:
        return plain_values(option)
    words = list(option.choices)
    if option.name == "subject_name_format_type":
        row = profile_type_for(kind, platform).properties_by_name["subjectNameFormat"]
        words = [word for word in words if option.choices[word] in row.choices]
    if option.type == "list":
        return st.lists(st.sampled_from(words), min_size=1, unique=True)
    return st.sampled_from(words)


@st.composite
def declarations(draw: Any, kind: ProfileKind, platform: Platform, name: str) -> dict[str, Any]:
    """A declaration that can be created."""
    options = [
        option
        for option in options_of(kind)
        if option.name not in NOT_GENERATED and platform in option.platforms(kind)
    ]
    chosen = draw(st.sets(st.sampled_from([option.name for option in options]))) | NEEDED
    return {
        "name": name,
        "platform": platform.value,
        **{o.name: draw(values(o, platform, kind)) for o in options if o.name in chosen},
    }


PLATFORMS = st.sampled_from(CREATABLE_PLATFORMS)
assert set(SPECIAL) <= set(OPTIONS)
