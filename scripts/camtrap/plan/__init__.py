"""Which picture is in which shard: decided once and never again."""
