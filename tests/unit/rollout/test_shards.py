"""Shares of a group: as large as asked for, and the same when others come and go."""

import uuid
from fractions import Fraction

import pytest

from intune_scep.errors import SelectionError
from intune_scep.rollout.shards import divide, percents_of


def ids(count, seed="member"):
    return [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{seed} {number}")) for number in range(count)]


def shard_of(text, users, devices=()):
    return {
        member: shard.number
        for shard in divide(percents_of(text), users, devices)
        for member in (*shard.users, *shard.devices)
    }


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5,20", [5, 20]),
        ("5%, 20 %", [5, 20]),
        ("0.5,10", [Fraction(1, 2), 10]),
        ("99.9", [Fraction(999, 10)]),
        ("33,33,33", [33, 33, 33]),
    ],
)
def test_percentages(text, meant):
    assert list(percents_of(text)) == meant


@pytest.mark.parametrize(
    "text", ["", "0", "5,0", "-5", "100", "60,40", "five", "5;20", "5,,20", "1/0", "nan", "inf"]
)
def test_what_is_no_percentages(text):
    with pytest.raises(SelectionError, match="such as 5,20"):
        percents_of(text)


def test_everybody_is_in_one_shard():
    users, devices = ids(500), ids(300, "device")
    shards = divide(percents_of("5,20"), users, devices)
    assert [shard.number for shard in shards] == [1, 2, 3]
    assert [shard.percent for shard in shards] == [5, 20, 75]
    assert sorted(member for shard in shards for member in shard.users) == sorted(users)
    assert sorted(member for shard in shards for member in shard.devices) == sorted(devices)


def test_shards_are_about_as_large_as_asked_for():
    sizes = [len(shard.users) for shard in divide(percents_of("5,20"), ids(20_000), ())]
    for size, share in zip(sizes, (0.05, 0.20, 0.75), strict=True):
        assert abs(size / 20_000 - share) < 0.01


STABLE = {
    "others come": (lambda: ids(900), "5,20"),
    "others go": (lambda: ids(100), "5,20"),
    "they are listed otherwise": (lambda: list(reversed(ids(400))), "5,20"),
    "their ids are written in capitals": (lambda: [item.upper() for item in ids(400)], "5,20"),
    "one is listed twice": (lambda: ids(400) * 2, "5,20"),
    "the percentages are written otherwise": (lambda: ids(400), "5.0%, 20%"),
}


@pytest.mark.parametrize(("now", "text"), STABLE.values(), ids=STABLE)
def test_a_member_stays_where_it_is_when(now, text):
    before = shard_of("5,20", ids(400))
    after = shard_of(text, now())
    both = before.keys() & after.keys()
    assert both
    assert all(before[member] == after[member] for member in both)


def test_whoever_is_in_the_first_shard_stays_there_when_the_second_grows():
    before, after = shard_of("5,20", ids(2000)), shard_of("5,40", ids(2000))
    first = {member for member, number in before.items() if number == 1}
    assert first == {member for member, number in after.items() if number == 1}
    assert all(after[member] <= number for member, number in before.items())


def test_the_shards_are_for_ever():
    """Another release must not move anybody: groups were made from these lists."""
    known = ids(8)
    assert [shard_of("25,25", known)[member] for member in known] == [3, 3, 3, 2, 3, 3, 3, 2]
