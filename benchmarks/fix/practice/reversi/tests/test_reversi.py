import pytest

from reversi import BLACK, WHITE, Board, IllegalMove, name, other, place


def test_names():
    assert place("c4") == (3, 2)
    assert place("A12") == (11, 0)
    assert name(3, 2) == "c4"


def test_other():
    assert (other(BLACK), other(WHITE)) == (WHITE, BLACK)


def test_start():
    board = Board()
    assert board.score() == (2, 2)
    assert board.moves() == ["d3", "c4", "f5", "e6"]
    assert str(Board(4)) == "....\n.wb.\n.bw.\n...."


def test_first_move():
    board = Board()
    board.play("d3")
    assert board.score() == (4, 1)
    assert board.turn == WHITE
    assert board.moves() == ["c3", "e3", "c5"]


@pytest.mark.parametrize("move", ["d4", "a1", "d2", "z9"])
def test_illegal(move):
    board = Board()
    with pytest.raises(IllegalMove):
        board.play(move)
    assert board.score() == (2, 2)


def test_several_lines_at_once():
    board = Board.from_text("b..b .w.w ..ww bww.")
    board.play("d4")
    assert str(board) == "b..b\n.b.b\n..bb\nbbbb"


def test_a_line_must_be_closed():
    board = Board.from_text("ww.b .... .... ....")
    assert board.flips(0, 2, BLACK) == []
    board = Board.from_text(".ww. .... .b.. ....")
    assert board.moves() == []


def test_a_place_is_taken_once():
    board = Board.from_text("wwb. .... .... ....")
    assert board.moves() == []
    with pytest.raises(IllegalMove):
        board.play("a1")


def test_pass():
    board = Board.from_text("bw.. .... .... .wbb")
    board.play("c1")
    assert board.turn == BLACK
    board.play("a4")
    assert board.is_over()
    assert board.winner() == BLACK


def test_no_winner():
    assert Board().winner() is None
    assert Board.from_text("bb ww").winner() is None
    assert Board.from_text("bb bw").winner() == BLACK


def test_copy():
    board = Board()
    other_board = board.copy()
    other_board.play("d3")
    assert board.score() == (2, 2)
    assert board.turn == BLACK


def test_best_move_leaves_the_board_alone():
    board = Board()
    assert board.best_move() in board.moves()
    assert board.score() == (2, 2)


def test_best_move_is_a_corner():
    board = Board.from_text(".wb. .... .wb. ....")
    assert board.best_move() == "a1"
    assert Board.from_text("bb ww").best_move() is None
