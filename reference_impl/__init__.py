"""The live-comment server: pure policies and wire protocol at the centre, asyncio shells around them.

This file imports nothing, so that ``import reference_impl.policy`` pulls in the standard library only.
"""
