"""Boards, real and virtual: how they start, and the conversation with them."""
