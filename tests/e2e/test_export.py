"""An account is written to a file, and begun with in another folder."""
import io
import subprocess
import tarfile

import pytest

from test_attachments import bytes_of, kept, prepare, retrieve

from conftest import (befriend, exchange_keys, invite, wait_for,
                      wait_message)


def export(node, **fields):
    pieces = [r.exported_data
              for r in node.api.stream("InstanceExportData", **fields)]
    assert all(len(p) <= 4096 for p in pieces)
    return b"".join(pieces)


def restored(nodes, archive, *flags):
    node = nodes(*flags, start=False)
    path = node.folder.with_suffix(".archive")
    path.write_bytes(archive)
    node.start("-node.restore-export-path", str(path))
    return node


def refused(nodes, archive, *flags):
    """The sentence that a daemon ends with."""
    node = nodes(*flags, start=False)
    path = node.folder.with_suffix(".archive")
    path.write_bytes(archive)
    done = subprocess.run(
        node.command("-node.restore-export-path", str(path)), text=True,
        capture_output=True, timeout=60)
    assert done.returncode != 0
    # What was refused left no account: one can begin there.
    node.start()
    return done.stderr


@pytest.fixture
def story(nodes):
    """Two contacts with a group, and what they said."""
    a, b = nodes(), nodes()
    contact = befriend(a, b)
    exchange_keys(a, b, contact)
    group = a.api.call("MultiMemberGroupCreate").group_pk
    invite(a, group, b)
    exchange_keys(a, b, group)
    return a, b, contact, group


def check_life(new, old_account, b, contact, group):
    assert new.account == old_account
    for pk in (contact, group):
        said = [m.message for m in new.api.messages(pk)]
        assert b"first" in said and b"second" in said
    for pk, text in ((contact, b"to the contact"), (group, b"to the group")):
        member = new.api.call("GroupInfo", group_pk=pk).device_pk
        # The friend knows the new device, and has its key.
        wait_for("the new device's key", lambda p=pk, m=member: [
            e for e in b.api.events(p)
            if e.metadata.event_type == 2 and m in e.event])
        new.api.send(pk, text)
        wait_message(b, pk, text)
        b.api.send(pk, b"answer " + text)
        wait_message(new, pk, b"answer " + text)


def test_an_account_goes_on_in_another_folder(nodes, story):
    a, b, contact, group = story
    archive = export(a)
    account, device = a.account, a.info["device_pk"]
    a.stop()
    new = restored(nodes, archive, "-p2p.static-peers", b.info["swarm"][0])
    assert new.info["device_pk"] != device
    check_life(new, account, b, contact, group)
    new.restart()
    assert new.account == account


def test_the_archive_is_a_tar_of_keys_entries_and_heads(story):
    a, _, contact, group = story
    names = tarfile.open(fileobj=io.BytesIO(export(a))).getnames()
    assert names[:2] == ["account.key", "account_proof.key"]
    assert sum(n.startswith("heads/") for n in names) == 3
    kinds = {n.split("/")[0] for n in names[2:]}
    assert kinds == {"entries", "heads", "libberty"}


def test_a_sealed_archive_needs_its_passphrase(nodes, story, tmp_path):
    a, b, contact, group = story
    secret, wrong = tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("correct horse\n")
    wrong.write_text("battery staple\n")
    path = tmp_path / "sealed"
    a.cli("export", "-passphrase-file", str(secret), str(path))
    archive = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"account.key" not in archive
    account = a.account
    a.stop()
    assert "sealed" in refused(nodes, archive)
    flag = "-node.restore-passphrase-file"
    assert "passphrase" in refused(nodes, archive, flag, str(wrong))
    new = restored(nodes, archive, flag, str(secret),
                   "-p2p.static-peers", b.info["swarm"][0])
    check_life(new, account, b, contact, group)


def test_attachments_come_along(nodes, tmp_path):
    a = nodes()
    data = bytes_of(1000000)
    cid = prepare(a, data)
    plain = prepare(a, data[:999], disable_encryption=True)
    names = tarfile.open(fileobj=io.BytesIO(export(a))).getnames()
    assert not any(n.startswith("blocks/") for n in names)
    path = tmp_path / "account.tar"
    a.cli("export", "-attachments", str(path))
    names = tarfile.open(path).getnames()
    assert sum(n.startswith("attachments/") for n in names) == 2
    assert sum(n.startswith("blocks/") for n in names) == 6
    a.stop()
    new = restored(nodes, path.read_bytes())
    assert kept(new, cid).complete and kept(new, cid).pinned
    assert retrieve(new, cid) == data
    assert retrieve(new, plain) == data[:999]


def test_a_changed_archive_is_refused(nodes, story):
    archive = bytearray(export(story[0]))
    assert "not whole" in refused(nodes, archive[:-1024])
    at = archive.index(b"entries/") + 512 + 300
    archive[at] ^= 1
    assert "entry" in refused(nodes, bytes(archive))


def test_an_account_is_not_replaced(nodes):
    a, b = nodes(), nodes()
    archive, account = export(a), b.account
    path = b.folder.with_suffix(".archive")
    path.write_bytes(archive)
    b.stop()
    done = subprocess.run(
        b.command("-node.restore-export-path", str(path)), text=True,
        capture_output=True, timeout=60)
    assert done.returncode != 0 and "already" in done.stderr
    b.start()
    assert b.account == account


def test_a_client_that_goes_away_is_forgotten(story):
    a = story[0]
    for _ in range(20):
        call = a.api.open_stream("InstanceExportData", passphrase=b"x")
        call.cancel()
    assert export(a)


def test_the_command_does_not_write_over_a_file(story, tmp_path):
    a = story[0]
    path = tmp_path / "account.tar"
    a.cli("export", str(path))
    assert tarfile.is_tarfile(path)
    done = a.cli("export", str(path), check=False)
    assert done.returncode != 0 and "exists" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["account.tar"]
