"""What can go wrong below the agents, named by what the caller should do.

    SandboxError
    ├── EngineUnavailable     no Docker engine answers: say how to start it, stop
    ├── EngineFault           the engine broke during work (infra): try again, never a test result
    ├── Stopped               we were asked to stop: what was cut short is nobody's result
    ├── ImageUnavailable      no base image can be had: say how to get one, stop
    ├── DependencyError       the repository's dependencies cannot be installed: show why, stop
    │   └── PackageRefused    one was not even tried: invented, misspelt, very new, or not from the index
    └── WorkspaceError
        ├── RepositoryRefused the repository is in a state we do not work on: say which, stop
        ├── PathRefused       a path leaves the tree, names git's own files, is too long or no file: tell the agent
        ├── BranchTaken       the result branch exists already: choose another name
        └── GitFailed         git itself failed: infra

A failing test, a timeout or memory running out inside the sandbox is a result (`protocol.Outcome`), not an error.
"""


class SandboxError(Exception):
    """Root of everything this package raises; its text is "where: problem: advice", advice to several lines on its own.

    Args:
        problem: what is the matter; true whoever reads it, of one run or of many.
        advice: what a person at this one run can do about it; empty when the problem says enough.
        where: the path or address it is about, when the problem does not name it.
    """

    def __init__(self, problem: str = "", *, advice: str = "", where: object = "") -> None:
        self.problem = problem
        self.advice = advice
        told = problem + ("\n" if "\n" in problem else ": ") + advice if advice else problem
        super().__init__(f"{where}: {told}" if where else told)


class EngineUnavailable(SandboxError, ConnectionError):
    """No Docker engine answers."""


class EngineFault(SandboxError, RuntimeError):
    """The engine failed in the middle of something; says nothing about the repository's code."""


class Stopped(SandboxError):
    """The work was stopped from outside; nothing that it said so far is a result."""


class ImageUnavailable(SandboxError, LookupError):
    """No base image is there and none can be made."""


class DependencyError(SandboxError, ValueError):
    """The repository's dependencies cannot be installed; the message is the installer's own, cut."""


class PackageRefused(DependencyError):
    """A package was refused before anything was installed; the message says which, why, and what to do."""


class WorkspaceError(SandboxError):
    """Root of what the git workspace raises."""


class RepositoryRefused(WorkspaceError, ValueError):
    """The user's repository is in a state greenloop does not work on."""


class PathRefused(WorkspaceError, ValueError):
    """A path is not a plain file inside the tree."""


class BranchTaken(WorkspaceError, ValueError):
    """The result branch exists already in the user's repository."""


class GitFailed(WorkspaceError, RuntimeError):
    """git ended with an error of its own."""
