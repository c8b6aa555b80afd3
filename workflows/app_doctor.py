"""`doctor --app`: the user's application is started in the sandbox, asked, and what is wrong is explained."""

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from agents.contracts import Frozen
from agents.operations import handlers
from agents.profile import Source
from agents.troubles.factories import factory_trouble
from agents.troubles.failures import troubles_in
from agents.troubles.questions import Question, plain_reads, questions
from agents.troubles.settings import REASON as MISSING_SETTING
from agents.troubles.trouble import Trouble
from sandbox.asking import Answered, Talk, talk
from sandbox.container import DockerSandbox
from sandbox.errors import DependencyError
from sandbox.gates.migrations import DATABASE
from sandbox.manifest import read_manifest
from sandbox.protocol import SOURCE
from sandbox.reports import Service
from sandbox.server import ABSENT, SERVER, is_missed_in, needs_a_server
from sandbox.text import last_line
from workflows.aside import aside
from workflows.events import Event
from workflows.lab import Lab
from workflows.settings import OFFLINE, Loaded
from workflows.sources import TreeSource

_NAMES = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", re.MULTILINE)
FROM_PREPARE = re.compile(r"greenloop: `([^`]+)` ended with exit code (\d+)")


class Examination(Frozen):
    """What was found."""

    starts: bool
    troubles: tuple[Trouble, ...] = ()
    """Seen ones first; those without `shown` were only read."""
    asked: int = 0
    """Requests that were sent."""

    def seen(self) -> tuple[Trouble, ...]:
        """Those the sandbox saw."""
        return tuple(trouble for trouble in self.troubles if trouble.shown)


def examine(
    repo: Path, loaded: Loaded, cancelled: Callable[[], bool], tell: Callable[[Event], None] = lambda _: None
) -> Examination:
    """Start the application of a repository as it is now, uncommitted changes included.

    Raises:
        SandboxError: the repository is refused, or nothing can be run here.
    """
    with aside(repo, "why does it not start", loaded, OFFLINE, cancelled, tell) as context:
        return _examined(context.lab, repo)


def _examined(lab: Lab, repo: Path) -> Examination:
    head = lab.prepare()
    source, service = lab.commit_source(head), lab.service(head)
    if service is None:
        return Examination(starts=False, troubles=(_no_application(source),))
    try:
        image = lab.image(head)
    except DependencyError as error:
        return Examination(starts=False, troubles=(_no_image(str(error)),))
    with lab.engine.supplied(lab.extras(head)).open(image, run_id=lab.run_id, limits=lab.limits) as box:
        box.put(lab.workspace.export(head), SOURCE)
        return examined_in(box, source, service, repo)


def examined_in(box: DockerSandbox, source: Source, service: Service, repo: Path) -> Examination:
    """First with the settings the repository itself knows of, then with made-up ones; then the questions."""
    own = service.model_copy(update={"env": _known(service, source, repo)})
    first = talk(box, own)
    troubles = troubles_of_start(first, source, own) or _of_manifest(source)
    if not first.ready and any(trouble.reason == MISSING_SETTING for trouble in troubles):
        first = talk(box, service)
        troubles += [t for t in troubles_of_start(first, source, service) if t.reason != MISSING_SETTING]
        own = service
    if not first.ready:
        return Examination(starts=False, troubles=tuple(troubles))
    operations = handlers(source)
    asked = questions(source, operations)
    sent = [question for question in asked if question.ask is not None]
    reads = plain_reads(operations)
    said = talk(box, own, [*(q.ask for q in sent if q.ask is not None), *reads])
    seen = list(troubles_in(said.said, source))
    answered = _answered(sent, said.answers)
    troubles += _joined([*answered, *(q.trouble for q in asked if q.ask is None)], seen, said.said)
    return Examination(
        starts=True, troubles=tuple(sorted(troubles, key=lambda t: not t.shown)), asked=len(said.answers)
    )


def _answered(sent: Sequence[Question], answers: Sequence[Answered]) -> list[Trouble]:
    found = []
    for question, answer in zip(sent, answers, strict=False):
        shown = question.shows(answer)
        if shown or not question.only_shown:
            found.append(question.trouble.model_copy(update={"shown": shown}))
    return found


