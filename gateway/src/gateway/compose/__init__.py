"""One public schema from the subgraphs', and the answers of several of them as one.

- subgraphs → sdl → schema: what there is, and who answers it
- prepare → selection → plan → document: an operation split by owner, once
- execute → fetch → services, entities, faults → complete: asked, joined, and made into one answer
"""
