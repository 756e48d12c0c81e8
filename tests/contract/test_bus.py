"""What every bus adapter must do. Expectations are written by hand; the adapters are in conftest.py."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.bus.port import Bus, LaneRevokedError, Message, Record, Subscription
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import DAYS, TOPICS, VISITS
from tests.contract.conftest import OpenBus


def letters(keys: str, start: int = 0) -> list[Message]:
    """Return a message for each letter, which is its key, numbered in its value."""
    return [Message(VISITS, key.encode(), str(number).encode()) for number, key in enumerate(keys, start)]


async def take(subscription: Subscription, count: int) -> list[Record]:
    """Poll until this many records came."""
    records: list[Record] = []
    async with asyncio.timeout(10):
        while len(records) < count:
            records += await subscription.poll(100, 5)
    return records


async def commit_all(subscription: Subscription, records: Sequence[Record]) -> None:
    """Commit what was polled."""
    await subscription.commit({record.lane: record.offset + 1 for record in records})


async def collect(stream: AsyncIterator[Record], count: int) -> list[Record]:
    """Take this many records from a stream."""
    records: list[Record] = []
    async with asyncio.timeout(10):
        async for record in stream:
            records.append(record)
            if len(records) == count:
                break
    return records


def values(records: Sequence[Record]) -> list[int]:
    """Return the numbers in the records, sorted."""
    return sorted(int(record.value) for record in records)


async def test_records_of_a_key_come_in_the_order_they_were_published(bus: Bus) -> None:
    await bus.publish(letters("abcab"))
    await bus.publish(letters("cab", start=5))
    async with bus.subscribe("g", [VISITS]) as subscription:
        by_key = defaultdict(list)
        for record in await take(subscription, 8):
            by_key[record.key].append(int(record.value))
    assert by_key == {b"a": [0, 3, 6], b"b": [1, 4, 7], b"c": [2, 5]}


async def test_a_key_stays_in_its_lane_after_a_reopening(open_bus: OpenBus) -> None:
    first = await open_bus()
    await first.publish(letters("abcdefgh"))
    await first.stop()
    second = await open_bus()
    await second.publish(letters("abcdefgh"))
    async with second.subscribe("g", [VISITS]) as subscription:
        lanes = defaultdict(set)
        for record in await take(subscription, 16):
            lanes[record.key].add(record.lane)
    assert len(lanes) == 8
    assert all(len(found) == 1 for found in lanes.values())
    assert len(set.union(*lanes.values())) > 1


async def test_offsets_count_from_zero_without_gaps(bus: Bus) -> None:
    await bus.publish(letters("abcabcabc"))
    await bus.publish(letters("aaa", start=9))
    async with bus.subscribe("g", [VISITS]) as subscription:
        offsets = defaultdict(list)
        for record in await take(subscription, 12):
            offsets[record.lane].append(record.offset)
    assert all(found == list(range(len(found))) for found in offsets.values())


@pytest.mark.parametrize(
    "message",
    [
        Message(VISITS, b"k", b""),
        Message(VISITS, b"", b"no key"),
        Message(VISITS, "ключ".encode(), "Zoë 🩸".encode(), {"ce_source": "/räume".encode()}),
        Message(VISITS, bytes(range(256)), bytes(range(255, -1, -1)), {"raw": bytes(range(256)), "empty": b""}),
        Message(VISITS, b"k", b"\x00" * 900_000, {"large": b"yes"}),
    ],
    ids=["empty value", "empty key", "unicode", "every byte", "900 kB"],
)
async def test_a_message_comes_back_as_it_was(bus: Bus, message: Message) -> None:
    await bus.publish([message])
    async with bus.subscribe("g", [VISITS]) as subscription:
        (record,) = await take(subscription, 1)
    assert (record.topic, record.key, record.value, dict(record.headers)) == (
        message.topic,
        message.key,
        message.value,
        dict(message.headers),
    )


async def test_a_record_knows_when_the_bus_took_it(bus: Bus) -> None:
    await bus.publish(letters("a"))
    async with bus.subscribe("g", [VISITS]) as subscription:
        (record,) = await take(subscription, 1)
    assert record.timestamp is not None
    assert record.timestamp.tzinfo is not None


async def test_two_members_of_a_group_share_the_records(bus: Bus) -> None:
    keys = "abcdefghijklmnopqrstuvwxyz"
    async with bus.subscribe("g", [VISITS]) as one, bus.subscribe("g", [VISITS]) as two:
        await bus.publish(letters(keys))
        mine: list[Record] = []
        yours: list[Record] = []
        async with asyncio.timeout(10):
            while len(mine) + len(yours) < len(keys):
                mine += await one.poll(100, 0.1)
                yours += await two.poll(100, 0.1)
    assert values([*mine, *yours]) == list(range(26))
    assert mine
    assert yours
    assert not {record.lane for record in mine} & {record.lane for record in yours}


async def test_two_groups_both_get_every_record(bus: Bus) -> None:
    await bus.publish(letters("abc"))
    async with bus.subscribe("g", [VISITS]) as one, bus.subscribe("h", [VISITS]) as two:
        assert values(await take(one, 3)) == [0, 1, 2]
        assert values(await take(two, 3)) == [0, 1, 2]


async def test_a_group_gets_the_topics_it_asked_for(bus: Bus) -> None:
    await bus.publish([Message(DAYS, b"d", b"1"), Message(VISITS, b"v", b"2")])
    async with bus.subscribe("g", [DAYS]) as subscription:
        assert [record.topic for record in await take(subscription, 1)] == [DAYS]
        assert not await subscription.poll(10, 0.05)


async def test_a_new_group_begins_at_the_earliest_record(bus: Bus) -> None:
    await bus.publish(letters("abc"))
    async with bus.subscribe("late", [VISITS]) as subscription:
        assert values(await take(subscription, 3)) == [0, 1, 2]


async def test_what_was_not_committed_comes_again(bus: Bus) -> None:
    await bus.publish(letters("aaaa"))
    async with bus.subscribe("g", [VISITS]) as subscription:
        records = await take(subscription, 4)
        await commit_all(subscription, records[:2])
    async with bus.subscribe("g", [VISITS]) as subscription:
        assert values(await take(subscription, 2)) == [2, 3]
        assert not await subscription.poll(10, 0.05)


async def test_committed_offsets_survive_a_reopening(open_bus: OpenBus) -> None:
    first = await open_bus()
    await first.publish(letters("abca"))
    async with first.subscribe("g", [VISITS]) as subscription:
        await commit_all(subscription, await take(subscription, 4))
    await first.stop()
    second = await open_bus()
    await second.publish(letters("z", start=4))
    async with second.subscribe("g", [VISITS]) as subscription:
        assert values(await take(subscription, 1)) == [4]
        assert not await subscription.poll(10, 0.05)


async def test_published_records_survive_a_reopening(open_bus: OpenBus) -> None:
    first = await open_bus()
    await first.publish(letters("abc"))
    await first.stop()
    second = await open_bus()
    async with second.subscribe("g", [VISITS]) as subscription:
        assert values(await take(subscription, 3)) == [0, 1, 2]


async def test_a_rewind_delivers_again_what_was_not_committed(bus: Bus) -> None:
    await bus.publish(letters("aaa"))
    async with bus.subscribe("g", [VISITS]) as subscription:
        records = await take(subscription, 3)
        await commit_all(subscription, records[:1])
        subscription.rewind()
        assert values(await take(subscription, 2)) == [1, 2]


async def test_a_revoked_lane_cannot_be_committed_and_is_delivered_to_its_new_owner(bus: Bus) -> None:
    keys = "abcdefghijklmnopqrstuvwxyz"
    await bus.publish(letters(keys))
    async with bus.subscribe("g", [VISITS]) as old:
        mine = await take(old, len(keys))
        async with bus.subscribe("g", [VISITS]) as new:
            got: list[Record] = []
            async with asyncio.timeout(10):
                while not got:
                    got += await new.poll(100, 0.1)
                    await old.poll(100, 0.01)
            lost = {record.lane for record in got}
            taken = [record for record in mine if record.lane in lost]
            with pytest.raises(LaneRevokedError, match=VISITS):
                await commit_all(old, taken)
            assert {record.value for record in got} <= {record.value for record in taken}
            await commit_all(old, [record for record in mine if record.lane not in lost])


async def test_a_member_that_leaves_hands_its_lanes_to_those_who_stay(bus: Bus) -> None:
    async with bus.subscribe("g", [VISITS]) as stays:
        async with bus.subscribe("g", [VISITS]):
            pass
        await bus.publish(letters("abcdefgh"))
        assert values(await take(stays, 8)) == list(range(8))


async def test_lag_counts_what_is_not_committed(bus: Bus) -> None:
    await bus.publish(letters("aaaaa"))
    async with bus.subscribe("g", [VISITS]) as subscription:
        records = await take(subscription, 5)
        await commit_all(subscription, records[:3])
        lag = await subscription.lag()
        assert sum(lag.values()) == 2
        assert lag[records[0].lane] == 2
        assert len(lag) == TOPICS[VISITS].partitions


async def test_a_waiting_poll_is_woken_by_a_publish(bus: Bus) -> None:
    async with bus.subscribe("g", [VISITS]) as subscription:
        waiting = asyncio.create_task(take(subscription, 1))
        await asyncio.sleep(0)
        await bus.publish(letters("a"))
        assert values(await waiting) == [0]


async def test_a_publish_by_another_handle_is_seen(open_bus: OpenBus) -> None:
    reader, writer = await open_bus(), await open_bus()
    async with reader.subscribe("g", [VISITS]) as subscription:
        waiting = asyncio.create_task(take(subscription, 3))
        await writer.publish(letters("abc"))
        assert values(await waiting) == [0, 1, 2]


async def test_a_poll_without_records_ends_after_its_wait(bus: Bus) -> None:
    async with bus.subscribe("g", [VISITS]) as subscription:
        assert list(await subscription.poll(10, 0.01)) == []


async def test_a_poll_returns_no_more_than_it_was_asked_for(bus: Bus) -> None:
    await bus.publish(letters("abcdefghij"))
    async with bus.subscribe("g", [VISITS]) as subscription:
        sizes = []
        records: list[Record] = []
        async with asyncio.timeout(10):
            while len(records) < 10:
                page = await subscription.poll(3, 5)
                sizes.append(len(page))
                records += page
    assert max(sizes) <= 3
    assert values(records) == list(range(10))


async def test_many_publishers_at_once_lose_nothing(bus: Bus) -> None:
    await asyncio.gather(*(bus.publish(letters("k", start=n)) for n in range(50)))
    async with bus.subscribe("g", [VISITS]) as subscription:
        assert values(await take(subscription, 50)) == list(range(50))


async def test_a_topic_that_is_not_on_the_list_is_refused_everywhere(bus: Bus) -> None:
    with pytest.raises(ConfigurationError, match="nobody"):
        await bus.publish([*letters("a"), Message("rounds.nobody.v1", b"k", b"v")])
    with pytest.raises(ConfigurationError, match="nobody"):
        async with bus.subscribe("g", ["rounds.nobody.v1"]):
            pass
    with pytest.raises(ConfigurationError, match="nobody"):
        await anext(bus.tail(["rounds.nobody.v1"], from_start=True, follow=False))
    assert [record async for record in bus.tail([VISITS], from_start=True, follow=False)] == []


async def test_a_tail_from_the_start_reads_what_there_is_and_ends(bus: Bus) -> None:
    await bus.publish(letters("abc"))
    await bus.publish([Message(DAYS, b"d", b"3")])
    async with bus.subscribe("g", [VISITS]) as subscription:
        await commit_all(subscription, await take(subscription, 3))
    records = [record async for record in bus.tail([VISITS, DAYS], from_start=True, follow=False)]
    assert values(records) == [0, 1, 2, 3]


async def test_a_tail_that_follows_reads_on(bus: Bus) -> None:
    await bus.publish(letters("ab"))
    stream = bus.tail([VISITS], from_start=True, follow=True)
    assert values(await collect(stream, 2)) == [0, 1]
    stream = bus.tail([VISITS], from_start=False, follow=True)
    following = asyncio.create_task(collect(stream, 1))
    async with asyncio.timeout(10):
        number = 2
        while not following.done():
            await bus.publish(letters("a", start=number))
            number += 1
            await asyncio.sleep(0.01)
    assert values(following.result())[0] >= 2


async def test_a_stopped_bus_says_so(bus: Bus) -> None:
    await bus.stop()
    with pytest.raises(TransientError):
        await bus.publish(letters("a"))
