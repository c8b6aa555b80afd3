from typing import Annotated

from fastapi import FastAPI, File, UploadFile

app = FastAPI()
MOST = 2_000_000


async def checksum(upload: UploadFile) -> int:
    """A number that changes with the content."""
    return sum(await upload.read(MOST))


@app.post("/pictures")
async def check(picture: Annotated[UploadFile, File()]) -> int:
    """The checksum of a picture."""
    return await checksum(picture)
