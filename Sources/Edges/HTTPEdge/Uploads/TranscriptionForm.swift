import SpeechModel
import TranscriptFormats

/// What somebody asks of an uploaded recording (https://platform.openai.com/docs/api-reference/audio/createTranscription). `prompt`,
/// `temperature` and what else OpenAI's clients send is taken and not looked at.
struct TranscriptionForm {
    /// How the answer is written.
    enum Answer: Equatable {
        case json, detailed
        case written(TranscriptFormat)
    }

    var audio: ArraySlice<UInt8>
    /// The name of a model; nil where OpenAI's own name is sent.
    var model: String?
    /// ISO 639-1; nil where nobody says.
    var language: String?
    var answer: Answer
    var withWords: Bool
    var withSegments: Bool

    /// The names that OpenAI's clients know, and must send: whoever asks for one of them gets what serves by default.
    private static let namesOfOthers: Set<String> = [
        "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize",
    ]

    /// Reads the form.
    ///
    /// - Throws: ``ErrorCode/malformedMessage`` or ``ErrorCode/invalidParameter``.
    init(_ body: MultipartBody) throws(SpeechError) {
        guard let file = body.parts["file"], !file.content.isEmpty else {
            throw SpeechError(
                .invalidParameter, "There is no recording: the form has no `file`, or it is empty.",
                advice: "Send it as the field `file`: `curl -F file=@speech.wav …`.")
        }
        audio = file.content
        model = body.text("model").flatMap { $0.isEmpty || Self.namesOfOthers.contains($0) ? nil : $0 }
        language = body.text("language").flatMap { $0.isEmpty ? nil : $0 }
        switch body.text("response_format") ?? "json" {
        case "json": answer = .json
        case "verbose_json": answer = .detailed
        case "text": answer = .written(.text)
        case "srt": answer = .written(.srt)
        case "vtt": answer = .written(.vtt)
        case let other:
            throw SpeechError(
                .invalidParameter, "response_format is `\(other.prefix(32))`.",
                advice: "Set it to one of: json, verbose_json, text, srt, vtt.")
        }
        let granularities = (body.values["timestamp_granularities[]"] ?? []) + (body.values["timestamp_granularities"] ?? [])
        if let unknown = granularities.first(where: { !["word", "segment"].contains($0) }) {
            throw SpeechError(
                .invalidParameter, "timestamp_granularities has `\(unknown.prefix(32))`.", advice: "It can have word and segment."
            )
        }
        withWords = granularities.contains("word")
        withSegments = granularities.isEmpty || granularities.contains("segment")
    }
}
