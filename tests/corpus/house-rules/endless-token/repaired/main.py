from datetime import UTC, datetime, timedelta

import jwt

from shop.settings import settings

LIFETIME = timedelta(minutes=30)


def make_token(user_id: int) -> str:
    """A token for a user."""
    now = datetime.now(UTC)
    claims = {"sub": str(user_id), "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm="HS256")
