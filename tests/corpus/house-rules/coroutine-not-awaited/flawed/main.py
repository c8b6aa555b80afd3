from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Mailer:
    """Sends mails."""

    async def send(self, to: str, text: str) -> None:
        """Send one mail."""


mailer = Mailer()


class Question(BaseModel):
    """What somebody wants to know."""

    email: str = Field(max_length=200)
    text: str = Field(max_length=2000)


@app.post("/questions", status_code=202)
async def ask(question: Question) -> None:
    """Ask something."""
    mailer.send(question.email, "We have got your question.")
