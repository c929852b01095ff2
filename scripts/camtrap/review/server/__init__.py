"""The page of the experts: a server for one person on this machine, and what it reads of a survey."""