def _joined(read: Iterable[Trouble], seen: Sequence[Trouble], said: str) -> list[Trouble]:
    """What was read takes what was seen of the same reason: the line to change is the one that was read."""
    left = list(seen)
    found = []
    for trouble in read:
        match = next((t for t in left if t.reason == trouble.reason), None) if not trouble.shown else None
        if match is not None:
            left = [t for t in left if t.reason != trouble.reason]
            trouble = trouble.model_copy(update={"shown": match.shown})
        elif trouble.reason == "pydantic 1 leftover" and not trouble.shown:
            warned = next(
                (row.strip() for row in said.splitlines() if "PydanticDeprecated" in row or " V2:" in row), ""
            )
            trouble = trouble.model_copy(update={"shown": warned[:300]})
        found.append(trouble)
    return [*found, *left]


def _known(service: Service, source: Source, repo: Path) -> dict[str, str]:
    """Of the made-up settings those the repository or its owner's `.env` has a value for, and databases' addresses."""
    names = set(_NAMES.findall((TreeSource(repo.resolve(), [".env"]).raw(".env") or b"").decode("utf-8", "replace")))
    for path in source.files():
        if path.rpartition("/")[2] in (".env", ".env.example", "Dockerfile") or path.endswith((".env.sample", ".yml")):
            with suppress(ValueError):
                names |= set(re.findall(r"\b([A-Z][A-Z0-9_]{2,})\b\s*[:=]", source.read(path)))
    upper = {name.upper() for name in names}
    return {k: v for k, v in service.env.items() if k.upper() in upper or DATABASE.match(v)}


def troubles_of_start(first: Talk, source: Source, service: Service) -> list[Trouble]:
    """The reason why it did not start; none when it did."""
    if first.ready:
        return []
    found = list(troubles_in(first.said, source))
    prepared = FROM_PREPARE.search(first.said)
    if prepared and found:
        found[-1] = found[-1].model_copy(
            update={"what": f"`{prepared[1]}` runs before the start and fails. {found[-1].what}"}
        )
    if found:
        return found[-1:]
    if (factory := factory_trouble(first.said, source)) is not None:
        return [factory]
    if is_missed_in(first.said):
        return [_no_server(source, f"No module named {SERVER}")]
    loading = re.search(r"Error loading ASGI app\. (.+)", first.said)
    if loading:
        change = f"Name the module and the variable of the FastAPI application; greenloop took {service.argv[3]}."
        return [Trouble(reason="no application", what=loading[1], change=change, shown=loading[0])]
    return [_silent(first, service)]


def _silent(first: Talk, service: Service) -> Trouble:
    said = last_line(first.said) or "it printed nothing"
    if first.ended:
        what = f"It ends with exit code {first.exit_code} without a stack trace."
        return Trouble(reason="other", what=what, change=f"Run the command by hand: {_by_hand(service)}", shown=said)
    if first.status:
        what = f"It starts, and {service.ready_path} answers {first.status}."
        return Trouble(reason="other", what=what, change="Look at what that path needs.", shown=said)
    return Trouble(
        reason="start-up never ends",
        what=f"Nothing answers on {service.ready_path} within {service.start_timeout_s:.0f} s.",
        change="Look for a blocking call or an endless loop at module level, or in the lifespan before its `yield`.",
        shown=said,
    )


def _by_hand(service: Service) -> str:
    """The command with a port in it, quoted for a shell."""
    return shlex.join(part.replace("{port}", "8000") for part in service.argv)


def _no_server(source: Source, shown: str = "") -> Trouble:
    where = next((f for f in ("requirements.txt", "pyproject.toml") if f in source.files()), "requirements.txt")
    return Trouble(
        reason="missing dependency", shown=shown, change=f"Add {SERVER} to {where}.",
        what=f"{ABSENT}: tests with TestClient pass, but nothing can serve the "
        "application.",
    )  # fmt: skip


def _of_manifest(source: Source) -> list[Trouble]:
    """What is missing in the repository's own files and was put beside them in the sandbox."""
    manifest = read_manifest(source.files(), lambda path: source.read(path).encode())
    return [_no_server(source)] if needs_a_server(manifest) else []


def _no_application(source: Source) -> Trouble:
    imports = any("fastapi" in path for path in source.files()) or bool(source.files())
    what = "No FastAPI application was found." if imports else "The repository is empty."
    return Trouble(
        reason="no application", what=what, shown="no module of the repository makes a FastAPI()",
        change="Make it a module-level variable (`app = FastAPI()`) or a function without arguments that returns it.",
    )  # fmt: skip


def _no_image(error: str) -> Trouble:
    return Trouble(
        reason="missing dependency", what="What the repository asks for cannot be installed.",
        change="Correct the requirement the installer names.", shown=error[:600],
    )  # fmt: skip
