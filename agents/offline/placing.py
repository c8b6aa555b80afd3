"""Where new acceptance tests go when files of that name are there already: beside them, never over them."""

from agents.contracts import Plan, TestCase, TestSuite
from agents.errors import EditRefused
from agents.profile import Source
from agents.suite import plan_mark


def beside(suite: TestSuite, plan: Plan, source: Source) -> TestSuite:
    """Rename files that would replace somebody else's; those of an earlier try of this plan are replaced."""
    mark = plan_mark(plan)
    taken = {path for path in source.files() if not _starts_with(source, path, mark)}
    names = {file.path: _free(file.path, taken) for file in suite.files}
    files = tuple(
        file.model_copy(update={"path": names[file.path], "content": f"{mark}\n{file.content}"})
        if file.path.endswith(".py")
        else file
        for file in suite.files
    )
    return suite.model_copy(update={"files": files, "cases": tuple(_moved(case, names) for case in suite.cases)})


def _moved(case: TestCase, names: dict[str, str]) -> TestCase:
    path, _, test = case.node_id.partition("::")
    return case.model_copy(update={"node_id": f"{names.get(path, path)}::{test}"})


def _free(path: str, taken: set[str]) -> str:
    stem, number, found = path.removesuffix(".py"), 2, path
    while found in taken:
        found = f"{stem}_{number}.py"
        number += 1
    return found


def _starts_with(source: Source, path: str, mark: str) -> bool:
    if not path.startswith("tests/"):
        return False
    try:
        return source.read(path).startswith(mark)
    except EditRefused:
        return False
