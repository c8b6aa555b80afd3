"""Amounts in cents."""

from dataclasses import dataclass, field


@dataclass
class Line:
    name: str
    cents: int
    count: int = 1
    reduced: bool = False


@dataclass
class Invoice:
    lines: list = field(default_factory=list)
    discount: int = 0
    """Percent of everything before tax."""

    def add(self, name, cents, count=1, reduced=False):
        """One more line, or more of one that is there at the same price.

        Raises ValueError for less than one piece.
        """
        if count < 1:
            raise ValueError("at least one piece")
        for line in self.lines:
            if line.name == name and line.cents == cents:
                line.count += count
                return line
        line = Line(name, cents, count, reduced)
        self.lines.append(line)
        return line

    def net(self):
        """Before tax, after discount."""
        total = sum(line.cents * line.count for line in self.lines)
        return total - percent(total, self.discount)

    def tax(self):
        """Tax by rate; the discount counts for every line."""
        result = 0
        for rate, reduced in ((19, False), (7, True)):
            total = sum(line.cents * line.count for line in self.lines if line.reduced is reduced)
            total -= percent(total, self.discount)
            result += percent(total, rate)
        return result

    def gross(self):
        return self.net() + self.tax()


def percent(cents, rate):
    """Part of an amount, half a cent upwards."""
    return (cents * rate + 50) // 100


def split(cents, people):
    """Parts that differ by at most one cent, the larger ones first."""
    each, rest = divmod(cents, people)
    return [each + 1] * rest + [each] * (people - rest)


def change(cents, coins=(200, 100, 50, 20, 10, 5, 2, 1)):
    """The fewest coins of an amount, the largest first.

    Raises ValueError when the coins cannot make it.
    """
    best = {0: []}
    for amount in range(1, cents + 1):
        options = [best[amount - coin] + [coin] for coin in coins if amount - coin in best]
        if options:
            best[amount] = min(options, key=len)
    if cents not in best:
        raise ValueError("no such coins")
    return sorted(best[cents], reverse=True)


def formatted(cents, symbol="€"):
    """`-1,234.50 €`"""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d} {symbol}"
