"""The mutator: what it damages, what it leaves alone, and that every mutant is one small change that compiles."""

import ast
import difflib
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.mutants import Mutant, changed_lines, is_mutable, mutants, spread

SHOP = (Path(__file__).parents[2] / "examples/shop/main.py").read_bytes()
EVERY = 10_000


def all_of(source: bytes | str, path: str = "app/x.py") -> list[Mutant]:
    data = source.encode() if isinstance(source, str) else source
    return mutants(path, data, changed_lines(None, data), "seed", EVERY)


def kinds(source: str) -> set[tuple[str, str, str]]:
    return {(m.kind, m.before, m.after) for m in all_of(source)}


def route(body: str, *, decorator: str = '@router.get("/")', parameters: str = "") -> str:
    return f"{decorator}\nasync def read({parameters}):\n    {body}\n"


def test_changed_lines() -> None:
    assert changed_lines(None, b"a\nb\n") == {1, 2}
    assert changed_lines(b"a\nb\nc\n", b"a\nB\nc\nd\n") == {2, 4}
    assert changed_lines(b"a\nb\n", b"a\n") == set()
    assert changed_lines(b"a\n", b"a\n") == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (route("return a == b"), ("comparison turned round", "a == b", "!=")),
        (route("return a not in b"), ("comparison turned round", "a not in b", "in")),
        (route("return a is not None"), ("comparison turned round", "a is not None", "is")),
        (route("return a < b"), ("boundary moved", "a < b", "<=")),
        (route("return (a) >= (b)"), ("boundary moved", "a >= b", ">")),
        (route("return a and b"), ("and/or exchanged", "a and b", "or")),
        (route("return not a"), ("not dropped", "not a", "(a)")),
        (route("return a - b"), ("arithmetic changed", "a - b", "+")),
        (route("stock.left -= n"), ("arithmetic changed", "stock.left -= n", "+=")),
        (route("stock.left -= n"), ("statement removed", "stock.left -= n", "pass")),
        (route("return True"), ("constant changed", "return True", "False")),
        (route("return f(a, deep=True)"), ("constant changed", "deep=True", "False")),
        (route("return 1", parameters="limit: int = 20"), ("default changed", "20", "21")),
        (route("await session.delete(book)"), ("statement removed", "await session.delete(book)", "pass")),
        (route("return book"), ("answer is None", "return book", "return None")),
        (route("raise HTTPException(404)"), ("exception not raised", "raise HTTPException(404)", "pass")),
        (route("raise HTTPException(404)"), ("status changed", "status 404", "400")),
        (route("raise E(status.HTTP_409_CONFLICT)"), ("status changed", "status.HTTP_409_CONFLICT", "400")),
        (route("q = q.where(a)\n    return q"), ("call removed", "where(a)", "")),
        (route("return q.order_by(B.at.desc())"), ("call removed", "order_by(B.at.desc())", "")),
        (route("return q.order_by(B.at.desc())"), ("call removed", "desc()", "")),
        (route("return q.limit(n).offset(m)"), ("call removed", "limit(n)", "")),
        (route("return name.strip()"), ("call removed", "strip()", "")),
        (route("if found:\n        x.a = 1"), ("condition turned round", "found", "not (found)")),
        (route("pass", parameters="_: User = Depends(me), n: int = 1"), ("guard removed", "_: User = Depends(me)", "")),
        (route("pass", parameters="n: int, _: CurrentUser"), ("guard removed", "_: CurrentUser", "")),
        (route("pass", parameters="me: Annotated[User, Depends(login)]"),
         ("guard removed", "me: Annotated[User, Depends(login)]", "")),
        (route("pass", decorator='@router.post("/", status_code=201)'), ("status changed", "status 201", "200")),
        (route("pass", decorator='@router.post("/", dependencies=[Depends(f)])'),
         ("guard removed", "[Depends(f)]", "[]")),
        ("router = APIRouter(dependencies=[Depends(f)])", ("guard removed", "[Depends(f)]", "[]")),
        ("class B(BaseModel):\n    n: int = Field(ge=1, le=5)", ("limit removed", "le=5", "")),
        ("class B(BaseModel):\n    n: int = Field(ge=1, le=5)", ("limit removed", "ge=1", "")),
        ('class B(BaseModel):\n    model_config = ConfigDict(extra="forbid")', ("limit removed", 'extra="forbid"', "")),
        (route("pass", parameters="n: Annotated[int, Query(ge=1)] = 2"), ("limit removed", "ge=1", "")),
    ],
)  # fmt: skip
def test_damage(source: str, expected: tuple[str, str, str]) -> None:
    assert expected in kinds(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Text: 1 < 2."""\nimport a\nfrom b import c\n',
        "LIMIT = 20\nengine = create_engine(URL, echo=False)\n",
        'if __name__ == "__main__":\n    uvicorn.run(app, port=8000)\n',
        route('"""More than 3 == 3."""'),
        route("logger.info('%s', 1 + n)"),
        route("print(a == b)"),
        route("await session.refresh(book)\n    await session.flush()"),
        route("pass", parameters="n: int | None, m: list[Literal[1, 2]]"),
        route("pass", decorator='@router.get("/", responses={404: {"description": "x"}}, tags=["a"], name="b")'),
        "class T(Base):\n    id = Column(Integer, index=True)\n    name: Mapped[str] = mapped_column(String(20))\n",
        "class S(BaseSettings):\n    n: int = 5\n",
        "class S(BaseModel):\n    n: int = Field(description='1', title='x')\n",
        "@asynccontextmanager\nasync def life(app):\n    app.a = 1\n    yield\n",
        "def make():\n    app = FastAPI()\n    app.state.a = 1\n    return app\n",
        "class A:\n    def __repr__(self):\n        return self.name + 1\n",
    ],
)
def test_left_alone(source: str) -> None:
    assert all_of(source) == []


def test_ordering_by_the_key_alone_is_left_alone() -> None:
    assert not any(m.kind == "call removed" for m in all_of(route("return q.order_by(Book.id)")))


def test_a_dependency_whose_value_is_used_is_no_mere_guard() -> None:
    used = route("return me.name", parameters="me: User = Depends(login)")
    assert not any(m.kind == "guard removed" for m in all_of(used))


def test_a_race_that_answers_what_was_checked_before_is_left_alone() -> None:
    body = (
        "try:\n        if taken:\n            raise HTTPException(409)\n        session.add(a)\n"
        "    except IntegrityError:\n        raise HTTPException(409)"
    )
    assert [m.line for m in all_of(route(body)) if m.kind == "exception not raised"] == [5]


def test_a_ready_response_makes_the_decorators_status_documentation() -> None:
    source = route("return Response(status_code=204)", decorator='@router.delete("/", status_code=204)')
    assert [(m.kind, m.line) for m in all_of(source)] == [("status changed", 3)]


def test_every_mutant_compiles_and_changes_one_place() -> None:
    found = all_of(SHOP, "main.py")
    assert len(found) > 40
    assert len({m.content for m in found}) == len(found)
    for mutant in found:
        ast.parse(mutant.content)
        old, new = SHOP.splitlines(), mutant.content.splitlines()
        blocks = [b for b in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if b[0] != "equal"]
        assert len(blocks) == 1, mutant.words
        assert blocks[0][1] < mutant.line <= max(blocks[0][2], blocks[0][1] + 1) + 3, mutant.words


def test_only_changed_lines_are_damaged() -> None:
    line = next(n for n, text in enumerate(SHOP.splitlines(), 1) if b"product.stock < order.quantity" in text)
    found = mutants("main.py", SHOP, {line}, "seed", EVERY)
    assert {m.line for m in found} == {line}
    assert [(m.kind, m.group) for m in found] == [("boundary moved", "create_order")]


def test_the_same_seed_gives_the_same_mutants_in_every_process() -> None:
    program = (
        "import sys; from sandbox.mutants import *; s = open('examples/shop/main.py', 'rb').read();"
        "print([m.words for m in mutants('main.py', s, changed_lines(None, s), sys.argv[1], 12)])"
    )
    root = Path(__file__).parents[2]

    def run(seed: str, hashing: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program, seed], cwd=root, env={"PYTHONHASHSEED": hashing}, check=True,
            capture_output=True, text=True,
        ).stdout  # fmt: skip

    assert run("a", "1") == run("a", "2") != run("b", "1")


def test_every_function_gets_its_turn() -> None:
    everything = all_of(SHOP, "main.py")
    groups = {m.group for m in everything}
    few = spread(everything, "seed", len(groups))
    assert {m.group for m in few} == groups
    assert spread(everything, "seed", 0) == []


@pytest.mark.parametrize(
    "source",
    [b"", b"def f(:\n", b"\0", b"\xff\xfe", b"x = " + b"(" * 5000, b"# coding: nonsense\nx = 1\n", b"x=1\n" * 60_000],
    ids=["empty", "broken", "nul", "no text", "deep", "coding", "large"],
)
def test_files_that_cannot_be_read_have_no_mutants(source: bytes) -> None:
    assert mutants("app/x.py", source, set(range(1, 100_000)), "seed", EVERY) == []


def test_text_that_is_not_ascii_and_other_line_ends() -> None:
    source = (
        b"\xef\xbb\xbf"
        + route("x = 'Gr\u00fc\u00dfe'; return '\u00e4' + x if \u00fcber < m else n").replace("\n", "\r\n").encode()
    )
    found = all_of(source)
    assert {m.kind for m in found} == {"boundary moved", "answer is None"}
    moved = next(m for m in found if m.kind == "boundary moved")
    assert moved.content == source.replace(b" < ", b" <= ")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("app/main.py", True), ("main.py", True), ("alembic/versions/1.py", False), ("a/migrations/1.py", False),
     ("README.md", False), ("scripts/seed.py", False)],
)  # fmt: skip
def test_files_worth_damaging(path: str, expected: bool) -> None:
    assert is_mutable(path) is expected
