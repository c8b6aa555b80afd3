"""A sandbox with servers for greenloop's own use: to try migrations, to run what is not a repository's own suite."""

from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.extras.values import Name, plain
from sandbox.images import Images
from sandbox.manifest import Manifest
from sandbox.protocol import Limits


def open_with(
    engine: DockerEngine, images: Images, manifest: Manifest, *names: Name, run_id: str, limits: Limits
) -> DockerSandbox:
    """A sandbox with these dependencies and, empty, these servers; to be used as a context manager.

    `box.extras.postgresql.url()`, `.url("asyncpg")`, `.url("psycopg")` and `box.extras.redis.url()` are their
    addresses; `sweep` makes them empty again. The manifest has to name the drivers.

    Raises:
        DependencyError: the dependencies cannot be installed.
        EngineUnavailable, ImageUnavailable, EngineFault: nothing can be run here.
    """
    extras = plain(*names)
    return engine.open(
        images.ensure(manifest, known=manifest, extras=extras).tag, run_id=run_id, limits=limits, extras=extras
    )
