"""What people are told and asked to do; also facts, so that there is one audit trail."""
