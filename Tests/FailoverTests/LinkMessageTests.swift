import SpeechModel
import Testing

@testable import Failover

@Suite("A message of the link") struct LinkMessageTests {
    static let all: [LinkMessage] = [
        .beat(
            Beat(
                node: NodeID(name: .standby, instance: .max), term: 1 << 62, isPrimary: true, sentAt: .max, stream: 3,
                sequence: 4,
                isInSync: true, version: "1.2.3-ünïcödé", model: "")),
        .vouch(term: 1, echo: 2, stream: 3, sequence: 4), .join(term: 1, stream: 0),
        .snapshot(SnapshotPart(term: 1, stream: 2, sequence: 3, index: 4, isLast: true, records: [[], [1, 2, 3]])),
        .snapshot(SnapshotPart(term: 1, stream: 2, sequence: 3, index: 0, isLast: false, records: [])),
        .record(term: 1, stream: 2, sequence: 3, bytes: [UInt8](repeating: 9, count: LinkMessage.maxRecordBytes)),
        .acknowledge(term: 1, stream: 2, sequence: 3), .handedOver(term: 7), .handOverWanted, .handOverRefused("No."),
    ]

    @Test("is read as it was written", arguments: all.indices)
    func both(_ index: Int) throws {
        let message = Self.all[index]
        #expect(try LinkMessage(frame: message.frame) == message)
        #expect(message.frame.count <= LinkMessage.maxFrameBytes)
    }

    @Test("is refused when anything is missing or too much", arguments: all.indices)
    func cut(_ index: Int) {
        let frame = Self.all[index].frame
        for count in 0..<min(frame.count, 200) {
            let error = #expect(throws: SpeechError.self) { try LinkMessage(frame: Array(frame.prefix(count))) }
            #expect(error?.code == .malformedMessage)
        }
        #expect(throws: SpeechError.self) { try LinkMessage(frame: frame + [0]) }
    }

    @Test("of another version of the protocol is told apart")
    func version() {
        var frame = LinkMessage.handOverWanted.frame
        frame[2] = 9
        let error = #expect(throws: SpeechError.self) { try LinkMessage(frame: frame) }
        #expect(error?.message.contains("version 9") == true)
    }

    @Test("that is too long, or claims to be, is refused")
    func long() {
        #expect(throws: SpeechError.self) { try LinkMessage(frame: [UInt8](repeating: 0, count: LinkMessage.maxFrameBytes + 1)) }
        var frame = LinkMessage.record(term: 1, stream: 1, sequence: 1, bytes: [1]).frame
        frame[frame.count - 2] = 0x40
        #expect(throws: SpeechError.self) { try LinkMessage(frame: frame) }
    }

    @Test("cuts a long text at a character")
    func text() throws {
        let long = LinkMessage.handOverRefused(String(repeating: "ü", count: 150))
        #expect(try LinkMessage(frame: long.frame) == .handOverRefused(String(repeating: "ü", count: 100)))
    }

    @Test("divides a snapshot into parts that a frame holds, and at least one")
    func parts() {
        let records =
            (0..<9000).map { [UInt8](repeating: 1, count: $0 % 300) } + [[UInt8](repeating: 2, count: LinkMessage.maxRecordBytes)]
        for records in [records, []] {
            let parts = SnapshotPart.parts(of: records, term: 1, stream: 2, sequence: 3)
            #expect(parts.flatMap(\.records) == records && parts.map(\.index) == Array(parts.indices))
            #expect(parts.filter(\.isLast).count == 1 && parts.last?.isLast == true)
            #expect(parts.allSatisfy { (try? LinkMessage(frame: LinkMessage.snapshot($0).frame)) == .snapshot($0) })
        }
    }

    @Test("to and from a witness is read as it was written, and refused when anything is missing")
    func witness() throws {
        let (a, b) = (NodeID(name: .primary, instance: 1), NodeID(name: .standby, instance: 2))
        let lease = Lease(term: 4, holder: a, successor: b, remaining: 5)
        let requests: [ArbiterRequest] = [
            .current, .take(term: 5, after: lease, by: b, nanoseconds: 6), .take(term: 1, after: nil, by: a, nanoseconds: 6),
            .renew(term: 4, by: a, successor: nil, nanoseconds: 0), .renew(term: 4, by: a, successor: b, nanoseconds: 1),
        ]
        for request in requests {
            let message = WitnessRequest(client: 1, number: 2, request: request)
            #expect(try WitnessRequest(frame: message.frame) == message)
            for count in message.frame.indices {
                #expect(throws: SpeechError.self) { try WitnessRequest(frame: Array(message.frame.prefix(count))) }
            }
        }
        let outcomes: [WitnessReply.Outcome] = [
            .answer(LeaseAnswer(isGranted: true, lease: lease)), .answer(LeaseAnswer(isGranted: false, lease: nil)),
            .fault("Full."),
        ]
        for outcome in outcomes {
            let reply = WitnessReply(number: 3, outcome: outcome)
            #expect(try WitnessReply(frame: reply.frame) == reply)
            for count in reply.frame.indices {
                #expect(throws: SpeechError.self) { try WitnessReply(frame: Array(reply.frame.prefix(count))) }
            }
        }
    }
}
