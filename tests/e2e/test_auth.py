"""Tokens of services: a real node and a real token server, and a user between
them who reads the page as a browser without scripts does."""
import html
import json
import os
import re
import select
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from conftest import BERTY, Failure, START_SECONDS

EXTENSION = "berty.extension.v1.ExtensionService"
SERVICES = "rpl@127.0.0.1:1,other@127.0.0.1:2"
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def key():
    out = subprocess.run([BERTY, "service-key", "generate"],
                         capture_output=True, text=True, check=True)
    return out.stdout.strip()


class TokenServer:
    def __init__(self, *flags, secret=None, sk=None):
        self.secret = secret or key()
        self.sk = sk or key()
        self.env = dict(os.environ, BERTY_AUTH_SECRET=self.secret,
                        BERTY_AUTH_SK=self.sk)
        self.process = subprocess.Popen(
            [BERTY, "token-server", "-http.listener", "127.0.0.1:0", *flags],
            stdout=subprocess.PIPE, text=True, env=self.env)
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("ready: "), line
        self.url = line.split()[1]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(START_SECONDS) == 0


@pytest.fixture
def server():
    s = TokenServer("-svc", SERVICES)
    yield s
    s.close()


def get(url, data=None):
    """Status and text, whatever the status is."""
    try:
        with OPEN.open(url, data, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def back(page):
    """The link that the page leads to."""
    link = re.search(r'class="go" href="([^"]*)"', page)
    assert link, page
    return html.unescape(link.group(1))


def submit(url, **fields):
    status, page = get(url, urllib.parse.urlencode(fields).encode())
    assert status == 200
    return back(page)


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def begin(node, server):
    reply = node.api.call("AuthServiceInitFlow", auth_url=server.url)
    assert not reply.secure_url
    return reply.url


def tokens(node):
    return list(node.api.stream("ServicesTokenList"))


def fails(node, url, code):
    with pytest.raises(Failure) as failure:
        node.api.call("AuthServiceCompleteFlow", callback_url=url)
    assert failure.value.codes[0] == code, failure.value
    return failure.value


def test_a_user_gets_a_token_for_what_is_ticked(nodes, server):
    node = nodes()
    url = begin(node, server)
    status, page = get(url)
    assert status == 200
    assert 'name="rpl_selected"' in page and 'name="other_selected"' in page
    assert "<script" not in page
    callback = submit(url, rpl_selected="1")
    assert callback.startswith("berty://services-auth/?code=")
    reply = node.api.call("AuthServiceCompleteFlow", callback_url=callback)
    (token,) = tokens(node)
    assert token.token_id == reply.token_id
    assert token.service.authentication_url == server.url
    assert token.service.expiration == -1
    assert [(s.service_type, s.service_endpoint)
            for s in token.service.supported_services] == [
                ("rpl", "127.0.0.1:1")]
    # The same way back leads nowhere a second time.
    fails(node, callback, 4001)


def test_a_token_is_listed_after_a_restart_and_gone_when_removed(nodes,
                                                                 server):
    node = nodes()
    url = begin(node, server)
    callback = submit(url, rpl_selected="1", other_selected="1")
    reply = node.api.call("AuthServiceCompleteFlow", callback_url=callback)
    node.kill()
    node.start()
    assert [t.token_id for t in tokens(node)] == [reply.token_id]
    call_extension(node, "ServicesTokenRemove", token_id=reply.token_id)
    assert tokens(node) == []
    with pytest.raises(Failure) as failure:
        call_extension(node, "ServicesTokenRemove", token_id=reply.token_id)
    assert failure.value.codes == [4008]


def call_extension(node, name, **fields):
    client = node.client(EXTENSION)
    try:
        return client.call(name, **fields)
    finally:
        client.close()


def test_a_flow_survives_a_restart_in_its_middle(nodes, server):
    node = nodes()
    url = begin(node, server)
    node.kill()
    node.start()
    callback = submit(url, rpl_selected="1")
    node.kill()
    node.start()
    node.api.call("AuthServiceCompleteFlow", callback_url=callback)
    assert len(tokens(node)) == 1


def test_errors_of_the_way_back(nodes, server):
    node = nodes()
    fails(node, "berty://services-auth/?code=a&state=b", 4001)
    url = begin(node, server)
    callback = submit(url, rpl_selected="1")
    failure = fails(node, "berty://services-auth/?error=invalid_request"
                    "&error_description=because+of+that", 4004)
    assert "because of that" in str(failure)
    fails(node, callback.replace("state=", "state=x"), 4002)
    with pytest.raises(Failure) as failure:
        node.api.call("AuthServiceCompleteFlow",
                         callback_url="no address\x01")
    assert failure.value.codes == []
    # None of it ended the flow.
    node.api.call("AuthServiceCompleteFlow", callback_url=callback)


def test_nothing_selected_leads_back_with_an_error(nodes, server):
    node = nodes()
    callback = submit(begin(node, server), nothing="1")
    assert query(callback)["error"] == "invalid_request"
    fails(node, callback, 4004)
    assert tokens(node) == []


def test_only_the_last_flow_can_be_completed(nodes, server):
    node = nodes()
    first = submit(begin(node, server), rpl_selected="1")
    second = submit(begin(node, server), rpl_selected="1")
    fails(node, first, 4002)
    node.api.call("AuthServiceCompleteFlow", callback_url=second)


def test_addresses_of_no_server_are_refused(nodes):
    node = nodes()
    for url in "", "ftp://a", "https://", "http:///x", "a.example", "http://a b":
        with pytest.raises(Failure) as failure:
            node.api.call("AuthServiceInitFlow", auth_url=url)
        assert failure.value.codes == [4009]


def test_a_server_that_is_gone_is_not_reached(nodes):
    node = nodes()
    server = TokenServer("-svc", SERVICES)
    callback = submit(begin(node, server), rpl_selected="1")
    server.close()
    fails(node, callback, 106)


def test_a_tampered_code_is_no_token(nodes, server):
    node = nodes()
    callback = submit(begin(node, server), rpl_selected="1")
    code = query(callback)["code"]
    body, dot, sig = code.rpartition(".")
    other = body[:-5] + ("A" if body[-5] != "A" else "B") + body[-4:]
    failure = fails(node, callback.replace(code, other + dot + sig), 4003)
    assert "invalid_grant" in str(failure)
    assert tokens(node) == []


def exchange(server, form):
    status, text = get(server.url + "/oauth/token",
                       urllib.parse.urlencode(form).encode())
    return status, json.loads(text)


CHALLENGE = {"response_type": "code", "client_id": "berty",
             "redirect_uri": "berty://services-auth/", "state": "s",
             "code_challenge": "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ",
             "code_challenge_method": "S256"}


def page_url(server, **changes):
    return server.url + "/authorize?" + urllib.parse.urlencode(
        {**CHALLENGE, **changes})


def test_a_code_is_good_for_one_token(server):
    code = query(submit(page_url(server), rpl_selected="1"))["code"]
    form = {"grant_type": "authorization_code", "client_id": "berty",
            "code": code, "code_verifier": "verifier"}
    assert exchange(server, {**form, "code_verifier": "v"})[0] == 400
    assert exchange(server, {**form, "client_id": "x"}) == (400, {
        "error": "invalid_client",
        "error_description": "unexpected value for client_id"})
    assert exchange(server, {**form, "grant_type": "x"})[1][
        "error"] == "unsupported_grant_type"
    status, token = exchange(server, form)
    assert status == 200
    assert token["token_type"] == "bearer" and token["scope"] == "rpl"
    assert token["services"] == {"rpl": "127.0.0.1:1"}
    assert exchange(server, form)[1]["error"] == "invalid_grant"
    # A token is no code.
    assert exchange(server, {**form, "code": token["access_token"]})[1][
        "error"] == "invalid_grant"


def test_the_page_refuses_what_it_does_not_expect(server):
    status, page = get(page_url(server, redirect_uri="https://evil.example/"))
    assert status == 400 and "evil" not in page
    for name in ("response_type", "client_id", "code_challenge_method"):
        _, page = get(page_url(server, **{name: "x"}))
        assert query(back(page))["error_description"] == (
            f"unexpected value for {name}")
    _, page = get(page_url(server, code_challenge=""))
    assert "code_challenge" in back(page)
    _, page = get(page_url(server, scope="nothing"))
    assert "requested scope" in query(back(page))["error_description"]
    _, page = get(page_url(server, scope="nothing,other"))
    assert "other_selected" in page and "rpl_selected" not in page
    assert get(server.url)[0] == 404
    assert get(server.url + "/oauth/token")[0] == 405
    state = '"><b>&x='
    _, page = get(page_url(server, state=state, client_id="x"))
    assert "<b>" not in page and query(back(page))["state"] == state


def test_a_body_without_end_is_cut_off(server):
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        OPEN.open(server.url + "/oauth/token", b"a" * 1000000, timeout=20)
    assert get(page_url(server))[0] == 200


def test_tokens_have_the_lifetime_of_the_server(nodes):
    server = TokenServer("-svc", SERVICES, "-token.lifetime", "12h",
                         "-no-click")
    try:
        node = nodes()
        _, page = get(begin(node, server))
        before = time.time()
        node.api.call("AuthServiceCompleteFlow", callback_url=back(page))
        (token,) = tokens(node)
        assert abs(token.service.expiration - before - 12 * 3600) < 120
        assert len(token.service.supported_services) == 2
    finally:
        server.close()


def test_a_token_is_made_without_a_server(server):
    out = subprocess.run([BERTY, "token-server", "-svc", SERVICES,
                          "-generate"], env=server.env, capture_output=True,
                         text=True, check=True)
    token = json.loads(out.stdout)
    assert token["services"] == {"rpl": "127.0.0.1:1",
                                 "other": "127.0.0.1:2"}
    out = subprocess.run([BERTY, "service-key", "convert"], env=server.env,
                         capture_output=True, text=True, check=True)
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}\n", out.stdout)


