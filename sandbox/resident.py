"""A shell that stays in the container and answers single words over its own stream.

One belongs to root and is (through `timeout` and a reaping init) what keeps the container alive: when we die, its input
ends, and so does the container. One belongs to each user that ran a command. Killing and counting are shell built-ins,
so they work when not one more process can be started, and cost half a millisecond instead of an exec.
"""

import selectors
import threading
import time

from sandbox.streams import Channel, Output

REPLY_CAP = 16_384
ANSWER_S = 5.0
END = b".\n"
INPUT_ENDED = 42
"""Exit code of a container whose input ended: its owner went away, or the connection to it did."""

SUPERVISOR_SCRIPT = r"""
table() { while read -r key value; do echo "$1 $key $value"; done < "$2"; }
while read -r word; do
  case $word in
    count)
      for f in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
        [ -r $f ] && table memory $f
      done
      for f in /sys/fs/cgroup/pids/pids.events /sys/fs/cgroup/pids.events; do
        [ -r $f ] && table pids $f
      done ;;
    disk) stat -f -c '%n %a %d' $0 ;;
    wipe) find /tmp /dev/shm -mindepth 1 -delete ;;
    kill)
      for d in /proc/[0-9]*; do
        case ${d#/proc/} in 1|$$|$PPID) ;; *) kill -9 ${d#/proc/} ;; esac
      done ;;
  esac 2>/dev/null
  echo .
done
exit 42
"""
"""Root's: has no capability, so its `kill` only ever reaches root's own commands."""

KILLER_SCRIPT = r"""
while read -r word; do
  case $word in
    kill) kill -9 -1 ;;
    wipe)
      find $0 -mindepth 1 -user $1 -delete || {
        chmod -R u+rwx $0
        find $0 -mindepth 1 -user $1 -delete
      } ;;
  esac 2>/dev/null
  echo .
done
"""
"""A user's: `kill` ends every process of that user but this one."""


class Resident:
    """Our end of it. Thread-safe."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._broken = False

    @property
    def alive(self) -> bool:
        """False once its stream has ended, or it said anything unasked (its user can write to its output)."""
        with self._lock:
            return self._quiet()

    def _quiet(self) -> bool:
        if not self._broken and self._channel.read() is not None:
            self._break()
        return not self._broken

    def ask(self, word: str, within: float | None = None) -> list[str] | None:
        """Lines of the answer; None when there is none in time, too much of it, or nobody to ask."""
        with self._lock:
            if not self._quiet():
                return None
            self._channel.write(memoryview(f"{word}\n".encode()))
            answer = self._answer(time.monotonic() + (within or ANSWER_S))
            if answer is None:
                self._break()
            return answer

    def _answer(self, deadline: float) -> list[str] | None:
        output = Output(REPLY_CAP)
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                data = self._channel.read()
                if data == b"" or (data and not output.feed(data)):
                    return None
                if output.stdout.endswith(END):
                    return output.stdout[: -len(END)].decode("utf-8", "replace").splitlines()
                if data is None:
                    selector.select(left)
        return None

    def _break(self) -> None:
        self._broken = True
        self._channel.close()

    def close(self) -> None:
        """End it; root's takes the container with it."""
        with self._lock:
            self._break()
