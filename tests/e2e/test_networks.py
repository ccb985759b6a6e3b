"""Nodes on several networks at once, over real sockets."""
import base64
import json
import subprocess

import pytest

from conftest import BERTY, wait_for


def links(node, *words):
    return node.cli(*words).stdout.strip()


def contacts(node):
    return [json.loads(line) for line in
            node.cli("contact", "list", "--json").stdout.splitlines()]


def networks(node):
    """The networks of the node's contact groups."""
    groups = [json.loads(line) for line in
              node.cli("group", "list", "--json").stdout.splitlines()]
    return sorted(json.loads(node.cli(
        "group", "info", group["group_pk"], "--json").stdout)["network"]
        for group in groups if group["type"] == "contact")


def test_a_node_has_contacts_on_each_of_its_networks(nodes):
    both = nodes("-network", "berty,wesh")
    app = nodes("-network", "berty")
    toolkit = nodes("-network", "wesh")
    link = links(both, "contact", "link")
    for other in (app, toolkit):
        other.cli("contact", "request", link)
    wait_for("two requests", lambda: len(contacts(both)) == 2)
    both.cli("contact", "accept", "all")
    wait_for("each in its own network",
             lambda: networks(both) == ["berty", "wesh"])
    for other in (app, toolkit):
        other.cli("contact", "list")
        group = next(json.loads(line)["group_pk"] for line in other.cli(
            "group", "list", "--json").stdout.splitlines()
            if json.loads(line)["type"] == "contact")
        other.cli("send", group, "hello")
        wait_for("the message", lambda: "hello" in both.cli(
            "tail", group, "-until-now").stdout)


def test_a_link_says_its_network_and_flags_say_it_otherwise(nodes):
    maker = nodes("-network", "berty,wesh")
    joiner = nodes("-network", "wesh")
    stranger = nodes("-network", "berty-v1")
    group = maker.cli("group", "create", "-network", "wesh").stdout.split()[1]
    link = links(maker, "group", "invite", group)
    joiner.cli("group", "join", link)
    info = json.loads(joiner.cli("group", "info", group, "--json").stdout)
    assert info["network"] == "wesh"
    refused = stranger.cli("group", "join", link, check=False)
    assert refused.returncode == 1
    assert "wesh" in refused.stderr and "-network" in refused.stderr
    # Its owner knows better.
    stranger.cli("group", "join", link, "-network", "berty-v1")


@pytest.mark.parametrize("names", ["", "bert", "berty,", "berty,berty"])
def test_what_names_no_network_is_refused(tmp_path, names):
    done = subprocess.run(
        [BERTY, "daemon", "-store.dir", str(tmp_path), "-network", names],
        text=True, timeout=60, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "berty-v1" in done.stderr


def test_an_account_keeps_its_network(nodes):
    node = nodes("-network", "wesh")
    node.stop()
    done = subprocess.run(
        [BERTY, "daemon", "-store.dir", str(node.folder), "-network",
         "berty"], text=True, timeout=60, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "-network wesh,berty" in done.stderr
    node.start("-network", "berty,wesh")
    key = node.cli("group", "create").stdout.split()[1]
    info = json.loads(node.cli("group", "info", key, "--json").stdout)
    assert info["network"] == "wesh"
    assert len(base64.b64decode(info["group_pk"])) == 32
