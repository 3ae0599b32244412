public import SpeechModel

/// A message that is encoded once for everybody, with what is needed to choose, keep or drop it without looking inside.
public struct FeedItem<Message: Sendable>: Sendable {
    /// What a message carries.
    public enum Kind: Hashable, Sendable {
        /// A transcript that does not change, with its number (1, 2, 3 …) and language.
        case final(SessionID, sequence: Int, language: String)
        /// A transcript that the next one of the session replaces.
        case partial(SessionID, language: String)
        /// Something that happened; without a session it concerns the whole pipeline.
        case event(SessionID?)
    }

    /// What the message carries.
    public let kind: Kind
    /// The message, encoded.
    public let message: Message
    /// The length of the encoded message; less than 0 counts as 0.
    public let bytes: Int

    /// Describes a message.
    public init(_ kind: Kind, _ message: Message, bytes: Int) {
        self.kind = kind
        self.message = message
        self.bytes = max(0, bytes)
    }
}
