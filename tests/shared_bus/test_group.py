"""How the lanes of a group are dealt."""

import pytest

from shared.bus.group import Group, Member
from shared.bus.port import LaneRevokedError, TopicPartition

LANES = [TopicPartition("t", n) for n in range(4)]
OTHER = TopicPartition("u", 0)


def test_the_only_member_owns_every_lane_of_its_topics_from_where_the_group_stands() -> None:
    group = Group([*LANES, OTHER], {LANES[1]: 7})
    member = Member(["t"])
    group.join(member)
    assert member.positions == {LANES[0]: 0, LANES[1]: 7, LANES[2]: 0, LANES[3]: 0}


def test_every_lane_has_one_owner_however_many_join() -> None:
    group = Group([*LANES, OTHER], {})
    members = [Member(["t"]), Member(["t", "u"]), Member(["u"])]
    for member in members:
        group.join(member)
    owned = [lane for member in members for lane in member.positions]
    assert sorted(owned) == sorted([*LANES, OTHER])


def test_a_member_keeps_its_place_in_a_lane_it_keeps() -> None:
    group = Group(LANES, {})
    first, second = Member(["t"]), Member(["t"])
    group.join(first)
    first.positions.update(dict.fromkeys(LANES, 5))
    group.join(second)
    assert set(first.positions.values()) == {5}
    assert set(second.positions.values()) == {0}


def test_a_lane_that_changes_hands_starts_where_the_group_committed() -> None:
    group = Group(LANES, {})
    first, second = Member(["t"]), Member(["t"])
    group.join(first)
    first.positions.update(dict.fromkeys(LANES, 5))
    group.note_committed(dict.fromkeys(LANES, 3))
    group.join(second)
    assert set(second.positions.values()) == {3}
    group.leave(first)
    assert second.positions == dict.fromkeys(LANES, 3)
    assert not first.positions


def test_a_commit_that_an_interim_owner_has_passed_is_refused() -> None:
    group = Group(LANES, {})
    member = Member(["t"])
    group.join(member)
    group.note_committed({LANES[0]: 9})
    group.check_owner(member, {LANES[0]: 9, LANES[1]: 1})
    with pytest.raises(LaneRevokedError, match="t/0 "):
        group.check_owner(member, {LANES[0]: 8, LANES[1]: 1})


def test_a_group_is_deserted_when_the_last_member_leaves() -> None:
    group = Group(LANES, {})
    member = Member(["t"])
    group.join(member)
    assert not group.deserted
    group.leave(member)
    assert group.deserted
