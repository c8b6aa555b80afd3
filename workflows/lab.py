"""Where a run meets git and Docker: the workspace, the images, the warm sandbox, the verdict."""

from collections.abc import Sequence
from pathlib import Path

from agents.contracts import TestCase
from agents.desk import WorkspaceDesk
from agents.profile_reader import read_profile, service_for
from sandbox.baseline import Baseline, measure
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError
from sandbox.images import BuildNetwork, Images
from sandbox.manifest import read_manifest
from sandbox.protocol import Limits
from sandbox.reports import Service, SuiteReport, Verdict, Word
from sandbox.workspace import FileChange, Workspace
from workflows.record import Record
