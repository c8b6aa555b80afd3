from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """What the environment decides."""

    database_url: str
    async_url: str
    secret_key: SecretStr
    partner_key: str


settings = Settings()
