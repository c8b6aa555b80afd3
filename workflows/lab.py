"""Where a run meets git and Docker: the workspace, the images, the warm sandbox, the verdict."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any, Literal

from agents.contracts import TestCase
from agents.desk import WorkspaceDesk
from agents.profile_reader import read_profile, service_for
from agents.protection import Protected, protected_from_builder, protected_from_tester
from agents.testkit import CONFTEST, acceptance_conftest
from sandbox.deliver import refuse_branch
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, RepositoryRefused
from sandbox.extras.find import needed_extras
from sandbox.extras.values import AUTO, Extras
from sandbox.history import FileChange
from sandbox.images import Images
from sandbox.listing import Listing, of_tree
from sandbox.manifest import Manifest, read_manifest
from sandbox.protocol import Limits
from sandbox.reports import Service, SuiteReport, Word
from sandbox.server import LACKS, needs_a_server
from sandbox.trust import ACCEPTANCE, trusted
from sandbox.workspace import Workspace
from workflows.gate_choice import Gates
from workflows.proof import Proof
from workflows.record import Record
from workflows.sources import EMPTY_TREE, CommitSource, TreeSource
from workflows.warm import Warm

MOST_SOURCES = 8


@dataclass
class Lab:
    """One run's git and Docker. Every method may be called again after a crash and finds its work done."""

    run_id: str
    branch: str
    home: Path
    source: Path
    include_dirty: bool
    engine: DockerEngine
    make_images: Callable[[], Images]
    limits: Limits
    test_timeout_s: float
    record: Record
    proof: Proof = field(default_factory=Proof)
    gates: Gates = field(default_factory=Gates)
    tell_edit: Callable[[str], None] = lambda _: None
    """Told every single edit; the rules write many files at once, so only a model's are worth a line."""
    choice: str = AUTO
    """The setting `extras`."""
    remembered: dict[str, Any] = field(default_factory=dict)
    """What this process found out about trees, by name and tree."""
    kept_open: ExitStack = field(default_factory=ExitStack)
    bench: object | None = None
    """The sandbox of a search for repairs, from localising to its end (see `workflows.bench`)."""
    _extras_of: dict[str, Extras] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _image_of: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, CommitSource] = field(default_factory=dict)
    _services: dict[str, Service | None] = field(default_factory=dict)
    _at: str = ""
    """The commit the tree is known to be, because this process made it so and gave nobody a desk since."""
    _cases: tuple[TestCase, ...] = ()
    _one_at_a_time: RLock = field(default_factory=RLock)
    """Patches are made side by side and share the warm sandbox."""

    def prepare(self) -> str:
        """Remove what dead owners left, make or open the workspace; returns the base commit."""
        self.engine.sweep()
        self.engine.remove_run(self.run_id)
        for remembered in ("workspace", "_known"):
            self.__dict__.pop(remembered, None)
        self.workspace = Workspace.create(self.home, self.source, include_dirty=self.include_dirty)
        refuse_branch(self.workspace.git, self.source, self.branch)
        for note in self.workspace.notes:
            self.record.emit("note", text=note)
        return self.workspace.base

    @cached_property
    def workspace(self) -> Workspace:
        """The run's workspace (made by `prepare`)."""
        return Workspace.open(self.home)

    @cached_property
    def images(self) -> Images:
        """The dependency images; the base image is made on first use."""
        return self.make_images()

    @cached_property
    def warm(self) -> Warm:
        """The loop's own sandbox."""
        return Warm(self.engine, self.run_id, self.limits, self.test_timeout_s, self.proof.touches(self.source))

    def put_away(self) -> None:
        """Close the bench."""
        self.bench = None
        self.kept_open.close()

    def close(self) -> None:
        """Give the containers back."""
        self.put_away()
        if "warm" in self.__dict__:
            self.warm.close()

    def reset(self, commit: str) -> None:
        """Make the tree a commit again."""
        if self._at != commit:
            self.workspace.reset(commit)
        self._at = commit

    def commit(self, subject: str, *, step: str, verdict: str, body: str = "") -> str:
        """Commit the tree under a step's name; found again when it was done before."""
        trailers = {"Greenloop-Run": self.run_id, "Greenloop-Verdict": verdict}
        self._at = self.workspace.commit(subject, step=step, trailers=trailers, body=body)
        return self._at

    def set_aside(self, subject: str, *, step: str) -> str:
        """Commit the tree off the run's line; found again when it was done before."""
        return self.workspace.set_aside(subject, step=step, trailers={"Greenloop-Run": self.run_id})

    def write(self, path: str, text: str | bytes) -> None:
        """Put one file of ours into the tree."""
        self._at = ""
        self.workspace.write(path, text.encode() if isinstance(text, str) else text)

    def delete(self, path: str) -> None:
        """Take one file out of the tree."""
        self._at = ""
        self.workspace.delete(path)

    def lay_tests(self, commit: str) -> None:
        """Put the tests of a commit over those of the tree, which was just reset to HEAD.

        Of acceptance tests, exactly those of the commit are there then.
        """
        if self.workspace.git.call("merge-base", "--is-ancestor", commit, "HEAD").code == 0:
            return
        self._at = ""
        head = self.commit_source(self.workspace.head()).listing
        wanted = self.commit_source(commit).listing.only(self._test_files(commit))
        for path in head.keys:
            if path.startswith(ACCEPTANCE) and path not in wanted.keys:
                self.workspace.delete(path)
        new = [path for path, key in wanted.keys.items() if head.keys.get(path) != key]
        for path, content in wanted.read(new).items():
            self.workspace.write(path, content)

    def find_step(self, step: str) -> str | None:
        """The commit of a step, None when it was not made."""
        return self.workspace.find_step(step)

    def subject(self, commit: str) -> str:
        """A commit's subject line."""
        return next((c.subject for c in self.workspace.log() if c.sha == commit), "")

    def tree_id(self, commit: str) -> str:
        """Equal ids mean equal content."""
        return self.workspace.tree_id(commit)

    def diff(self, old: str, new: str) -> str:
        """What changed, as text."""
        return self.workspace.diff(old, new)

    def changes(self, old: str, new: str) -> list[FileChange]:
        """What changed, by file."""
        return self.workspace.changes(old, new)

    def sealed(self, commit: str, verdict: str) -> str:
        """The commit as it is delivered: the same content, its verdict written into it."""
        return self.workspace.relabelled(commit, {"Greenloop-Verdict": verdict})

    def deliver(self, commit: str, branch: str) -> None:
        """Bring a commit into the user's repository as one new branch."""
        self.workspace.deliver(commit, branch)

    def desk(
        self, role: Literal["planner", "tester", "builder"], base: str = "", tests_commit: str = ""
    ) -> WorkspaceDesk:
        """The workspace as a role may see and change it."""
        self._at = "" if role != "planner" else self._at
        protected: Protected = lambda _: True  # noqa: E731 - the planner changes nothing
        if role == "tester":
            there = frozenset(self._test_files(base))
            protected = lambda path: path in there or protected_from_tester(path)  # noqa: E731 - like the above
        elif role == "builder":
            protected = protected_from_builder(self._test_files(base) + self._test_files(tests_commit))
        return WorkspaceDesk(self.workspace, protected, lambda ids: self.try_tree(ids, tests_commit), self.tell_edit)

    def service(self, commit: str = "") -> Service | None:
        """How the application of a commit (or of the tree as it is) is started; None when there is none."""
        tree = self.tree_id(commit) if commit else ""
        if tree not in self._services or not tree:
            source = self._source(commit)
            self._services[tree] = service_for(read_profile(source), source)
        return self._services[tree]

    def add_test_support(self, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        """The acceptance tests' conftest is always ours; `settings` are what the service will need.

        Raises:
            RepositoryRefused: the repository has one of its own there.
        """
        there = self.commit_source(self.workspace.base).raw(CONFTEST)
        if there is not None and b"APP_BASE_URL" not in there:
            told = f"{CONFTEST} is not greenloop's, which keeps its acceptance tests there"
            raise RepositoryRefused(told, advice="move yours")
        service = self.service() or Service(argv=("python", "-m", "uvicorn", "app.main:app", "--port", "{port}"))
        service = service.model_copy(update={"env": {**settings, **service.env}})
        self.workspace.write(CONFTEST, acceptance_conftest(service).encode())

    def extras(self, commit: str = "") -> Extras:
        """The servers that a commit (or the tree as it is) needs beside it."""
        key = self.workspace.tree_id(commit) if commit else ""
        if key in self._extras_of:
            return self._extras_of[key]
        source = self._source(commit)
        found = needed_extras(source.files(), source.raw, self.choice)
        for note in found.notes:
            if note not in self._told:
                self.record.emit("note", text=note)
        self._told.update(found.notes)
        if commit:
            self._extras_of[key] = found
        return found

    def image(self, commit: str = "", extras: Extras | None = None) -> str:
        """The image with the dependencies and servers of a commit (or of the tree as it is).

        `extras`: its servers, when they are known.

        Raises:
            DependencyError: they cannot be installed, or one must not be (`PackageRefused`).
        """
        key = self.workspace.tree_id(commit) if commit else ""
        if key not in self._image_of:
            wanted, manifest = self.extras(commit) if extras is None else extras, self._manifest(commit)
            if needs_a_server(manifest) and LACKS not in self._told:
                self.record.emit("note", text=LACKS)
                self._told.add(LACKS)
            image = self.images.ensure(manifest, known=self._known, extras=wanted)
            if image.built:
                self.record.emit("note", text=f"built the dependency image in {image.seconds:.0f} s")
            if not commit:
                return image.tag
            self._image_of[key] = image.tag
        return self._image_of[key]

    @cached_property
    def _known(self) -> Manifest:
        """What the user's own code asks for."""
        return self._manifest(self.workspace.base)

    def _manifest(self, commit: str) -> Manifest:
        source = self._source(commit)
        return read_manifest(source.files(), source.raw)

    def prove_red(self, base: str, tests_commit: str, cases: Sequence[TestCase]) -> SuiteReport:
        """The new tests on the code before the change."""
        return self._run(base, tests_commit, cases, self.service(base) or EMPTY_TREE)

    def check(self, head: str, tests_commit: str, cases: Sequence[TestCase]) -> SuiteReport:
        """The new tests on a commit, in the warm sandbox."""
        return self._run(head, tests_commit, cases, self.service(head))

    def try_tree(self, node_ids: tuple[str, ...], tests_commit: str) -> SuiteReport:
        """For an agent at work: the trusted tests on the tree as it is now."""
        named = {n.split("[")[0] for n in node_ids}
        return self._run("", tests_commit, [c for c in self._cases if not named or c.node_id in named], self.service())

    def try_files(
        self, changes: Mapping[str, bytes | None], commit: str, tests_commit: str, cases: Sequence[TestCase]
    ) -> SuiteReport:
        """The trusted tests on a commit with some files changed, in the warm sandbox; from any thread."""
        tree = self.commit_source(commit).listing.overlaid(changes)
        return self._warmly(tree, tests_commit, cases, self.service(commit), self.image(commit), self.extras(commit))

    def remember(self, cases: Sequence[TestCase]) -> None:
        """Which tests the agents' own test runs mean by default."""
        self._cases = tuple(cases)

    def _run(self, commit: str, tests_commit: str, cases: Sequence[TestCase], service: Service | None) -> SuiteReport:
        """Trusted tests on a commit (or on the tree as it is), in the warm sandbox.

        Raises:
            DependencyError: what the user's own code asks for cannot be installed.
        """
        if service is None and any(c.node_id.startswith(ACCEPTANCE) for c in cases):
            return SuiteReport(word=Word.RED, reason="no FastAPI application was found in the tree")
        extras = self.extras(commit)
        try:
            image = self.image(commit, extras)
        except DependencyError as error:
            if commit == self.workspace.base:
                raise
            return SuiteReport(word=Word.RED, reason=f"the dependencies cannot be installed: {error}")
        tree = self.commit_source(commit).listing if commit else of_tree(self.workspace)
        before = None if commit else self.commit_source(self.workspace.base).listing
        return self._warmly(tree, tests_commit, cases, service, image, extras, before)

    def _warmly(
        self, tree: Listing, tests_commit: str, cases: Sequence[TestCase], service: Service | None, image: str,
        extras: Extras, before: Listing | None = None,
    ) -> SuiteReport:  # fmt: skip
        author = self.commit_source(tests_commit).listing
        author = author.only(set(trusted(author.keys)))
        with self._one_at_a_time:
            return self.warm.run(image, tree, author, [c.node_id for c in cases], service, extras, before=before)

    def trusted_tests(self, tests_commit: str) -> bytes:
        """Tar of what a verdict takes from the tests' author."""
        return self.workspace.export(tests_commit, trusted(self.files(tests_commit)))

    def _test_files(self, commit: str) -> list[str]:
        return self.commit_source(commit).test_files if commit else []

    def files(self, commit: str) -> list[str]:
        """Paths of a commit."""
        return self.commit_source(commit).files()

    def commit_source(self, commit: str) -> CommitSource:
        """A commit to read from; the last few are remembered, as they never change."""
        if commit not in self._sources:
            while len(self._sources) >= MOST_SOURCES:
                del self._sources[next(iter(self._sources))]
            self._sources[commit] = CommitSource(self.workspace, commit)
        return self._sources[commit]

    def _source(self, commit: str) -> CommitSource | TreeSource:
        """A commit to read from, or the tree as it is."""
        return self.commit_source(commit) if commit else TreeSource(self.workspace.tree, self.workspace.files())
