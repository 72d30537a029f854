# SPDX-License-Identifier: MIT
"""What a client of the control socket sends: it may use the socket, and neither stop the daemon nor
keep others from it. Behind each attempt somebody else asks a question and has to be answered."""

import json
import os
import socket

from machine import LAB
from table import custom

SOCKET = "/run/egressd/egressd.sock"
PATIENCE = 60
CLOSED = "closed"
BAD = "400"


def connected():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(SOCKET)
    return client


def answer_on(client):
    """The status of the answer, or that there is none."""
    try:
        said = client.recv(4096)
    except TimeoutError:
        return "silence"
    except ConnectionError:
        return CLOSED
    words = said.split(b" ", 2)
    return words[1].decode() if len(words) > 1 and said.startswith(b"HTTP/1.1 ") else CLOSED


def put(client, data):
    """As much of it as is taken: who refuses early does not read on."""
    try:
        client.sendall(data)
    except ConnectionError:
        pass


def ask(data, end=False):
    with connected() as client:
        put(client, data)
        if end:
            client.shutdown(socket.SHUT_WR)
        return answer_on(client)


def head(line, **headers):
    lines = [line, "Host: e", *(f"{name.replace('_', '-')}: {value}" for name, value in
                               headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def post(path, body, **headers):
    body = body if isinstance(body, bytes) else body.encode()
    return head(f"POST {path} HTTP/1.1", Content_Length=len(body), **headers) + body


def get(path):
    return head(f"GET {path} HTTP/1.1")


def others_are_answered(seen):
    return seen if ask(get("/v1/version")) == "200" else f"{seen}, and others wait"


def client(name, expected, act):
    return custom("client", "socket", name, expected)(lambda _: others_are_answered(act()))


def of_machine(name, expected, act):
    """The same of what more than the socket is needed for."""
    return custom("client", "socket", name, expected)(
        lambda stage: others_are_answered(act(stage.machine)))


def says(name, data, expected, end=False):
    return client(name, expected, lambda: ask(data() if callable(data) else data, end))


def lab(text, files=None, name="lab.yaml"):
    return json.dumps({"file": name, "text": text, "files": files or {}})


def explain_of(**fields):
    return json.dumps({"site": "web", "instance": 0, "url": "tcp://10.1.4.4:443", **fields})


def requests():
    yield says("control: a question", get("/v1/version"), "200")
    for name, data in [
            ("a line of nothing", b"\r\n\r\n\r\n"), ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01"),
            ("bytes without an end of line", b"A" * 100_000),
            ("zero bytes", b"\0" * 5000), ("HTTP/0.9", b"GET /v1/version\r\n\r\n"),
            ("HTTP/9.9", b"GET /v1/version HTTP/9.9\r\nHost: e\r\n\r\n"),
            ("a version of a megabyte", b"GET / HTTP/" + b"1" * (1 << 20) + b"\r\n\r\n"),
            ("a target of a megabyte", get("/" + "a" * (1 << 20))),
            ("a method of a megabyte", b"G" * (1 << 20) + b" / HTTP/1.1\r\n\r\n"),
            ("a header of a megabyte", head("GET /v1/version HTTP/1.1", X="x" * (1 << 20))),
            ("100,000 headers",
             b"GET /v1/version HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n")]:
        yield client(name, "refused", lambda data=data: refused(data))
    yield says("an unknown method", head("BREW /v1/version HTTP/1.1"), "405")
    yield says("TRACE", head("TRACE /v1/version HTTP/1.1"), ("405", BAD))
    yield says("CONNECT", head("CONNECT e:443 HTTP/1.1"), ("405", "404", BAD))
    yield says("a request of another API",
               head("GET /v1/version HTTP/1.1", egressd_api=999), ("400", "409"))


def refused(data):
    """Statuses of errors and cut connections are the same to who asks: no answer."""
    seen = ask(data, end=True)
    return "refused" if seen == CLOSED or seen[:1] in ("4", "5") else seen


def paths():
    for path in ("/", "/v1", "/v1/", "/v2/version", "//v1/version", "/v1/version/", "/v1/../v1/lab",
                 "/../../../etc/passwd", "/v1/apps/../../lab", "/%2e%2e/%2e%2e/etc/passwd",
                 "/v1/apps/%2e%2e%2f%2e%2e/0/context", "/v1/apps/web%00/0/context",
                 "/v1/apps/web/99999999999999999999/context", "/v1/apps/web/-1/context",
                 "/v1/apps/" + "a" * 10_000 + "/0/context", "/v1/hosts/..%2fopen/context",
                 "/v1/hosts/open%0d%0aX:%20y/context", "/%", "/%zz", "/v1/version%20",
                 "/v1/apps/%ff%fe/0/context"):
        yield says(f"GET {path[:40]}", get(path), ("404", BAD))
    yield says("a query of 2,000 parameters",
               get("/v1/effective-routes?" + "&".join(f"a{n}=b" for n in range(2000))),
               ("404", BAD))
    yield says("a parameter twice, the last of an app in no network",
               get("/v1/effective-routes?site=web&site=bare"), "409")
    yield says("a parameter without end", get("/v1/effective-routes?site=" + "%"), (BAD, "404"))
    yield says("DELETE of the lab", head("DELETE /v1/lab HTTP/1.1"), "405")


def lengths():
    explain = explain_of().encode()
    yield says("control: explain", post("/v1/explain", explain), "200")
    for name, length in [("a negative length", "-1"), ("a length that is no number", "ten"),
                         ("a length beyond 64 bits", "99999999999999999999999"),
                         ("a length in hexadecimal", "0x20"), ("two lengths", "5, 6")]:
        yield client(name, "refused", lambda length=length: refused(
            head("POST /v1/explain HTTP/1.1", Content_Length=length) + explain))
    yield says("a length of 33 MiB",
               head("POST /v1/plan HTTP/1.1", Content_Length=33 << 20), ("413", CLOSED), True)
    yield client("a body of 33 MiB", "refused",
                 lambda: refused(post("/v1/plan", b"x" * (33 << 20))))
    yield client("chunks of nonsense", "refused", lambda: refused(
        head("POST /v1/explain HTTP/1.1", Transfer_Encoding="chunked") +
        b"zz\r\nhello\r\n0\r\n\r\n"))
    yield client("a chunk beyond 64 bits", "refused", lambda: refused(
        head("POST /v1/explain HTTP/1.1", Transfer_Encoding="chunked") + b"F" * 20 + b"\r\n"))
    yield says("chunks and a length that differ", head(
        "POST /v1/explain HTTP/1.1", Transfer_Encoding="chunked", Content_Length=4) +
        b"%x\r\n" % len(explain) + explain + b"\r\n0\r\n\r\n", ("200", BAD, CLOSED))
    yield client("half of a body, and gone", CLOSED, lambda: ask(
        head("POST /v1/apply HTTP/1.1", Content_Length=1000) + b"{", end=True))


def bodies():
    deep = "[" * 100_000 + "]" * 100_000
    for name, body in [
            ("no body", ""), ("no JSON", "hello"), ("half a document", '{"file": "a'),
            ("100,000 brackets", deep), ("a million brackets without end", "[" * 1_000_000),
            ("100,000 objects in another", '{"a":' * 100_000),
            ("200,000 keys", "{" + ",".join(f'"k{n}":1' for n in range(200_000)) + "}"),
            ("one key 200,000 times", "{" + ",".join(['"k":1'] * 200_000) + "}"),
            ("a number of 100,000 digits", '{"site": ' + "9" * 100_000 + "}"),
            ("a number beyond all", '{"site": 1e99999}'), ("a list", "[]"), ("null", "null"),
            ("a text that is not UTF-8", b'{"site": "\xff\xfe"}'),
            ("half of a surrogate", '{"site": "\\ud800"}'), ("a zero byte", b'{"site": "\0"}'),
            ("a byte order mark", b"\xef\xbb\xbf{}"), ("UTF-16", '{"site": 1}'.encode("utf-16"))]:
        yield says(f"explain with {name}", post("/v1/explain", body), BAD)
    for name, fields in [
            ("a site that is a list", {"site": ["web"]}), ("an instance of -1", {"instance": -1}),
            ("an instance of 2^64", {"instance": 1 << 64}),
            ("an instance of 0.5", {"instance": 0.5}),
            ("a source port of 70000", {"sourcePort": 70000}),
            ("a URL of a megabyte", {"url": "tcp://" + "a" * (1 << 20)}),
            ("a URL without a host", {"url": "tcp://:443"}),
            ("a URL with port 99999", {"url": "tcp://10.1.4.4:99999"}),
            ("a URL with control characters", {"url": "tcp://10.1.4.4\r\n:443"}),
            ("an unknown class", {"traffic": "x" * 9999})]:
        yield says(f"explain with {name}", post("/v1/explain", explain_of(**fields)), (BAD, "404"))
    yield says("explain with a key that nobody knows",
               post("/v1/explain", explain_of(hello=1)), "200")
    for name, body in [("a clock that goes back", '{"advance": -5}'),
                       ("a clock that goes on for ever", '{"advance": 1e300}')]:
        yield says(name, post("/v1/clock", body), BAD)
    yield says("an unknown operation", post("/v1/operations", '{"operation": "rm -rf"}'), BAD)


def labs():
    sound = LAB.read_text(encoding="utf-8")
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    many = "serverFarms:\n" + "".join(f"  p{n}: {{capacity: 100}}\n" for n in range(120))
    many += "sites:\n" + "".join(f"  s{n}: {{serverFarm: p{n % 120}}}\n" for n in range(30_000))
    for name, text in [
            ("a comma", ","), ("a document and a comma", sound + "\n,"), ("nothing", ""),
            ("zero bytes", "\0" * 1000), ("aliases that double 60 times", bomb),
            ("an alias of itself", "sites: &a {b: *a}"), ("100,000 brackets", "[" * 100_000),
            ("100,000 braces", "{a: " * 100_000), ("100,000 dashes", "- " * 100_000),
            ("a tag", "sites: !!python/object/apply:os.system ['id']"),
            ("a name of a megabyte", "sites: {" + "n" * (1 << 20) + ": {}}"),
            ("30,000 sites on 12,000 instances", many),
            ("a name that leaves its folder", "hosts: {../../../etc: {internet: true}}"),
            ("a name with control characters", 'hosts: {"a\\nb": {internet: true}}'),
            ("tags in a file that was not sent", "serviceTags: ../../../etc/shadow")]:
        yield says(f"plan of a lab of {name}", post("/v1/plan", lab(text)), (BAD, "413", "409"))
    yield says("a lab whose file has a name of a megabyte",
               post("/v1/plan", lab("sites: 1\nhosts: 2\n", name="n" * (1 << 20))), BAD)
    yield says("a lab with files of odd names",
               post("/v1/plan", lab(sound, {"../../etc/passwd": "x", "\n": "y"})), ("200", BAD))
    yield of_machine("egressctl validate of a lab whose tags are a pipe", "refused", pipe_for_tags)


def pipe_for_tags(machine):
    folder = machine.daemon.folder / "pipe"
    folder.mkdir()
    os.mkfifo(folder / "tags.json")
    (folder / "lab.yaml").write_text("serviceTags: tags.json\n", encoding="utf-8")
    done = machine.daemon.ctl("validate", folder / "lab.yaml", timeout=PATIENCE)
    return "read" if done.returncode == 0 else "refused"


ATTEMPTS = [*requests(), *paths(), *lengths(), *bodies(), *labs()]
