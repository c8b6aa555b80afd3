"""Which lines of a change count as its statements."""

from sandbox.gates.coverage import statement_lines

SOURCE = b'''"""A module."""

import os


def f(number):
    """A function."""
    try:
        import json
        if number:
            return json.dumps(number)
    except ValueError:
        pass
    values = [
        number,
    ]

    def inner():
        return values

    return inner
'''


def test_statements_inside_of_functions_by_their_first_line() -> None:
    assert sorted(statement_lines(SOURCE)) == [10, 11, 14, 19, 21]


def test_what_cannot_be_parsed_has_none() -> None:
    assert statement_lines(b"def f(:") == set()
