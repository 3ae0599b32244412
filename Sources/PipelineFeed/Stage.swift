/// The stages of the live pipeline in the order in which an utterance meets them. The raw values are the contract's names, used
/// alike in messages, metrics and logs.
public enum Stage: String, Sendable, CaseIterable {
    case capture, wakeword, preprocess, stt, language, publish
}
