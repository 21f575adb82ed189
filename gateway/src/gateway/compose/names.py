"""Names of the gateway's own in a fetch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """No name in the client's document begins with `prefix`."""

    prefix: str

    @classmethod
    def unlike(cls, text: str) -> "Names":
        """Names that do not occur in a document."""
        prefix = "gw_"
        while prefix in text:
            prefix = f"g{prefix}"
        return cls(prefix)

    @property
    def typename(self) -> str:
        """Alias of `__typename`."""
        return f"{self.prefix}typename"

    @property
    def representations(self) -> str:
        """The variable of `_entities`."""
        return f"{self.prefix}representations"

    def key(self, type_name: str, field: str) -> str:
        """Alias of a field of an entity's key: one per type, since the types of keys may differ."""
        return f"{self.prefix}{type_name}_{field}"

    def fragment(self, number: int) -> str:
        """A fragment of a document."""
        return f"{self.prefix}{number}"
