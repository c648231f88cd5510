"""What people and machines do when it breaks: incidents, runbooks, checks and silences, kept in the ledger."""
