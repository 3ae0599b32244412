/// When an utterance that was spoken to its end went from hand to hand, in ns of the monotonic clock.
struct UtteranceTimes {
    /// The last needed sample arrived.
    var arrived: UInt64
    /// The lane took it up.
    var taken: UInt64
    /// The wake word was noticed, if it was noticed after the lane took the last sample up: nothing could be recognised before.
    var woken: UInt64?
    /// The recogniser was told that the utterance is complete.
    var finished: UInt64
    /// It answered.
    var answered: UInt64

    var ingestMS: Double { Double(finished &- arrived) / 1e6 }
    var wakewordNS: UInt64 { woken.map { $0 > taken ? $0 - taken : 0 } ?? 0 }
    var recogniserMS: Double { Double(answered &- finished) / 1e6 }
}
