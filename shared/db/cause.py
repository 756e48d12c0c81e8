"""A column that keeps what a row follows from, for work that is done on it later."""

from sqlalchemy import Dialect, Text, TypeDecorator

from shared.events.values import Cause


class CauseColumn(TypeDecorator[Cause]):
    """A cause as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Cause | None, dialect: Dialect) -> str | None:
        """Write it as JSON."""
        del dialect
        return None if value is None else value.model_dump_json(exclude_none=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Cause | None:
        """Read it back."""
        del dialect
        return None if value is None else Cause.model_validate_json(value)
