"""The usual reasons why a FastAPI application does not start or does not answer as it should."""
