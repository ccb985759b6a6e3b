"""Several accounts in one process, through AccountService."""
import os
import select
import signal
import subprocess
import time

import pytest

from conftest import BERTY, START_SECONDS, Client, Failure, wait_for

ACCOUNTS = "berty.account.v1.AccountService"


class Account:
    """An opened account's API."""

    def __init__(self, service, account_id):
        addresses = service.call("GetGRPCListenerAddrs",
                                 account_id=account_id).entries
        assert [a.proto for a in addresses] == ["grpc"]
        path = addresses[0].maddr
        assert path.startswith("/unix")
        self.api = Client("unix:" + path[len("/unix"):])


class Service:
    """The process, and a client of it."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def start(self, *flags):
        log = open(self.folder.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [BERTY, "account-daemon", "-json", "-store.dir", str(self.folder),
             "-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0", *flags],
            stdout=subprocess.PIPE, stderr=log)
        assert select.select([self.process.stdout], [], [], START_SECONDS)[0]
        assert b"ready" in self.process.stdout.readline()
        self.client = Client(f"unix:{self.folder}/accounts.sock", ACCOUNTS)
        return self

    def call(self, name, **fields):
        return self.client.call(name, **fields)

    def fails(self, name, **fields):
        with pytest.raises(Failure) as failure:
            self.call(name, **fields)
        return failure.value.codes

    def ids(self):
        return [a.account_id for a in self.call("ListAccounts").accounts]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.client.close()
        return status


@pytest.fixture
def service(tmp_path):
    s = Service(tmp_path / "root").start()
    yield s
    if s.process.poll() is None:
        assert s.stop() == 0


def key_of(account):
    return account.api.call("InstanceGetConfiguration").account_pk


def test_an_account_lives_from_its_making_to_its_end(service):
    made = service.call("CreateAccount", account_id="alice",
                        account_name="Alice").account_metadata
    assert (made.account_id, made.name) == ("alice", "Alice")
    assert made.creation_date == made.last_opened > 1_700_000_000_000_000
    key = key_of(Account(service, "alice"))
    opened = service.call("GetOpenedAccount")
    assert opened.account_id == "alice" and len(opened.listeners) == 1
    assert service.fails("DeleteAccount", account_id="alice") == [5002]
    service.call("CloseAccount")
    assert service.call("GetOpenedAccount").account_id == ""
    service.call("OpenAccount", account_id="alice")
    assert key_of(Account(service, "alice")) == key
    service.call("CloseAccount", account_id="alice")
    service.call("DeleteAccount", account_id="alice")
    assert service.ids() == []
    assert not (service.folder / "accounts" / "alice").exists()


def test_numbers_are_given_to_who_has_no_name(service):
    ids = [service.call("CreateAccount").account_metadata.account_id
           for _ in range(3)]
    assert ids == ["0", "1", "2"]
    service.call("CloseAccount", account_id="1")
    service.call("DeleteAccount", account_id="1")
    assert service.call("CreateAccount").account_metadata.account_id == "1"
    assert service.ids() == ["0", "1", "2"]


@pytest.mark.parametrize("name, fields, codes", [
    ("CreateAccount", {"account_id": "../up"}, [5016, 5003]),
    ("CreateAccount", {"account_id": "a/b"}, [5016, 5003]),
    ("CreateAccount", {"account_id": ".hidden"}, [5016, 5003]),
    ("CreateAccount", {"account_id": "x" * 65}, [5016, 5003]),
    ("CreateAccount", {"account_id": "there"}, [5016, 5013]),
    ("CreateAccount", {"args": ["--store.dir=/tmp/x"]}, [5016, 5011]),
    ("CreateAccount", {"args": ["--p2p.mdns=perhaps"]}, [5016, 5011]),
    ("OpenAccount", {}, [5006, 5001]),
    ("OpenAccount", {"account_id": "there"}, [5006, 5002]),
    ("OpenAccount", {"account_id": "nobody"}, [5006, 5007]),
    ("DeleteAccount", {}, [5001]),
    ("DeleteAccount", {"account_id": "nobody"}, [109, 5007]),
    ("UpdateAccount", {"account_id": "nobody"}, [5017, 5007]),
    ("ImportAccount", {}, [888, 5014]),
    ("ImportAccount", {"backup_path": "/nowhere"}, [888, 5007]),
    ("GetGRPCListenerAddrs", {"account_id": "nobody"}, [5005, 5007]),
    ("NetworkConfigSet", {"account_id": "nobody"}, [5007]),
    ("NetworkConfigSet", {"account_id": "there"}, [100]),
    ("AppStorageGet", {"key": "k", "account_id": "nobody"}, [5007]),
    ("AppStorageGet", {"key": "never"}, [404]),
    ("AppStorageGet", {}, [100]),
    ("PushReceive", {"payload": "?"}, [104]),
    ("PushPlatformTokenRegister", {}, [100]),
])
def test_what_is_wrong_is_refused(service, name, fields, codes):
    service.call("CreateAccount", account_id="there")
    assert service.fails(name, **fields) == codes
    assert service.ids() == ["there"]


def test_flags_of_berty_are_passed_over(service):
    service.call("CreateAccount", account_id="a", args=[
        "--log.filters=*", "--p2p.rdvp=:none:", "-p2p.mdns=false",
        "--node.display-name", "somebody"])
    key_of(Account(service, "a"))


def test_two_accounts_of_one_process_become_contacts(service):
    for name in ("alice", "bob"):
        service.call("CreateAccount", account_id=name,
                     args=["-p2p.mdns=false"])
    alice, bob = (Account(service, n) for n in ("alice", "bob"))
    assert service.call("GetOpenedAccount").account_id == "bob"
    assert service.call("GetOpenedAccount").account_ids == ["alice", "bob"]
    link = subprocess.run(
        [BERTY, "contact", "link", "-store.dir",
         str(service.folder / "accounts" / "alice")],
        capture_output=True, check=True, text=True).stdout
    link = next(w for w in link.split() if w.startswith("https://"))
    subprocess.run([BERTY, "contact", "request", link, "-store.dir",
                    str(service.folder / "accounts" / "bob")], check=True,
                   capture_output=True)
    bob_pk = key_of(bob)

    def accepted():
        try:
            alice.api.call("ContactRequestAccept", contact_pk=bob_pk)
            return True
        except Failure:
            return False
    wait_for("the request of bob", accepted)


def test_accounts_and_what_they_are_called_outlive_the_process(service):
    service.call("CreateAccount", account_id="a", account_name="A")
    service.call("UpdateAccount", account_id="a", account_name="Anna",
                 public_key="key")
    key = key_of(Account(service, "a"))
    config = service.client.message("berty.account.v1.NetworkConfig", mdns=1,
                                    rendezvous=[":none:"])
    service.call("NetworkConfigSet", account_id="a", config=config)
    service.call("AppStoragePut", key="k", value=b"its")
    service.call("AppStoragePut", key="k", value=b"all's", **{"global": True})
    service.stop(signal.SIGKILL)
    service.start()
    found = service.call("ListAccounts").accounts
    assert [(a.account_id, a.name, a.public_key, a.error) for a in found] == [
        ("a", "Anna", "key", "")]
    assert service.call("GetOpenedAccount").account_id == ""
    kept = service.call("NetworkConfigGet", account_id="a")
    assert kept.custom_config_exists
    assert list(kept.current_config.rendezvous) == [":none:"]
    assert list(kept.default_config.rendezvous) == [":default:"]
    service.call("OpenAccount", account_id="a")
    assert key_of(Account(service, "a")) == key
    assert service.call("AppStorageGet", key="k").value == b"its"
    assert service.call("AppStorageGet", key="k",
                        **{"global": True}).value == b"all's"
    service.call("AppStorageRemove", key="k")
    assert service.fails("AppStorageGet", key="k") == [404]


def export(service, account_id, path):
    account = Account(service, account_id)
    with open(path, "wb") as out:
        for reply in account.api.stream("InstanceExportData"):
            out.write(reply.exported_data)


def test_an_archive_becomes_an_account(service, tmp_path):
    service.call("CreateAccount", account_id="old")
    key = key_of(Account(service, "old"))
    archive = tmp_path / "archive.tar"
    export(service, "old", archive)
    service.call("CloseAccount")
    made = service.call("ImportAccount", account_id="new",
                        account_name="New", backup_path=str(archive))
    assert made.account_metadata.name == "New"
    assert key_of(Account(service, "new")) == key
    told = list(service.client.stream(
        "ImportAccountWithProgress", backup_path=str(archive)))
    assert told[0].progress.state == "in progress"
    assert told[-2].progress.state == "done"
    assert told[-1].account_metadata.account_id == "0"


def test_an_archive_that_is_none_leaves_no_account(service, tmp_path):
    archive = tmp_path / "archive.tar"
    archive.write_bytes(b"nothing" * 1000)
    codes = service.fails("ImportAccount", account_id="new",
                          backup_path=str(archive))
    assert codes[:2] == [888, 5009]
    assert service.ids() == []
    service.call("CreateAccount", account_id="new")


def test_an_import_that_was_cut_off_leaves_no_account(service):
    service.call("CreateAccount", account_id="whole")
    service.stop(signal.SIGKILL)
    accounts = service.folder / "accounts"
    for name in ("half", ".coming-other", ".going-third"):
        (accounts / name).mkdir()
        (accounts / name / "berty.sqlite").write_bytes(b"")
    (accounts / "half" / "importing").write_bytes(b"")
    service.start()
    assert service.ids() == ["whole"]
    assert os.listdir(accounts) == ["whole"]


def test_killed_at_any_moment_every_account_is_whole(service):
    for i in range(16):
        kind, stub = service.client.method("CreateAccount")
        stub.future(kind(), timeout=20)
        time.sleep(i * 0.002)
        service.stop(signal.SIGKILL)
        service.start()
        for account_id in service.ids():
            service.call("OpenAccount", account_id=account_id)
            key_of(Account(service, account_id))
            service.call("CloseAccount", account_id=account_id)


def test_progress_is_told_of_opening_and_closing(service):
    service.call("CreateAccount", account_id="a")
    for name in ("CloseAccountWithProgress", "OpenAccountWithProgress"):
        told = [r.progress for r in service.client.stream(
            name, account_id="a")]
        assert [p.state for p in told] == ["in progress", "done"]
        assert told[-1].progress == 1


def test_presets_say_what_a_network_is(service):
    open_ = service.call("NetworkConfigGetPreset", preset=1).config
    shut = service.call("NetworkConfigGetPreset", preset=2).config
    assert list(open_.rendezvous) == [":default:"] and open_.mdns == 2
    assert list(shut.rendezvous) == [":none:"] and shut.mdns == 1


def test_the_commands_do_as_the_calls(service):
    def run(*words):
        return subprocess.run(
            [BERTY, "account", *words, "-store.dir", str(service.folder)],
            capture_output=True, text=True)
    assert run("create", "a", "-name", "Anna").returncode == 0
    assert run("close", "a").returncode == 0
    assert "closed" in run("list").stdout and "Anna" in run("list").stdout
    assert run("open", "a").returncode == 0
    refused = run("delete", "a")
    assert refused.returncode == 1 and "close it first" in refused.stderr
    run("close", "a")
    assert run("delete", "a").returncode == 0
    assert run("list").stdout == ""


def test_many_accounts_are_open_at_a_time(service):
    for _ in range(10):
        service.call("CreateAccount", args=["-p2p.mdns=false"])
    assert len(service.call("GetOpenedAccount").account_ids) == 10
    keys = {key_of(Account(service, str(i))) for i in range(10)}
    assert len(keys) == 10
    with open(f"/proc/{service.process.pid}/status") as status:
        rss = next(int(line.split()[1]) for line in status
                   if line.startswith("VmRSS"))
    print(f"ten accounts: {rss} KiB")
