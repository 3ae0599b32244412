public import SpeechModel

/// What a node asks a witness, as a frame: `M` `W`, the protocol's version, then fields as in ``LinkMessage``.
public struct WitnessRequest: Hashable, Sendable {
    /// Rises when a witness cannot understand a former one.
    static let protocolVersion: UInt8 = 1
    /// The longest frame of a request or a reply.
    public static let maxFrameBytes = 1024

    /// Random: which run of a node asks.
    public var client: UInt64
    /// 1, 2, 3 … of this client. A witness passes over what comes after a higher one.
    public var number: UInt64
    public var request: ArbiterRequest

    /// Describes a request.
    public init(client: UInt64, number: UInt64, request: ArbiterRequest) {
        self.client = client
        self.number = number
        self.request = request
    }

    /// The request as bytes.
    public var frame: [UInt8] {
        var writer = FrameWriter(bytes: Array("MW".utf8) + [Self.protocolVersion])
        writer.unsigned(client)
        writer.unsigned(number)
        switch request {
        case .current: writer.unsigned(0)
        case .take(let term, let seen, let node, let nanoseconds):
            writer.unsigned(1)
            writer.integer(term)
            writer.lease(seen)
            writer.node(node)
            writer.unsigned(nanoseconds)
        case .renew(let term, let node, let successor, let nanoseconds):
            writer.unsigned(2)
            writer.integer(term)
            writer.node(node)
            writer.successor(successor)
            writer.unsigned(nanoseconds)
        }
        return writer.bytes
    }

    /// Reads what somebody sent.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`.
    public init(frame: [UInt8]) throws(SpeechError) {
        var reader = try FrameReader(witness: frame)
        client = try reader.unsigned()
        number = try reader.unsigned()
        switch try reader.unsigned() {
        case 0: request = .current
        case 1:
            request = .take(
                term: try reader.integer(), after: try reader.lease(), by: try reader.node(), nanoseconds: try reader.unsigned())
        case 2:
            request = .renew(
                term: try reader.integer(), by: try reader.node(), successor: try reader.successor(),
                nanoseconds: try reader.unsigned())
        default: throw FrameReader.fault("asks a witness for something unknown")
        }
        try reader.end()
    }
}

/// What a witness answers.
public struct WitnessReply: Hashable, Sendable {
    /// The request's.
    public var number: UInt64
    /// The answer; or why there is none, in up to 200 bytes.
    public var outcome: Outcome

    public enum Outcome: Hashable, Sendable {
        case answer(LeaseAnswer)
        case fault(String)
    }

    /// Describes a reply.
    public init(number: UInt64, outcome: Outcome) {
        self.number = number
        self.outcome = outcome
    }

    /// The reply as bytes.
    public var frame: [UInt8] {
        var writer = FrameWriter(bytes: Array("MW".utf8) + [WitnessRequest.protocolVersion])
        writer.unsigned(number)
        switch outcome {
        case .answer(let answer):
            writer.flag(true)
            writer.flag(answer.isGranted)
            writer.lease(answer.lease)
        case .fault(let text):
            writer.flag(false)
            writer.text(text)
        }
        return writer.bytes
    }

    /// Reads what somebody sent.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`.
    public init(frame: [UInt8]) throws(SpeechError) {
        var reader = try FrameReader(witness: frame)
        number = try reader.unsigned()
        if try reader.flag() {
            outcome = .answer(LeaseAnswer(isGranted: try reader.flag(), lease: try reader.lease()))
        } else {
            outcome = .fault(try reader.text())
        }
        try reader.end()
    }
}

extension FrameWriter {
    fileprivate mutating func successor(_ node: NodeID?) {
        flag(node != nil)
        if let node { self.node(node) }
    }

    fileprivate mutating func lease(_ lease: Lease?) {
        flag(lease != nil)
        guard let lease else { return }
        integer(lease.term)
        node(lease.holder)
        successor(lease.successor)
        unsigned(lease.remaining)
    }
}

extension FrameReader {
    fileprivate init(witness frame: [UInt8]) throws(SpeechError) {
        guard frame.count <= WitnessRequest.maxFrameBytes, frame.starts(with: Array("MW".utf8) + [WitnessRequest.protocolVersion])
        else {
            throw Self.fault("is none of this version of the witness's protocol")
        }
        self.init(frame, from: 3)
    }

    fileprivate mutating func successor() throws(SpeechError) -> NodeID? { try flag() ? try node() : nil }

    fileprivate mutating func lease() throws(SpeechError) -> Lease? {
        guard try flag() else { return nil }
        return Lease(term: try integer(), holder: try node(), successor: try successor(), remaining: try unsigned())
    }
}
