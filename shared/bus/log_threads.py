"""The log file off the loop: a thread that writes, a thread that reads, and one wait for the disk for many callers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shared.bus.log_file import LogFile, Positions
from shared.bus.port import Message, TopicPartition
from shared.clock import Clock
from shared.errors import TransientError
from shared.events.topics import TopicSpec


@dataclass(frozen=True, slots=True)
class _Write:
    """Something that waits for the writing thread."""

    done: asyncio.Future[None]
    messages: Sequence[tuple[int, Message]]
    positions: Mapping[str, Positions]


class LogThreads:
    """An open log file; make one with ``open()``.

    All that is to be written while a write is under way goes to disk together in the next one.

    Attributes:
        on_growth: called with the new ends of lanes that grew, after each write.
    """

    def __init__(self, writer: LogFile, reader: LogFile, threads: Sequence[ThreadPoolExecutor], clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._threads = threads
        self._clock = clock
        self.on_growth: Callable[[Positions], None] = lambda _ends: None
        self._waiting: list[_Write] = []
        self._flushing: asyncio.Task[None] | None = None
        self._open = True

    @classmethod
    async def open(cls, path: Path, topics: Mapping[str, TopicSpec], clock: Clock) -> "LogThreads":
        """Open the file once for each thread.

        Raises:
            ConfigurationError: the path cannot be used as a log, with what to do.
        """
        loop = asyncio.get_running_loop()
        threads = [ThreadPoolExecutor(1, f"log-{role}") for role in ("write", "read")]
        files: list[LogFile] = []
        try:
            for thread in threads:
                files.append(await loop.run_in_executor(thread, LogFile, path, topics))  # noqa: PERF401 - kept to be closed
        except BaseException:
            for file in files:
                file.close()
            _release(threads)
            raise
        writer, reader = files
        return cls(writer, reader, threads, clock)

    @property
    def lanes(self) -> Sequence[TopicPartition]:
        """Every lane of the file."""
        return self._reader.lanes

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        if self._flushing is not None:
            await self._flushing
        await self.read(LogFile.close)
        await self.maintain(LogFile.close)
        self._open = False
        _release(self._threads)

    async def write(
        self, *, messages: Sequence[tuple[int, Message]] = (), positions: Mapping[str, Positions] | None = None
    ) -> None:
        """Append messages and move groups; all or nothing, and on disk when this returns.

        Raises:
            TransientError: the disk is full, the file is locked, or the log is closed; nothing was written.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Write(done, messages, positions or {}))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        await done

    async def read[T](self, question: Callable[[LogFile], T]) -> T:
        """Ask the file something, on the reading thread."""
        return await self._run(1, lambda: question(self._reader))

    async def maintain[T](self, work: Callable[[LogFile], T]) -> T:
        """Do something to the file, on the writing thread."""
        return await self._run(0, lambda: work(self._writer))

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._write_together(batch)
        finally:
            self._flushing = None

    async def _write_together(self, batch: Sequence[_Write]) -> None:
        messages = [message for write in batch for message in write.messages]
        positions: dict[str, dict[TopicPartition, int]] = {}
        for write in batch:
            for group, offsets in write.positions.items():
                positions.setdefault(group, {}).update(offsets)
        waiting = [write.done for write in batch]
        try:
            ends = await self.maintain(lambda file: file.write(messages, positions, self._clock()))
        except Exception as error:  # noqa: BLE001 - every caller in the batch gets it
            for done in waiting:
                if not done.done():  # its caller was cancelled
                    done.set_exception(error)
        else:
            self.on_growth(ends)
            for done in waiting:
                if not done.done():
                    done.set_result(None)

    async def _run[T](self, thread: int, work: Callable[[], T]) -> T:
        if not self._open:
            message = "The event log is closed. Start the bus again before using it."
            raise TransientError(message)
        return await asyncio.get_running_loop().run_in_executor(self._threads[thread], work)


def _release(threads: Sequence[ThreadPoolExecutor]) -> None:
    for thread in threads:
        thread.shutdown(wait=False)
