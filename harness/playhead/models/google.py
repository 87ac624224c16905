"""Google's models, by the Gemini API or on Google Cloud (Vertex AI)."""

from __future__ import annotations

import asyncio
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.builtin_tools import CodeExecutionTool, FileSearchTool, ImageGenerationTool, WebFetchTool, WebSearchTool
from playhead.exceptions import UserError
from playhead.messages import ModelRequestParameters, ModelSettings
from playhead.models._http import HttpModel, HttpStreamedResponse
from playhead.models._infer import infer_provider
from playhead.models._providers import Provider, google_cloud_path

if TYPE_CHECKING:
    import httpx

__all__ = [
    "GeminiModel",
    "GeminiModelSettings",
    "GeminiStreamedResponse",
    "GoogleGLAProvider",
    "GoogleModel",
    "GoogleModelName",
    "GoogleModelSettings",
    "GoogleProvider",
]

GoogleModelName = str
GeminiStreamedResponse = HttpStreamedResponse
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOCATION = "us-central1"


class GoogleModelSettings(ModelSettings, total=False):
    """Settings of `generateContent` beside the shared ones."""

    google_safety_settings: list[dict[str, Any]]
    google_thinking_config: dict[str, Any]
    google_labels: dict[str, str]
    google_video_resolution: str
    google_cached_content: str
    google_logprobs: bool
    google_top_logprobs: int
    google_service_tier: str


GeminiModelSettings = GoogleModelSettings


class GoogleProvider(Provider):
    """The Gemini API, or, with `vertexai` (or any of `project`, `location`, `credentials`), Google Cloud.

    On Google Cloud a request needs one of: `credentials` (an object of the `google-auth` package, or anything with a
    `token`), the machine's default credentials (with `google-auth` installed), or an API key (`api_key`,
    `GOOGLE_API_KEY`; then no project is named). The project is `project` or `GOOGLE_CLOUD_PROJECT`, the location
    `location` or `GOOGLE_CLOUD_LOCATION` or `us-central1`.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        credentials: Any = None,
        project: str | None = None,
        location: str | None = None,
        vertexai: bool | None = None,
        client: Any = None,
        http_client: httpx.AsyncClient | None = None,
        base_url: str | None = None,
    ) -> None:
        if client is not None:
            # The `google-genai` package shows neither its key nor its URL.
            raise UserError("Say `api_key`, `project` and so on here: a client of `google-genai` cannot be taken over.")
        named = bool(project or location or credentials)
        self.vertexai = named if vertexai is None else vertexai
        if not self.vertexai:
            super().__init__("google-gla", api_key=api_key, http_client=http_client, base_url=base_url)
            return
        project = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
        location = location or os.environ.get("GOOGLE_CLOUD_LOCATION") or _LOCATION
        self._credentials = credentials
        self._with_key = not named and bool(api_key or os.environ.get("GOOGLE_API_KEY"))
        host = "aiplatform.googleapis.com"
        if not self._with_key and location != "global":
            host = f"{location}-{host}"
        super().__init__(
            "google-vertex",
            api_key=api_key,
            http_client=http_client,
            base_url=base_url or f"https://{host}",
            path=google_cloud_path(None if self._with_key else project, location),
        )
        self._project = project

    async def auth_headers(self) -> dict[str, str]:
        """The key, or a token of the credentials, which is fetched anew when it has expired."""
        if not self.vertexai or self._with_key:
            return await super().auth_headers()
        if self._project is None:
            raise UserError(
                "Google Cloud needs to know the project: pass `project=` or set the `GOOGLE_CLOUD_PROJECT` environment "
                "variable; or pass `api_key=`, which belongs to one."
            )
        if self._credentials is None:
            key = os.environ.get("GOOGLE_API_KEY")
            if key and not _has_credentials():
                # As while a cassette replays on a machine that is not logged in: nobody is asked who this is.
                return {"x-goog-api-key": key}
            self._credentials = await asyncio.to_thread(_default_credentials)
        token = getattr(self._credentials, "token", None)
        if not getattr(self._credentials, "valid", bool(token)):
            await asyncio.to_thread(_refresh, self._credentials)
            token = self._credentials.token
        return {"authorization": f"Bearer {token}"}


class GoogleGLAProvider(GoogleProvider):
    """The older name of `GoogleProvider`, for the Gemini API."""

    def __init__(self, api_key: str | None = None, http_client: httpx.AsyncClient | None = None) -> None:
        warnings.warn(
            "`GoogleGLAProvider` is deprecated: its name is `GoogleProvider` now", DeprecationWarning, stacklevel=2
        )
        super().__init__(api_key=api_key, http_client=http_client, vertexai=False)


def _has_credentials() -> bool:
    """Whether this machine is logged in, as far as its files say."""
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    return bool(named) or (Path(folder) / "application_default_credentials.json").exists()


def _default_credentials() -> Any:
    try:
        import google.auth
    except ImportError:
        raise UserError(
            "To ask Google Cloud with this machine's default credentials, install `google-auth`; or pass `credentials=` "
            "(anything with a `token`) or `api_key=` to `GoogleProvider`."
        ) from None
    auth: Any = google.auth
    credentials, _ = auth.default(scopes=[_SCOPE])
    return credentials


def _refresh(credentials: Any) -> None:
    from google.auth.transport.requests import Request

    request: Any = Request()
    credentials.refresh(request)


class GoogleModel(HttpModel):
    """A model that speaks `generateContent`. `provider` is `google-gla`, `google-vertex`, or a `Provider`."""

    _builtin_tools = frozenset({CodeExecutionTool, FileSearchTool, ImageGenerationTool, WebFetchTool, WebSearchTool})

    def __init__(
        self,
        model_name: str,
        *,
        provider: str | Provider = "google-gla",
        profile: Any = None,
        settings: ModelSettings | None = None,
    ) -> None:
        if isinstance(provider, str):
            provider = infer_provider(provider)
        super().__init__("google-generate", model_name, provider=provider, settings=settings, profile=profile)

    def prepare_request(
        self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        """As any model's; `UserError` for what Google's models do not take together."""
        parameters = model_request_parameters
        if parameters.builtin_tools and parameters.output_tools:
            newest = "gemini-3" in self.model_name
            if parameters.output_mode == "auto":
                mode = "native" if newest else "prompted"
                parameters = replace(parameters, output_mode=mode, allow_text_output=True, output_tools=[])
            elif parameters.output_mode not in ("native", "prompted"):
                raise UserError(
                    "Google's models take no output tool beside tools of the provider's. "
                    f"Write `output_type={'NativeOutput' if newest else 'PromptedOutput'}(...)`."
                )
        settings, parameters = super().prepare_request(model_settings, parameters)
        if parameters.function_tools and parameters.output_mode == "native":
            raise UserError(
                "Google's models take no `NativeOutput` beside function tools. Write `output_type=ToolOutput(...)`."
            )
        if parameters.function_tools and parameters.builtin_tools:
            raise UserError("Google's models take either function tools or the provider's own, not both.")
        return settings, parameters


class GeminiModel(GoogleModel):
    """The older name of `GoogleModel`."""

    def __init__(self, model_name: str, **rest: Any) -> None:
        warnings.warn("Use `GoogleModel` instead of `GeminiModel`.", DeprecationWarning, stacklevel=2)
        super().__init__(model_name, **rest)
