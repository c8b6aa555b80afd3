import json
import pickle

from fastapi import FastAPI, UploadFile

app = FastAPI()
LIMIT = 1_000_000


@app.post("/models")
async def load_model(file: UploadFile) -> str:
    """Load a model."""
    raw = await file.read(LIMIT)
    model = pickle.loads(raw)
    return str(model)
