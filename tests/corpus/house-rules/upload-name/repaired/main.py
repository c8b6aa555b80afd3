import shutil
import uuid
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, File, UploadFile

app = FastAPI()
FOLDER = Path("/srv/pictures")


@app.post("/pictures", status_code=204)
def store(picture: Annotated[UploadFile, File()]) -> None:
    """Store a picture."""
    target = FOLDER / uuid.uuid4().hex
    with target.open("wb") as stream:
        shutil.copyfileobj(picture.file, stream)
