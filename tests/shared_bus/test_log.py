"""What is the embedded log's own: its file, its threads, its retention."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.bus.log import LogBus
from shared.bus.log_file import LogFile
from shared.bus.port import Message, Record
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import TopicSpec

TOPIC = "rounds.test.thing.v1"
STATE = "rounds.test.state.v1"
TOPICS = {
    TOPIC: TopicSpec(TOPIC, "a letter", partitions=3, retention=timedelta(days=10)),
    STATE: TopicSpec(STATE, "a letter", partitions=1, retention=timedelta(days=10), compacted=True),
}
NEVER = 3_600.0
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def everything(bus: LogBus, topic: str = TOPIC) -> list[Record]:
    """Read a topic from its start."""
    return [record async for record in bus.tail([topic], from_start=True, follow=False)]


def numbered(count: int, key: bytes = b"k", topic: str = TOPIC) -> list[Message]:
    """Return messages numbered from 0 in their value."""
    return [Message(topic, key, str(n).encode()) for n in range(count)]


async def test_a_publish_wakes_a_poll_without_any_timer(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS, poll_seconds=NEVER)
    await bus.start()
    async with bus.subscribe("g", [TOPIC]) as subscription:
        waiting = asyncio.create_task(subscription.poll(10, NEVER))
        while not bus.news._waiters:  # noqa: ASYNC110 - until the poll is asleep
            await asyncio.sleep(0)
        await bus.publish(numbered(1))
        async with asyncio.timeout(5):
            assert len(await waiting) == 1
    await bus.stop()


async def test_a_tail_is_woken_without_any_timer(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS, poll_seconds=NEVER)
    await bus.start()
    waiting = asyncio.ensure_future(anext(bus.tail([TOPIC], from_start=False, follow=True)))
    while not bus.news._waiters:  # noqa: ASYNC110 - until the tail is asleep
        await asyncio.sleep(0)
    await bus.publish(numbered(1))
    async with asyncio.timeout(5):
        assert (await waiting).value == b"0"
    await bus.stop()


async def test_a_stop_ends_a_waiting_poll_with_an_error(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS, poll_seconds=NEVER)
    await bus.start()
    async with bus.subscribe("g", [TOPIC]) as subscription:
        waiting = asyncio.create_task(subscription.poll(10, NEVER))
        while not bus.news._waiters:  # noqa: ASYNC110 - until the poll is asleep
            await asyncio.sleep(0)
        await bus.stop()
        async with asyncio.timeout(5):
            with pytest.raises(TransientError, match="not open"):
                await waiting


async def test_a_tail_gives_all_lanes_in_the_order_of_appending(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS)
    await bus.start()
    await bus.publish([Message(TOPIC, bytes([n % 7]), str(n).encode()) for n in range(1_200)])
    assert [int(record.value) for record in await everything(bus)] == list(range(1_200))
    await bus.stop()


async def test_a_topic_keeps_the_partitions_it_was_created_with(tmp_path: Path) -> None:
    first = LogBus(tmp_path / "log", topics=TOPICS)
    await first.start()
    await first.publish(numbered(1, b"some key"))
    (before,) = await everything(first)
    await first.stop()
    wider = {TOPIC: TopicSpec(TOPIC, "a letter", partitions=12)}
    second = LogBus(tmp_path / "log", topics=wider)
    await second.start()
    await second.publish(numbered(1, b"some key"))
    assert {record.lane for record in await everything(second)} == {before.lane}
    await second.stop()


async def test_a_full_disk_refuses_a_batch_whole_and_takes_it_when_there_is_room(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(1))
    log = bus._open_log
    assert log is not None
    pages = await log.maintain(lambda file: file._db.execute("PRAGMA page_count").fetchone()[0])
    await log.maintain(lambda file: file._db.execute(f"PRAGMA max_page_count = {pages}"))
    batch = [*numbered(3), Message(TOPIC, b"k", b"x" * 100_000)]
    with pytest.raises(TransientError, match=r"disk that holds .* is full"):
        await bus.publish(batch)
    assert len(await everything(bus)) == 1
    await log.maintain(lambda file: file._db.execute(f"PRAGMA max_page_count = {pages + 1_000}"))
    await bus.publish(batch)
    assert [record.offset for record in await everything(bus)] == [0, 1, 2, 3, 4]
    await bus.stop()


async def test_a_file_that_is_not_a_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"Dear diary, today nothing happened. " * 100)
    with pytest.raises(ConfigurationError, match=r"log cannot be used as the event log"):
        await LogBus(path, topics=TOPICS).start()
    assert path.read_bytes().startswith(b"Dear diary")


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigurationError, match="Give another data directory"):
        await LogBus(tmp_path / "taken" / "log", topics=TOPICS).start()


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used as the event log"):
        await LogBus(tmp_path, topics=TOPICS).start()


async def test_the_log_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "log") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigurationError, match="format 99; this release reads 1"):
        await LogBus(tmp_path / "log", topics=TOPICS).start()


async def test_a_file_locked_for_too_long_is_a_passing_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.bus.log_file.BUSY_TIMEOUT_SECONDS", 0.01)
    bus = LogBus(tmp_path / "log", topics=TOPICS)
    await bus.start()
    other = sqlite3.connect(tmp_path / "log", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="locked"):
        await bus.publish(numbered(1))
    other.execute("ROLLBACK")
    other.close()
    await bus.publish(numbered(1))
    assert len(await everything(bus)) == 1
    await bus.stop()


async def test_a_cancelled_publisher_takes_nobody_with_it(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS)
    await bus.start()
    async with bus.subscribe("g", [TOPIC]) as subscription:
        doomed = asyncio.create_task(bus.publish(numbered(1)))
        others = [asyncio.create_task(bus.publish(numbered(1))) for _ in range(3)]
        await asyncio.sleep(0)
        doomed.cancel()
        await asyncio.gather(*others)
        assert len(await subscription.poll(10, 5)) >= 3
    await bus.stop()


async def test_a_second_stop_does_nothing_and_a_new_start_goes_on(tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log", topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(1))
    await bus.stop()
    await bus.stop()
    await bus.start()
    assert len(await everything(bus)) == 1
    await bus.stop()


async def test_pruning_drops_what_is_older_than_the_retention(tmp_path: Path) -> None:
    clock = Hand()
    bus = LogBus(tmp_path / "log", topics=TOPICS, clock=clock)
    await bus.start()
    await bus.publish(numbered(2))
    clock.now += timedelta(days=9)
    await bus.publish(numbered(1))
    assert await bus.prune() == 0
    clock.now += timedelta(days=2)
    assert await bus.prune() == 2
    assert [record.offset for record in await everything(bus)] == [2]
    await bus.publish(numbered(1))
    assert [record.offset for record in await everything(bus)] == [2, 3]
    await bus.stop()


async def test_pruning_spares_what_a_group_has_still_to_read(tmp_path: Path) -> None:
    clock = Hand()
    bus = LogBus(tmp_path / "log", topics=TOPICS, clock=clock)
    await bus.start()
    await bus.publish(numbered(5))
    async with bus.subscribe("slow", [TOPIC]) as subscription:
        (lane,) = {record.lane for record in await subscription.poll(10, 5)}
        await subscription.commit({lane: 2})
    clock.now += timedelta(days=400)
    assert await bus.prune() == 2
    async with bus.subscribe("slow", [TOPIC]) as subscription:
        assert [record.offset for record in await subscription.poll(10, 5)] == [2, 3, 4]
    await bus.stop()


async def test_pruning_happens_at_the_start(tmp_path: Path) -> None:
    clock = Hand()
    bus = LogBus(tmp_path / "log", topics=TOPICS, clock=clock)
    await bus.start()
    await bus.publish(numbered(3))
    await bus.stop()
    clock.now += timedelta(days=11)
    await bus.start()
    assert await everything(bus) == []
    async with bus.subscribe("g", [TOPIC]) as subscription:
        assert sum((await subscription.lag()).values()) == 0
    await bus.stop()


async def test_a_compacted_topic_keeps_the_last_record_of_each_key(tmp_path: Path) -> None:
    clock = Hand()
    bus = LogBus(tmp_path / "log", topics=TOPICS, clock=clock)
    await bus.start()
    await bus.publish([*numbered(3, b"a", STATE), *numbered(2, b"b", STATE)])
    clock.now += timedelta(days=11)
    await bus.publish(numbered(1, b"a", STATE))
    assert await bus.prune() == 4
    assert [(record.key, record.value) for record in await everything(bus, STATE)] == [(b"b", b"1"), (b"a", b"0")]
    await bus.stop()


def test_a_lane_that_is_read_fairly_leaves_room_for_the_others(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log", TOPICS)
    file.write([(0, message) for message in numbered(10)] + [(1, numbered(1)[0])], {}, START)
    lanes = dict.fromkeys(file.lanes[1:3], 0)
    assert [(record.partition, record.offset) for record in file.read(lanes, 4, 2)] == [(0, 0), (0, 1), (1, 0)]
    assert [(record.partition, record.offset) for record in file.read(lanes, 2, 2)] == [(0, 0), (0, 1)]
    file.close()
