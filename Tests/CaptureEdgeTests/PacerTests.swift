import Testing

@testable import CaptureEdge

@Suite("The pacer") struct PacerTests {
    @Test("is exact after a day", arguments: [8000, 11_025, 16_000, 44_100, 48_000])
    func exact(_ rate: Int) {
        var pacer = Pacer(sampleRate: rate, start: 12_345, patience: 4_000_000_000)
        let piece = rate / 50
        var due: UInt64 = 12_345
        let pieces = 24 * 3600 * rate / piece
        for _ in 0..<pieces { due = pacer.due(afterNext: piece, now: due) }
        #expect(due == 12_345 + UInt64(pieces) * UInt64(piece) * 1_000_000_000 / UInt64(rate))
    }

    @Test("catches up with a little lateness")
    func late() {
        var pacer = Pacer(sampleRate: 1000, start: 0, patience: 500_000_000)
        #expect(pacer.due(afterNext: 20, now: 520_000_000) == 20_000_000)
        #expect(pacer.due(afterNext: 20, now: 520_000_000) == 40_000_000)
        #expect(pacer.due(afterNext: 1000, now: 520_000_000) == 1_040_000_000)
    }

    @Test("goes on from now when it was stopped for long")
    func stopped() {
        var pacer = Pacer(sampleRate: 1000, start: 0, patience: 500_000_000)
        #expect(pacer.due(afterNext: 20, now: 10_000_000_000) == 10_000_000_000)
        #expect(pacer.due(afterNext: 20, now: 10_000_000_000) == 10_020_000_000)
    }
}
