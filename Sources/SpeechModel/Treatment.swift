/// When something is done to the audio before it is listened to: noise suppression, a high-pass, a gain.
public enum Treatment: String, Sendable, CaseIterable {
    /// Never.
    case off
    /// Where the audio needs it, by a measure of its own; what does not stays as it is, bit for bit.
    case auto
    /// Always.
    case on
}
