"""Calls and streams: their ends, cancelling, and slow readers."""
import asyncio
import dataclasses
import gc
import logging
import os
import warnings

import berty
import pytest
from conftest import new_group, node, open_contexts, says
from berty import ErrorCode, _calls, _context, _native, types


def calls():
    """How many calls there are in this loop's context."""
    reference = _context._contexts.get(asyncio.get_running_loop())
    return len(reference()._calls)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_an_error_has_codes_names_and_a_text():
    async with node() as a:
        with pytest.raises(berty.Error) as failed:
            await a.GroupInfo(group_pk=b"short")
    error = failed.value
    assert error.codes[0] == error.code
    assert isinstance(error.code, ErrorCode)
    assert error.name.startswith("Err")
    assert f"{error.name}(#{int(error.code)})" in str(error)
    assert error.text in str(error)
    assert error.names[0] == error.name


async def test_a_call_that_the_library_does_not_have_says_so():
    kind = types.GroupInfo
    async with node() as a:
        with pytest.raises(berty.Error) as failed:
            await a._unary("NoSuchCall", kind.Request, kind.Reply, None, {})
    assert failed.value.code == ErrorCode.NOT_IMPLEMENTED


async def test_a_closed_node_takes_no_calls():
    a = node()
    with pytest.raises(berty.Error) as failed:
        await a.InstanceGetConfiguration()
    assert failed.value.code == ErrorCode.BRIDGE_NOT_RUNNING
    await a.open()
    await a.close()
    await a.close()
    with pytest.raises(berty.Error):
        a.GroupMessageList(group_pk=bytes(32))


async def test_a_request_is_a_message_or_fields_not_both():
    async with node() as a:
        group = await new_group(a)
        request = types.GroupInfo.Request(group_pk=group)
        assert (await a.GroupInfo(request)).group.public_key == group
        with pytest.raises(TypeError):
            await a.GroupInfo(request, group_pk=group)
        with pytest.raises(TypeError):
            await a.GroupInfo(types.ActivateGroup.Request())
        with pytest.raises(TypeError):
            await a.GroupInfo(no_such_field=1)


async def test_closing_a_node_ends_its_calls():
    a = node()
    await a.open()
    group = await new_group(a)
    stream = a.GroupMessageList(group_pk=group)
    reader = asyncio.create_task(anext(stream))
    await stream.begun()
    await a.close()
    with pytest.raises(berty.Error) as failed:
        await reader
    assert failed.value.code == ErrorCode.BRIDGE_NOT_RUNNING


async def test_a_cancelled_task_cancels_its_stream():
    async with node() as a:
        group = await new_group(a)

        async def read():
            async for _ in a.GroupMessageList(group_pk=group):
                pass

        task = asyncio.create_task(read())
        await until(lambda: calls() == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: calls() == 0)


async def test_a_cancelled_task_cancels_its_call():
    async with node() as a:
        context, _ = a._context()
        in_time = []

        def cancel(call):
            in_time.append(call in context._calls)
            _context.Context.cancel(context, call)

        context.cancel = cancel
        task = asyncio.create_task(a.MultiMemberGroupCreate())
        await asyncio.sleep(0)
        assert calls() == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert in_time == [True]
        await until(lambda: calls() == 0)
        await a.InstanceGetConfiguration()


async def test_a_timeout_on_one_reply_does_not_end_the_stream():
    async with node() as a:
        group = await new_group(a)
        async with a.GroupMessageList(group_pk=group) as stream:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.01)
            await a.AppMessageSend(group_pk=group, payload=b"later")
            assert (await anext(stream)).message == b"later"


async def test_leaving_a_loop_ends_its_stream():
    async with node() as a:
        group = await new_group(a)
        await a.AppMessageSend(group_pk=group, payload=b"one")
        async for event in a.GroupMessageList(group_pk=group):
            assert event.message == b"one"
            break
        await until(lambda: calls() == 0)


async def test_a_closed_stream_has_no_more_replies():
    async with node() as a:
        group = await new_group(a)
        await a.AppMessageSend(group_pk=group, payload=b"one")
        stream = a.GroupMessageList(group_pk=group)
        await anext(stream)
        await stream.aclose()
        assert calls() == 0
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_stream_that_cannot_begin_fails_where_it_is_entered():
    async with node() as a:
        with pytest.raises(berty.Error):
            async with a.GroupMessageList(group_pk=bytes(32)):
                pass


async def test_a_slow_reader_of_1000_messages_keeps_few_and_loses_none():
    async with node() as a:
        group = await new_group(a)
        await asyncio.gather(*(
            a.AppMessageSend(group_pk=group, payload=b"%d" % i)
            for i in range(1000)))
        stream = a.GroupMessageList(group_pk=group, until_now=True)
        queue = stream._call.queue
        most, said = 0, []
        async for event in stream:
            said.append(event.message)
            if len(said) % 10 == 0:
                await asyncio.sleep(0.002)  # the node runs meanwhile
            most = max(most, len(queue))
        assert sorted(said, key=int) == [b"%d" % i for i in range(1000)]
        assert 0 < most <= _calls.FULL


async def test_a_slow_reader_of_large_messages_keeps_few_bytes():
    large = 100_000
    async with node() as a:
        group = await new_group(a)
        stream = a.GroupMessageList(group_pk=group)
        for i in range(40):
            await a.AppMessageSend(group_pk=group, payload=bytes([i]) * large)
        most = 0
        for i in range(40):
            most = max(most, sum(map(len, stream._call.queue)))
            assert (await anext(stream)).message == bytes([i]) * large
        assert large < most < _calls.FULL_BYTES + large + 1000
        assert stream._call.held == 0


