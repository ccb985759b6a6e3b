"""Who reaches the API: tokens, TLS, origins, and the socket's owner."""
import hashlib
import os
import signal
import socket
import ssl
import subprocess
import sys

import grpc
import pytest

from conftest import Node, SERVICE, BERTY, wait_for

TOKEN = "a-token-of-the-tests-0123456789"
OTHER = "another-token-of-the-tests-0123"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
CONFIGURATION = f"/{SERVICE}/InstanceGetConfiguration"


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def port_of(node, tls):
    """The port that the kernel gave."""
    for address in node.info["listeners"]:
        words = address.split("/")
        if words[1] == "ip4" and (words[-1] == "tls") == tls:
            return int(words[4])
    raise AssertionError(node.info["listeners"])


def bearer(token):
    return [("authorization", f"Bearer {token}")]


def call(channel, path=CONFIGURATION, metadata=(), timeout=10):
    """A call of empty messages: its status, and what it says."""
    stub = channel.unary_unary(path, request_serializer=bytes,
                               response_deserializer=bytes)
    try:
        stub(b"", metadata=list(metadata), timeout=timeout)
        return grpc.StatusCode.OK, ""
    except grpc.RpcError as error:
        return error.code(), error.details()


def secure(port, roots, options=()):
    return grpc.secure_channel(f"localhost:{port}",
                               grpc.ssl_channel_credentials(roots),
                               options=list(options))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A node with both kinds of listeners, and a file of tokens."""
    folder = tmp_path_factory.mktemp("access")
    tokens = private(folder / "tokens", f"# ours\n{TOKEN} the tests\n")
    node = Node(folder / "node", "-node.token-file", str(tokens),
                "-node.web-origins", "https://app.example",
                "-node.listeners",
                f"/unix{folder}/node/berty.sock,127.0.0.1:0/tls,127.0.0.1:0",
                "-log.level", "info")
    node.tokens = tokens
    node.start()
    node.roots = (folder / "node" / "api-certificate.pem").read_bytes()
    yield node
    node.stop()


@pytest.fixture
def plain(guarded):
    with grpc.insecure_channel(
            f"127.0.0.1:{port_of(guarded, False)}") as channel:
        yield channel


@pytest.fixture
def over_tls(guarded):
    with secure(port_of(guarded, True), guarded.roots) as channel:
        yield channel


@pytest.mark.parametrize("way", ["plain", "over_tls"])
def test_a_token_is_needed_over_tcp(way, request):
    channel = request.getfixturevalue(way)
    status, text = call(channel)
    assert status == grpc.StatusCode.UNAUTHENTICATED
    assert "-node.token-file" in text
    for header in (bearer(OTHER), bearer(TOKEN + "x"), bearer(TOKEN[:-1]),
                   [("authorization", f"Basic {TOKEN}")],
                   [("authorization", TOKEN)]):
        status, _ = call(channel, metadata=header)
        assert status == grpc.StatusCode.UNAUTHENTICATED
    assert call(channel, metadata=bearer(TOKEN))[0] == grpc.StatusCode.OK
    assert call(channel, metadata=[
        ("authorization", f"bearer  {TOKEN}")])[0] == grpc.StatusCode.OK


def test_the_socket_file_needs_none(guarded):
    assert guarded.api.call("InstanceGetConfiguration").account_pk


def test_reflection_needs_a_token_and_health_does_not(plain):
    def reflect(metadata):
        stub = plain.stream_stream(REFLECTION, request_serializer=bytes,
                                   response_deserializer=bytes)
        try:
            # list_services (7): ""
            return list(stub(iter([b"\x3a\x00"]), metadata=metadata,
                             timeout=10))
        except grpc.RpcError as error:
            return error.code()

    assert reflect([]) == grpc.StatusCode.UNAUTHENTICATED
    assert SERVICE.encode() in b"".join(reflect(bearer(TOKEN)))
    assert call(plain, "/grpc.health.v1.Health/Check")[0] == \
        grpc.StatusCode.OK
    stub = plain.unary_stream("/grpc.health.v1.Health/Watch",
                              request_serializer=bytes,
                              response_deserializer=bytes)
    with pytest.raises(grpc.RpcError) as error:
        next(stub(b"", timeout=10))
    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_pages_of_other_origins_are_refused(plain):
    def ask(origin):
        return call(plain, metadata=bearer(TOKEN) + [("origin", origin)])[0]

    assert ask("https://app.example") == grpc.StatusCode.OK
    assert ask("https://evil.example") == grpc.StatusCode.PERMISSION_DENIED
    assert ask("null") == grpc.StatusCode.PERMISSION_DENIED


def test_the_certificate_is_the_one_that_was_printed(guarded):
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(
            ("127.0.0.1", port_of(guarded, True))) as raw:
        with context.wrap_socket(raw) as tls:
            der = tls.getpeercert(binary_form=True)
            assert tls.selected_alpn_protocol() == "h2"
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    assert hashlib.sha256(der).hexdigest() == guarded.info["tls_fingerprint"]


@pytest.mark.parametrize("version, works", [
    (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
    (ssl.TLSVersion.TLSv1_3, True)])
def test_tls_is_at_least_of_1_2(guarded, version, works):
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(
            ("127.0.0.1", port_of(guarded, True))) as raw:
        if works:
            with context.wrap_socket(raw) as tls:
                assert tls.version() == version.name.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(raw)


def test_a_client_in_clear_at_a_tls_port_is_turned_away(guarded):
    with grpc.insecure_channel(
            f"127.0.0.1:{port_of(guarded, True)}") as channel:
        assert call(channel, metadata=bearer(TOKEN))[0] == \
            grpc.StatusCode.UNAVAILABLE
    # It does not disturb the next one.
    with secure(port_of(guarded, True), guarded.roots) as channel:
        assert call(channel, metadata=bearer(TOKEN))[0] == grpc.StatusCode.OK


def test_a_tls_client_at_a_port_in_clear_is_turned_away(guarded):
    with secure(port_of(guarded, False), guarded.roots) as channel:
        assert call(channel, metadata=bearer(TOKEN))[0] == \
            grpc.StatusCode.UNAVAILABLE


def test_who_does_not_trust_the_certificate_sends_nothing(guarded,
                                                          certificates):
    with secure(port_of(guarded, True), certificates.good) as channel:
        assert call(channel, metadata=bearer(TOKEN))[0] == \
            grpc.StatusCode.UNAVAILABLE


def test_large_messages_pass_through_tls(guarded):
    """More than many records, both ways: a message of 500 KiB and its list."""
    group = guarded.api.call("MultiMemberGroupCreate").group_pk
    kind, _ = guarded.api.method("AppMessageSend")
    payload = os.urandom(500 * 1024)
    with secure(port_of(guarded, True), guarded.roots) as channel:
        send = channel.unary_unary(f"/{SERVICE}/AppMessageSend",
                                   request_serializer=bytes,
                                   response_deserializer=bytes)
        request = kind(group_pk=group, payload=payload).SerializeToString()
        for _ in range(4):
            send(request, metadata=bearer(TOKEN), timeout=30)
        kind, _ = guarded.api.method("GroupMessageList")
        read = channel.unary_stream(f"/{SERVICE}/GroupMessageList",
                                    request_serializer=bytes,
                                    response_deserializer=bytes)
        request = kind(group_pk=group, until_now=True).SerializeToString()
        replies = list(read(request, metadata=bearer(TOKEN), timeout=30))
    assert len(replies) == 4
    assert all(payload in reply for reply in replies)


# --- SIGHUP ------------------------------------------------------------------


def test_a_token_that_is_withdrawn_ends_its_calls(guarded, plain):
    """And one that is added lets in; a file that is no good changes nothing."""
    def try_token(token):
        return call(plain, metadata=bearer(token))[0]

    watch = plain.unary_stream(f"/{SERVICE}/GroupMessageList",
                               request_serializer=bytes,
                               response_deserializer=bytes)
    kind, _ = guarded.api.method("GroupMessageList")
    request = kind(group_pk=guarded.account,
                   since_now=True).SerializeToString()
    stream = watch(request, metadata=bearer(TOKEN), timeout=60)
    stream.initial_metadata()
    kept = guarded.api.open_stream("GroupMessageList",
                                   group_pk=guarded.account, since_now=True)
    kept.initial_metadata()
    private(guarded.tokens, "short\n")
    guarded.process.send_signal(signal.SIGHUP)
    wait_for("the refusal to be logged",
             lambda: "what was good stays so" in guarded.log())
    assert "short\n" not in guarded.log()
    assert try_token(TOKEN) == grpc.StatusCode.OK
    private(guarded.tokens, f"{OTHER}\n")
    guarded.process.send_signal(signal.SIGHUP)
    with pytest.raises(grpc.RpcError) as error:
        next(stream)
    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert try_token(TOKEN) == grpc.StatusCode.UNAUTHENTICATED
    assert try_token(OTHER) == grpc.StatusCode.OK
    assert kept.is_active()
    kept.cancel()
    private(guarded.tokens, f"{TOKEN}\n")
    guarded.process.send_signal(signal.SIGHUP)
    wait_for("the token to be back",
             lambda: try_token(TOKEN) == grpc.StatusCode.OK)


def test_tokens_are_in_no_log(guarded, plain):
    call(plain, metadata=bearer(OTHER))
    assert TOKEN not in guarded.log()
    assert OTHER not in guarded.log()


# --- certificates of others ---------------------------------------------------


class Certificates:
    """A good pair and one that is over, by certtool or openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.good_files = self.make("good", [])
        self.good = self.good_files[0].read_bytes()

    def make(self, name, more):
        certificate = self.folder / f"{name}.pem"
        key = self.folder / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(key), "-out", str(certificate),
             *(more or ["-days", "30"])],
            check=True, stderr=subprocess.DEVNULL)
        key.chmod(0o600)
        return certificate, key

    def expired(self):
        """Signed by the good one, for a day long ago."""
        certificate, key = self.make("expired", [])
        request = self.folder / "expired.csr"
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost\n")
        database = self.folder / "index.txt"
        database.write_text("")
        config = self.folder / "ca.conf"
        config.write_text(
            "[ca]\ndefault_ca=a\n[a]\n"
            f"database={database}\nnew_certs_dir={self.folder}\n"
            "rand_serial=yes\ndefault_md=sha256\npolicy=p\n"
            "unique_subject=no\n[p]\ncommonName=supplied\n")
        subprocess.run(["openssl", "req", "-new", "-key", str(key), "-subj",
                        "/CN=localhost", "-out", str(request)], check=True)
        subprocess.run(
            ["openssl", "ca", "-batch", "-notext", "-config", str(config),
             "-cert", str(self.good_files[0]), "-keyfile",
             str(self.good_files[1]), "-in", str(request), "-out",
             str(certificate), "-startdate", "20200101000000Z", "-enddate",
             "20200102000000Z", "-extfile", str(extensions)], check=True,
            stderr=subprocess.DEVNULL)
        return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def serve(folder, certificate, key, *more):
    return Node(folder / "node", "-node.listeners",
                f"/unix{folder}/node/berty.sock,127.0.0.1:0/tls",
                "-node.tls-certificate", str(certificate), "-node.tls-key",
                str(key), *more).start()


