"""follow a booking through the room."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("event_type", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("correlation_id", sa.String(), nullable=True))
        batch_op.create_index(
            "ix_inbox_correlation_id",
            ["correlation_id"],
            unique=False,
            sqlite_where=sa.text("correlation_id IS NOT NULL"),
            postgresql_where=sa.text("correlation_id IS NOT NULL"),
        )

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("correlation_id", sa.String(), nullable=True))
        batch_op.create_index(
            "ix_outbox_correlation_id",
            ["correlation_id"],
            unique=False,
            sqlite_where=sa.text("correlation_id IS NOT NULL"),
            postgresql_where=sa.text("correlation_id IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_outbox_correlation_id")
        batch_op.drop_column("correlation_id")

    with op.batch_alter_table("inbox", schema=None, table_kwargs={"sqlite_with_rowid": False}) as batch_op:
        batch_op.drop_index("ix_inbox_correlation_id")
        batch_op.drop_column("correlation_id")
        batch_op.drop_column("event_type")
