public import SpeechModel

/// What a subscriber wants to hear: finals and events of all sessions, unless it chose.
public struct FeedFilter: Hashable, Sendable {
    /// Only this session; what concerns the whole pipeline comes all the same.
    public var session: SessionID?
    /// Only transcripts in this language (as messages name it); events have none and come all the same.
    public var language: String?
    /// Partials as well.
    public var wantsPartials: Bool

    /// Makes a filter; nil is anything.
    public init(session: SessionID? = nil, language: String? = nil, wantsPartials: Bool = false) {
        self.session = session
        self.language = language
        self.wantsPartials = wantsPartials
    }

    /// Whether a message is wanted.
    public func admits<Message>(_ item: FeedItem<Message>) -> Bool {
        switch item.kind {
        case .final(let session, _, let language): admits(session, language)
        case .partial(let session, let language): wantsPartials && admits(session, language)
        case .event(let session): session == nil || self.session == nil || session == self.session
        }
    }

    private func admits(_ session: SessionID, _ language: String) -> Bool {
        (self.session == nil || session == self.session) && (self.language == nil || language == self.language)
    }
}
