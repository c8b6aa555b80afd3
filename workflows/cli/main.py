"""`greenloop`: the application, the guard against foreign packages, and the one map from errors to exit codes."""

import gc
import sys

import agents
import sandbox
import workflows


def guard() -> None:
    """Other projects own these import names too; say so before anything breaks in a strange way."""
    for package in (workflows, agents, sandbox):
        if getattr(package, "__product__", None) != "greenloop":
            raise SystemExit(
                f"greenloop: the import name '{package.__name__}' belongs to {package.__file__}. "
                "Install greenloop in an environment of its own: uv tool install greenloop"
            )


def main() -> None:
    """Entry point of the `greenloop` command."""
    guard()
    gc.set_threshold(50_000, 20, 20)  # a tenth of the time until a run begins was spent on looking for garbage
    from workflows.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
