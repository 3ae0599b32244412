/// The fields of one protobuf message, outermost level, in their order (https://protobuf.dev/programming-guides/encoding/).
struct ProtobufFields: Sequence, IteratorProtocol {
    /// A length-delimited field: a text, bytes or a message; or a number of four bytes. Of other fields only that they are there is needed here.
    struct Field {
        var number: UInt64
        var bytes: UnsafeRawBufferPointer
    }

    private let message: UnsafeRawBufferPointer
    private var at = 0
    /// Whether the message ended where its last field does.
    private(set) var isWhole = true

    init(_ message: UnsafeRawBufferPointer) { self.message = message }

    mutating func next() -> Field? {
        while at < message.count {
            guard let tag = varint() else { return fail() }
            switch tag & 7 {
            case 0: guard varint() != nil else { return fail() }
            case 1: guard skip(8) != nil else { return fail() }
            case 5:
                guard let bytes = skip(4) else { return fail() }
                return Field(number: tag >> 3, bytes: bytes)
            case 2:
                guard let length = varint(), let bytes = skip(length) else { return fail() }
                return Field(number: tag >> 3, bytes: bytes)
            default: return fail()
            }
        }
        return nil
    }

    private mutating func fail() -> Field? {
        isWhole = false
        at = message.count
        return nil
    }

    private mutating func skip(_ count: UInt64) -> UnsafeRawBufferPointer? {
        guard count <= UInt64(message.count - at) else { return nil }
        defer { at += Int(count) }
        return UnsafeRawBufferPointer(rebasing: message[at..<at + Int(count)])
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard at < message.count else { return nil }
            let byte = message[at]
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
