"""A gateway that starts while a service is away begins with what the subgraphs were last composed from."""

import pytest
from gateway_simulator import NUMBER
from library_services import SDL
from starlette.responses import JSONResponse, PlainTextResponse

from gateway.compose.kept import MAX_KEPT, KeptRefused, KeptSubgraphs
from gateway.compose.sdl import CompositionError
from gateway.compose.subgraphs import Supergraph
from gateway.guards.limits import DocumentLimits
from gateway.upstream import UpstreamError

MORE = SDL["desk"].replace("type Query {", "type Query { bell: String ")
VERIFY = "query($n: String!) { verify(by: {number: $n}) { number } }"


class Described:
    """A service that says its SDL, or is away."""

    def __init__(self, sdl):
        self.text = sdl
        self.away = False

    async def sdl(self):
        if self.away:
            raise UpstreamError("/graphql cannot be reached (ConnectError)")
        return self.text


@pytest.fixture
def described():
    return {name: Described(sdl) for name, sdl in SDL.items()}


@pytest.fixture
def kept(tmp_path):
    return KeptSubgraphs(tmp_path / "machine" / "subgraphs.sdl")


@pytest.fixture
def start(described, kept):
    """Starts a gateway's composing part anew, on the same folder."""
    return lambda: Supergraph(described, DocumentLimits(), kept=kept)


def fields(supergraph):
    return set(supergraph.executor.composition.owners["Query"])


class TestAServiceThatIsAwayAtTheStart:
    async def test_counts_with_what_was_kept_of_it(self, described, start):
        await start().refresh()
        described["desk"].away = True
        again = start()
        with pytest.raises(UpstreamError, match="desk: /graphql cannot be reached"):  # an operator is told
            await again.refresh()
        assert fields(again) >= {"book", "latest", "loans"}
        assert list(again.executor.composition.known)[:3] == list(SDL)  # in the order of preference

    async def test_leaves_nothing_composed_where_nothing_was_kept(self, described, start):
        described["desk"].away = True
        first = start()
        with pytest.raises(UpstreamError):
            await first.refresh()
        assert first.executor is None

    async def test_is_composed_anew_when_it_is_back_with_another_schema(self, described, start, kept):
        await start().refresh()
        described["desk"].away = True
        again = start()
        with pytest.raises(UpstreamError):
            await again.refresh()
        described["desk"].away, described["desk"].text = False, MORE
        await again.refresh()
        assert "bell" in fields(again)
        assert kept.read()["desk"] == MORE

    async def test_does_not_hide_what_the_others_say_now(self, described, start):
        await start().refresh()
        described["reviews"].away, described["desk"].text = True, MORE
        again = start()
        with pytest.raises(UpstreamError):
            await again.refresh()
        assert fields(again) >= {"bell", "latest"}

    async def test_whose_kept_schema_no_longer_fits_is_not_composed(self, described, start):
        await start().refresh()
        described["reviews"].away = True
        described["desk"].text = SDL["desk"].replace("type Query {", "type Query { latest: String ")
        again = start()
        with pytest.raises(CompositionError, match=r"Query\.latest is answered by reviews and by desk"):
            await again.refresh()
        assert again.executor is None


class TestWhatIsKept:
    async def test_is_replaced_by_a_newer_composition_and_by_no_other(self, described, start, kept):
        supergraph = start()
        await supergraph.refresh()
        assert kept.read() == SDL
        described["desk"].text = MORE
        described["reviews"].away = True
        with pytest.raises(UpstreamError):
            await supergraph.refresh()
        assert kept.read() == SDL
        described["reviews"].away = False
        await supergraph.refresh()
        assert kept.read() == SDL | {"desk": MORE}

    async def test_is_not_what_does_not_compose(self, described, start, kept):
        await start().refresh()
        described["desk"].text = "type Query { latest: Int }"
        with pytest.raises(CompositionError):
            await start().refresh()
        assert kept.read() == SDL

    @pytest.mark.parametrize("length", [0, 1, 40, 100, 101, 102, 500, -1])
    def test_is_refused_when_the_file_is_cut_short(self, kept, length):
        kept.write(SDL)
        whole = kept._path.read_bytes()
        kept._path.write_bytes(whole[:length])
        with pytest.raises(KeptRefused, match=r"subgraphs\.sdl is damaged"):
            kept.read()

    @pytest.mark.parametrize("at", [0, 45, 110, 2000])
    def test_is_refused_when_a_byte_is_another(self, kept, at):
        kept.write(SDL)
        damaged = bytearray(kept._path.read_bytes())
        damaged[at] ^= 1
        kept._path.write_bytes(damaged)
        with pytest.raises(KeptRefused):
            kept.read()

    def test_is_refused_when_it_is_too_large(self, kept):
        kept.write({"desk": "#" * MAX_KEPT})
        with pytest.raises(KeptRefused):
            kept.read()

    async def test_is_told_to_the_operator_when_it_is_damaged_and_mended_by_the_next_composition(
        self, described, start, kept
    ):
        kept.write(SDL)
        kept._path.write_bytes(kept._path.read_bytes()[:-7])
        described["desk"].away = True
        supergraph = start()
        with pytest.raises(KeptRefused, match="replaced once all services answer"):
            await supergraph.refresh()
        assert supergraph.executor is None
        described["desk"].away = False
        await supergraph.refresh()
        assert kept.read() == SDL

    def test_stays_whole_when_writing_fails(self, kept, monkeypatch):
        kept.write(SDL)
        with monkeypatch.context() as failing:
            failing.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                kept.write({"desk": MORE})
        assert kept.read() == SDL
        assert [path.name for path in kept._path.parent.iterdir()] == ["subgraphs.sdl"]

    async def test_that_cannot_be_written_does_not_stop_the_composition(self, described, start, kept):
        kept._path.parent.write_text("a file where the folder should be")
        supergraph = start()
        with pytest.raises(OSError, match="machine"):
            await supergraph.refresh()
        assert fields(supergraph) >= {"loans"}


class TestAGatewayThatIsStartedAgain:
    @pytest.mark.parametrize(
        "gone",
        [
            lambda: 1 / 0,
            lambda: PlainTextResponse("<html>", 502, media_type="text/html"),
            lambda: JSONResponse({}, 503),
        ],
        ids=["away", "behind a proxy that says so", "not ready"],
    )
    async def test_answers_what_does_not_need_the_service(self, register, make_gateway, tmp_path, gone):
        register.grant()
        first = make_gateway(var=tmp_path / "machine")
        await first.follow()
        await first.app.state.edge.close()
        register.broken["/graphql"] = gone
        again = make_gateway(var=tmp_path / "machine")
        with pytest.raises((UpstreamError, CompositionError)):
            await again.follow("composition")
        await again.follow("feed")
        answered = (await again.graphql(VERIFY, {"n": NUMBER})).json()
        assert answered == {"data": {"verify": {"number": NUMBER}}}
        assert "composed" not in str((await again.get("/readyz")).json()["missing"])
        register.broken.clear()
        await again.follow("composition")
        assert (await again.graphql("{ log { size } }")).status_code == 200
