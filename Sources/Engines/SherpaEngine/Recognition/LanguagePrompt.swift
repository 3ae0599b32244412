import CSherpaOnnx
import ModelLibrary
import Synchronization

/// Tells a model which language is spoken, in the way that its family is told.
///
/// A Whisper of several languages is told by its configuration, which is one for all streams: utterances are decoded by language then, one
/// language after another, and by one thread at a time.
// @unchecked: `whisper`, `told` and `strings` are used under `lock` only; the rest is immutable.
final class LanguagePrompt: @unchecked Sendable {
    private let model: ModelDescription
    private let usual: String
    private let strings: CStrings
    private var whisper: SherpaOnnxOfflineRecognizerConfig
    /// What Whisper's configuration says at the moment; nil is nothing.
    private var told: String?
    private let lock = Mutex(())

    /// - Parameters:
    ///   - usual: what a model that must be told one of its languages is told, where nobody says more.
    ///   - configuration: the recogniser's, which tells no language.
    ///   - strings: keeps what the configuration points to.
    init(_ model: ModelDescription, usual: String, _ configuration: SherpaOnnxOfflineRecognizerConfig, _ strings: CStrings) {
        self.model = model
        self.usual = usual
        self.strings = strings
        whisper = configuration
    }

    /// What the model is told of an utterance; nil leaves it to it.
    func language(asked: String?) -> String? {
        if let asked, model.canBeTold(asked) { return asked }
        if model.languages.count == 1, let only = model.languages.first, model.canBeTold(only) { return only }
        guard model.family.mustBeTold else { return nil }
        return model.canBeTold(usual) ? usual : model.tellableLanguages?.first
    }

    /// Decodes streams, each told its language.
    func decode(_ streams: [OpaquePointer?], of languages: [String?], with recognizer: OpaquePointer) {
        if model.family == .whisper, model.tellableLanguages != nil {
            return decodeWhisper(streams, of: languages, with: recognizer)
        }
        let options = model.family == .canary ? ["src_lang", "tgt_lang"] : ["language"]
        for case (let stream, let language?) in zip(streams, languages) {
            for option in options { SherpaOnnxOfflineStreamSetOption(stream, option, language) }
        }
        Self.decode(streams, with: recognizer)
    }

    private func decodeWhisper(_ streams: [OpaquePointer?], of languages: [String?], with recognizer: OpaquePointer) {
        lock.withLock { _ in
            for (language, members) in Dictionary(grouping: zip(streams, languages), by: \.1) {
                if language != told {
                    told = language
                    whisper.model_config.whisper.language = strings.add(language ?? "")
                    SherpaOnnxOfflineRecognizerSetConfig(recognizer, &whisper)
                }
                Self.decode(members.map(\.0), with: recognizer)
            }
        }
    }

    private static func decode(_ streams: [OpaquePointer?], with recognizer: OpaquePointer) {
        var streams = streams
        streams.withUnsafeMutableBufferPointer {
            SherpaOnnxDecodeMultipleOfflineStreams(recognizer, $0.baseAddress, Int32($0.count))
        }
    }
}
