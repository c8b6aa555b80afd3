"""What comes next."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.create_index("ix_products_name", "products", ["name"])
