"""Tests for touched code that no test reaches: recorded on the code before the refactoring, kept only if certain."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agents.contracts import Frozen, TestCase, TestFile
from agents.profile_reader import read_profile
from agents.recipes.recipe import Outcome
from agents.refactoring.characterise import INSIDE, OVER_HTTP, free_path, inside, over_http
from agents.refactoring.planner import after
from agents.refactoring.scripts import reached_by, scripts
from agents.refactoring.steps import Refactoring, seen
from sandbox.errors import RepositoryRefused
from sandbox.gates.contract import document_of
from sandbox.gates.pure import pure_functions
from sandbox.gates.side_by_side import Doing, Subject, called, with_inputs
from sandbox.gates.stand import Stand, Trees
from sandbox.gates.tables import module_name
from sandbox.mutants import is_mutable
from sandbox.recorded import Recorded, record
from sandbox.traced import Span, Traced, not_reached, spans, touched
from sandbox.trust import ACCEPTANCE, kind_of
from workflows.lab import Lab
from workflows.recipe_runs import change_in

REPORT = "characterised"
EXAMPLES = 60
Place = tuple[str, str]
"""Path and function."""


class Characterised(Frozen):
    """What was found and recorded."""

    touched: int = 0
    """Statements in functions that the refactoring may change."""
    reached: int = 0
    """Those that the repository's own tests reach."""
    tests: tuple[str, ...] = ()
    """Node ids of the tests that were recorded."""
    dropped: tuple[str, ...] = ()
    """Those that did not say the same twice."""
    reached_now: int = 0
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """What the code before the change does."""

    taken: Collection[str] = ()
    """Files that are there."""
    answers: Sequence[Recorded] = ()
    calls: Sequence[tuple[Subject, Sequence[Doing]]] = ()

    def tests(self, without: Collection[str] = ()) -> tuple[list[TestFile], list[TestCase]]:
        """As files of tests; `without`: node ids to leave out."""
        outside, within = free_path(OVER_HTTP, self.taken), free_path(INSIDE, self.taken)
        made = [over_http(self.answers, without, outside)] if self.answers else []
        made += [inside(self.calls, without, within)] if self.calls else []
        return [file for file, cases in made if cases], [case for _, cases in made for case in cases]


def touched_by(lab: Lab, base: str, work: Refactoring) -> dict[str, list[Span]]:
    """Statements in functions of the code before that the steps will touch, as far as that is known beforehand."""
    source = lab.commit_source(base)
    before = {path: content for path in seen(source.files()) if (content := source.raw(path)) is not None}
    now = dict(before)
    found: dict[str, list[Span]] = {}
    for step in work.steps:
        if step.recipe:
            outcome: Outcome = change_in(lab)(step.recipe, now, work.paths)
            now = after(now, outcome.changes)
        else:
            for path in (p for p in step.files if p in before and _is_code(p)):
                found[path] = [span for span in spans(before[path]) if span.function]
    for path, content in before.items():
        if path not in found and _is_code(path) and now.get(path) != content:
            found[path] = [span for span in touched(now.get(path, b""), content) if span.function]
    return {path: rows for path, rows in found.items() if rows}


def _is_code(path: str) -> bool:
    return is_mutable(path) and kind_of(path) is None


def count_reached(wanted: Mapping[str, Sequence[Span]], run: Traced) -> tuple[int, set[Place]]:
    """How many statements ran, and the functions of those that did not."""
    left = {path: not_reached(rows, run.lines.get(path, ())) for path, rows in wanted.items()}
    total = sum(len(rows) for rows in wanted.values())
    places = {(path, span.function) for path, rows in left.items() for span in rows}
    return total - sum(len(rows) for rows in left.values()), places


def recorded(lab: Lab, base: str, places: set[Place] | None) -> Recording:
    """Call and ask for what reaches some functions (None: every operation of the service) and write down what comes.

    Raises:
        EngineFault: the engine was lost.
    """
    service = lab.service(base)
    source = lab.commit_source(base)
    trees = Trees(base=source.listing, head=source.listing, changed=set(), services={"base": service, "head": service})
    routes = None
    if places is not None:
        code = {path: source.raw(path) or b"" for path in source.files() if path.endswith(".py") and _is_code(path)}
        reaching = reached_by(places, code)
        names = {(path, name.rpartition(".")[2]) for path, name in reaching}
        routes = [r for r in read_profile(source).routes if (r.handler.file, r.handler.name) in names]
    engine = lab.engine.supplied(lab.extras(base))
    with engine.open(lab.image(base), run_id=lab.run_id, limits=lab.limits) as box:
        stand = Stand(box, trees)
        calls = _calls(stand, places or set())
        answers: list[Recorded] = []
        document = document_of(stand, "base") if service is not None and (routes is None or routes) else None
        if service is not None and document is not None and (wanted := scripts(document, routes)):
            stand.show("base")
            answers = record(box, service, wanted)
    lab.engine.refuse_if_stopped()
    return Recording(source.files(), answers, calls)


def _calls(stand: Stand, places: Collection[Place]) -> list[tuple[Subject, Sequence[Doing]]]:
    """Pure functions among the places with what they do; those that do not do the same twice are left out."""
    chosen = []
    for path, name in sorted(places):
        content = stand.trees.base.content(path) or b""
        one = pure_functions(content).get(name)
        if one is not None:
            chosen.append((Subject(module=module_name(path), name=name, path=path, line=one.line), one))
    if not chosen:
        return []
    found = with_inputs(stand, chosen, EXAMPLES)
    first, again = called(stand, "base", found), called(stand, "base", found)
    return [(subject, first[n]) for n, subject in enumerate(found) if n in first and first[n] == again.get(n)]


def lay_tests(lab: Lab, made: Sequence[TestFile]) -> dict[str, str]:
    """Write recorded tests into the tree; returns the paths of those that could not be, and why."""
    refused: dict[str, str] = {}
    for file in made:
        if file.path.startswith(ACCEPTANCE):
            try:
                lab.add_test_support()
            except RepositoryRefused as error:
                refused[file.path] = str(error)
                continue
        lab.write(file.path, file.content)
    return refused


def digest(made: Sequence[TestFile]) -> str:
    """Of the tests' text."""
    return hashlib.sha256("\0".join(file.content for file in made).encode()).hexdigest()[:12]
