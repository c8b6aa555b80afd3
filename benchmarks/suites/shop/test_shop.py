"""25 tests over ASGI; the tables are made anew for each."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from shop import Base, app, engine

TEA = {"name": "tea", "cents": 350, "stock": 5}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        yield client
    await engine.dispose()


@pytest_asyncio.fixture
async def tea(client: httpx.AsyncClient) -> int:
    return (await client.post("/articles", json=TEA)).json()["id"]


async def test_create(client: httpx.AsyncClient) -> None:
    answer = await client.post("/articles", json=TEA)
    assert answer.status_code == 201
    assert answer.json() == {**TEA, "id": 1}


@pytest.mark.parametrize("change", [{"name": ""}, {"name": "x" * 81}, {"cents": -1}, {"stock": -1}, {"cents": "many"}])
async def test_create_refuses(client: httpx.AsyncClient, change: dict[str, object]) -> None:
    assert (await client.post("/articles", json=TEA | change)).status_code == 422


async def test_names_are_unique(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.post("/articles", json=TEA)).status_code == 409


async def test_read(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.get(f"/articles/{tea}")).json() == {**TEA, "id": tea}


async def test_replace(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.put(f"/articles/{tea}", json=TEA | {"cents": 400})).status_code == 200
    assert (await client.get(f"/articles/{tea}")).json()["cents"] == 400


async def test_replace_refuses(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.put(f"/articles/{tea}", json={"name": "tea"})).status_code == 422


async def test_delete(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.delete(f"/articles/{tea}")).status_code == 204
    assert (await client.get(f"/articles/{tea}")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_unknown(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/articles/99")).status_code == 404


async def test_empty_list(client: httpx.AsyncClient) -> None:
    assert (await client.get("/articles")).json() == []


async def test_list_by_name(client: httpx.AsyncClient, tea: int) -> None:
    await client.post("/articles", json={"name": "rice", "cents": 120})
    assert [one["name"] for one in (await client.get("/articles")).json()] == ["rice", "tea"]


async def test_search(client: httpx.AsyncClient, tea: int) -> None:
    await client.post("/articles", json={"name": "rice", "cents": 120})
    assert [one["name"] for one in (await client.get("/articles?q=e")).json()] == ["rice", "tea"]
    assert [one["name"] for one in (await client.get("/articles?q=ri")).json()] == ["rice"]


@pytest.mark.parametrize("limit", [0, 51])
async def test_limit_refuses(client: httpx.AsyncClient, limit: object) -> None:
    assert (await client.get("/articles", params={"limit": str(limit)})).status_code == 422


async def test_limit(client: httpx.AsyncClient, tea: int) -> None:
    await client.post("/articles", json={"name": "rice", "cents": 120})
    assert len((await client.get("/articles?limit=1")).json()) == 1


async def test_order(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.post("/orders", json={"article_id": tea, "amount": 2})).status_code == 201
    assert (await client.get(f"/articles/{tea}")).json()["stock"] == 3


async def test_order_too_much(client: httpx.AsyncClient, tea: int) -> None:
    assert (await client.post("/orders", json={"article_id": tea, "amount": 6})).status_code == 409


@pytest.mark.parametrize("amount", [0, -1])
async def test_order_refuses(client: httpx.AsyncClient, tea: int, amount: int) -> None:
    assert (await client.post("/orders", json={"article_id": tea, "amount": amount})).status_code == 422


async def test_order_of_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.post("/orders", json={"article_id": 9, "amount": 1})).status_code == 404


async def test_turnover(client: httpx.AsyncClient, tea: int) -> None:
    for amount in (1, 2):
        await client.post("/orders", json={"article_id": tea, "amount": amount})
    assert (await client.get("/turnover")).json() == {"cents": 1050}
