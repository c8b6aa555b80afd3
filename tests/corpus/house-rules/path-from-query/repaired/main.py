import os

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse

router = APIRouter()
FOLDER = "/srv/invoices"


@router.get("/invoices", response_class=FileResponse)
def download(name: str) -> FileResponse:
    """An invoice."""
    path = os.path.join(FOLDER, os.path.basename(name))
    if not os.path.exists(FOLDER):
        raise HTTPException(404, "No invoices")
    return FileResponse(path)


app = FastAPI()
app.include_router(router)
