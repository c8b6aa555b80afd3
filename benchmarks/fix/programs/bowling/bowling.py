"""Scores of a game of ten-pin bowling."""


class Game:
    def __init__(self):
        self.rolls = []

    def roll(self, pins):
        """Note one roll.

        Raises ValueError for more pins than there are.
        """
        if pins < 0 or pins > 10:
            raise ValueError("a roll knocks down 0 to 10 pins")
        self.rolls.append(pins)

    def score(self):
        """The score of the ten frames as far as they are played."""
        total = 0
        index = 0
        for _ in range(10):
            if index >= len(self.rolls):
                break
            if self._is_strike(index):
                total += 10 + sum(self.rolls[index + 1 : index + 3])
                index += 1
            elif self._is_spare(index):
                total += 10 + sum(self.rolls[index + 2 : index + 3])
                index += 2
            else:
                total += sum(self.rolls[index : index + 2])
                index += 2
        return total

    def frames(self):
        """The rolls of each frame; the tenth may have three."""
        result = []
        index = 0
        while index < len(self.rolls) and len(result) < 9:
            size = 1 if self._is_strike(index) else 2
            result.append(self.rolls[index : index + size])
            index += size
        if index < len(self.rolls):
            result.append(self.rolls[index:])
        return result

    def _is_strike(self, index):
        return self.rolls[index] == 10

    def _is_spare(self, index):
        return sum(self.rolls[index : index + 2]) == 10
