import NIOCore
import NIOWebSocket

/// Puts frames from a client together to messages and checks them against RFC 6455 §5. Pure: no socket, no clock.
struct WebSocketAssembler {
    /// What a frame completed.
    enum Event: Equatable {
        case text(String)
        case binary(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        /// The peer's close frame; 1005 when it gives no code.
        case close(code: Int)
    }

    private let maxMessageBytes: Int
    /// The opcode and bytes of a message whose last fragment has not come.
    private var unfinished: (opcode: WebSocketOpcode, bytes: ByteBuffer)?

    init(maxMessageBytes: Int) { self.maxMessageBytes = maxMessageBytes }

    /// Takes the next frame.
    ///
    /// - Returns: what it completed; `nil` for a fragment that is not the last.
    mutating func receive(_ frame: WebSocketFrame) throws(WebSocketFault) -> Event? {
        guard frame.reservedBits.isEmpty else { throw .protocolError("a reserved bit is set") }
        guard let key = frame.maskKey else { throw .protocolError("a client's frames must be masked") }
        switch frame.opcode {
        case .ping: return .ping(frame.data.unmasked(key))
        case .pong: return .pong
        case .connectionClose: return .close(code: try closeCode(frame.data.unmasked(key)))
        case .text, .binary:
            guard unfinished == nil else { throw .protocolError("a message began inside another") }
            guard frame.data.readableBytes <= maxMessageBytes else { throw .tooLarge(maxMessageBytes) }
            let bytes = frame.data.unmasked(key)
            if frame.fin { return try message(frame.opcode, bytes) }
            unfinished = (frame.opcode, bytes)
            return nil
        case .continuation:
            guard case (let opcode, var bytes)? = unfinished else { throw .protocolError("a continuation without a beginning") }
            guard bytes.readableBytes + frame.data.readableBytes <= maxMessageBytes else { throw .tooLarge(maxMessageBytes) }
            unfinished = nil
            bytes.writeImmutableBuffer(frame.data.unmasked(key))
            if frame.fin { return try message(opcode, bytes) }
            unfinished = (opcode, bytes)
            return nil
        default: throw .protocolError("an unknown opcode")
        }
    }

    private func message(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer) throws(WebSocketFault) -> Event {
        if opcode == .binary { return .binary(bytes) }
        guard let text = bytes.validatedString else { throw .invalidUTF8 }
        return .text(text)
    }

    /// Reads a close frame's body: nothing, or a code that may appear on the wire (§7.4) and UTF-8.
    private func closeCode(_ body: ByteBuffer) throws(WebSocketFault) -> Int {
        var body = body
        if body.readableBytes == 0 { return 1005 }
        guard let code = body.readInteger(as: UInt16.self) else { throw .protocolError("half a close code") }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .protocolError("a close code that is not for the wire")
        }
        guard body.validatedString != nil else { throw .invalidUTF8 }
        return Int(code)
    }
}

extension ByteBuffer {
    /// The readable bytes as text; `nil` when they are not UTF-8.
    fileprivate var validatedString: String? { withUnsafeReadableBytes { String(validating: $0, as: UTF8.self) } }

    /// A copy of the readable bytes with the mask of RFC 6455 §5.3 taken off, eight bytes at a time.
    func unmasked(_ key: WebSocketMaskingKey) -> ByteBuffer {
        let mask32 = key.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let mask = UInt64(mask32) << 32 | UInt64(mask32)
        let count = readableBytes
        var copy = ByteBufferAllocator().buffer(capacity: count)
        copy.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            withUnsafeReadableBytes { source in
                var index = 0
                while index + 8 <= count {
                    let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    target.storeBytes(of: (word ^ mask).littleEndian, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < count {
                    target[index] = source[index] ^ UInt8(truncatingIfNeeded: mask32 >> UInt32(index % 4 * 8))
                    index += 1
                }
            }
            return count
        }
        return copy
    }
}
