"""Edits built of what a place can see: they come behind every known one, and reach what none of those does."""

import textwrap

import pytest

from agents.repair.candidate import Candidate, Suspect, apply
from agents.repair.candidates import candidates
from agents.repair.hints import Hints

FIXES = [
    ("if a > 1:\n    return b", "if a > 1 and b != c:\n    return b"),
    ("while a:\n    a = b(a)", "while a and c > 0:\n    a = b(a)"),
    ("return [x for x in a]", "return [x for x in a if x]"),
    ("return [x for x in a if x]", "return [x for x in a if x and x != b]"),
    ("for x in a:\n    b.append(x)", "for x in a:\n    if not c:\n        b.append(x)"),
    ("return a + b", "return a + b if a else b"),
    ("for x in a:\n    b.append(x)", "for x in a:\n    if x < 0:\n        continue\n    b.append(x)"),
    ("for x in a:\n    b(x)\nreturn c", "for x in a:\n    if x == c:\n        return c\n    b(x)\nreturn c"),
    ("try:\n    b(a)\nexcept KeyError:\n    pass", "try:\n    b(a)\nexcept OSError:\n    pass"),
    ("return a * 60", "return a * 60 + b"),
    ("return a[b]", "return a[b - c]"),
    ("a(b, c[1])\nreturn b", "a(b, c[1])\nreturn c[1]"),
    ("return a(b)", "return a(b.strip())"),
    ("return (a, b)", "return (a, not c, b)"),
    ("return min(a)", "return min(a, b)"),
    ("return a[:]", "return a[:b + 1]"),
    ("n = 0\nfor x in a:\n    n += x", "n = 0\nfor x in a:\n    n += x\nreturn n > 0"),
    ("if a:\n    b()\nfor x in a:\n    c(x)", "for x in a:\n    c(x)\nif a:\n    b()"),
    ("s = set()\nfor x in a:\n    b(x, x in s)", "s = set()\nfor x in a:\n    b(x, x in s)\n    s.add(x)"),
    ("return int(a)", "if not a.isdigit():\n    return None\nreturn int(a)"),
    ("d = {}\nreturn d.get(a, b)", "d = {}\nd[a] = b\nreturn d.get(a, b)"),
]  # fmt: skip


def function(body: str) -> str:
    return "def f(a, b, c):\n" + textwrap.indent(body, "    ") + "\n"


def made(text: str) -> list[Candidate]:
    suspects = [Suspect("m.py", line, 1.0) for line in range(2, text.count("\n") + 1)]
    return list(candidates({"m.py": text}, suspects))


@pytest.mark.parametrize(("broken", "fixed"), FIXES)
def test_what_is_built(broken: str, fixed: str) -> None:
    text = function(broken)
    assert any(apply(one, {"m.py": text})["m.py"] == function(fixed) for one in made(text))


def test_built_edits_come_last() -> None:
    are_built = [one.family.startswith("built: ") for one in made(function("if a > 1:\n    return b"))]
    assert True in are_built and are_built == sorted(are_built)


def test_fields_are_known_by_what_they_are_set_to() -> None:
    text = textwrap.dedent("""
        class Cache:
            def __init__(self):
                self.kept = {}

            def read(self, key):
                return self.kept[key]
    """)
    wanted = "        self.kept[key] = self.kept.pop(key)\n        return self.kept[key]"
    assert any(wanted in apply(one, {"m.py": text})["m.py"] for one in made(text))


QUEUE = """
class Queue:
    def __init__(self):
        self.entries = {}

    def add(self, item):
        self.entries[item] = True

    def remove(self, item):
        del self.entries[item]
"""


def test_methods_of_the_same_class_are_called_where_they_are_needed() -> None:
    wanted = "        if item in self.entries:\n            self.remove(item)\n        self.entries[item] = True"
    assert any(wanted in apply(one, {"m.py": QUEUE})["m.py"] for one in made(QUEUE))


def test_the_error_that_the_tests_expect_is_raised() -> None:
    text = "class CronError(ValueError):\n    pass\n\n\ndef read(text):\n    return int(text)\n"
    suspects = [Suspect("m.py", 6, 1.0)]
    hints = Hints(tests=("def test_read():\n    with pytest.raises(CronError):\n        read('x')",))
    results = [apply(one, {"m.py": text})["m.py"] for one in candidates({"m.py": text}, suspects, hints)]
    assert any('if not text.isdigit():\n        raise CronError("not valid")\n    return' in one for one in results)
