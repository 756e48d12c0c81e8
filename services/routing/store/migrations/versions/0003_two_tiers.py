"""insert at once and search later; leases with a token; visits that come back."""

import sqlalchemy as sa
from alembic import op

from shared.db.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("plan_request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pace", sa.Float(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("token", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("improve_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("cramped", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("inserted", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("carried_from", sa.Date(), nullable=True))
        batch_op.create_index("ix_visit_carried", ["area_id", "carried_from"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_carried")
        batch_op.drop_column("carried_from")

    with op.batch_alter_table("plan_request", schema=None) as batch_op:
        batch_op.drop_column("inserted")
        batch_op.drop_column("cramped")
        batch_op.drop_column("improve_at")
        batch_op.drop_column("token")
        batch_op.drop_column("pace")
