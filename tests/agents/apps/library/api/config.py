from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LIBRARY_", env_file=".env")

    database_url: str = "postgresql://library@localhost/library"
    secret_key: str
    token_minutes: int = 30
    api_prefix: str = "/api/v1"


settings = Settings()
