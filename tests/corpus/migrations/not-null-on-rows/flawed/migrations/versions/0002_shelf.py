"""Shelves of books."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("books") as batch:
        batch.add_column(sa.Column("shelf", sa.String(20), nullable=False))


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("books") as batch:
        batch.drop_column("shelf")
