"""What comes next."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.add_column("products", sa.Column("weight", sa.Integer(), nullable=False, server_default="0"))
