"""The game of Reversi (Othello): discs between a new one and another of its colour change sides."""

BLACK, WHITE, EMPTY = "b", "w", "."
DIRECTIONS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


class IllegalMove(Exception):
    pass


def other(color):
    return WHITE if color == BLACK else BLACK


def place(name):
    """`c4` as row and column: `(3, 2)`."""
    return int(name[1:]) - 1, ord(name[0].lower()) - ord("a")


def name(row, column):
    return f"{'abcdefghijklmnopqrstuvwxyz'[column]}{row + 1}"


class Board:
    def __init__(self, size=8):
        self.size = size
        self.cells = [[EMPTY] * size for _ in range(size)]
        self.turn = BLACK
        low, high = size // 2 - 1, size // 2
        self.cells[low][low] = self.cells[high][high] = WHITE
        self.cells[low][high] = self.cells[high][low] = BLACK

    @classmethod
    def from_text(cls, text, turn=BLACK):
        rows = text.split()
        board = cls(len(rows))
        board.cells = [list(row) for row in rows]
        board.turn = turn
        return board

    def __str__(self):
        return "\n".join("".join(row) for row in self.cells)

    def copy(self):
        board = Board(self.size)
        board.cells = [list(row) for row in self.cells]
        board.turn = self.turn
        return board

    def inside(self, row, column):
        return 0 <= row < self.size and 0 <= column < self.size

    def flips(self, row, column, color):
        """The discs that change sides when the colour moves there; none when it may not."""
        if self.cells[row][column] != EMPTY:
            return []
        result = []
        for down, right in DIRECTIONS:
            line = []
            r, c = row + down, column + right
            while self.inside(r, c) and self.cells[r][c] == other(color):
                line.append((r, c))
                r, c = r + down, c + right
            if self.inside(r, c) and self.cells[r][c] == color:
                result.extend(line)
        return result

    def moves(self, color=None):
        """Names of the moves, row by row; for who has the turn when no colour is said."""
        color = color or self.turn
        every = [(row, column) for row in range(self.size) for column in range(self.size)]
        return [name(row, column) for row, column in every if self.flips(row, column, color)]

    def play(self, move):
        """Move, and give the turn to the other side if it has a move.

        Raises IllegalMove.
        """
        row, column = place(move)
        flipped = self.flips(row, column, self.turn) if self.inside(row, column) else []
        if not flipped:
            raise IllegalMove(move)
        for r, c in [*flipped, (row, column)]:
            self.cells[r][c] = self.turn
        if self.moves(other(self.turn)):
            self.turn = other(self.turn)

    def is_over(self):
        return not self.moves(BLACK) and not self.moves(WHITE)

    def score(self):
        """Discs of black and white."""
        discs = [cell for row in self.cells for cell in row]
        return discs.count(BLACK), discs.count(WHITE)

    def winner(self):
        """None while it is played and after a draw."""
        black, white = self.score()
        if not self.is_over() or black == white:
            return None
        return BLACK if black > white else WHITE

    def best_move(self):
        """A corner if there is one, else the move after which the other side has the fewest; None without a move."""
        corners = {name(row, column) for row in (0, self.size - 1) for column in (0, self.size - 1)}
        mine, choices = self.turn, []
        for move in self.moves():
            after = self.copy()
            after.play(move)
            choices.append((move not in corners, len(after.moves(other(mine))), move))
        return min(choices)[2] if choices else None
