"""A page to try queries on, whole in itself: no library, nothing from elsewhere."""

from fastapi.responses import HTMLResponse

from gateway.faces.policy import asset, page_headers


class Graphiql:
    """The page, put together once."""

    def __init__(self) -> None:
        style, script = asset("graphiql.css"), asset("graphiql.js")
        self._html = asset("graphiql.html").replace("/*style*/", style).replace("/*script*/", script)
        self._headers = page_headers(style, script)

    def response(self) -> HTMLResponse:
        """The page, with a policy that lets exactly its own script and style run."""
        return HTMLResponse(self._html, headers=self._headers)
