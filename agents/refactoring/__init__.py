"""Refactoring: what is to be changed, in steps, and what of each step may be left out."""
