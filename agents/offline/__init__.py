"""The roles played by rule, with no model at all."""
