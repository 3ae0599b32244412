public import SpeechModel

/// Knows which models can recognise, and which of them serves a new session.
public protocol ModelChoice: Sendable {
    /// The model for a session, kept until the pin is let go: a new default serves new sessions while old ones finish with theirs.
    ///
    /// - Parameters:
    ///   - model: the name that the client gave; nil for the one that serves `language`.
    ///   - language: ISO 639-1, or ``SpokenLanguage/unknown``; nil for the configured default.
    /// - Throws: ``ErrorCode/invalidParameter`` naming those that there are.
    func pin(model: String?, language: String?) throws(SpeechError) -> ModelPin
}

/// Names of languages beside the codes of ISO 639-1.
public enum SpokenLanguage {
    /// Nobody knows which; the model finds out.
    public static let unknown = "auto"
}

/// Keeps a model in memory.
public final class ModelPin: Sendable {
    /// The model's name.
    public let name: String
    /// What it is told is spoken, ISO 639-1; nil where it finds out itself.
    public let language: String?
    private let release: @Sendable () -> Void

    /// Pins a model; `release` is called when nobody holds the pin any more.
    public init(_ name: String, language: String?, release: @escaping @Sendable () -> Void = {}) {
        self.name = name
        self.language = language
        self.release = release
    }

    deinit { release() }
}

/// A recogniser with one model.
public struct SoleModel: ModelChoice {
    private let identity: RecognizerIdentity

    /// Names it.
    public init(_ identity: RecognizerIdentity) { self.identity = identity }

    public func pin(model: String?, language: String?) throws(SpeechError) -> ModelPin {
        if let language, language != identity.language {
            throw SpeechError(
                .invalidParameter, "The language \(language.prefix(16)) has no model here.", advice: "Use \(identity.language).")
        }
        if let model, model != identity.model {
            throw SpeechError(
                .invalidParameter, "There is no model `\(model.prefix(64))`.", advice: "Use \(identity.model), or leave it out.")
        }
        return ModelPin(identity.model, language: identity.language)
    }
}
