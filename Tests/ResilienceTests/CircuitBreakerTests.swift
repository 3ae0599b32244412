import Resilience
import Testing

extension CircuitBreaker {
    /// What must be let through.
    fileprivate mutating func permit(at now: UInt64) throws -> Permit {
        let permit = admit(at: now)
        return try #require(permit)
    }

    fileprivate mutating func fail(at now: UInt64, ending end: UInt64? = nil) throws {
        let permit = try permit(at: now)
        failed(permit, at: end ?? now)
    }

    fileprivate mutating func succeed(at now: UInt64) throws {
        let permit = try permit(at: now)
        succeeded(permit)
    }
}

@Suite("A circuit breaker") struct CircuitBreakerTests {
    private let second: UInt64 = 1_000_000_000

    private func opened(at now: UInt64 = 100) throws -> CircuitBreaker {
        var breaker = CircuitBreaker(failureThreshold: 3, resetTimeout: second)
        for _ in 0..<3 { try breaker.fail(at: now) }
        #expect(breaker.state == .open)
        return breaker
    }

    @Test("opens after so many failures in a row, and not before")
    func opening() throws {
        var breaker = CircuitBreaker(failureThreshold: 3, resetTimeout: second)
        for round in 0..<4 {
            try breaker.fail(at: 0)
            try breaker.fail(at: 0)
            #expect(breaker.state == .closed)
            if round < 3 { try breaker.succeed(at: 0) }
        }
        try breaker.fail(at: 0)
        #expect(breaker.state == .open)
        let refused = breaker.admit(at: 5)
        #expect(refused == nil)
    }

    @Test("lets one through after the reset time-out, whose success closes it")
    func probe() throws {
        var breaker = try opened()
        let early = breaker.admit(at: 99 + second)
        #expect(early == nil)
        let probe = try breaker.permit(at: 100 + second)
        #expect(breaker.state == .halfOpen)
        let second = breaker.admit(at: 101 + second)
        #expect(second == nil)
        breaker.succeeded(probe)
        #expect(breaker.state == .closed)
        // And it takes the whole number of failures to open again.
        try breaker.fail(at: 0)
        #expect(breaker.state == .closed)
    }

    @Test("opens for as long again when the probe fails")
    func failedProbe() throws {
        var breaker = try opened()
        try breaker.fail(at: 2 * second, ending: 3 * second)
        #expect(breaker.state == .open)
        let refused = breaker.admit(at: 4 * second - 1)
        let next = breaker.admit(at: 4 * second)
        #expect(refused == nil && next != nil)
    }

    @Test("lets the next one through when a probe never comes back, and believes either")
    func lostProbe() throws {
        var breaker = try opened()
        let lost = try breaker.permit(at: 2 * second)
        let refused = breaker.admit(at: 3 * second - 1)
        #expect(refused == nil)
        _ = try breaker.permit(at: 3 * second)
        breaker.succeeded(lost)
        #expect(breaker.state == .closed)
    }

    @Test("gives what was let through before a change no say after it")
    func late() throws {
        var breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: second)
        let early = try breaker.permit(at: 0)
        let other = try breaker.permit(at: 0)
        breaker.failed(other, at: 0)
        breaker.succeeded(early)
        #expect(breaker.state == .open)
        let probe = try breaker.permit(at: second)
        breaker.failed(early, at: second)
        #expect(breaker.state == .halfOpen)
        breaker.succeeded(probe)
        breaker.failed(probe, at: second)
        #expect(breaker.state == .closed)
    }
}