def test_a_certificate_of_the_users_is_shown_and_read_again(tmp_path,
                                                            certificates):
    certificate, key = certificates.good_files
    shown = tmp_path / "shown.pem", tmp_path / "shown.key"
    shown[0].write_bytes(certificate.read_bytes())
    private(shown[1], key.read_text())
    node = serve(tmp_path, *shown)
    try:
        assert not (tmp_path / "node" / "api-key.pem").exists()
        with secure(port_of(node, True), certificates.good) as channel:
            assert call(channel)[0] == grpc.StatusCode.OK
        other = certificates.make("other", [])
        shown[0].write_bytes(other[0].read_bytes())
        private(shown[1], other[1].read_text())
        node.process.send_signal(signal.SIGHUP)

        def new_one():
            with secure(port_of(node, True), other[0].read_bytes(),
                        [("grpc.use_local_subchannel_pool", 1)]) as channel:
                return call(channel)[0] == grpc.StatusCode.OK

        wait_for("the other certificate to be shown", new_one)
    finally:
        node.stop()


def test_a_certificate_that_is_over_is_not_trusted(tmp_path, certificates):
    certificate, key = certificates.expired()
    node = serve(tmp_path, certificate, key)
    try:
        with secure(port_of(node, True), certificates.good) as channel:
            assert call(channel)[0] == grpc.StatusCode.UNAVAILABLE
        done = node.cli("info", "-node.remote-addr",
                        f"localhost:{port_of(node, True)}/tls",
                        "-node.tls-ca", str(certificates.good_files[0]),
                        check=False)
        assert done.returncode == 1
        assert "expired" in done.stderr
    finally:
        node.stop()


