"""Deterministic refactorings: a repository as text goes in, the same repository written differently comes out."""
