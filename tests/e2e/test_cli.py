"""The command line, as a person and as a script use it."""
import base64
import json
import os
import pathlib
import subprocess

import pytest

from conftest import BERTY, wait_for


def run(*words, env=None, **more):
    return subprocess.run([BERTY, *words], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **(env or {})), **more)


def lines(node, *words):
    return [json.loads(line)
            for line in node.cli(*words, "--json").stdout.splitlines()]


def test_the_demo_is_played_to_its_end():
    script = pathlib.Path(__file__).parent.parent / "demo.sh"
    done = subprocess.run([script, BERTY], text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert "no server was needed" in done.stdout


def test_a_misspelt_flag_is_an_error_with_a_hint():
    done = run("contact", "list", "-store.dri", "/tmp/x")
    assert done.returncode == 1
    assert "-store.dri" in done.stderr and "-store.dir" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [
    "daemon", "contact link", "contact request", "contact list",
    "contact accept", "contact discard", "contact block", "contact unblock",
    "group create", "group invite", "group join", "group leave",
    "group list", "group info", "group grant", "group alias",
    "contact alias", "send", "tail", "attachment send",
    "attachment save", "attachment list", "attachment pin",
    "attachment unpin", "info", "peers", "doctor",
    "version"])
def test_every_command_explains_itself(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 2
    assert done.stdout.startswith("berty " + command)
    assert "-store.dir" in done.stdout and not done.stderr


def test_without_a_node_it_says_how_to_start_one(tmp_path):
    done = run("contact", "list", "-store.dir", str(tmp_path))
    assert done.returncode == 1
    assert "no node answers" in done.stderr
    assert "berty daemon" in done.stderr


def test_flags_come_from_the_environment_and_from_a_file(nodes, tmp_path):
    node = nodes()
    config = tmp_path / "config"
    config.write_text(f"# mine\nstore.dir {node.folder}\nno-qr\n"
                      "log.level debug\n")
    assert run("group", "list", "-config", str(config)).returncode == 0
    assert run("group", "list", env={
        "BERTY_STORE_DIR": str(node.folder)}).returncode == 0
    wrong = run("group", "list", "-store.dir", str(tmp_path),
                env={"BERTY_STORE_DIR": str(node.folder)})
    assert wrong.returncode == 1, "the command line is stronger"
    config.write_text("stroe.dir x\n")
    assert "-stroe.dir" in run("group", "list", "-config",
                               str(config)).stderr


def test_links_requests_and_names(nodes):
    alice, bob = nodes(), nodes()
    link = lines(alice, "contact", "link", "-name", "Alice Ä")[0]
    assert link["link"].startswith("https://berty.tech/id#contact/")
    assert link["internal"].startswith("BERTY://PB/")
    assert len(link["internal"]) < 500
    bob.cli("contact", "request", link["internal"], "-name", "Bob")
    wait_for("the request", lambda: [
        c for c in lines(alice, "contact", "list")
        if (c["name"], c["state"]) == ("Bob", "received")])
    alice.cli("contact", "accept", "all")
    wait_for("the contact", lambda: [
        c for c in lines(bob, "contact", "list")
        if (c["name"], c["state"]) == ("Alice Ä", "added")])
    key = base64.b64decode(
        lines(bob, "contact", "list")[0]["contact_pk"]).hex()
    for word in (key, key[:8], "Alice Ä"):
        bob.cli("send", word, "hello by", word)
    wait_for("the messages", lambda: {
        m["text"] for m in lines(alice, "tail", "Bob", "-until-now")} >= {
            "hello by Alice Ä", "hello by " + key})


def test_nobody_is_heard_while_requests_are_off(nodes):
    alice, bob = nodes(), nodes()
    link = lines(alice, "contact", "link")[0]["link"]
    assert alice.cli("contact", "link", "-off").stdout == ""
    assert not alice.api.call("ContactRequestReference").enabled
    bob.cli("contact", "request", link)
    assert lines(alice, "contact", "list") == []
    assert lines(alice, "contact", "link")[0]["link"] == link
    wait_for("the request", lambda: [
        c for c in lines(alice, "contact", "list")
        if c["state"] == "received"])


def test_a_link_under_a_passphrase(nodes):
    alice, bob = nodes(), nodes()
    link = alice.cli("contact", "link", "-passphrase",
                     "horse").stdout.strip()
    assert link.startswith("https://berty.tech/id#enc/")
    closed = bob.cli("contact", "request", link, check=False)
    assert closed.returncode == 1 and "#2001" in closed.stderr
    bob.cli("contact", "request", link, "-passphrase", "horse")
    wait_for("the request", lambda: [
        c for c in lines(alice, "contact", "list")
        if c["state"] == "received"])


def test_messages_from_the_standard_input_and_resuming(nodes):
    node = nodes()
    group = lines(node, "group", "create", "-name", "Test")[0]["group_pk"]
    cids = node.cli("send", group, "-", "--lines",
                    input="one\ntwo\nthree\n").stdout.split()
    whole = node.cli("send", group, "-", input="a\nb").stdout.strip()
    raw = node.cli("send", group, "--raw", "plain").stdout.strip()
    got = lines(node, "tail", group, "-until-now")
    assert [m["cid"] for m in got] == cids + [whole, raw]
    assert [m["text"] for m in got] == ["one", "two", "three", "a\nb",
                                        "plain"]
    assert [m["type"] for m in got] == ["text"] * 4 + ["plain"]
    assert [m["cid"] for m in lines(node, "tail", group, "-until-now",
                                    "-since-id", cids[2])] == \
        [cids[2], whole, raw]
    assert [m["cid"] for m in lines(node, "tail", group, "-until-now",
                                    "-reverse")] == \
        (cids + [whole, raw])[::-1]
    events = lines(node, "tail", group, "-metadata", "-until-now")
    assert events[-1]["event"]["text"] == "Test"


def test_without_a_name_all_groups_are_followed(nodes):
    node = nodes()
    groups = [lines(node, "group", "create")[0]["group_pk"]
              for _ in range(3)]
    for i, group in enumerate(groups):
        node.cli("send", group, f"in {i}")
    texts = [m["text"] for m in lines(node, "tail", "-until-now")]
    assert sorted(texts) == ["in 0", "in 1", "in 2"]
    follower = subprocess.Popen(
        [BERTY, "tail", "-json", "-store.dir", str(node.folder)], text=True,
        stdout=subprocess.PIPE)
    got = {json.loads(follower.stdout.readline())["text"] for _ in groups}
    node.cli("send", groups[1], "live")
    assert json.loads(follower.stdout.readline())["text"] == "live"
    assert got == set(texts)
    follower.terminate()
    assert follower.wait(10) == 128 + 15
    # Nobody is left behind: the pipe has no writer.
    assert follower.stdout.read() == ""
    follower.stdout.close()


def test_control_characters_do_not_reach_the_terminal(nodes):
    node = nodes()
    group = lines(node, "group", "create")[0]["group_pk"]
    node.cli("send", group, "a\x1b[31mred\u202eback")
    text = node.cli("tail", group, "-until-now").stdout
    assert "\x1b" not in text and "\u202e" not in text
    assert "a?[31mred?back" in text


def test_a_closed_group_is_opened_for_the_command(nodes):
    node = nodes()
    group = base64.b64decode(
        lines(node, "group", "create")[0]["group_pk"])
    node.api.call("DeactivateGroup", group_pk=group)
    node.cli("send", group.hex(), "hello")
    node.api.call("DeactivateGroup", group_pk=group)
    assert "hello" in node.cli("tail", group.hex(), "-until-now").stdout


def test_an_ambiguous_or_unknown_name_is_refused(nodes):
    node = nodes()
    done = node.cli("send", "nobody", "x", check=False)
    assert done.returncode == 1 and "nobody" in done.stderr
    assert "berty group list" in done.stderr


def test_a_node_in_memory_is_found_without_flags(tmp_path):
    env = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path),
               XDG_CONFIG_HOME=str(tmp_path / "config"))
    daemon = subprocess.Popen(
        [BERTY, "daemon", "-store.inmem", "-no-banner"], env=env, text=True,
        stdout=subprocess.PIPE)
    try:
        assert daemon.stdout.readline().startswith("ready:")
        done = run("group", "list", env=env)
        assert done.returncode == 0 and "account" in done.stdout
        assert not (tmp_path / "config").exists()
    finally:
        daemon.terminate()
        assert daemon.wait(20) == 0
        daemon.stdout.close()
