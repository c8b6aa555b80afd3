"""Where it happens, safely: git and Docker. Knows no model, no graph, no settings."""

__product__ = "greenloop"
