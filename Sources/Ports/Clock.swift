public import SpeechModel

/// Time and randomness from outside, so that a 30 s conversation is tested in microseconds.
public protocol Clock: Sendable {
    /// Nanoseconds on a clock that never jumps; only differences mean something.
    var monotonicNanoseconds: UInt64 { get }
    /// Milliseconds since 1970 UTC.
    var unixMilliseconds: UInt64 { get }
    /// Unpredictable bits for ids and tokens.
    func randomBits() -> UInt64
}

extension Clock {
    /// A new session id.
    public func makeSessionID() -> SessionID {
        var random = PortRandom(clock: self)
        return SessionID(unixMS: unixMilliseconds, using: &random)
    }
    /// A new audio id.
    public func makeAudioID() -> AudioID {
        var random = PortRandom(clock: self)
        return AudioID(unixMS: unixMilliseconds, using: &random)
    }
}

struct PortRandom<Source: Clock>: RandomNumberGenerator {
    let clock: Source
    mutating func next() -> UInt64 { clock.randomBits() }
}
