"""What refuses a file as a whole, as one of the registry's domain errors."""

from registry.errors import Invalid


class FileRefused(Invalid):
    """Nothing of the file is staged; `row` (0: the header) and `byte` of the unpacked file say where the fault is.

    Codes: EMPTY, WRONG_COLUMNS, TRUNCATED, BAD_QUOTES, NUL_BYTE, NOT_UTF8, LINE_TOO_LONG, GZIP_DAMAGED, TOO_LARGE,
    TOO_MANY_ROWS.
    """

    def __init__(self, code: str, what: str, *, row: int, byte: int) -> None:
        place = f"Row {row}" if row else "The header"
        super().__init__(f"The file was not staged: {place} (byte {byte}) {what}.", field="file", code=code)
        self.row = row
        self.byte = byte
