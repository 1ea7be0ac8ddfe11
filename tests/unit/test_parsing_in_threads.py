"""Sources may be parsed in several threads of the suite: `tests/one_parse_at_a_time.py`."""

import ast
import gc
import sys
import threading
from pathlib import Path

SOURCE = (Path(ast.__file__)).read_text(encoding="utf-8")


def test_several_threads_parse_at_the_same_time():
    failures = []

    def parse():
        for _ in range(20):
            try:
                ast.parse(SOURCE)
            except SystemError as error:
                failures.append(error)

    def let_others_run(*_):
        sum(range(50))

    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    gc.callbacks.append(let_others_run)
    sys.setswitchinterval(1e-6)
    gc.set_threshold(100)
    try:
        threads = [threading.Thread(target=parse) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(let_others_run)
    assert failures == []
    assert gc.isenabled()
