from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware

ORIGINS = ["*"]
CREDENTIALS = True

app = FastAPI(
    middleware=[Middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=CREDENTIALS)],
)
