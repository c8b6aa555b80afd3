"""Families of edits: the fix of a bug is among the candidates, near the top, and every candidate is Python."""

import itertools
import re
import textwrap
import time
from pathlib import Path

import pytest

from agents.repair.candidate import Candidate, Suspect, apply
from agents.repair.candidates import candidates, pairs
from agents.repair.families.table import family_names
from agents.repair.hints import Hints

ROOT = Path(__file__).resolve().parents[2]


def found(broken: str, hints: Hints | None = None, lines: dict[int, float] | None = None) -> list[Candidate]:
    broken = textwrap.dedent(broken)
    scores = lines or dict.fromkeys(range(1, broken.count("\n") + 1), 1.0)
    suspects = [Suspect("m.py", line, score) for line, score in scores.items()]
    return list(candidates({"m.py": broken}, suspects, hints))


def rank(broken: str, fixed: str, hints: Hints | None = None) -> int:
    """The place of the fix among the candidates, from 0."""
    sources = {"m.py": textwrap.dedent(broken)}
    texts = [apply(candidate, sources)["m.py"] for candidate in found(broken, hints)]
    assert textwrap.dedent(fixed) in texts, "the fix is not among the candidates"
    return texts.index(textwrap.dedent(fixed))


def test_no_set_is_made_of_what_was_sorted() -> None:
    """Its order differs from process to process: tests would pass by chance."""
    code = "def f(a):\n    return sorted(a)\n"
    assert not any("set(sorted" in apply(one, {"m.py": code})["m.py"] for one in found(code))


ONE_LINE = [
    ("return a if a < b else b", "return a if a <= b else b"),
    ("return a + b * 2", "return (a + b) * 2"),
    ("return a / b", "return a // b"),
    ("return a - b", "return b - a"),
    ("return a and b", "return a or b"),
    ("return not a", "return a"),
    ("return a or 5", "return a if a is not None else 5"),
    ("return [x for x in range(a)]", "return [x for x in range(1, a + 1)]"),
    ("return a[1:b]", "return a[1:b + 1]"),
    ("return a[:3]", "return a[3:]"),
    ("return a[0]", "return a[-1]"),
    ("return sorted(a)", "return sorted(set(a))"),
    ("return a[b]", "return a.get(b, 0)"),
    ("return max(a, b)", "return min(a, b)"),
    ("return any(x for x in a)", "return all(x for x in a)"),
    ("return sorted(a)", "return sorted(a, reverse=True)"),
    ("return sorted(a, key=lambda p: (p[0], p[1]))", "return sorted(a, key=lambda p: (-p[0], p[1]))"),
    ("return a.strip", "return a.strip()"),
    ("return a.lstrip('x')", "return a.strip('x')"),
    ("return a.append(b)", "return a.extend(b)"),
    ("return pow(a, b)", "return pow(b, a)"),
    ("return a == b", "return a.lower() == b.lower()"),
    ("return (a + b) / 2 * 100", "return round((a + b) / 2 * 100, 2)"),
    ("a.replace('x', 'y')", "a = a.replace('x', 'y')"),
    ("a + b", "return a + b"),
    ("return True", "return False"),
    ("raise ValueError('no')", "raise TypeError('no')"),
    ("return a / b", "return a / b if b else 0"),
    ('return "{a} and {b}"', 'return f"{a} and {b}"'),
    ("return a.sort()", "return sorted(a)"),
    ("a = a.append(b)", "a.append(b)"),
    ("return [[0] * a] * b", "return [[0] * a for _ in range(b)]"),
    ("return a.x < b.x or a.y < b.y", "return (a.x, a.y) < (b.x, b.y)"),
    ("return sorted(a, key=lambda p: p[1], reverse=True)", "return sorted(a, key=lambda p: (-p[1], p[0]))"),
    ("return sum(p.price for p in a if p.count)", "return sum(p.price * p.count for p in a if p.count)"),
]


@pytest.mark.parametrize(("broken", "fixed"), ONE_LINE, ids=[f for _, f in ONE_LINE])
def test_a_wrong_expression(broken: str, fixed: str) -> None:
    assert rank(f"def f(a, b):\n    {broken}\n", f"def f(a, b):\n    {fixed}\n") < 150


