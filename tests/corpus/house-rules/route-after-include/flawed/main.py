from fastapi import APIRouter, FastAPI

app = FastAPI()
router = APIRouter(prefix="/orders")


@router.get("/count")
def count() -> int:
    """How many orders."""
    return 0


app.include_router(router)


@router.get("/latest")
def latest() -> int:
    """The latest order."""
    return 0
