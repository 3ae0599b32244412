import Testing

@testable import CaptureEdge

@Suite("The back-off") struct BackOffTests {
    @Test("doubles from 250 ms to 30 s and stays there")
    func doubles() {
        var backOff = BackOff()
        let delays = (0..<10).map { _ in backOff.next() }
        #expect(delays == [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    }

    @Test("begins anew once all is well")
    func resets() {
        var backOff = BackOff()
        for _ in 0..<5 { _ = backOff.next() }
        backOff.reset()
        #expect([backOff.next(), backOff.next()] == [250, 500])
    }
}
