"""Tested, parametrised FastAPI building blocks and how they are placed into an application."""
