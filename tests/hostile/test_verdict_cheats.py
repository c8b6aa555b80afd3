"""C: no cheat over a wrong application becomes green, and no honest change is called anything else."""

import re

import pytest

from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.protocol import Limits
from sandbox.reports import Verdict, Word
from sandbox.verdict import ACCEPTANCE_GATE, OWN_GATE, judge
from tests.hostile.arena import Host, Note, fits_a_record
from tests.hostile.cases.cheats import CHEATS, SERVICE_CHEATS, Cheat
from tests.hostile.cases.honest import BASE, Honest
from tests.hostile.cases.honest import CASES as HONEST
from tests.hostile.cases.shop import APP, RIGHT, SERVICE, SERVICE_IDS, TRUSTED, UNIT_IDS, packed
from tests.support.trees import fastapi_image

pytestmark = [pytest.mark.docker, pytest.mark.hostile]
Tree = dict[str, str]
LIMITS = Limits(memory_mb=384, pids=64, disk_mb=64, inodes=20_000, lifetime_s=300)


def verdict_on(
    engine: DockerEngine, run_id: str, tree: Tree, trusted: Tree, timeout_s: float = 10, *, service: bool = True
) -> Verdict:
    return judge(
        engine,
        fastapi_image(),
        source=tars.build(packed(tree)),
        tests=tars.build(packed(trusted)),
        commit="c0ffee",
        service=SERVICE if service else None,
        expected_service=SERVICE_IDS if service else (),
        expected_unit=UNIT_IDS,
        limits=LIMITS,
        run_id=run_id,
        timeout_s=timeout_s,
    )


@pytest.mark.parametrize("cheat", (*CHEATS, *SERVICE_CHEATS), ids=lambda cheat: cheat.name)
def test_a_cheat_is_not_green(engine: DockerEngine, run_id: str, host: Host, cheat: Cheat, note: Note) -> None:
    trusted = {path: text for path, text in TRUSTED.items() if cheat.settings or path != "pyproject.toml"}
    tree = {path: text for path, text in (APP | trusted | cheat.files).items() if path not in cheat.gone}
    verdict = verdict_on(engine, run_id, tree, trusted)
    assert verdict.word in cheat.words, verdict.reason
    gates = {gate.name: gate for gate in verdict.gates}
    assert not gates[ACCEPTANCE_GATE].passed, "asked over HTTP, the wrong application is found out"
    in_process = [gate.passed for name, gate in gates.items() if name != ACCEPTANCE_GATE]
    assert all(in_process) == (cheat.in_process == "known limit")
    if cheat.in_process == "known limit":
        assert gates[OWN_GATE].evidence.endswith("(in-process)")
        assert {level for name, level in verdict.levels.items() if name.startswith(UNIT_IDS)} == {"in-process"}
    told = verdict.model_dump_json()
    fits_a_record(" ".join([verdict.reason, *(f.details + f.message for f in verdict.failures)]))
    assert not re.search(r"\\u001b|\\u202e", told)
    assert host.canary not in told
    word = verdict.word.value
    note(cheat.name, cheat.what, f"{word} (known limit in-process)" if all(in_process) else word)


ODD_NAME = "tests/test_\x1b]52;c;aGk=\x07\x1b[2J\u202e.py"


def test_names_of_files_do_not_act_on_a_terminal(engine: DockerEngine, run_id: str, note: Note) -> None:
    trusted = {**TRUSTED, ODD_NAME: "def test_it(): assert False\n"}
    tree = {**APP, **trusted, ODD_NAME.replace("test_", "test_new"): "", ODD_NAME: ""}
    verdict = verdict_on(engine, run_id, tree, trusted, service=False)
    assert verdict.word is Word.TAMPERED
    fits_a_record(" ".join(str(value) for value in verdict.model_dump().values()))
    told = verdict.model_dump_json()
    assert not re.search(r"\\u001b|\\u0007|\u202e", told), told
    note("b28", "names of test files that act on a terminal", verdict.word.value)


def test_the_right_application_is_green(engine: DockerEngine, run_id: str, note: Note) -> None:
    verdict = verdict_on(engine, run_id, APP | TRUSTED | {"app/pricing.py": RIGHT}, TRUSTED, 30)
    assert (verdict.word, verdict.reason, verdict.passed) == (Word.GREEN, "", 8)
    note("h00", "the right application", verdict.word.value)


def test_the_wrong_application_is_red(engine: DockerEngine, run_id: str, note: Note) -> None:
    verdict = verdict_on(engine, run_id, APP | TRUSTED, TRUSTED, 30)
    assert verdict.word is Word.RED
    assert [gate.passed for gate in verdict.gates] == [False, False, True]
    note("c00", "the wrong application, no cheat", verdict.word.value)


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_change_is_green(engine: DockerEngine, run_id: str, case: Honest, note: Note) -> None:
    trusted = {**TRUSTED, **case.tests}
    if not case.service:
        trusted = {path: text for path, text in trusted.items() if not path.startswith("tests/acceptance/")}
    tree = {**BASE, **trusted, **case.code}
    verdict = verdict_on(engine, run_id, tree, trusted, 60, service=case.service)
    assert (verdict.word, verdict.reason) == (Word.GREEN, "")
    assert verdict.failures == ()
    assert not [one for one in case.expected if not any(name.startswith(one) for name in verdict.levels)]
    note(case.name, case.what, verdict.word.value)


def test_the_catalogue_is_complete() -> None:
    assert len(CHEATS) >= 30
    assert len(HONEST) >= 20
