"""Nodes that meet in the local network: no static peers, links without
addresses.  Each network is made here, and is gone with the test."""
import subprocess

import pytest

from conftest import (exchange_keys, request_contact, wait_for, wait_message)

ANY = ("-p2p.swarm-listeners", "/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0")
LOOPBACK = ("-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0")
FIND = ("-p2p.mdns=true",)
SETTING = "berty.protocol.v1.InstanceGetConfiguration.SettingState"


def run(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


class Machine:
    """A network namespace, with loopback up."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c",
             "ip link set lo up && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "up\n":
            reason = self.process.stderr.read().strip()
            self.close()
            pytest.skip(f"a network of its own cannot be made: {reason}")

    @property
    def prefix(self):
        return ["nsenter", "--net", "--target", str(self.process.pid)]

    def run(self, *words):
        run(*self.prefix, *words)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def cable(a, b):
    """Connect two machines."""
    run("ip", "link", "add", "berty0", "netns", str(a.process.pid), "type",
        "veth", "peer", "name", "berty0", "netns", str(b.process.pid))
    for machine, host in ((a, 1), (b, 2)):
        machine.run("ip", "address", "add", f"192.168.77.{host}/24", "dev",
                    "berty0")
        machine.run("ip", "link", "set", "berty0", "up")


@pytest.fixture
def machines():
    made = []

    def make():
        made.append(Machine())
        return made[-1]
    yield make
    for machine in made:
        machine.close()


def start(nodes, machine, *flags):
    node = nodes(start=False)
    node.prefix = machine.prefix
    return node.start(*flags)


def become_contacts(alice, bob):
    """By the link alone."""
    request_contact(alice, bob, addresses=[])
    bob.api.call("ContactRequestAccept", contact_pk=alice.account)
    group = wait_for("the contact", lambda: alice.api.call(
        "GroupInfo", contact_pk=bob.account).group.public_key)
    for node in (alice, bob):
        node.api.call("ActivateGroup", group_pk=group)
    exchange_keys(alice, bob, group)
    alice.api.send(group, b"found you")
    wait_message(bob, group, b"found you")


def mdns_state(node):
    reply = node.api.call("InstanceGetConfiguration")
    kind = node.api.pool.FindEnumTypeByName(SETTING)
    return kind.values_by_number[reply.mdns_enabled].name


def peers(node):
    return [p for p in node.api.call("PeerList").peers if p.is_active]


@pytest.mark.parametrize("network", ["berty", "berty-v1", "wesh"])
def test_two_machines_meet_on_a_cable(nodes, machines, network):
    one, other = machines(), machines()
    cable(one, other)
    flags = (*ANY, *FIND, "-network", network)
    alice, bob = start(nodes, one, *flags), start(nodes, other, *flags)
    assert mdns_state(alice) == "Enabled"
    become_contacts(alice, bob)


def test_two_nodes_meet_on_one_machine_that_has_loopback_alone(nodes, machines):
    machine = machines()
    alice = start(nodes, machine, *LOOPBACK, *FIND)
    bob = start(nodes, machine, *LOOPBACK, *FIND)
    become_contacts(alice, bob)


def test_a_cable_that_is_plugged_in_later_is_used(nodes, machines):
    one, other = machines(), machines()
    alice = start(nodes, one, *ANY, *FIND)
    bob = start(nodes, other, *ANY, *FIND)
    cable(one, other)
    wait_for("the other one", lambda: peers(alice) and peers(bob), 60)


def test_a_node_that_does_not_look_says_so_and_is_not_found(nodes, machines):
    one, other = machines(), machines()
    cable(one, other)
    alice = start(nodes, one, *ANY, *FIND)
    bob = start(nodes, other, *ANY, "-p2p.mdns=false")
    carol = start(nodes, other, *ANY, *FIND)
    assert mdns_state(bob) == "Disabled"
    wait_for("the third one", lambda: peers(alice))
    assert [p.id for p in peers(alice)] == [carol.info["peer_id"]]
    assert not peers(bob)


def test_a_machine_without_a_link_says_so(nodes, machines):
    machine = machines()
    machine.run("ip", "link", "set", "lo", "down")
    node = start(nodes, machine, *ANY, *FIND)
    assert mdns_state(node) == "Unavailable"
