"""Administrators of a group, and contacts who recognise each other in one."""
import base64
import json

import pytest

from conftest import Failure, befriend, exchange_keys, invite, wait_for

GRANT = "MultiMemberGroupAdminRoleGrant"
DISCLOSE = "MultiMemberGroupAliasResolverDisclose"


def info(node, group):
    return node.api.call("GroupInfo", group_pk=group)


def members(node, group):
    return {m.member_pk: m for m in info(node, group).members}


def admins(node, group):
    return {pk for pk, m in members(node, group).items() if m.is_admin}


def me(node, group):
    return info(node, group).member_pk


def of_type(node, group, number):
    return [e for e in node.api.events(group)
            if e.metadata.event_type == number]


def chain(node, name, **fields):
    with pytest.raises(Failure) as failure:
        node.api.call(name, **fields)
    return failure.value.codes


@pytest.fixture(scope="module")
def three(module_nodes):
    """Three nodes in one group, which the first has made; the first two are
    contacts."""
    a, b, c = (module_nodes() for _ in range(3))
    private = befriend(a, b)
    group = a.api.call("MultiMemberGroupCreate").group_pk
    for node in (b, c):
        invite(a, group, node)
    for node in (a, b, c):
        wait_for("all members", lambda n=node: len(members(n, group)) == 3)
    return a, b, c, group, private


def test_members_are_listed_with_devices_and_who_administrates(three):
    a, b, c, group, _ = three
    wait_for("the creator", lambda: admins(c, group) == {me(a, group)})
    seen = members(c, group)
    assert set(seen) == {me(n, group) for n in (a, b, c)}
    for node in (a, b, c):
        own = info(node, group)
        assert list(seen[own.member_pk].device_pks) == [own.device_pk]


def test_only_an_administrator_grants_and_only_to_members(three):
    a, b, c, group, private = three
    assert chain(b, GRANT, group_pk=group, member_pk=me(c, group)) == [
        1002, 100]
    assert chain(a, GRANT, group_pk=group, member_pk=b"\7" * 32) == [
        1002, 404]
    assert chain(a, GRANT, group_pk=group, member_pk=b"short") == [104]
    assert chain(a, GRANT, group_pk=b"\7" * 32,
                 member_pk=me(b, group)) == [1302, 888]
    assert chain(a, GRANT, group_pk=private, member_pk=b.account) == [
        1002, 1305]
    assert not of_type(a, group, 303)


def test_the_role_is_passed_on_and_kept(three):
    a, b, c, group, _ = three
    a.api.call(GRANT, group_pk=group, member_pk=me(b, group))
    a.api.call(GRANT, group_pk=group, member_pk=me(b, group))
    assert len(of_type(a, group, 303)) == 1
    wait_for("the role", lambda: me(b, group) in admins(b, group))
    b.api.call(GRANT, group_pk=group, member_pk=me(c, group))
    everybody = {me(n, group) for n in (a, b, c)}
    for node in (a, b, c):
        wait_for("all roles", lambda n=node: admins(n, group) == everybody)
    c.kill()
    c.start()
    wait_for("the group", lambda: group in c.api.groups())
    c.api.call("ActivateGroup", group_pk=group)
    assert admins(c, group) == everybody


def test_an_alias_is_known_to_the_contact_alone(three):
    a, b, c, group, private = three
    assert chain(a, "ContactAliasKeySend", group_pk=group) == [1002, 1305]
    assert chain(a, "ContactAliasKeySend", group_pk=b"\7" * 32) == [
        1306, 888]
    assert chain(a, DISCLOSE, group_pk=private) == [1002, 1305]
    assert chain(a, DISCLOSE, group_pk=b"\7" * 32) == [1302, 888]
    a.api.call("ContactAliasKeySend", group_pk=private)
    a.api.call(DISCLOSE, group_pk=group)
    wait_for("the alias", lambda: members(b, group)[
        me(a, group)].contact_pk == a.account)
    wait_for("the disclosure", lambda: of_type(c, group, 301))
    assert not members(c, group)[me(a, group)].contact_pk
    assert not members(b, group)[me(c, group)].contact_pk
    # What a client reads of the events is what the specification says.
    said = b.api.message("berty.protocol.v1.ContactAddAliasKey")
    said.ParseFromString(of_type(b, private, 201)[0].event)
    assert len(said.alias_pk) == 32 and said.alias_pk != a.account
    shown = b.api.message(
        "berty.protocol.v1.MultiMemberGroupAddAliasResolver")
    shown.ParseFromString(of_type(b, group, 301)[0].event)
    assert (len(shown.alias_resolver), len(shown.alias_proof)) == (32, 64)
    a.api.call("ContactAliasKeySend", group_pk=private)
    a.api.call(DISCLOSE, group_pk=group)
    assert len(of_type(a, private, 201)) == len(of_type(a, group, 301)) == 1


def test_the_command_line_grants_and_recognises(nodes):
    a, b = nodes(), nodes()
    private = befriend(a, b)
    exchange_keys(a, b, private)
    group = a.api.call("MultiMemberGroupCreate").group_pk
    invite(a, group, b)
    wait_for("both members", lambda: len(members(a, group)) == 2)
    wait_for("both members", lambda: len(members(b, group)) == 2)
    b.cli("contact", "alias", a.account.hex())
    b.cli("group", "alias", group.hex())
    wait_for("the alias", lambda: members(a, group)[
        me(b, group)].contact_pk == b.account)
    # By now the contact can be named instead of the member.
    done = a.cli("group", "grant", group.hex()[:8], b.account.hex(), "--json")
    assert base64.b64decode(json.loads(done.stdout)["member_pk"]) == me(
        b, group)
    shown = json.loads(a.cli("group", "info", group.hex(), "--json").stdout)
    listed = {base64.b64decode(m["member_pk"]): m for m in shown["members"]}
    assert listed[me(b, group)]["admin"] is True
    assert base64.b64decode(
        listed[me(b, group)]["contact_pk"]) == b.account
    text = a.cli("group", "info", group.hex()).stdout
    assert text.count("administrator") == 2 and "you" in text
    done = b.cli("group", "grant", group.hex(), "ffffffff", check=False)
    assert done.returncode == 1 and "no member" in done.stderr
