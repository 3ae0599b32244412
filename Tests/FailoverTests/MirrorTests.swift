import SpeechModel
import Testing

@testable import Failover

@Suite("A copy of the state") struct MirrorTests {
    private func part(_ index: Int, isLast: Bool, _ numbers: [Int], stream: Int = 1, sequence: Int = 4) -> SnapshotPart {
        SnapshotPart(
            term: 2, stream: stream, sequence: sequence, index: index, isLast: isLast,
            records: numbers.map(NumberedRecords.record))
    }

    @Test("takes a snapshot when it is whole, then the records after it")
    func whole() {
        var mirror = Mirror<NumberedRecords>()
        expectTrue(!mirror.apply(part(0, isLast: false, [1, 2])))
        #expect(mirror.term == 0 && mirror.state.numbers == [])
        expectTrue(mirror.apply(part(1, isLast: true, [3])))
        #expect(mirror.term == 2 && mirror.sequence == 4 && mirror.state.numbers == [1, 2, 3])
        expectTrue(mirror.apply(NumberedRecords.record(5), term: 2, stream: 1, sequence: 5) == .applied)
        expectTrue(mirror.apply(NumberedRecords.record(5), term: 2, stream: 1, sequence: 5) == .known)
        expectTrue(mirror.apply(NumberedRecords.record(7), term: 2, stream: 1, sequence: 7) == .gap)
        expectTrue(mirror.apply(NumberedRecords.record(6), term: 2, stream: 2, sequence: 6) == .gap)
        expectTrue(mirror.apply(NumberedRecords.record(6), term: 3, stream: 1, sequence: 6) == .gap)
        #expect(mirror.state.numbers == [1, 2, 3, 5])
    }

    @Test("keeps what it has until a later snapshot is whole")
    func keeps() {
        var mirror = Mirror<NumberedRecords>()
        expectTrue(mirror.apply(part(0, isLast: true, [1])))
        expectTrue(!mirror.apply(part(0, isLast: false, [8], stream: 2)))
        #expect(mirror.state.numbers == [1] && mirror.stream == 1)
        // A part is missing, or of another snapshot.
        expectTrue(!mirror.apply(part(2, isLast: true, [9], stream: 2)))
        expectTrue(!mirror.apply(part(1, isLast: true, [9], stream: 2)))
        expectTrue(!mirror.apply(part(0, isLast: false, [8], stream: 3)))
        expectTrue(!mirror.apply(part(1, isLast: true, [9], stream: 4)))
        #expect(mirror.state.numbers == [1])
    }

    @Test("settings whose times do not fit are refused")
    func settings() throws {
        let good = FailoverSettings(name: .primary, version: "1", model: "m")
        try good.validate()
        for change: (inout FailoverSettings) -> Void in [
            { $0.heartbeatMS = 5 }, { $0.leaseMS = 299 }, { $0.leaseMS = 10_001 }, { $0.acknowledgeMS = 99 },
            { $0.graceMS = 599 },
            { $0.maxOutstandingRecords = 0 }, { $0.maxOutstandingBytes = 0 },
        ] {
            var bad = good
            change(&bad)
            let error = #expect(throws: SpeechError.self) { try bad.validate() }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