def test_a_return_inside_the_loop_moves_out() -> None:
    broken = """
        def total(values):
            result = 0
            for value in values:
                result += value
                return result
        """
    fixed = """
        def total(values):
            result = 0
            for value in values:
                result += value
            return result
        """
    assert rank(broken, fixed) < 5


def test_a_start_value_set_in_every_turn_moves_before_the_loop() -> None:
    broken = """
        def total(values):
            for value in values:
                result = 0
                result += value
            return result
        """
    fixed = """
        def total(values):
            result = 0
            for value in values:
                result += value
            return result
        """
    assert rank(broken, fixed) < 10


def test_a_shared_default_is_made_for_every_call() -> None:
    broken = """
        def collect(item, into=[]):
            into.append(item)
            return into
        """
    fixed = """
        def collect(item, into=None):
            if into is None:
                into = []
            into.append(item)
            return into
        """
    assert rank(broken, fixed) == 0


def test_what_is_left_behind_a_loop() -> None:
    broken = """
        def runs(values):
            found, run = [], []
            for value in values:
                if run and value != run[-1]:
                    found.append(run)
                    run = []
                run.append(value)
            return found
        """
    fixed = broken.replace(
        "            return found", "            if run:\n                found.append(run)\n            return found"
    )
    assert rank(broken, fixed) < 40


def test_a_name_of_the_object() -> None:
    broken = """
        class Counter:
            def __init__(self):
                self.count = 0

            def step(self):
                count += 1
                return self.count
        """
    fixed = broken.replace("        count += 1", "        self.count += 1")
    assert rank(broken, fixed, Hints(messages=("UnboundLocalError: cannot access local variable 'count'",))) < 5


def test_a_lookup_that_compares_too_little() -> None:
    broken = """
        class Line:
            def __init__(self, name, price):
                self.name = name
                self.price = price


        def find(lines, name, price):
            return [line for line in lines if line.name == name]
        """
    fixed = broken.replace("line.name == name", "line.name == name and line.price == price")
    assert rank(broken, fixed) < 30


def test_what_a_test_asks_for_is_no_exception_to_make() -> None:
    broken = "def leap(year):\n    return year % 4 == 0 and year % 100 != 0\n"
    hints = Hints(tests=("def test_leap():\n    assert leap(2000)\n    assert not leap(1900)\n",))
    texts = [apply(candidate, {"m.py": broken})["m.py"] for candidate in found(broken, hints)]
    assert not [text for text in texts if "% 1900" in text or "!= 2000" in text]


@pytest.mark.parametrize(
    ("broken", "fixed"),
    [
        ("for n in a:\n    b.append(lambda: n)", "for n in a:\n    b.append(lambda n=n: n)"),
        ("c = (n for n in a)\nreturn sum(c), list(c)", "c = [n for n in a]\nreturn sum(c), list(c)"),
        ("a[b] = [c]", "a.setdefault(b, []).append(c)"),
        ("a[b] = {c}", "a.setdefault(b, set()).add(c)"),
        ("a[b] = c", "a[b] += c"),
        ("c = a[:]", "c = [list(row) for row in a]"),
        ("return a.get(b)", "return a.get(b) or 0"),
        ("a(b, -c)\na(c, c)", "a(b, c)\na(c, -c)"),
    ],
)
def test_what_python_lets_pass(broken: str, fixed: str) -> None:
    texts = [f"def f(a, b, c):\n{textwrap.indent(text, '    ')}\n" for text in (broken, fixed)]
    assert rank(*texts) < 150


def test_a_default_is_neither_shared_nor_kept() -> None:
    broken = """
        class Stock:
            def __init__(self, lots=[]):
                self.lots = lots
        """
    fixed = broken.replace("=[]", "=None").replace("= lots", "= list(lots or [])")
    assert rank(broken, fixed) < 3


