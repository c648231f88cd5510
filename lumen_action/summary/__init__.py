"""What a person reads: State and Decision as Markdown within a byte budget, and as one line for the log."""
