"""The pool of connections: bounded, shared, replaced when they break."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storages import pool as pools
from storages.pool import Pool


class Line:
    """A connection that counts what is done to it."""

    def __init__(self) -> None:
        self.state = "open"
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.state = "closed"

    def abandon(self) -> None:
        self.state = "abandoned"


class Exchange:
    """Makes connections, and knows all that it made."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def connect(self) -> Line:
        self.lines.append(Line())
        return self.lines[-1]

    @property
    def states(self) -> list[str]:
        return [line.state for line in self.lines]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def make_pool(exchange: Exchange) -> Callable[..., Pool[Line]]:
    def make(most: int = 2, timeout: float = 20) -> Pool[Line]:
        return Pool(exchange.connect, most=most, timeout=timeout)

    return make


def breaking(error: BaseException, times: int = 1) -> Callable[[Line], str]:
    """Work that raises `error` at first, and then returns."""
    left = [error] * times

    def work(line: Line) -> str:
        if left:
            raise left.pop()
        return "done"

    return work


def nothing(line: Line) -> None:
    pass


def test_one_connection_serves_one_call_after_another(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool()
    assert pool.run(lambda line: line) is pool.run(lambda line: line)
    assert exchange.states == ["open"]


def test_never_more_than_the_most(make_pool: Any, exchange: Exchange) -> None:
    pool, met = make_pool(most=3), threading.Barrier(3)
    users: dict[Line, set[int]] = {}

    def work(line: Line) -> None:
        users.setdefault(line, set()).add(threading.get_ident())
        assert len(users[line]) == 1
        met.wait(20)  # passes only if three connections are in use at once
        users[line].clear()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda _: pool.run(work), range(12)))
    assert len(exchange.lines) == 3


def test_all_busy(make_pool: Any) -> None:
    pool = make_pool(most=1, timeout=0.05)
    with pool.lend(nothing), pytest.raises(TimeoutError, match="max_connections"):
        pool.run(nothing)
    pool.run(nothing)


def test_a_connection_that_cannot_be_made_leaves_room(exchange: Exchange) -> None:
    failures = [ConnectionRefusedError("nobody there")] * 3

    def connect() -> Line:
        if failures:
            raise failures.pop()
        return exchange.connect()

    pool = Pool(connect, most=1, timeout=20)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            pool.run(nothing)
    assert pool.run(lambda line: line.state) == "open"


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), TimeoutError("silence")])
def test_work_that_breaks_on_a_rested_connection_is_done_again(
    make_pool: Any, exchange: Exchange, error: OSError
) -> None:
    pool = make_pool(most=3)
    loans = [pool.lend(nothing) for _ in range(3)]
    for loan in loans:
        with loan:
            pass
    for loan in loans:
        loan.end()
    assert pool.run(breaking(error)) == "done"
    assert exchange.states == ["abandoned"] * 3 + ["open"]


def test_work_that_breaks_on_a_new_connection_is_not_done_again(
    make_pool: Any, exchange: Exchange
) -> None:
    with pytest.raises(ConnectionResetError):
        make_pool().run(breaking(ConnectionResetError("cut")))
    assert exchange.states == ["abandoned"]


