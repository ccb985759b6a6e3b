"""A client that goes on by since_id after a partition misses nothing."""
import socket
import threading

from conftest import (befriend, exchange_keys, wait_for)
from test_crash import is_open


class Proxy:
    """A TCP proxy that can be cut."""

    def __init__(self, port):
        self.target = port
        self.cut = False
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            self.sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(one, other),
                                 daemon=True).start()

    def copy(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for s in (one, other):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def set_cut(self, cut):
        self.cut = cut
        if cut:
            for s in self.sockets:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.sockets = []

    def close(self):
        self.listener.close()
        self.set_cut(True)


def ids(node, group, **options):
    return [m.event_context.id for m in node.api.messages(group, **options)]


def test_nothing_is_missed_after_one_side_was_down(nodes):
    alice, bob = nodes(), nodes()
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    seen = ids(bob, group)
    bob.stop()
    sent = [alice.api.send(group, b"%d" % i) for i in range(100)]
    bob.start()
    wait_for("the group to be open", lambda: is_open(bob, group))
    sent += [alice.api.send(group, b"late %d" % i) for i in range(10)]
    live = bob.api.open_stream("GroupMessageList", timeout=90,
                               group_pk=group, since_id=seen[-1])
    got = []
    for event in live:
        got.append(event.event_context.id)
        if len(got) == len(sent) + 1:
            break
    live.cancel()
    assert got[0] == seen[-1]
    assert set(got[1:]) == set(sent) and len(set(got)) == len(got)


def test_nothing_is_missed_after_the_line_was_cut(nodes):
    bob = nodes()
    parts = bob.info["swarm"][0].split("/")
    proxy = Proxy(int(parts[4]))
    parts[4] = str(proxy.port)
    line = "/".join(parts)
    # Alice listens nowhere: the line is the only way.
    alice = nodes("-p2p.swarm-listeners", "", "-p2p.static-peers", line)
    try:
        group = befriend(alice, bob, [line])
        exchange_keys(alice, bob, group)
        cursors = {n: ids(n, group)[-1] for n in (alice, bob)}
        proxy.set_cut(True)
        sent = {n: [n.api.send(group, b"%d" % i) for i in range(50)]
                for n in (alice, bob)}
        assert not set(sent[bob]) & set(ids(alice, group)), "not cut"
        proxy.set_cut(False)
        everything = set(sent[alice] + sent[bob])
        for node in (alice, bob):
            # Read on from a cursor, a page at a time, as a client would.
            got = []
            def page(n=node, got=got):
                new = ids(n, group, since_id=cursors[n], until_now=True)
                assert new[0] == cursors[n]
                got += new[1:]
                cursors[n] = new[-1]
                return everything <= set(got)
            wait_for("what was written behind the cut", page, 120)
            assert len(got) == len(set(got)) == len(everything)
    finally:
        proxy.close()
