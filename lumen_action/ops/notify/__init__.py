"""Messages to people and machines, one module a channel."""
