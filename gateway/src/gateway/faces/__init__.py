"""What the outside sees: GraphQL over HTTP, the verdict as page and as JSON, artefacts, health."""
