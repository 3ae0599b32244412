import Testing

@testable import CaptureEdge

@Suite("The rate watch") struct RateWatchTests {
    /// Pieces of 20 ms as a device that was said to have 48 kHz delivers them.
    ///
    /// - Returns: after how many seconds it was found out, and the rate that was measured.
    private func watch(actualRate: Double, seconds: Double) -> (seconds: Double, rate: Double)? {
        var watch = RateWatch(sampleRate: 48_000)
        var now = 7.0
        while now < 7 + seconds {
            now += 960 / actualRate
            if let measured = watch.received(960, at: UInt64(now * 1e9), afterWaiting: true) { return (now - 7, measured) }
        }
        return nil
    }

    @Test("lets devices be whose clock is at most 5 % off", arguments: [48_000, 47_995, 46_000, 49_900])
    func right(_ rate: Double) { #expect(watch(actualRate: rate, seconds: 120) == nil) }

    @Test("finds another rate after five seconds, and measures it", arguments: [44_100, 16_000, 51_000, 96_000])
    func wrong(_ rate: Double) throws {
        let found = try #require(watch(actualRate: rate, seconds: 10))
        #expect(found.seconds > 2.5 && found.seconds < 5.2)
        #expect(abs(found.rate / rate - 1) < 0.001)
    }

    @Test("measures each five seconds anew, so that hours of a right rate do not hide a wrong one")
    func later() {
        var watch = RateWatch(sampleRate: 48_000)
        for i in 1...50 * 3600 {
            #expect(watch.received(960, at: UInt64(i) * 20_000_000, afterWaiting: true) == nil)
        }
        var found: Int?
        for i in 1...50 * 20 where found == nil {
            let now = 3_600_000_000_000 + UInt64(i) * 21_768_707
            if watch.received(960, at: now, afterWaiting: true) != nil { found = i }
        }
        #expect((found ?? .max) < 50 * 10)
    }

    @Test("does not wait five seconds for a device that has no pace at all")
    func flood() {
        var watch = RateWatch(sampleRate: 48_000)
        var pieces = 0
        while watch.received(960, at: 1000, afterWaiting: false) == nil { pieces += 1 }
        // 5 s and 5 %, and the half second that a device may have kept: 287.5 pieces, after the one that begins the
        // measurement.
        #expect(pieces == 288)
    }

    @Test("takes audio that piled up while nobody read for what it is", arguments: [0, 200, 249])
    func backlog(_ heldUpAt: Int) {
        var watch = RateWatch(sampleRate: 48_000)
        var frames = 0
        var now: UInt64 = 0
        for piece in 0..<1000 {
            // The reader is held up for 0.4 s; then 20 pieces come at once.
            if piece == heldUpAt { now += 400_000_000 }
            let hasWaited = UInt64(piece + 1) * 20_000_000 > now
            if hasWaited { now = UInt64(piece + 1) * 20_000_000 }
            #expect(watch.received(960, at: now, afterWaiting: hasWaited) == nil)
            frames += 960
        }
        #expect(frames == 960_000)
    }

    @Test("forgets what was before a gap")
    func gap() {
        var watch = RateWatch(sampleRate: 48_000)
        for i in 1...200 { _ = watch.received(960, at: UInt64(i) * 20_000_000, afterWaiting: true) }
        watch.restart()
        for i in 1...1000 {
            #expect(watch.received(960, at: 5_000_000_000 + UInt64(i) * 20_000_000, afterWaiting: true) == nil)
        }
    }
}
