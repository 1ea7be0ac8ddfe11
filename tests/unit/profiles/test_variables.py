"""Variables are found where they stand and compared without letter case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles import (
    KNOWN_VARIABLES,
    SID_VARIABLE,
    find_variables,
    fold_variables,
    known_variable,
)

names = st.text(st.characters(exclude_characters="{}"), min_size=1).filter(str.strip)
literals = st.text(st.characters(exclude_characters="{}"))


@given(st.lists(st.tuples(literals, names)), literals)
def test_all_variables_of_a_text_are_found_with_their_places(
    parts: list[tuple[str, str]], rest: str
) -> None:
    text = "".join(f"{literal}{{{{{name}}}}}" for literal, name in parts) + rest
    found = find_variables(text)
    assert [variable.name for variable in found] == [name.strip() for _, name in parts]
    for variable, (_, name) in zip(found, parts, strict=True):
        assert text[variable.start : variable.end] == f"{{{{{name}}}}}"


@pytest.mark.parametrize("text", ["", "UserName", "{UserName}", "{{UserName}", "{{}}", "}}x{{"])
def test_other_brackets_are_no_variable(text: str) -> None:
    assert find_variables(text) == []


@pytest.mark.parametrize("known", KNOWN_VARIABLES, ids=lambda known: known.name)
def test_a_known_variable_is_known_in_any_letter_case(known: object) -> None:
    name = known.name  # type: ignore[attr-defined]
    for spelled in (name, name.lower(), name.upper()):
        assert known_variable(spelled) is known


def test_look_alikes_are_not_known() -> None:
    assert known_variable("U\u017ferName") is None  # long s
    assert known_variable("CloudP\u212aIFQDN") is None  # Kelvin sign
    assert known_variable("UserPrincipleName") is None


def test_who_may_use_what() -> None:
    sid = known_variable("onpremisessecurityidentifier")
    assert sid is not None
    assert (sid.user, sid.device, sid.only_in, sid.synced_only) == (True, True, "uri_san", True)
    device = {known.name for known in KNOWN_VARIABLES if known.device}
    assert "UserPrincipalName" not in device
    assert {"AAD_Device_ID", "DeviceName", "FullyQualifiedDomainName"} <= device
    assert known_variable(find_variables(SID_VARIABLE)[0].name) is sid


@given(literals, names)
def test_only_the_variable_is_folded(literal: str, name: str) -> None:
    assert fold_variables(f"{literal}{{{{{name}}}}}") == fold_variables(
        f"{literal}{{{{{name.translate({ord('A'): 'a', ord('Z'): 'z'})}}}}}"
    )
    assert fold_variables(literal) == literal