class Answer(BaseHTTPRequestHandler):
    answer = (200, "{}")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, text = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("status, text, code", [
    (500, "{}", 4003), (302, "", 4003), (400, '{"error":"invalid_grant"}',
                                         4003),
    (200, "no JSON", 104), (200, "[]", 104), (200, "{}", 4003),
    (200, '{"access_token":"a"}', 4003),
    (200, '{"access_token":"a","services":{}}', 4003),
    (200, '{"services":{"rpl":"a:1"}}', 4003),
    (200, '{"error":"x","access_token":"a"}', 4004),
])
def test_answers_that_are_none(nodes, status, text, code):
    Answer.answer = (status, text)
    http = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        node = nodes()
        url = node.api.call(
            "AuthServiceInitFlow",
            auth_url=f"http://127.0.0.1:{http.server_port}/").url
        state = query(url)["state"]
        callback = f"berty://services-auth/?code=c&state={state}"
        fails(node, callback, code)
        # The code is spent, and with it the flow.
        fails(node, callback, 4001)
        assert tokens(node) == []
    finally:
        http.shutdown()
        http.server_close()


def test_a_token_set_by_hand(nodes):
    node = nodes()
    with pytest.raises(Failure) as failure:
        node.api.call("DebugAuthServiceSetToken", authentication_url="u")
    assert failure.value.codes == [100]
    token = {"access_token": "t", "services": {"rpl": "a:1"}}
    node.api.call("DebugAuthServiceSetToken", authentication_url="u",
                     token=token)
    with pytest.raises(Failure) as failure:
        node.api.call("DebugAuthServiceSetToken", authentication_url="u",
                         token=token)
    assert failure.value.codes == [100]
    (listed,) = tokens(node)
    call_extension(node, "ServicesTokenRemove", token_id=listed.token_id)
    node.api.call("DebugAuthServiceSetToken", authentication_url="u",
                     token=token)
    assert [t.token_id for t in tokens(node)] == [listed.token_id]


