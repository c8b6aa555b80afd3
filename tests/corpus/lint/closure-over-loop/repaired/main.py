"""Jobs."""

from collections.abc import Callable

from fastapi import FastAPI

app = FastAPI()


def jobs() -> list[Callable[[], int]]:
    """Three jobs."""
    made: list[Callable[[], int]] = []
    for number in range(3):
        made.append(lambda number=number: number)
    return made


@app.get("/jobs")
def run_jobs() -> list[int]:
    """What they give."""
    return [job() for job in jobs()]
