"""A chat page over an agent on a scripted model: `uvicorn app:app` in this folder, then http://127.0.0.1:8000.

The page speaks the Vercel AI SDK's protocol by hand, so that it needs no build; `useChat` would talk to the same endpoint.
"""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from playhead import Agent, DeferredToolRequests
from playhead.models import ScriptedModel
from playhead.script import call, response, text, thinking
from playhead.ui.vercel_ai import VercelAIAdapter

STORY = [
    "Once",
    "there",
    "was",
    "a",
    "tape",
    "that",
    "remembered",
    "every",
    "word",
    "it",
    "had",
    "heard,",
    "and",
    "where",
    "each",
    "word",
    "was",
    "cut.",
    "",
]

model = ScriptedModel(
    # The first that fits is taken: what follows on a tool's result stands before what follows on a prompt.
    response(
        text("It is", " sunny", " in Paris,", " 21 degrees,", " with a light", " wind from the west."),
        when={"tool": "get_weather"},
        times="any",
        pace=0.06,
    ),
    response("Done: it is gone.", when={"tool": "delete_file", "result": "deleted"}, times="any"),
    response("Then I leave it as it is.", when={"tool": "delete_file"}, times="any"),
    response(
        thinking("The user asks for the weather.", " I have a tool for that."),
        text("Let me", " look", " that up."),
        call("get_weather", {"city": "Paris"}, chunks=4),
        when={"last": "(?i)weather"},
        times="any",
        pace=0.06,
    ),
    response(text(*[f"{word} " for word in STORY * 20]), when={"last": "(?i)story"}, times="any", pace=0.06),
    response(
        text("I may not do that alone."),
        call("delete_file", {"path": "notes.txt"}),
        when={"last": "(?i)delete"},
        times="any",
        pace=0.06,
    ),
    response("Ask me about the weather, for a story, or to delete a file.", times="any"),
)
agent = Agent(model, output_type=[str, DeferredToolRequests])


@agent.tool_plain
def get_weather(city: str) -> dict[str, str | int]:
    """The weather in a city, now."""
    return {"city": city, "sky": "sunny", "degrees": 21}


@agent.tool_plain(requires_approval=True)
def delete_file(path: str) -> str:
    """Delete a file. A person has to approve it."""
    return f"{path} deleted"


app = FastAPI()


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(Path(__file__).parent / "index.html")


@app.post("/chat")
async def chat(request: Request) -> Response:
    return await VercelAIAdapter.dispatch_request(request, agent=agent, sdk_version=6)
