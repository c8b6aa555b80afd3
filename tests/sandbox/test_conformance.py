"""What every sandbox promises; the fake and the real one pass the same tests."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault, PathRefused
from sandbox.fake import Call, FakeEngine
from sandbox.protocol import Cause, Command, Engine, Limits, Outcome, Process, Sandbox, User

BEAT = "/tmp/beat"
SMALL = Limits(memory_mb=192, pids=48, disk_mb=32, inodes=2000, output_bytes=100_000, lifetime_s=120)


def beat(call: Call) -> int:
    text = b""
    while True:
        text += b"."
        call.write_file(BEAT, text)
        call.sleep(0.02)


def flood(call: Call) -> int:
    while True:
        call.write(b"x" * 1000)


def fake_probe(call: Call) -> int:
    verb, *rest = call.argv[2:]
    if verb == "exit":
        return int(rest[0])
    if verb == "split":
        call.write(b"to stdout\n")
        call.write(b"to stderr\n", error=True)
    elif verb == "uid":
        call.write(f"{call.uid} {call.uid}\n".encode())
    elif verb == "write":
        call.write_file(rest[0], rest[1].encode())
    elif verb == "link":
        call.write_file(rest[0], rest[1].encode(), kind="link")
    elif verb == "flood":
        return flood(call)
    elif verb == "say-and-sleep":
        call.write(b"here\n")
        call.sleep(60)
    elif verb.startswith("brood"):
        call.spawn(beat)
        call.sleep(60 if verb.endswith("sleep") else 0.1)
    return 0


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "docker":
        return request.getfixturevalue("docker_engine")
    fake = FakeEngine()
    fake.program("python3", fake_probe)
    return fake


@pytest.fixture
def name_of_image(request: pytest.FixtureRequest, engine: Engine) -> str:
    return "any" if isinstance(engine, FakeEngine) else request.getfixturevalue("image")


@pytest.fixture(scope="module")
def container(docker_engine: DockerEngine, image: str, run_id: str) -> Iterator[Sandbox]:
    """One for all tests that leave it usable: to start and to remove one takes longer than most of them."""
    limits = replace(SMALL, lifetime_s=900)
    with docker_engine.open(image, run_id=f"{run_id}-shared", limits=limits) as container:
        yield container


@pytest.fixture
def box(engine: Engine, name_of_image: str, run_id: str, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """With nothing in it but the probe, and nothing running."""
    with contextlib.ExitStack() as stack:
        if isinstance(engine, FakeEngine):
            box: Sandbox = stack.enter_context(engine.open(name_of_image, run_id=run_id, limits=SMALL))
        else:
            box = request.getfixturevalue("container")
            box.sweep()
            emptied = ("find", "/src", "/tests", "-mindepth", "1", "-delete")
            assert box.run(Command(argv=emptied, timeout_s=20, user="root"))
        box.put(tars.build({"probe.py": (Path(__file__).with_name("probe.py")).read_bytes()}), "/src")
        yield box


def probe(*argv: str, timeout_s: float = 20, user: User = "app") -> Command:
    return Command(argv=("python3", "/src/probe.py", *argv), timeout_s=timeout_s, user=user)


def cat(path: str, user: User = "app") -> Command:
    return Command(argv=("cat", path), timeout_s=20, user=user)


def eventually(condition: Callable[[], bool], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def assert_no_beat(box: Sandbox) -> None:
    before = box.get(BEAT)
    time.sleep(0.15)
    assert box.get(BEAT) == before


@pytest.mark.parametrize("code", [0, 1, 7, 126, 137, 255])
def test_an_exit_code_is_the_programs(box: Sandbox, code: int) -> None:
    outcome = box.run(probe("exit", str(code)))
    assert (outcome.cause, outcome.exit_code) == (Cause.EXITED, code)
    assert bool(outcome) is (code == 0)


def test_stdout_and_stderr_are_apart(box: Sandbox) -> None:
    outcome = box.run(probe("split"))
    assert (outcome.stdout, outcome.stderr) == (b"to stdout\n", b"to stderr\n")
    assert 0 < outcome.elapsed_s < 20


def test_stdin_arrives_whole_while_output_flows(box: Sandbox) -> None:
    data = bytes(range(256)) * (SMALL.output_bytes // 256)
    assert box.run(Command(argv=("cat",), timeout_s=20, stdin=data)).stdout == data


def test_without_stdin_a_reader_sees_the_end(box: Sandbox) -> None:
    assert box.run(Command(argv=("cat",), timeout_s=20)).stdout == b""


def test_the_environment_is_exact(box: Sandbox) -> None:
    outcome = box.run(Command(argv=("env",), timeout_s=20, env={"GREETING": "hello = world\n2", "HOME": "/nowhere"}))
    lines = outcome.stdout.decode().replace("world\n2", "world 2").splitlines()
    values = dict(line.partition("=")[::2] for line in lines)
    assert set(values) == {"PATH", "HOME", "LANG", "GREETING"}
    assert (values["HOME"], values["LANG"], values["GREETING"]) == ("/nowhere", "C.UTF-8", "hello = world 2")


@pytest.mark.parametrize(("user", "home"), [("root", "/"), ("app", "/work"), ("tests", "/scratch")])
def test_a_user_has_a_home(box: Sandbox, user: User, home: str) -> None:
    assert f"HOME={home}\n".encode() in box.run(Command(argv=("env",), timeout_s=20, user=user)).stdout


def test_the_working_directory(box: Sandbox) -> None:
    assert box.run(Command(argv=("pwd",), timeout_s=20)).stdout == b"/\n"
    assert box.run(Command(argv=("pwd",), timeout_s=20, cwd="/work")).stdout == b"/work\n"
    missing = box.run(Command(argv=("pwd",), timeout_s=20, cwd="/work/not-there"))
    assert (missing.cause, missing.exit_code) == (Cause.EXITED, 125)


@pytest.mark.parametrize(("user", "uid"), [("root", 0), ("app", 10001), ("tests", 10002)])
def test_user_and_group_ids(box: Sandbox, user: User, uid: int) -> None:
    assert box.run(probe("uid", user=user)).stdout == f"{uid} {uid}\n".encode()


@pytest.mark.parametrize("program", ["no-such-program", "/usr/bin/no-such-program"])
def test_a_missing_program_is_127(box: Sandbox, program: str) -> None:
    outcome = box.run(Command(argv=(program,), timeout_s=20))
    assert (outcome.cause, outcome.exit_code) == (Cause.EXITED, 127)
    assert b"No such file" in outcome.stderr


@pytest.mark.parametrize("argv", [(), ("a=b",), ("echo", "nul\0")])
def test_an_impossible_command_is_refused(box: Sandbox, argv: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="command"):
        box.run(Command(argv=argv, timeout_s=20))


def test_arguments_are_never_a_shells(box: Sandbox) -> None:
    assert box.run(Command(argv=("echo", "$HOME", "`id`", "a;b", "*"), timeout_s=20)).stdout == b"$HOME `id` a;b *\n"


def test_a_timeout_ends_the_children_too_and_the_next_command_works(box: Sandbox) -> None:
    process = box.start(probe("brood-and-sleep", timeout_s=1.0))
    eventually(lambda: box.get(BEAT) is not None)
    outcome = process.wait()
    assert (outcome.cause, outcome.exit_code) == (Cause.TIMEOUT, None)
    assert 1.0 <= outcome.elapsed_s < 5
    assert_no_beat(box)
    assert box.run(probe("exit", "3")).exit_code == 3


def test_more_output_than_the_limit_ends_a_command(box: Sandbox) -> None:
    outcome = box.run(probe("flood"))
    assert (outcome.cause, outcome.exit_code) == (Cause.OUTPUT_LIMIT, None)
    assert len(outcome.stdout) == SMALL.output_bytes
    assert box.run(probe("exit", "0"))


def test_output_up_to_the_limit_is_fine(box: Sandbox) -> None:
    data = b"x" * SMALL.output_bytes
    outcome = box.run(Command(argv=("cat",), timeout_s=20, stdin=data))
    assert outcome
    assert outcome.stdout == data


def test_output_before_a_timeout_is_kept(box: Sandbox) -> None:
    outcome = box.run(probe("say-and-sleep", timeout_s=1.0))
    assert (outcome.cause, outcome.stdout) == (Cause.TIMEOUT, b"here\n")


def test_stop_ends_a_command_and_waiting_again_says_the_same(box: Sandbox) -> None:
    process = box.start(probe("brood-and-sleep"))
    eventually(lambda: box.get(BEAT) is not None)
    outcome = process.stop()
    assert (outcome.cause, outcome.exit_code) == (Cause.STOPPED, None)
    assert process.wait() == outcome
    assert process.stop() == outcome
    assert_no_beat(box)


def test_stopping_what_has_ended_changes_nothing(box: Sandbox) -> None:
    process = box.start(probe("exit", "4"))
    assert process.wait().exit_code == 4
    assert process.stop().exit_code == 4


def test_stopping_one_user_leaves_the_other_alone(box: Sandbox) -> None:
    other = box.start(probe("say-and-sleep", user="tests"))
    box.start(probe("say-and-sleep")).stop()
    assert box.run(probe("exit", "0", user="tests"))
    assert other.stop().cause is Cause.STOPPED


def test_two_commands_run_at_the_same_time(box: Sandbox) -> None:
    service: Process = box.start(probe("brood-and-sleep"))
    eventually(lambda: box.get(BEAT) is not None)
    assert box.run(probe("uid", user="tests"))
    assert service.stop().cause is Cause.STOPPED


@pytest.mark.parametrize(
    ("target", "user"), [("/src", "root"), ("/tests", "root"), ("/work", "app"), ("/scratch", "tests")]
)
def test_put_and_get_are_a_round_trip(box: Sandbox, target: str, user: User) -> None:
    files = {"a/b/deep file.txt": b"deep \x00\xff", "empty": b"", "-dash": b"dash", "ünïcode": b"u"}
    box.put(tars.build(files), target)
    assert {name: box.get(f"{target}/{name}") for name in files} == files
    assert box.run(cat(f"{target}/a/b/deep file.txt", user)).stdout == b"deep \x00\xff"
    box.put(tars.build({"empty": b"no more"}), target)
    assert box.get(f"{target}/empty") == b"no more"
    assert box.get(f"{target}/-dash") == b"dash"


@pytest.mark.parametrize(("target", "user"), [("/src", "app"), ("/src", "tests"), ("/tests", "tests")])
def test_trusted_files_can_be_read_and_not_changed(box: Sandbox, target: str, user: User) -> None:
    box.put(tars.build({"file": b"trusted"}), target)
    assert box.run(cat(f"{target}/file", user)).stdout == b"trusted"
    for path in ("file", "new"):
        assert not box.run(probe("write", f"{target}/{path}", "changed", user=user))
    assert box.get(f"{target}/file") == b"trusted"
    assert box.get(f"{target}/new") is None


@pytest.mark.parametrize(("target", "stranger"), [("/work", "tests"), ("/scratch", "app"), ("/tests", "app")])
def test_what_is_not_shared_is_private(box: Sandbox, target: str, stranger: User) -> None:
    box.put(tars.build({"file": b"private"}), target)
    assert not box.run(cat(f"{target}/file", stranger))
    assert not box.run(probe("write", f"{target}/file", "changed", user=stranger))
    assert box.get(f"{target}/file") == b"private"


def test_put_refuses_other_places_and_other_bytes(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="/etc"):
        box.put(tars.build({"passwd": b""}), "/etc")
    with pytest.raises(EngineFault):
        box.put(b"this is no archive" * 1000, "/src")


def test_get_takes_regular_files_only(box: Sandbox) -> None:
    box.put(tars.build({"dir/file": b"content"}), "/work")
    for name, target in (("link", "/work/dir/file"), ("dirlink", "/work/dir"), ("dangling", "/nowhere")):
        assert box.run(probe("link", f"/work/{name}", target))
    assert box.get("/work/dir/file") == b"content"
    for path in ("link", "dirlink", "dangling", "dirlink/file", "dir", "dir/file/below", "missing", "missing/file"):
        assert box.get(f"/work/{path}") is None, path


def test_get_is_bounded(box: Sandbox) -> None:
    box.put(tars.build({"big": b"x" * 5000}), "/work")
    assert box.get("/work/big", limit=5000) == b"x" * 5000
    with pytest.raises(EngineFault, match="larger than 4999"):
        box.get("/work/big", limit=4999)
    with pytest.raises(PathRefused):
        box.get("/work/../etc/passwd")


def test_a_sweep_kills_daemons_and_empties_scratch_space(box: Sandbox) -> None:
    box.put(tars.build({"kept": b"kept"}), "/src")
    for target in ("/work", "/scratch"):
        box.put(tars.build({"a/file": b"gone"}), target)
    assert box.run(probe("brood-and-exit"))
    assert box.get(BEAT) is not None
    box.sweep()
    time.sleep(0.15)
    assert [box.get(path) for path in (BEAT, "/work/a/file", "/scratch/a/file")] == [None, None, None]
    assert box.get("/src/kept") == b"kept"
    assert box.run(probe("write", "/work/a", "again"))
    box.sweep()


def test_closing_twice_is_fine_and_nothing_runs_afterwards(engine: Engine, name_of_image: str, run_id: str) -> None:
    box = engine.open(name_of_image, run_id=run_id, limits=SMALL)
    assert box.run(Command(argv=("true",), timeout_s=20))
    box.close()
    box.close()
    with pytest.raises(EngineFault, match="closed"):
        box.run(Command(argv=("true",), timeout_s=20))
    with pytest.raises(EngineFault, match="closed"):
        box.get("/work/x")


def test_closing_ends_what_runs(engine: Engine, name_of_image: str, run_id: str) -> None:
    with engine.open(name_of_image, run_id=run_id, limits=SMALL) as box:
        process = box.start(Command(argv=("sleep", "60"), timeout_s=60))
    assert process.wait().cause is Cause.STOPPED


def test_leaving_by_an_exception_closes(engine: Engine, name_of_image: str, run_id: str) -> None:
    with contextlib.suppress(KeyError), engine.open(name_of_image, run_id=run_id, limits=SMALL) as box:
        raise KeyError
    with pytest.raises(EngineFault, match="closed"):
        box.run(Command(argv=("true",), timeout_s=20))


def test_a_run_is_removed_as_a_whole(engine: Engine, name_of_image: str, run_id: str) -> None:
    mine, same, other = (
        engine.open(name_of_image, run_id=run, limits=SMALL) for run in (run_id, run_id, f"{run_id}-2")
    )
    with mine, same, other:
        assert sorted(engine.remove_run(run_id)) == sorted([mine.id, same.id])
        assert engine.remove_run(run_id) == []
        assert other.run(Command(argv=("true",), timeout_s=20))


def test_a_living_owner_is_not_swept(engine: Engine, box: Sandbox) -> None:
    assert box.id not in engine.sweep()
    outcome: Outcome = box.run(Command(argv=("true",), timeout_s=20))
    assert outcome
