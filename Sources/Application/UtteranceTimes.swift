/// When an utterance that was spoken to its end went from hand to hand, in ns of the monotonic clock.
struct UtteranceTimes {
    /// The last needed sample arrived.
    var arrived: UInt64
    /// The lane took it up.
    var taken: UInt64
    /// The recogniser was told that the utterance is complete.
    var finished: UInt64
    /// It answered.
    var answered: UInt64

    var ingestMS: Double { Double(finished &- arrived) / 1e6 }
    var recogniserMS: Double { Double(answered &- finished) / 1e6 }
}
