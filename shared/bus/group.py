"""Who of a group reads which lane, inside one process. Pure bookkeeping: no I/O, no waiting."""

from collections.abc import Mapping, Sequence

from shared.bus.port import LaneRevokedError, TopicPartition


class Member:
    """One subscription's share of its group.

    Attributes:
        topics: what it subscribed to.
        positions: the next offset to read of each lane it owns.
    """

    def __init__(self, topics: Sequence[str]) -> None:
        self.topics = frozenset(topics)
        self.positions: dict[TopicPartition, int] = {}


class Group:
    """The members of a group and what they committed.

    Lanes are dealt anew whenever a member joins or leaves. A lane that changes hands starts at its committed offset, so
    what its old owner had polled but not committed is delivered again to the new one.

    Args:
        lanes: every lane there is.
        committed: the next offset to read, by lane, as it stands on disk.
    """

    def __init__(self, lanes: Sequence[TopicPartition], committed: Mapping[TopicPartition, int]) -> None:
        self._lanes = lanes
        self._committed = dict(committed)
        self._members: list[Member] = []

    @property
    def deserted(self) -> bool:
        """Whether nobody is left in it."""
        return not self._members

    def join(self, member: Member) -> None:
        """Add a member and deal the lanes anew."""
        self._members.append(member)
        self._deal()

    def leave(self, member: Member) -> None:
        """Remove a member and deal its lanes to those who stay."""
        self._members.remove(member)
        member.positions.clear()
        self._deal()

    def committed(self, lane: TopicPartition) -> int:
        """Return the next offset the group has to read of a lane."""
        return self._committed.get(lane, 0)

    def rewind(self, member: Member) -> None:
        """Put a member back to what the group committed."""
        for lane in member.positions:
            member.positions[lane] = self.committed(lane)

    def check_owner(self, member: Member, lanes: Mapping[TopicPartition, int]) -> None:
        """Refuse lanes that are not this member's, or that were another's for a while and are further on.

        Raises:
            LaneRevokedError: names the lanes.
        """
        lost = sorted(
            lane for lane, offset in lanes.items() if lane not in member.positions or offset < self.committed(lane)
        )
        if lost:
            names = ", ".join(f"{lane.topic}/{lane.partition}" for lane in lost)
            message = f"{names} went to another member of the group; nothing was committed. Poll again."
            raise LaneRevokedError(message)

    def note_committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember offsets that are on disk."""
        self._committed.update(offsets)

    def _deal(self) -> None:
        for member in self._members:
            mine = [lane for lane in self._lanes if self._owner(lane) is member]
            member.positions = {lane: member.positions.get(lane, self.committed(lane)) for lane in mine}

    def _owner(self, lane: TopicPartition) -> Member | None:
        interested = [member for member in self._members if lane.topic in member.topics]
        return interested[lane.partition % len(interested)] if interested else None
