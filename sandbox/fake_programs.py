"""Small programs that every fake sandbox has."""

from sandbox.fake_process import Call, Program


def complaint(text: str, exit_code: int) -> Program:
    """A program that says one line on stderr."""

    def program(call: Call) -> int:
        call.write(f"{text}\n".encode(), error=True)
        return exit_code

    return program


def _echo(call: Call) -> int:
    call.write(" ".join(call.argv[1:]).encode() + b"\n")
    return 0


def _cat(call: Call) -> int:
    for data in [call.read_file(path) for path in call.argv[1:]] or [call.stdin]:
        call.write(data)
    return 0


def _env(call: Call) -> int:
    call.write("".join(f"{key}={value}\n" for key, value in call.env.items()).encode())
    return 0


def _pwd(call: Call) -> int:
    call.write(call.cwd.encode() + b"\n")
    return 0


def _sleep(call: Call) -> int:
    call.sleep(float(call.argv[1]))
    return 0


BUILT_IN: dict[str, Program] = {
    "true": lambda _: 0,
    "false": lambda _: 1,
    "echo": _echo,
    "cat": _cat,
    "env": _env,
    "pwd": _pwd,
    "sleep": _sleep,
}
