import SpeechModel

/// Writes the fields of a frame.
struct FrameWriter {
    var bytes: [UInt8] = []

    mutating func unsigned(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
    /// Numbers of ours never are negative.
    mutating func integer(_ value: Int) { unsigned(UInt64(value)) }
    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func block(_ block: [UInt8]) {
        unsigned(UInt64(block.count))
        bytes.append(contentsOf: block)
    }

    /// A text that is too long is cut, at a character.
    mutating func text(_ text: String) {
        var text = text
        while text.utf8.count > LinkMessage.maxTextBytes { text.removeLast() }
        block(Array(text.utf8))
    }

    mutating func node(_ node: NodeID) {
        flag(node.name == .standby)
        unsigned(node.instance)
    }
}

/// Reads the fields of a frame that somebody sent.
struct FrameReader {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    static func fault(_ what: String) -> SpeechError {
        SpeechError(
            .malformedMessage, "A frame of the link \(what).",
            advice: "Let nothing but the other node have the link's key, and both nodes the same release.")
    }

    mutating func unsigned() throws(SpeechError) -> UInt64 {
        guard bytes.count - position >= 8 else { throw Self.fault("is cut short") }
        defer { position += 8 }
        return (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[position + $1]) << (8 * $1) }
    }

    /// 0 … 2⁶²: nothing that is computed with it overflows.
    mutating func integer() throws(SpeechError) -> Int {
        let value = try unsigned()
        guard value <= 1 << 62 else { throw Self.fault("has a number out of range") }
        return Int(value)
    }

    mutating func flag() throws(SpeechError) -> Bool {
        guard position < bytes.count, bytes[position] <= 1 else { throw Self.fault("has a broken flag") }
        defer { position += 1 }
        return bytes[position] == 1
    }

    mutating func block(limit: Int = LinkMessage.maxRecordBytes) throws(SpeechError) -> [UInt8] {
        let count = try integer()
        guard count <= limit else { throw Self.fault("has a field of more than \(limit) bytes") }
        guard count <= bytes.count - position else { throw Self.fault("is cut short") }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func text() throws(SpeechError) -> String {
        guard let text = String(validating: try block(limit: LinkMessage.maxTextBytes), as: UTF8.self) else {
            throw Self.fault("has a text that is not UTF-8")
        }
        return text
    }

    mutating func node() throws(SpeechError) -> NodeID {
        NodeID(name: try flag() ? .standby : .primary, instance: try unsigned())
    }

    mutating func part() throws(SpeechError) -> SnapshotPart {
        var part = SnapshotPart(
            term: try integer(), stream: try integer(), sequence: try integer(), index: try integer(), isLast: try flag(),
            records: [])
        let count = try integer()
        guard count <= LinkMessage.maxRecordsInPart else {
            throw Self.fault("has more than \(LinkMessage.maxRecordsInPart) records")
        }
        for _ in 0..<count { part.records.append(try block()) }
        return part
    }

    func end() throws(SpeechError) {
        guard position == bytes.count else { throw Self.fault("is longer than its kind") }
    }
}
