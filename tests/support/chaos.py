"""A night for a farm: workers are killed one after the other, the database once, and everything must still add up."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.docker import DockerEngine
from sandbox.owners import RUN
from tests.support.farm import Farm, ModelServer, Till
from tests.support.postgres import Cluster

WORDS = ("delivered", "delivered", "partial", "stuck", "needs_human")


def night(
    folder: Path, *, runs: int, workers: int, every_s: float, postgres: bool, docker: bool, seed: int = 1,
    within_s: float = 600, pause_s: float = 0.3,
) -> dict[str, Any]:  # fmt: skip
    """Carry out so many runs while a worker is killed every so many seconds; returns the counts."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster()) if postgres else None
        url = cluster.url() if cluster else f"sqlite:///{folder}/queue.sqlite"
        till = Till(delay_s=0.05)
        model = stack.enter_context(ModelServer(till))
        farm = Farm(url, folder)
        stack.callback(farm.close)
        endings = [WORDS[n % len(WORDS)] for n in range(runs)]
        ids = farm.add(model.url, endings, calls=2, docker=docker, pause_s=pause_s)
        for _ in range(workers):
            farm.start()
        began = time.monotonic()
        killed, outages = _disturb(farm, cluster, chance, every_s, began + within_s, runs)
        took = time.monotonic() - began
        farm.drain()
        tokens = {job.id: job.token for job in farm.queue.jobs_of("c")}
        found = farm.deliver()
        farm.assert_nothing_left()
        assert {j.id: j.ending for j in farm.queue.jobs_of("c")} == dict(zip(ids, endings, strict=True)), farm.story()
        repeated = till.repeated()
        return {
            "runs": runs,
            "seconds": round(took, 1),
            "workers killed": killed,
            "database killed": outages,
            "writes through to the disk": cluster.setting("fsync") if cluster else "",
            "jobs taken over": sum(token > 1 for token in tokens.values()),
            "endings": dict(Counter(found)),
            "paid calls": till.answered.total(),
            "paid calls wanted": sum(3 for _ in range(runs)),
            "calls in flight when killed, asked again": sum(repeated.values()) - len(repeated),
            "containers left": len(containers(ids)),
        }


def _disturb(
    farm: Farm, cluster: Cluster | None, chance: random.Random, every_s: float, until: float, runs: int
) -> tuple[int, int]:
    killed = outages = 0
    following = time.monotonic() + every_s
    while not farm.done():
        assert time.monotonic() < until, farm.story()
        time.sleep(0.1)
        if not farm.all_started():
            following = max(following, time.monotonic() + every_s)  # whoever follows gets a chance to work
        if time.monotonic() < following:
            continue
        following = time.monotonic() + every_s
        ended = sum(job.state == "ended" for job in farm.queue.jobs_of("c"))
        if cluster is not None and not outages and ended > runs // 3:
            cluster.kill()
            time.sleep(0.5)
            cluster.start()
            outages += 1
            continue
        victim = chance.choice([w for w in farm.workers if w.poll() is None])
        victim.kill()
        victim.wait()
        killed += 1
        farm.start()
    return killed, outages


def containers(ids: list[str]) -> list[str]:
    """Containers of these jobs' runs that are there now."""
    try:
        found = DockerEngine().client.containers(all=True, filters={"label": RUN})
    except ConnectionError:
        return []
    mine = {f"run{int(job.removeprefix('job')):05d}" for job in ids}
    return [c["Id"] for c in found if c["Labels"][RUN] in mine]
