"""Attacks on an HTTP service, derived from its own OpenAPI document: what an attacker tries first, as requests."""
