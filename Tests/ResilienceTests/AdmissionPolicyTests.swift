import Resilience
import Testing

@Suite("The admission of sessions") struct AdmissionPolicyTests {
    private func ms(_ milliseconds: UInt64) -> UInt64 { milliseconds * 1_000_000 }

    private func expect(
        _ policy: inout AdmissionPolicy, at now: UInt64, _ reason: AdmissionPolicy.Reason?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let refusal = policy.refusal(at: now)
        #expect(refusal == reason, sourceLocation: sourceLocation)
    }

    @Test("lets in while nothing is known, and while answers come in time")
    func quiet() {
        var policy = AdmissionPolicy(limitMS: 250)
        expect(&policy, at: 0, nil)
        for number in 0..<20 { policy.answered(after: ms(80), at: ms(UInt64(number) * 100)) }
        expect(&policy, at: ms(2000), nil)
    }

    @Test("refuses when half of the answers are late, and not for a few or an odd one")
    func lag() {
        var policy = AdmissionPolicy(limitMS: 250)
        for number in 0..<4 { policy.answered(after: ms(900), at: ms(UInt64(number))) }
        expect(&policy, at: ms(10), nil)
        policy.answered(after: ms(900), at: ms(5))
        expect(&policy, at: ms(10), .lag)

        var other = AdmissionPolicy(limitMS: 250)
        for number in 0..<9 { other.answered(after: ms(number % 3 == 0 ? 4000 : 60), at: ms(UInt64(number))) }
        expect(&other, at: ms(10), nil)
    }

    @Test("lets in again only when answers are well below the limit, or nobody speaks")
    func hysteresis() {
        var policy = AdmissionPolicy(limitMS: 250)
        for number in 0..<5 { policy.answered(after: ms(300), at: ms(UInt64(number))) }
        expect(&policy, at: ms(100), .lag)
        for number in 0..<20 { policy.answered(after: ms(200), at: ms(11_000 + UInt64(number))) }
        expect(&policy, at: ms(11_100), .lag)
        for number in 0..<41 { policy.answered(after: ms(140), at: ms(12_000 + UInt64(number))) }
        expect(&policy, at: ms(12_100), nil)
        for number in 0..<64 { policy.answered(after: ms(300), at: ms(13_000 + UInt64(number))) }
        expect(&policy, at: ms(13_100), .lag)
        expect(&policy, at: ms(23_100), nil)
    }

    @Test("counts the delay of the sessions' threads too")
    func lanes() {
        var policy = AdmissionPolicy(limitMS: 250)
        for number in 0..<6 {
            policy.answered(after: ms(200), at: ms(UInt64(number)))
            policy.laneDelayed(by: ms(60), at: ms(UInt64(number)))
        }
        expect(&policy, at: ms(10), .lag)
    }

    @Test("refuses while speech waits for decoders, and a little longer, but not for a moment of it")
    func decoders() {
        var policy = AdmissionPolicy(limitMS: 250)
        policy.utterancesWait(3, at: ms(0))
        expect(&policy, at: ms(0), nil)
        policy.utterancesWait(0, at: ms(1000))
        policy.utterancesWait(1, at: ms(2000))
        expect(&policy, at: ms(2000), nil)
        policy.utterancesWait(1, at: ms(3000))
        expect(&policy, at: ms(3000), .decoders)
        policy.utterancesWait(0, at: ms(4000))
        expect(&policy, at: ms(4000), .decoders)
        policy.utterancesWait(0, at: ms(6000))
        expect(&policy, at: ms(6000), nil)
    }

    @Test("lets everybody in when the limit is 0")
    func off() {
        var policy = AdmissionPolicy(limitMS: 0)
        for number in 0..<9 {
            policy.answered(after: ms(9000), at: ms(UInt64(number)))
            policy.utterancesWait(9, at: ms(UInt64(number) * 1000))
        }
        expect(&policy, at: ms(9000), nil)
    }
}