# --- the program as a client --------------------------------------------------


def test_the_program_shows_its_token_over_tls(guarded):
    at = f"localhost:{port_of(guarded, True)}/tls"
    pin = ["-node.tls-pin", guarded.info["tls_fingerprint"]]
    ca = ["-node.tls-ca", str(guarded.folder / "api-certificate.pem")]
    token = ["-node.token-file", str(guarded.tokens)]
    for trust in (pin, ca):
        done = guarded.cli("info", "-node.remote-addr", at, *trust, *token)
        assert "version" in done.stdout
    done = guarded.cli("info", "-node.remote-addr", at, *pin,
                       env={**os.environ, "BERTY_NODE_TOKEN": TOKEN})
    assert "version" in done.stdout
    for form in (f"/ip4/127.0.0.1/tcp/{port_of(guarded, True)}/grpc/tls",
                 f"/ip4/127.0.0.1/tcp/{port_of(guarded, True)}/tls/grpc",
                 f"/dns4/localhost/tcp/{port_of(guarded, True)}/tls"):
        guarded.cli("info", "-node.remote-addr", form, *pin, *token)


@pytest.mark.parametrize("words, sentence", [
    (["{tls}/tls"], "-node.tls-pin"),
    (["{tls}/tls", "-node.tls-pin", "ab" * 32], "is not the node of"),
    (["{tls}/tls", "-node.tls-pin", "abc"], "64 hexadecimal digits"),
    (["{tls}/tls", "-node.tls-pin", "{pin}"], "a token is needed"),
    (["{tls}"], "write /tls behind the address"),
    (["{plain}/tls"], "leave /tls out"),
    (["{plain}"], "a token is needed"),
    (["192.0.2.1:1", "-node.token-file", "{tokens}"],
     "a token is not sent in clear"),
])
def test_the_program_says_what_to_do(guarded, words, sentence):
    fill = {"tls": f"127.0.0.1:{port_of(guarded, True)}",
            "plain": f"127.0.0.1:{port_of(guarded, False)}",
            "pin": guarded.info["tls_fingerprint"],
            "tokens": str(guarded.tokens)}
    done = guarded.cli("info", "-node.remote-addr",
                       *(word.format(**fill) for word in words), check=False)
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("flags", [
    ["-node.listeners", "0.0.0.0:0"],
    ["-node.listeners", "0.0.0.0:0/tls"],
    ["-node.listeners", "/ip6/::/tcp/0/tls/grpc"],
    ["-node.listeners", "0.0.0.0:0", "-node.token-file", "{folder}/tokens"],
])
def test_other_machines_are_served_over_tls_and_with_a_token_only(tmp_path,
                                                                  flags):
    done = subprocess.run(
        [BERTY, "daemon", "-store.inmem", "-p2p.swarm-listeners",
         "/ip4/127.0.0.1/tcp/0",
         *(flag.format(folder=tmp_path) for flag in flags)],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "over TLS and with a token only" in done.stderr


def test_a_file_of_tokens_is_made_and_kept_from_others(tmp_path):
    tokens = tmp_path / "tokens"
    node = Node(tmp_path / "node", "-node.token-file", str(tokens),
                "-node.listeners",
                f"/unix{tmp_path}/node/berty.sock,127.0.0.1:0").start()
    try:
        assert tokens.stat().st_mode & 0o777 == 0o600
        token = tokens.read_text().strip()
        with grpc.insecure_channel(
                f"127.0.0.1:{port_of(node, False)}") as channel:
            assert call(channel)[0] == grpc.StatusCode.UNAUTHENTICATED
            assert call(channel, metadata=bearer(token))[0] == \
                grpc.StatusCode.OK
    finally:
        node.stop()
    tokens.chmod(0o644)
    with pytest.raises(AssertionError, match="chmod 600"):
        node.start()
    node.end(signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users")
def test_another_user_is_turned_away_whatever_the_mode_of_the_file(tmp_path):
    node = Node(tmp_path / "node", "-log.level", "warn").start()
    try:
        node.folder.chmod(0o755)
        node.socket.chmod(0o777)
        program = (
            "import os, socket, sys\n"
            "os.chdir(sys.argv[1])  # what is above it may be closed to others\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(10)\n"
            "s.connect('berty.sock')\n"
            "print(len(s.recv(100)))\n")
        done = subprocess.run([sys.executable, "-c", program,
                               str(node.folder)], capture_output=True,
                              text=True, timeout=30)
        assert done.stdout.strip() == "0" or \
            "ConnectionResetError" in done.stderr, done.stderr
        assert "another user of this machine" in node.log()
        assert node.account
    finally:
        node.stop()