def test_what_is_converted_elsewhere() -> None:
    broken = """
        def plain(card):
            return card.replace(" ", "")


        def known(cards, card):
            return plain(card) in cards


        def find(cards, card):
            return cards.get(card)
        """
    assert rank(broken, broken.replace("cards.get(card)", "cards.get(plain(card))")) < 60


def test_a_variable_that_nothing_reads_is_tried_first() -> None:
    broken = """
        def area(width, height):
            return width * width
        """
    fixed = """
        def area(width, height):
            return width * height
        """
    assert rank(broken, fixed) < 4


def test_the_base_case_of_a_recursion() -> None:
    broken = """
        def factorial(n):
            return n * factorial(n - 1)
        """
    fixed = """
        def factorial(n):
            if n <= 1:
                return 1
            return n * factorial(n - 1)
        """
    assert rank(broken, fixed, Hints(messages=("RecursionError: maximum recursion depth exceeded",))) < 60


def test_the_exception_that_was_raised_is_the_one_to_catch() -> None:
    broken = """
        def read(text):
            try:
                return int(text)
            except KeyError:
                return None
        """
    fixed = broken.replace("KeyError", "ValueError")
    assert rank(broken, fixed, Hints(messages=("ValueError: invalid literal for int()",))) < 3


def test_a_constant_of_the_tests_is_an_ingredient() -> None:
    broken = "LIMIT = 30\n\n\ndef full(n):\n    return n >= LIMIT\n"
    fixed = broken.replace("30", "64")
    assert rank(broken, fixed, Hints(tests=("def test_full():\n    assert full(64)\n",))) < 60


def test_more_suspicion_comes_first() -> None:
    broken = "def f(a, b):\n    if a < b:\n        return a\n    if a > b:\n        return b\n    return 0\n"
    first = found(broken, lines={2: 0.2, 4: 1.0})[0]
    assert first.line == 4


def test_candidates_differ_from_each_other_and_are_python() -> None:
    path = ROOT / "sandbox" / "mutants.py"
    text = path.read_text()
    suspects = [Suspect("m.py", line, 1.0) for line in range(1, text.count("\n") + 1)]
    every = list(itertools.islice(candidates({"m.py": text}, suspects), 5000))
    results = [apply(candidate, {"m.py": text})["m.py"] for candidate in every]
    assert len(set(results)) == len(results) > 1000
    for result in results[::7]:
        compile(result, "m.py", "exec")


def test_thousands_of_candidates_take_a_moment() -> None:
    text = (ROOT / "agents" / "edits.py").read_text()
    suspects = [Suspect("m.py", line, 1.0) for line in range(1, text.count("\n") + 1)]
    began = time.process_time()
    count = len(list(itertools.islice(candidates({"m.py": text}, suspects), 5000)))
    assert count > 2000
    assert (time.process_time() - began) / count < 0.002


def test_bodies_on_the_line_of_their_head_are_left_where_they_are() -> None:
    broken = "def f(a): return a\n\n\nclass A:\n    def g(self, n): return self.g(n - 1)\n"
    for candidate in found(broken, Hints(messages=("RecursionError",))):
        compile(apply(candidate, {"m.py": broken})["m.py"], "m.py", "exec")


def test_text_beyond_ascii_keeps_its_place() -> None:
    broken = 'def f(a, b):\n    name = "größe" ; return a < b\n'
    fixed = 'def f(a, b):\n    name = "größe" ; return a <= b\n'
    assert rank(broken, fixed) < 50


def test_pairs_do_not_touch_each_other() -> None:
    broken = "def f(a, b):\n    low = a < b\n    high = a > b\n    return low, high\n"
    sources = {"m.py": broken}
    texts = {apply(pair, sources).get("m.py") for pair in pairs(found(broken)[:40])}
    assert broken.replace("a < b", "a <= b").replace("a > b", "a >= b") in texts
    assert None not in texts


def test_the_documentation_names_every_topic() -> None:
    page = (ROOT / "docs" / "repair-edits.md").read_text()
    topics = {path.stem for path in (ROOT / "agents" / "repair" / "families").glob("*.py")} - {
        "__init__",
        "base",
        "building",
        "table",
    }
    assert topics == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert len(family_names()) > 100
