import requests as http
from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/rates")


class Rates:
    """Rates of other currencies."""

    def today(self, currency: str) -> float:
        """The rate of one currency."""
        answer = http.get("https://rates.internal/today", params={"currency": currency}, timeout=5)
        return float(answer.json()["rate"])


rates = Rates()


@router.get("/{currency}")
def read_rate(currency: str) -> float:
    """Today's rate."""
    return rates.today(currency)


app = FastAPI()
app.include_router(router, prefix="/api")
