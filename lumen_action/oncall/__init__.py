"""Who is on call: rosters as data, and what follows from them; pure, without a clock."""
