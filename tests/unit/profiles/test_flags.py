"""Flags keep their spelling and compare as sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles import Flags
from intune_scep.profiles.enums import KeyUsages, SubjectAlternativeNameType

members = st.sets(st.sampled_from(["a", "b", "A", "none", "digitalSignature"]), min_size=1)


@given(members, st.randoms(use_true_random=False))
def test_order_and_blanks_mean_nothing_but_are_kept(chosen: set[str], random: object) -> None:
    ordered = sorted(chosen)
    one, other = Flags(",".join(ordered)), Flags(" , ".join(reversed(ordered)))
    assert one == other
    assert hash(one) == hash(other)
    assert str(other) == other.wire == " , ".join(reversed(ordered))
    assert list(one) == sorted(one.members) == ordered


@given(members, members)
def test_values_are_equal_exactly_when_their_members_are(one: set[str], other: set[str]) -> None:
    assert (Flags(",".join(one)) == Flags(",".join(other))) == (one == other)


def test_letter_case_and_none_count() -> None:
    assert Flags("none") != Flags("")
    assert Flags("keyEncipherment") != Flags("KeyEncipherment")
    assert len(Flags("")) == 0
    assert "sha2" in Flags("sha1,sha2")
    assert Flags("sha2") != "sha2"


@given(st.permutations(["digitalSignature", "keyEncipherment", "x", "keyEncipherment"]))
def test_members_are_put_in_bit_order(given_members: list[str]) -> None:
    assert Flags.of(given_members, KeyUsages).wire == "keyEncipherment,digitalSignature,x"


def test_none_is_built_like_any_member_and_nothing_is_refused() -> None:
    assert Flags.of(["none"], SubjectAlternativeNameType).wire == "none"
    with pytest.raises(ValueError, match="at least one member"):
        Flags.of([], KeyUsages)
