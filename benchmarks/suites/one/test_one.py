def test_one() -> None:
    assert sum(range(5)) == 10
