public import SpeechModel

/// The frame of a message: `M` `F`, the protocol's version, the kind, then its fields; integers are little-endian, texts and records carry
/// their length in front.
extension LinkMessage {
    /// Rises when a node cannot understand a former one. Nodes of different versions refuse each other.
    public static let protocolVersion: UInt8 = 1
    /// The longest record: 1 MB.
    public static let maxRecordBytes = 1 << 20
    /// Records in one part of a snapshot.
    static let maxRecordsInPart = 4096
    /// The longest frame: a part of a snapshot that holds one longest record beside others.
    public static let maxFrameBytes = 2 << 20
    static let maxTextBytes = 200

    private enum Kind: UInt8 {
        case beat = 1
        case vouch, join, snapshot, record, acknowledge, handedOver, handOverWanted, handOverRefused
    }

    /// The message as bytes.
    public var frame: [UInt8] {
        var writer = FrameWriter()
        writer.bytes = Array("MF".utf8) + [Self.protocolVersion]
        func begin(_ kind: Kind) { writer.bytes.append(kind.rawValue) }
        switch self {
        case .beat(let beat):
            begin(.beat)
            writer.node(beat.node)
            writer.integer(beat.term)
            writer.flag(beat.isPrimary)
            writer.unsigned(beat.sentAt)
            writer.integer(beat.stream)
            writer.integer(beat.sequence)
            writer.flag(beat.isInSync)
            writer.text(beat.version)
            writer.text(beat.model)
        case .vouch(let term, let echo, let stream, let sequence):
            begin(.vouch)
            writer.integer(term)
            writer.unsigned(echo)
            writer.integer(stream)
            writer.integer(sequence)
        case .join(let term, let stream):
            begin(.join)
            writer.integer(term)
            writer.integer(stream)
        case .snapshot(let part):
            begin(.snapshot)
            writer.integer(part.term)
            writer.integer(part.stream)
            writer.integer(part.sequence)
            writer.integer(part.index)
            writer.flag(part.isLast)
            writer.integer(part.records.count)
            for record in part.records { writer.block(record) }
        case .record(let term, let stream, let sequence, let bytes):
            begin(.record)
            writer.integer(term)
            writer.integer(stream)
            writer.integer(sequence)
            writer.block(bytes)
        case .acknowledge(let term, let stream, let sequence):
            begin(.acknowledge)
            writer.integer(term)
            writer.integer(stream)
            writer.integer(sequence)
        case .handedOver(let term):
            begin(.handedOver)
            writer.integer(term)
        case .handOverWanted: begin(.handOverWanted)
        case .handOverRefused(let reason):
            begin(.handOverRefused)
            writer.text(reason)
        }
        return writer.bytes
    }

    /// Reads a frame that somebody sent.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`; its words say when only the version of the protocol is another.
    public init(frame: [UInt8]) throws(SpeechError) {
        guard frame.count <= Self.maxFrameBytes else { throw FrameReader.fault("is longer than \(Self.maxFrameBytes) bytes") }
        guard frame.starts(with: "MF".utf8), frame.count >= 4 else { throw FrameReader.fault("is none of this protocol") }
        guard frame[2] == Self.protocolVersion else {
            throw SpeechError(
                .malformedMessage,
                "The other node speaks version \(frame[2]) of the link's protocol, this one version \(Self.protocolVersion).",
                advice: "Update both nodes to the same release.")
        }
        guard let kind = Kind(rawValue: frame[3]) else { throw FrameReader.fault("has the unknown kind \(frame[3])") }
        var reader = FrameReader(frame, from: 4)
        switch kind {
        case .beat:
            self = .beat(
                Beat(
                    node: try reader.node(), term: try reader.integer(), isPrimary: try reader.flag(),
                    sentAt: try reader.unsigned(), stream: try reader.integer(), sequence: try reader.integer(),
                    isInSync: try reader.flag(), version: try reader.text(), model: try reader.text()))
        case .vouch:
            self = .vouch(
                term: try reader.integer(), echo: try reader.unsigned(), stream: try reader.integer(),
                sequence: try reader.integer())
        case .join: self = .join(term: try reader.integer(), stream: try reader.integer())
        case .snapshot: self = .snapshot(try reader.part())
        case .record:
            self = .record(
                term: try reader.integer(), stream: try reader.integer(), sequence: try reader.integer(),
                bytes: try reader.block())
        case .acknowledge:
            self = .acknowledge(term: try reader.integer(), stream: try reader.integer(), sequence: try reader.integer())
        case .handedOver: self = .handedOver(term: try reader.integer())
        case .handOverWanted: self = .handOverWanted
        case .handOverRefused: self = .handOverRefused(try reader.text())
        }
        try reader.end()
    }
}
