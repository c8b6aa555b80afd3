"""Who decides: roles, models, prompts and knowledge of FastAPI."""

__product__ = "greenloop"
