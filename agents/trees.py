"""Syntax trees of texts that may be no Python, without what Python warns of in them."""

import ast
import warnings


def tree_of(text: str) -> ast.Module | None:
    """The tree; None when the text is no Python, or nested too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def tree_or_nothing(text: str) -> ast.Module:
    """The tree; an empty one when the text is no Python."""
    return tree_of(text) or ast.Module(body=[], type_ignores=[])
