import random

import pytest

from reversi import BLACK, WHITE, Board, IllegalMove, name, place


def naive_flips(board, row, column, color):
    enemy = {"b": "w", "w": "b"}[color]
    if board.cells[row][column] != ".":
        return set()
    found = set()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            for length in range(2, board.size):
                line = [(row + down * n, column + right * n) for n in range(1, length + 1)]
                if (down or right) and all(0 <= r < board.size and 0 <= c < board.size for r, c in line):
                    if "".join(board.cells[r][c] for r, c in line) == enemy * (length - 1) + color:
                        found.update(line[:-1])
    return found


@pytest.mark.parametrize("size", [4, 6, 8])
def test_random_games(size):
    rng = random.Random(size)
    for _ in range(6):
        board = Board(size)
        while not board.is_over():
            places = [(r, c) for r in range(size) for c in range(size)]
            expected = [name(r, c) for r, c in places if naive_flips(board, r, c, board.turn)]
            assert board.moves() == expected and expected
            frozen = str(board)
            best = board.best_move()
            assert best in expected and str(board) == frozen
            move = rng.choice(expected)
            row, column = place(move)
            flipped, turn, before = naive_flips(board, row, column, board.turn), board.turn, board.score()
            board.play(move)
            mine, theirs = board.score() if turn == BLACK else board.score()[::-1]
            had, lost = before if turn == BLACK else before[::-1]
            assert (mine, theirs) == (had + len(flipped) + 1, lost - len(flipped))
            opponent = WHITE if turn == BLACK else BLACK
            can = any(naive_flips(board, r, c, opponent) for r, c in places)
            assert board.turn == (opponent if can else turn)
        black, white = board.score()
        assert board.winner() == (None if black == white else BLACK if black > white else WHITE)


def test_occupied_and_outside():
    board = Board.from_text("bwb. .... .... ....")
    for move in ("a1", "b1", "c1", "e5", "a0", "d1"):
        with pytest.raises(IllegalMove):
            board.play(move)
    board = Board.from_text("wwb. .... .... ....")
    assert board.flips(0, 0, BLACK) == [] and board.moves() == []


def test_copies_are_apart():
    board = Board(6)
    copied = board.copy()
    copied.play(copied.moves()[0])
    copied.cells[0][0] = "b"
    assert board.cells[0][0] == "." and board.score() == (2, 2) and board.turn == BLACK
    assert copied.turn == WHITE and copied.copy().turn == WHITE and copied.copy().size == 6


def test_best_move_by_the_answers():
    board = Board()
    board.play("d3")
    board.play("c5")
    counts = {}
    for move in board.moves():
        after = board.copy()
        after.play(move)
        counts[move] = len(after.moves(WHITE))
    assert board.best_move() == min(counts, key=lambda move: (counts[move], move))


def test_several_passes():
    board = Board.from_text("bw..wb ...... ...... ...... ...... bw....")
    for move in ("c1", "c6"):
        board.play(move)
        assert board.turn == BLACK
    board.play("d1")
    assert board.is_over() and board.winner() == BLACK
