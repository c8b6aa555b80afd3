"""Old and new functions called with the same made-up arguments: the same result, or the same kind of exception."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.probe import GATES_PYTHON
from sandbox.gates.pure import Pure, pure_functions
from sandbox.gates.stand import Side, Stand
from sandbox.gates.tables import module_name
from sandbox.jobs import Job, Plain
from sandbox.protocol import SCRATCH, SOURCE, WORK, Cause
from sandbox.pytest_run import PROJECT_PYTHON, TREE, project_env
from sandbox.reports import Frozen, Gate
from sandbox.text import shown

NAME = "preserved: side by side"
EXAMPLES = 100
"""Argument lists for one function."""
MOST = 40
"""Functions of one change."""
INPUTS_S, CALLS_S = 120.0, 120.0


class Subject(Frozen):
    """A function that is called."""

    module: str
    name: str
    path: str
    line: int
    inputs: tuple[str, ...] = ()
    """Argument lists as Python source (`[3, 'x']`)."""

    @property
    def words(self) -> str:
        """`app.prices.total`."""
        return f"{self.module}.{self.name}"


Doing = Mapping[str, str]
"""What one call did: `returns`, `source` (the result as Python source, when there is one) and `arguments` as they are
afterwards; or `raises`."""


def subjects(stand: Stand) -> list[tuple[Subject, Pure]]:
    """Functions of changed files that are there, pure enough and called alike, before and after."""
    before, after = stand.trees.changed_files("base"), stand.trees.changed_files("head")
    found = []
    for path in sorted(set(before) & set(after)):
        old, new = pure_functions(before[path]), pure_functions(after[path])
        for name in sorted(set(old) & set(new)):
            if [_shape(s) for s in old[name].specs] == [_shape(s) for s in new[name].specs]:
                both = old[name].model_copy(
                    update={"constants": tuple(dict.fromkeys((*old[name].constants, *new[name].constants)))}
                )
                one = Subject(module=module_name(path), name=name, path=path, line=old[name].line)
                found.append((one, both))
    return found[:MOST]


def _shape(spec: Mapping[str, Any]) -> object:
    return spec["kind"], [_shape(one) for one in spec.get("of", ())]


def with_inputs(stand: Stand, found: Sequence[tuple[Subject, Pure]], examples: int = EXAMPLES) -> list[Subject]:
    """The same with arguments; those for which none can be made up are left out.

    Raises:
        EngineFault: the engine was lost.
    """
    functions = [{"specs": pure.specs, "constants": pure.constants[:50]} for _, pure in found]
    nonce = secrets.token_hex(16)
    job = Job(
        python=GATES_PYTHON, parts=("reporter", "inputs"), user="tests", cwd=SCRATCH, timeout_s=INPUTS_S,
        task={"nonce": nonce, "functions": functions, "examples": examples},
        env={"HOME": SCRATCH, "PATH": "/opt/gates/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip
    rows = _told(stand, job, nonce, "inputs")
    return [s.model_copy(update={"inputs": tuple(map(str, rows[n]))}) for n, (s, _) in enumerate(found) if n in rows]


def called(stand: Stand, side: Side, found: Sequence[Subject]) -> dict[int, list[Doing]]:
    """What the functions of one side do, by their number in `found`; those that cannot be imported are left out.

    Raises:
        EngineFault: the engine was lost.
    """
    stand.show(side)
    service, nonce = stand.trees.services[side], secrets.token_hex(16)
    functions = [{"module": s.module, "name": s.name, "inputs": s.inputs} for s in found]
    job = Job(
        python=PROJECT_PYTHON, parts=("reporter", "calling"), user="app", cwd=WORK, timeout_s=CALLS_S,
        task={"nonce": nonce, "source": SOURCE, "tree": TREE, "functions": functions},
        env=project_env({**(service.env if service else {}), **stand.box.env}),
    )  # fmt: skip
    return _told(stand, job, nonce, "did")


def _told(stand: Stand, job: Job, nonce: str, kind: str) -> dict[int, list[Any]]:
    starter = Plain(stand.box)
    starter.clean()
    done = starter.start(job).wait()
    if done.cause is Cause.SANDBOX_DIED:
        raise EngineFault("the container was gone while functions were called")
    rows: dict[int, list[Any]] = {}
    for record in stream.records(done.stdout, nonce):
        if record["k"] == kind:
            rows.setdefault(int(record["n"]), []).extend(record["rows"])
    return rows


def side_by_side(stand: Stand, remembered: dict[str, Any] | None = None, base: str = "") -> GateResult | None:
    """Every difference is a finding with the arguments that show it; None when no changed file has such a function.

    A function that does not do the same twice before the change is left out. `remembered`: what was found out about
    trees before, where what the tree `base` (its id) does is kept.

    Raises:
        EngineFault: the engine was lost.
    """
    chosen = subjects(stand)
    if not chosen:
        return None
    known = remembered if remembered is not None else {}
    key = f"side by side {base} {[(s.words, p.specs, p.constants) for s, p in chosen]}"
    if key not in known:
        found = with_inputs(stand, chosen)
        known[key] = found, called(stand, "base", found), called(stand, "base", found)
    found, first, again = known[key]
    after = called(stand, "head", found)
    findings: list[GateFinding] = []
    compared = inputs = 0
    for number, subject in enumerate(found):
        old = first.get(number)
        if old is None or again.get(number) != old or len(old) != len(subject.inputs):
            continue
        compared, inputs = compared + 1, inputs + len(old)
        row = _difference(subject, old, after.get(number, []))
        findings += [row] if row is not None else []
    good = f"{compared} functions do the same for {inputs} made-up argument lists"
    gate = Gate(
        name=NAME, passed=not findings, evidence=evidence(findings, good),
        command="call old and new with arguments made up by Hypothesis",
    )  # fmt: skip
    return GateResult(gate=gate, findings=tuple(findings))


def _difference(subject: Subject, old: Sequence[Doing], new: Sequence[Doing]) -> GateFinding | None:
    """The shortest arguments with which they do not do the same."""
    if not new:
        return GateFinding(gate=NAME, code=subject.words, text="cannot be called any more", path=subject.path)
    pairs = [(text, a, b) for text, a, b in zip(subject.inputs, old, new, strict=False) if _without(a) != _without(b)]
    if not pairs:
        return None
    text, a, b = min(pairs, key=lambda pair: len(pair[0]))
    told = f"({text[1:-1]}): {_words(a)} before, {_words(b)} now ({len(pairs)} of {len(old)} argument lists)"
    return GateFinding(
        gate=NAME, code=subject.words, text=shown(told, 500), path=subject.path, line=subject.line, source=subject.name
    )


def _without(doing: Doing) -> dict[str, str]:
    return {key: value for key, value in doing.items() if key != "source"}


def _words(doing: Doing) -> str:
    return f"raises {doing['raises']}" if "raises" in doing else f"returns {doing.get('returns', '')}"
