"""chat.py FOLDER [LINK]: a link to give away, and a talk with who came."""
import asyncio
import sys
import berty


async def hear(node, groups):
    async for event in node.talk(new=True):
        match event:
            case berty.Asked(contact, about):
                await node.ContactRequestAccept(contact_pk=contact)
            case berty.Opened(group):
                groups.append(group)
                print("(a contact is here)", flush=True)
            case berty.Said(mine=False, message=text):
                print(">", text.decode(errors="replace"), flush=True)


async def chat(folder, link=None):
    async with berty.Node(folder, listeners=["/ip4/0.0.0.0/tcp/0"]) as node:
        hearing = asyncio.create_task(hear(node, groups := []))
        print((await node.contact_link()).write(), flush=True)
        if link:
            await node.request_contact(link)
        while line := (await asyncio.to_thread(sys.stdin.readline)).encode():
            for group in groups:
                await node.AppMessageSend(group_pk=group, payload=line.strip())
        hearing.cancel()

asyncio.run(chat(*sys.argv[1:]))
