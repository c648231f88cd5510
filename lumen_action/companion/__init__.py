"""The companion of a run that is over: may its failed jobs run again, and if not, what else is to be done."""
