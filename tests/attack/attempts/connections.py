# SPDX-License-Identifier: MIT
"""How a client of the control socket connects: many times, slowly, by halves, never to the end."""

import contextlib

from attempts.clients import (CLOSED, answer_on, ask, client, connected, get, head, of_machine,
                              post, put)

MANY = 1200  # more than a select() can wait for, and than the daemon keeps
QUESTION = get("/v1/version")


@contextlib.contextmanager
def many(count, say=b""):
    """Connections that have said so much and no more; those that are cut off stay ours."""
    with contextlib.ExitStack() as opened:
        made = []
        for _ in range(count):
            made.append(opened.enter_context(connected()))
            put(made[-1], say)
        yield made


def beside_many(count, say=b""):
    with many(count, say):
        return ask(QUESTION)


def applied_beside_idle(machine):
    """Changes of firewalls, whose library waits with select()."""
    with many(MANY):
        done = machine.daemon.ctl("apply", machine.lab_with_another_rule())
    machine.daemon.must("apply", machine.lab)
    return "applied" if done.returncode == 0 else f"exit status {done.returncode}"


def pipelined():
    with connected() as one:
        put(one, QUESTION * 200)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 200:
            more = one.recv(65536)
            if not more:
                break
            answers += more
    return f"{answers.count(b'HTTP/1.1 200')} answers"


def one_byte_at_a_time():
    with connected() as one:
        for byte in QUESTION:
            put(one, bytes([byte]))
        return answer_on(one)


def gone_before_the_answer():
    for _ in range(200):
        with connected() as one:
            put(one, get("/v1/status"))
    return "gone"


def never_reads():
    """Who asks for much and reads nothing of it."""
    with many(64, get("/v1/status") * 50):
        return ask(QUESTION)


def half_bodies():
    begun = head("POST /v1/plan HTTP/1.1", Content_Length=32 << 20) + b"x" * (1 << 20)
    return beside_many(80, begun)


def watchers():
    with many(40, get("/v1/watch")) as made:
        answers = [answer_on(each) for each in made]
    return f"{answers.count('200')} watch, {answers.count('503')} are told to wait"


ATTEMPTS = [
    client("1,200 connections that say nothing", "200", lambda: beside_many(MANY)),
    of_machine("a firewall changes beside 1,200 idle connections", "applied", applied_beside_idle),
    client("1,200 connections with half a line", "200", lambda: beside_many(MANY, b"GET /v1/ver")),
    client("300 connections with half of their headers", "200",
           lambda: beside_many(300, b"GET /v1/version HTTP/1.1\r\nHost: e\r\n")),
    client("80 connections with a megabyte of 32", "200", half_bodies),
    client("200 questions in one piece", "200 answers", pipelined),
    client("a question byte by byte", "200", one_byte_at_a_time),
    client("a question and the end of what is said", ("200", CLOSED), lambda: ask(QUESTION, True)),
    client("the end before anything is said", CLOSED, lambda: ask(b"", True)),
    client("half a line, and gone", CLOSED, lambda: ask(b"GET /v1/ver", True)),
    client("200 who leave before the answer", "gone", gone_before_the_answer),
    client("64 who never read 50 answers each", "200", never_reads),
    client("40 who watch", "16 watch, 24 are told to wait", watchers),
    client("an apply of nothing, by halves", CLOSED,
           lambda: ask(post("/v1/apply", "{}" * 1000)[:500], True)),
]
