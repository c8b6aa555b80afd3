"""Reviews that run: findings beside what showed them, a model's word proven only where a test bears it out."""

import json
from pathlib import Path

import pytest

from tests.e2e import bugs
from tests.e2e.conftest import Greenloop, git
from tests.e2e.session import make_repo
from tests.support import model_server as served
from tests.support.model_server import ModelServer
from workflows.cli.common import FOUND

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
NEEDS = "fastapi\nuvicorn\n"
APP = '''"""Accounts and their money."""

from fastapi import FastAPI, HTTPException

app = FastAPI()
balances: dict[int, int] = {1: 100, 2: 0}


@app.get("/accounts/{number}")
def account(number: int) -> dict[str, int]:
    """What is on an account."""
    if number not in balances:
        raise HTTPException(404, "no such account")
    return {"number": number, "balance": balances[number]}
'''
TRANSFER = '''

@app.post("/accounts/{number}/transfers/{target}")
def transfer(number: int, target: int, amount: int) -> dict[str, int]:
    """Move money."""
    balances[number] -= amount
    balances[target] += amount
    return {"balance": balances[number]}
'''
OWN = """from main import account


def test_the_first_account() -> None:
    assert account(1) == {"number": 1, "balance": 100}
"""
NEGATIVE = """import httpx


def test_nobody_takes_money_by_a_negative_amount(client: httpx.Client) -> None:
    answer = client.post("/accounts/2/transfers/1", params={"amount": -50})
    assert answer.status_code == 422
"""
SUSPICIONS = {
    "suspicions": [
        {
            "message": "Anybody takes money out of another account by sending a negative amount.",
            "path": "main.py", "line": 22, "severity": "error", "test": NEGATIVE, "fails_with": "assert 200 == 422",
        },
        {
            "message": "Reading an account is said to change it, which it does not.",
            "path": "main.py", "line": 10, "severity": "error", "fails_with": "assert 99 == 100",
            "test": "def test_reading_changes_nothing(client):\n"
            "    assert client.get('/accounts/1').json()['balance'] == 100\n",
        },
        {
            "message": "A test that breaks for another reason than it says proves nothing.",
            "path": "main.py", "line": 12, "severity": "warning", "fails_with": "assert 500 == 404",
            "test": "def test_other_reason(client):\n    assert client.get('/accounts/9').status_code == 200\n",
        },
    ]
}  # fmt: skip


def test_a_change_is_reviewed_with_proofs(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", **{"main.py": APP, "tests/test_main.py": OWN, "requirements.txt": NEEDS})
    (repo / "main.py").write_text(APP.replace("1: 100", "1: 101") + TRANSFER)
    with ModelServer(served.by_role(hunter=[served.as_json(SUSPICIONS)])) as server:
        asked = greenloop(
            "review", "--repo", str(repo), "--format", "json", "--base-url", server.url, "--engine", "scripted",
            OPENAI_API_KEY="key-of-the-scripted-server", GREENLOOP_GATES_OFF="types,documented,migrations,attacks",
        )  # fmt: skip
        prompt = server.requests[0].everything
    assert asked.code == FOUND, asked.text
    found = json.loads(asked.out)
    by_gate = {
        gate: [f for f in found["findings"] if f["gate"] == gate] for gate in {f["gate"] for f in found["findings"]}
    }
    (crash,) = by_gate["requests from the schema"]
    assert (crash["path"], crash["severity"]) == ("main.py", "error")
    assert "answered 500" in crash["proof"]["said"] and "/transfers/" in crash["proof"]["test"]["content"]
    (own,) = by_gate["repository's own tests"]
    assert own["path"] == "tests/test_main.py" and "101" in own["proof"]["said"]
    money, reading, other = (
        next(f for f in by_gate["model"] if f["message"] == one["message"]) for one in SUSPICIONS["suspicions"]
    )
    assert money["proof"]["said"] == "assert 200 == 422"
    assert reading["proof"] is None and other["proof"] is None
    assert found["findings"][-1]["proof"] is None, "unproven ones come last"
    assert "+def transfer" in prompt and "GET /accounts" not in prompt.split("diff")[0]
    assert git(repo, "diff", "--stat", "--", "main.py") and not git(repo, "branch", "--list", "greenloop*")


def test_an_application_that_cannot_be_installed_is_still_read(greenloop: Greenloop, tmp_path: Path) -> None:
    needs = "fastapi\ngreenloop-no-such-package-anywhere\n"
    repo = make_repo(tmp_path / "repo", **{"main.py": APP, "requirements.txt": needs})
    done = greenloop("review", "--repo", str(repo), "--all")
    assert done.code == 0, done.text
    assert "Not checked: nothing was started: the dependencies cannot be installed" in done.out


def test_doctor_says_why_an_application_does_not_start(greenloop: Greenloop, tmp_path: Path) -> None:
    broken = APP.replace(
        "from fastapi import FastAPI, HTTPException", "from fastapi import FastAPI, HTTPException, Nope"
    )
    repo = make_repo(tmp_path / "repo", **{"main.py": APP, "requirements.txt": NEEDS})
    (repo / "main.py").write_text(broken)
    done = greenloop("doctor", "--app", "--repo", str(repo))
    assert done.code == FOUND, done.text
    assert "BAD   it does not start" in done.out and "main.py:3  from fastapi import" in done.out
    assert "seen: ImportError: cannot import name 'Nope'" in done.out
    git(repo, "checkout", "-q", "main.py")
    well = greenloop("doctor", "--app", "--repo", str(repo), "--json")
    assert (well.code, json.loads(well.out)["starts"], json.loads(well.out)["troubles"]) == (0, True, []), well.text


def test_what_is_proven_is_repaired(greenloop: Greenloop, tmp_path: Path) -> None:
    code = bugs.SERVICE.replace("status_code=201", "status_code=200")
    repo = bugs.committed(tmp_path / "repo", bugs.service(code=code))
    test = "def test_made(client):\n    made = client.post('/books', json={'title': 'Emma', 'pages': 3})\n"
    suspicion = {
        "message": "Clients cannot tell that a book was made: it answers 200.", "path": "main.py", "line": 1,
        "severity": "error", "test": f"{test}    assert made.status_code == 201\n", "fails_with": "assert 200 == 201",
    }  # fmt: skip
    off = "lint,types,rules,documented,contract,migrations,schema,attacks"
    with ModelServer(served.by_role(hunter=[served.as_json({"suspicions": [suspicion]})])) as server:
        done = greenloop(
            "review", "--repo", str(repo), "--all", "--fix", "--base-url", server.url, "--engine", "scripted",
            OPENAI_API_KEY="key-of-the-scripted-server", GREENLOOP_GATES_OFF=off,
        )  # fmt: skip
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert "status_code=201" in git(repo, "diff", "main", branch, "--", "main.py")
    assert "assert made.status_code == 201" in git(repo, "diff", "main", branch)
    report = (greenloop.record() / "report.md").read_text()
    assert "Clients cannot tell that a book was made" in report
