"""Hearing that something is new, without holding the account."""

import asyncio

from support.people.correspondents import Device, texts

from ephemeral.client.conversations.listening import Ear


async def test_who_listens_hears_of_a_message_while_the_account_is_free(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    async with bob.file() as account:
        ear = Ear(account)
    async with ear:
        # The first time whatever came before.
        assert await ear.heard(10)
        assert await bob.texts() == []
        while await ear.heard(0.2):
            pass
        heard = asyncio.create_task(ear.heard(30))
        await ada.says(conversation, "listen")
        assert await heard
        assert texts(await bob.hears()) == ["listen"]


async def test_where_there_is_no_socket_one_looks_all_the_same(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    async with bob.file() as account:
        ear = Ear(account)
    # A session that has ended since.
    ear._hello["token"] = "nonsense"
    async with ear:
        await ada.says(conversation, "listen")
        assert await ear.heard(0.1)
        assert await bob.texts() == ["listen"]
