"""The messages of the live pipeline as a consumer with pydantic reads them: strict types, no field missing, none unknown.

Written from the contract alone. The server publishes JSON Schemas of the same messages; each message is held against both.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

# Seconds, not milliseconds: from 2020 to 2096.
UnixSeconds = Annotated[float, Field(ge=1.58e9, le=4e9)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
FromOne = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
Language = Annotated[str, Field(pattern=r"^([a-z]{2}|unknown)$")]
State = Literal["idle", "listening", "processing", "emit", "error", "shutdown"]


class Exact(BaseModel):
    """An object with exactly these fields."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Open(BaseModel):
    """An object that may have more fields than these."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


# MARK: ZeroMQ


class Word(Exact):
    word: Text
    start_ms: NotNegative
    end_ms: NotNegative
    confidence: Share

    @model_validator(mode="after")
    def takes_time(self):
        assert self.start_ms <= self.end_ms, "a word ends before it starts"
        return self


class StageLatencies(Exact):
    """Milliseconds."""

    capture: NotNegative
    wakeword: NotNegative
    preprocess: NotNegative
    stt: NotNegative
    language: NotNegative
    publish: NotNegative


class Transcript(Exact):
    """A final result: what `transcript.<language>` carries."""

    transcript: Text
    confidence: Share
    timestamp: UnixSeconds
    audio_start_time: NotNegative
    audio_end_time: NotNegative
    processing_time_ms: Count
    language: Language
    language_confidence: Share
    sentiment: Literal["positive", "neutral", "negative"]
    sentiment_confidence: Share
    pipeline_version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+")]
    session_id: Text
    sequence_number: FromOne
    sample_rate: Annotated[int, Field(ge=8000, le=48000)]
    channels: FromOne
    audio_duration_ms: NotNegative
    stage_latencies: StageLatencies
    words: list[Word]
    speaker: Text = "unknown"  # left out, not null, when it is not known
    term: FromOne

    @model_validator(mode="after")
    def agrees_with_itself(self):
        duration = (self.audio_end_time - self.audio_start_time) * 1000
        assert duration > 0, "the speech ends before it starts"
        assert abs(duration - self.audio_duration_ms) <= 1.5, f"{self.audio_duration_ms} ms from {duration} ms of speech"
        sum_ms = sum(self.stage_latencies.model_dump().values())
        assert abs(sum_ms - self.processing_time_ms) <= 1, f"the stages took {sum_ms} ms, all of it {self.processing_time_ms}"
        starts = [word.start_ms for word in self.words]
        assert starts == sorted(starts), "the words are not in the order of their times"
        return self


class Partial(Open):
    """A reading that may change: what `partial.<language>` carries. It has no number."""

    transcript: Text
    timestamp: UnixSeconds
    language: Language
    session_id: Text
    term: FromOne

    @model_validator(mode="after")
    def has_no_number(self):
        assert "sequence_number" not in self.model_extra, "a partial is numbered"
        return self


class Event(Exact):
    event_type: Literal[
        "wake_word_detected", "speech_started", "speech_stopped", "processing_started", "processing_completed",
        "transcript_ready", "error_occurred", "pipeline_started", "pipeline_stopped", "buffer_overflow", "stage_error",
        "state_changed", "failover", "config_changed",
    ]
    timestamp: UnixSeconds
    metadata: dict[str, Any]
    session_id: Text | None  # null: of no session
    level: Literal["debug", "info", "warning", "error", "critical"]
    source: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    term: FromOne


# MARK: status


class Status(Open):
    state: State
    uptime_seconds: NotNegative
    is_healthy: bool
    role: Literal["primary", "standby"]
    frames_processed: Count
    transcripts_completed: Count
    average_latency_ms: NotNegative
    buffer_utilization: Share
    queue_sizes: dict[str, Count]
    total_errors: Count
    error_rate_per_hour: NotNegative
    cpu_usage_percent: NotNegative
    memory_usage_mb: Annotated[float, Field(gt=1)]
    last_transcript_time: UnixSeconds | None  # null: none yet
    status_timestamp: UnixSeconds


# MARK: /stream


class Envelope(Exact):
    timestamp: UnixSeconds
    client_id: Text


class TranscriptMessage(Envelope):
    message_type: Literal["transcript"]
    transcript: Transcript | Partial


class EventMessage(Envelope):
    message_type: Literal["event"]
    event: Event


class StatusMessage(Envelope):
    message_type: Literal["status"]
    status: Status


def has_a_code(error):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.get("code", "")), "no code in kebab-case"
    return error


Error = Annotated[dict[str, str], AfterValidator(has_a_code)]
Heartbeat = dict[str, Any]


class ErrorMessage(Envelope):
    message_type: Literal["error"]
    error: Error


class HeartbeatMessage(Envelope):
    message_type: Literal["heartbeat"]
    heartbeat: Heartbeat


StreamMessage = Annotated[
    TranscriptMessage | EventMessage | StatusMessage | ErrorMessage | HeartbeatMessage, Field(discriminator="message_type")]

# By the names under which the server publishes its schemas.
models = {
    "transcript": TypeAdapter(Transcript),
    "partial": TypeAdapter(Partial),
    "event": TypeAdapter(Event),
    "status": TypeAdapter(Status),
    "error": TypeAdapter(Error),
    "heartbeat": TypeAdapter(Heartbeat),
    "stream": TypeAdapter(StreamMessage),
}


def check_model(name, message):
    """Fails unless `message`, made of JSON, is what the contract promises under this name of a schema."""
    models[name].validate_json(json.dumps(message), strict=True)