async def test_a_reader_that_stands_still_keeps_others_going():
    async with node() as a:
        group = await new_group(a)
        stream = a.GroupMessageList(group_pk=group)
        for i in range(200):
            await a.AppMessageSend(group_pk=group, payload=b"%d" % i)
        assert len(stream._call.queue) <= _calls.FULL
        for i in range(200):
            assert (await anext(stream)).message == b"%d" % i


async def test_what_fails_in_a_callback_ends_the_call_and_nothing_else(caplog):
    class Broken(Exception):
        pass

    def broken(reply):
        raise Broken

    async with node() as a:
        group = await new_group(a)
        async with a.GroupMessageList(group_pk=group) as stream:
            stream._call.replied = broken
            with caplog.at_level(logging.ERROR, "berty"):
                await a.AppMessageSend(group_pk=group, payload=b"one")
                with pytest.raises(Broken):
                    await anext(stream)
            assert "a callback failed" in caplog.text
        assert await a.InstanceGetConfiguration()


def test_an_interrupt_in_a_callback_leaves_the_loop_and_closes_the_node():
    def interrupted(reply):
        raise KeyboardInterrupt

    async def read():
        async with node() as a:
            group = await new_group(a)
            async with a.GroupMessageList(group_pk=group) as stream:
                stream._call.replied = interrupted
                await a.AppMessageSend(group_pk=group, payload=b"one")
                await asyncio.sleep(20)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(read())
    gc.collect()
    assert not open_contexts()


async def test_a_node_that_is_forgotten_is_closed(tmp_path):
    async with node(tmp_path / "other") as other:
        await other.InstanceGetConfiguration()
        a = node(tmp_path / "a")
        await a.open()
        pk = (await a.InstanceGetConfiguration()).account_pk
        before = len(os.listdir("/proc/self/fd"))
        with pytest.warns(ResourceWarning):
            del a
            gc.collect()
        await asyncio.sleep(0.05)
        assert len(os.listdir("/proc/self/fd")) < before
        async with node(tmp_path / "a") as a:
            assert (await a.InstanceGetConfiguration()).account_pk == pk


def test_a_node_that_outlives_its_loop_is_closed(tmp_path):
    async def forget():
        a = node(tmp_path / "a")
        await a.open()
        return a

    with pytest.warns(ResourceWarning):
        asyncio.run(forget())
        gc.collect()
    assert not open_contexts()

    async def again():
        async with node(tmp_path / "a"):
            pass
    asyncio.run(again())


async def test_opening_and_closing_leaves_no_descriptors():
    async def once():
        async with node() as a, node() as b:
            await a.InstanceGetConfiguration()
            await b.InstanceGetConfiguration()

    await once()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await once()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_streams_that_are_forgotten_end():
    async with node() as a:
        group = await new_group(a)
        for _ in range(100):
            a.GroupMessageList(group_pk=group)
        gc.collect()
        await until(lambda: calls() == 0)


async def test_a_client_stream_takes_an_iterator_and_says_how_it_ended():
    sent = [os.urandom(65536) for _ in range(48)]

    async def requests():
        yield types.AttachmentPrepare.Request()
        for block in sent:
            yield types.AttachmentPrepare.Request(block=block)

    async with node() as a:
        cid = (await a.AttachmentPrepare(requests())).attachment_cid
        got = [reply.block async for reply in
               a.AttachmentRetrieve(attachment_cid=cid)]
        assert b"".join(got) == b"".join(sent)
        assert calls() == 0


async def test_a_client_stream_without_room_waits_and_repeats():
    """The C side is played here, so that it has no room when we say."""
    class Context:
        def __init__(self):
            self.loop = asyncio.get_running_loop()
            self.answers = [0, -ErrorCode.STREAM_WRITE, 0, 0]
            self.sent = []

        def send(self, call, message):
            self.sent.append(message)
            rc = self.answers.pop(0)
            if rc != 0:
                self.loop.call_soon(upload.writable)
            return rc

        def close_send(self, call):
            assert not self.answers
            self.loop.call_soon(upload.replied, b"reply")
            self.loop.call_soon(upload.ended, _native.ffi.NULL)

    context = Context()
    upload = _calls.UnaryCall(context)
    blocks = [types.AttachmentPrepare.Request(block=b) for b in
              (b"1", b"2", b"3")]
    await _calls._feed(upload, types.AttachmentPrepare.Request, blocks)
    assert await upload.result() == b"reply"
    one, two, three = (b.SerializeToString() for b in blocks)
    assert context.sent == [one, two, two, three]


async def test_what_fails_in_a_client_streams_iterator_fails_the_call():
    class Broken(Exception):
        pass

    async def requests():
        raise Broken
        yield

    async with node() as a:
        with pytest.raises((Broken, berty.Error)):
            await a.AttachmentPrepare(requests())
        await until(lambda: calls() == 0)


async def test_the_library_logs_to_the_logger_berty(caplog):
    with caplog.at_level(logging.DEBUG, "berty"):
        async with node() as a, node() as b, node() as c:
            wrong = dataclasses.replace(
                await b.contact_link(),
                addresses=(await c.contact_link()).addresses)
            await a.request_contact(wrong)
            await until(lambda: any(record.name == "berty.contact"
                                    for record in caplog.records))


async def test_calls_from_many_tasks_at_once():
    async with node() as a:
        group = await new_group(a)
        replies = await asyncio.gather(*(
            a.AppMessageSend(group_pk=group, payload=b"%d" % i)
            for i in range(50)))
        assert len({r.cid for r in replies}) == 50
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            await says(a, a, group, b"to myself")
