"""Where a run meets localisation and the search for repairs."""

from agents.bugs.traces import located, traces_in
from agents.protection import is_test_file
from sandbox.reports import SuiteReport
from workflows.evidence import CULPRIT, Culprit, Place, Repairs, Where
from workflows.state import Context, RunState


def locate(state: RunState, context: Context) -> Where:
    """Rank the lines of the code by what the failing tests and the repository say."""
    report = context.record.load_report(state["report"], SuiteReport)
    source = context.lab.commit_source(state["base"])
    code = [path for path in source.files() if path.endswith(".py") and not is_test_file(path)]
    scores: dict[tuple[str, int], list[str]] = {}
    for failure in report.failures() if report else ():
        for trace in traces_in(failure.details):
            for frame in located(trace, code).frames:
                scores.setdefault((frame.file, frame.line), []).append(f"on the way to {trace.error}")
    culprit = context.record.load_report(CULPRIT, Culprit)
    for path, lines in (culprit.lines if culprit else {}).items():
        for line in lines:
            scores.setdefault((path, line), []).append("brought by the commit that brought the bug")
    texts = {path: (source.raw(path) or b"").decode("utf-8", "replace").splitlines() for path in {p for p, _ in scores}}
    places = [
        Place(path=path, line=line, score=min(1.0, len(why) / 3), reasons=tuple(dict.fromkeys(why)),
              text=texts[path][line - 1] if line <= len(texts[path]) else "")
        for (path, line), why in scores.items()
    ]  # fmt: skip
    return Where(places=tuple(sorted(places, key=lambda place: -place.score)))


def search(state: RunState, context: Context) -> Repairs:
    """Try edits of the suspected lines."""
    return Repairs(note="the search by rule is switched off")
