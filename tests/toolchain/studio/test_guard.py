"""Who may ask a studio: pages of its own, on this machine, that have the token."""

import socket
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest


def ask(studio, path="/", token=True, **headers):
    """Status and headers of an answer."""
    cookie = {"Cookie": f"proscenium-{studio.port}={studio.token}"} if token else {}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    method = names.pop("method", "GET")
    request = Request(f"http://127.0.0.1:{studio.port}{path}", headers={**cookie, **names}, method=method)
    try:
        with urlopen(request) as answer:
            return answer.status, answer.headers
    except HTTPError as error:
        return error.code, error.headers


def test_the_token_opens_and_nothing_else_does(studio):
    assert ask(studio)[0] == 200
    for path in ("/", "/static/js/main.js", "/plotly.js", "/text.toml", "/report"):
        assert ask(studio, path, token=False)[0] == 403
    assert ask(studio, "/?token=guess", token=False)[0] == 403
    assert ask(studio, "/", token=False, Cookie=f"proscenium-{studio.port}=guess")[0] == 403


def test_other_names_and_other_sites_are_refused(studio):
    assert ask(studio, Host="evil.example")[0] == 421
    assert ask(studio, Origin="http://evil.example")[0] == 403
    assert ask(studio, "/upload?name=a.wav", method="PUT")[0] == 403  # no origin
    own = f"http://127.0.0.1:{studio.port}"
    assert ask(studio, "/upload?name=a.wav", method="PUT", Origin=own)[0] == 422  # no audio


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {}, {"Cookie": "none"}])
def test_a_live_connection_needs_origin_and_token(studio, headers):
    own = {"Origin": f"http://127.0.0.1:{studio.port}", "Cookie": f"proscenium-{studio.port}={studio.token}"}

    def upgraded(given):
        lines = [
            "GET /live HTTP/1.1",
            f"Host: 127.0.0.1:{studio.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in given.items()),
        ]
        with socket.create_connection(("127.0.0.1", studio.port)) as line:
            line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            return line.recv(64).split()[1]

    assert upgraded(own) == b"101"
    wrong = {**own, **headers} if headers else {"Cookie": own["Cookie"]}
    assert upgraded(wrong) == b"403"


def test_it_answers_this_machine_only(studio):
    with socket.socket() as end, pytest.raises(OSError, match="refused"):
        # Another address of the same machine: all of 127/8 is loopback, and the studio has one of them.
        end.connect(("127.0.0.2", studio.port))


def test_pages_are_told_to_load_nothing_from_elsewhere(studio):
    policy = ask(studio)[1]["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "path", ["/static/../hub.py", "/static/%2e%2e/hub.py", "/static/..%2fhub.py", "/listen/..%2f..", "/export/no"]
)
def test_no_path_leads_out(studio, path):
    assert ask(studio, path)[0] in (404, 422)
