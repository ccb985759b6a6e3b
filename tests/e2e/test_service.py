"""The service around the calls: reflection, health, time, access."""
import os
import stat
import subprocess
import time

import grpc
import pytest

from conftest import BERTY, Client, Failure


@pytest.fixture(scope="module")
def node(module_nodes):
    return module_nodes()


def test_reflection_lists_every_call(node):
    assert "berty.protocol.v1.ProtocolService" in \
        node.api.database.get_services()
    methods = node.api.service.methods
    assert len(methods) == 43
    assert sum(m.server_streaming for m in methods) == 8
    assert [m.name for m in methods if m.client_streaming] == [
        "AttachmentPrepare"]


def test_the_node_is_healthy(node):
    service = node.api.pool.FindServiceByName("grpc.health.v1.Health")
    kind, check = node.api.method("Check", service)
    assert check(kind(), timeout=5).status == 1
    with pytest.raises(grpc.RpcError) as failed:
        check(kind(service="no.such.Service"), timeout=5)
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_deadline_ends_a_stream(node):
    call = node.api.open_stream("GroupMetadataList", timeout=1,
                                group_pk=node.account)
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as failed:
        for _ in call:
            pass
    assert failed.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert 0.5 < time.monotonic() - began < 5


def test_many_cancelled_streams_leave_nothing_behind(node):
    def descriptors():
        return len(os.listdir(f"/proc/{node.process.pid}/fd"))
    before = descriptors()
    for _ in range(300):
        call = node.api.open_stream("GroupMetadataList",
                                    group_pk=node.account)
        next(call)
        call.cancel()
    assert node.api.call("InstanceGetConfiguration").peer_id
    assert descriptors() <= before + 2


def test_an_unknown_call_is_unimplemented(node):
    call = node.api.channel.unary_unary(
        "/berty.protocol.v1.ProtocolService/NoSuchCall",
        request_serializer=lambda b: b, response_deserializer=lambda b: b)
    with pytest.raises(grpc.RpcError) as failed:
        call(b"", timeout=5)
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_only_the_owner_reaches_the_socket(node):
    mode = os.stat(node.socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_files_of_the_store_are_private(node):
    for path in node.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def refused(*flags, seconds=20, **more):
    done = subprocess.run([BERTY, "daemon", "-no-qr", *flags], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, **more)
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_a_second_daemon_on_the_store_is_refused(node):
    text = refused("-store.dir", str(node.folder))
    assert "berty:" in text and "#" in text
    assert node.api.call("InstanceGetConfiguration").peer_id


def test_a_wrong_key_of_the_store_is_refused(nodes):
    node = nodes()
    node.stop()
    wrong = node.folder.parent / "wrong.key"
    wrong.write_bytes(bytes(range(32)))
    wrong.chmod(0o600)
    text = refused("-store.dir", str(node.folder), "-store.key-file",
                   str(wrong))
    assert "#124" in text
    node.start()


def test_keys_come_from_a_variable_or_a_descriptor(nodes):
    node = nodes(start=False)
    key = "00112233445566778899aabbccddeeff" * 2
    os.environ["E2E_KEY"] = key
    node.start("-store.key-env", "E2E_KEY")
    account = node.info["account_pk"]
    node.stop()
    assert not (node.folder / "store.key").exists()
    read, write = os.pipe()
    os.write(write, bytes.fromhex(key))
    os.close(write)
    os.set_inheritable(read, True)
    command = node.command("-store.key-fd", str(read))
    process = subprocess.Popen(command, pass_fds=[read],
                               stdout=subprocess.PIPE)
    os.close(read)
    try:
        assert account.encode() in process.stdout.readline()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_the_api_is_not_served_to_the_network(tmp_path):
    text = refused("-store.dir", str(tmp_path / "n"), "-node.listeners",
                   "/ip4/0.0.0.0/tcp/0")
    assert "0.0.0.0" in text


def test_the_api_is_served_over_tcp_on_this_machine(nodes):
    node = nodes("-node.listeners", "/ip4/127.0.0.1/tcp/0", start=False)
    import conftest
    real, conftest.Client = conftest.Client, lambda address: None
    try:
        node.start()
    finally:
        conftest.Client = real
    port = node.info["listeners"][0].split("/")[4]
    api = Client(f"127.0.0.1:{port}")
    assert api.call("InstanceGetConfiguration").peer_id == \
        node.info["peer_id"]
    api.close()


def test_legacy_status_is_always_unavailable(nodes):
    node = nodes("-grpc.legacy-status")
    with pytest.raises(Failure) as failed:
        node.api.call("GroupInfo")
    assert failed.value.codes == [100]
    assert failed.value.status == grpc.StatusCode.UNAVAILABLE


def test_sigterm_ends_streams_and_the_node(nodes):
    node = nodes()
    call = node.api.open_stream("GroupMetadataList", group_pk=node.account)
    next(call)
    node.process.terminate()
    assert node.process.wait(10) == 0
    with pytest.raises(grpc.RpcError):
        for _ in call:
            pass
