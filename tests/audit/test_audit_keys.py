"""Where the log's keys are, and that it goes on when the device that holds them comes back."""

import asyncio

import pytest

from audit.keys import known_signers, made_signers
from audit.settings import Settings
from goodstanding.errors import KeyAway, KeyRefused


class AwaySigner:
    """A signer on a device that is away until somebody brings it back."""

    def __init__(self, signer):
        self.signer = signer
        self.away = True
        self.asked = 0

    def sign(self, data):
        if self.away:
            self.asked += 1
            raise KeyAway("the token 'log' is away")
        return self.signer.sign(data)


def token_settings(folder, **more):
    (folder / "pin").write_text("1234")
    given = {"pkcs11_module": folder / "none.so", "pkcs11_token": "log", "pkcs11_pin_file": folder / "pin"}
    return Settings(var=folder, **given | more)


def test_keys_are_files_unless_a_token_is_named(tmp_path):
    settings = Settings(var=tmp_path)
    with pytest.raises(FileNotFoundError):
        known_signers(settings)
    made = made_signers(settings)
    assert [signer.kid for signer in known_signers(settings)] == [signer.kid for signer in made]
    assert settings.log_key.is_file()


def test_with_a_token_no_file_is_made(tmp_path):
    settings = token_settings(tmp_path)
    for signers in (made_signers, known_signers):
        with pytest.raises(KeyRefused, match="there is no PKCS#11 module"):
            signers(settings)
    assert not settings.log_key.exists()


def test_a_log_that_has_a_key_in_a_file_keeps_it(tmp_path):
    made = made_signers(Settings(var=tmp_path))
    assert [signer.kid for signer in made_signers(token_settings(tmp_path))] == [signer.kid for signer in made]


def test_a_module_without_its_token_is_no_setting(tmp_path):
    with pytest.raises(ValueError, match="needs pkcs11_token and pkcs11_pin_file"):
        token_settings(tmp_path, pkcs11_token="")


async def test_a_log_whose_key_is_away_takes_entries_and_publishes_them_when_it_is_back(log, author):
    await log.sequencer.step()
    signer = log.signer._log = AwaySigner(log.signer._log)
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(log.run_sequencer(stop))
        await log.append(author.first(3))
        while not signer.asked:
            await asyncio.sleep(0.001)
        assert log.sequencer.stopped is None
        assert log.signer.verify((await log.reader.snapshot()).note).checkpoint.size == 0
        signer.away = False
        while log.signer.verify((await log.reader.snapshot()).note).checkpoint.size < 3:
            await asyncio.sleep(0.01)
        stop.set()


async def test_a_time_cosigner_whose_key_is_away_tries_again(log, clock):
    signer = log.signer._time = AwaySigner(log.signer._time)
    clock.advance(5)
    stop = asyncio.Event()
    async with asyncio.timeout(10):
        cosigning = asyncio.create_task(log.run_time_cosigner(stop))
        while not signer.asked:
            await asyncio.sleep(0.001)
        stop.set()
        await cosigning
    signer.away = False
    assert await log.cosigner.step()
