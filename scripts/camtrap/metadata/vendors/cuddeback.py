"""Cuddeback: some of its cameras write make and model the wrong way round."""

from camtrap.metadata.vendors.registry import Block, Said


def read(block: Block) -> Said | None:
    """Change make and model where the model is the maker's name."""
    make, model = ((text or "").upper() for text in (block.make, block.model))
    if not model.startswith("CUDDEBACK") or make.startswith("CUDDEBACK"):
        return None
    return Said(make=block.model, model=block.make)
