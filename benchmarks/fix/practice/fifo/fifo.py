"""Stock of one article in lots: the oldest goes out first, at the price it was bought for."""

from dataclasses import dataclass
from datetime import date


class OutOfStock(Exception):
    """Raised with the number of missing pieces."""

    def __init__(self, missing):
        super().__init__(f"{missing} pieces are missing")
        self.missing = missing


@dataclass
class Lot:
    number: str
    pieces: int
    cents: int
    """Of one piece."""
    best_before: date | None = None

    def is_good(self, day):
        """Good on its last day too; without a day everything is."""
        return day is None or self.best_before is None or day <= self.best_before


class Stock:
    def __init__(self, lots=None):
        self.lots = list(lots or [])
        self.history = []

    def buy(self, number, pieces, cents, best_before=None):
        """A new lot.

        Raises ValueError for less than one piece or a number that is used.
        """
        if pieces < 1:
            raise ValueError("at least one piece")
        if any(lot.number == number for lot in self.lots):
            raise ValueError(f"there is a lot {number}")
        self.lots.append(Lot(number, pieces, cents, best_before))
        self.history.append(("buy", pieces, pieces * cents))

    def on_hand(self, day=None):
        """Pieces that can be sold that day."""
        return sum(lot.pieces for lot in self.lots if lot.is_good(day))

    def value(self):
        """Cents of everything there is, good or not."""
        return sum(lot.pieces * lot.cents for lot in self.lots)

    def average(self):
        """Cents of a piece on average, half a cent upwards; 0 without stock."""
        pieces = self.on_hand()
        if not pieces:
            return 0
        return (2 * self.value() + pieces) // (2 * pieces)

    def sell(self, pieces, day=None):
        """What the pieces had cost; all of them or none.

        Raises OutOfStock.
        """
        available = self.on_hand(day)
        if available < pieces:
            raise OutOfStock(pieces - available)
        cost, left = 0, pieces
        for lot in self.lots:
            if not lot.is_good(day):
                continue
            taken = min(lot.pieces, left)
            lot.pieces -= taken
            left -= taken
            cost += taken * lot.cents
        self.lots = [lot for lot in self.lots if lot.pieces]
        self.history.append(("sell", pieces, cost))
        return cost

    def take_back(self, number, pieces, cents):
        """Returned goods: the next to go out."""
        self.lots.insert(0, Lot(number, pieces, cents))
        self.history.append(("back", pieces, pieces * cents))

    def scrap(self, day):
        """Throw away what is no longer good; returns its value."""
        lost = [lot for lot in self.lots if not lot.is_good(day)]
        self.lots = [lot for lot in self.lots if lot.is_good(day)]
        cents = sum(lot.pieces * lot.cents for lot in lost)
        if lost:
            self.history.append(("scrap", sum(lot.pieces for lot in lost), cents))
        return cents

    def turnover(self):
        """Sold pieces and their cost, returns taken off."""
        pieces = cost = 0
        for kind, number, cents in self.history:
            if kind == "sell":
                pieces += number
                cost += cents
            elif kind == "back":
                pieces -= number
                cost -= cents
        return pieces, cost
