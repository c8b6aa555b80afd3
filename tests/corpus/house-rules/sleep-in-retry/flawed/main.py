import asyncio
import time

import httpx
from fastapi import FastAPI

app = FastAPI()


async def fetch(client: httpx.AsyncClient) -> httpx.Response:
    """Ask the warehouse, three times if need be."""
    for attempt in range(3):
        answer = await client.get("/stock")
        if answer.is_success:
            break
        time.sleep(attempt)
    return answer


@app.get("/stock")
async def read_stock() -> int:
    """How much there is."""
    async with httpx.AsyncClient(base_url="https://warehouse.internal") as client:
        return int((await fetch(client)).text)


async def pause() -> None:
    """Wait a little, for the tests."""
    await asyncio.sleep(0)
