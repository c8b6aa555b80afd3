"""Held-out checks: a part of the acceptance tests whose text and output the builder never sees.

About a third of the cases, chosen by a seed nobody picks (the plan), and only cases whose every criterion keeps a test
the builder can see: what is asked for is never secret, only how all of it is checked.
"""

import ast
import hashlib
import io
import tokenize
from collections import Counter
from collections.abc import Collection, Sequence

from agents.contracts import Plan, TestCase, TestFile, TestSuite
from sandbox.reports import TestResult

SHARE = 3
"""One of so many cases is held out, at most."""


def seed_of(plan: Plan) -> str:
    """The seed of a plan: the same plan always splits in the same way."""
    return hashlib.sha256(plan.model_dump_json().encode()).hexdigest()


def split(cases: Sequence[TestCase], seed: str) -> tuple[tuple[TestCase, ...], tuple[TestCase, ...]]:
    """Visible and held-out cases, each in the order given.

    Held out is at most every third case, none that guards what was there before, none without a criterion, and none
    that would leave one of its criteria without a visible test that is no guard.
    """
    left = Counter(criterion for case in cases if not case.guard for criterion in set(case.criteria))
    held: set[str] = set()
    for case in sorted(cases, key=lambda c: hashlib.sha256(f"{seed}\0{c.node_id}".encode()).digest()):
        if len(held) >= len(cases) // SHARE:
            break
        wanted = set(case.criteria)
        if wanted and not case.guard and case.node_id not in held and all(left[one] > 1 for one in wanted):
            held.add(case.node_id)
            left.subtract(wanted)
    visible = tuple(c for c in cases if c.node_id not in held)
    return visible, tuple(c for c in cases if c.node_id in held)


def visible_suite(suite: TestSuite, seed: str) -> tuple[TestSuite, tuple[TestCase, ...]]:
    """The suite the builder may read, and the cases taken out of it.

    Helpers and fixtures stay. A file that holds something the cut cannot be made in keeps all its tests, visible; a
    module of which nothing but held-out tests would be left is not shown at all.
    """
    cuttable = {f.path: _functions(f) for f in suite.files}
    eligible = [c for c in suite.cases if _place(c.node_id)[1] in cuttable.get(_place(c.node_id)[0], {})]
    _, held = split(eligible, seed)
    gone: dict[str, set[str]] = {}
    for case in held:
        path, name = _place(case.node_id)
        gone.setdefault(path, set()).add(name)
    files = tuple(_without(f, gone.get(f.path, set()), cuttable[f.path]) for f in suite.files)
    shown = tuple(f for f in files if f.path not in gone or _tests(f))
    names = {c.node_id for c in held}
    return TestSuite(files=shown, cases=tuple(c for c in suite.cases if c.node_id not in names)), held


def concealed(failures: Sequence[TestResult], held: Collection[TestCase], plan: Plan) -> tuple[TestResult, ...]:
    """Failures as the builder may read them: of a held-out check only the criteria it proves, which are public."""
    criteria = {c.id: c.text for c in plan.criteria}
    known = {c.node_id: c for c in held}
    told: dict[str, TestResult] = {}
    for failure in failures:
        case = known.get(failure.node_id.split("[")[0])
        if case is None:
            told[failure.node_id] = failure
            continue
        said = "; ".join(f"{one} {criteria.get(one, '')}".strip() for one in case.criteria)
        name = f"held-out check of {', '.join(case.criteria)}"
        told[name] = TestResult(node_id=name, outcome="failed", message=f"not met in every case: {said}")
    return tuple(told.values())


def _place(node_id: str) -> tuple[str, str]:
    path, _, name = node_id.partition("::")
    return path, name


def _functions(file: TestFile) -> dict[str, tuple[int, int]]:
    """Top-level test functions with their lines (from 1, decorators included); none when there is any doubt."""
    try:
        body = ast.parse(file.content).body
        list(tokenize.generate_tokens(io.StringIO(file.content).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return {}
    found = [n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name.startswith("test")]
    if len({n.name for n in found}) != len(found):
        return {}
    spans = {n.name: (min([n.lineno, *(d.lineno for d in n.decorator_list)]), n.end_lineno or n.lineno) for n in found}
    others = {n.lineno for n in body if n not in found}
    return {name: span for name, span in spans.items() if not others & set(range(span[0], span[1] + 1))}


def _without(file: TestFile, names: Collection[str], spans: dict[str, tuple[int, int]]) -> TestFile:
    if not names:
        return file
    lines = file.content.split("\n")
    gone: set[int] = set()
    for first, last in (spans[name] for name in names):
        while last < len(lines) - 1 and not lines[last].strip():
            last += 1
        gone.update(range(first, last + 1))
    kept = "\n".join(text for number, text in enumerate(lines, 1) if number not in gone)
    return file.model_copy(update={"content": kept.rstrip("\n") + "\n"})


def _tests(file: TestFile) -> bool:
    return bool(_functions(file))
