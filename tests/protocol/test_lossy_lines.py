"""A log line that cannot be written is lost, and nothing else."""

import io

import structlog

from goodstanding.lossy_lines import lossy_lines


class Broken(io.StringIO):
    """A stream whose disk is full, until it is not."""

    full = True

    def write(self, text):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)

    def flush(self):
        if self.full:
            raise OSError(28, "No space left on device")


def test_a_line_on_a_full_disk_is_lost_and_the_next_one_is_not():
    stream = Broken()
    log = structlog.PrintLogger(lossy_lines(stream))
    log.info("one")
    stream.full = False
    log.info("two")
    assert stream.getvalue() == "two\n"
