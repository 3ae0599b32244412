import Telemetry
import Testing

@Suite struct LineLimiterTests {
    @Test func eachKindComesOnceInItsTimeAndTheOthersAreCounted() {
        var limiter = LineLimiter(seconds: 10)
        let second: UInt64 = 1_000_000_000
        #expect(limiter.admit("a", at: 0) == 0)
        #expect(limiter.admit("a", at: 1) == nil && limiter.admit("b", at: 1) == 0)
        #expect(limiter.admit("a", at: 10 * second - 1) == nil)
        #expect(limiter.admit("a", at: 10 * second) == 2)
        #expect(limiter.admit("a", at: 11 * second) == nil)
        #expect(limiter.admit("a", at: 20 * second) == 1)
    }
}
