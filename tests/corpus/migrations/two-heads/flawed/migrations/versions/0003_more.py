"""More."""

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
