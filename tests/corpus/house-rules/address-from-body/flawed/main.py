import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, HttpUrl

app = FastAPI()
HOSTS = {"hooks.partner.example"}


class Hook(BaseModel):
    """Where events go."""

    url: HttpUrl


def refuse_unknown(host: str | None) -> None:
    """Only hosts we know."""
    if host not in HOSTS:
        raise HTTPException(400, "Unknown host")


@app.post("/hooks/try")
async def try_hook(hook: Hook) -> int:
    """What a hook answers."""
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post(f"{hook.url}?try=1", json={"event": "try"})
    return answer.status_code
