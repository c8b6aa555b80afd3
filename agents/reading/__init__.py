"""Reading an existing FastAPI application from its source text; nothing of it is ever imported."""
