"""The matrix: other Pythons, lowest versions, both references, slow tests. `make matrix` runs all of it."""

import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The suite on each Python."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "auto", "-m", "not slow", *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The suite on the lowest versions that pyproject.toml promises."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(item for name in ("ag-ui", "cli", "pydantic-ai", "server") for item in extras[name]),
    ]
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(item.replace(">=", "==") for item in wanted), "utf-8")
    session.install("uv")  # pip's resolver takes minutes here
    session.run(
        "uv", "pip", "install", "--python", session.virtualenv.location, "-e", ".[test]", "-c", str(constraints)
    )
    session.run("pytest", "-n", "auto", "-m", "not slow", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("version", ["1.85.1", "2.68.0"])
def pydantic_ai(session: nox.Session, version: str) -> None:
    """The bridge to pydantic-ai, on both of its major versions."""
    # SDKs of its time: those of today hand on httpx2, which 1.x does not take.
    sdks = ["openai<3", "anthropic<1"] if version.startswith("1.") else []
    session.install("-e", ".[test]", f"pydantic-ai-slim[openai,anthropic,google]=={version}", *sdks)
    rooms = ["tests/integrations", "tests/transcript", "tests/fuzz/test_pydantic_ai.py"]
    session.run("pytest", *rooms, "-m", "not slow", "-W", "default", *session.posargs)


@nox.session(python="3.11")
def frameworks(session: nox.Session) -> None:
    """LangChain's and the OpenAI Agents SDK's clients against the fake provider."""
    session.install("-e", ".", "pytest-asyncio", "anthropic", "google-genai", "httpx2")
    session.install("langchain-openai", "langchain-anthropic", "langchain-google-genai", "openai-agents")
    options = ["-m", "slow", "-o", "timeout=", "-o", "addopts=--import-mode=importlib", "-W", "default"]
    session.run("pytest", "tests/integrations/test_frameworks.py", *options, *session.posargs)


@nox.session(python="3.11")
def slow(session: nox.Session) -> None:
    """The tests that `make test` leaves out."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "auto", "-m", "slow", "--timeout=600", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("pytest", ["8.2", "8.4"])
def older_pytest(session: nox.Session, pytest: str) -> None:
    """The plugin on older pytests."""
    session.install("-e", ".[test]", f"pytest=={pytest}.*")
    session.run("pytest", "tests/plugin", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("pytest", ["8.4", "9.2"])
def plugins(session: nox.Session, pytest: str) -> None:
    """Every mixture of recorders and other plugins in one environment."""
    recorders = ("pytest-recording", "pytest-vcr", "cassetter")
    others = ("inline-snapshot", "pytest-asyncio", "anyio", "trio", "pytest-xdist", "pytest-httpx", "respx")
    session.install("-e", ".[server]", f"pytest=={pytest}.*", *recorders, *others, "pytest-socket", "pytest-randomly")
    session.run("python", "tests/plugin/matrix.py", *session.posargs)


@nox.session(python="3.11")
def wheel(session: nox.Session) -> None:
    """What a user gets: no extras, no checkout, an empty folder."""
    session.install(".")
    session.chdir(session.create_tmp())
    session.run("playhead", "demo")
