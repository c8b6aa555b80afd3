"""Rules no linter has, over a whole FastAPI repository as text; nothing of it is run."""
