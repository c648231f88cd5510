"""From ledgers, servers and files to what objectives came to."""
