"""What `doctor` says of the engine: what it is, what it keeps closed, what is known to be open, and ten attacks."""

import sys
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from sandbox.docker import DockerEngine
from sandbox.errors import SandboxError
from sandbox.facts import Facts, read_facts, runtime_name, why_unbounded
from sandbox.flaws import Program, flaws_of
from sandbox.self_attacks import run_attacks
from workflows.engines import place_of
from workflows.rows import Row
from workflows.settings import Settings

ALWAYS = (
    "no network", "no capability", "no new privileges", "own seccomp profile", "read-only root",
    "folders bounded in bytes and files", "open files, cores and file sizes bounded", "no log",
    "pid 1 under another user",
)  # fmt: skip
"""Asked of every engine; the attacks show whether it is given."""


def engine_rows(settings: Settings, engine: DockerEngine) -> Iterator[Row]:
    """What the engine is and keeps.

    Raises:
        SandboxError: none answers.
    """
    info = engine.client.info()
    facts = read_facts(info, engine.client.version())
    yield Row(name="docker", state="ok", found=_kind(facts, settings))
    yield from _way(settings)
    yield _runtime(facts, settings, runtime_name(settings.runtime or None, info))
    yield from _hardening(facts)
    yield from flaw_rows(facts.versions)


def _kind(facts: Facts, settings: Settings) -> str:
    rootless = "rootless" if facts.rootless else "as root"
    return (
        f"{facts.kind} {facts.version} at {place_of(settings).url}, {rootless}, control groups v{facts.cgroup} "
        f"({facts.cgroup_driver}), storage {facts.storage}, API {facts.api}"
    )


def _way(settings: Settings) -> Iterator[Row]:
    place = place_of(settings)
    if place.url.startswith("tcp://") and place.certificates is None:
        yield Row(
            name="engine's way", state="warn", found="TCP without TLS: whoever reaches the port is root there",
            advice="use ssh://, or TLS (DOCKER_TLS_VERIFY=1, DOCKER_CERT_PATH)",
        )  # fmt: skip


def _runtime(facts: Facts, settings: Settings, name: str | None) -> Row:
    there = ", ".join(f"{one} (default)" if one == facts.default_runtime else one for one in facts.runtimes) or "?"
    wanted = name or facts.default_runtime
    if name and name not in facts.runtimes and not (facts.kind == "Docker" and name.startswith("io.containerd.")):
        return Row(
            name="runtime", state="bad", found=f"{settings.runtime} is not one of {there}",
            advice=f"install {settings.runtime} and name it in the engine's configuration",
        )  # fmt: skip
    return Row(name="runtime", state="ok", found=f"{wanted or 'the default'} is used; there are {there}")


def _hardening(facts: Facts) -> Iterator[Row]:
    unbounded = why_unbounded(facts)
    bounds = [name for name in ("memory", "swap", "processes", "CPU") if name not in facts.missing]
    yield Row(name="hardening", state="ok", found=f"asked for: {', '.join(ALWAYS)}, bounded {', '.join(bounds)}")
    if unbounded:
        yield Row(name="bounds", state="bad", found=unbounded, advice="use an engine that can: no sandbox is opened")
    elif facts.missing:
        yield Row(name="bounds", state="warn", found=f"not bounded by this engine: {', '.join(facts.missing)}")
    if not any(one.startswith("seccomp") for one in facts.confinement):
        yield Row(name="seccomp", state="bad", found="the engine has no seccomp", advice="use a kernel with seccomp")
    around = [one for one in facts.confinement if one != "seccomp"] + ["rootless"] * facts.rootless
    if around or facts.default_runtime in ("runsc", "kata"):
        yield Row(name="around it", state="ok", found=", ".join(around) or facts.default_runtime)
    else:
        yield Row(
            name="around it", state="warn", found="nothing: a hole in the kernel is a hole in the sandbox",
            advice="for code you trust less: a rootless engine, userns-remap, AppArmor, SELinux, runtime runsc or kata",
        )  # fmt: skip


def flaw_rows(versions: Mapping[str, str]) -> Iterator[Row]:
    """One row for each program with known holes."""
    programs: tuple[Program, ...] = get_args(Program)
    for program in programs:
        version = versions.get(program, "")
        open_ones = flaws_of(program, version)
        if open_ones:
            told = "; ".join(f"{flaw.ids} ({flaw.what}), repaired in {', '.join(flaw.repaired)}" for flaw in open_ones)
            yield Row(
                name="known holes", state="warn", found=f"{program} {version}: {told}",
                advice="take a repaired release, or see whether your distribution has repaired this one",
            )  # fmt: skip


def host_flaws(git: str) -> Iterator[Row]:
    """Known holes of what runs here."""
    yield from flaw_rows({"git": git, "python": sys.version.split()[0]})


def attack_rows(engine: DockerEngine, image: str) -> Iterator[Row]:
    """The table of the ten attacks."""
    try:
        for attempt in run_attacks(engine, image):
            state: Literal["ok", "bad"] = "ok" if attempt.held else "bad"
            advice = "" if attempt.held else "do not run code you do not trust on this engine"
            found = f"{attempt.what}: {attempt.found}"
            yield Row(name=f"attack: {attempt.name}", state=state, found=found, advice=advice)
    except SandboxError as error:
        yield Row(name="attacks", state="bad", found="a sandbox could not be tried", advice=str(error))
