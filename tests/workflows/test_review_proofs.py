"""A finding is proven only by an attack that shows that very flaw, and a proof is what somebody needs to repeat it."""

import ast
import fnmatch
import json
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, UploadFile
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

from agents.hunter import test_names
from agents.operations import handlers
from agents.rules import catalog
from agents.rules.check import check
from agents.rules.explain import page
from agents.rules.shown import SHOWN_BY
from sandbox.attack.pack import pack_for
from sandbox.attack.script import FORGERIES, Attack, Expect, Hit, Step, Upload
from sandbox.attack.told import request_line, requests_of
from tests.support.reviews import attacked, hit_on
from tests.support.sources import Tree
from tests.workflows.test_review import APP
from workflows.review.collect import merged, of_gates, of_rules
from workflows.review.findings import Proof, Review, ReviewFinding
from workflows.review.sarif import as_sarif
from workflows.review.show import as_json, as_markdown, as_text

ATTACKER = Path(__file__).parents[2] / "sandbox/probe/attacker.py"
FINDING = ReviewFinding(
    id="GL601-00000002", gate="house rules", code="GL601", severity="error", message="m", path="a.py", line=3
)
QUOTES = "sort/SQL quotes end in an error"
ENUMERATION = hit_on("GET /items", "enumeration", "answers", "it told")


def test_a_request_proves_what_a_rule_read_and_is_told_once() -> None:
    source = Tree({"main.py": APP})
    rules, operations = of_rules(check(source)), handlers(source)
    assert operations["GET /items"].path == "main.py"
    ran = of_gates([attacked(hit_on("GET /items", "injection", QUOTES, query={"sort": "'"}), ENUMERATION)], operations)
    found = merged(rules, ran, operations)
    assert [(f.code, f.proof is not None) for f in found] == [("GL601", True), ("enumeration", True)]
    proof = found[0].proof
    assert proof is not None and proof.test is not None
    assert (proof.ran, len(proof.said) < 200) == ("GET /items?sort=%27 -> 500", True)
    assert "/items" in proof.test.content and len(test_names(proof.test.content)) == 1
    assert [f.path for f in found] == ["main.py", "main.py"], "the handler is named"


UPLOADED = '''"""Uploads."""

from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/upload")
def upload(file: UploadFile) -> dict[str, bool]:
    """Keep a file."""
    with open("/data/" + file.filename, "wb") as kept:
        kept.write(file.file.read())
    return {"ok": True}
'''
PAGE = hit_on(
    "POST /upload", "upload", "page", "it answered 200, not 400",
    upload=Upload(field="file", name="page.html", kind="text/html", text="<p>"),
)  # fmt: skip
CLIMBS = hit_on("POST /upload", "upload", "name that climbs")
SIZE = hit_on("POST /upload", "upload", "size", "it answered 200, not 400")
MORE = hit_on("GET /items", "injection", "sort/SQL gives more rows", "it answered 2 items instead of 0")
VALID = hit_on("GET /items", "leak", "valid request")


@pytest.mark.parametrize(
    ("code", "hits", "proven", "of_their_own"),
    [
        (UPLOADED, [PAGE], [], 1),
        (UPLOADED, [PAGE, CLIMBS, SIZE], ["GL604", "GL704"], 1),
        (UPLOADED, [CLIMBS, PAGE.model_copy(update={"told": "it answered 500"})], [], 1),
        (APP, [hit_on("GET /items", "injection", "sort/a template is worked out", "its answer holds 1")], [], 1),
        (APP, [hit_on("GET /items", "injection", QUOTES), VALID], [], 1),
        (APP, [MORE, VALID], ["GL601"], 1),
    ],
)  # fmt: skip
def test_only_an_attack_that_shows_the_very_flaw_proves_it(
    code: str, hits: list[Hit], proven: list[str], of_their_own: int
) -> None:
    source = Tree({"main.py": code})
    operations = handlers(source)
    rules = of_rules(check(source, ["GL601", "GL604", "GL704"]))
    assert rules
    found = merged(rules, of_gates([attacked(*hits)], operations), operations)
    assert [f.code for f in found[: len(rules)] if f.proof] == proven
    assert len(found) - len(rules) == of_their_own


