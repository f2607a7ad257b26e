"""The channel C: a beam towards the listener, with nulls at the sides."""
