"""All conversations of a node as one stream."""
import asyncio

import berty
from conftest import SECONDS, node


async def take(talk, kind):
    """The next event of a kind."""
    async with asyncio.timeout(SECONDS):
        async for event in talk:
            if isinstance(event, kind):
                return event
    raise AssertionError("the talk ended")


async def meet(a, b, talk_a, talk_b):
    """B asks, A says yes; the group."""
    link = (await a.contact_link("a")).write()
    await b.request_contact(link, own_metadata=b"b")
    asked = await take(talk_a, berty.Asked)
    assert asked.about == b"b"
    await a.ContactRequestAccept(contact_pk=asked.contact)
    opened = await take(talk_a, berty.Opened)
    assert opened.contact == asked.contact
    assert (await take(talk_b, berty.Opened)).group == opened.group
    return opened.group


async def test_who_asks_is_met_and_heard():
    async with node() as a, node() as b, a.talk() as at_a, b.talk() as at_b:
        group = await meet(a, b, at_a, at_b)
        await a.AppMessageSend(group_pk=group, payload=b"hello")
        said = await take(at_b, berty.Said)
        assert (said.group, said.message, said.mine) == (group, b"hello", False)
        assert (await take(at_a, berty.Said)).mine


async def test_who_was_not_answered_asks_again_after_a_start(tmp_path):
    async with node() as b:
        async with node(tmp_path / "a") as a, a.talk() as talk:
            await b.request_contact((await a.contact_link()).write())
            asked = await take(talk, berty.Asked)
        async with node(tmp_path / "a") as a, a.talk() as talk:
            assert await take(talk, berty.Asked) == asked
            await a.ContactRequestAccept(contact_pk=asked.contact)
            await take(talk, berty.Opened)
        async with node(tmp_path / "a") as a, a.talk() as talk:
            async with asyncio.timeout(SECONDS):
                first = await anext(talk)
            assert isinstance(first, berty.Opened)


async def test_earlier_words_come_unless_only_new_ones_are_wanted():
    async with node() as a, node() as b, a.talk() as at_a, b.talk() as at_b:
        group = await meet(a, b, at_a, at_b)
        await a.AppMessageSend(group_pk=group, payload=b"one")
        await take(at_a, berty.Said)
        async with a.talk() as again, a.talk(new=True) as news:
            assert (await take(again, berty.Said)).message == b"one"
            await take(news, berty.Opened)
            following = asyncio.create_task(take(news, berty.Said))
            # The stream stands a moment after the conversation is told of.
            while not following.done():
                await a.AppMessageSend(group_pk=group, payload=b"two")
                await asyncio.wait([following], timeout=0.2)
            assert following.result().message == b"two"


async def test_a_slow_reader_holds_few_events():
    async with node() as a:
        created = await a.MultiMemberGroupCreate()
        for i in range(300):
            await a.AppMessageSend(group_pk=created.group_pk,
                                   payload=b"%d" % i)
        async with a.talk() as talk:
            await take(talk, berty.Opened)
            await asyncio.sleep(0.2)
            assert talk._follower.queue.qsize() <= 64
            said = [await take(talk, berty.Said) for i in range(300)]
        assert [s.message for s in said] == [b"%d" % i for i in range(300)]


async def test_a_talk_ends_with_its_node():
    async with node() as a:
        talk = a.talk()
        waiting = asyncio.create_task(anext(talk, None))
        await asyncio.sleep(0.1)
        await a.close()
        async with asyncio.timeout(SECONDS):
            assert await waiting is None


async def test_a_talk_that_is_forgotten_stops():
    async with node() as a:
        await a.MultiMemberGroupCreate()
        talk = a.talk()
        await take(talk, berty.Opened)
        tasks = set(talk._follower.tasks)
        del talk
        async with asyncio.timeout(SECONDS):
            await asyncio.wait(tasks)
