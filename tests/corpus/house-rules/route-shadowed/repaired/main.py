from fastapi import APIRouter, FastAPI

items = APIRouter(prefix="/orders")
reports = APIRouter()


@items.get("/{order_id}")
def read_order(order_id: int) -> int:
    """An order."""
    return order_id


@reports.get("/orders/summary")
def read_summary() -> str:
    """All orders in one sentence."""
    return "none"


def create_app() -> FastAPI:
    """The application."""
    app = FastAPI()
    app.include_router(reports)
    app.include_router(items)
    return app
