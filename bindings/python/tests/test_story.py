"""What two people do: become contacts, talk, close, come back."""
import asyncio

import berty
import pytest
from conftest import account, befriend, first, has_key, new_group, node, says
from berty import ErrorCode


async def test_two_nodes_in_one_process_chat():
    async with node() as a, node() as b:
        group = await befriend(a, b)
        await says(a, b, group, b"from a")
        await says(b, a, group, b"from b")


async def test_a_group_is_joined_by_its_link():
    async with node() as a, node() as b:
        group = await new_group(a)
        link = await a.group_link(group, "friends")
        assert berty.Link.read(link.write()).group.name == "friends"
        assert await b.join_group(link.write()) == group
        await has_key(a, b, group)
        await says(b, a, group, b"here I am")


async def test_a_store_that_is_reopened_has_what_was_said(tmp_path):
    key = bytes(range(32))
    async with node(tmp_path / "a", key=key) as a:
        group = await new_group(a)
        me = await a.InstanceGetConfiguration()
        for i in range(3):
            await a.AppMessageSend(group_pk=group, payload=b"%d" % i)
    assert not (tmp_path / "a" / "store.key").exists()
    async with node(tmp_path / "a", key=lambda: key) as a:
        again = await a.InstanceGetConfiguration()
        assert again.account_pk == me.account_pk
        said = [e.message async for e in
                a.GroupMessageList(group_pk=group, until_now=True)]
        assert said == [b"0", b"1", b"2"]


async def test_a_wrong_key_does_not_open_a_store(tmp_path):
    async with node(tmp_path / "a", key=bytes(32)):
        pass
    with pytest.raises(berty.Error) as failed:
        await node(tmp_path / "a", key=bytes([1] * 32)).open()
    assert failed.value.code == ErrorCode.DB_OPEN


async def test_a_store_is_opened_once_at_a_time(tmp_path):
    async with node(tmp_path / "a"):
        with pytest.raises(berty.Error) as failed:
            await node(tmp_path / "a").open()
        assert failed.value.code == ErrorCode.DB_OPEN
    async with node(tmp_path / "a"):
        pass


async def test_a_subscription_sees_what_happens_after_it_stands():
    async with node() as a:
        group = await new_group(a)
        await a.AppMessageSend(group_pk=group, payload=b"before")
        async with a.GroupMessageList(group_pk=group, since_now=True) as heard:
            await a.AppMessageSend(group_pk=group, payload=b"after")
            event = await first(heard, lambda e: True)
        assert event.message == b"after"


async def test_a_node_in_two_networks_names_them_in_its_link():
    async with node(network=("wesh", "berty-v1")) as a:
        link = await a.contact_link("a")
        assert link.network == "wesh,berty-v1"
        assert link.addresses
    async with node() as a:
        assert (await a.contact_link()).network == ""


async def test_nodes_in_two_loops_do_not_meet(tmp_path):
    def other_loop():
        async def open_one():
            async with node(tmp_path / "b") as b:
                return (await b.InstanceGetConfiguration()).peer_id
        return asyncio.run(open_one())

    async with node(tmp_path / "a") as a:
        mine = (await a.InstanceGetConfiguration()).peer_id
        assert await asyncio.to_thread(other_loop) != mine


async def test_a_node_refuses_calls_from_another_loop():
    async with node() as a:
        def elsewhere():
            asyncio.run(a.InstanceGetConfiguration())

        def close_elsewhere():
            asyncio.run(a.close())
        for wrong in (elsewhere, close_elsewhere):
            with pytest.raises(RuntimeError):
                await asyncio.to_thread(wrong)
        assert await a.InstanceGetConfiguration()


async def test_a_configuration_that_makes_no_sense_is_refused(tmp_path):
    for wrong in ({"network": "internet"}, {"security": "rot13"},
                  {"static_peers": ["nowhere"]}):
        with pytest.raises(berty.Error):
            await berty.Node(tmp_path / "a", **wrong).open()
    for wrong in ({"key": b"short"}, {"network": "berty\0wesh"}):
        with pytest.raises(ValueError):
            await berty.Node(tmp_path / "a", **wrong).open()
    with pytest.raises(berty.Error):
        await berty.Node(listeners=["/ip4/127.0.0.1/udp/0"]).open()


async def test_an_account_moves_to_another_store(tmp_path):
    archive = tmp_path / "account"
    async with node(tmp_path / "a") as a:
        group = await new_group(a)
        await a.AppMessageSend(group_pk=group, payload=b"before")
        me = await account(a)
        with archive.open("wb") as file:
            async for piece in a.InstanceExportData(passphrase=b"secret"):
                file.write(piece.exported_data)
    with pytest.raises(berty.Error) as failed:
        await node(tmp_path / "b", restore=archive).open()
    assert failed.value.code == ErrorCode.INVALID_INPUT
    async with node(tmp_path / "b", restore=archive,
                    restore_passphrase="secret") as b:
        assert await account(b) == me
        await b.ActivateGroup(group_pk=group)
        said = [e.message async for e in
                b.GroupMessageList(group_pk=group, until_now=True)]
        assert said == [b"before"]
