public import SpeechModel
public import WireProtocol

/// What happens in a live stream.
public enum StreamEvent: Sendable {
    /// The session has begun; audio is being sent.
    case ready(StreamAck)
    /// A reading that may still change.
    case partial(StreamPartial)
    /// A reading that will not change, each exactly once.
    ///
    /// - Parameter delay: from when the utterance's last sample was given to ``StreamClient/send(_:)`` until now.
    case final(StreamFinal, delay: Duration?)
    /// Something failed, but the session goes on.
    case problem(SpeechError)
    /// The connection was lost; this is the attempt to open another.
    case reconnecting(attempt: Int, cause: SpeechError)
    /// The session goes on, on a new connection, from this sample.
    case resumed(nextSample: Int, lastSequence: Int)
    /// The server no longer knew the session. A new one begins with the kept audio, whose first sample is this one of the old
    /// session: times and sequence numbers start again.
    case restarted(firstSample: Int)
    /// Everything was heard and every final delivered.
    case ended(lastSequence: Int)
    /// The stream is over and did not end well.
    case failed(SpeechError)
}