def test_one_login_that_takes_forged_tokens_is_one_finding() -> None:
    source = Tree({**page("GL503").bad})
    operations, rules = handlers(source), of_rules(check(source, ["GL503"]))
    forged = [hit_on("GET /me", "authentication", how, "it answered 200, not 401/403") for how in FORGERIES]
    assert [(f.code, bool(f.proof)) for f in merged(rules, of_gates([attacked(*forged)], operations), operations)] == [
        ("GL503", True)
    ]
    open_to_all = hit_on("GET /me", "authentication", "missing", "it answered 200, not 401/403")
    found = merged(rules, of_gates([attacked(*forged, open_to_all)], operations), operations)
    assert [(f.code, bool(f.proof)) for f in found] == [("GL503", False), ("authentication", True)]


def everything() -> FastAPI:
    """A service whose document gives an attack of every kind."""
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    class User(BaseModel):
        username: str
        password: str

    class Seen(User):
        id: int
        is_admin: bool

    @app.post("/users")
    def register(user: User) -> Seen: ...

    @app.post("/token")
    def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]: ...

    @app.post("/notes")
    def make(note: User, token: Annotated[str, Depends(scheme)]) -> Seen: ...

    @app.get("/notes")
    def notes(token: Annotated[str, Depends(scheme)]) -> list[Seen]: ...

    @app.get("/notes/{note_id}")
    def note(note_id: int, token: Annotated[str, Depends(scheme)]) -> Seen: ...

    @app.delete("/notes/{note_id}")
    def remove(note_id: int) -> None: ...

    @app.get("/leave")
    def leave(next: str, offset: int = 0) -> None: ...

    @app.post("/files")
    def keep(file: UploadFile) -> None: ...

    return app


def test_every_attack_of_the_table_of_proofs_exists_and_every_rule_does() -> None:
    document = everything().openapi()
    ids = {one.id for one in pack_for(document)}
    ids |= {f"schema/{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    leaks = next(
        node.value for node in ast.parse(ATTACKER.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LEAKS"
    )  # fmt: skip
    assert isinstance(leaks, ast.Tuple)
    ids |= {f"leak/GET /x/{ast.literal_eval(one.elts[0])}" for one in leaks.elts if isinstance(one, ast.Tuple)}
    for rule, shown in SHOWN_BY.items():
        assert catalog.rule(rule).id == rule
        for one in shown:
            assert fnmatch.filter(ids, one.attack), f"{rule}: no attack is called {one.attack}"


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Step(method="GET", path="/a", query={"q": "x' y"}), "GET /a?q=x%27+y"),
        (Step(method="POST", path="/a/<<item>>", json_body={"n": "<<unique>>"}), 'POST /a/{item} {"n": "{unique}"}'),
        (Step(method="GET", path="/a", headers={"Authorization": "Bearer <<token:none>>"}),
         "GET /a [Authorization: Bearer {token, changed: none}]"),
        (Step(method="POST", path="/a", raw="[", tail="]", repeat=400), "POST /a [ x 400, then 0 and ] x 400"),
        (Step(method="POST", path="/a", raw="\x00\n"), r"POST /a \x00\n"),
        (Step(method="POST", path="/a", form={"u": "x"}), "POST /a u=x"),
        (PAGE.attack.steps[0], 'POST /upload file file="page.html" (text/html, 3 bytes): <p>'),
        (Step(method="PUT", path="/a", json_body="x" * 500), f'PUT /a "{"x" * 199}... (502 characters)'),
    ],
)  # fmt: skip
def test_a_proof_is_what_a_stranger_needs_to_repeat_it(step: Step, line: str) -> None:
    assert request_line(step) == line


def test_a_proof_has_the_requests_that_lead_to_it_in_every_format() -> None:
    start = Step(method="POST", path="/login", json_body={"u": "x"}, take={"token": "t"})
    tries = [Step(method="GET", path="/a", query={"q": q}, expect=Expect(below=500)) for q in ("'", '"')]
    attack = Attack(id="injection/GET /a/q", category="injection", title="t", steps=(start, *tries))
    ran = requests_of(Hit(attack=attack, step=2, told="it answered 503", answer="503 broken"))
    assert ran == 'POST /login {"u": "x"}\nGET /a?q=%22 -> 503'
    proof = Proof(kind="request", ran=ran, said="it answered 503")
    review = Review(title="T", findings=(FINDING.model_copy(update={"proof": proof}),))
    texts = (
        as_text(review),
        as_markdown(review),
        json.loads(as_sarif(review))["runs"][0]["results"][0]["message"]["text"],
    )
    for text in (*texts, json.loads(as_json(review))["findings"][0]["proof"]["ran"]):
        assert 'POST /login {"u": "x"}' in text and "GET /a?q=%22 -> 503" in text
