public import Ports
import SpeechModel
import Synchronization

/// Every voice there is: those of the built-in engine, and of each model that was added. A model is loaded when somebody first wants to
/// hear it.
public final class Voices: Synthesizer {
    /// Something that speaks with one or several voices.
    public struct Source: Sendable {
        let name: String
        let voices: [Voice]
        let make: @Sendable () -> any Synthesizer
    }

    private let sources: [Source]
    private let defaultVoice: String
    private let isDefaultChosen: Bool
    private let byLanguage: [String: String]
    private let started = Mutex<[String: Task<any Synthesizer, any Error>]>([:])

    /// Gathers voices.
    ///
    /// - Parameters:
    ///   - defaultVoice: who speaks when nobody is named; one of these.
    ///   - isDefaultChosen: whether somebody named it, and it is not only the first for the default language.
    ///   - byLanguage: who speaks when only a language is named, ISO 639-1.
    init(_ sources: [Source], defaultVoice: String, isDefaultChosen: Bool, byLanguage: [String: String]) {
        self.isDefaultChosen = isDefaultChosen
        self.sources = sources
        self.byLanguage = byLanguage
        self.defaultVoice = defaultVoice
    }

    public var identity: SynthesizerIdentity {
        SynthesizerIdentity(engine: "voices", model: defaultVoice)
    }

    public var voices: [Voice] { sources.flatMap(\.voices) }

    /// Loads the default voice, so that the first text is not slow.
    public func start() async throws { _ = try await synthesizer(of: defaultVoice) }

    public func speak(_ request: SpeechRequest) async throws -> any SpokenAudio {
        var request = request
        let voice = try request.voice ?? voice(for: request.language)
        if request.voice != nil, let language = request.language, let spoken = languages(of: voice), !spoken.contains(language) {
            throw SpeechError(
                .invalidParameter, "The voice \(voice) does not speak the language \(language.prefix(16)).",
                advice: "It speaks: \(spoken.joined(separator: ", ")). Name one of these, another voice, or no voice.")
        }
        request.voice = voice
        return try await synthesizer(of: voice).speak(request)
    }

    /// Who speaks when nobody is named: the default voice, or who was added for the language that is named.
    private func voice(for language: String?) throws(SpeechError) -> String {
        guard let language else { return defaultVoice }
        let isServed = languages(of: defaultVoice)?.contains(language) ?? true
        if isServed, isDefaultChosen { return defaultVoice }
        if let voice = byLanguage[language] { return voice }
        if isServed { return defaultVoice }
        if let voice = voices.first(where: { $0.languages.contains(language) }) { return voice.id }
        throw SpeechError(
            .invalidParameter, "No voice speaks the language \(language.prefix(16)).",
            advice: "There are voices for: \(Set(voices.flatMap(\.languages)).sorted().joined(separator: ", ")).")
    }

    /// What a voice speaks; nil where that is not known, as of a provider's.
    private func languages(of voice: String) -> [String]? {
        guard let languages = source(of: voice)?.voices.first?.languages, !languages.isEmpty else { return nil }
        return languages
    }

    /// Whose voice it is; the name of a model with several voices is its first.
    private func source(of voice: String) -> Source? {
        sources.first { $0.name == voice || $0.voices.contains { $0.id == voice } }
    }

    public func stop() async {
        let tasks = started.withLock { started in
            defer { started = [:] }
            return Array(started.values)
        }
        for task in tasks { await (try? task.value)?.stop() }
    }

    private func synthesizer(of voice: String) async throws -> any Synthesizer {
        guard let source = source(of: voice) else {
            throw SpeechError(
                .invalidParameter, "There is no voice `\(voice)`.",
                advice: "There are: \(voices.prefix(20).map(\.id).joined(separator: ", ")).")
        }
        let task = started.withLock { started in
            if let task = started[source.name] { return task }
            let task = Task {
                let synthesizer = source.make()
                try await synthesizer.start()
                return synthesizer
            }
            started[source.name] = task
            return task
        }
        do {
            return try await task.value
        } catch {
            // It may have been mended when it is asked for again.
            started.withLock { if $0[source.name] == task { $0[source.name] = nil } }
            throw error
        }
    }
}