def test_work_that_must_not_be_repeated(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool()
    pool.run(nothing)
    with pytest.raises(ConnectionResetError):
        pool.run(breaking(ConnectionResetError("cut")), again=False)
    assert exchange.states == ["abandoned"]


def test_an_answer_keeps_the_connection(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool()
    with pytest.raises(FileNotFoundError):
        pool.run(breaking(FileNotFoundError("none")))
    pool.run(nothing)
    assert exchange.states == ["open"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a mistake")], ids=type)
def test_what_interrupts_ends_the_connection(
    make_pool: Any, exchange: Exchange, error: BaseException
) -> None:
    pool = make_pool()
    with pytest.raises(type(error)):
        pool.run(breaking(error))
    with pytest.raises(type(error)), pool.lend(nothing):
        raise error
    assert exchange.states == ["abandoned", "abandoned"]
    pool.run(nothing)


def test_a_connection_that_died_at_rest_is_replaced(
    make_pool: Any, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    pool.run(nothing)
    exchange.lines[0].alive = False
    monkeypatch.setattr(pools, "CHECKED_AFTER", 0)
    pool.run(nothing, again=False)
    assert exchange.states == ["abandoned", "open"]


def test_an_interrupted_check_leaves_room(
    make_pool: Any, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(most=1)
    pool.run(nothing)
    monkeypatch.setattr(pools, "CHECKED_AFTER", 0)

    def interrupted(line: Line) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Line, "is_alive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.run(nothing)
    pool.run(nothing)
    assert exchange.states == ["abandoned", "open"]


def test_a_loan_may_end_while_its_thread_takes_it_for_another(
    make_pool: Any, exchange: Exchange
) -> None:
    """The garbage collector closes a file whenever it likes."""
    pool = make_pool(most=1)
    loan: Any = None

    def rest(line: Line) -> None:
        loan.end()

    loan = pool.lend(rest)
    with loan:
        pass
    assert pool.run(lambda line: line.state) == "open"
    assert exchange.states == ["open"]


def test_a_loan_may_end_while_its_thread_holds_the_pool(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool(most=1)
    loan = pool.lend(nothing)
    with loan:
        pass
    with pool._changed:
        loan.end()
    assert pool.run(lambda line: line.state) == "open"
    assert exchange.states == ["open"]


def test_what_rests_long_is_closed(
    make_pool: Any, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    first, second = pool.lend(nothing), pool.lend(nothing)
    with first, second:
        pass
    first.end()
    monkeypatch.setattr(pools, "KEPT", 0)
    second.end()
    assert exchange.states.count("closed") >= 1


def test_a_loan_that_rests_gives_its_connection_to_others(
    make_pool: Any, exchange: Exchange
) -> None:
    pool, rested = make_pool(most=1), []
    loan = pool.lend(rested.append)
    with loan as line:
        pass
    assert pool.run(lambda other: other) is line
    assert rested == [line]
    with loan as again:
        assert again is line
    loan.end()
    assert exchange.states == ["open"]


def test_the_loan_that_rested_longest_gives_first(make_pool: Any) -> None:
    rested: list[str] = []
    pool = make_pool(most=2)
    loans = {name: pool.lend(lambda line, name=name: rested.append(name)) for name in "ab"}
    for name in "aba":
        with loans[name]:
            pass
    pool.run(nothing)
    assert rested == ["b"]


def test_a_loan_whose_rest_fails_is_replaced(make_pool: Any, exchange: Exchange) -> None:
    def rest(line: Line) -> None:
        raise ConnectionResetError("cut")

    pool = make_pool(most=1)
    with pool.lend(rest):
        pass
    pool.run(nothing)
    assert exchange.states == ["abandoned", "open"]


def test_a_waiting_thread_gets_what_comes_to_rest(make_pool: Any) -> None:
    pool = make_pool(most=1)
    loan = pool.lend(nothing)
    with ThreadPoolExecutor(1) as threads:
        with loan as line:
            waiting = threads.submit(pool.run, lambda other: other)
            assert not waiting.done()
        assert waiting.result(20) is line


def test_many_open_files_share_few_connections(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool(most=3)

    def use(number: int) -> None:
        loan = pool.lend(nothing)
        for _ in range(50):
            with loan as line:
                assert line.state == "open"
        loan.end()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(use, range(24)))
    assert len(exchange.lines) <= 3


def test_close(make_pool: Any, exchange: Exchange) -> None:
    pool = make_pool()
    loan = pool.lend(nothing)
    with loan:
        pool.run(nothing)
        pool.close()
        assert exchange.states == ["open", "closed"]
    loan.end()
    assert exchange.states == ["closed", "closed"]
    pool.run(nothing)
    assert exchange.states == ["closed", "closed", "open"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_leaves_the_connections_to_its_parent(
    make_pool: Any, exchange: Exchange
) -> None:
    pool = make_pool()
    loan = pool.lend(nothing)
    with loan:
        pool.run(nothing)
    if (child := os.fork()) == 0:
        loan.end()
        states = exchange.states == ["abandoned", "abandoned"]
        try:
            with loan:
                os._exit(1)
        except OSError:
            os._exit(0 if states else 2)
    assert os.waitpid(child, 0)[1] == 0
    assert exchange.states == ["open", "open"]
    loan.end()
    pool.run(nothing)


def test_connections_are_closed_at_exit() -> None:
    script = """
from storages.pool import Pool
from tests.test_pool import Line
class Loud(Line):
    def close(self):
        print("closed")
pool = Pool(Loud, most=2, timeout=1)
loan = pool.lend(print)
with loan:
    pool.run(id)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("closed\n", "")
