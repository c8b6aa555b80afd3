"""Plans that were settled in one repository, held against another one."""

from collections.abc import Mapping

import pytest

from agents.contracts import Answer, Criterion, Plan, PlanStep, Request
from agents.desk import MemoryDesk
from agents.refactoring.steps import Refactoring, Step, plan_of, recipe_step
from agents.roles import Brief
from agents.settled import LearntPlanner, Settled, misfit, settled

BOOKS = {
    "main.py": b"app = FastAPI()\n\n\n@app.get('/books/{key}')\ndef read(key: int, limit: int): ...\n",
    "README.md": b"# Shelves\n",
}
ALBUMS = {path: content.replace(b"books", b"albums") for path, content in BOOKS.items()}
REQUEST = Request(kind="refactor", text="Say the limit in one place.", assume=True)


def refactoring(text: str, *files: str, recipe: str = "current-typing") -> Plan:
    own = Step(title="Move the limit", text=text, files=files)
    return plan_of(Refactoring(steps=(recipe_step(recipe), own), named=("limit",)), "The limit in one place")


@pytest.mark.parametrize(
    ("plan", "files", "why"),
    [
        (refactoring("Put `limit` into limits.py, used by all.", "main.py", "limits.py"), ALBUMS, ""),
        (refactoring("Each read of a book takes it.", "main.py"), ALBUMS, "nothing here is called book"),
        (refactoring("", "main.py"), {"app/main.py": BOOKS["main.py"]}, "it speaks of main.py, which is not here"),
        (refactoring("", "limits.py"), {**ALBUMS, "limits.py": b""}, "it makes limits.py, which is here"),
        (refactoring("Shelves stay.", "main.py"), {"main.py": ALBUMS["main.py"]}, ""),
        (
            Plan(summary="Tags", criteria=(Criterion(id="C1", text="POST /books takes tags."),), steps=()), ALBUMS,
            "nothing here is called book",
        ),
        (
            Plan(summary="Health", criteria=(Criterion(id="C1", text="GET /health answers ok."),),
                 steps=(PlanStep(title="Answer", files=("main.py",)),)), ALBUMS, "",
        ),
    ],
    ids=["fits", "its words", "file gone", "file taken", "prose of no code", "criteria", "criteria of none"],
)  # fmt: skip
def test_a_plan_fits_where_everything_it_speaks_of_is(plan: Plan, files: Mapping[str, bytes], why: str) -> None:
    known = settled(plan, REQUEST, BOOKS)
    assert misfit(known, BOOKS) == ""
    assert misfit(known, files) == why


def test_a_recipe_of_the_repository_is_looked_for_in_the_other() -> None:
    own = Refactoring(steps=(Step(title="Its own", recipe="its-own"),))
    assert "its-own" in misfit(settled(plan_of(own, "Own"), REQUEST, BOOKS), ALBUMS)


class Counting:
    """A planner who is paid."""

    def __init__(self) -> None:
        self.asked = 0

    async def plan(self, brief: Brief) -> Plan:
        self.asked += 1
        return refactoring("Each book.", "main.py")


async def test_a_planner_is_asked_only_where_no_settled_plan_fits() -> None:
    paid, kept, said = Counting(), list[Settled](), list[str]()
    known = [("books", settled(refactoring("Each book.", "main.py"), REQUEST, BOOKS)),
             ("shop", settled(refactoring("Once.", "main.py"), REQUEST, BOOKS))]  # fmt: skip

    def brief(files: Mapping[str, bytes], **more: object) -> Brief:
        desk = MemoryDesk({path: content.decode() for path, content in files.items()})
        return Brief(request=REQUEST, desk=desk, tell=said.append, **more)  # type: ignore[arg-type]

    planner = LearntPlanner(paid, lambda: known, kept.append)
    assert await planner.plan(brief(ALBUMS)) == known[1][1].plan
    assert (paid.asked, kept) == (0, [])
    assert said == [
        "the plan that was settled in books does not fit: nothing here is called book",
        "the plan that was settled in shop fits: nobody is asked for another",
    ]
    await planner.plan(brief(ALBUMS, answers=(Answer(question="Q1", text="no"),)))
    await planner.plan(brief({"app/main.py": b""}))
    assert paid.asked == 2, "answers are for the planner; what fits nowhere is planned anew"
    assert [one.there for one in kept] == [("main.py",), ()]
