# mypy: ignore-errors
"""Runs in a build container that has no network, after `carrier.py`: what connects to its port goes out over stdout.

Nothing else leads out of the container. When its own stdin ends unannounced, whoever built here is gone: it ends pid 1,
and with that the container.
"""

import os
import select
import signal
import sys


def send(data):
    """The other end always reads, so this waits for it rather than keeping what cannot be sent."""
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:
            select.select([], [1], [])


async def serve():
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin.buffer)
    carrier = Carrier(send)

    async def carry(reader, writer):
        flow = carrier.open()
        if flow is None:
            writer.close()
            return
        try:
            await join(flow, reader, writer)
        finally:
            carrier.forget(flow)

    server = await asyncio.start_server(carry, "127.0.0.1", int(sys.argv[1]))
    carrier.say(0, READY, server.sockets[0].getsockname()[1])
    while BYE not in carrier.heard:
        data = await stdin.read(1 << 18)
        if not data:
            if len(sys.argv) > 2:
                os.kill(int(sys.argv[2]), signal.SIGTERM)
            break
        carrier.feed(data)
    os._exit(0)


asyncio.run(serve())
