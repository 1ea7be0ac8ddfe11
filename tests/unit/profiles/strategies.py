"""Profiles as Graph might send them, made from the registry's own table of properties."""

from typing import Any

from hypothesis import strategies as st

from intune_scep.profiles import PROFILE_TYPES, ProfileType, Property

TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=4),  # lone surrogates, too
    st.sampled_from(
        [
            "",
            "none",
            "null",
            "CN={{UserName}},E={{EmailAddress}}",
            "{{onpremisessecurityidentifier}}",
            "2025-08-19T08:13:19.0484998Z",
            "0001-01-01T00:00:00Z",
            "7D8B9C9A-9c9a-7d8b-9a9c-8b7d9a9c8b7d",
            "MIIF\r\n7TCC",
            "Zurich \u00e4\u0301 \U0001f512 \u202e\x00",
        ]
    ),
)
INTEGERS = st.one_of(st.integers(-3, 101), st.integers(), st.just(10**400))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, st.floats(allow_nan=False), TEXTS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
ANNOTATIONS = {
    "@odata.context": "https://graph.microsoft.com/beta/$metadata#deviceManagement/$entity",
    "@microsoft.graph.tips": "Use $select to choose only the properties your app needs...",
    "assignments@odata.context": "https://graph.microsoft.com/beta/$metadata#x",
    "keyUsage@odata.type": "#microsoft.graph.keyUsages",
}
ASSIGNMENT = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "source": st.just("direct"),
        "intent": st.sampled_from(["apply", "remove"]),
        "target": st.fixed_dictionaries(
            {
                "@odata.type": st.just("#microsoft.graph.groupAssignmentTarget"),
                "deviceAndAppManagementAssignmentFilterId": st.none() | TEXTS,
                "deviceAndAppManagementAssignmentFilterType": st.just("none"),
                "groupId": TEXTS,
            }
        ),
    }
)
UNKNOWN_NAMES = st.text(min_size=1, max_size=12).map(lambda name: f"x{name}")


def values(row: Property) -> st.SearchStrategy[Any]:
    """Values of the JSON type that Graph's metadata states, known and unknown members alike."""
    one = _single(row)
    return st.lists(one, max_size=3) if row.collection else one


def _single(row: Property) -> st.SearchStrategy[Any]:
    if row.properties:
        return st.builds(
            _shuffled,
            st.fixed_dictionaries({}, optional={p.name: values(p) for p in row.properties}),
            st.dictionaries(UNKNOWN_NAMES, JSON, max_size=1),
            st.randoms(use_true_random=False),
        )
    if row.is_flags and not row.collection:
        members = st.lists(st.sampled_from([*row.choices, "sha3", "unknownFutureValue"]))
        return members.map(",".join) | members.map(", ".join)
    if row.enum:
        return st.sampled_from([*row.choices, "size8192", ""])
    if row.graph_type == "Edm.Int32":
        return INTEGERS
    if row.graph_type == "Edm.Boolean":
        return st.booleans()
    return TEXTS


def _shuffled(declared: dict[str, Any], unknown: dict[str, Any], random: Any) -> dict[str, Any]:
    items = [*declared.items(), *unknown.items()]
    random.shuffle(items)
    return dict(items)


@st.composite
def wires(draw: st.DrawFn, profile_type: ProfileType, *, hostile: bool = False) -> dict[str, Any]:
    """A wire object of that type; `hostile` puts any JSON value where a property is."""
    wire: dict[str, Any] = {"@odata.type": profile_type.odata_type}
    for row in profile_type.properties:
        fate = draw(st.sampled_from(["value", "value", "value", "null", "absent"]))
        if fate != "absent":
            wire[row.name] = None if fate == "null" else draw(values(row))
        if hostile and draw(st.integers(0, 3)) == 0:
            wire[row.name] = draw(JSON)
    if draw(st.booleans()):
        wire["assignments"] = draw(st.lists(ASSIGNMENT, max_size=2))
    wire |= {name: ANNOTATIONS[name] for name in draw(st.sets(st.sampled_from([*ANNOTATIONS])))}
    wire |= draw(st.dictionaries(UNKNOWN_NAMES, JSON, max_size=2))
    return dict(draw(st.permutations([*wire.items()])))


any_type = st.sampled_from(PROFILE_TYPES)
any_wire = any_type.flatmap(wires)
hostile_wire = any_type.flatmap(lambda row: wires(row, hostile=True))


def full_wire(profile_type: ProfileType) -> dict[str, Any]:
    """A plausible profile with every property of its type, none of them null."""
    return {
        "@odata.type": profile_type.odata_type,
        **{row.name: _plausible(row) for row in profile_type.properties},
    }


def _plausible(row: Property) -> Any:
    if row.collection:
        return [_plausible_item(row, 0), _plausible_item(row, 1)]
    return _plausible_item(row, 0)


def _plausible_item(row: Property, index: int) -> Any:
    if row.properties:
        return {inner.name: _plausible(inner) for inner in row.properties} | {"name": f"n{index}"}
    if row.choices:
        return row.choices[index]
    if row.graph_type == "Edm.Int32":
        return 1
    if row.graph_type == "Edm.Boolean":
        return True
    return f"text {index} {{{{UserName}}}}"
