"""Acts on the register itself, under four eyes: mandates, mappings, criteria, roles."""
