"""Talk with contacts.  chat.py FOLDER [LINK]

Prints a contact link to give away.  Whoever has it starts a chat with it and
asks; this side says yes to everybody.  What is typed goes to all contacts.
"""
import asyncio
import sys

import berty
from berty import types


async def listen(node, group):
    await node.ActivateGroup(group_pk=group)
    print("(a contact is here)", flush=True)
    async for event in node.GroupMessageList(group_pk=group):
        print(">", event.message.decode(errors="replace"), flush=True)


async def befriend(node, tasks, chats):
    me = await node.InstanceGetConfiguration()
    async for event in node.GroupMetadataList(group_pk=me.account_pk):
        kind = event.metadata.event_type
        about = types.AccountContactRequestSent.FromString(event.event)
        if kind == types.EventTypeAccountContactRequestIncomingReceived:
            await node.ContactRequestAccept(contact_pk=about.contact_pk)
        elif kind in (types.EventTypeAccountContactRequestOutgoingSent,
                      types.EventTypeAccountContactRequestIncomingAccepted):
            info = await node.GroupInfo(contact_pk=about.contact_pk)
            group = info.group.public_key
            if group not in chats:
                chats[group] = tasks.create_task(listen(node, group))


async def chat(folder, link=None):
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with (berty.Node(folder, listeners=["/ip4/0.0.0.0/tcp/0"]) as node,
                asyncio.TaskGroup() as tasks):
        chats = {}
        meeting = tasks.create_task(befriend(node, tasks, chats))
        print((await node.contact_link()).write(), flush=True)
        if link:
            await node.request_contact(link)
        async for line in lines:
            for group in list(chats):
                await node.AppMessageSend(group_pk=group, payload=line.strip())
        await asyncio.sleep(0.5)  # what was said last goes out
        for task in (meeting, *chats.values()):
            task.cancel()


asyncio.run(chat(*sys.argv[1:]))
