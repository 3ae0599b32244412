public import SpeechModel

/// A server with OpenAI's interface for transcription and speech: the company's own, another Mynah, or any other.
public struct RemoteProvider: Sendable {
    /// The settings that describe it, for advice: `stt.openai` or `tts.openai`.
    public var section: String
    /// Scheme, host and what stands before the interface's own paths, with or without `/v1` at its end.
    public var baseURL: String
    /// What authorises, as a bearer token; nil for a server that asks for nothing.
    public var apiKey: Sensitive<String>?
    /// The model that is asked for.
    public var model: String
    /// How long an answer may take, repetitions included.
    public var timeoutMS: Int

    /// Describes a provider.
    public init(section: String, baseURL: String, apiKey: Sensitive<String>?, model: String, timeoutMS: Int) {
        self.section = section
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.model = model
        self.timeoutMS = timeoutMS
    }

    /// The host, which names the provider in metrics, `/status` and errors.
    public var name: String {
        let rest = baseURL.split(separator: "://", maxSplits: 1).last ?? ""
        let authority = rest.prefix { $0 != "/" }
        // An IPv6 address has colons of its own.
        return String(authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" })
    }

    /// The address of one of the interface's functions, such as `audio/speech`.
    func url(_ path: String) -> String {
        var base = baseURL[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        return base.hasSuffix("/v1") ? "\(base)/\(path)" : "\(base)/v1/\(path)"
    }
}
