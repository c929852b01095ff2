"""Find the animals: one backend a module, one stage for all."""
