"""What can keep the one-process way from starting or working. The message is for the person at the terminal."""


class StandaloneError(Exception):
    """Something the operator can put right; the message says what and how."""


class PortInUse(StandaloneError):
    """Somebody else listens on the port."""


class FolderInUse(StandaloneError):
    """Another process serves from the same folder."""