def test_the_command_line(nodes, server):
    node = nodes()
    out = json.loads(node.cli("services", "auth", server.url, "-json").stdout)
    callback = submit(out["url"], rpl_selected="1")
    made = json.loads(node.cli("services", "complete", callback,
                               "-json").stdout)
    listed = json.loads(node.cli("services", "list", "-json").stdout)
    assert listed["token_id"] == made["token_id"]
    assert listed["services"] == {"rpl": "127.0.0.1:1"}
    node.cli("services", "remove", made["token_id"])
    assert node.cli("services", "list").stdout == ""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "a.pem", folder / "a.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-days", "30", "-keyout",
         str(files[1]), "-out", str(files[0])],
        check=True, stderr=subprocess.DEVNULL)
    return files


def test_a_server_over_tls_has_to_prove_its_name(nodes, certificate):
    server = TokenServer("-svc", SERVICES, "-http.tls-cert",
                         str(certificate[0]), "-http.tls-key",
                         str(certificate[1]))
    try:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(certificate[0]))
        trusting = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context))
        for flags, works in (("-web.ca-file", str(certificate[0])), True), (
                (), False):
            node = nodes(*flags)
            reply = node.api.call("AuthServiceInitFlow", auth_url=server.url)
            assert reply.secure_url
            with trusting.open(reply.url, b"rpl_selected=1") as answer:
                callback = back(answer.read().decode())
            if works:
                node.api.call("AuthServiceCompleteFlow",
                              callback_url=callback)
            else:
                fails(node, callback, 106)
            assert len(tokens(node)) == works
    finally:
        server.close()
