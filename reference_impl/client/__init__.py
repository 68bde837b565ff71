"""An asynchronous client: follow a stream over any transport, each message once and in order, and post to it.

    async def greet(url: str) -> str:
        async with Client(url) as visitor:
            token = await visitor.development_token("ada")
        async with Client(url, token=token) as client:
            posted = await client.post("demo", "What a goal!")
            async for message in client.follow("demo", cursor=posted["cursor"]):
                if message.event == "hello":
                    await client.post("demo", "And another one!")
                elif message.event == "comment":
                    return message.data["text"]

It needs aiohttp and of this project the protocol and the policies only, so that it can be taken out as it is.
"""

from reference_impl.client.client import Client
from reference_impl.client.failures import ClientError, Ended, Lost, Refused
from reference_impl.client.message import Message
from reference_impl.client.websocket import Connection

__all__ = ["Client", "ClientError", "Connection", "Ended", "Lost", "Message", "Refused"]
