"""Material made with the protocol package alone, by the simulated register that the protocol's own tests use."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from conformance_material import Material, claims_of, well_known
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from register_simulator import HOME, Log, Register, accreditation, decision, event_id, seeded, signer

from goodstanding.canonical import format_time
from goodstanding.keys import PemSigner
from goodstanding.merkle import inclusion_proof, leaf_hash, root
from goodstanding.record import sign_record
from goodstanding.status_list import StatusList
from goodstanding.tiles import ENTRIES_LEVEL, TileHashes, encode_bundle, tile_path, tiles_for

CODES = {"ACTIVE": 0, "REVOKED": 1, "SUSPENDED": 2, "UNRECOGNISED": 3}
LOG_SIZE = 300  # more than one full tile
LIST_SIZE = 4096


class Issuer:
    """A register of the protocol package whose clock is the real one: some verifiers know no other."""

    def __init__(self):
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.register = Register(codes=StatusList.of_size(LIST_SIZE))
        self.entries = {}
        for position, (standing, code) in enumerate(CODES.items()):
            self.entries[standing] = self._decide(position, code)
        while len(self.register.log.leaves) < LOG_SIZE:
            self.register.log.append(b"entry of another subject %d" % len(self.register.log.leaves))

    def _decide(self, position, code):
        since, until = self.now - timedelta(hours=1), self.now + timedelta(days=365)
        index = 1000 + position
        self.register.codes.set(index, code)
        body = decision(
            event_id=event_id(position + 1),
            decided_at=format_time(since),
            effective_from=format_time(since),
            accreditation=accreditation(valid_from=format_time(since), valid_until=format_time(until)),
            status={"uri": f"{HOME}/status-lists/1", "idx": index},
        )
        return self.register.record_entry(body, at=since)

    def record(self, standing="ACTIVE", key=None, **changes):
        """A record signed now, by the deciding authority or another signer."""
        times = {"iat": self.now, "exp": self.now + timedelta(days=30)}
        payload = self.register.payload(self.entries[standing], **(times | changes))
        return sign_record(payload, key or signer("aut_labour"))

    def record_with_index(self, idx):
        """A record that points at another index than its decision: only a verifier that opens the leaf could tell."""
        claims = claims_of(self.record())
        claims["status"]["status_list"]["idx"] = idx
        return sign_record(claims, signer("aut_labour"))

    def status_list(self, at=None, codes=None, **changes):
        """The status list token: signed now and with this register's codes unless told otherwise."""
        return replace(self.register, codes=codes or self.register.codes).status_list(at=at or self.now, **changes)

    def material(self, folder):
        """Everything, with the log's files written into a folder."""
        write_log(self.register.log, folder, self.now)
        iss = f"{HOME}/authorities/aut_labour"
        keys = [signer("aut_labour").public_jwk, es256_signer().public_jwk]
        return Material(
            records={standing: self.record(standing) for standing in CODES},
            proofs={standing: self.register.log.proof(e.index, self.now) for standing, e in self.entries.items()},
            issuer_metadata={well_known(iss): {"issuer": iss, "jwks": {"keys": keys}}},
            status_keys=[signer("status").public_jwk],
            status_lists={f"{HOME}/status-lists/1": self.status_list()},
            vkeys=[self.register.log.vkey.encode(), self.register.log.time_vkey.encode()],
            log=str(folder),
            served=False,
        )


def es256_signer():
    """A second key of the authority, on P-256."""
    return PemSigner(derive_private_key(int.from_bytes(seeded("P-256 key of aut_labour")[:31]), SECP256R1()))


def write_log(log, folder, at):
    """Write a log as C2SP tlog-tiles has it served: checkpoint, tiles, bundles."""
    size, hashed = len(log.leaves), [leaf_hash(leaf) for leaf in log.leaves]
    for tile in tiles_for(0, size):
        path = folder / tile_path(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        first = tile.index * 256
        if tile.level == ENTRIES_LEVEL:
            path.write_bytes(encode_bundle(log.leaves[first : first + tile.width]))
        else:
            span = 256**tile.level
            rows = range(first, first + tile.width)
            path.write_bytes(b"".join(root(hashed[row * span : (row + 1) * span]) for row in rows))
    (folder / "checkpoint").write_bytes(log.checkpoint(at))


def log_of(size):
    """A log of so many entries, none of which means anything."""
    log = Log()
    for index in range(size):
        log.append(b"entry %d of %d" % (index, size))
    return log


def proof_from_tiles(folder, index, size):
    """Our own inclusion proof, computed from written tiles: what the register's readers do."""
    read = TileHashes(lambda tile: (folder / tile_path(tile)).read_bytes(), size)
    return inclusion_proof(index, size, read)
