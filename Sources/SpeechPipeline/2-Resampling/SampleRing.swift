public import SpeechModel

/// The most recent audio at 16 kHz, so that an utterance can begin before it was recognised as one and a recogniser can be
/// waited for.
///
/// A ring of fixed size that drops the oldest samples when full and counts them. It allocates when it is made and never again.
/// Positions are absolute: they count from the session's start.
public struct SampleRing: Sendable {
    private var storage: [Int16]
    /// The position after the last sample.
    public private(set) var end: SampleTime
    /// The position of the first sample that is still here; ``end`` when the ring is empty.
    public private(set) var oldest: SampleTime
    /// Samples that were overwritten before anyone called ``discard(before:)`` for them.
    public private(set) var droppedSamples = 0

    /// Makes an empty ring of `capacity` samples, by default 4000 ms, whose first sample will be at `start`.
    public init(capacity: Int = 4 * SampleTime.rate, start: SampleTime = .zero) {
        precondition(capacity > 0, "a ring holds at least one sample")
        storage = Array(repeating: 0, count: capacity)
        end = start
        oldest = start
    }

    /// How many samples fit.
    public var capacity: Int { storage.count }
    /// How many samples are here.
    public var count: Int { end - oldest }
    /// Whether no sample is here.
    public var isEmpty: Bool { count == 0 }

    /// Appends samples in −1…1 as 16-bit integers, rounded to the nearest and saturated.
    public mutating func append(_ samples: UnsafeBufferPointer<Float>) {
        // Of more than a whole ring only the end can stay.
        let kept = samples.suffix(capacity)
        var index = (end + (samples.count - kept.count)).sample % capacity
        for sample in kept {
            // 16-bit input comes back bit for bit, since it was divided by the same 32768. (In this order `max` also stops
            // a NaN.)
            storage[index] = Int16(min(max(-32768, (sample * 32768).rounded()), 32767))
            index += 1
            if index == capacity { index = 0 }
        }
        end = end + samples.count
        let overwritten = max(0, count - capacity)
        droppedSamples += overwritten
        oldest = oldest + overwritten
    }

    /// Gives up what lies before `time`; that room is free and its reuse counts as no loss.
    public mutating func discard(before time: SampleTime) { oldest = min(max(oldest, time), end) }

    /// Calls `body` with the samples of `range` that are here, in order, in one or two contiguous pieces; not at all if none is.
    public func withSamples<Failure: Error>(
        in range: Range<SampleTime>, _ body: (UnsafeBufferPointer<Int16>) throws(Failure) -> Void
    ) throws(Failure) {
        let here = range.clamped(to: oldest..<end)
        if here.isEmpty { return }
        let start = here.lowerBound.sample % capacity
        let length = here.upperBound - here.lowerBound
        let first = min(length, capacity - start)
        try storage.withUnsafeBufferPointer { (all) throws(Failure) in
            try body(UnsafeBufferPointer(rebasing: all[start..<start + first]))
            if first < length { try body(UnsafeBufferPointer(rebasing: all[0..<length - first])) }
        }
    }
}
