"""For all tests: the garbage collector leaves what was imported alone, and looks at the rest less often."""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
