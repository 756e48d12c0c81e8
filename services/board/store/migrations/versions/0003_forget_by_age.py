"""find the oldest of what was handled."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_handled_at", ["handled_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("inbox", schema=None, table_kwargs={"sqlite_with_rowid": False}) as batch_op:
        batch_op.drop_index("ix_inbox_handled_at")
