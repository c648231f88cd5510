"""What an incident is, what may happen to it, and what the facts about it come to: pure, without a clock."""
