"""JSON logs: one object a line, verb-first ``event``, identifiers and codes only, never a patient's words."""

import logging
import sys
from pathlib import Path

import structlog
import structlog.typing

from shared.observability.tracing import log_fields


def _name_cause(
    _logger: structlog.typing.WrappedLogger, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Name the trace and the booking that the present work belongs to."""
    return {**line, **log_fields()}


_EVERY_LINE: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    _name_cause,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    ),
]
_OUR_LINES = [*_EVERY_LINE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
"""One list for the whole process: loggers keep the one they first saw, and are captured by what is put into it."""


def configure_logging(file: Path | None = None) -> None:
    """Send every log line, the libraries' included, as JSON to a file, or to standard error.

    Args:
        file: appended to; its folder is made.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_EVERY_LINE,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Request lines carry addresses and signed links; httpx and uvicorn say them at INFO.
    for chatty in ("httpx", "httpcore", "uvicorn.access", "aiosqlite", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=_OUR_LINES,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
